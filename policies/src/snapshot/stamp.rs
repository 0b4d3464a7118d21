//! Moments and revisions, as far as they say how old a snapshot is.

use std::fmt;

use serde::de::{Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// A moment in UTC to the second, in the order of time; the default is before all others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment {
    /// Year, month, day, hour, minute and second, two digits each but for the year.
    digits: u64,
}

impl Moment {
    /// Reads the API's form, `2026-11-20T09:00:00Z`; fractions of a second are dropped. `None` for
    /// anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        const FORM: &[u8] = b"dddd-dd-ddTdd:dd:dd";
        let text = text.strip_suffix('Z')?.as_bytes();
        let mut digits = 0;
        for (index, wanted) in FORM.iter().enumerate() {
            let found = text.get(index)?;
            match wanted {
                b'd' if found.is_ascii_digit() => digits = digits * 10 + u64::from(found - b'0'),
                b'd' => return None,
                _ if found == wanted => {}
                _ => return None,
            }
        }
        let rest = text.get(FORM.len()..)?;
        (rest.is_empty() || rest.starts_with(b".")).then_some(Self { digits })
    }

    /// Seconds since 1970; `None` if it is not known, or no day of the calendar.
    #[must_use]
    pub fn seconds(self) -> Option<i64> {
        let pair = |place: u32| self.digits / 100_u64.pow(place) % 100;
        let year = self.digits / 100_u64.pow(5);
        let (month, day, hour, minute, second) = (pair(4), pair(3), pair(2), pair(1), pair(0));
        let text = format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z");
        super::governance::seconds(&text)
    }

    /// Whether it is a moment at all.
    #[must_use]
    pub fn is_known(self) -> bool {
        self.digits > 0
    }
}

impl fmt::Display for Moment {
    /// `2026-11-20 09:00 UTC`.
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pair = |place: u32| self.digits / 100_u64.pow(place) % 100;
        let year = self.digits / 100_u64.pow(5);
        let (month, day, hour, minute) = (pair(4), pair(3), pair(2), pair(1));
        write!(to, "{year:04}-{month:02}-{day:02} {hour:02}:{minute:02} UTC")
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Text(Self::parse))
    }
}

/// A `resourceVersion`. Formally it is opaque; on every server it is a number that grows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Revision(pub u64);

impl<'de> Deserialize<'de> for Revision {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Text(|text| text.parse().ok().map(Self)))
    }
}

/// Reads a string without keeping it; anything that is not understood is the default, because
/// nothing is decided by it.
struct Text<T>(fn(&str) -> Option<T>);

impl<'de, T: Default> Visitor<'de> for Text<T> {
    type Value = T;

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("a string")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        Ok((self.0)(text).unwrap_or_default())
    }

    fn visit_unit<E: Error>(self) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<T, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(T::default())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<T, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(T::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_compared_and_written() {
        let moment = |text| Moment::parse(text);
        assert!(moment("2026-11-20T09:00:01Z") < moment("2026-11-20T10:00:00Z"));
        let micro = moment("2026-11-20T09:00:00.123456Z");
        assert_eq!(micro, moment("2026-11-20T09:00:00Z"));
        assert_eq!(micro.map(|it| it.to_string()).as_deref(), Some("2026-11-20 09:00 UTC"));
        for text in ["", "Z", "2026-11-20", "2026-11-20T09:00:00+01:00", "2026-11-20T09:00:0äZ"] {
            assert_eq!(moment(text), None, "{text:?}");
        }
    }

    #[test]
    fn what_is_no_moment_hurts_nobody() {
        for json in ["null", "7", "-7", "1.5", "true", "[[1],{}]", "{\"a\":[1]}", "\"soon\""] {
            assert!(!serde_json::from_str::<Moment>(json).unwrap().is_known(), "{json}");
            assert_eq!(serde_json::from_str::<Revision>(json).unwrap(), Revision(0), "{json}");
        }
    }
}
