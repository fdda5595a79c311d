//! Products before they are reduced.

use super::{DIGIT_BITS, DIGITS, Difference, Fe};
use crate::lane::{self, Doubles, Words};
use std::array::from_fn;

/// Columns of a product: those of the digits' products, and one for what the last column's products carry.
const COLUMNS: usize = 2 * DIGITS;

/// Added to a product of digits it leaves the product's high half, in units of 2^52.
const HIGH: f64 = 3.0 * (1_u128 << 103) as f64;
/// Added to a whole number of up to 2^51, positive or negative, it leaves the number in a double's last bits.
const WHOLE: f64 = 3.0 * (1_u64 << 51) as f64;
/// A digit of 52 bits, put in this number's last bits, is added to it.
const POWER: f64 = (1_u64 << DIGIT_BITS) as f64;

/// 2^256 modulo p.
const FOLD_256: f64 = 0x1_0000_03d1_u64 as f64;
/// 2^260 modulo p: what a number's sixth digit is worth.
const FOLD_260: f64 = 16.0 * FOLD_256;

/// Bits of the last digit of a number below 2^256.
const LAST_BITS: u32 = 256 - DIGIT_BITS * (DIGITS as u32 - 1);
/// Makes every column positive, so that it can be shifted: no column is larger than 2^59.
const BIAS: u64 = 1 << 60;
/// What the bias of a column adds to what it carries.
const CARRIED: u64 = BIAS >> DIGIT_BITS;
const HALF_DIGIT: u64 = 1 << (DIGIT_BITS - 1);
const HALF_LAST: u64 = 1 << (LAST_BITS - 1);

/// The numbers that the formulas below need, in memory: an engine reads one from there faster than it builds it anew
/// wherever a formula names it.
pub(super) struct Constants {
    high: Doubles,
    whole: Doubles,
    whole_bits: Words,
    fold_256: Doubles,
    fold_260: Doubles,
    power: Words,
    power_and_half: Doubles,
    digit_mask: Words,
    one: u32,
    last_mask: Words,
    /// What columns begin with: less the constants that will come in with the halves of products.
    product: [Words; COLUMNS],
    square: [Words; COLUMNS],
    /// What is added to columns that are carried.
    upper: [Words; DIGITS],
    lower: [Words; DIGITS],
    last: Words,
    sixth: Words,
}

impl Constants {
    pub(super) fn new() -> Self {
        let (whole, high) = (WHOLE.to_bits(), HIGH.to_bits());
        let without = |start: u64, lows: u64, highs: u64| {
            lane::splat_word(
                start.wrapping_sub(whole.wrapping_mul(lows)).wrapping_sub(high.wrapping_mul(highs)),
            )
        };
        // Products that end in a column.
        let products = |column: usize| if column < COLUMNS - 1 { DIGITS - column.abs_diff(DIGITS - 1) } else { 0 } as u64;
        let of_square = |column: usize| products(column).div_ceil(2);
        let below = |count: &dyn Fn(usize) -> u64, column: usize| column.checked_sub(1).map_or(0, count);
        let digit = BIAS + HALF_DIGIT;
        let next = digit - CARRIED;
        Self {
            high: lane::splat(HIGH),
            whole: lane::splat(WHOLE),
            whole_bits: lane::splat_word(whole),
            fold_256: lane::splat(FOLD_256),
            fold_260: lane::splat(FOLD_260),
            power: lane::splat_word(POWER.to_bits()),
            power_and_half: lane::splat(1.5 * POWER),
            digit_mask: lane::splat_word((1 << DIGIT_BITS) - 1),
            one: 1,
            last_mask: lane::splat_word((1 << LAST_BITS) - 1),
            product: from_fn(|column| without(0, products(column), below(&products, column))),
            square: from_fn(|column| without(0, of_square(column), below(&of_square, column))),
            upper: [digit, next, next, next, whole - CARRIED].map(lane::splat_word),
            lower: [
                without(digit, 2, 0),
                without(next, 1, 2),
                without(next, 1, 1),
                without(next, 1, 1),
                lane::splat_word(whole - CARRIED - HALF_LAST),
            ],
            last: without(BIAS + HALF_LAST, 1, 1),
            sixth: without(whole - (BIAS >> LAST_BITS), 0, 1 << (DIGIT_BITS - LAST_BITS)),
        }
    }

    /// The low and the high half of a product of up to 2^103, each in the last bits of a constant: [`WHOLE`] and [`HIGH`].
    #[inline(always)]
    fn halves(&self, a: Doubles, b: Doubles) -> [Words; 2] {
        let high = lane::mul_add(a, b, self.high);
        // Exact: both are multiples of 2^52 and near each other; so is the sum, a multiple of 2^51.
        let rest = lane::add(lane::sub(self.high, high), self.whole);
        let low = lane::mul_add(a, b, rest);
        [lane::to_bits(low), lane::to_bits(high)]
    }

    /// A digit, which is 2^51 at most, as a whole number.
    #[inline(always)]
    fn to_whole(&self, digit: Doubles) -> Words {
        lane::sub_words(lane::to_bits(lane::add(digit, self.whole)), self.whole_bits)
    }

