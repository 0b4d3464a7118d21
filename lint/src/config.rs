//! `.placecard.yaml`: what the findings of a folder weigh, and what they are judged by.
//!
//! Each file has the configurations of its folder and of those above it, up to one that says `root`
//! or lies in the root of a repository. Where two say something about one thing, the nearer one
//! counts, and the command line stands over both. What a configuration extends counts as one of a
//! folder above.

mod files;
mod pattern;
mod read;

use std::collections::{BTreeMap, HashSet};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use placecard_findings::Severity;
use schemars::JsonSchema;
use serde::Serialize;

use crate::load::{Found, MANIFESTS, find};
use crate::plan::{Ask, ClusterSource, Configuration, EncodeAsk, Inputs, NO_CLUSTER};
use crate::selection::{Layer, Selection, selection};

pub(crate) use files::Files;
use pattern::Pattern;

/// The names of the file, in a folder only one of them.
pub const NAMES: &[&str] = &[".placecard.yaml", ".placecard.yml"];

/// Stands for a file of the current folder; nobody reads it.
const NO_FILE: &str = "-";

/// The file as it is written. Paths and patterns are relative to its folder. A pattern without `/`
/// matches names at any depth, one with `/` paths from the folder; `*` and `?` stand for characters
/// of one name, `**` for any number of names, and what a folder matches, all below it matches.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Written {
    /// Configurations of folders above do not count.
    pub root: bool,
    /// Another configuration, which counts as if it stood in a folder above: what it names is found
    /// from its own folder, its patterns are those of this one, and its `root` says nothing.
    pub extends: Option<String>,
    /// The PlacementVocabulary.
    pub vocabulary: Option<String>,
    /// Files or folders with the cluster, as for `--cluster`.
    pub cluster: Vec<String>,
    /// There is nothing in the cluster besides what is read, as for `--closed-world`.
    pub closed_world: bool,
    /// Codes and families that are told, and no others.
    pub select: Option<Vec<String>>,
    /// Codes and families that are told besides.
    pub extend_select: Vec<String>,
    /// Codes and families that are not told.
    pub ignore: Vec<String>,
    /// What findings of a code or family weigh: error, warning or note.
    pub severity: BTreeMap<String, String>,
    /// The least severity that fails a run: error, warning, note or never. Where files of one run
    /// differ, the strictest counts.
    pub fail_on: Option<String>,
    /// Files and folders that are left out when a folder is read; a file that is named is read.
    pub exclude: Vec<String>,
    /// What is different for some files; the last one that says something counts.
    pub overrides: Vec<Override>,
}

/// What is different for some files.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Override {
    /// Patterns of the files.
    pub files: Vec<String>,
    /// As above.
    pub select: Option<Vec<String>>,
    /// As above.
    pub extend_select: Vec<String>,
    /// As above.
    pub ignore: Vec<String>,
    /// As above.
    pub severity: BTreeMap<String, String>,
}

/// A configuration that was read and checked.
#[derive(Debug, Default)]
struct Config {
    /// Its folder, absolute.
    folder: PathBuf,
    root: bool,
    vocabulary: Option<String>,
    cluster: Vec<String>,
    closed_world: Option<bool>,
    fail_on: Option<FailOn>,
    exclude: Vec<Pattern>,
    layer: Layer,
    overrides: Vec<(Vec<Pattern>, Layer)>,
}

/// The least severity that fails a run, the mildest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FailOn {
    /// No finding fails it.
    Never,
    /// Errors do.
    Error,
    /// Warnings do, too.
    Warning,
    /// All findings do.
    Note,
}

impl FailOn {
    fn read(word: &str) -> Option<Self> {
        Some(match word {
            "never" => Self::Never,
            "error" => Self::Error,
            "warning" => Self::Warning,
            "note" => Self::Note,
            _ => return None,
        })
    }

    /// As `--fail-on` is kept.
    #[must_use]
    pub fn severity(self) -> Option<Severity> {
        match self {
            Self::Never => None,
            Self::Error => Some(Severity::Error),
            Self::Warning => Some(Severity::Warning),
            Self::Note => Some(Severity::Note),
        }
    }
}

