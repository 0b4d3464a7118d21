//! Amounts of resources as the API writes them: `100m`, `1.5Gi`, `2e3`.
//!
//! Semantics: `k8s.io/apimachinery/pkg/api/resource` (`ParseQuantity`), then the API's defaulting,
//! which rounds every quantity up to a thousandth (`SetDefaults_ResourceList`).

use std::cmp::Ordering;
use std::iter::Sum;
use std::ops::{Add, RangeInclusive};

/// An amount, exact to a thousandth; what is finer is rounded up (away from zero) when it is read,
/// as the API server does. Amounts beyond 10^32 stay there.
///
/// Amounts beyond 64 bits count as they do in Go: an amount that was written with few digits counts
/// as nothing, any other by its lowest 64 bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Quantity {
    thousandths: i128,
    /// Go holds it as a decimal of any length, not as a 64-bit integer and a power of ten.
    wide: bool,
}

/// More digits before the point than this are more than [`Quantity`] can hold.
const MOST_DIGITS: i64 = 35;

/// What a binary suffix is capped at: 2^63 - 1 whole units.
const LARGEST_BINARY: i128 = i64::MAX as i128 * 1000;

/// So many digits, times the largest suffix, in thousandths are below 2^127.
const MOST_SHORT_DIGITS: usize = 9;

/// The powers of 10 that are whole in thousandths and no more than the largest suffix.
const SHORT: RangeInclusive<i64> = -3..=18;

/// The powers of 2 and 10 that a suffix stands for.
struct Suffix {
    binary: u32,
    decimal: i64,
}

impl Quantity {
    /// Nothing.
    pub const ZERO: Self = Self { thousandths: 0, wide: false };

    /// An amount of whole units (bytes, pods, devices).
    #[must_use]
    pub fn of_units(units: i64) -> Self {
        Self { thousandths: i128::from(units) * 1000, wide: false }
    }

    /// An amount of thousandths (milli-CPUs).
    #[must_use]
    pub fn of_thousandths(thousandths: i64) -> Self {
        Self { thousandths: i128::from(thousandths), wide: false }
    }

    /// Reads a quantity; `None` if it is not one.
    ///
    /// ```
    /// use placecard_feasibility::quantity::Quantity;
    /// let units = |text| Quantity::parse(text).map(Quantity::units);
    /// assert_eq!(units("1.5Ki"), Some(1536));
    /// assert_eq!(units("100m"), Some(1));
    /// assert_eq!(units("1e3"), Some(1000));
    /// assert_eq!(units("1 Gi"), None);
    /// ```
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::parse_short(text).or_else(|| Self::parse_any(text))
    }

    /// Reads what nearly all quantities are, a few digits and a suffix; `None`: it is no such one.
    fn parse_short(text: &str) -> Option<Self> {
        let (whole, rest) = split_digits(text);
        if whole.is_empty() || whole.len() > MOST_SHORT_DIGITS {
            return None;
        }
        let suffix = read_suffix(rest).filter(|suffix| SHORT.contains(&suffix.decimal))?;
        let digits = whole.bytes().fold(0i128, |sum, byte| sum * 10 + i128::from(byte - b'0'));
        let power = 10i128.pow(u32::try_from(suffix.decimal + 3).ok()?);
        let mut thousandths = (digits << suffix.binary) * power;
        if suffix.binary > 0 {
            thousandths = thousandths.min(LARGEST_BINARY);
        }
        Some(Self { thousandths, wide: is_wide(whole, "", &suffix) })
    }

    /// Reads a quantity of any length.
    fn parse_any(text: &str) -> Option<Self> {
        if text.is_empty() {
            return None;
        }
        let (negative, rest) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (whole, rest) = split_digits(rest);
        let (fraction, rest) = rest.strip_prefix('.').map_or(("", rest), split_digits);
        let suffix = read_suffix(rest)?;
        let mut digits: Vec<u8> = whole.bytes().chain(fraction.bytes()).map(|b| b - b'0').collect();
        for _ in 0..suffix.binary / 10 {
            multiply_by_1024(&mut digits);
        }
        let places = i64::try_from(fraction.len()).unwrap_or(i64::MAX);
        let shift = suffix.decimal.saturating_sub(places).saturating_add(3);
        let mut thousandths = rounded_up(&digits, shift);
        if suffix.binary > 0 {
            thousandths = thousandths.min(LARGEST_BINARY);
        }
        let wide = is_wide(whole, fraction, &suffix);
        Some(Self { thousandths: if negative { -thousandths } else { thousandths }, wide })
    }

    /// Whole units, rounded up.
    #[must_use]
    pub fn units(self) -> i64 {
        let whole = self.thousandths.div_euclid(1000);
        let more = i128::from(self.thousandths.rem_euclid(1000) != 0);
        self.counted(whole + more)
    }

    /// Thousandths of a unit.
    #[must_use]
    pub fn thousandths(self) -> i64 {
        self.counted(self.thousandths)
    }

    /// So many times the amount.
    #[must_use]
    pub fn times(self, count: u32) -> Self {
        let thousandths = self.thousandths.saturating_mul(i128::from(count));
        Self { thousandths, ..Self::ZERO } + Self { thousandths: 0, ..self }
    }

    /// What is left without another amount: nothing, where that is more.
    #[must_use]
    pub fn without(self, other: Self) -> Self {
        let left = self.thousandths.saturating_sub(other.thousandths);
        Self { thousandths: left.max(self.thousandths.min(0)), ..self }
    }

    /// Compares the amounts alone, however they were written (`Quantity.Cmp`).
    #[must_use]
    pub fn compare(self, other: Self) -> Ordering {
        self.thousandths.cmp(&other.thousandths)
    }

    #[expect(clippy::cast_possible_truncation, reason = "as Go's `big.Int.Int64` does")]
    fn counted(self, value: i128) -> i64 {
        i64::try_from(value).unwrap_or(if self.wide { value as i64 } else { 0 })
    }
}

