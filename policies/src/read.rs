//! From JSON to [`Object`] and to answers: the only place that sees the API's optional fields.
//!
//! Fields that placement does not depend on are passed over; the API server validates them.

mod answers;
mod containers;
mod custom;
mod shape;

use k8s_openapi::api::core::v1::{Affinity, Toleration, TopologySpreadConstraint};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use placecard_findings::{FieldPath, ObjectRef, Segment, api_group};
use placecard_language::checked::Words;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::kinds::{self, OwnPods, WorkloadKind};
use crate::object::{ClaimVolume, Map, Object, Owner, Parallel, PodSpec, Strategy, Template};

pub use answers::{answers, answers_of};

/// A field that cannot be read: the API server would refuse the object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadProblem {
    /// Where.
    pub path: FieldPath,
    /// What the decoder says, `invalid type: integer 3, expected a string`.
    pub message: String,
}

/// Reads `apiVersion`, `kind`, `metadata.namespace` and `metadata.name`; `None` if the value is not
/// a Kubernetes object.
#[must_use]
pub fn reference(value: &Value) -> Option<ObjectRef> {
    let text = |at: Option<&Value>, field: &str| {
        at.and_then(|at| at.get(field)).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let metadata = value.get("metadata");
    let reference = ObjectRef {
        api_version: text(Some(value), "apiVersion"),
        kind: text(Some(value), "kind"),
        namespace: text(metadata, "namespace"),
        name: text(metadata, "name"),
    };
    (!reference.api_version.is_empty() && !reference.kind.is_empty()).then_some(reference)
}

/// The field at a path, without the text of a pointer in between.
#[must_use]
pub fn at<'a>(value: &'a Value, path: &FieldPath) -> Option<&'a Value> {
    path.0.iter().try_fold(value, step)
}

/// The field or element one step further down.
pub(crate) fn step<'a>(value: &'a Value, segment: &Segment) -> Option<&'a Value> {
    match segment {
        Segment::Key(key) => value.get(key.as_str()),
        Segment::Index(index) => value.get(index),
    }
}

/// The field below several keys, without the text of a pointer in between.
#[must_use]
pub fn below<'a>(value: &'a Value, keys: &[&str]) -> Option<&'a Value> {
    keys.iter().try_fold(value, |at, key| at.get(key))
}

/// Reads an object.
///
/// # Errors
/// The first field whose type is not the API's.
pub fn object(value: &Value, words: &Words) -> Result<Object, ReadProblem> {
    let head: Head = value.read()?;
    match kinds::find(api_group(&head.api_version), &head.kind) {
        Some(row) => built_in(row, value),
        None => custom::object(&head, value, words),
    }
}

/// The same from text, without a tree in between where the kind is built in; for the webhook.
///
/// # Errors
/// As [`object`]; text that is not JSON is a problem at the root.
pub fn object_from_json(json: &str, words: &Words) -> Result<Object, ReadProblem> {
    typed_from_json(json, words).map_err(|problem| {
        // Text that is not JSON is wrong as a whole, wherever the decoder was.
        match serde_json::from_str::<serde::de::IgnoredAny>(json) {
            Ok(_) => problem,
            Err(error) => ReadProblem { path: FieldPath::root(), message: error.to_string() },
        }
    })
}

fn typed_from_json(json: &str, words: &Words) -> Result<Object, ReadProblem> {
    let json = Json(json);
    let head: Head = json.read()?;
    match kinds::find(api_group(&head.api_version), &head.kind) {
        Some(row) => built_in(row, json),
        None => {
            let value: Value = json.read()?;
            custom::object(&head, &value, words)
        }
    }
}

/// The pod template at a place; `None`: there is none, or it cannot be read.
pub(crate) fn template_at(value: &Value, at: &FieldPath) -> Option<Template> {
    let wire: WireTemplate = self::at(value, at)?.read().ok()?;
    Some(template(at.clone(), wire))
}

