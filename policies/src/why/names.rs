//! A short name for many nodes: what their names have in common.

use std::collections::BTreeMap;

/// More patterns than this are not written out.
const MOST_PATTERNS: usize = 2;

/// The name of one node, `gpu-a100-*` for several, `cpu-*, gpu-*` for two families, `*` for more.
#[must_use]
pub fn pattern(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [only] => (*only).to_owned(),
        _ => {
            let common = common_prefix(names);
            if !common.is_empty() {
                return format!("{common}*");
            }
            let mut families: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
            for name in names {
                families.entry(family(name)).or_default().push(name);
            }
            if families.len() > MOST_PATTERNS || families.contains_key("") {
                return "*".to_owned();
            }
            let patterns = families.values().map(|names| pattern(names));
            patterns.collect::<Vec<String>>().join(", ")
        }
    }
}

/// What the names begin with, up to a separator, or up to where only digits follow.
fn common_prefix<'n>(names: &[&'n str]) -> &'n str {
    let Some((first, rest)) = names.split_first() else { return "" };
    let shared = rest.iter().fold(first.len(), |length, name| {
        let same = first.bytes().zip(name.bytes()).take_while(|(a, b)| a == b).count();
        length.min(same)
    });
    let shared = first.get(..shared).unwrap_or_default();
    let digits = |name: &&str| {
        let tail = name.get(shared.len()..).unwrap_or_default();
        tail.bytes().all(|byte| byte.is_ascii_digit())
    };
    let stem = shared.trim_end_matches(|letter: char| letter.is_ascii_digit());
    if !stem.is_empty() && names.iter().all(digits) {
        return stem;
    }
    let end = shared.rfind(is_separator).map_or(0, |at| at + 1);
    shared.get(..end).unwrap_or_default()
}

/// What comes before the first separator, or before the digits at the end.
fn family(name: &str) -> &str {
    let end = name.find(is_separator).unwrap_or(name.len());
    let family = name.get(..end).unwrap_or(name);
    family.trim_end_matches(|letter: char| letter.is_ascii_digit())
}

fn is_separator(letter: char) -> bool {
    matches!(letter, '-' | '.' | '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_are_called_by_what_their_names_share() {
        for (names, expected) in [
            (&["cp-1"][..], "cp-1"),
            (&["gpu-a100-0", "gpu-a100-1"], "gpu-a100-*"),
            (&["gpu-a100-10", "gpu-a100-11"], "gpu-a100-*"),
            (&["gpu-a100-0", "gpu-a100-spot-0"], "gpu-a100-*"),
            (&["n1", "n2", "n17"], "n*"),
            (&["ip-10-0-0-1.internal", "ip-10-0-1-1.internal"], "ip-10-0-*"),
            (&["cpu-1", "cpu-2", "gpu-1"], "cpu-*, gpu-1"),
            (&["a-1", "b-1", "c-1"], "*"),
            (&["alpha", "beta"], "alpha, beta"),
            (&["1", "2"], "*"),
            (&["größe-1", "größe-2"], "größe-*"),
            (&["ä-1", "ö-1"], "ä-1, ö-1"),
            (&[], ""),
        ] {
            assert_eq!(pattern(names), expected, "{names:?}");
        }
    }
}
