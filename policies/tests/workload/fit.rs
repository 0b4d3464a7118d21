//! How a cost grows: the exponent of a power law through measured points.

/// `cost = factor · size ^ exponent`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fit {
    /// 0: the size does not matter; 1: twice the size, twice the cost.
    pub exponent: f64,
    /// The cost at size 1.
    pub factor: f64,
    /// The share of the variation of log cost that the law explains, 0 to 1. Near 0 for a cost
    /// that does not grow, whose variation is all noise.
    pub r_squared: f64,
}

/// The least squares line through the logarithms of the points; `None` with fewer than two sizes,
/// or if a number is not above 0.
pub fn fit(points: &[(f64, f64)]) -> Option<Fit> {
    if points.iter().any(|(size, cost)| !(*size > 0.0 && *cost > 0.0)) {
        return None;
    }
    let logs: Vec<(f64, f64)> = points.iter().map(|(size, cost)| (size.ln(), cost.ln())).collect();
    let mean = |pick: fn(&(f64, f64)) -> f64| {
        let sum: f64 = logs.iter().map(pick).sum();
        #[expect(clippy::cast_precision_loss, reason = "a handful of points")]
        let count = logs.len() as f64;
        sum / count
    };
    let (x, y) = (mean(|log| log.0), mean(|log| log.1));
    let xx: f64 = logs.iter().map(|log| (log.0 - x).powi(2)).sum();
    let xy: f64 = logs.iter().map(|log| (log.0 - x) * (log.1 - y)).sum();
    let yy: f64 = logs.iter().map(|log| (log.1 - y).powi(2)).sum();
    if xx <= f64::EPSILON {
        return None;
    }
    let exponent = xy / xx;
    let r_squared = if yy <= f64::EPSILON { 1.0 } else { xy * xy / (xx * yy) };
    Some(Fit { exponent, factor: (y - exponent * x).exp(), r_squared })
}
