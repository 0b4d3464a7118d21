//! From paths to findings: reads, resolves, reviews, and puts the findings in order.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::sync::Arc;

use placecard_findings::{Finding, Help, Holds, Label, ObjectRef, Severity, Site, Verdict};
use placecard_language::Words;
use placecard_policies::feasibility::inventory::Inventory;
use placecard_policies::mode::{self, Mode};
use placecard_policies::object::Object;
use placecard_policies::read;
use placecard_policies::review::Expansion;
use placecard_policies::stored::add_manifest;
use placecard_policies::surroundings::{Objects, Surroundings};
use placecard_policies::template_pod::Unjudged;
use placecard_policies::vocabulary;
use serde_json::Value;

use crate::cluster_of::{self, Taken};
use crate::index::{Index, KEPT, ObjectId, Reading, Role};
use crate::judging::{Doing, judge_objects};
use crate::load::{Format, Input, Problem, collect, describe};
use crate::load_codes;
use crate::noted::{self, Looking};
use crate::one_document::uncollected;
use crate::plan::{ClusterSource, Inputs};
use crate::progress::Step;
use crate::render::place::{Place, Placed, place_all, place_span};
use crate::side_by_side;

/// What a run found.
#[derive(Clone, Debug, Default)]
pub struct Judged {
    /// Everything that was read.
    pub index: Index,
    /// By file, line, column and code; no two equal ones.
    pub findings: Vec<Placed>,
    /// What becomes of the templates of an object.
    pub expansions: BTreeMap<ObjectId, Vec<Planned>>,
    /// Objects with a finding of severity error, or with a rule that names something unknown: they
    /// are not expanded.
    pub unfit: BTreeSet<ObjectId>,
    /// For the summary.
    pub counts: Counts,
    /// The namespaces in which not everything is refused.
    pub modes: BTreeMap<String, Mode>,
    /// What the objects were judged by.
    pub words: Arc<Words>,
    /// What they were told of others.
    pub answers: Objects,
    /// What became of the templates on the cluster, if there is one.
    pub on_cluster: Option<OnCluster>,
    /// Why the vocabulary cannot be used; then no object was judged.
    pub unusable: Option<String>,
}

/// What became of the templates on a cluster.
#[derive(Clone, Debug, Default)]
pub struct OnCluster {
    /// What the cluster is called.
    pub name: String,
    /// How many nodes it has.
    pub nodes: usize,
    /// The resources that it lacks.
    pub missing: Vec<String>,
    /// What is to be said of how it was read.
    pub complaints: Vec<String>,
    /// How many templates have a node that fits.
    pub placed: usize,
    /// The templates that were not judged, and why.
    pub unjudged: Vec<(ObjectRef, Unjudged)>,
}

/// What becomes of one template.
#[derive(Clone, Debug)]
pub struct Planned {
    /// As the review says.
    pub expansion: Expansion,
    /// Its changes start from the template as it is written, and not from a template without what
    /// an earlier expansion added.
    pub from_written: bool,
}

/// How many of what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Findings of severity error.
    pub errors: usize,
    /// Findings of severity warning.
    pub warnings: usize,
    /// Findings of severity note.
    pub notes: usize,
    /// Judged files.
    pub files: usize,
    /// Judged objects.
    pub objects: usize,
    /// Their pod templates; a pod is its own.
    pub templates: usize,
}

impl Judged {
    /// The greatest severity of all findings.
    #[must_use]
    pub fn worst(&self) -> Option<Severity> {
        self.findings.iter().map(|placed| placed.finding.severity).max()
    }

    /// Weighs the findings as the modes of the namespaces do.
    pub fn weigh(&mut self) {
        for placed in &mut self.findings {
            let namespace = &placed.finding.object.namespace;
            if let Some(mode) = self.modes.get(namespace) {
                mode::weigh(*mode, &namespace.clone(), &mut placed.finding);
            }
        }
        self.counts.of_findings(&self.findings);
    }
}

impl Judged {
    /// Keeps the findings that `keep` says, which may change their severity.
    pub fn retain(&mut self, mut keep: impl FnMut(&Index, &mut Placed) -> bool) {
        let Self { index, findings, .. } = self;
        findings.retain_mut(|placed| keep(index, placed));
        self.counts.of_findings(&self.findings);
    }

    /// Adds findings, in order.
    pub fn add(&mut self, findings: Vec<Placed>) {
        self.findings.extend(findings);
        self.findings = in_order(&self.index, std::mem::take(&mut self.findings));
        self.counts.of_findings(&self.findings);
    }
}

