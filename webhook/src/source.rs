//! Where answers come from: the index of a cluster, the cluster itself, or files.

use std::sync::{Arc, OnceLock};

use placecard_policies::language::checked::Words;
use placecard_policies::surroundings::{Answer, Objects, Reference};
use placecard_policies::vocabulary::change::InUse;
use tokio::time::Instant;

use crate::cluster::Cluster;
use crate::files::Files;
use crate::watch::Watches;

/// Where answers come from.
#[derive(Clone)]
pub enum Source {
    /// Files that were read at the start.
    Files(Box<Files>),
    /// The API server, asked at each admission.
    Cluster(Cluster),
    /// The index of what is watched, once there is one; for what that does not know, the API server.
    Live(Cluster, Arc<OnceLock<Watches>>),
}

impl Source {
    /// The index, if there is one.
    #[must_use]
    pub fn watches(&self) -> Option<&Watches> {
        match self {
            Self::Files(_) | Self::Cluster(_) => None,
            Self::Live(_, watches) => watches.get(),
        }
    }

    /// Whether there is no cluster.
    #[must_use]
    pub fn is_files(&self) -> bool {
        matches!(self, Self::Files(_))
    }

    /// The workloads and bare pods that have intents; `None`: they are not known (yet, or any more).
    #[must_use]
    pub fn in_use(&self, words: &Words) -> Option<Vec<InUse>> {
        match self {
            Self::Files(files) => Some(files.in_use()),
            Self::Cluster(_) => None,
            Self::Live(_, watches) => watches.get()?.in_use(words),
        }
    }

    /// The same from the API server, whatever the index says; without one there is nothing new.
    pub async fn read_again(
        &self,
        references: Vec<Reference>,
        deadline: Instant,
    ) -> Vec<(Reference, Answer)> {
        match self {
            Self::Files(_) => Vec::new(),
            Self::Cluster(cluster) | Self::Live(cluster, _) => {
                Box::pin(cluster.answers(references, deadline)).await
            }
        }
    }

    /// Answers the references; what cannot be answered by the deadline is `Unreachable`.
    pub async fn objects(&self, references: Vec<Reference>, deadline: Instant) -> Objects {
        let mut objects = Objects::default();
        let mut open = references;
        if let Some(watches) = self.watches() {
            open.retain(|reference| match watches.answer(reference) {
                Some(answer) => {
                    objects.insert(reference.clone(), answer);
                    false
                }
                None => true,
            });
        }
        match self {
            Self::Files(files) => {
                for reference in open {
                    if let Some(answer) = files.answer(&reference) {
                        objects.insert(reference, answer);
                    }
                }
            }
            Self::Cluster(cluster) | Self::Live(cluster, _) => {
                if open.is_empty() {
                    return objects;
                }
                // What a question to the API server takes is large, and most requests have none: it
                // would be copied with the future of every request.
                for (reference, answer) in Box::pin(cluster.answers(open, deadline)).await {
                    objects.insert(reference, answer);
                }
            }
        }
        objects
    }
}
