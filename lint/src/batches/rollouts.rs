//! What coordinations that pace rollouts would do, from the manifests of their StatefulSets.

use std::collections::BTreeMap;

use placecard_findings::{ObjectRef, api_group};
use placecard_language::coordination::{
    Coordination, Group, RollingUpdate, Source, Strategy, sentence,
};
use placecard_language::{Words, keys};
use placecard_policies::coordination::players::is_of;
use placecard_policies::coordination::rollout::Pace;
use placecard_policies::coordination::rollout::course::{Course, MOST_PODS, Round, course};
use placecard_policies::coordination::rollouts::Hindrance;
use placecard_policies::read;
use placecard_policies::surroundings::Reference;
use placecard_policies::words;
use serde_json::{Value, json};

use super::human::lines;
use crate::index::Written;
use crate::plan::{Ask, Look};
use crate::render::human::{WIDTH, word, wrap};
use crate::render::style::{Paint, paint, plain};
use crate::run::Judged;

/// Rounds that are shown without `--all`.
const MOST_ROWS: usize = 20;

/// A coordination that paces rollouts, and what it would do.
pub(super) struct Rollout {
    namespace: String,
    group: String,
    coordination: String,
    is_managed: bool,
    /// The roles in the order written, with their StatefulSets.
    sets: Vec<(String, Set)>,
    /// The others, and why they cannot be paced.
    hindered: Vec<(String, Hindrance)>,
    /// `None`: there are too many pods.
    course: Option<Course>,
}

/// A StatefulSet, as its manifest says.
struct Set {
    name: String,
    replicas: u32,
    /// The number of its first pod.
    start: u32,
}

impl Rollout {
    /// It is to be paced and cannot be.
    pub(super) fn is_blocked(&self) -> bool {
        self.is_managed && (!self.hindered.is_empty() || self.course.is_none())
    }

    /// Why it is not paced; `None`: it is.
    fn why(&self) -> Option<String> {
        if !self.is_managed {
            return Some(words::rollout::unmanaged());
        }
        let why: Vec<String> =
            self.hindered.iter().map(|(role, why)| words::rollout::hindered(role, why)).collect();
        if !why.is_empty() {
            return Some(why.join("; "));
        }
        self.course.is_none().then(|| words::rollout::too_many_to_follow(MOST_PODS))
    }

    /// The names of pods, the last one first.
    fn names(&self, role: &str, numbers: &[u32]) -> Vec<String> {
        let set = self.sets.iter().find(|(of, _)| of == role).map(|(_, set)| set);
        let name = |number: &u32| match set {
            Some(set) => format!("{}-{}", set.name, u64::from(set.start) + u64::from(*number)),
            None => format!("{role}-{number}"),
        };
        numbers.iter().map(name).collect()
    }
}

/// The rollouts of RoleCoordinations.
pub(super) fn rollouts(
    judged: &Judged,
    groups: &[Group],
    words: &Words,
    ask: &Ask,
) -> Vec<Rollout> {
    let mut found = Vec::new();
    for group in groups {
        for coordination in &group.coordinations {
            if let Strategy::RollingUpdate(rolling) = &coordination.strategy {
                found.push(rollout(judged, group, (coordination, rolling), words, ask));
            }
        }
    }
    found
}

fn rollout(
    judged: &Judged,
    group: &Group,
    (coordination, rolling): (&Coordination, &RollingUpdate),
    words: &Words,
    ask: &Ask,
) -> Rollout {
    let ratio = |role: &String| {
        let (_, affinity) = group.placing(role)?;
        Some((role.clone(), *affinity.ratios.get(role)?))
    };
    let pace = Pace::of(rolling, coordination.roles.iter().filter_map(ratio).collect());
    let (mut sets, mut hindered) = (Vec::new(), Vec::new());
    for name in &coordination.roles {
        let Some(role) = group.role(name) else { continue };
        match set_of(judged, group, &role.source, words, ask) {
            Ok(set) => sets.push((name.clone(), set)),
            Err(why) => hindered.push((name.clone(), why)),
        }
    }
    let replicas = sets.iter().map(|(role, set)| (role.clone(), set.replicas)).collect();
    Rollout {
        namespace: group.namespace.clone(),
        group: group.name.clone(),
        coordination: coordination.name.clone(),
        is_managed: rolling.manage_rollout,
        course: course(&pace, &replicas),
        sets,
        hindered,
    }
}