impl Counts {
    fn of_findings(&mut self, findings: &[Placed]) {
        let count = |severity: Severity| {
            findings.iter().filter(|placed| placed.finding.severity == severity).count()
        };
        self.errors = count(Severity::Error);
        self.warnings = count(Severity::Warning);
        self.notes = count(Severity::Note);
    }
}

/// Reads and judges.
///
/// # Errors
/// Why it could not run: an unreadable path, no vocabulary in its file, nothing to look at.
pub fn judge(inputs: &Inputs, stdin: &mut dyn Read) -> Result<Judged, String> {
    judge_by(None, inputs, stdin)
}

/// What has been read already.
pub(crate) struct Given<'a> {
    /// The words of the vocabulary.
    pub(crate) words: Words,
    /// A snapshot that answers what manifests do not; nothing is judged on it.
    pub(crate) inventory: &'a Inventory,
}

/// As [`judge()`], with the cluster for nothing but what the manifests leave open; and what is to be
/// said of how it was read.
///
/// # Errors
/// As for [`judge()`], and what of the cluster cannot be read.
pub fn judge_beside(
    inputs: &Inputs,
    stdin: &mut dyn Read,
) -> Result<(Judged, Vec<String>), String> {
    if inputs.cluster.is_absent() {
        return Ok((judge(inputs, stdin)?, Vec::new()));
    }
    let words = words_of(inputs, stdin)?;
    let Taken { cluster, server, complaints, .. } =
        cluster_of::read(&inputs.cluster, inputs, &words, stdin)?;
    let given = Given { words, inventory: &cluster.inventory };
    let inputs =
        Inputs { vocabulary: None, cluster: ClusterSource::Absent, server, ..inputs.clone() };
    Ok((judge_by(Some(given), &inputs, stdin)?, complaints))
}

/// As [`judge()`], by what is given.
///
/// # Errors
/// As for [`judge()`].
pub(crate) fn judge_by(
    given: Option<Given<'_>>,
    inputs: &Inputs,
    stdin: &mut dyn Read,
) -> Result<Judged, String> {
    judge_read(given, inputs, read_files(inputs, stdin)?, stdin, &mut |_, _, _| {})
}

/// As [`judge_by`], of files that were read already; `tell` hears how far it has come.
///
/// # Errors
/// As for [`judge()`].
pub(crate) fn judge_read(
    given: Option<Given<'_>>,
    inputs: &Inputs,
    files: Vec<(Role, Input)>,
    stdin: &mut dyn Read,
    tell: &mut dyn FnMut(Step, usize, usize),
) -> Result<Judged, String> {
    judge_on(Means { threads: None, kept: KEPT, twice: false }, given, inputs, files, stdin, tell)
}

/// What changes nothing but time and memory.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Means {
    /// `None`: as many as there are processors, if there is work for them.
    pub(crate) threads: Option<usize>,
    /// The trees of how many bytes of text are kept from one look to the next.
    pub(crate) kept: usize,
    /// Every object is looked at again when all is known, whatever its first look has shown.
    pub(crate) twice: bool,
}

