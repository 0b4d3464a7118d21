//! `.placecard.yaml`: what the findings of a folder weigh, and what they are judged by.
//!
//! Each file has the configurations of its folder and of those above it, up to one that says `root`
//! or lies in the root of a repository. Where two say something about one thing, the nearer one
//! counts, and the command line stands over both.

mod pattern;
mod read;

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;

use crate::load::{Found, MANIFESTS, find};
use crate::plan::{ClusterSource, Configuration, Inputs};
use crate::selection::{Layer, Selection, selection};

use pattern::Pattern;

/// The names of the file, in a folder only one of them.
pub const NAMES: &[&str] = &[".placecard.yaml", ".placecard.yml"];

/// The file as it is written. Paths and patterns are relative to its folder. A pattern without `/`
/// matches names at any depth, one with `/` paths from the folder; `*` and `?` stand for characters
/// of one name, `**` for any number of names, and what a folder matches, all below it matches.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Written {
    /// Configurations of folders above do not count.
    pub root: bool,
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
    /// Files and folders that are left out when a folder is linted; a file that is named is read.
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
    exclude: Vec<Pattern>,
    layer: Layer,
    overrides: Vec<(Vec<Pattern>, Layer)>,
}

/// The configurations of a run.
#[derive(Debug, Default)]
pub struct Configs {
    /// The one for all files; folders are not looked at then.
    only: Option<Option<Arc<Config>>>,
    /// Where relative names begin.
    here: PathBuf,
    /// By folder: its own configuration.
    of_folder: BTreeMap<PathBuf, Option<Arc<Config>>>,
    /// By folder: those that count for its files.
    chains: BTreeMap<PathBuf, Vec<Arc<Config>>>,
    typed: Layer,
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
        let here = std::env::current_dir().unwrap_or_default();
        let only = match asked {
            Configuration::Found => None,
            Configuration::Isolated => Some(None),
            Configuration::Named(name) => {
                Some(Some(Arc::new(read::config(name, &absolute(&here, name))?)))
            }
        };
        Ok(Self { only, here, typed: typed.clone(), ..Self::default() })
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
        for one in found {
            let Found { name, path } = one;
            let typed = path.is_none() || inputs.paths.contains(&name);
            let path = absolute(&self.here, &name);
            let chain = self.chain(&path)?;
            if !typed && chain.iter().any(|config| config.excludes(&path)) {
                excluded += 1;
                continue;
            }
            let vocabulary = chain.iter().rev().find_map(|config| config.vocabulary.clone());
            vocabularies.extend(vocabulary.filter(|one| !vocabularies.contains(one)));
            let cluster = chain.iter().rev().map(|config| &config.cluster);
            let cluster = cluster.into_iter().find(|paths| !paths.is_empty());
            clusters.extend(cluster.filter(|one| !clusters.contains(one)).cloned());
            let says = chain.iter().rev().find_map(|config| config.closed_world);
            closed_world &= says.unwrap_or_default();
            kept.push(if path_is_stdin(&name) { "-".to_owned() } else { name });
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

    /// What becomes of the findings in a file.
    ///
    /// # Errors
    /// What is wrong with a configuration.
    pub fn selection(&mut self, name: &str) -> Result<Arc<Selection>, String> {
        if let Some(known) = self.selections.get(name) {
            return Ok(Arc::clone(known));
        }
        let path = absolute(&self.here, name);
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
            return Ok(only.iter().cloned().collect());
        }
        let Some(folder) = path.parent() else { return Ok(Vec::new()) };
        if let Some(known) = self.chains.get(folder) {
            return Ok(known.clone());
        }
        let mut chain = Vec::new();
        for above in folder.ancestors() {
            if !self.of_folder.contains_key(above) {
                let found = of_folder(&self.here, above)?.map(Arc::new);
                self.of_folder.insert(above.to_owned(), found);
            }
            let config = self.of_folder.get(above).cloned().flatten();
            let is_root = config.as_ref().is_some_and(|config| config.root);
            chain.extend(config);
            if is_root || above.join(".git").exists() {
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

fn of_folder(here: &Path, folder: &Path) -> Result<Option<Config>, String> {
    for name in NAMES {
        let path = folder.join(name);
        if path.is_file() {
            // As a person in the current folder would name it.
            let shown = path.strip_prefix(here).unwrap_or(&path).to_string_lossy().into_owned();
            return read::config(&shown, &path).map(Some);
        }
    }
    Ok(None)
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
