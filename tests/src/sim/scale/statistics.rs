//! Shares and means.

use terrarium_core::time::Span;

/// The shares of nodes, in percent, to which the time is told.
pub(super) const SHARES: [usize; 4] = [50, 90, 95, 99];

/// How long until something was at so large a share of `nodes` nodes, where it took `delays`, ascending, to those that it
/// came to; none where it never came to so many.
pub(super) fn time_to(delays: &[Span], nodes: usize, percent: usize) -> Option<Span> {
    let count = (nodes * percent).div_ceil(100).max(1);
    delays.get(count - 1).copied()
}

/// The median and the greatest of some times; none of none.
pub(super) fn median_and_greatest(mut times: Vec<Span>) -> Option<(Span, Span)> {
    times.sort_unstable();
    Some((*times.get((times.len().max(1) - 1) / 2)?, *times.last()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spans(list: &[u64]) -> Vec<Span> {
        list.iter().copied().map(Span).collect()
    }

    #[test]
    fn a_share_of_nodes_is_rounded_up_to_whole_nodes() {
        let delays = spans(&[0, 10, 20, 30, 40, 50, 60, 70, 80, 90]);
        assert_eq!(time_to(&delays, 10, 50), Some(Span(40)));
        assert_eq!(time_to(&delays, 10, 90), Some(Span(80)));
        assert_eq!(time_to(&delays, 10, 95), Some(Span(90)));
        assert_eq!(time_to(&delays, 10, 99), Some(Span(90)));
        assert_eq!(time_to(&spans(&[0]), 1, 1), Some(Span(0)));
    }

    #[test]
    fn what_never_came_to_so_many_has_no_time() {
        assert_eq!(time_to(&spans(&[0, 10]), 4, 50), Some(Span(10)));
        assert_eq!(time_to(&spans(&[0, 10]), 4, 75), None);
        assert_eq!(time_to(&[], 4, 50), None);
    }

    #[test]
    fn the_median_of_an_even_number_is_the_lower_of_the_two() {
        assert_eq!(median_and_greatest(spans(&[40, 10, 30, 20])), Some((Span(20), Span(40))));
        assert_eq!(median_and_greatest(spans(&[5])), Some((Span(5), Span(5))));
        assert_eq!(median_and_greatest(Vec::new()), None);
    }
}
