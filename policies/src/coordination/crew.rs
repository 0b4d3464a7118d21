//! The pods of other controllers' groups, from their templates: how many replicas each role has, and
//! what pods one replica is.
//!
//! Read as their controllers do: LeaderWorkerSet (leaderworkerset.x-k8s.io/v1) and DisaggregatedSet
//! (disaggregatedset.x-k8s.io/v1) at v0.10.0, JobSet (jobset.x-k8s.io/v1alpha2) at v0.12.0,
//! RoleBasedGroup (workloads.x-k8s.io/v1alpha1 and v1alpha2) at v0.8.0-alpha.5. What their webhooks
//! add to pods is not looked at.

use std::ops::Range;

use placecard_findings::{FieldPath, api_group};
use serde_json::{Map, Value, json};

use super::membership::GROUP_LABELS;

/// Pods of one replica that are looked at.
const MOST: u32 = 20_000;

/// A role of a group.
#[derive(Clone, Debug, PartialEq)]
pub struct Crew {
    /// The role inside; empty for a LeaderWorkerSet.
    pub inside: String,
    /// How many replicas there are to be: what ratios count.
    pub replicas: u32,
    /// What the names of its pods begin with: `NAME` of `NAME-0`.
    pub name: String,
    /// The labels by which its pods are known.
    pub labels: Vec<(String, String)>,
    /// The pods of one replica.
    pub parts: Vec<CrewPart>,
}

/// Pods of one replica from one template.
#[derive(Clone, Debug, PartialEq)]
pub struct CrewPart {
    /// The pod template.
    pub template: Value,
    /// What the names end in besides the number of the replica; `None`: one pod, in nothing.
    pub suffixes: Option<Range<u32>>,
}

impl Crew {
    /// How many pods one replica is.
    #[must_use]
    pub fn pods(&self) -> u64 {
        let of = |part: &CrewPart| part.suffixes.as_ref().map_or(1, |of| of.len() as u64);
        self.parts.iter().map(of).sum()
    }
}

/// The roles of an object, if it is a group; templates that are not there make no pods.
#[must_use]
pub fn crews(value: &Value) -> Vec<Crew> {
    let text = |pointer: &str| value.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let (group, kind) = (api_group(text("/apiVersion")), text("/kind"));
    let name = text("/metadata/name");
    let spec = value.get("spec").unwrap_or(&Value::Null);
    match (group, kind) {
        ("leaderworkerset.x-k8s.io", "LeaderWorkerSet") => {
            vec![crew(kind, name, "", name.to_owned(), count(spec, "replicas"), groups(spec))]
        }
        ("disaggregatedset.x-k8s.io", "DisaggregatedSet") => named(spec, "roles")
            .map(|(role, written)| slice(name, role, written, count(spec, "slices")))
            .collect(),
        ("jobset.x-k8s.io", "JobSet") => named(spec, "replicatedJobs")
            .map(|(role, written)| {
                let prefix = format!("{name}-{role}");
                crew(kind, name, role, prefix, count(written, "replicas"), jobs(written))
            })
            .collect(),
        ("workloads.x-k8s.io", "RoleBasedGroup") => named(spec, "roles")
            .map(|(role, written)| {
                let prefix = format!("{name}-{role}");
                crew(kind, name, role, prefix, count(written, "replicas"), instance(spec, written))
            })
            .collect(),
        _ => Vec::new(),
    }
}

fn crew(
    kind: &str,
    group: &str,
    inside: &str,
    name: String,
    replicas: u32,
    parts: Vec<CrewPart>,
) -> Crew {
    let row = GROUP_LABELS.iter().find(|(of, ..)| *of == kind);
    let mut labels = Vec::new();
    if let Some((_, of_group, of_role)) = row {
        labels.push(((*of_group).to_owned(), group.to_owned()));
        labels.extend(of_role.map(|label| (label.to_owned(), inside.to_owned())));
    }
    Crew { inside: inside.to_owned(), replicas, name, labels, parts }
}