/// The configurations of a run.
#[derive(Debug, Default)]
pub struct Configs {
    /// The one for all files; folders are not looked at then.
    only: Option<Vec<Arc<Config>>>,
    files: Files,
    /// By folder: its own configuration, behind those that it extends.
    of_folder: BTreeMap<PathBuf, Vec<Arc<Config>>>,
    /// By folder: those that count for its files.
    chains: BTreeMap<PathBuf, Vec<Arc<Config>>>,
    typed: Layer,
    /// The strictest that the files of the run have.
    fail_on: Option<FailOn>,
    selections: BTreeMap<String, Arc<Selection>>,
}

/// The JSON Schema of the file, with a line break at its end.
#[must_use]
pub fn schema() -> String {
    let schema = schemars::schema_for!(Written);
    serde_json::to_string_pretty(&schema).unwrap_or_default() + "\n"
}

impl Configs {
    /// Those that are asked for; `typed`: the choices of the command line.
    ///
    /// # Errors
    /// What is wrong with the file that is named.
    pub fn new(asked: &Configuration, typed: &Layer) -> Result<Self, String> {
        Self::of(Files::saved(), asked, typed)
    }

    /// The same of these files.
    ///
    /// # Errors
    /// As for [`Configs::new`].
    pub(crate) fn of(files: Files, asked: &Configuration, typed: &Layer) -> Result<Self, String> {
        let only = match asked {
            Configuration::Found => None,
            Configuration::Isolated => Some(Vec::new()),
            Configuration::Named(name) => {
                Some(shared(read::configs(&files, name, &absolute(&files.here, name))?))
            }
        };
        Ok(Self { only, files, typed: typed.clone(), ..Self::default() })
    }

    /// What is read, with what the configurations say: without excluded files, with the vocabulary
    /// and the cluster that they name.
    ///
    /// # Errors
    /// What is wrong with a configuration; two that name different vocabularies or clusters; no file
    /// that is not excluded.
    pub fn apply(&mut self, inputs: Inputs) -> Result<Inputs, String> {
        let found = find(&inputs.paths, MANIFESTS);
        // What cannot be found is told by who reads.
        let Ok(found) = found.into_iter().collect::<Result<Vec<Found>, _>>() else {
            return Ok(inputs);
        };
        let mut kept = Vec::new();
        let mut excluded = 0;
        // What is read together is one world: all have to say so.
        let mut closed_world = true;
        let mut vocabularies: Vec<String> = Vec::new();
        let mut clusters: Vec<Vec<String>> = Vec::new();
        let named: HashSet<&str> = inputs.paths.iter().map(String::as_str).collect();
        // Of the folder that is being looked at; whether one of its files is kept.
        let mut looked: Option<(Option<PathBuf>, Vec<Arc<Config>>, bool)> = None;
        for one in found {
            let Found { name, path } = one;
            let folder = Path::new(&name).parent();
            if looked.as_ref().is_none_or(|(known, ..)| known.as_deref() != folder) {
                let chain = self.chain(&absolute(&self.files.here, &name))?;
                looked = Some((folder.map(Path::to_owned), chain, false));
            }
            let Some((_, chain, is_kept)) = &mut looked else { continue };
            let typed = path.is_none() || named.contains(name.as_str());
            let excludes = |config: &Arc<Config>| {
                !config.exclude.is_empty() && config.excludes(&absolute(&self.files.here, &name))
            };
            if !typed && chain.iter().any(excludes) {
                excluded += 1;
                continue;
            }
            kept.push(if path_is_stdin(&name) { "-".to_owned() } else { name });
            if std::mem::replace(is_kept, true) {
                continue;
            }
            let vocabulary = chain.iter().rev().find_map(|config| config.vocabulary.clone());
            vocabularies.extend(vocabulary.filter(|one| !vocabularies.contains(one)));
            let cluster = chain.iter().rev().map(|config| &config.cluster);
            let cluster = cluster.into_iter().find(|paths| !paths.is_empty());
            clusters.extend(cluster.filter(|one| !clusters.contains(one)).cloned());
            let says = chain.iter().rev().find_map(|config| config.closed_world);
            closed_world &= says.unwrap_or_default();
            let fail_on = chain.iter().rev().find_map(|config| config.fail_on);
            self.fail_on = self.fail_on.max(Some(fail_on.unwrap_or(FailOn::Error)));
        }
        if kept.is_empty() {
            return Err(format!("nothing to read: {excluded} files are excluded"));
        }
        let paths = if excluded == 0 { inputs.paths.clone() } else { kept };
        let vocabulary = match (&inputs.vocabulary, vocabularies.as_slice()) {
            (None, [first, second, ..]) => {
                return Err(two("vocabularies", first, second, "vocabulary"));
            }
            (None, [one]) => Some(one.clone()),
            (typed, _) => typed.clone(),
        };
        let cluster = match (inputs.cluster.is_absent(), clusters.as_slice()) {
            (true, [first, second, ..]) => {
                return Err(two("clusters", &first.join(" "), &second.join(" "), "cluster"));
            }
            (true, [one]) => ClusterSource::Files(one.clone()),
            _ => inputs.cluster.clone(),
        };
        let closed_world = closed_world || inputs.closed_world;
        Ok(Inputs { paths, vocabulary, cluster, closed_world, ..inputs })
    }

