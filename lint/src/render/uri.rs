//! Names of files for readers that want URIs or bare paths.

use std::fmt::Write;

/// A file's name as a URI reference (RFC 3986): relative to where placecard ran, or `file://` and
/// the absolute path.
#[must_use]
pub fn uri(name: &str) -> String {
    let mut text = if name.starts_with('/') { "file://".to_owned() } else { String::new() };
    for byte in bare(name).bytes() {
        let plain = byte.is_ascii_alphanumeric() || b"/-._~!$&'()*+,;=@".contains(&byte);
        // A colon in the first part of a relative reference would end a scheme.
        if plain {
            text.push(char::from(byte));
        } else {
            let _ = write!(text, "%{byte:02X}");
        }
    }
    text
}

/// Whether the URI of a name is relative.
#[must_use]
pub fn is_relative(name: &str) -> bool {
    !name.starts_with('/')
}

/// A name without `./` at its start.
#[must_use]
pub fn bare(name: &str) -> &str {
    let mut name = name;
    while let Some(rest) = name.strip_prefix("./") {
        name = rest.trim_start_matches('/');
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_references() {
        for (name, expected) in [
            ("deploy/api.yaml", "deploy/api.yaml"),
            ("./deploy/api.yaml", "deploy/api.yaml"),
            (".//a", "a"),
            ("/srv/a b.yaml", "file:///srv/a%20b.yaml"),
            ("<stdin>", "%3Cstdin%3E"),
            ("a:b/größe%#?.yaml", "a%3Ab/gr%C3%B6%C3%9Fe%25%23%3F.yaml"),
        ] {
            assert_eq!(uri(name), expected);
            assert_eq!(is_relative(name), !expected.starts_with("file:"));
        }
    }
}