/// Keeps the templates of an object as they are written, so that they can be judged on a cluster.
pub fn keep_written(object: &mut Object, value: &Value) {
    for template in object.templates.iter_mut().filter(|one| one.scattered.is_empty()) {
        template.written = at(value, &template.path).cloned();
    }
}

/// `spec.selector` of a controller of any kind, if it is a LabelSelector; a ReplicationController
/// has a map of labels there. `None` for what is neither, because a misread selector selects
/// everything.
#[must_use]
pub fn controller_selector(object: &Value) -> Option<LabelSelector> {
    let selector = below(object, &["spec", "selector"])?;
    let text = |field: &str| object.get(field).and_then(Value::as_str);
    if (text("apiVersion"), text("kind")) == (Some("v1"), Some("ReplicationController")) {
        let labels = Map::deserialize(selector).ok()?;
        return (!labels.is_empty())
            .then_some(LabelSelector { match_labels: Some(labels), match_expressions: None });
    }
    label_selector(selector).filter(|_| selector.as_object().is_some_and(|all| !all.is_empty()))
}

/// A LabelSelector, if it is nothing but one.
pub(crate) fn label_selector(written: &Value) -> Option<LabelSelector> {
    let known = |name: &String| matches!(name.as_str(), "matchLabels" | "matchExpressions");
    let is_one = written.as_object()?.keys().all(known);
    is_one.then(|| LabelSelector::deserialize(written).ok()).flatten()
}

/// What an object is read from. What can be read is read once; where the first mistake is, is looked
/// for only if there is one, because that costs as much again.
trait Written<'de>: Copy {
    fn read<T: Deserialize<'de>>(self) -> Result<T, ReadProblem>;
}

impl<'de> Written<'de> for &'de Value {
    fn read<T: Deserialize<'de>>(self) -> Result<T, ReadProblem> {
        T::deserialize(self).or_else(|_| located(self))
    }
}

/// A text.
#[derive(Clone, Copy)]
struct Json<'a>(&'a str);

impl<'de> Written<'de> for Json<'de> {
    fn read<T: Deserialize<'de>>(self) -> Result<T, ReadProblem> {
        let text = || serde_json::Deserializer::from_str(self.0);
        T::deserialize(&mut text()).or_else(|_| located(&mut text()))
    }
}

/// Deserialises and says where it failed.
fn located<'de, T: Deserialize<'de>, D: Deserializer<'de>>(from: D) -> Result<T, ReadProblem>
where
    D::Error: std::fmt::Display,
{
    serde_path_to_error::deserialize(from).map_err(|error| {
        let mut path = FieldPath::root();
        for segment in error.path() {
            match segment {
                serde_path_to_error::Segment::Seq { index } => path.0.push(Segment::Index(*index)),
                serde_path_to_error::Segment::Map { key } => {
                    path.0.push(Segment::key(key));
                }
                serde_path_to_error::Segment::Enum { .. }
                | serde_path_to_error::Segment::Unknown => {}
            }
        }
        ReadProblem { path, message: error.into_inner().to_string() }
    })
}

/// `null` reads as the empty value, as the API server reads it.
pub(crate) fn or_default<'de, D, T>(from: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Option::<T>::deserialize(from).map(Option::unwrap_or_default)
}

/// A map of strings, in which `null` reads as the empty string.
fn strings<'de, D: Deserializer<'de>>(from: D) -> Result<Map, D::Error> {
    let written = Option::<std::collections::BTreeMap<String, Option<String>>>::deserialize(from)?;
    let filled = |(key, value): (String, Option<String>)| (key, value.unwrap_or_default());
    Ok(written.unwrap_or_default().into_iter().map(filled).collect())
}

