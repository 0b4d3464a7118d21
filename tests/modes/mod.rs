//! The modes of a namespace: one table of objects, through the linter, the webhook and, in
//! `e2e_modes`, a real API server.

mod doors;

use serde_json::{Value, json};

/// The modes as the label says them; empty: no label.
pub(crate) const MODES: &[&str] = &["", "enforce", "Warn", "warn", "off"];

/// Whether a mode refuses; a value that is no mode does.
pub(crate) fn refuses(mode: &str) -> bool {
    !matches!(mode, "warn" | "off")
}

/// An object, and what is wrong with it.
pub(crate) struct Case {
    /// The code of its refusal; empty: it is right.
    pub(crate) code: &'static str,
    /// In the namespace that it is about.
    pub(crate) object: Value,
}

impl Case {
    /// Whether it would be expanded in place.
    pub(crate) fn in_place(&self) -> bool {
        self.object["kind"] != "Deployment"
    }

    /// Where its pod spec and the metadata that goes with it are.
    pub(crate) fn template(&self) -> &'static str {
        if self.object["kind"] == "Pod" { "" } else { "/spec/template" }
    }

    /// The record in an object that came of this one.
    pub(crate) fn record(&self, object: &Value) -> Option<Value> {
        let path = format!("{}/metadata/annotations/placecard.dev~1applied", self.template());
        let text = object.pointer(&path)?.as_str()?;
        Some(serde_json::from_str(text).expect("JSON"))
    }

    /// The placement fields of an object that came of this one.
    pub(crate) fn affinity(&self, object: &Value) -> Value {
        let path = format!("{}/spec/affinity", self.template());
        object.pointer(&path).cloned().unwrap_or_default()
    }
}

/// The table.
pub(crate) fn cases(namespace: &str) -> Vec<Case> {
    let mut cases = Vec::new();
    for (code, kind, rules, zone) in [
        ("", "Pod", "on zone/a", ""),
        ("", "Deployment", "on zone/a", ""),
        ("", "DaemonSet", "on zone/a", ""),
        ("unknown-relation", "Pod", "on zone/a; ons zone/b", ""),
        ("unknown-relation", "Deployment", "on zone/a; ons zone/b", ""),
        ("unknown-relation", "DaemonSet", "on zone/a; ons zone/b", ""),
        ("unknown-pool", "Pod", "on pool/h10", ""),
        ("trust-domain-not-allowed", "Pod", "on trust/payments", ""),
        ("trust-domain-not-allowed", "DaemonSet", "on trust/payments", ""),
        ("node-selector-contradicts-affinity", "Pod", "on zone/b", "a"),
        ("node-selector-contradicts-affinity", "Deployment", "on zone/b", "a"),
        ("unresolved", "Pod", "near service/late", ""),
    ] {
        cases.push(Case { code, object: object(namespace, kind, rules, zone) });
    }
    cases
}

fn object(namespace: &str, kind: &str, rules: &str, zone: &str) -> Value {
    let metadata = json!({"labels": {"app": "modes"},
        "annotations": {"placecard.dev/require": rules}});
    let mut spec = json!({"containers": [{"name": "main", "image": "registry.invalid/none"}]});
    if !zone.is_empty() {
        spec["nodeSelector"] = json!({"topology.kubernetes.io/zone": zone});
    }
    let mut object = if kind == "Pod" {
        json!({"apiVersion": "v1", "kind": kind, "metadata": metadata, "spec": spec})
    } else {
        json!({"apiVersion": "apps/v1", "kind": kind, "metadata": {}, "spec": {
            "selector": {"matchLabels": {"app": "modes"}},
            "template": {"metadata": metadata, "spec": spec}}})
    };
    object["metadata"]["name"] = json!("modes");
    object["metadata"]["namespace"] = json!(namespace);
    object
}