/// Where the pod templates of a role stand as they are written; none where the pods come of more than
/// what stands there: a patch, or a template of the group's list.
#[must_use]
pub fn templates_at(value: &Value, inside: &str) -> Vec<FieldPath> {
    let text = |pointer: &str| value.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let spec = FieldPath::of(&["spec"]);
    let role = |list: &str| {
        let elements = value.pointer(&format!("/spec/{list}")).and_then(Value::as_array)?;
        let is = |one: &Value| one.get("name").and_then(Value::as_str) == Some(inside);
        Some(FieldPath::of(&["spec", list]).index(elements.iter().position(is)?))
    };
    let found = match text("/kind") {
        "LeaderWorkerSet" => leader_and_worker(value, &spec),
        "DisaggregatedSet" => {
            role("roles").map(|at| leader_and_worker(value, &at.key("spec"))).unwrap_or_default()
        }
        "JobSet" => role("replicatedJobs")
            .map(|at| vec![at.keys(&["template", "spec", "template"])])
            .unwrap_or_default(),
        "RoleBasedGroup" => role("roles").map(|at| of_role(value, &at)).unwrap_or_default(),
        _ => Vec::new(),
    };
    let is_there = |at: &FieldPath| value.pointer(&at.pointer()).is_some_and(Value::is_object);
    found.into_iter().filter(is_there).collect()
}

fn leader_and_worker(value: &Value, spec: &FieldPath) -> Vec<FieldPath> {
    let of = spec.key("leaderWorkerTemplate");
    let there = |at: &FieldPath| value.pointer(&at.pointer()).filter(|one| !one.is_null());
    let (leader, worker) = (of.key("leaderTemplate"), of.key("workerTemplate"));
    let size = there(&of).map_or(1, |of| count(of, "size"));
    let mut found = Vec::new();
    if there(&leader).is_some() {
        found.push(leader);
    }
    if found.is_empty() || size > 1 {
        found.push(worker);
    }
    found
}

/// Of a role of a RoleBasedGroup.
fn of_role(value: &Value, role: &FieldPath) -> Vec<FieldPath> {
    let there = |at: &FieldPath| value.pointer(&at.pointer()).is_some_and(|one| !one.is_null());
    let pattern = |name: &str| Some(role.key(name)).filter(|at| there(at));
    if let Some(at) = pattern("standalonePattern") {
        return vec![at.key("template")];
    }
    if let Some(at) = pattern("leaderWorkerPattern") {
        let patches = ["leaderTemplatePatch", "workerTemplatePatch"];
        let is_patched = patches.iter().any(|patch| there(&at.key(patch)));
        return if is_patched { Vec::new() } else { vec![at.key("template")] };
    }
    let components =
        [role.keys(&["customComponentsPattern", "components"]), role.key("components")];
    if let Some(list) = components.iter().find(|at| there(at)) {
        let count = value.pointer(&list.pointer()).and_then(Value::as_array).map_or(0, Vec::len);
        return (0..count).map(|index| list.index(index).key("template")).collect();
    }
    match pattern("leaderWorkerSet") {
        Some(_) => Vec::new(),
        None => vec![role.key("template")],
    }
}

/// A number, 1 if it says nothing (all of these default to 1).
fn count(written: &Value, field: &str) -> u32 {
    let number = written.get(field).filter(|number| !number.is_null());
    number.map_or(1, |number| number.as_u64().and_then(|of| u32::try_from(of).ok()).unwrap_or(0))
}

/// The elements of a list with their names.
fn named<'v>(spec: &'v Value, list: &str) -> impl Iterator<Item = (&'v str, &'v Value)> + use<'v> {
    let elements = spec.get(list).and_then(Value::as_array).into_iter().flatten();
    elements.filter_map(|one| Some((one.get("name")?.as_str()?, one)))
}

/// One pod with the number of its replica alone.
fn alone(template: Option<Value>) -> Vec<CrewPart> {
    template.into_iter().map(|template| CrewPart { template, suffixes: None }).collect()
}

fn numbered(template: Value, suffixes: Range<u32>) -> Option<CrewPart> {
    (!suffixes.is_empty()).then_some(CrewPart { template, suffixes: Some(suffixes) })
}

/// A group of a LeaderWorkerSet: the leader, and workers that are numbered from 1.
fn groups(spec: &Value) -> Vec<CrewPart> {
    let Some(template) = spec.get("leaderWorkerTemplate") else { return Vec::new() };
    let worker = template.get("workerTemplate").cloned();
    let leader = template.get("leaderTemplate").filter(|one| !one.is_null()).cloned();
    let mut parts = alone(leader.or_else(|| worker.clone()));
    let size = count(template, "size").min(MOST);
    parts.extend(worker.and_then(|worker| numbered(worker, 1..size)));
    parts
}

/// A role of one slice of a DisaggregatedSet: all pods of its LeaderWorkerSet.
fn slice(name: &str, role: &str, written: &Value, slices: u32) -> Crew {
    let spec = written.get("spec").unwrap_or(&Value::Null);
    let replicas = count(spec, "replicas").min(MOST);
    let mut from = 0_u32;
    let mut parts = Vec::new();
    for part in groups(spec) {
        let pods = part.suffixes.map_or(1, |of| of.end.saturating_sub(of.start));
        let to = from.saturating_add(pods.saturating_mul(replicas)).min(MOST);
        parts.extend(numbered(part.template, from..to));
        from = to;
    }
    crew("DisaggregatedSet", name, role, format!("{name}-{role}"), slices, parts)
}

