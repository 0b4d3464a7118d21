//! Quantities in JSON: strings, and bare numbers as well.

use std::fmt;
use std::ops::Deref;

use placecard_feasibility::inventory::requests::Amounts;
use placecard_feasibility::quantity::Quantity;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// A quantity as it stands in JSON.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Written(pub(super) Quantity);

/// Quantities by resource, as they stand in JSON.
#[derive(Clone, Debug, Default)]
pub(super) struct WrittenAmounts(Amounts);

impl Deref for WrittenAmounts {
    type Target = Amounts;

    fn deref(&self) -> &Amounts {
        &self.0
    }
}

/// The amounts of the inventory.
pub(super) fn read(written: &WrittenAmounts) -> Amounts {
    written.0.clone()
}

/// The amounts of the inventory, taken out of what is written.
pub(super) fn take(written: &mut WrittenAmounts) -> Amounts {
    std::mem::take(&mut written.0)
}

struct AmountsVisitor;

impl<'de> Visitor<'de> for AmountsVisitor {
    type Value = WrittenAmounts;

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("quantities by resource")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<WrittenAmounts, A::Error> {
        let mut amounts = Amounts::new();
        while let Some((name, amount)) = map.next_entry::<String, Written>()? {
            amounts.insert(name, amount.0);
        }
        Ok(WrittenAmounts(amounts))
    }
}

impl<'de> Deserialize<'de> for WrittenAmounts {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(AmountsVisitor)
    }
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
