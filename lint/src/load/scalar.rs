//! Scalars as go-yaml v2 resolves them (`resolve.go` of `go.yaml.in/yaml/v2`, the library below
//! `sigs.k8s.io/yaml`), and as Go's `encoding/json` prints them.

use serde_json::{Number, Value};

use super::arena::Style;

/// What a plain scalar means.
#[derive(Clone, Debug, PartialEq)]
pub enum Resolved {
    /// `null`, `~`, nothing.
    Null,
    /// `true`, `yes`, `on`, `y` and their kin.
    Bool(bool),
    /// An integer that fits `i64`.
    Int(i64),
    /// An integer that fits only `u64`.
    Uint(u64),
    /// Any other number, `.inf` and `.nan` included.
    Float(f64),
    /// A string; dates are strings once they are JSON.
    Str,
}

/// Resolves a plain scalar without a tag.
#[must_use]
pub fn resolve_plain(text: &str) -> Resolved {
    match text.as_bytes() {
        // Most are names; none of the words begins like these.
        [b'a'..=b'e' | b'g'..=b'm' | b'p'..=b's' | b'u'..=b'x' | b'z' | b'/', ..] => {
            return Resolved::Str;
        }
        // The longest of them has five letters.
        [b'a'..=b'z' | b'A'..=b'Z', _, _, _, _, _, ..] => return Resolved::Str,
        // Nothing to be told about a sign, a base or an exponent.
        [b'1'..=b'9', rest @ ..] if rest.len() < 18 && rest.iter().all(u8::is_ascii_digit) => {
            return text.parse().map_or(Resolved::Str, Resolved::Int);
        }
        _ => {}
    }
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Resolved::Null,
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            Resolved::Bool(true)
        }
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            Resolved::Bool(false)
        }
        ".nan" | ".NaN" | ".NAN" => Resolved::Float(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => Resolved::Float(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => Resolved::Float(f64::NEG_INFINITY),
        _ => match text.as_bytes().first() {
            Some(b'.') => go_fraction(text).map_or(Resolved::Str, Resolved::Float),
            Some(b'0'..=b'9' | b'+' | b'-') if text.contains('_') => number(&text.replace('_', "")),
            Some(b'0'..=b'9' | b'+' | b'-') => number(text),
            _ => Resolved::Str,
        },
    }
}

/// A number that starts with a digit or a sign, underscores taken away.
fn number(text: &str) -> Resolved {
    if let Some(value) = go_int(text) {
        return value;
    }
    if is_yaml_float(text)
        && let Ok(value) = text.parse::<f64>()
        && value.is_finite()
    {
        return Resolved::Float(value);
    }
    // After the prefix go-yaml reads another signed number.
    if let Some(digits) = text.strip_prefix("0b") {
        return radix(digits.strip_prefix('+').unwrap_or(digits), 2).unwrap_or(Resolved::Str);
    }
    Resolved::Str
}

/// `strconv.ParseInt(text, 0, 64)`, then `ParseUint`.
fn go_int(text: &str) -> Option<Resolved> {
    let (sign, digits) = match text.as_bytes().first()? {
        b'-' => ("-", text.get(1..)?),
        b'+' => ("+", text.get(1..)?),
        _ => ("", text),
    };
    let (base, digits) = match digits.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, digits.get(2..)?),
        [b'0', b'b' | b'B', ..] => (2, digits.get(2..)?),
        [b'0', b'o' | b'O', ..] => (8, digits.get(2..)?),
        _ if digits.starts_with('0') && digits.len() > 1 => (8, digits.get(1..)?),
        _ => (10, digits),
    };
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return None;
    }
    match sign {
        "-" => i64::from_str_radix(&format!("-{digits}"), base).ok().map(Resolved::Int),
        "+" => i64::from_str_radix(digits, base).ok().map(Resolved::Int),
        _ => radix(digits, base),
    }
}

fn radix(digits: &str, base: u32) -> Option<Resolved> {
    match i64::from_str_radix(digits, base) {
        Ok(value) => Some(Resolved::Int(value)),
        Err(_) => u64::from_str_radix(digits, base).ok().map(Resolved::Uint),
    }
}

/// `^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$`
fn is_yaml_float(text: &str) -> bool {
    let text = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let mantissa_fits = match mantissa.split_once('.') {
        Some(("", fraction)) => digits(fraction),
        Some((whole, fraction)) => digits(whole) && (fraction.is_empty() || digits(fraction)),
        None => digits(mantissa),
    };
    let exponent_fits =
        exponent.is_none_or(|text| digits(text.strip_prefix(['-', '+']).unwrap_or(text)));
    mantissa_fits && exponent_fits
}

/// `strconv.ParseFloat` of a text that starts with a dot: single underscores between digits.
fn go_fraction(text: &str) -> Option<f64> {
    let bytes = text.as_bytes();
    let lone = bytes.iter().enumerate().any(|(at, byte)| {
        let digit =
            |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_some_and(u8::is_ascii_digit);
        *byte == b'_' && !(digit(at.checked_sub(1)) && digit(at.checked_add(1)))
    });
    let plain = text.replace('_', "");
    if lone || !is_yaml_float(&plain) {
        return None;
    }
    plain.parse::<f64>().ok().filter(|value| value.is_finite())
}

/// What a scalar is in JSON, or what keeps it from being JSON.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Scalar {
    Value(Value),
    /// `.inf`, `.nan`.
    NotJson,
    /// The tag (short form) does not fit.
    Mismatch(String),
}

const LONG: &str = "tag:yaml.org,2002:";

