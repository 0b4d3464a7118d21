//! What was asked of others, recorded while it is asked.

use std::fmt::{self, Debug, Formatter};
use std::ops::BitOr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use placecard_feasibility::inventory::limit_range::LimitRange;

use super::Reference;
use crate::fields::inputs::Inputs;

/// What a question is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Topics(u8);

impl Topics {
    /// Other objects by name.
    pub const OBJECTS: Self = Self(1);
    /// Coordinations, and who plays in them.
    pub const COORDINATIONS: Self = Self(2);
    /// Anything of all that was read together.
    pub const INPUTS: Self = Self(4);
    /// LimitRanges of what was read together.
    pub const LIMIT_RANGES: Self = Self(8);
    /// StorageClasses of what was read together.
    pub const CLASSES: Self = Self(16);

    /// What a reference asks about.
    const fn of(reference: &Reference) -> Self {
        match reference {
            Reference::Coordination { .. }
            | Reference::Cast { .. }
            | Reference::Coordinations { .. }
            | Reference::LongForm { .. } => Self::COORDINATIONS,
            _ => Self::OBJECTS,
        }
    }

    /// Those that are not among `others`.
    #[must_use]
    pub const fn without(self, others: Self) -> Self {
        Self(self.0 & !others.0)
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl BitOr for Topics {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// What was asked so far. It is no part of what is known, so that a review that is told of something
/// may say on what it rests without giving it up.
#[derive(Default)]
pub(super) struct Asked(AtomicU8);

impl Debug for Asked {
    fn fmt(&self, to: &mut Formatter<'_>) -> fmt::Result {
        to.write_str("Asked")
    }
}

impl Asked {
    fn about(&self, topics: Topics) {
        // Read first: a value that many threads share would be written by all of them.
        if !topics.without(self.topics()).is_empty() {
            self.0.fetch_or(topics.0, Ordering::Relaxed);
        }
    }

    pub(super) fn after(&self, reference: &Reference) {
        self.about(Topics::of(reference));
    }

    pub(super) fn topics(&self) -> Topics {
        Topics(self.0.load(Ordering::Relaxed))
    }
}

impl Clone for Asked {
    fn clone(&self) -> Self {
        Self(AtomicU8::new(self.topics().0))
    }
}

/// Everything that was read together; nothing if objects come one at a time.
#[derive(Clone, Debug, Default)]
pub struct Others {
    inputs: Option<Arc<Inputs>>,
    asked: Asked,
}

impl From<Arc<Inputs>> for Others {
    fn from(inputs: Arc<Inputs>) -> Self {
        Self { inputs: Some(inputs), asked: Asked::default() }
    }
}

impl Others {
    /// All of it.
    #[must_use]
    pub fn all(&self) -> Option<&Inputs> {
        self.asked.about(Topics::INPUTS);
        self.inputs.as_deref()
    }

    /// Its LimitRanges, each with the files that it was read with.
    #[must_use]
    pub fn limit_ranges(&self) -> &[(usize, LimitRange)] {
        self.asked.about(Topics::LIMIT_RANGES);
        self.inputs.as_deref().map_or(&[], |inputs| &inputs.limit_ranges)
    }

    /// Whether it has StorageClasses.
    #[must_use]
    pub fn has_classes(&self) -> bool {
        self.asked.about(Topics::CLASSES);
        self.inputs.as_deref().is_some_and(|inputs| !inputs.classes.is_empty())
    }

    pub(super) fn asked(&self) -> Topics {
        self.asked.topics()
    }
}

#[cfg(test)]
mod tests {
    use super::super::Surroundings;
    use super::*;

    #[test]
    fn what_is_asked_is_recorded_by_its_topic() {
        let around = Surroundings::default();
        assert!(around.asked().is_empty());
        let namespace = || "shop".to_owned();
        assert_eq!(around.objects.get(&Reference::Cast { namespace: namespace() }), None);
        assert_eq!(around.asked(), Topics::COORDINATIONS);
        assert_eq!(around.objects.get(&Reference::Namespace { name: namespace() }), None);
        assert!(around.inputs.limit_ranges().is_empty() && !around.inputs.has_classes());
        let found = around.asked();
        let known = Topics::COORDINATIONS | Topics::LIMIT_RANGES | Topics::CLASSES;
        assert_eq!(found.without(known), Topics::OBJECTS);
        assert!(around.inputs.all().is_none());
        assert_eq!(around.clone().asked(), found | Topics::INPUTS);
    }
}
