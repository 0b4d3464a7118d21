//! Lines to the value that they are in JSON, without nodes between them.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::super::arena::Style;
use super::super::scalar::{Scalar, key_text, scalar};
use super::super::source::Span;
use super::Build;

/// Keeps nothing but the value.
pub(super) struct Values;

impl<'a> Build<'a> for Values {
    type Node = Value;
    type List = Vec<Value>;
    /// With the key whose value is being read.
    type Mapping = (Map<String, Value>, String);

    fn comment(&mut self, _: usize, _: &str, _: bool) {}

    fn scalar(&mut self, text: Cow<'a, str>, style: Style, _: Span, _: usize) -> Option<Value> {
        if style != Style::Plain {
            return Some(Value::String(text.into_owned()));
        }
        match scalar(&text, style, None) {
            Scalar::Value(value) => Some(value),
            Scalar::NotJson | Scalar::Mismatch(_) => None,
        }
    }

    fn list(&mut self, _: usize) -> Vec<Value> {
        Vec::new()
    }

    fn item(&mut self, list: &mut Vec<Value>, item: Value) {
        list.push(item);
    }

    fn end_list(&mut self, list: Vec<Value>, _: Option<usize>) -> Value {
        Value::Array(list)
    }

    fn mapping(&mut self, _: usize) -> Self::Mapping {
        (Map::new(), String::new())
    }

    fn key(&mut self, mapping: &mut Self::Mapping, key: &'a str, _: usize) -> Option<()> {
        mapping.1 = key_text(key, Style::Plain, None).ok()?;
        Some(())
    }

    fn entry(&mut self, mapping: &mut Self::Mapping, value: Value) -> Option<()> {
        let (map, key) = mapping;
        map.insert(std::mem::take(key), value).is_none().then_some(())
    }

    fn end_mapping(&mut self, (map, _): Self::Mapping, _: Option<usize>) -> Value {
        Value::Object(map)
    }
}
