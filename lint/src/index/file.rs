//! A file that was read, and its documents, which are read again where they were not kept.

use std::borrow::Borrow;
use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use placecard_findings::FieldPath;
use serde_json::Value;

use super::{ObjectId, Role};
use crate::load::{Document, Source, load};

/// The documents of a file.
pub type Documents = Arc<Vec<Document>>;

/// One file.
#[derive(Clone, Debug)]
pub struct File {
    /// Its text.
    pub source: Source,
    /// Why it was read.
    pub role: Role,
    /// How many objects are in it.
    pub objects: usize,
    /// Something in it could not be read.
    pub has_problems: bool,
    kept: Option<Documents>,
    /// What somebody has at hand who read it again.
    again: Arc<Mutex<Weak<Vec<Document>>>>,
}

impl File {
    /// Reads a file. The values of a document take many times the memory of its text, so they are not
    /// kept unless that is asked for: the text says the same whenever it is read.
    pub(super) fn new(source: Source, role: Role, keep: bool) -> (Self, Documents) {
        let documents = Arc::new(load(&source));
        let objects = documents.iter().map(|document| document.objects.len()).sum();
        let has_problems = documents.iter().any(|document| !document.problems.is_empty());
        let kept = keep.then(|| Arc::clone(&documents));
        let again = Arc::default();
        (Self { source, role, objects, has_problems, kept, again }, documents)
    }

    /// What is in it. Where that was not kept, it is read again, unless somebody has it at hand.
    #[must_use]
    pub fn documents(&self) -> Documents {
        if let Some(kept) = &self.kept {
            return Arc::clone(kept);
        }
        let known = self.again.lock().unwrap_or_else(PoisonError::into_inner).upgrade();
        known.unwrap_or_else(|| {
            let documents = Arc::new(load(&self.source));
            *self.again.lock().unwrap_or_else(PoisonError::into_inner) = Arc::downgrade(&documents);
            documents
        })
    }

    /// Whether its documents are kept.
    #[must_use]
    pub const fn is_kept(&self) -> bool {
        self.kept.is_some()
    }
}

/// An object as it is written.
#[derive(Clone, Debug)]
pub struct Written {
    documents: Documents,
    document: usize,
    object: usize,
}

/// Stands for an object that is not there.
static NOTHING: Value = Value::Null;

impl Written {
    /// The object of this place in its file; `None` if there is none.
    pub(super) fn of(documents: &Documents, at: ObjectId) -> Option<Self> {
        let ObjectId { document, object, .. } = at;
        let read = documents.get(document)?;
        read.object(read.objects.get(object)?)?;
        Some(Self { documents: Arc::clone(documents), document, object })
    }

    /// The document that it stands in.
    #[must_use]
    pub fn document(&self) -> Option<&Document> {
        self.documents.get(self.document)
    }

    /// From the root of the document to it.
    #[must_use]
    pub fn path(&self) -> Option<&FieldPath> {
        self.document()?.objects.get(self.object).map(|at| &at.path)
    }
}

impl Deref for Written {
    type Target = Value;

    fn deref(&self) -> &Value {
        let found = self.document().and_then(|read| read.object(read.objects.get(self.object)?));
        found.unwrap_or(&NOTHING)
    }
}

impl Borrow<Value> for Written {
    fn borrow(&self) -> &Value {
        self
    }
}
