//! Every object that was read, by name.
//!
//! An absent `metadata.namespace` is the namespace "": such an object finds, and is found by, the
//! others without one, as in a rendered chart whose namespace is chosen at install time. Where two
//! objects have the same name, the first wins: inputs in the order given, then `--objects`.
//!
//! Of a long input the texts are kept and not their trees, which are made again, a file at a time,
//! for whoever looks into one.

mod file;

use std::collections::{BTreeSet, VecDeque};
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, PoisonError};

use placecard_findings::ObjectRef;
use placecard_policies::read;
use serde_json::Value;

use crate::load::{Document, Input, ObjectAt, Source};
use crate::side_by_side;

pub use file::{Documents, File, Written};

/// The trees of so many bytes of text are kept, and those of the first file always: what is read once
/// need not be read again, and nobody runs short of memory for that.
pub(crate) const KEPT: usize = 2 << 20;
/// So many files that were read again are at hand for the next who asks.
const RECENT: usize = 4;

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

impl ObjectId {
    /// From the first object of a file to its last.
    const fn all_of(file: usize) -> RangeInclusive<Self> {
        let first = Self { file, document: 0, object: 0 };
        first..=Self { file, document: usize::MAX, object: usize::MAX }
    }
}

/// What one thread looks at by itself.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Portion {
    /// An object of a file that is kept.
    Object(ObjectId),
    /// All objects of a file that has to be read again.
    File(usize),
}

/// Everything that was read.
#[derive(Clone, Debug, Default)]
pub struct Index {
    /// Judged files first.
    pub files: Vec<File>,
    /// The objects that have a name by that, those of one name in the order of the files.
    by_name: Vec<(ObjectRef, ObjectId)>,
    /// The last files that were read again, the newest first.
    recent: Arc<Mutex<VecDeque<(usize, Documents)>>>,
}

/// How files are read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reading {
    /// How many threads there are.
    pub(crate) threads: usize,
    /// The trees of how many bytes of text are kept.
    pub(crate) kept: usize,
}

impl Index {
    /// Reads files; after the judged ones come context and vocabulary.
    #[must_use]
    pub fn new(inputs: Vec<(Role, Input)>) -> Self {
        let reading = Reading { threads: side_by_side::threads(0), kept: KEPT };
        Self::noting(inputs, reading, |_, _, _| (), &mut |_, _| {}).0
    }

    /// As [`Index::new`], with what `note` takes down of each object while its tree is there, in the
    /// order of the files; `tell` hears how many files of how many are read.
    pub(crate) fn noting<N: Send>(
        inputs: Vec<(Role, Input)>,
        reading: Reading,
        note: impl Fn(Role, &Value, Option<&ObjectRef>) -> N + Sync,
        tell: &mut dyn FnMut(usize, usize),
    ) -> (Self, Vec<(ObjectId, N)>) {
        let all = inputs.len();
        let mut index = Self { files: Vec::with_capacity(all), ..Self::default() };
        // Most files have one object, and those that have more are few.
        index.by_name.reserve_exact(all);
        let mut noted = Vec::with_capacity(all);
        let mut bytes = 0;
        let inputs = inputs.into_iter().enumerate().map(|(number, (role, input))| {
            bytes += input.bytes.len();
            let keep = number == 0 || bytes <= reading.kept || role == Role::Vocabulary;
            (number, role, input, keep)
        });
        side_by_side::each(
            &mut vec![(); reading.threads.max(1)],
            inputs,
            |(), (number, role, input, keep)| {
                let source = Source::of(input.name, input.bytes);
                let (file, documents) = File::new(source, role, keep);
                let objects: Vec<_> = ids(number, &documents)
                    .filter_map(|id| {
                        let value = Written::of(&documents, id)?;
                        let name = read::reference(&value);
                        let noted = note(role, &value, name.as_ref());
                        Some((id, name, noted))
                    })
                    .collect();
                (file, objects)
            },
            |done, (file, objects)| {
                tell(done, all);
                index.files.push(file);
                for (id, name, one) in objects {
                    index.by_name.extend(name.map(|name| (name, id)));
                    noted.push((id, one));
                }
            },
        );
        index.by_name.shrink_to_fit();
        index.by_name.sort_unstable();
        (index, noted)
    }

    /// All objects in the order of the files.
    pub fn objects(&self) -> impl Iterator<Item = (ObjectId, Role, Written)> + Clone {
        self.objects_of(|_| true)
    }

    /// The objects of the files that were read for this, in their order.
    pub fn objects_of(
        &self,
        wanted: impl Fn(Role) -> bool + Clone,
    ) -> impl Iterator<Item = (ObjectId, Role, Written)> + Clone {
        let files = self.files.iter().enumerate();
        files.filter(move |(_, file)| wanted(file.role) && file.objects > 0).flat_map(
            |(number, file)| {
                let documents = file.documents();
                let ids: Vec<ObjectId> = ids(number, &documents).collect();
                ids.into_iter()
                    .filter_map(move |id| Some((id, file.role, Written::of(&documents, id)?)))
            },
        )
    }

    /// The names of all objects that have one, in their order, and where the objects stand.
    pub fn names(&self) -> impl Iterator<Item = (&ObjectRef, ObjectId)> {
        self.by_name.iter().map(|(name, id)| (name, *id))
    }

