//! The words that are in use: those of the one `PlacementVocabulary` of the cluster, as it is now.
//!
//! A vocabulary that can be used takes the place of the one before it at once, for the next request.
//! One that cannot be used takes nobody's place. A cluster without a vocabulary, or without the kind,
//! has the well-known levels only.

mod follow;

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use placecard_policies::language::checked::Words;
use placecard_policies::language::vocabulary_check;
use serde_json::Value;
use tokio::sync::Notify;
use tokio::time::Instant;

pub use follow::follow;

/// So long the kind has to be served without the object before its guards are taken back: what the
/// removal of the kind deletes first looks the same.
pub const ABSENT: Duration = Duration::from_secs(60);

/// The vocabulary of a cluster, followed.
#[derive(Debug, Default)]
pub struct Vocabulary {
    known: RwLock<Known>,
    /// A vocabulary is under review.
    review: Notify,
}

#[derive(Debug, Default)]
struct Known {
    /// `None`: nothing that can be used was seen yet.
    words: Option<Arc<Words>>,
    /// What was seen last; empty: no object.
    revision: String,
    taken: Option<Taken>,
    /// When the words became those that are in use.
    changed: Option<Instant>,
    absent: Absent,
}

/// Since when the kind is served without the object.
#[derive(Debug, Default, Clone, Copy)]
enum Absent {
    /// There is one, or no such kind, or it is not known.
    #[default]
    No,
    Since(Instant),
    /// A list said so again after [`ABSENT`].
    Confirmed,
}

/// What became of an object that was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// Its words are in use.
    Adopted,
    /// There is none: the well-known levels are in use.
    Absent,
    /// It cannot be used. What was in use before still is.
    Broken,
}

impl Taken {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Adopted, Self::Absent, Self::Broken];

    /// The label value.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Adopted => "adopted",
            Self::Absent => "absent",
            Self::Broken => "broken",
        }
    }
}

impl Vocabulary {
    /// The words that are in use; `None`: they are not known, and nothing that depends on them can
    /// be answered.
    #[must_use]
    pub fn words(&self) -> Option<Arc<Words>> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).words.clone()
    }

    /// Why requests should go to others.
    ///
    /// A webhook that starts with a vocabulary that it cannot use knows no words: it would refuse
    /// what another one, which has older words in use, admits.
    #[must_use]
    pub fn obstacle(&self) -> Option<&'static str> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        match (&known.words, known.taken) {
            (Some(_), _) => None,
            (None, Some(_)) => {
                Some("the vocabulary cannot be used, and no other was in use before")
            }
            (None, None) => Some("the vocabulary has not been read yet"),
        }
    }

    /// Time since the words became those that are in use; `None`: none are.
    #[must_use]
    pub fn quiet_for(&self) -> Option<Duration> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.changed.map(|changed| changed.elapsed())
    }

    /// What became of the object that was seen last.
    #[must_use]
    pub fn taken(&self) -> Option<Taken> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).taken
    }

    /// The words whose guards are to be kept; `None`: those that are kept now stay.
    ///
    /// An object that cannot be used, or a kind that is gone, takes no guard back.
    #[must_use]
    pub fn guards(&self) -> Option<Arc<Words>> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        match (known.taken?, known.absent) {
            (Taken::Adopted, _) | (Taken::Absent, Absent::Confirmed) => known.words.clone(),
            (Taken::Absent | Taken::Broken, _) => None,
        }
    }

    /// Whether the kind is served, as a list has just said, after what that list held was seen.
    pub fn served(&self, served: bool) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.absent = match (served && known.taken == Some(Taken::Absent), known.absent) {
            (false, _) => Absent::No,
            (true, Absent::No) => Absent::Since(Instant::now()),
            (true, Absent::Since(since)) if since.elapsed() >= ABSENT => Absent::Confirmed,
            (true, absent) => absent,
        };
    }

    /// An API server asks about a vocabulary, so it serves the kind.
    pub fn review(&self) {
        self.review.notify_one();
    }

    /// Waits for [`Self::review`], or for none if there was one since.
    pub async fn reviewed(&self) {
        self.review.notified().await;
    }

    /// Takes in the vocabulary as it is now; `None`: there is none. Says what became of it, or
    /// `None` if it was seen before.
    pub fn see(&self, object: Option<&Value>) -> Option<Taken> {
        let text = |pointer| object.and_then(|object| object.pointer(pointer)?.as_str());
        let revision = text("/metadata/resourceVersion").unwrap_or_default();
        {
            let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
            if known.taken.is_some() && known.revision == revision {
                return None;
            }
        }
        // Read before the lock is taken: nobody waits for that.
        let (words, taken) = match object.map(vocabulary_check::check) {
            None => (Some(Words::default()), Taken::Absent),
            Some((words, problems)) if problems.is_empty() => (Some(words), Taken::Adopted),
            Some((_, problems)) => {
                told(&problems);
                (None, Taken::Broken)
            }
        };
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(words) = words {
            if known.words.as_deref() != Some(&words) {
                known.changed = Some(Instant::now());
            }
            known.words = Some(Arc::new(words));
        }
        revision.clone_into(&mut known.revision);
        known.absent = match taken {
            Taken::Absent => Absent::Since(Instant::now()),
            Taken::Adopted | Taken::Broken => Absent::No,
        };
        known.taken = Some(taken);
        Some(taken)
    }
}

