//! 128-bit ids.

use std::fmt;
use std::str::FromStr;

use super::error::Reason;

/// The id of an object: 128 bits, in Kubernetes its UID (`metadata.uid`).
///
/// ```
/// use placecard_language::affinity::ObjectId;
///
/// let id: ObjectId = "3f2b8c1e-9a4d-4e6f-8b21-0c5d7e9f1a2b".parse()?;
/// assert_eq!(id, ObjectId(0x3f2b8c1e_9a4d_4e6f_8b21_0c5d7e9f1a2b));
/// assert_eq!(id.to_string(), "3f2b8c1e-9a4d-4e6f-8b21-0c5d7e9f1a2b");
/// # Ok::<(), placecard_language::affinity::Reason>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectId(pub u128);

impl From<u128> for ObjectId {
    fn from(id: u128) -> Self {
        Self(id)
    }
}

/// A UUID in lower case (RFC 9562, section 4).
impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (high, low) = ((self.0 >> 64) as u64, self.0 as u64);
        write!(
            f,
            "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
            high >> 32,
            (high >> 16) & 0xffff,
            high & 0xffff,
            low >> 48,
            low & 0xffff_ffff_ffff
        )
    }
}

/// Groups of 8, 4, 4, 4 and 12 hexadecimal digits with hyphens between them; any version and
/// variant, digits of either case.
impl FromStr for ObjectId {
    type Err = Reason;

    fn from_str(text: &str) -> Result<Self, Reason> {
        let refused = || Reason::NotAnId { found: text.chars().take(40).collect() };
        if text.len() != 36 {
            return Err(refused());
        }
        let mut id = 0_u128;
        for (index, character) in text.chars().enumerate() {
            if matches!(index, 8 | 13 | 18 | 23) {
                if character != '-' {
                    return Err(refused());
                }
                continue;
            }
            let digit = character.to_digit(16).ok_or_else(refused)?;
            id = id << 4 | u128::from(digit);
        }
        Ok(Self(id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_uuids() {
        for (text, id) in [
            ("00000000-0000-0000-0000-000000000000", 0),
            ("ffffffff-ffff-ffff-ffff-ffffffffffff", u128::MAX),
            ("3F2B8C1E-9a4d-4e6f-8b21-0c5d7e9f1a2b", 0x3f2b8c1e_9a4d_4e6f_8b21_0c5d7e9f1a2b),
        ] {
            assert_eq!(text.parse(), Ok(ObjectId(id)));
            assert_eq!(ObjectId(id).to_string(), text.to_lowercase());
        }
        for text in [
            "",
            "node-1",
            "3f2b8c1e9a4d4e6f8b210c5d7e9f1a2b",
            "3f2b8c1e-9a4d-4e6f-8b21-0c5d7e9f1a2",
            "3f2b8c1e-9a4d-4e6f-8b21-0c5d7e9f1a2b3",
            "3f2b8c1e-9a4d-4e6f-8b21-0c5d7e9f1a2g",
            "3f2b8c1-e9a4d-4e6f-8b21-0c5d7e9f1a2b",
            "3f2b8c1e-9a4d-4e6f-8b21-0c5d7e9f1a-b",
            "+f2b8c1e-9a4d-4e6f-8b21-0c5d7e9f1a2b",
            "{3f2b8c1e-9a4d-4e6f-8b21-0c5d7e9f1}",
            "３f2b8c1e-9a4d-4e6f-8b21-0c5d7e9f1a",
        ] {
            assert!(matches!(text.parse::<ObjectId>(), Err(Reason::NotAnId { .. })), "{text}");
        }
    }
}