/// What is a mapping in the API. A derived reader would also take a list, for the fields in their
/// order.
#[derive(Default)]
struct Mapping<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Mapping<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Fields<T>(std::marker::PhantomData<T>);
        impl<'de, T: Deserialize<'de>> serde::de::Visitor<'de> for Fields<T> {
            type Value = T;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a mapping")
            }
            fn visit_map<A: serde::de::MapAccess<'de>>(self, fields: A) -> Result<T, A::Error> {
                T::deserialize(serde::de::value::MapAccessDeserializer::new(fields))
            }
        }
        from.deserialize_map(Fields(std::marker::PhantomData)).map(Self)
    }
}

/// A mapping that may be absent or null.
fn mapping<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(
    from: D,
) -> Result<T, D::Error> {
    or_default::<D, Mapping<T>>(from).map(|mapping| mapping.0)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Head {
    #[serde(default, deserialize_with = "or_default")]
    api_version: String,
    #[serde(default, deserialize_with = "or_default")]
    kind: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Metadata {
    #[serde(deserialize_with = "or_default")]
    name: String,
    #[serde(deserialize_with = "or_default")]
    namespace: String,
    #[serde(deserialize_with = "or_default")]
    uid: String,
    #[serde(deserialize_with = "strings")]
    labels: Map,
    #[serde(deserialize_with = "strings")]
    annotations: Map,
    #[serde(deserialize_with = "or_default")]
    owner_references: Vec<Mapping<OwnerReference>>,
    #[serde(deserialize_with = "or_default")]
    deletion_timestamp: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct OwnerReference {
    #[serde(deserialize_with = "or_default")]
    api_version: String,
    #[serde(deserialize_with = "or_default")]
    kind: String,
    #[serde(deserialize_with = "or_default")]
    name: String,
    #[serde(deserialize_with = "or_default")]
    uid: String,
    #[serde(deserialize_with = "or_default")]
    controller: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", bound = "S: Default + Deserialize<'de>")]
struct Whole<S> {
    #[serde(default, deserialize_with = "or_default")]
    api_version: String,
    #[serde(default, deserialize_with = "or_default")]
    kind: String,
    #[serde(default, deserialize_with = "mapping")]
    metadata: Metadata,
    #[serde(default, deserialize_with = "or_default")]
    spec: S,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct WireTemplate {
    #[serde(deserialize_with = "mapping")]
    metadata: Metadata,
    #[serde(deserialize_with = "mapping")]
    spec: WirePod,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct WirePod {
    #[serde(deserialize_with = "or_default")]
    node_name: String,
    #[serde(deserialize_with = "or_default")]
    scheduler_name: String,
    #[serde(deserialize_with = "strings")]
    node_selector: Map,
    affinity: Option<Affinity>,
    #[serde(deserialize_with = "or_default")]
    tolerations: Vec<Toleration>,
    #[serde(deserialize_with = "or_default")]
    topology_spread_constraints: Vec<TopologySpreadConstraint>,
    #[serde(deserialize_with = "or_default")]
    scheduling_gates: Vec<Mapping<WireGate>>,
    scheduling_group: Option<Mapping<WireGroup>>,
    #[serde(deserialize_with = "or_default")]
    volumes: Vec<Mapping<WireVolume>>,
    // What is odd in these says nothing: the API server refuses it.
    containers: containers::Written,
    init_containers: containers::Written,
    host_network: Option<Value>,
    readiness_gates: Option<Value>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct WireGate {
    #[serde(deserialize_with = "or_default")]
    name: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct WireGroup {
    #[serde(deserialize_with = "or_default")]
    pod_group_name: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct WireVolume {
    persistent_volume_claim: Option<Mapping<WireClaim>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct WireClaim {
    #[serde(deserialize_with = "or_default")]
    claim_name: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default, bound = "L: Default + Deserialize<'de>")]
struct WireWorkload<L> {
    replicas: Option<i64>,
    parallelism: Option<i64>,
    completions: Option<i64>,
    // Of other kinds it is nothing.
    suspend: Option<Value>,
    selector: Option<L>,
    // Of other kinds these are other fields, or none.
    pod_management_policy: Option<Value>,
    ordinals: Option<Value>,
    strategy: Option<Value>,
    update_strategy: Option<Value>,
    #[serde(deserialize_with = "mapping")]
    template: WireTemplate,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct WireCronJob {
    #[serde(deserialize_with = "mapping")]
    job_template: WireJobTemplate,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct WireJobTemplate {
    #[serde(deserialize_with = "mapping")]
    spec: WireWorkload<LabelSelector>,
}

fn built_in<'de>(
    row: &'static WorkloadKind,
    from: impl Written<'de>,
) -> Result<Object, ReadProblem> {
    let path = FieldPath::of(row.template);
    if row.template.is_empty() {
        let whole: Whole<Mapping<WirePod>> = from.read()?;
        let (labels, annotations) =
            (whole.metadata.labels.clone(), whole.metadata.annotations.clone());
        let mut object = with_head(Some(row), &whole.api_version, &whole.kind, whole.metadata);
        let containers = containers::of(&whole.spec.0);
        object.templates = vec![Template {
            path,
            labels,
            annotations,
            spec: pod_spec(whole.spec.0),
            containers,
            ..Template::default()
        }];
        return Ok(object);
    }
    match (row.own, row.template.len()) {
        (OwnPods::LabelMap, _) => {
            let whole: Whole<Mapping<WireWorkload<Map>>> = from.read()?;
            let Whole { api_version, kind, metadata, spec: Mapping(spec) } = whole;
            let object = with_head(Some(row), &api_version, &kind, metadata);
            let by_labels =
                |labels| LabelSelector { match_labels: Some(labels), match_expressions: None };
            Ok(with_pods(object, path, spec, by_labels))
        }
        (_, 2) => {
            let whole: Whole<Mapping<WireWorkload<LabelSelector>>> = from.read()?;
            let Whole { api_version, kind, metadata, spec: Mapping(spec) } = whole;
            let object = with_head(Some(row), &api_version, &kind, metadata);
            Ok(with_pods(object, path, spec, |selector| selector))
        }
        _ => {
            let whole: Whole<Mapping<WireCronJob>> = from.read()?;
            let Whole { api_version, kind, metadata, spec: Mapping(spec) } = whole;
            let object = with_head(Some(row), &api_version, &kind, metadata);
            Ok(with_pods(object, path, spec.job_template.spec, |selector| selector))
        }
    }
}

/// The object with what its spec says of its pods.
fn with_pods<L>(
    mut object: Object,
    path: FieldPath,
    spec: WireWorkload<L>,
    selector: impl Fn(L) -> LabelSelector,
) -> Object {
    object.replicas = spec.replicas;
    let suspended = spec.suspend == Some(Value::Bool(true));
    let WireWorkload { parallelism, completions, .. } = spec;
    object.parallel = Parallel { parallelism, completions, suspended };
    let written = match object.reference.kind.as_str() {
        "Deployment" => spec.strategy,
        "DaemonSet" | "StatefulSet" => spec.update_strategy,
        _ => None,
    };
    if object.reference.kind == "StatefulSet" {
        let policy = spec.pod_management_policy.as_ref().and_then(Value::as_str);
        object.management = policy.unwrap_or_default().to_owned();
        object.start = spec.ordinals.and_then(|ordinals| ordinals.get("start")?.as_u64());
    }
    object.strategy = written.map(|written| strategy(&written)).unwrap_or_default();
    object.selector = spec.selector.map(selector);
    object.templates = vec![template(path, spec.template)];
    object
}

/// `spec.strategy` and its like.
fn strategy(written: &Value) -> Strategy {
    #[derive(Default, Deserialize)]
    #[serde(rename_all = "camelCase", default)]
    struct Written {
        #[serde(deserialize_with = "or_default")]
        r#type: String,
        #[serde(deserialize_with = "mapping")]
        rolling_update: Rolling,
    }
    #[derive(Default, Deserialize)]
    #[serde(rename_all = "camelCase", default)]
    struct Rolling {
        max_surge: Option<IntOrString>,
        max_unavailable: Option<IntOrString>,
    }
    if written.is_null() {
        return Strategy::default();
    }
    match Mapping::<Written>::deserialize(written) {
        Ok(Mapping(Written { r#type, rolling_update })) => Strategy {
            kind: r#type,
            max_surge: rolling_update.max_surge,
            max_unavailable: rolling_update.max_unavailable,
            written: true,
            unreadable: false,
        },
        Err(_) => Strategy { written: true, unreadable: true, ..Strategy::default() },
    }
}

fn with_head(
    kind: Option<&'static WorkloadKind>,
    api_version: &str,
    name_of_kind: &str,
    metadata: Metadata,
) -> Object {
    Object {
        reference: ObjectRef {
            api_version: api_version.to_owned(),
            kind: name_of_kind.to_owned(),
            namespace: metadata.namespace,
            name: metadata.name,
        },
        uid: metadata.uid,
        labels: metadata.labels,
        annotations: metadata.annotations,
        owners: metadata
            .owner_references
            .into_iter()
            .map(|Mapping(owner)| Owner {
                api_version: owner.api_version,
                kind: owner.kind,
                name: owner.name,
                uid: owner.uid,
                controller: owner.controller,
            })
            .collect(),
        deleting: !metadata.deletion_timestamp.is_empty(),
        kind,
        ..Object::default()
    }
}

fn template(path: FieldPath, wire: WireTemplate) -> Template {
    Template {
        path,
        labels: wire.metadata.labels,
        annotations: wire.metadata.annotations,
        containers: containers::of(&wire.spec),
        spec: pod_spec(wire.spec),
        ..Template::default()
    }
}

fn pod_spec(wire: WirePod) -> PodSpec {
    PodSpec {
        node_name: wire.node_name,
        scheduler_name: wire.scheduler_name,
        node_selector: wire.node_selector,
        affinity: wire.affinity,
        tolerations: wire.tolerations,
        spread: wire.topology_spread_constraints,
        scheduling_gates: wire.scheduling_gates.into_iter().map(|Mapping(one)| one.name).collect(),
        scheduling_group: wire
            .scheduling_group
            .map(|Mapping(one)| one.pod_group_name)
            .unwrap_or_default(),
        claims: wire
            .volumes
            .into_iter()
            .enumerate()
            .filter_map(|(index, Mapping(volume))| {
                let Mapping(claim) = volume.persistent_volume_claim?;
                Some(ClaimVolume { index, name: claim.claim_name })
            })
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use std::collections::BTreeMap;

    use placecard_language::intent::TargetKind;

    use super::*;
    use crate::surroundings::{Answer, Reference};

    fn read(value: &Value) -> Object {
        let words = Words::default();
        let object = object(value, &words).unwrap();
        let from_text = object_from_json(&value.to_string(), &words).unwrap();
        assert_eq!(format!("{object:?}"), format!("{from_text:?}"), "both ways read the same");
        object
    }

    #[test]
    fn every_built_in_kind_gives_its_template() {
        for row in kinds::KINDS {
            let api_version =
                if row.group.is_empty() { "v1".to_owned() } else { format!("{}/v1", row.group) };
            let mut value = json!({"apiVersion": api_version, "kind": row.kind,
                "metadata": {"name": "x", "namespace": "n"}});
            let template = json!({"metadata": {"labels": {"app": "x"}},
                "spec": {"nodeSelector": {"disk": "ssd"}, "affinity": null, "tolerations": null,
                         "volumes": [{"persistentVolumeClaim": {"claimName": "data"}}, {"emptyDir": {}}]}});
            if row.template.is_empty() {
                value["metadata"]["labels"] = json!({"app": "x"});
                value["spec"] = template["spec"].clone();
            } else {
                let pointer = FieldPath::of(row.template);
                let mut at = &mut value;
                for key in row.template {
                    at = &mut at[*key];
                }
                *at = template;
                assert!(value.pointer(&pointer.pointer()).is_some());
            }
            let object = read(&value);
            let [template] = object.templates.as_slice() else { panic!("{}", row.kind) };
            assert_eq!(template.path, FieldPath::of(row.template));
            assert_eq!(template.labels["app"], "x", "{}", row.kind);
            assert_eq!(template.spec.node_selector["disk"], "ssd");
            assert_eq!(template.spec.claims, [ClaimVolume { index: 0, name: "data".to_owned() }]);
            assert_eq!(object.reference.full_name(), "n/x");
        }
    }

    #[test]
    fn a_wrong_type_is_a_problem_with_its_path() {
        let value = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "x"},
            "spec": {"template": {"spec": {"nodeSelector": {"gpu": true}}}}});
        let problem = object(&value, &Words::default()).unwrap_err();
        assert_eq!(problem.path.to_string(), "spec.template.spec.nodeSelector.gpu");
        assert!(problem.message.contains("boolean"), "{}", problem.message);
        for list in ["spec", "template"] {
            let mut value =
                json!({"apiVersion": "apps/v1", "kind": "Deployment", "spec": {"template": {}}});
            if list == "spec" {
                value["spec"] = json!([])
            } else {
                value["spec"][list] = json!([])
            }
            let problem = object(&value, &Words::default()).unwrap_err();
            assert!(problem.path.to_string().ends_with(list), "{}", problem.path);
            assert!(problem.message.contains("expected a mapping"), "{}", problem.message);
        }
        let problem = object_from_json("{\"apiVersion\": ", &Words::default()).unwrap_err();
        assert_eq!(problem.path, FieldPath::root());
    }

    #[test]
    fn objects_answer_about_themselves() {
        let service = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "db"},
            "spec": {"selector": {"app": "db"}}});
        let [(reference, answer)] = &answers(&service, "shop")[..] else { panic!() };
        assert_eq!(
            *reference,
            Reference::Target {
                kind: TargetKind::Service,
                namespace: "shop".into(),
                name: "db".into()
            }
        );
        let Answer::Selector(Some(selector)) = answer else { panic!("{answer:?}") };
        assert_eq!(selector.native().match_labels.unwrap()["app"], "db");
        let headless = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "db"}});
        assert_eq!(answers(&headless, "shop")[0].1, Answer::Selector(None));
        let namespace =
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}});
        let Answer::Namespace(labels) = &answers(&namespace, "")[0].1 else { panic!() };
        assert_eq!(labels["kubernetes.io/metadata.name"], "shop");
        assert!(answers(&json!(3), "").is_empty());
    }

    #[test]
    fn only_what_is_a_selector_is_read_as_one() {
        let with = |kind: &str, selector: Value| {
            controller_selector(
                &json!({"apiVersion": "v1", "kind": kind, "spec": {"selector": selector}}),
            )
        };
        let labels = |selector: Option<LabelSelector>| selector.and_then(|s| s.match_labels);
        let web = Some(BTreeMap::from([("app".to_owned(), "web".to_owned())]));
        assert_eq!(labels(with("Rollout", json!({"matchLabels": {"app": "web"}}))), web);
        assert_eq!(labels(with("ReplicationController", json!({"app": "web"}))), web);
        let expression = json!({"matchExpressions": [{"key": "a", "operator": "Exists"}]});
        assert!(with("Rollout", expression).is_some());
        for selector in [
            json!(null),
            json!("app=web"),
            json!({}),
            json!({"app": "web"}),
            json!({"matchLabels": {"app": "web"}, "other": 1}),
            json!({"matchLabels": {"app": 1}}),
            json!([]),
        ] {
            assert_eq!(with("Rollout", selector), None);
        }
        for selector in [json!({}), json!({"matchLabels": {"app": "web"}})] {
            assert_eq!(with("ReplicationController", selector), None);
        }
        assert_eq!(controller_selector(&json!({"kind": "Pod"})), None);
        assert_eq!(controller_selector(&json!(7)), None);
    }
}
