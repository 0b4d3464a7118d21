//! Label keys and values.
//!
//! Syntax: `k8s.io/apimachinery/pkg/api/validate/content` (formerly `util/validation`).

use std::collections::BTreeMap;

/// The labels of one object.
pub type Labels = BTreeMap<String, String>;

/// The longest label value, and the longest name part of a label key, in bytes.
pub const LONGEST_VALUE: usize = 63;

/// The longest prefix of a label key and the longest node name, in bytes.
const LONGEST_SUBDOMAIN: usize = 253;

/// The label that every namespace carries with its own name; the API server enforces it.
pub const NAMESPACE_NAME: &str = "kubernetes.io/metadata.name";

/// True for a legal label value: empty, or at most 63 bytes of letters, digits, `-`, `_` and `.`
/// that begin and end with a letter or digit.
///
/// ```
/// use placecard_feasibility::label::is_label_value;
/// assert!(is_label_value("") && is_label_value("v1.10_a"));
/// assert!(!is_label_value("-1") && !is_label_value("a b"));
/// ```
#[must_use]
pub fn is_label_value(value: &str) -> bool {
    value.is_empty() || is_name_part(value.as_bytes())
}

/// True for a legal label key (a qualified name): an optional DNS subdomain and `/`, then a name.
///
/// ```
/// use placecard_feasibility::label::is_label_key;
/// assert!(is_label_key("disk") && is_label_key("topology.kubernetes.io/zone"));
/// assert!(!is_label_key("") && !is_label_key("a/b/c") && !is_label_key("A.example/x"));
/// ```
#[must_use]
pub fn is_label_key(key: &str) -> bool {
    let mut parts = key.as_bytes().splitn(2, |byte| *byte == b'/');
    match (parts.next().unwrap_or_default(), parts.next()) {
        (name, None) => is_name_part(name),
        (prefix, Some(name)) => is_subdomain(prefix) && is_name_part(name),
    }
}

/// True for a legal node name: a DNS-1123 subdomain.
#[must_use]
pub fn is_node_name(name: &str) -> bool {
    is_subdomain(name.as_bytes())
}

/// The integer that Go's `strconv.ParseInt(value, 10, 64)` reads, if any: an optional sign, then
/// digits; leading zeros count (`"007"` is 7), blanks, `_` and values beyond 64 bits do not.
#[must_use]
pub fn integer(value: &str) -> Option<i64> {
    value.parse().ok()
}

/// What a byte may be a part of, one bit each: these tests run for every label of every object.
const NAME_END: u8 = 1;
const NAME: u8 = 2;
const SUBDOMAIN_END: u8 = 4;
const SUBDOMAIN: u8 = 8;

/// The bits of each byte.
const BYTES: [u8; 256] = {
    let mut bytes = [0; 256];
    let mut byte = 0_u8;
    loop {
        bytes[byte as usize] = match byte {
            b'a'..=b'z' | b'0'..=b'9' => NAME_END | NAME | SUBDOMAIN_END | SUBDOMAIN,
            b'A'..=b'Z' => NAME_END | NAME,
            b'-' => NAME | SUBDOMAIN,
            b'_' | b'.' => NAME,
            _ => 0,
        };
        if byte == u8::MAX {
            break bytes;
        }
        byte += 1;
    }
};

fn is(byte: Option<&u8>, what: u8) -> bool {
    byte.and_then(|byte| BYTES.get(usize::from(*byte))).is_some_and(|bits| bits & what != 0)
}

fn is_name_part(bytes: &[u8]) -> bool {
    bytes.len() <= LONGEST_VALUE
        && is(bytes.first(), NAME_END)
        && is(bytes.last(), NAME_END)
        && bytes.iter().all(|byte| is(Some(byte), NAME))
}

/// Parts between dots, each of which begins and ends with a lower-case letter or a digit.
fn is_subdomain(bytes: &[u8]) -> bool {
    if bytes.len() > LONGEST_SUBDOMAIN {
        return false;
    }
    // The byte before; a dot before the first and behind the last.
    let mut before = b'.';
    for byte in bytes.iter().copied().chain([b'.']) {
        let legal = match (before, byte) {
            (b'.', _) => is(Some(&byte), SUBDOMAIN_END),
            (_, b'.') => is(Some(&before), SUBDOMAIN_END),
            _ => is(Some(&byte), SUBDOMAIN),
        };
        if !legal {
            return false;
        }
        before = byte;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_as_the_api_server_accepts_them() {
        let longest = "1".repeat(63);
        for good in ["", "a", "0", "A-b_c.D", "007", longest.as_str()] {
            assert!(is_label_value(good), "{good:?} is legal");
        }
        let too_long = "1".repeat(64);
        for bad in ["-", "-1", "+5", " 5", "a b", "a.", "_a", "ä", "a/b", too_long.as_str()] {
            assert!(!is_label_value(bad), "{bad:?} is not legal");
        }
    }

    #[test]
    fn keys_as_the_api_server_accepts_them() {
        let prefix = format!("{}.a/x", vec!["a".repeat(63); 3].join("."));
        let long_part = format!("{}/x", "a".repeat(100));
        for good in ["a", "A_b", "a.b/c", "1.2/x", prefix.as_str(), long_part.as_str()] {
            assert!(is_label_key(good), "{good:?} is legal");
        }
        let too_long = format!("{}/x", vec!["a".repeat(63); 4].join(".") + ".b");
        for bad in ["", "/", "a/", "/a", "a/b/c", "A/x", "a_b/x", "a..b/x", "-a", &too_long] {
            assert!(!is_label_key(bad), "{bad:?} is not legal");
        }
    }

    #[test]
    fn integers_as_go_reads_them() {
        let table = [
            ("0", Some(0)),
            ("007", Some(7)),
            ("9223372036854775807", Some(i64::MAX)),
            ("9223372036854775808", None),
            ("00000000000000000000000000000000000000000000000000000000000042", Some(42)),
            ("-1", Some(-1)),
            ("+5", Some(5)),
            ("", None),
            ("-", None),
            (" 5", None),
            ("1_0", None),
            ("1.5", None),
            ("abc", None),
            ("٣", None),
        ];
        for (text, expected) in table {
            assert_eq!(integer(text), expected, "{text:?}");
        }
    }
}
