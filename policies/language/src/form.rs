//! What names have to look like (k8s.io/apimachinery/pkg/util/validation, api/validate/content).

use crate::problem::Form;

impl Form {
    /// Whether a text has this form.
    #[must_use]
    pub fn accepts(self, text: &str) -> bool {
        match self {
            Self::DnsLabel => is_dns_label(text),
            Self::DnsSubdomain => is_dns_subdomain(text),
            Self::LabelKey => is_label_key(text),
            Self::LabelValue => text.is_empty() || is_label_name(text),
            Self::Reference => match text.split_once('/') {
                Some((namespace, name)) => is_dns_label(namespace) && is_dns_subdomain(name),
                None => is_dns_subdomain(text),
            },
        }
    }
}

fn is_dns_label(text: &str) -> bool {
    text.len() <= 63 && bounded(text, u8::is_ascii_alphanumeric, |b| *b == b'-') && is_lower(text)
}

fn is_dns_subdomain(text: &str) -> bool {
    text.len() <= 253
        && is_lower(text)
        && text.split('.').all(|part| bounded(part, u8::is_ascii_alphanumeric, |b| *b == b'-'))
}

fn is_label_key(text: &str) -> bool {
    match text.split_once('/') {
        Some((prefix, name)) => is_dns_subdomain(prefix) && is_label_name(name),
        None => is_label_name(text),
    }
}

fn is_label_name(text: &str) -> bool {
    text.len() <= 63 && bounded(text, u8::is_ascii_alphanumeric, |b| b"-_.".contains(b))
}

/// What may follow the digits of an amount.
const SUFFIXES: [&str; 16] =
    ["", "n", "u", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];

/// An amount of a resource as the API writes it, such as `500m`, `1.5Gi` or `2e3`; not below 0
/// (`ParseQuantity` of `k8s.io/apimachinery/pkg/api/resource`).
pub(crate) fn is_amount(text: &str) -> bool {
    let digits =
        |text: &str| text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (whole, rest) = text.split_at(digits(text));
    let (fraction, suffix) = match rest.strip_prefix('.') {
        Some(rest) => rest.split_at(digits(rest)),
        None => ("", rest),
    };
    let exponent = |text: &str| text.parse::<i64>().is_ok();
    (!whole.is_empty() || !fraction.is_empty())
        && (SUFFIXES.contains(&suffix) || suffix.strip_prefix(['e', 'E']).is_some_and(exponent))
}

fn is_lower(text: &str) -> bool {
    !text.bytes().any(|b| b.is_ascii_uppercase())
}

/// Not empty, `end` at both ends, `end` or `inner` between.
fn bounded(text: &str, end: fn(&u8) -> bool, inner: fn(&u8) -> bool) -> bool {
    let bytes = text.as_bytes();
    bytes.first().is_some_and(end)
        && bytes.last().is_some_and(end)
        && bytes.iter().all(|b| end(b) || inner(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_accept_what_the_api_server_accepts() {
        let long63 = "a".repeat(63);
        let long64 = "a".repeat(64);
        let long254 = format!("{}{}", "a.".repeat(126), "aa");
        for (form, good, bad) in [
            (
                Form::DnsLabel,
                vec!["a", "a-b", "0", long63.as_str()],
                vec!["", "-a", "a-", "A", "a.b", "a_b", "ä", long64.as_str()],
            ),
            (
                Form::DnsSubdomain,
                vec!["a", "a.b", "ip-10-0-0-1.ec2.internal", long64.as_str()],
                vec!["", ".", "a.", ".a", "a..b", "A.b", "a/b", long254.as_str()],
            ),
            (
                Form::LabelKey,
                vec!["a", "A_b.C", "topology.kubernetes.io/zone", "a/B"],
                vec!["", "/a", "a/", "a/b/c", "A.b/c", "-a", "a b", long64.as_str()],
            ),
            (
                Form::LabelValue,
                vec!["", "a", "A_b.C-d", "eu-1a", long63.as_str()],
                vec!["-", "a-", "a/b", "a b", "а", long64.as_str()],
            ),
            (
                Form::Reference,
                vec!["a", "a/b", "a/b.c"],
                vec!["", "/", "a/", "/a", "a.b/c", "a/b/c"],
            ),
        ] {
            for text in good {
                assert!(form.accepts(text), "{form:?} {text}");
            }
            for text in bad {
                assert!(!form.accepts(text), "{form:?} {text}");
            }
        }
    }

    #[test]
    fn amounts_as_the_api_server_reads_them() {
        for good in ["0", "96", "500m", "1.5Gi", ".5", "1.", "2e3", "2E-1", "1E", "8Ei"] {
            assert!(is_amount(good), "{good}");
        }
        for bad in ["", ".", "Gi", "1 Gi", "1GB", "1K", "-1", "+1", "1e", "1.2.3", "١"] {
            assert!(!is_amount(bad), "{bad}");
        }
    }
}