/// As [`judge_read`], with so much of this and that.
pub(crate) fn judge_on(
    Means { threads, kept, twice }: Means,
    given: Option<Given<'_>>,
    inputs: &Inputs,
    files: Vec<(Role, Input)>,
    stdin: &mut dyn Read,
    tell: &mut dyn FnMut(Step, usize, usize),
) -> Result<Judged, String> {
    let on_cluster = given.is_some() || !inputs.cluster.is_absent();
    let namespace = inputs.namespace.as_deref().filter(|_| on_cluster);
    let words = given.as_ref().map(|given| &given.words);
    let reading =
        Reading { threads: threads.unwrap_or_else(|| side_by_side::threads(files.len())), kept };
    let tell_read = &mut |done, all| tell(Step::Reading, done, all);
    let words = words.cloned().unwrap_or_else(|| words_ahead(inputs, &files));
    let alone = Surroundings { words: words.into(), server: inputs.server, ..Default::default() };
    let looking = Looking { alone, namespace, at_once: !on_cluster && !twice };
    let note = |role, value: &Value, name: Option<&ObjectRef>| {
        noted::note(value, name, role == Role::Judged, &looking)
    };
    let (index, mut noted) = Index::noting(files, reading, note, tell_read);
    let threads = threads.unwrap_or_else(|| side_by_side::threads(index.count()));
    let mut findings = load_findings(&index);
    let mut judged = Judged::default();
    let (words, inventory, unusable) = match given {
        Some(Given { words, inventory }) => (words, Some(inventory), None),
        None => {
            let (words, unusable) = vocabulary_of(inputs, &index, &mut findings)?;
            (words, None, unusable)
        }
    };
    judged.unusable = unusable;
    if judged.unusable.is_none() {
        let mut surroundings = Surroundings {
            words: words.into(),
            objects: noted::answers(&index, &mut noted, namespace.unwrap_or_default()),
            server: inputs.server,
            ..Surroundings::default()
        };
        if !inputs.cluster.is_absent() {
            let Taken { mut cluster, definitions, server, complaints } =
                cluster_of::read(&inputs.cluster, inputs, &surroundings.words, stdin)?;
            surroundings.server = server;
            let mut known = Objects::default();
            definitions.into_iter().for_each(|(asked, answer)| known.insert(asked, answer));
            surroundings.objects.extend(known);
            for (_, _, object) in index.objects() {
                add_manifest(&mut cluster.inventory, &object, namespace);
            }
            judged.on_cluster = Some(OnCluster {
                name: cluster.name.clone(),
                nodes: cluster.inventory.nodes.len(),
                missing: cluster.missing(),
                complaints,
                ..OnCluster::default()
            });
            surroundings.cluster = Some(Arc::new(cluster));
        }
        judged.words = Arc::clone(&surroundings.words);
        let cluster = surroundings.cluster.clone();
        let inventory = inventory.or(cluster.as_ref().map(|cluster| &cluster.inventory));
        let beside = Beside { inventory, namespace };
        let settled = noted::settled(&index, &noted);
        let mut facts = noted::facts(noted, &folders(&index), &surroundings);
        inventory.into_iter().for_each(|inventory| facts.add_cluster(inventory));
        if inputs.closed_world {
            facts.close();
        }
        facts.settle();
        surroundings.inputs = Arc::new(facts).into();
        let mut doing = Doing { judged: &mut judged, findings: &mut findings, tell, threads };
        judge_objects((&index, &settled), beside, &mut surroundings, &mut doing);
        judged.answers = surroundings.objects;
    }
    judged.counts.files = index.files.iter().filter(|file| file.role == Role::Judged).count();
    if judged.counts.objects == 0 && findings.is_empty() {
        return Err(nothing(&index));
    }
    judged.findings = in_order(&index, findings);
    judged.counts.of_findings(&judged.findings);
    judged.index = index;
    Ok(judged)
}

/// The words of the vocabulary alone.
///
/// # Errors
/// Why it cannot be used.
pub(crate) fn words_of(inputs: &Inputs, stdin: &mut dyn Read) -> Result<Words, String> {
    let alone = Inputs { paths: Vec::new(), objects: Vec::new(), ..inputs.clone() };
    let index = gather(&alone, stdin)?;
    let (words, unusable) = vocabulary_of(&alone, &index, &mut Vec::new())?;
    match (unusable, &inputs.vocabulary) {
        (Some(_), Some(name)) => {
            Err(format!("the vocabulary {name} cannot be used: `placecard lint {name}` says why"))
        }
        _ => Ok(words),
    }
}

/// The words that objects are read by. What is wrong with the vocabulary is said once all is read.
fn words_ahead(inputs: &Inputs, files: &[(Role, Input)]) -> Words {
    let own = files.iter().filter(|(role, _)| *role == Role::Vocabulary).cloned().collect();
    let words = vocabulary_of(inputs, &Index::new(own), &mut Vec::new());
    words.map(|(words, _)| words).unwrap_or_default()
}

fn gather(inputs: &Inputs, stdin: &mut dyn Read) -> Result<Index, String> {
    read_files(inputs, stdin).map(Index::new)
}

/// The files that are judged, and those that are read beside them.
///
/// # Errors
/// What cannot be read.
pub(crate) fn read_files(
    inputs: &Inputs,
    stdin: &mut dyn Read,
) -> Result<Vec<(Role, Input)>, String> {
    let mut files = Vec::new();
    let mut mistakes = Vec::new();
    let vocabulary: Vec<String> = inputs.vocabulary.iter().cloned().collect();
    for (role, paths) in [
        (Role::Judged, &inputs.paths),
        (Role::Context, &inputs.objects),
        (Role::Vocabulary, &vocabulary),
    ] {
        match collect(paths, &mut *stdin) {
            Ok(read) => files.extend(read.into_iter().map(|input| (role, input))),
            Err(errors) => mistakes.extend(errors),
        }
    }
    if mistakes.is_empty() { Ok(files) } else { Err(uncollected(&mistakes)) }
}