    /// What is read where no file says which configurations count: those of the current folder.
    ///
    /// # Errors
    /// What is wrong with a configuration.
    pub fn apply_here(&mut self, inputs: Inputs) -> Result<Inputs, String> {
        let path = self.files.here.join(NO_FILE);
        let chain = self.chain(&path)?;
        let vocabulary = chain.iter().rev().find_map(|config| config.vocabulary.clone());
        let vocabulary = inputs.vocabulary.clone().or(vocabulary);
        let mut found = chain.iter().rev().filter(|config| !config.cluster.is_empty());
        let cluster = match found.next().filter(|_| inputs.cluster.is_absent()) {
            Some(config) => ClusterSource::Files(config.cluster.clone()),
            None => inputs.cluster.clone(),
        };
        Ok(Inputs { vocabulary, cluster, ..inputs })
    }

    /// The least severity that fails the run, once [`Configs::apply`] has seen its files; `None`: no
    /// file was looked at.
    #[must_use]
    pub const fn fail_on(&self) -> Option<FailOn> {
        self.fail_on
    }

    /// What becomes of the findings in a file.
    ///
    /// # Errors
    /// What is wrong with a configuration.
    pub fn selection(&mut self, name: &str) -> Result<Arc<Selection>, String> {
        if let Some(known) = self.selections.get(name) {
            return Ok(Arc::clone(known));
        }
        let path = absolute(&self.files.here, name);
        let chain = self.chain(&path)?;
        let mut layers: Vec<&Layer> = Vec::new();
        for config in &chain {
            layers.push(&config.layer);
            let overrides = config.overrides.iter();
            let relative = config.relative(&path);
            layers.extend(overrides.filter_map(|(patterns, layer)| {
                patterns.iter().any(|one| one.matches(&relative)).then_some(layer)
            }));
        }
        layers.push(&self.typed);
        let made = Arc::new(selection(&layers)?);
        self.selections.insert(name.to_owned(), Arc::clone(&made));
        Ok(made)
    }

    /// The configurations of a file, the outermost first.
    fn chain(&mut self, path: &Path) -> Result<Vec<Arc<Config>>, String> {
        if let Some(only) = &self.only {
            return Ok(only.clone());
        }
        let Some(folder) = path.parent() else { return Ok(Vec::new()) };
        if let Some(known) = self.chains.get(folder) {
            return Ok(known.clone());
        }
        let mut chain = Vec::new();
        for above in upwards(folder) {
            if !self.of_folder.contains_key(above) {
                let found = shared(of_folder(&self.files, above)?);
                self.of_folder.insert(above.to_owned(), found);
            }
            let configs = self.of_folder.get(above).map_or(&[][..], Vec::as_slice);
            let is_root = configs.last().is_some_and(|config| config.root);
            chain.extend(configs.iter().rev().cloned());
            if is_root {
                break;
            }
        }
        chain.reverse();
        self.chains.insert(folder.to_owned(), chain.clone());
        Ok(chain)
    }
}

