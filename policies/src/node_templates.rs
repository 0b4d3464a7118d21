//! The node templates of the vocabulary, as groups of nodes of the inventory.

use std::collections::BTreeMap;

use placecard_feasibility::inventory::template::NodeTemplate;
use placecard_feasibility::quantity::Quantity;
use placecard_feasibility::tolerations::Taint;
use placecard_language::checked::{Words, ZONE};
use placecard_language::vocabulary;

/// The templates by name, as [`placecard_feasibility::inventory::Inventory::templates`] has them.
/// Its zones are values of the vocabulary's level `zone`. An amount that is not a quantity is left
/// out: the vocabulary has been checked.
#[must_use]
pub fn node_templates(words: &Words) -> BTreeMap<String, NodeTemplate> {
    let zone_key = words.level("zone").map_or(ZONE, |level| &level.key);
    let one = |written: &vocabulary::NodeTemplate| NodeTemplate {
        name: written.name.clone(),
        labels: written.labels.clone(),
        taints: written
            .taints
            .iter()
            .map(|taint| Taint {
                key: taint.key.clone(),
                value: taint.value.clone(),
                effect: taint.effect.clone(),
            })
            .collect(),
        allocatable: written
            .allocatable
            .iter()
            .filter_map(|(name, amount)| Some((name.clone(), Quantity::parse(amount)?)))
            .collect(),
        zone_key: zone_key.to_owned(),
        zones: written.zones.clone(),
        max: written.count.max,
        partial: written.partial,
    };
    words.node_templates.iter().map(|written| (written.name.clone(), one(written))).collect()
}

#[cfg(test)]
mod tests {
    use placecard_language::vocabulary_check;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_template_of_the_vocabulary_is_a_group_of_nodes() {
        let (words, problems) = vocabulary_check::check(&json!({
            "apiVersion": "placecard.dev/v1alpha1", "kind": "PlacementVocabulary",
            "metadata": {"name": "default"},
            "spec": {
                "levels": [{"name": "zone", "key": "example.com/az"},
                           {"name": "node", "key": "kubernetes.io/hostname"}],
                "nodeTemplates": [{"name": "h100", "labels": {"accelerator": "h100"},
                    "taints": [{"key": "gpu", "effect": "NoSchedule"}],
                    "allocatable": {"cpu": "96", "nvidia.com/gpu": "8"}, "zones": ["a", "b"],
                    "count": {"max": 20}, "partial": true}],
            },
        }));
        assert_eq!(problems, []);
        let templates = node_templates(&words);
        let h100 = &templates["h100"];
        assert_eq!(h100.labels["accelerator"], "h100");
        assert_eq!((h100.taints[0].key.as_str(), &*h100.taints[0].effect), ("gpu", "NoSchedule"));
        assert_eq!(h100.allocatable["nvidia.com/gpu"], Quantity::of_units(8));
        assert_eq!((h100.zone_key.as_str(), h100.zones.len()), ("example.com/az", 2));
        assert!(h100.partial && h100.max == Some(20));
    }
}
