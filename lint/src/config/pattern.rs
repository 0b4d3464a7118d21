//! Patterns of paths.

/// A pattern, by its names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pattern {
    names: Vec<String>,
}

impl Pattern {
    /// Reads a pattern; one without `/` matches at any depth.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        if text.contains(['[', ']', '{', '}', '!', '\\']) {
            return Err(format!(
                "the pattern {text} has more than *, ** and ?: write several patterns"
            ));
        }
        let path = text.trim_start_matches("./");
        let inner = path.trim_matches('/');
        if inner.is_empty() {
            return Err("a pattern is empty".to_owned());
        }
        let anchored = path.starts_with('/') || inner.contains('/');
        let mut names: Vec<String> = if anchored { Vec::new() } else { vec!["**".to_owned()] };
        names.extend(inner.split('/').filter(|name| !name.is_empty()).map(str::to_owned));
        Ok(Self { names })
    }

    /// Whether it matches a relative path, or a folder of it.
    pub(super) fn matches(&self, path: &str) -> bool {
        let parts: Vec<&str> = path.split('/').collect();
        // Which beginnings of the path the names so far match.
        let mut reached = vec![false; parts.len() + 1];
        if let Some(first) = reached.first_mut() {
            *first = true;
        }
        for name in &self.names {
            let mut next = vec![false; parts.len() + 1];
            let mut open = false;
            for (at, was) in reached.iter().enumerate() {
                open |= *was;
                if name == "**" {
                    if let Some(slot) = next.get_mut(at) {
                        *slot = open;
                    }
                } else if *was && let Some(slot) = next.get_mut(at + 1) {
                    *slot = parts.get(at).is_some_and(|part| name_matches(name, part));
                }
            }
            reached = next;
        }
        // A match of a beginning is one of a folder; the empty beginning is no folder of the path.
        reached.iter().skip(1).any(|matched| *matched)
    }
}

/// `*` and `?` in one name; in time of the product of both lengths.
fn name_matches(pattern: &str, name: &str) -> bool {
    let name: Vec<char> = name.chars().collect();
    let mut reached = vec![false; name.len() + 1];
    if let Some(first) = reached.first_mut() {
        *first = true;
    }
    for wanted in pattern.chars() {
        let mut next = vec![false; name.len() + 1];
        let mut open = false;
        for (at, was) in reached.iter().enumerate() {
            open |= *was;
            let (slot, hit) = match wanted {
                '*' => (at, open),
                '?' => (at + 1, *was && at < name.len()),
                wanted => (at + 1, *was && name.get(at) == Some(&wanted)),
            };
            if hit && let Some(slot) = next.get_mut(slot) {
                *slot = true;
            }
        }
        reached = next;
    }
    reached.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_they_read() {
        for (pattern, yes, no) in [
            ("*.tpl.yaml", vec!["a.tpl.yaml", "x/y/a.tpl.yaml"], vec!["a.yaml", "tpl.yaml"]),
            ("test", vec!["test/a.yaml", "x/test/y/a.yaml"], vec!["tests/a.yaml", "x/atest/a"]),
            ("charts/**", vec!["charts/a.yaml", "charts/x/a.yaml"], vec!["x/charts/a.yaml"]),
            ("/charts", vec!["charts/a.yaml"], vec!["x/charts/a.yaml", "charts2/a"]),
            ("a/**/z", vec!["a/z", "a/b/z", "a/b/c/z/x.yaml"], vec!["b/a/z", "a/zz"]),
            ("a/?.yaml", vec!["a/b.yaml", "a/ö.yaml"], vec!["a/bc.yaml", "a/.yaml"]),
            ("./a/*/c", vec!["a/b/c"], vec!["a/b/d/c"]),
            ("**", vec!["a", "a/b"], vec![]),
        ] {
            let read = Pattern::read(pattern).unwrap();
            for path in yes {
                assert!(read.matches(path), "{pattern} {path}");
            }
            for path in no {
                assert!(!read.matches(path), "{pattern} {path}");
            }
        }
        assert!(Pattern::read("a[bc]").is_err() && Pattern::read("/").is_err());
        let long = Pattern::read(&"*a".repeat(200)).unwrap();
        assert!(!long.matches(&"ab".repeat(199)) && long.matches(&"ba".repeat(200)));
    }
}
