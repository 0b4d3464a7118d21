//! The definitions of custom resources in a snapshot, as far as something depends on them: they say
//! which fields the API server keeps.

use std::collections::BTreeSet;

use placecard_policies::coordination::inline::schemas;
use placecard_policies::feasibility::inventory::kind::Kind;
use placecard_policies::feasibility::inventory::{Inventory, NamespacedName};
use placecard_policies::snapshot::alike::{Given, Like};
use placecard_policies::snapshot::object::{Object, Sink};
use placecard_policies::surroundings::{Answer, Reference};
use serde_json::Value;

const KIND: &str = "CustomResourceDefinition";

/// An inventory, and what definitions answer besides.
#[derive(Debug, Default)]
pub(super) struct Reading {
    pub(super) inventory: Inventory,
    pub(super) definitions: Vec<(Reference, Answer)>,
}

impl Sink for Reading {
    fn put(&mut self, object: Object) -> bool {
        self.inventory.put(object)
    }

    fn identify(&mut self, kind: Kind, uid: u128, name: NamespacedName) {
        self.inventory.identify(kind, uid, name);
    }

    fn put_like(&mut self, like: &mut Like, given: Given<'_>) -> bool {
        self.inventory.put_like(like, given)
    }

    fn wants(&self, api_version: Option<&str>, kind: &str) -> bool {
        let group = api_version.is_none_or(|version| version.starts_with("apiextensions.k8s.io/"));
        kind == KIND && group
    }

    fn see(&mut self, _: Option<&str>, _: &str, object: &[u8]) {
        // One that cannot be read says nothing: then it is as if it were not there.
        let Ok(value) = serde_json::from_slice::<Value>(object) else { return };
        self.definitions.extend(schemas(&value));
    }

    fn set_unknown(&mut self, kinds: BTreeSet<Kind>) {
        self.inventory.set_unknown(kinds);
    }
}
