//! Bytes as choices, and JSON that is changed by them: inputs that are objects almost.
#![expect(clippy::expect_used, reason = "a target fails by panicking")]

use serde_json::{Map, Value, json};

/// Bytes that decide something; at their end everything is zero.
#[derive(Debug)]
pub struct Choices<'a> {
    bytes: &'a [u8],
}

impl<'a> Choices<'a> {
    /// All bytes.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    /// Whether there is none left.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The next byte.
    pub fn byte(&mut self) -> u8 {
        match self.bytes.split_first() {
            Some((first, rest)) => {
                self.bytes = rest;
                *first
            }
            None => 0,
        }
    }

    /// A number below `end`, and 0 if there is none.
    pub fn below(&mut self, end: usize) -> usize {
        let choice = usize::from(self.byte());
        let choice = if end > 256 { choice << 8 | usize::from(self.byte()) } else { choice };
        choice.checked_rem(end).unwrap_or(0)
    }

    /// One of these.
    pub fn pick<T: Copy>(&mut self, of: &[T]) -> Option<T> {
        of.get(self.below(of.len())).copied()
    }

    /// Up to sixteen of the next bytes, as text.
    pub fn text(&mut self) -> String {
        let length = usize::from(self.byte() & 15).min(self.bytes.len());
        let (text, rest) = self.bytes.split_at(length);
        self.bytes = rest;
        String::from_utf8_lossy(text).into_owned()
    }
}

/// Words that mean something somewhere.
const WORDS: &[&str] = &[
    "",
    " ",
    "a",
    "web",
    "shop",
    "default",
    "0",
    "1",
    "-1",
    "9223372036854775807",
    "100m",
    "1.5Gi",
    "1e3",
    "NaN",
    "true",
    "null",
    "~",
    "é",
    "\u{0}",
    "\u{200b}",
    "\n",
    "In",
    "NotIn",
    "Exists",
    "DoesNotExist",
    "Gt",
    "Lt",
    "Equal",
    "NoSchedule",
    "NoExecute",
    "PreferNoSchedule",
    "DoNotSchedule",
    "ScheduleAnyway",
    "Honor",
    "Ignore",
    "kubernetes.io/hostname",
    "topology.kubernetes.io/zone",
    "topology.kubernetes.io/region",
    "kubernetes.io/os",
    "kubernetes.io/arch",
    "metadata.name",
    "app",
    "pod-template-hash",
    "apps/v1",
    "v1",
    "Pod",
    "Deployment",
    "StatefulSet",
    "DaemonSet",
    "CronJob",
    "Job",
    "OnDelete",
    "RollingUpdate",
    "Recreate",
    "50%",
    "Always",
    "Never",
];

/// Rules, right ones and wrong ones.
const RULES: &[&str] = &[
    "near service/vector-db",
    "apart-from self in zone",
    "near pods(app=cache) in zone",
    "on pool/h100 or pool/a100",
    "on zone/eu-1a",
    "not-on zone/eu-1a",
    "on node/n1",
    "on nodes(disk in (nvme, ssd), generation>2)",
    "not-on nodes(lifecycle=spot)",
    "on trust/payments",
    "spread over zone max-skew 1",
    "spread over node min-domains 3",
    "at-most 2 self in node",
    "at-most 1 pods(app=web) in zone",
    "near lease/shop/leader",
    "on volume/data",
    "aprat-from self",
    "near self; apart-from self",
    "near pods(*) of namespaces(team=x) same app other tenant",
    "weight 5",
    "spot=true:NoSchedule for 30s",
    "field-type: so it is",
];

/// Keys under which something is read.
const KEYS: &[&str] = &[
    "apiVersion",
    "kind",
    "metadata",
    "name",
    "generateName",
    "namespace",
    "labels",
    "annotations",
    "ownerReferences",
    "uid",
    "spec",
    "status",
    "template",
    "replicas",
    "selector",
    "matchLabels",
    "matchExpressions",
    "key",
    "operator",
    "values",
    "value",
    "effect",
    "affinity",
    "nodeAffinity",
    "podAffinity",
    "podAntiAffinity",
    "requiredDuringSchedulingIgnoredDuringExecution",
    "preferredDuringSchedulingIgnoredDuringExecution",
    "nodeSelectorTerms",
    "matchFields",
    "weight",
    "preference",
    "podAffinityTerm",
    "labelSelector",
    "namespaceSelector",
    "namespaces",
    "topologyKey",
    "matchLabelKeys",
    "mismatchLabelKeys",
    "topologySpreadConstraints",
    "maxSkew",
    "whenUnsatisfiable",
    "minDomains",
    "nodeAffinityPolicy",
    "nodeTaintsPolicy",
    "tolerations",
    "tolerationSeconds",
    "nodeSelector",
    "nodeName",
    "schedulerName",
    "schedulingGates",
    "priorityClassName",
    "containers",
    "initContainers",
    "resources",
    "requests",
    "limits",
    "volumes",
    "persistentVolumeClaim",
    "claimName",
    "hostNetwork",
    "ports",
    "hostPort",
    "strategy",
    "updateStrategy",
    "rollingUpdate",
    "maxSurge",
    "maxUnavailable",
    "partition",
    "jobTemplate",
    "completions",
    "parallelism",
    "items",
    "roles",
    "ratios",
    "strategies",
    "affinityScheduling",
    "batchMode",
    "topology",
    "volumeClaimTemplates",
    "overhead",
];