impl Add for Quantity {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        let thousandths = self.thousandths.saturating_add(other.thousandths);
        let fits = |value: i128| i64::try_from(value).is_ok();
        let whole = self.thousandths % 1000 == 0 && other.thousandths % 1000 == 0;
        let narrow = fits(thousandths) || (whole && fits(thousandths / 1000));
        Self { thousandths, wide: self.wide || other.wide || !narrow }
    }
}

impl Sum for Quantity {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, Self::add)
    }
}

/// Does Go's parser leave its fast path? It does for many digits, and for binary suffixes after a
/// fraction or many digits.
fn is_wide(whole: &str, fraction: &str, suffix: &Suffix) -> bool {
    let digits = whole.trim_start_matches('0').len().max(1) + fraction.len();
    let digits = i64::try_from(digits).unwrap_or(i64::MAX);
    if suffix.binary > 0 {
        let factor = i64::from(suffix.binary) * 3 / 10;
        return !fraction.is_empty() || 15i64.saturating_sub(digits) - factor - 1 < 0;
    }
    let places = i64::try_from(fraction.len()).unwrap_or(i64::MAX);
    digits > 18 || suffix.decimal.saturating_sub(places) < -9
}

/// The digits in front, and the rest.
fn split_digits(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, ""))
}

fn read_suffix(text: &str) -> Option<Suffix> {
    let decimal = |decimal| Some(Suffix { binary: 0, decimal });
    let binary = |binary| Some(Suffix { binary, decimal: 0 });
    match text {
        "n" => decimal(-9),
        "u" => decimal(-6),
        "m" => decimal(-3),
        "" => decimal(0),
        "k" => decimal(3),
        "M" => decimal(6),
        "G" => decimal(9),
        "T" => decimal(12),
        "P" => decimal(15),
        "E" => decimal(18),
        "Ki" => binary(10),
        "Mi" => binary(20),
        "Gi" => binary(30),
        "Ti" => binary(40),
        "Pi" => binary(50),
        "Ei" => binary(60),
        _ => decimal(text.strip_prefix(['e', 'E'])?.parse().ok()?),
    }
}

/// Multiplies decimal digits, most significant first, in place.
fn multiply_by_1024(digits: &mut Vec<u8>) {
    let mut carry = 0u32;
    for digit in digits.iter_mut().rev() {
        let product = u32::from(*digit) * 1024 + carry;
        *digit = u8::try_from(product % 10).unwrap_or(0);
        carry = product / 10;
    }
    let mut front = Vec::new();
    while carry > 0 {
        front.push(u8::try_from(carry % 10).unwrap_or(0));
        carry /= 10;
    }
    front.reverse();
    digits.splice(0..0, front);
}

