//! Placement fields that stand where nobody reads them.

use placecard_findings::{
    Code, Edit, FieldPath, Finding, Fix, Help, Label, ObjectRef, Segment, Site, Verdict,
};
use serde_json::Value;

use crate::read::{at, step};
use crate::words;

/// The code of these findings.
pub(crate) const CODE: Code = Code::new("placement-field-misplaced");

/// Fields of a pod spec, which are no fields of anything around or inside it.
const FIELDS: &[&str] =
    &["affinity", "nodeSelector", "tolerations", "topologySpreadConstraints", "schedulingGates"];

/// What people write in a pod spec for one of its fields.
const MEANT: &[(&str, &[&str])] = &[
    ("affinities", &["affinity"]),
    ("antiAffinity", &["affinity", "podAntiAffinity"]),
    ("nodeAffinity", &["affinity", "nodeAffinity"]),
    ("nodeSelectors", &["nodeSelector"]),
    ("podAffinity", &["affinity", "podAffinity"]),
    ("podAntiAffinity", &["affinity", "podAntiAffinity"]),
    ("toleration", &["tolerations"]),
    ("topologySpreadConstraint", &["topologySpreadConstraints"]),
];

/// The fields of an affinity, and of each of its parts.
const PARTS: &[&str] = &["nodeAffinity", "podAffinity", "podAntiAffinity"];
const STRENGTHS: &[&str] = &[
    "requiredDuringSchedulingIgnoredDuringExecution",
    "preferredDuringSchedulingIgnoredDuringExecution",
];

/// What is misplaced in an object with its pod template at a path; empty for a pod.
pub(crate) fn findings(object: &ObjectRef, template: &FieldPath, whole: &Value) -> Vec<Finding> {
    let mut misplaced = Misplaced { object, spec: template.key("spec"), whole, found: Vec::new() };
    // Around the pod spec: the template, and each mapping above it but the object.
    let mut above = Some(whole);
    for (index, segment) in template.0.iter().enumerate() {
        above = above.and_then(|above| step(above, segment));
        let Some(mapping) = above else { break };
        let path = || FieldPath(template.0.get(..=index).unwrap_or_default().to_vec());
        misplaced.fields_in(mapping, path);
    }
    misplaced.in_spec();
    misplaced.found
}

/// What stands in `nodeSelector` and is no value of a label.
pub(crate) fn in_node_selector(
    object: &ObjectRef,
    template: &FieldPath,
    whole: &Value,
) -> Vec<Finding> {
    let mut misplaced = Misplaced { object, spec: template.key("spec"), whole, found: Vec::new() };
    let selector = misplaced.spec.key("nodeSelector");
    if let Some(mapping) = misplaced.at(&selector) {
        misplaced.fields_in(mapping, || selector.clone());
    }
    misplaced.found
}

struct Misplaced<'a> {
    object: &'a ObjectRef,
    spec: FieldPath,
    whole: &'a Value,
    found: Vec<Finding>,
}