    /// Carries from column to column, each with a constant added, so that digits are left; the last takes what comes to it.
    #[inline(always)]
    fn carry(&self, columns: &[Words; DIGITS], added: &[Words; DIGITS]) -> [Doubles; DIGITS] {
        let mut carried = None;
        from_fn(|index| {
            let column = lane::add_words(columns[index], added[index]);
            let column = carried.map_or(column, |carried| lane::add_words(column, carried));
            if index == DIGITS - 1 {
                return lane::sub(lane::from_bits(column), self.whole);
            }
            carried = Some(lane::shr(column, DIGIT_BITS));
            let bits = lane::or(lane::and(column, self.digit_mask), self.power);
            // Half a digit was added, which makes digits from minus a half to a half.
            lane::sub(lane::from_bits(bits), self.power_and_half)
        })
    }
}

/// A sum of products, as whole numbers for each power of 2^52, positive or negative, in two's complement.
///
/// A product's column is a sum of at most five low halves, each up to 2^51, and of at most five high halves, each up to
/// 2^51 as well: less than 2^55. What the formulas of the curve make of them, ten times as much, is less than 2^59.
#[derive(Clone, Copy)]
pub(crate) struct Columns<'c> {
    columns: [Words; COLUMNS],
    constants: &'c Constants,
}

impl<'c> Columns<'c> {
    #[inline(always)]
    pub(super) fn product(constants: &'c Constants, a: &Fe, b: &Fe) -> Self {
        Self::of_digits(constants, &a.0, &b.0)
    }

    #[inline(always)]
    pub(super) fn product_with(constants: &'c Constants, a: &Fe, b: &Difference) -> Self {
        Self::of_digits(constants, &a.0, &b.0)
    }

    #[inline(always)]
    fn of_digits(constants: &'c Constants, a: &[Doubles; DIGITS], b: &[Doubles; DIGITS]) -> Self {
        let mut product = Self { columns: constants.product, constants };
        // Row by row: a loop around a loop would not be unrolled, and keep the columns in memory.
        product.add_row(0, a[0], b);
        product.add_row(1, a[1], b);
        product.add_row(2, a[2], b);
        product.add_row(3, a[3], b);
        product.add_row(4, a[4], b);
        product
    }

    /// Adds the products of one digit with all of another number's.
    #[inline(always)]
    fn add_row(&mut self, row: usize, a: Doubles, b: &[Doubles; DIGITS]) {
        for (column, digit) in b.iter().enumerate() {
            self.add_product(row + column, a, *digit);
        }
    }

    #[inline(always)]
    pub(super) fn square(constants: &'c Constants, a: &Fe) -> Self {
        let mut square = Self { columns: constants.square, constants };
        for i in 0..DIGITS {
            square.add_product(2 * i, a.0[i], a.0[i]);
            let twice = lane::add(a.0[i], a.0[i]);
            for j in i + 1..DIGITS {
                square.add_product(i + j, twice, a.0[j]);
            }
        }
        square
    }

    /// Adds a product of two digits, of up to 2^103, to a column and the next; each gets a constant's bits as well.
    #[inline(always)]
    fn add_product(&mut self, column: usize, a: Doubles, b: Doubles) {
        let [low, high] = self.constants.halves(a, b);
        self.columns[column] = lane::add_words(self.columns[column], low);
        self.columns[column + 1] = lane::add_words(self.columns[column + 1], high);
    }

    /// This and a number.
    #[inline(always)]
    pub(crate) fn plus(mut self, number: &Fe) -> Self {
        for (column, digit) in self.columns.iter_mut().zip(number.0) {
            *column = lane::add_words(*column, self.constants.to_whole(digit));
        }
        self
    }

    /// This less a number.
    #[inline(always)]
    pub(crate) fn less(mut self, number: &Fe) -> Self {
        for (column, digit) in self.columns.iter_mut().zip(number.0) {
            *column = lane::sub_words(*column, self.constants.to_whole(digit));
        }
        self
    }

    /// This less other products.
    #[inline(always)]
    pub(crate) fn minus(self, other: Self) -> Self {
        Self {
            columns: from_fn(|column| lane::sub_words(self.columns[column], other.columns[column])),
            ..self
        }
    }

    /// This, 2^`bits` times.
    #[inline(always)]
    pub(crate) fn shl(self, bits: u32) -> Self {
        Self { columns: self.columns.map(|column| lane::shl(column, bits)), ..self }
    }

    /// This, three times.
    #[inline(always)]
    pub(crate) fn triple(self) -> Self {
        // A shift that compilers know they turn into a multiplication, which engines have to put together from many.
        let one = self.constants.one;
        Self { columns: self.columns.map(|column| lane::add_words(column, lane::shl(column, one))), ..self }
    }

    /// The number modulo p that the columns come to.
    #[inline(always)]
    pub(crate) fn reduce(mut self) -> Fe {
        const LAST: usize = DIGITS - 1;
        let constants = self.constants;
        // What is above 2^260, digit by digit, goes into the lower columns and, for now, the sixth.
        let upper = constants.carry(&from_fn(|index| self.columns[DIGITS + index]), &constants.upper);
        self.columns[DIGITS] = lane::splat_word(0);
        for (index, digit) in upper.into_iter().enumerate() {
            self.add_product(index, digit, constants.fold_260);
        }
        // What is above 2^256 then has fewer than 40 bits.
        let last = lane::add_words(self.columns[LAST], constants.last);
        self.columns[LAST] = lane::and(last, constants.last_mask);
        let sixth = lane::add_words(lane::shl(self.columns[DIGITS], DIGIT_BITS - LAST_BITS), constants.sixth);
        let above = lane::from_bits(lane::add_words(lane::shr(last, LAST_BITS), sixth));
        self.add_product(0, lane::sub(above, constants.whole), constants.fold_256);
        Fe(constants.carry(&from_fn(|index| self.columns[index]), &constants.lower))
    }
}