/// Changes a value by all choices that are left, up to a bound.
pub fn change(value: &mut Value, choices: &mut Choices<'_>) {
    for _ in 0..24 {
        if choices.is_empty() {
            return;
        }
        let copied = somewhere(value, choices).clone();
        let at = somewhere(value, choices);
        edit(at, copied, choices);
    }
}

/// Goes down from the root, as deep as the choices say.
fn somewhere<'v>(value: &'v mut Value, choices: &mut Choices<'_>) -> &'v mut Value {
    let mut at = value;
    for _ in 0..choices.below(12) {
        let length = match &*at {
            Value::Object(map) => map.len(),
            Value::Array(items) => items.len(),
            _ => 0,
        };
        if length == 0 {
            break;
        }
        let number = choices.below(length);
        let inner = match at {
            Value::Object(map) => map.values_mut().nth(number),
            Value::Array(items) => items.get_mut(number),
            _ => None,
        };
        at = inner.expect("below the length");
    }
    at
}

fn edit(at: &mut Value, copied: Value, choices: &mut Choices<'_>) {
    match choices.below(8) {
        0 => *at = scalar(choices),
        1 => *at = copied,
        2 => put(at, key(choices), scalar(choices)),
        3 => put(at, key(choices), copied),
        4 => remove(at, choices),
        5 => {
            if let Value::Array(items) = at
                && items.len() < 64
            {
                items.push(copied);
            }
        }
        6 => annotate(at, choices),
        _ => {
            let key = key(choices);
            *at = Value::Object(Map::from_iter([(key, at.take())]));
        }
    }
}

fn put(at: &mut Value, key: String, value: Value) {
    if let Value::Object(map) = at {
        map.insert(key, value);
    }
}

fn remove(at: &mut Value, choices: &mut Choices<'_>) {
    match at {
        Value::Object(map) => {
            let number = choices.below(map.len());
            if let Some(key) = map.keys().nth(number).cloned() {
                map.remove(&key);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            items.remove(choices.below(items.len()));
        }
        other => *other = Value::Null,
    }
}

/// A rule, where annotations may stand.
fn annotate(at: &mut Value, choices: &mut Choices<'_>) {
    const NAMES: &[&str] =
        &["require", "prefer", "tolerate", "ignore", "expand", "group", "applied"];
    let name = choices.pick(NAMES).unwrap_or_default();
    let mut rules = choices.pick(RULES).unwrap_or_default().to_owned();
    if choices.byte() & 1 == 1 {
        rules = format!("{rules}\n{}", choices.pick(RULES).unwrap_or_default());
    }
    let annotations = json!({format!("placecard.dev/{name}"): rules});
    match at {
        Value::Object(map) if map.contains_key("spec") || map.contains_key("metadata") => {
            let metadata = map.entry("metadata").or_insert_with(|| json!({}));
            put(metadata, "annotations".to_owned(), annotations);
        }
        Value::Object(map) => map.extend(annotations.as_object().cloned().unwrap_or_default()),
        other => *other = Value::String(rules),
    }
}

fn key(choices: &mut Choices<'_>) -> String {
    match choices.byte() & 7 {
        0 => choices.text(),
        _ => choices.pick(KEYS).unwrap_or_default().to_owned(),
    }
}

fn scalar(choices: &mut Choices<'_>) -> Value {
    match choices.byte() % 10 {
        0 => Value::Null,
        1 => json!(choices.byte() & 1 == 1),
        2 => json!(choices.byte()),
        3 => json!(-1),
        4 => json!(choices.pick(&[i64::MAX, i64::MIN, 1 << 31, 101, 256]).unwrap_or_default()),
        5 => json!(0.5),
        6 => json!([]),
        7 => json!({}),
        8 => json!(choices.text()),
        _ => json!(choices.pick(WORDS).unwrap_or_default()),
    }
}