impl Config {
    fn relative(&self, path: &Path) -> String {
        let inside = path.strip_prefix(&self.folder).unwrap_or(path);
        inside.to_string_lossy().replace(std::path::MAIN_SEPARATOR, "/")
    }

    fn excludes(&self, path: &Path) -> bool {
        let relative = self.relative(path);
        self.exclude.iter().any(|pattern| pattern.matches(&relative))
    }
}

fn shared(configs: Vec<Config>) -> Vec<Arc<Config>> {
    configs.into_iter().map(Arc::new).collect()
}

/// The inputs of a verb that judges files, with what their configurations say.
///
/// # Errors
/// As for [`Configs::apply`].
pub(crate) fn configured(inputs: Inputs) -> Result<Inputs, String> {
    Configs::new(&inputs.configuration, &Layer::default())?.apply(inputs)
}

/// A question about a cluster, with the vocabulary and the cluster that the configurations name:
/// those of the manifests, or of the current folder where it is about none.
///
/// # Errors
/// As for [`Configs::apply`], and no cluster.
pub(crate) fn asked(ask: Ask) -> Result<Ask, String> {
    let Ask { mut inputs, cluster, .. } = ask;
    inputs.cluster = cluster;
    let mut configs = Configs::new(&inputs.configuration, &Layer::default())?;
    let are_files = inputs.paths.iter().all(|path| path == "-" || Path::new(path).exists());
    let mut inputs = if are_files { configs.apply(inputs)? } else { configs.apply_here(inputs)? };
    let cluster = std::mem::take(&mut inputs.cluster);
    if cluster.is_absent() {
        return Err(NO_CLUSTER.to_owned());
    }
    let words = if are_files { inputs.paths.clone() } else { ask.words };
    Ok(Ask { words, inputs, cluster, ..ask })
}

/// Entries to encode, with the vocabulary that the configurations of the current folder name.
///
/// # Errors
/// What is wrong with a configuration.
pub(crate) fn encoded(ask: EncodeAsk) -> Result<EncodeAsk, String> {
    let mut configs = Configs::new(&ask.configuration, &Layer::default())?;
    let found = configs.apply_here(ask.inputs())?;
    Ok(EncodeAsk { vocabulary: found.vocabulary, ..ask })
}

/// The folders whose configurations may count for the files of one, the nearest first: up to the root
/// of a repository.
fn upwards(folder: &Path) -> impl Iterator<Item = &Path> {
    let mut inside = true;
    let is_root = |folder: &Path| folder.join(".git").exists();
    folder.ancestors().take_while(move |above| std::mem::replace(&mut inside, !is_root(above)))
}

/// Where the configuration of a folder could stand, and where it stands.
fn in_folder(files: &Files, folder: &Path) -> (Vec<PathBuf>, Option<PathBuf>) {
    let possible: Vec<PathBuf> = NAMES.iter().map(|name| folder.join(name)).collect();
    let found = possible.iter().find(|path| files.has(path)).cloned();
    (possible, found)
}

fn of_folder(files: &Files, folder: &Path) -> Result<Vec<Config>, String> {
    let (_, found) = in_folder(files, folder);
    found.map_or(Ok(Vec::new()), |path| read::configs(files, &files.shown(&path), &path))
}

fn path_is_stdin(name: &str) -> bool {
    name == "<stdin>"
}

/// The absolute path of a name, without `.` and `..`; links are not followed.
fn absolute(here: &Path, name: &str) -> PathBuf {
    let mut path = PathBuf::new();
    for part in here.join(name).components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                path.pop();
            }
            part => path.push(part),
        }
    }
    path
}

fn two(what: &str, first: &str, second: &str, flag: &str) -> String {
    format!(
        "configurations name two {what}, {first} and {second}: lint the folders in runs of their own, \
         or say --{flag}"
    )
}