fn nothing(index: &Index) -> String {
    let judged = index.files.iter().filter(|file| file.role == Role::Judged);
    let names: Vec<&str> = judged.map(|file| file.source.name.as_str()).collect();
    match names.as_slice() {
        [name] => format!("no Kubernetes object in {name}"),
        names => format!("no Kubernetes object in {} files", names.len()),
    }
}

/// Findings about what could not be read; a template hides the other problems of its document.
fn load_findings(index: &Index) -> Vec<Placed> {
    let mut findings = Vec::new();
    let mut told = BTreeSet::new();
    for (number, file) in index.files.iter().enumerate() {
        // A file may be an input and context at once.
        if !told.insert(file.source.name.as_str()) {
            continue;
        }
        if !file.has_problems {
            continue;
        }
        for document in file.documents().iter() {
            match document.problems.iter().find(|problem| problem.is_template()) {
                Some(template) => {
                    findings.push(load_finding(index, number, document.format, template))
                }
                None => findings.extend(
                    document
                        .problems
                        .iter()
                        .map(|problem| load_finding(index, number, document.format, problem)),
                ),
            }
        }
    }
    findings
}

fn load_finding(index: &Index, file: usize, format: Format, problem: &Problem) -> Placed {
    let code = load_codes::code_of(problem, format);
    let (message, help) = describe(problem);
    let verdict = load_codes::find(code.as_str()).map_or(Verdict::ApiRejects, |row| row.verdict);
    let site = Label::new(Site::default(), "");
    let mut finding = Finding::new(code, verdict, ObjectRef::default(), message, site);
    finding.severity = load_codes::find(code.as_str()).map_or(Severity::Error, |row| row.severity);
    finding.help = help.map(Help::text).into_iter().collect();
    if problem.is_template() {
        finding.holds = Holds::assuming("until it is rendered; the document is skipped");
    }
    let mut labels = vec![place_span(index, file, problem.span, "")];
    if let Some(related) = problem.related {
        labels.push(place_span(index, file, related, "the first is here"));
    }
    Placed { finding, labels, edits: Vec::new() }
}

/// The words to judge by, or why there are none.
fn vocabulary_of(
    inputs: &Inputs,
    index: &Index,
    findings: &mut Vec<Placed>,
) -> Result<(Words, Option<String>), String> {
    let Some(name) = &inputs.vocabulary else { return Ok((Words::default(), None)) };
    let unusable = Some(format!("the vocabulary {name} cannot be used, so no object was judged"));
    let broken = index.files.iter().any(|file| {
        file.role == Role::Vocabulary && file.documents().iter().any(|one| !one.readable())
    });
    if broken {
        return Ok((Words::default(), unusable));
    }
    let own = index.objects_of(|role| role == Role::Vocabulary);
    let mut found = own.filter(|(_, _, value)| {
        read::reference(value).is_some_and(|object| vocabulary::is_vocabulary(&object))
    });
    let Some((id, _, value)) = found.next() else {
        return Err(format!("{name} holds no PlacementVocabulary of placecard.dev"));
    };
    if found.next().is_some() {
        return Err(format!("{name} holds more than one PlacementVocabulary"));
    }
    let (words, mistakes) = vocabulary::check(&value);
    if mistakes.is_empty() {
        return Ok((words, None));
    }
    findings.extend(place_all(index, id, mistakes));
    Ok((Words::default(), unusable))
}

/// What stands beside the manifests.
#[derive(Clone, Copy)]
pub(crate) struct Beside<'a> {
    /// A snapshot.
    pub(crate) inventory: Option<&'a Inventory>,
    /// The namespace of what has none.
    pub(crate) namespace: Option<&'a str>,
}

/// A number for the folder of each file.
fn folders(index: &Index) -> Vec<usize> {
    let mut known = BTreeMap::new();
    let folder = |name: &str| name.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
    let number = |name: String| {
        let next = known.len();
        *known.entry(name).or_insert(next)
    };
    index.files.iter().map(|file| folder(&file.source.name)).map(number).collect()
}

/// Puts an object without a namespace into this one.
pub(crate) fn in_namespace(object: &mut Object, namespace: Option<&str>) {
    if let Some(namespace) = namespace.filter(|_| object.reference.namespace.is_empty()) {
        namespace.clone_into(&mut object.reference.namespace);
    }
}

fn in_order(index: &Index, mut findings: Vec<Placed>) -> Vec<Placed> {
    let key = |placed: &Placed| {
        let Place { line, column, .. } = placed.primary();
        (placed.file_name(index).to_owned(), line, column, placed.finding.code)
    };
    findings.sort_by_cached_key(key);
    findings.dedup();
    findings
}