/// `digits * 10^shift`, rounded up, at most what [`MOST_DIGITS`] can hold.
fn rounded_up(digits: &[u8], shift: i64) -> i128 {
    let zeros = digits.iter().take_while(|&&digit| digit == 0).count();
    let significant = digits.get(zeros..).unwrap_or_default();
    if significant.is_empty() {
        return 0;
    }
    let length = i64::try_from(significant.len()).unwrap_or(i64::MAX);
    let kept = length.saturating_add(shift);
    if kept > MOST_DIGITS {
        return 10i128.pow(MOST_DIGITS.unsigned_abs().try_into().unwrap_or(0));
    }
    let kept = usize::try_from(kept).unwrap_or(0);
    let mut value = 0i128;
    for position in 0..kept {
        value = value * 10 + i128::from(significant.get(position).copied().unwrap_or(0));
    }
    let rest = significant.get(kept..).unwrap_or_default();
    value + i128::from(rest.iter().any(|&digit| digit != 0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn quantities_as_the_api_server_reads_them() {
        let table = [
            ("0", Some(0)),
            ("1", Some(1_000)),
            ("100m", Some(100)),
            ("0.1", Some(100)),
            (".5", Some(500)),
            ("1.", Some(1_000)),
            ("1.G", Some(1_000_000_000_000)),
            ("+2", Some(2_000)),
            ("-1500m", Some(-1_500)),
            ("1u", Some(1)),
            ("1n", Some(1)),
            ("1000001n", Some(2)),
            ("1.0001", Some(1_001)),
            ("00012", Some(12_000)),
            ("1Ki", Some(1_024_000)),
            ("1.5Gi", Some(1_610_612_736_000)),
            ("0.1Ki", Some(102_400)),
            ("0.0001Ki", Some(103)),
            ("8Ei", Some(LARGEST_BINARY)),
            ("9999999999Ei", Some(LARGEST_BINARY)),
            ("1e3", Some(1_000_000)),
            ("1E3", Some(1_000_000)),
            ("1E", Some(1_000_000_000_000_000_000_000)),
            ("12e-1", Some(1_200)),
            ("1e-99999", Some(1)),
            ("0e99999", Some(0)),
            ("", None),
            (" 1", None),
            ("1 ", None),
            ("1e", None),
            ("1Kb", None),
            ("1K", None),
            ("1ki", None),
            ("1,5", None),
            ("0x10", None),
            ("--1", None),
            ("1.2.3", None),
            ("Gi", Some(0)),
            ("ä", None),
        ];
        for (text, expected) in table {
            let found = Quantity::parse(text).map(|quantity| quantity.thousandths);
            assert_eq!(found, expected, "{text:?}");
        }
    }

    #[test]
    fn what_is_beyond_64_bits_counts_as_in_go() {
        let long = "9".repeat(100_000);
        for text in ["1e40", "1e9223372036854775807", long.as_str()] {
            let quantity = Quantity::parse(text).unwrap();
            assert!(quantity + quantity > quantity);
        }
        let one = Quantity::of_units(1);
        let sum = |text| Quantity::parse(text).unwrap() + one;
        assert_eq!(Quantity::parse("16Ei").unwrap().units(), i64::MAX);
        assert_eq!(sum("16Ei").units(), i64::MIN);
        assert_eq!(Quantity::parse("10E").unwrap().units(), 0);
        assert_eq!(sum("10E").units(), -8_446_744_073_709_551_615);
        assert_eq!(Quantity::parse("9223372036854775808").unwrap().units(), i64::MIN);
        assert_eq!(Quantity::parse("9E").unwrap().thousandths(), 0);
    }

    proptest! {
        #[test]
        fn short_quantities_are_read_as_any_other(
            text in "[0-9]{0,11}([numkMGTPE]|[KMGTPE]i|[eE][+-]?[0-9]{1,3}|\\.[0-9]|x)?",
        ) {
            if let Some(short) = Quantity::parse_short(&text) {
                prop_assert_eq!(Some(short), Quantity::parse_any(&text));
            }
        }
    }

    #[test]
    fn what_is_short_is_read_as_such() {
        for text in ["0", "100m", "110", "64Mi", "999999999Ei", "999999999E", "1e3"] {
            assert!(Quantity::parse_short(text).is_some(), "{text}");
            assert_eq!(Quantity::parse_short(text), Quantity::parse_any(text), "{text}");
        }
        for text in ["", "m", "-1", "0.5", "1n", "1e19", "1234567890", "1x"] {
            assert_eq!(Quantity::parse_short(text), None, "{text}");
        }
    }

    #[test]
    fn units_are_rounded_up() {
        let table = [("1m", 1), ("1000m", 1), ("1001m", 2), ("-1m", 0), ("-1001m", -1)];
        for (text, units) in table {
            assert_eq!(Quantity::parse(text).unwrap().units(), units, "{text}");
        }
    }
}
