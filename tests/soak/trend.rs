//! The line through samples.

/// What is seen at one moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    pub(crate) seconds: f64,
    pub(crate) events: f64,
    /// In kB, without pages of files.
    pub(crate) anonymous: f64,
}

/// The slope of least squares of memory by something; 0 where there is no line.
pub(crate) fn slope(samples: &[Sample], by: impl Fn(&Sample) -> f64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a number of samples")]
    let count = samples.len() as f64;
    let mean = |of: &dyn Fn(&Sample) -> f64| samples.iter().map(of).sum::<f64>() / count;
    let (x, y) = (mean(&by), mean(&|sample| sample.anonymous));
    let both: f64 = samples.iter().map(|one| (by(one) - x) * (one.anonymous - y)).sum();
    let square: f64 = samples.iter().map(|one| (by(one) - x).powi(2)).sum();
    if square > 0.0 { both / square } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_is_that_of_least_squares() {
        let sample = |seconds, anonymous| Sample { seconds, events: 2.0 * seconds, anonymous };
        let of = |samples: &[Sample]| slope(samples, |sample| sample.seconds);
        assert!(of(&[]).abs() < 1e-9);
        assert!(of(&[sample(3.0, 5.0)]).abs() < 1e-9);
        let line: Vec<Sample> = [0.0, 1.0, 5.0].map(|at| sample(at, 7.0 - 3.0 * at)).into();
        assert!((of(&line) + 3.0).abs() < 1e-9);
        assert!((slope(&line, |sample| sample.events) + 1.5).abs() < 1e-9);
        // Up and down again.
        assert!(of(&[sample(0.0, 1.0), sample(1.0, 9.0), sample(2.0, 1.0)]).abs() < 1e-9);
    }
}