/// A scalar with its style and tag.
pub(super) fn scalar(text: &str, style: Style, tag: Option<&str>) -> Scalar {
    let Some(tag) = tag else {
        return match style {
            Style::Plain => from_resolved(text, &resolve_plain(text)),
            _ => string(text),
        };
    };
    let Some(kind) = tag.strip_prefix(LONG) else { return string(text) };
    let mismatch = || Scalar::Mismatch(format!("!!{kind}"));
    let resolved = resolve_plain(text);
    match (kind, &resolved) {
        ("bool", Resolved::Bool(_))
        | ("int", Resolved::Int(_) | Resolved::Uint(_))
        | ("float", Resolved::Int(_) | Resolved::Float(_))
        | ("null", Resolved::Null) => from_resolved(text, &resolved),
        ("bool" | "int" | "float" | "null", _) => mismatch(),
        ("binary", _) => match base64(text) {
            Some(bytes) => string(&String::from_utf8_lossy(&bytes)),
            None => mismatch(),
        },
        _ => string(text),
    }
}

fn string(text: &str) -> Scalar {
    Scalar::Value(Value::String(text.to_owned()))
}

fn from_resolved(text: &str, resolved: &Resolved) -> Scalar {
    match resolved {
        Resolved::Null => Scalar::Value(Value::Null),
        Resolved::Bool(value) => Scalar::Value(Value::Bool(*value)),
        Resolved::Int(value) => Scalar::Value(Value::from(*value)),
        Resolved::Uint(value) => Scalar::Value(Value::from(*value)),
        Resolved::Float(value) => match float_value(*value) {
            Some(value) => Scalar::Value(value),
            None => Scalar::NotJson,
        },
        Resolved::Str => string(text),
    }
}

/// A float as `encoding/json` prints it and the API server reads it: `3.0` is printed `3`.
pub(super) fn float_value(value: f64) -> Option<Value> {
    if value.fract() == 0.0 && value.abs() < 1e21 {
        // Both Go and Rust print the shortest digits that read back, then zeros.
        let digits = value.to_string();
        if let Ok(value) = digits.parse::<i64>() {
            return Some(Value::from(value));
        }
        if let Ok(value) = digits.parse::<u64>() {
            return Some(Value::from(value));
        }
    }
    Number::from_f64(value).map(Value::Number)
}

/// The number of a JSON text.
pub(super) fn json_number(text: &str) -> Option<Value> {
    if let Ok(value) = text.parse::<i64>() {
        return Some(Value::from(value));
    }
    if let Ok(value) = text.parse::<u64>() {
        return Some(Value::from(value));
    }
    text.parse::<f64>().ok().filter(|value| value.is_finite()).and_then(float_value)
}

/// What a scalar is as a mapping key (`convertToJSONableObject` of `sigs.k8s.io/yaml`).
pub(super) fn key_text(
    text: &str,
    style: Style,
    tag: Option<&str>,
) -> Result<String, &'static str> {
    let plain = tag.is_none() && style == Style::Plain;
    let short = tag.and_then(|tag| tag.strip_prefix(LONG));
    let typed = plain || matches!(short, Some("bool" | "int" | "float" | "null"));
    if !typed {
        return match scalar(text, style, tag) {
            Scalar::Value(Value::String(text)) => Ok(text),
            _ => Ok(text.to_owned()),
        };
    }
    match resolve_plain(text) {
        Resolved::Null => Err("null"),
        Resolved::Bool(value) => Ok(value.to_string()),
        Resolved::Int(value) if short == Some("float") => Ok(go_float_key(int_to_float(value))),
        Resolved::Int(value) => Ok(value.to_string()),
        Resolved::Uint(_) => Err("a number beyond 63 bits"),
        Resolved::Float(value) => Ok(go_float_key(value)),
        Resolved::Str => Ok(text.to_owned()),
    }
}

#[expect(clippy::cast_precision_loss, reason = "as Go's float64(int) does")]
const fn int_to_float(value: i64) -> f64 {
    value as f64
}

/// `strconv.FormatFloat(value, 'g', -1, 32)`.
#[expect(clippy::cast_possible_truncation, reason = "Go formats these keys with 32 bits")]
fn go_float_key(value: f64) -> String {
    let value = value as f32;
    if value.is_nan() {
        return ".nan".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { ".inf" } else { "-.inf" }.to_owned();
    }
    let scientific = format!("{value:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    if !(-4..6).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{mantissa}e{sign}{:02}", exponent.abs());
    }
    value.to_string()
}

/// Standard base64 with padding; line breaks are skipped, as Go's decoder does.
fn base64(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text.bytes().filter(|byte| !matches!(byte, b'\n' | b'\r')).collect();
    if !digits.len().is_multiple_of(4) {
        return None;
    }
    let mut bytes = Vec::with_capacity(digits.len() / 4 * 3);
    for (index, group) in digits.chunks_exact(4).enumerate() {
        let last = (index + 1) * 4 == digits.len();
        let padding = group.iter().rev().take_while(|byte| **byte == b'=').count();
        if padding > 2 || (padding > 0 && !last) {
            return None;
        }
        let mut bits = 0_u32;
        for byte in group.iter().take(4 - padding) {
            bits = bits << 6 | base64_digit(*byte)?;
        }
        bits <<= 6 * padding;
        bytes.extend(bits.to_be_bytes().iter().skip(1).take(3 - padding));
    }
    Some(bytes)
}

fn base64_digit(byte: u8) -> Option<u32> {
    let value = match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    };
    Some(u32::from(value))
}
