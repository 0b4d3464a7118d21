//! The linter's judgement of one document, as it stands in the editor.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use placecard_policies::read;
use placecard_policies::surroundings::ServerVersion;

use crate::comments;
use crate::config::Configs;
use crate::index::Role;
use crate::linting::choose;
use crate::load::{Found, Input, MANIFESTS, collect, find};
use crate::one_document::uncollected;
use crate::plan::{ClusterSource, Configuration, Inputs};
use crate::run::{Judged, judge_read};
use crate::selection::Layer;
use crate::verbs;

use super::documents::{Document, Documents};

/// A larger dump of a cluster is not read again for each change.
const MAX_CLUSTER: u64 = 8 << 20;

/// What was found; the document is its first file.
#[derive(Debug, Default)]
pub(super) struct Checked {
    pub(super) judged: Judged,
    /// Why it could not be judged, or not wholly.
    pub(super) trouble: Option<String>,
    /// Where the configurations stand that count for it, or could stand.
    pub(super) configurations: BTreeSet<PathBuf>,
}

/// How a document is judged.
pub(super) struct Judge {
    inputs: Inputs,
    configs: Configs,
    /// The document first.
    pub(super) files: Vec<(Role, Input)>,
    trouble: Option<String>,
}

impl Judge {
    /// By the configurations of its folder, with the other manifests there.
    ///
    /// # Errors
    /// What is wrong with a configuration, or with what it names.
    pub(super) fn new(documents: &Documents, document: &Document) -> Result<Self, String> {
        let mut configs = Configs::of(documents.files(), &Configuration::Found, &Layer::default())?;
        let alone = Inputs {
            paths: vec![document.name.clone()],
            server: server(),
            server_is_given: false,
            ..Inputs::of_vocabulary(None)
        };
        let mut inputs = configs.apply(alone)?;
        let mut trouble = None;
        if let ClusterSource::Files(paths) = &inputs.cluster
            && size(paths) > MAX_CLUSTER
        {
            trouble = Some(format!(
                "the cluster of the configuration is larger than {} MiB and is left out here: \
                 `placecard lint` reads it",
                MAX_CLUSTER >> 20
            ));
            inputs.cluster = ClusterSource::Absent;
        }
        let mut files = vec![(Role::Judged, document.input())];
        let vocabulary = inputs.vocabulary.clone();
        let is_vocabulary = |input: &Input| vocabulary.as_ref() == Some(&input.name);
        let beside = documents.beside(document).into_iter();
        let beside = beside.filter(|input| !is_vocabulary(input));
        files.extend(beside.map(|input| (Role::Context, input)));
        if let Some(name) = &vocabulary {
            let read = match documents.at(Path::new(name)) {
                Some(open) => vec![open.input()],
                None => collect(std::slice::from_ref(name), &mut std::io::empty())
                    .map_err(|mistakes| uncollected(&mistakes))?,
            };
            files.extend(read.into_iter().map(|input| (Role::Vocabulary, input)));
        }
        Ok(Self { inputs, configs, files, trouble })
    }

    /// Judges files.
    ///
    /// # Errors
    /// As for [`crate::run::judge`].
    pub(super) fn judge(&mut self, files: Vec<(Role, Input)>) -> Result<Judged, String> {
        let stdin = &mut std::io::empty();
        let mut judged = judge_read(None, &self.inputs, files, stdin, &mut |_, _, _| {})?;
        judged.weigh();
        comments::apply(&mut judged);
        choose(&mut judged, &mut self.configs)?;
        Ok(judged)
    }
}

/// Judges a document, by the configurations that count for it.
pub(super) fn check(documents: &Documents, document: &Document) -> Checked {
    let configuration = match document.is_configuration() {
        true => Configuration::Named(document.name.clone()),
        false => Configuration::Found,
    };
    let paths = vec![document.name.clone()];
    let inputs = Inputs { configuration, paths, ..Inputs::of_vocabulary(None) };
    let files = documents.files();
    let configurations = Configs::sources(&files, &inputs).configurations;
    if document.is_configuration() {
        let trouble = Configs::of(files, &inputs.configuration, &Layer::default()).err();
        return Checked { trouble, configurations, ..Checked::default() };
    }
    Checked { configurations, ..judged(documents, document) }
}

/// A document without an object is no mistake here: it may be there in a moment.
fn judged(documents: &Documents, document: &Document) -> Checked {
    let failed = |trouble: String| Checked { trouble: Some(trouble), ..Checked::default() };
    let mut judge = match Judge::new(documents, document) {
        Ok(judge) => judge,
        Err(trouble) => return failed(trouble),
    };
    match judge.judge(judge.files.clone()) {
        Ok(judged) => {
            let trouble = judged.unusable.clone().or(judge.trouble);
            Checked { judged, trouble, ..Checked::default() }
        }
        Err(_) if is_without_object(&judge.files) => Checked::default(),
        Err(trouble) => failed(trouble),
    }
}

fn is_without_object(files: &[(Role, Input)]) -> bool {
    let own = files.first().map(|(role, input)| (*role, input.clone()));
    let index = crate::index::Index::new(own.into_iter().collect());
    let mut objects = index.objects();
    let broken = index.documents(0).iter().any(|one| !one.readable());
    !broken && !objects.any(|(_, _, value)| read::reference(&value).is_some())
}

/// The server that `placecard lint` takes for granted.
fn server() -> ServerVersion {
    let default = match &verbs::KUBERNETES_VERSION.form {
        verbs::Form::Value { default, .. } => *default,
        _ => None,
    };
    default.and_then(ServerVersion::parse).unwrap_or(ServerVersion::OLDEST)
}

/// How many bytes files have.
fn size(paths: &[String]) -> u64 {
    let found = find(paths, MANIFESTS).into_iter().flatten();
    let paths = found.filter_map(|Found { path, .. }| path);
    paths.filter_map(|path| fs::metadata(path).ok()).map(|metadata| metadata.len()).sum()
}
