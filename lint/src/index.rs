//! Every object that was read, by name, and what it answers to rules of others.
//!
//! An absent `metadata.namespace` is the namespace "": such an object finds, and is found by, the
//! others without one, as in a rendered chart whose namespace is chosen at install time. Where two
//! objects have the same name, the first wins: inputs in the order given, then `--objects`.

use std::collections::BTreeMap;

use placecard_findings::ObjectRef;
use placecard_policies::claims;
use placecard_policies::coordination::{players, roster};
use placecard_policies::read;
use placecard_policies::surroundings::Objects;
use serde_json::Value;

use crate::load::{Document, Input, ObjectAt, Source, load};
use crate::side_by_side;

/// Why a file was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Its objects are judged.
    Judged,
    /// Its objects answer to rules of others.
    Context,
    /// It is the vocabulary.
    Vocabulary,
}

/// One file.
#[derive(Clone, Debug)]
pub struct File {
    /// Its text.
    pub source: Source,
    /// What is in it.
    pub documents: Vec<Document>,
    /// Why it was read.
    pub role: Role,
}

/// Where an object stands among the files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ObjectId {
    /// Index of the file.
    pub file: usize,
    /// Index of the document in its file.
    pub document: usize,
    /// Index of the object in its document.
    pub object: usize,
}

/// Everything that was read.
#[derive(Clone, Debug, Default)]
pub struct Index {
    /// Judged files first.
    pub files: Vec<File>,
    by_reference: BTreeMap<ObjectRef, ObjectId>,
}

impl Index {
    /// Reads files; after the judged ones come context and vocabulary.
    #[must_use]
    pub fn new(inputs: Vec<(Role, Input)>) -> Self {
        Self::telling(inputs, side_by_side::threads(0), &mut |_, _| {})
    }

    /// As [`Index::new`], on so many threads; `tell` hears how many files of how many are read.
    #[must_use]
    pub fn telling(
        inputs: Vec<(Role, Input)>,
        threads: usize,
        tell: &mut dyn FnMut(usize, usize),
    ) -> Self {
        let mut index = Self::default();
        let all = inputs.len();
        side_by_side::each(
            &mut vec![(); threads.max(1)],
            inputs.into_iter(),
            |(), (role, input)| {
                let source = Source::new(input.name, &input.bytes);
                let documents = load(&source);
                File { source, documents, role }
            },
            |done, file| {
                tell(done, all);
                index.files.push(file);
            },
        );
        let entries: Vec<(ObjectId, ObjectRef)> = index
            .objects()
            .filter_map(|(id, _, value)| read::reference(value).map(|name| (id, name)))
            .collect();
        for (id, reference) in entries {
            index.by_reference.entry(reference).or_insert(id);
        }
        index
    }

    /// What objects answer about themselves; `namespace` stands for an absent one.
    #[must_use]
    pub fn answers(&self, namespace: &str) -> Objects {
        let mut answers = Objects::default();
        for (_, _, value) in self.objects() {
            for (reference, answer) in read::answers(value, namespace) {
                if answers.get(&reference).is_none() {
                    answers.insert(reference, answer);
                }
            }
        }
        let values = self.objects().map(|(_, _, value)| value);
        for (reference, answer) in claims::answers(values, namespace) {
            answers.insert(reference, answer);
        }
        let values = self.objects().map(|(_, _, value)| value);
        for (reference, answer) in roster::answers(values, namespace) {
            answers.insert(reference, answer);
        }
        let judged = self.objects().map(|(_, role, value)| (role == Role::Judged, value));
        for (reference, answer) in players::answers(judged.clone(), namespace) {
            answers.insert(reference, answer);
        }
        for (reference, answer) in players::long_forms(judged, namespace) {
            answers.insert(reference, answer);
        }
        answers
    }

    /// All objects in the order of the files.
    pub fn objects(&self) -> impl Iterator<Item = (ObjectId, Role, &Value)> + Clone {
        self.files.iter().enumerate().flat_map(|(file, one)| {
            one.documents.iter().enumerate().flat_map(move |(document, read)| {
                read.objects.iter().enumerate().filter_map(move |(object, at)| {
                    let value = read.object(at)?;
                    Some((ObjectId { file, document, object }, one.role, value))
                })
            })
        })
    }

    /// The object of this name.
    #[must_use]
    pub fn find(&self, reference: &ObjectRef) -> Option<ObjectId> {
        self.by_reference.get(reference).copied()
    }

    /// The document of an object, and the object's place in it.
    #[must_use]
    pub fn document(&self, id: ObjectId) -> Option<(&File, &Document, &ObjectAt)> {
        let file = self.files.get(id.file)?;
        let document = file.documents.get(id.document)?;
        Some((file, document, document.objects.get(id.object)?))
    }
}
