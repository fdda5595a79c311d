//! Coin selection: which coins pay for a payment.

use crate::collections::sort_by_key;
use crate::primitives::{Amount, Height, OutPoint, TxOut};

/// A coin that the wallet may spend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SpendableCoin {
    pub(super) outpoint: OutPoint,
    pub(super) output: TxOut,
    /// Where it was confirmed; none while it waits.
    pub(super) height: Option<Height>,
}

/// Coins worth at least `target`: as few as will do, and then such that little is left over. Confirmed coins alone
/// where they suffice. None if all coins together are worth less.
///
/// The largest coins give the smallest number of inputs; each of them, from the largest down, then makes room for the
/// smallest coin that still will do. A single coin that matches exactly is always found.
pub(super) fn select_coins(coins: &[SpendableCoin], target: Amount) -> Option<Vec<SpendableCoin>> {
    let (confirmed, waiting): (Vec<_>, Vec<_>) =
        coins.iter().cloned().partition(|coin| coin.height.is_some());
    select_among(confirmed.clone(), target).or_else(|| select_among([confirmed, waiting].concat(), target))
}

fn select_among(mut coins: Vec<SpendableCoin>, target: Amount) -> Option<Vec<SpendableCoin>> {
    sort_by_key(&mut coins, |coin| {
        (-coin.output.value.to_sat(), coin.height.unwrap_or(Height(u32::MAX)), coin.outpoint)
    });
    let mut sum = Amount::ZERO;
    let mut count = 0;
    while sum < target {
        sum = sum.checked_add(coins.get(count)?.output.value)?;
        count += 1;
    }
    let mut unused = coins.split_off(count);
    let mut excess = sum.checked_sub(target)?;
    for chosen in &mut coins {
        let least = chosen.output.value.checked_sub(excess)?;
        // Largest first: the last one that is large enough is the smallest.
        let enough = unused.partition_point(|coin| coin.output.value >= least);
        if let Some(better) = enough.checked_sub(1) {
            excess = excess.checked_sub(chosen.output.value.checked_sub(unused[better].output.value)?)?;
            *chosen = unused.remove(better);
        }
    }
    Some(coins)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::primitives::{Script, Txid};
    use proptest::prelude::*;

    fn coins(values: &[(i64, bool)]) -> Vec<SpendableCoin> {
        let coin = |(i, &(value, confirmed)): (usize, &(i64, bool))| SpendableCoin {
            outpoint: OutPoint::new(Txid::from_bytes([1; 32]), i as u32),
            output: TxOut { value: Amount::from_sat(value), script_pubkey: Script::new() },
            height: confirmed.then_some(Height(i as u32)),
        };
        values.iter().enumerate().map(coin).collect()
    }

    fn values(values: &[i64], target: i64) -> Option<Vec<i64>> {
        let all: Vec<_> = values.iter().map(|&value| (value, true)).collect();
        let selected = select_coins(&coins(&all), Amount::from_sat(target))?;
        Some(selected.iter().map(|coin| coin.output.value.to_sat()).collect())
    }

    #[test]
    fn an_exact_coin_is_preferred_to_a_larger_one() {
        assert_eq!(values(&[50, 20, 30], 20), Some(vec![20]));
    }

    #[test]
    fn the_smallest_coin_that_suffices_is_spent() {
        assert_eq!(values(&[50, 30, 40, 10], 25), Some(vec![30]));
    }

    #[test]
    fn no_more_coins_are_spent_than_needed_and_little_is_left_over() {
        assert_eq!(values(&[10, 50, 25, 40, 20], 60), Some(vec![20, 40]));
        assert_eq!(values(&[10, 50, 25, 40, 21], 62), Some(vec![25, 40]));
    }

    #[test]
    fn coins_that_sum_below_the_target_select_nothing() {
        assert_eq!(values(&[10, 5], 16), None);
        assert_eq!(values(&[], 1), None);
    }

    #[test]
    fn waiting_coins_are_spent_only_where_confirmed_ones_do_not_suffice() {
        let mixed = coins(&[(100, false), (30, true), (30, true)]);
        let heights = |target| {
            let selected = select_coins(&mixed, Amount::from_sat(target)).expect("enough");
            selected.iter().map(|coin| coin.height.is_some()).collect::<Vec<_>>()
        };
        assert_eq!(heights(60), [true, true]);
        assert_eq!(heights(61), [false]);
    }

    proptest! {
        #[test]
        fn a_selection_suffices_is_minimal_in_number_and_spends_no_coin_twice(
            values in prop::collection::vec((1..1_000i64, any::<bool>()), 0..30),
            target in 1..5_000i64,
        ) {
            let all = coins(&values);
            let sum = |coins: &[SpendableCoin]| coins.iter().map(|coin| coin.output.value.to_sat()).sum::<i64>();
            let Some(selected) = select_coins(&all, Amount::from_sat(target)) else {
                prop_assert!(sum(&all) < target);
                return Ok(());
            };
            prop_assert!(sum(&selected) >= target);
            let mut outpoints: Vec<OutPoint> = selected.iter().map(|coin| coin.outpoint).collect();
            outpoints.sort();
            outpoints.dedup();
            prop_assert_eq!(outpoints.len(), selected.len());
            let confirmed: Vec<_> = all.iter().filter(|coin| coin.height.is_some()).cloned().collect();
            let mut pool = if sum(&confirmed) >= target { confirmed } else { all };
            pool.sort_by_key(|coin| -coin.output.value.to_sat());
            prop_assert!(sum(&pool[..selected.len() - 1]) < target, "fewer would do");
        }
    }
}