    /// How many objects there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.files.iter().map(|file| file.objects).sum()
    }

    /// All objects in their order but those that are `done`, in parts for one thread each: of a file
    /// that has to be read again all at once.
    pub(crate) fn portions(&self, done: &BTreeSet<ObjectId>) -> impl Iterator<Item = Portion> {
        let left = |(number, file): &(usize, &File)| {
            file.objects > done.range(ObjectId::all_of(*number)).count()
        };
        self.files.iter().enumerate().filter(left).flat_map(|(number, file)| {
            let objects: Vec<Portion> = match file.is_kept() {
                true => {
                    let documents = file.documents();
                    let ids = ids(number, &documents);
                    ids.filter(|id| !done.contains(id)).map(Portion::Object).collect()
                }
                false => vec![Portion::File(number)],
            };
            objects
        })
    }

    /// The objects of a part but those that are `done`, and why their file was read.
    pub(crate) fn within(
        &self,
        portion: Portion,
        done: &BTreeSet<ObjectId>,
    ) -> Vec<(ObjectId, Role, Written)> {
        let number = match portion {
            Portion::Object(id) => id.file,
            Portion::File(number) => number,
        };
        let Some(file) = self.files.get(number) else { return Vec::new() };
        let documents = file.documents();
        let with = |id| Some((id, file.role, Written::of(&documents, id)?));
        match portion {
            Portion::Object(id) => with(id).into_iter().collect(),
            Portion::File(_) => {
                let left = ids(number, &documents).filter(|id| !done.contains(id));
                left.filter_map(with).collect()
            }
        }
    }

    /// The object of this name.
    #[must_use]
    pub fn find(&self, reference: &ObjectRef) -> Option<ObjectId> {
        let first = self.by_name.partition_point(|(name, _)| name < reference);
        let found = self.by_name.get(first).filter(|(name, _)| name == reference);
        found.map(|(_, id)| *id)
    }

    /// The object of this name in a document of a file.
    #[must_use]
    pub fn object_in<'a>(
        &self,
        file: usize,
        document: &'a Document,
        reference: &ObjectRef,
    ) -> Option<&'a ObjectAt> {
        // Most names are those of one object, and known.
        let known = self.find(reference).filter(|known| known.file == file);
        if let Some(known) = known.filter(|known| known.document == document.index) {
            return document.objects.get(known.object);
        }
        let is_named = |at: &&ObjectAt| {
            let found = document.object(at).and_then(read::reference);
            found.is_some_and(|found| found == *reference)
        };
        document.objects.iter().find(is_named)
    }

    /// An object, and its file.
    #[must_use]
    pub fn object(&self, id: ObjectId) -> Option<(&File, Written)> {
        let file = self.files.get(id.file)?;
        Some((file, Written::of(&self.documents(id.file), id)?))
    }

    /// What is in a file; nothing if there is no such file. What was read again is at hand for a
    /// while.
    #[must_use]
    pub fn documents(&self, number: usize) -> Documents {
        let Some(file) = self.files.get(number) else { return Documents::default() };
        let documents = file.documents();
        if !file.is_kept() {
            let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
            recent.retain(|(known, _)| *known != number);
            recent.push_front((number, Arc::clone(&documents)));
            recent.truncate(RECENT);
        }
        documents
    }
}

/// Where the objects of a file stand.
fn ids(file: usize, documents: &Documents) -> impl Iterator<Item = ObjectId> {
    documents.iter().enumerate().flat_map(move |(document, read)| {
        (0..read.objects.len()).map(move |object| ObjectId { file, document, object })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_kept_is_read_again() {
        let text = |number: usize| {
            let one =
                |kind| format!("apiVersion: v1\nkind: {kind}\nmetadata: {{name: n{number}}}\n");
            format!("{}---\na: [\n---\n{}", one("Pod"), one("Service")).into_bytes()
        };
        let input = |number| Input { name: format!("{number}"), path: None, bytes: text(number) };
        let inputs = || (0..9).map(|number| (Role::Judged, input(number))).collect();
        let read = |kept| {
            let reading = Reading { threads: 2, kept };
            let note = |_, value: &Value, _: Option<&ObjectRef>| value.clone();
            Index::noting(inputs(), reading, note, &mut |_, _| {})
        };
        let ((all, noted), (none, noted_too)) = (read(usize::MAX), read(0));
        assert!(all.files.iter().all(File::is_kept));
        assert_eq!(none.files.iter().filter(|file| file.is_kept()).count(), 1);
        assert_eq!((noted.len(), all.count(), none.count()), (18, 18, 18));
        assert_eq!(noted, noted_too);
        for index in [&all, &none] {
            let objects: Vec<(ObjectId, Value)> =
                index.objects().map(|(id, _, value)| (id, Value::clone(&value))).collect();
            assert_eq!(objects, noted);
            // All, all but one of each file, and none.
            let some = |keep: fn(&ObjectId) -> bool| {
                let ids = noted.iter().map(|(id, _)| *id);
                ids.filter(|id| !keep(id)).collect::<BTreeSet<ObjectId>>()
            };
            let all: fn(&ObjectId) -> bool = |_| true;
            for keep in [all, |id| id.document > 0, |_| false] {
                let done = some(keep);
                let parts = index.portions(&done).flat_map(|part| index.within(part, &done));
                let parts: Vec<(ObjectId, Value)> =
                    parts.map(|(id, _, value)| (id, Value::clone(&value))).collect();
                let left = noted.iter().filter(|(id, _)| keep(id)).cloned();
                assert_eq!(parts, left.collect::<Vec<_>>());
            }
            // A file of which nothing is left is not read again.
            assert_eq!(index.portions(&some(|_| false)).count(), 0);
            assert_eq!(index.names().count(), 18);
            for (id, value) in &noted {
                let name = read::reference(value).unwrap();
                assert!(index.names().any(|known| known == (&name, *id)));
                assert_eq!(index.find(&name), Some(*id));
                assert_eq!(*index.object(*id).unwrap().1, *value);
            }
        }
        // What somebody has at hand is not read once more.
        let held = none.documents(3);
        assert!(Arc::ptr_eq(&held, &none.documents(3)));
    }
}
