//! Medians and percentiles of what was measured. Knows no units.

/// The median; of an even number of values the lower of the two in the middle, of none nothing.
pub(crate) fn median(values: impl IntoIterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len().saturating_sub(1) / 2).copied()
}

/// The value that `per_mille` of all values don't exceed (nearest rank); sorts what it needs. Of none nothing.
pub(crate) fn percentile(values: &mut [u32], per_mille: usize) -> Option<u32> {
    let rank = (values.len() * per_mille).div_ceil(1_000).max(1) - 1;
    if rank >= values.len() {
        return None;
    }
    Some(*values.select_nth_unstable(rank).1)
}

/// `a / b`, and infinity when there is no `b`: a ratio to nothing meets no goal.
pub(crate) fn ratio(a: f64, b: f64) -> f64 {
    if b > 0.0 { a / b } else { f64::INFINITY }
}

/// A count as a number to calculate with.
#[expect(clippy::cast_precision_loss, reason = "counts here are far below 2^53")]
pub(crate) fn count(value: usize) -> f64 {
    value as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_are_values_that_were_there() {
        for (values, expected) in
            [(vec![], None), (vec![3.0], Some(3.0)), (vec![9.0, 1.0, 5.0], Some(5.0)), (vec![4.0, 1.0], Some(1.0))]
        {
            assert_eq!(median(values.clone()), expected, "{values:?}");
        }
    }

    #[test]
    fn percentiles_are_by_nearest_rank() {
        let hundred: Vec<u32> = (1..=100).rev().collect();
        for (values, per_mille, expected) in [
            (vec![], 500, None),
            (vec![7], 990, Some(7)),
            (hundred.clone(), 500, Some(50)),
            (hundred.clone(), 990, Some(99)),
            (hundred.clone(), 1_000, Some(100)),
            (hundred, 0, Some(1)),
        ] {
            assert_eq!(percentile(&mut values.clone(), per_mille), expected, "{per_mille}");
        }
    }
}
