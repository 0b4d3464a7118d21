//! Where answers come from: a cluster or files.

use placecard_policies::surroundings::{Objects, Reference};
use tokio::time::Instant;

use crate::cluster::Cluster;
use crate::files::Files;

/// Where answers come from.
#[derive(Clone)]
pub enum Source {
    /// Files that were read at the start.
    Files(Box<Files>),
    /// The API server, asked at each admission.
    Cluster(Cluster),
}

impl Source {
    /// Answers the references; what cannot be answered by the deadline is `Unreachable`.
    pub async fn objects(&self, references: Vec<Reference>, deadline: Instant) -> Objects {
        let mut objects = Objects::default();
        match self {
            Self::Files(files) => {
                for reference in references {
                    if let Some(answer) = files.answer(&reference) {
                        objects.insert(reference, answer);
                    }
                }
            }
            Self::Cluster(cluster) => {
                for (reference, answer) in cluster.answers(references, deadline).await {
                    objects.insert(reference, answer);
                }
            }
        }
        objects
    }
}