/// One Job of a replicated Job: as many pods as run at once.
fn jobs(written: &Value) -> Vec<CrewPart> {
    let Some(job) = written.pointer("/template/spec") else { return Vec::new() };
    let parallelism = count(job, "parallelism");
    let pods = match job.get("completions").filter(|number| !number.is_null()) {
        Some(_) => parallelism.min(count(job, "completions")),
        None => parallelism,
    };
    let template = job.get("template").cloned();
    template.and_then(|template| numbered(template, 0..pods.min(MOST))).into_iter().collect()
}

/// One instance of a role of a RoleBasedGroup.
fn instance(spec: &Value, role: &Value) -> Vec<CrewPart> {
    let standalone = role.get("standalonePattern").filter(|one| !one.is_null());
    if let Some(pattern) = standalone {
        return alone(source(spec, pattern));
    }
    let pattern = role.get("leaderWorkerPattern").filter(|one| !one.is_null());
    if let Some(pattern) = pattern {
        let patches = ("leaderTemplatePatch", "workerTemplatePatch");
        return leader_and_workers(source(spec, pattern), pattern, patches);
    }
    let custom = role.pointer("/customComponentsPattern/components").or(role.get("components"));
    if let Some(components) = custom.and_then(Value::as_array).filter(|list| !list.is_empty()) {
        let mut from = 0_u32;
        let mut parts = Vec::new();
        for component in components {
            let to = from.saturating_add(count(component, "size")).min(MOST);
            let template = component.get("template").cloned();
            parts.extend(template.and_then(|template| numbered(template, from..to)));
            from = to;
        }
        return parts;
    }
    // v1alpha1 has the template in the role.
    let template = source(spec, role);
    match role.get("leaderWorkerSet").filter(|one| !one.is_null()) {
        Some(set) => {
            leader_and_workers(template, set, ("patchLeaderTemplate", "patchWorkerTemplate"))
        }
        None => alone(template),
    }
}

fn leader_and_workers(
    template: Option<Value>,
    pattern: &Value,
    (leader, worker): (&str, &str),
) -> Vec<CrewPart> {
    let Some(template) = template else { return Vec::new() };
    let patched = |field: &str| {
        let mut template = template.clone();
        if let Some(patch) = pattern.get(field) {
            merge(&mut template, patch);
        }
        template
    };
    let size = count(pattern, "size").min(MOST);
    let parts = [numbered(patched(leader), 0..size.min(1)), numbered(patched(worker), 1..size)];
    parts.into_iter().flatten().collect()
}

/// A template that stands there, or the one of the group's list that it names, patched.
fn source(spec: &Value, written: &Value) -> Option<Value> {
    if let Some(template) = written.get("template").filter(|one| !one.is_null()) {
        return Some(template.clone());
    }
    let wanted = written.pointer("/templateRef/name")?.as_str()?;
    let mut found = named(spec, "roleTemplates").find(|(name, _)| *name == wanted);
    let mut template = found.take()?.1.get("template")?.clone();
    let patches = [written.pointer("/templateRef/patch"), written.get("templatePatch")];
    patches.into_iter().flatten().for_each(|patch| merge(&mut template, patch));
    Some(template)
}

/// A strategic merge as far as pod templates need it: mappings field by field, null takes away, and
/// lists of things with names by name.
fn merge(into: &mut Value, patch: &Value) {
    match (into, patch) {
        (Value::Object(into), Value::Object(patch)) => {
            for (field, value) in patch {
                if value.is_null() {
                    into.remove(field);
                } else {
                    merge(into.entry(field.clone()).or_insert(Value::Null), value);
                }
            }
        }
        (Value::Array(into), Value::Array(patch)) if all_named(into) && all_named(patch) => {
            for value in patch {
                let same = into.iter_mut().find(|one| one.get("name") == value.get("name"));
                match same {
                    Some(one) => merge(one, value),
                    None => into.push(value.clone()),
                }
            }
        }
        (into, Value::Object(patch)) => {
            *into = Value::Object(Map::new());
            merge(into, &Value::Object(patch.clone()));
        }
        (into, patch) => *into = patch.clone(),
    }
}

fn all_named(list: &[Value]) -> bool {
    list.iter().all(|one| one.get("name").is_some_and(Value::is_string))
}