/// Where the mistakes are; never what stands there.
fn told(problems: &[vocabulary_check::VocabularyProblem]) {
    const SHOWN: usize = 8;
    let shown = problems.iter().take(SHOWN);
    let shown: Vec<String> = shown.map(|one| format!("{} [{}]", one.pointer, one.code)).collect();
    tracing::error!(
        mistakes = problems.len(),
        at = shown.join(" "),
        "the vocabulary cannot be used; the words before it stay in use, if there are any"
    );
}

#[cfg(test)]
mod tests {
    use placecard_policies::language::keys;
    use serde_json::json;

    use super::*;

    fn vocabulary(revision: &str, spec: Value) -> Value {
        json!({"apiVersion": keys::API_VERSION, "kind": keys::VOCABULARY_KIND,
            "metadata": {"name": "default", "resourceVersion": revision}, "spec": spec})
    }

    fn pool(revision: &str, name: &str) -> Value {
        vocabulary(revision, json!({"pools": [{"name": name, "nodes": "x=y"}]}))
    }

    fn pools(vocabulary: &Vocabulary) -> Option<Vec<String>> {
        Some(vocabulary.words()?.pools.keys().cloned().collect())
    }

    #[test]
    fn what_can_not_be_used_takes_nobodys_place() {
        let known = Vocabulary::default();
        let broken = |revision| vocabulary(revision, json!({"pool": []}));
        assert_eq!((pools(&known), known.taken()), (None, None));
        assert!(known.obstacle().is_some_and(|why| why.contains("not been read")));
        assert_eq!(known.see(Some(&broken("1"))), Some(Taken::Broken));
        assert_eq!(pools(&known), None);
        assert!(known.obstacle().is_some_and(|why| why.contains("cannot be used")));

        assert_eq!(known.see(Some(&pool("2", "a"))), Some(Taken::Adopted));
        assert_eq!((pools(&known), known.obstacle()), (Some(vec!["a".to_owned()]), None));
        assert_eq!(known.see(Some(&pool("2", "a"))), None, "seen before");
        assert_eq!(known.see(Some(&broken("3"))), Some(Taken::Broken));
        assert_eq!((pools(&known), known.obstacle()), (Some(vec!["a".to_owned()]), None));
        assert_eq!(known.see(Some(&pool("4", "b"))), Some(Taken::Adopted));
        assert_eq!(pools(&known), Some(vec!["b".to_owned()]));
        assert_eq!(known.see(None), Some(Taken::Absent));
        assert_eq!(pools(&known), Some(Vec::new()));
        assert_eq!(known.see(None), None);
    }

    #[tokio::test(start_paused = true)]
    async fn guards_are_taken_back_only_by_a_vocabulary_or_after_a_while_without() {
        let known = Vocabulary::default();
        let guards = || known.guards().map(|words| words.pools.len());
        let later = async |seconds| tokio::time::advance(Duration::from_secs(seconds)).await;
        assert_eq!(guards(), None, "nothing is known");
        known.see(Some(&pool("1", "a")));
        known.served(true);
        assert_eq!(guards(), Some(1));
        known.see(Some(&vocabulary("2", json!({"pool": []}))));
        assert_eq!(guards(), None, "it cannot be used");
        known.see(Some(&pool("3", "b")));
        // The kind is removed: its object goes first.
        known.see(None);
        assert_eq!(guards(), None);
        later(10).await;
        known.see(None);
        known.served(false);
        later(3600).await;
        known.see(None);
        known.served(false);
        assert_eq!(guards(), None, "whoever removes a kind opens no pool");
        // It is there again, without the object.
        known.see(None);
        known.served(true);
        later(59).await;
        known.served(true);
        assert_eq!(guards(), None);
        later(1).await;
        assert_eq!(guards(), None, "no list has said so");
        known.served(true);
        assert_eq!(guards(), Some(0));
        known.see(Some(&pool("4", "c")));
        assert_eq!(guards(), Some(1));
    }
}
