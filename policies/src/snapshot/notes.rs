//! The annotations of ours among those of an object.

use std::fmt;

use placecard_language::keys;
use serde::de::{Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::object::Map;

/// Annotations, without those of others and without records of expansions. What is no mapping of
/// texts has none: the API server stores no such object.
#[derive(Clone, Debug, Default)]
pub(crate) struct Notes(pub(crate) Map);

/// Is the annotation kept?
pub(crate) fn is_kept(key: &str) -> bool {
    key.starts_with(keys::PREFIX) && key != keys::APPLIED
}

impl<'de> Deserialize<'de> for Notes {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Keys)
    }
}

struct Keys;

impl<'de> Visitor<'de> for Keys {
    type Value = Notes;

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("a mapping")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut all: A) -> Result<Notes, A::Error> {
        let mut ours = Map::new();
        while let Some(key) = all.next_key::<String>()? {
            if !is_kept(&key) {
                all.next_value::<IgnoredAny>()?;
            } else if let Value::String(text) = all.next_value()? {
                ours.insert(key, text);
            }
        }
        Ok(Notes(ours))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut all: A) -> Result<Notes, A::Error> {
        while all.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Notes::default())
    }

    fn visit_unit<E: Error>(self) -> Result<Notes, E> {
        Ok(Notes::default())
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Notes, E> {
        Ok(Notes::default())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Notes, E> {
        Ok(Notes::default())
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Notes, E> {
        Ok(Notes::default())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Notes, E> {
        Ok(Notes::default())
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<Notes, E> {
        Ok(Notes::default())
    }
}
