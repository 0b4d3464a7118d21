//! Quantities in JSON: strings, and bare numbers as well.

use std::collections::BTreeMap;
use std::fmt;

use placecard_feasibility::inventory::requests::Amounts;
use placecard_feasibility::quantity::Quantity;
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer};

/// A quantity as it stands in JSON.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Written(pub(super) Quantity);

/// Quantities by resource, as they stand in JSON.
pub(super) type WrittenAmounts = BTreeMap<String, Written>;

/// The amounts of the inventory.
pub(super) fn read(written: &WrittenAmounts) -> Amounts {
    written.iter().map(|(name, amount)| (name.clone(), amount.0)).collect()
}

struct QuantityVisitor;

impl Visitor<'_> for QuantityVisitor {
    type Value = Written;

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("a quantity such as \"500m\" or \"2Gi\"")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Written, E> {
        let quantity = Quantity::parse(text);
        quantity.map(Written).ok_or_else(|| E::custom(format!("{text:?} is not a quantity")))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Written, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Written, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Written, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_unit<E: Error>(self) -> Result<Written, E> {
        Ok(Written::default())
    }
}

impl<'de> Deserialize<'de> for Written {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(QuantityVisitor)
    }
}