/// A template as a pod of this name, with these labels besides its own.
#[must_use]
pub fn pod(template: &Value, namespace: &str, name: &str, labels: &[(String, String)]) -> Value {
    let mut metadata = match template.get("metadata") {
        Some(Value::Object(fields)) => fields.clone(),
        _ => Map::new(),
    };
    metadata.insert("name".to_owned(), json!(name));
    if !namespace.is_empty() {
        metadata.insert("namespace".to_owned(), json!(namespace));
    }
    if !labels.is_empty() {
        let of = metadata.entry("labels").or_insert(Value::Null);
        let added = labels.iter().map(|(key, value)| (key.clone(), json!(value)));
        merge(of, &Value::Object(added.collect()));
    }
    let spec = template.get("spec").cloned().unwrap_or_else(|| json!({}));
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template(image: &str) -> Value {
        json!({"metadata": {"labels": {"app": image}},
            "spec": {"containers": [{"name": "c", "image": image}]}})
    }

    fn group(api_version: &str, kind: &str, spec: &Value) -> Value {
        json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": "g"}, "spec": spec})
    }

    /// Of each role its name, replicas, and of each part the image and the ends of names.
    fn told(value: &Value) -> Vec<String> {
        let part = |part: &CrewPart| {
            let image = part.template.pointer("/spec/containers/0/image");
            let image = image.and_then(Value::as_str).unwrap_or("?");
            match &part.suffixes {
                None => image.to_owned(),
                Some(of) => format!("{image}[{of:?}]"),
            }
        };
        let crew = |one: Crew| {
            let parts: Vec<String> = one.parts.iter().map(part).collect();
            format!("{} {} x {}: {}", one.inside, one.name, one.replicas, parts.join(" "))
        };
        crews(value).into_iter().map(crew).collect()
    }

    #[test]
    fn groups_of_leaders_and_workers() {
        let set = |spec: Value| group("leaderworkerset.x-k8s.io/v1", "LeaderWorkerSet", &spec);
        let both = json!({"size": 4, "leaderTemplate": template("l"),
            "workerTemplate": template("w")});
        let value = set(json!({"replicas": 3, "leaderWorkerTemplate": both}));
        assert_eq!(told(&value), [" g x 3: l w[1..4]"]);
        let labels = [("leaderworkerset.sigs.k8s.io/name".to_owned(), "g".to_owned())];
        assert_eq!(crews(&value)[0].labels, labels);
        let worker = json!({"workerTemplate": template("w")});
        assert_eq!(told(&set(json!({"leaderWorkerTemplate": worker}))), [" g x 1: w"]);
        assert_eq!(told(&set(json!({}))), [" g x 1: "]);
        let roles =
            json!([{"name": "decode", "spec": {"replicas": 2, "leaderWorkerTemplate": both}}]);
        let value = group(
            "disaggregatedset.x-k8s.io/v1",
            "DisaggregatedSet",
            &json!({"slices": 5, "roles": roles}),
        );
        assert_eq!(told(&value), ["decode g-decode x 5: l[0..2] w[2..8]"]);
    }

    #[test]
    fn jobs_of_a_set_run_as_many_pods_as_they_may() {
        let job =
            |spec: Value| json!({"name": "workers", "replicas": 2, "template": {"spec": spec}});
        let jobs = json!([
            job(json!({"parallelism": 4, "completions": 3, "template": template("w")})),
            job(json!({"parallelism": 4, "template": template("w")})),
            job(json!({"template": template("w")}))
        ]);
        let value = group("jobset.x-k8s.io/v1alpha2", "JobSet", &json!({"replicatedJobs": jobs}));
        let expected = |pods: u32| format!("workers g-workers x 2: w[0..{pods}]");
        assert_eq!(told(&value), [expected(3), expected(4), expected(1)]);
    }

    #[test]
    fn roles_in_both_versions_of_role_based_groups() {
        let patch = json!({"spec": {"containers": [{"name": "c", "image": "patched"}],
            "nodeSelector": {"pool": "a"}}, "metadata": null});
        let templates = json!([{"name": "base", "template": template("base")}]);
        let old = json!({"roleTemplates": templates, "roles": [
            {"name": "a", "replicas": 6, "template": template("a")},
            {"name": "b", "templateRef": {"name": "base"}, "templatePatch": patch},
            {"name": "c", "template": template("c"), "leaderWorkerSet": {"size": 3,
                "patchLeaderTemplate": patch}},
            {"name": "d", "components": [{"name": "x", "size": 2, "template": template("x")},
                {"name": "y", "template": template("y")}]}]});
        assert_eq!(
            told(&group("workloads.x-k8s.io/v1alpha1", "RoleBasedGroup", &old)),
            [
                "a g-a x 6: a",
                "b g-b x 1: patched",
                "c g-c x 1: patched[0..1] c[1..3]",
                "d g-d x 1: x[0..2] y[2..3]"
            ]
        );
        let new = json!({"roleTemplates": templates, "roles": [
            {"name": "a", "replicas": 6, "standalonePattern": {"template": template("a")}},
            {"name": "b", "standalonePattern": {"templateRef": {"name": "base", "patch": patch}}},
            {"name": "c", "leaderWorkerPattern": {"size": 3, "template": template("c"),
                "workerTemplatePatch": patch}},
            {"name": "d", "customComponentsPattern": {"components": [
                {"name": "x", "size": 2, "template": template("x")}]}},
            {"name": "e", "standalonePattern": {"templateRef": {"name": "nobody"}}}]});
        let value = group("workloads.x-k8s.io/v1alpha2", "RoleBasedGroup", &new);
        assert_eq!(
            told(&value),
            [
                "a g-a x 6: a",
                "b g-b x 1: patched",
                "c g-c x 1: c[0..1] patched[1..3]",
                "d g-d x 1: x[0..2]",
                "e g-e x 1: "
            ]
        );
        let patched = &crews(&value)[1].parts[0].template;
        assert_eq!(patched["spec"]["nodeSelector"], json!({"pool": "a"}));
        assert!(patched.get("metadata").is_none());
        let pod = pod(patched, "ml", "g-b-0", &crews(&value)[1].labels);
        assert_eq!(pod["metadata"]["labels"]["rbg.workloads.x-k8s.io/role-name"], "b");
    }

    #[test]
    fn templates_are_found_where_they_stand() {
        let at = |value: &Value, inside: &str| -> Vec<String> {
            templates_at(value, inside).iter().map(FieldPath::pointer).collect()
        };
        let both =
            json!({"size": 4, "leaderTemplate": template("l"), "workerTemplate": template("w")});
        let set = |of: &Value| {
            group(
                "leaderworkerset.x-k8s.io/v1",
                "LeaderWorkerSet",
                &json!({"leaderWorkerTemplate": of}),
            )
        };
        let of = "/spec/leaderWorkerTemplate";
        assert_eq!(
            at(&set(&both), ""),
            [format!("{of}/leaderTemplate"), format!("{of}/workerTemplate")]
        );
        let worker = json!({"size": 4, "workerTemplate": template("w")});
        assert_eq!(at(&set(&worker), ""), [format!("{of}/workerTemplate")]);
        assert_eq!(at(&set(&json!({})), ""), [""; 0]);
        let roles = json!({"roles": [
            {"name": "a", "template": template("a")},
            {"name": "b", "templateRef": {"name": "base"}},
            {"name": "c", "standalonePattern": {"template": template("c")}},
            {"name": "d", "leaderWorkerPattern": {"template": template("d"), "workerTemplatePatch": {}}},
            {"name": "e", "components": [{"template": template("x")}, {"template": template("y")}]}]});
        let roles = group("workloads.x-k8s.io/v1alpha2", "RoleBasedGroup", &roles);
        assert_eq!(at(&roles, "a"), ["/spec/roles/0/template"]);
        assert_eq!(at(&roles, "b"), [""; 0]);
        assert_eq!(at(&roles, "c"), ["/spec/roles/2/standalonePattern/template"]);
        assert_eq!(at(&roles, "d"), [""; 0]);
        assert_eq!(at(&roles, "e").len(), 2);
        assert_eq!(at(&roles, "nobody"), [""; 0]);
        let jobs = json!({"replicatedJobs": [{"name": "w", "template": {"spec": {"template": template("w")}}}]});
        let jobs = group("jobset.x-k8s.io/v1alpha2", "JobSet", &jobs);
        assert_eq!(at(&jobs, "w"), ["/spec/replicatedJobs/0/template/spec/template"]);
        assert!(templates_at(&json!(7), "").is_empty());
    }

    #[test]
    fn odd_objects_have_no_roles() {
        for odd in [json!(7), json!({}), group("v1", "Pod", &json!({}))] {
            assert_eq!(crews(&odd), []);
        }
        let many = json!({"replicas": -1, "leaderWorkerTemplate": {"size": 4_000_000_000_u64,
            "workerTemplate": 7}});
        let found = crews(&group("leaderworkerset.x-k8s.io/v1", "LeaderWorkerSet", &many));
        assert_eq!((found[0].replicas, found[0].parts.len()), (0, 2));
        assert_eq!(found[0].parts[1].suffixes, Some(1..MOST));
    }
}