/// The StatefulSet of a role, or why nobody can pace its rollout.
fn set_of(
    judged: &Judged,
    group: &Group,
    source: &Source,
    words: &Words,
    ask: &Ask,
) -> Result<Set, Hindrance> {
    let (api_version, kind, name) = match source {
        Source::Workload { api_version, kind, name } => (api_version, kind, name),
        Source::Group { kind, .. } => return Err(Hindrance::Kind { kind: kind.clone() }),
        Source::Annotation => return Err(Hindrance::Kind { kind: "Pod".to_owned() }),
    };
    if (api_group(api_version), kind.as_str()) != ("apps", "StatefulSet") {
        return Err(Hindrance::Kind { kind: kind.clone() });
    }
    let (kind, name) = (kind.clone(), name.clone());
    let object = ObjectRef {
        api_version: api_version.clone(),
        kind: kind.clone(),
        namespace: group.namespace.clone(),
        name: name.clone(),
    };
    let reference = Reference::Workload { object: Box::new(object) };
    let own = ask.namespace.as_deref().unwrap_or_default();
    let mut objects = judged.index.objects().map(|(_, _, value)| value);
    let is = |value: &Written| {
        read::reference(value).is_some_and(|object| is_of(&reference, &object, own))
    };
    let Some(value) = objects.find(is) else { return Err(Hindrance::Absent { kind, name }) };
    let Ok(object) = read::object(&value, words) else {
        return Err(Hindrance::Absent { kind, name });
    };
    let strategy = value.pointer("/spec/updateStrategy/type").and_then(Value::as_str);
    if strategy == Some("OnDelete") {
        return Err(Hindrance::OnDelete { name });
    }
    let partition = value.pointer("/spec/updateStrategy/rollingUpdate/partition");
    if partition.is_some_and(|partition| !partition.is_null()) {
        return Err(Hindrance::Written { name });
    }
    let said = object.templates.iter().find_map(|one| one.annotations.get(keys::COORDINATE));
    let coordinate = said.and_then(|said| sentence::read(said, words).0);
    if !coordinate.is_some_and(|one| one.own.is_none() && one.name == group.name) {
        return Err(Hindrance::Silent { name });
    }
    let replicas = object.replicas.unwrap_or(1).max(0);
    let start = object.start.unwrap_or(0);
    Ok(Set {
        name,
        replicas: u32::try_from(replicas).unwrap_or(u32::MAX),
        start: u32::try_from(start).unwrap_or(0),
    })
}

/// The plan for people.
pub(super) fn render(one: &Rollout, all: bool, look: Look) -> String {
    let name = match one.namespace.as_str() {
        "" => one.group.clone(),
        namespace => format!("{namespace}/{}", one.group),
    };
    let why = one.why();
    let course = match (&why, &one.course) {
        (None, Some(course)) => course,
        _ => {
            let why = why.unwrap_or_default();
            return lines(&words::rollout::not_planned(&name, &one.coordination, &why), look);
        }
    };
    let roles: Vec<(String, u32)> =
        one.sets.iter().map(|(role, set)| (role.clone(), set.replicas)).collect();
    let title = words::rollout::planned(&name, &one.coordination, &roles, course);
    let mut text = format!("{}\n{}\n", lines(&title, look), table(one, course, all, look));
    text.push_str(&word("order:", &words::rollout::order(course), look));
    for (label, said) in
        [("down:", words::rollout::limits(course)), ("stays:", words::rollout::staying(course))]
    {
        text.push_str(&said.map(|said| word(label, &said, look)).unwrap_or_default());
    }
    text + &word("holds:", &words::rollout::granted(), look)
}

fn table(one: &Rollout, course: &Course, all: bool, look: Look) -> String {
    let most = if all { course.rounds.len() } else { MOST_ROWS };
    let mut text = format!("{}\n", paint(look, Paint::Word, "  round  pods"));
    for (number, round) in course.rounds.iter().enumerate().take(most) {
        let head = format!("  {:>5}  ", number + 1);
        let indent = head.chars().count();
        let said = pods(one, round);
        for (at, line) in wrap(&plain(&said, look.ascii), WIDTH - indent).into_iter().enumerate() {
            let start = if at == 0 { head.clone() } else { " ".repeat(indent) };
            text.push_str(&format!("{start}{line}\n"));
        }
    }
    let rest = course.rounds.len().saturating_sub(most);
    if rest > 0 {
        let more = if rest == 1 { "more round" } else { "more rounds" };
        text.push_str(&format!("  and {rest} {more}: --all\n"));
    }
    text
}

/// The pods of a round, in the order of the roles.
fn pods(one: &Rollout, round: &Round) -> String {
    let of = |(role, _): &(String, Set)| round.get(role).map(|numbers| one.names(role, numbers));
    one.sets.iter().filter_map(of).flatten().collect::<Vec<String>>().join(" ")
}

/// The plan for programs.
pub(super) fn to_json(one: &Rollout) -> Value {
    let mut value = json!({
        "namespace": one.namespace,
        "name": one.group,
        "coordination": one.coordination,
        "managed": one.is_managed,
    });
    let blocked: Vec<Value> = one
        .hindered
        .iter()
        .map(|(role, why)| json!({"role": role, "message": words::rollout::hindered(role, why)}))
        .collect();
    value["blocked"] = json!(blocked);
    if let Some(why) = one.why() {
        value["message"] = json!(why);
    }
    let Some(course) = one.course.as_ref().filter(|_| one.why().is_none()) else { return value };
    let round = |(number, round): (usize, &Round)| {
        let of =
            |(role, _): &(String, Set)| Some((role.clone(), one.names(role, round.get(role)?)));
        let pods: BTreeMap<String, Vec<String>> = one.sets.iter().filter_map(of).collect();
        json!({"round": number + 1, "pods": pods})
    };
    value["rounds"] = json!(course.rounds.iter().enumerate().map(round).collect::<Vec<Value>>());
    value["stays"] = json!(course.stays);
    value["down"] = json!(course.down);
    value["apart"] = json!(course.apart);
    value
}
