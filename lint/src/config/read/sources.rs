//! Which files a run has its configurations from, and which ones these name.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::followed;
use crate::config::{Config, Configs, Files, absolute, in_folder, upwards};
use crate::load::{Found, MANIFESTS, find};
use crate::plan::{Configuration, Inputs};

/// What a run rests on besides what is typed.
#[derive(Debug, Default)]
pub(crate) struct Sources {
    /// Where a configuration stands or could stand: there or not.
    pub(crate) configurations: BTreeSet<PathBuf>,
    /// The vocabularies, and the files and folders with clusters, that configurations name.
    pub(crate) named: BTreeSet<String>,
    looked_in: BTreeSet<PathBuf>,
}

impl Configs {
    /// The configurations of `inputs` and what they name, as far as they can be read.
    pub(crate) fn sources(files: &Files, inputs: &Inputs) -> Sources {
        let here = &files.here;
        let mut sources = Sources::default();
        match &inputs.configuration {
            Configuration::Isolated => {}
            Configuration::Named(name) => drop(sources.follow(files, &absolute(here, name))),
            Configuration::Found => {
                for Found { name, .. } in find(&inputs.paths, MANIFESTS).into_iter().flatten() {
                    sources.above(files, &absolute(here, &name));
                }
            }
        }
        sources
    }
}

impl Sources {
    /// Those that count for a file.
    fn above(&mut self, files: &Files, path: &Path) {
        for folder in path.parent().into_iter().flat_map(upwards) {
            if !self.looked_in.insert(folder.to_owned()) {
                return;
            }
            let (possible, found) = in_folder(files, folder);
            self.configurations.extend(possible);
            if found.is_some_and(|path| self.follow(files, &path)) {
                return;
            }
        }
    }

    /// One, and those that it extends; whether those of folders above it do not count.
    fn follow(&mut self, files: &Files, path: &Path) -> bool {
        let followed = followed(files, &path.to_string_lossy(), path);
        self.configurations.extend(followed.files);
        for Config { vocabulary, cluster, .. } in &followed.configs {
            self.named.extend(vocabulary.iter().chain(cluster).cloned());
        }
        followed.configs.first().is_some_and(|config| config.root)
    }
}
