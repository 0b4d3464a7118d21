//! Durations as Go writes them (`time.ParseDuration`).

/// Units in nanoseconds; longer names first, for `ms` begins like `m`.
const UNITS: [(&str, u128); 8] = [
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000),
    ("μs", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

/// The largest duration that Go has, in nanoseconds.
const LONGEST: u128 = i64::MAX as u128;

/// A duration in whole seconds, rounded up: digits, maybe with a fraction, and a unit, repeated.
/// `None` for what Go does not read, and for what is negative or too long for it.
pub(crate) fn seconds(text: &str) -> Option<u64> {
    if text == "0" {
        return Some(0);
    }
    let mut rest = text.strip_prefix('+').unwrap_or(text);
    let mut total: u128 = 0;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
        let (whole, after) = rest.split_at(digits(rest));
        let (fraction, after) = match after.strip_prefix('.') {
            Some(after) => after.split_at(digits(after)),
            None => ("", after),
        };
        if whole.is_empty() && fraction.is_empty() {
            return None;
        }
        let (unit, size) = UNITS.iter().find(|(unit, _)| after.starts_with(unit))?;
        let whole: u128 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
        // Nine digits say a nanosecond of a second; of an hour more are cut off, as in Go.
        let fraction: String = fraction.chars().take(18).collect();
        let scale = 10_u128.pow(u32::try_from(fraction.len()).ok()?);
        let part: u128 = if fraction.is_empty() { 0 } else { fraction.parse().ok()? };
        total = total.checked_add(whole.checked_mul(*size)?)?.checked_add(part * size / scale)?;
        if total > LONGEST {
            return None;
        }
        rest = after.strip_prefix(unit)?;
    }
    u64::try_from(total.div_ceil(1_000_000_000)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_as_go_reads_them() {
        for (text, expected) in [
            ("10m", Some(600)),
            ("1h30m", Some(5400)),
            ("1.5h", Some(5400)),
            (".5s", Some(1)),
            ("1ms", Some(1)),
            ("0", Some(0)),
            ("0s", Some(0)),
            ("+3s", Some(3)),
            ("2562047h", Some(9_223_369_200)),
            ("2562048h", None),
            ("99999999999999999999999999999999999999999h", None),
            ("", None),
            ("+", None),
            ("10", None),
            ("-1s", None),
            ("1 m", None),
            ("1d", None),
            (".s", None),
            ("m", None),
            ("1m1", None),
        ] {
            assert_eq!(seconds(text), expected, "{text}");
        }
    }
}