impl<'a> Misplaced<'a> {
    fn at(&self, path: &FieldPath) -> Option<&'a Value> {
        at(self.whole, path).filter(|value| !value.is_null())
    }

    /// Placement fields that stand in a mapping which has no such fields.
    fn fields_in(&mut self, mapping: &Value, path: impl Fn() -> FieldPath) {
        for field in FIELDS {
            if mapping.get(field).is_some_and(|value| value.is_object() || value.is_array()) {
                self.tell(&path().key(field), &[*field]);
            }
        }
    }

    fn in_spec(&mut self) {
        let spec = self.spec.clone();
        let Some(Value::Object(fields)) = self.at(&spec) else { return };
        for (field, meant) in MEANT {
            if fields.get(*field).is_some_and(|value| !value.is_null()) {
                self.tell(&spec.key(field), meant);
            }
        }
        for field in fields.keys() {
            let meant = FIELDS.iter().find(|one| one.eq_ignore_ascii_case(field) && **one != field);
            if let Some(meant) = meant {
                self.tell(&spec.key(field), &[*meant]);
            }
        }
        for list in ["initContainers", "containers"] {
            let containers = fields.get(list).and_then(Value::as_array);
            for (index, container) in containers.into_iter().flatten().enumerate() {
                self.fields_in(container, || spec.key(list).index(index));
            }
        }
        self.in_affinity(&spec.key("affinity"));
    }

    fn in_affinity(&mut self, path: &FieldPath) {
        let Some(Value::Object(parts)) = self.at(path) else { return };
        for (part, value) in parts {
            if PARTS.contains(&part.as_str()) {
                let strengths = value.as_object().into_iter().flatten();
                for (strength, _) in strengths.filter(|(one, _)| !STRENGTHS.contains(&one.as_str()))
                {
                    let required = strength.starts_with("required");
                    let preferred = strength.starts_with("preferred");
                    let meant = match (required, preferred) {
                        (true, _) => STRENGTHS.first(),
                        (_, true) => STRENGTHS.get(1),
                        _ => None,
                    };
                    let meant: Vec<&str> =
                        meant.map(|meant| vec!["affinity", part, meant]).unwrap_or_default();
                    self.tell(&path.key(part).key(strength), &meant);
                }
                continue;
            }
            let meant = PARTS.iter().find(|known| known.eq_ignore_ascii_case(part));
            let meant = meant.copied().or((part == "antiAffinity").then_some("podAntiAffinity"));
            let outside = FIELDS.contains(&part.as_str()).then_some(part.as_str());
            let meant: Vec<&str> = match (meant, outside) {
                (Some(meant), _) => vec!["affinity", meant],
                (_, Some(field)) => vec![field],
                _ => Vec::new(),
            };
            self.tell(&path.key(part), &meant);
        }
    }

    /// A field that nobody reads, and where it belongs, from the pod spec.
    fn tell(&mut self, from: &FieldPath, meant: &[&str]) {
        let Some(Segment::Key(name)) = from.0.last() else { return };
        let parent = from.parent();
        let holder = match parent.0.last() {
            Some(Segment::Key(key)) => key.to_string(),
            _ => "a container".to_owned(),
        };
        let message =
            format!("{} has no field {}", words::shorten(&holder, 25), words::shorten(name, 40));
        let label = Label::new(Site::key(from.clone()), "read by nobody").quoting(name.clone());
        let mut finding = Finding::new(CODE, Verdict::Risk, self.object.clone(), message, label);
        finding.why = Some(
            "the API server drops it, or refuses it where it is asked to be strict".to_owned(),
        );
        let to = self.spec.keys(meant);
        if meant.is_empty() {
            finding.help =
                vec![Help::text("see `kubectl explain pod.spec.affinity` for the fields")];
        } else {
            finding.help = vec![Help::text(format!("it is spec.{} of the pod", meant.join(".")))];
            let value = self.at(from).map(ToString::to_string);
            let edits =
                value.filter(|_| self.is_free(from, &to)).map(|value| self.moved(from, &to, value));
            finding.fix = edits.map(Fix::safe);
        }
        self.found.push(finding);
    }

    /// Whether nothing stands in the way of a move.
    fn is_free(&self, from: &FieldPath, to: &FieldPath) -> bool {
        let mut above = to.parent();
        // What is to hold it must be a mapping, if it is there.
        while above.0.len() > self.spec.0.len() {
            if self.at(&above).is_some_and(|value| !value.is_object()) {
                return false;
            }
            above.0.pop();
        }
        self.whole.pointer(&to.pointer()).is_none() && !to.0.starts_with(&from.0)
    }

    fn moved(&self, from: &FieldPath, to: &FieldPath, value: String) -> Vec<Edit> {
        if let (true, Some(Segment::Key(name))) = (from.parent() == to.parent(), to.0.last()) {
            return vec![Edit::rename(from.clone(), name.clone())];
        }
        // A mapping that is left without an entry goes as well, but for the object's own.
        let mut gone = from.clone();
        while gone.0.len() > 2 {
            let parent = gone.parent();
            let last =
                self.at(&parent).and_then(Value::as_object).is_some_and(|all| all.len() == 1);
            if !last || to.0.starts_with(&parent.0) {
                break;
            }
            gone = parent;
        }
        vec![Edit::set(to.clone(), value), Edit::remove(gone)]
    }
}
