//! Context from files, for a webhook without a cluster: Services, workloads and Namespaces.

use std::collections::BTreeMap;
use std::fmt;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use placecard_findings::ObjectRef;
use placecard_policies::coordination::{players, roster};
use placecard_policies::language::checked::Words;
use placecard_policies::surroundings::{Answer, Reference, Selects, Workload};
use placecard_policies::vocabulary::change::InUse;
use placecard_policies::{claims, coordination, read};
use serde_json::Value;

/// The largest file that is read, in bytes.
const FILE_LIMIT: u64 = 64 * 1024 * 1024;

/// Where `kubectl` puts an object without a namespace.
const DEFAULT_NAMESPACE: &str = "default";

/// What the files say.
#[derive(Debug, Clone, Default)]
pub struct Files {
    answers: BTreeMap<Reference, Answer>,
    owners: BTreeMap<ObjectRef, Owner>,
    /// Claims and volumes: an answer takes both.
    volumes: Vec<Value>,
    /// RoleCoordinations: an answer takes all of a namespace.
    coordinations: Vec<Value>,
    /// What may play a role in a coordination.
    players: Vec<Value>,
    /// Who uses words of the vocabulary.
    users: Vec<InUse>,
}

#[derive(Debug, Clone)]
struct Owner {
    /// Empty in a manifest that was never applied.
    uid: String,
    selector: Selects,
}

/// A file that cannot be used.
#[derive(Debug)]
pub struct FileError {
    /// As given, or as found in a folder.
    pub path: PathBuf,
    /// What is wrong, with line and column where they are known.
    pub detail: String,
}

impl std::error::Error for FileError {}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path.display(), self.detail)
    }
}

impl FileError {
    fn new(path: &Path, detail: impl fmt::Display) -> Self {
        Self { path: path.to_owned(), detail: detail.to_string() }
    }
}

impl Files {
    /// Reads files, and folders with all `.yaml`, `.yml` and `.json` files below them.
    ///
    /// # Errors
    /// The first file that cannot be read or parsed.
    pub fn read(paths: &[PathBuf]) -> Result<Self, FileError> {
        let mut files = Self::default();
        for path in paths {
            for entry in walkdir::WalkDir::new(path).follow_links(true).sort_by_file_name() {
                let entry = entry.map_err(|error| FileError::new(path, error))?;
                let named = entry.depth() == 0;
                if entry.file_type().is_file() && (named || is_manifest(entry.path())) {
                    for document in documents(entry.path())? {
                        files.add(&document);
                    }
                }
            }
        }
        Ok(files)
    }

    /// Takes in one object, or every object of a `List`.
    pub fn add(&mut self, object: &Value) {
        let Some(reference) = read::reference(object) else { return };
        if let Some(Value::Array(items)) = object.get("items").filter(|_| is_list(&reference.kind))
        {
            items.iter().for_each(|item| self.add(item));
            return;
        }
        self.answers.extend(read::answers(object, DEFAULT_NAMESPACE));
        if matches!(reference.kind.as_str(), "PersistentVolumeClaim" | "PersistentVolume") {
            self.volumes.push(object.clone());
        }
        if coordination::is_coordination(&reference) {
            self.coordinations.push(object.clone());
        }
        if players::may_play(&reference, object) {
            self.players.push(object.clone());
        }
        if let Ok(object) = read::object(object, &Words::default()) {
            self.users.extend(InUse::of_object(&object, DEFAULT_NAMESPACE));
        }
        if let Some(selector) = read::controller_selector(object) {
            let namespace = if reference.namespace.is_empty() {
                DEFAULT_NAMESPACE.to_owned()
            } else {
                reference.namespace
            };
            let key = ObjectRef { namespace, ..reference };
            let uid = object.pointer("/metadata/uid").and_then(Value::as_str).unwrap_or_default();
            let selector = selector.into();
            self.owners.insert(key, Owner { uid: uid.to_owned(), selector });
        }
    }

    /// How many objects answer something.
    #[must_use]
    pub fn len(&self) -> usize {
        self.answers.len().max(self.owners.len())
    }

    /// Whether nothing was found.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The workloads and bare pods that have intents.
    #[must_use]
    pub fn in_use(&self) -> Vec<InUse> {
        let labels =
            |name: &str| match self.answers.get(&Reference::Namespace { name: name.into() }) {
                Some(Answer::Namespace(labels)) => Some(labels.clone()),
                _ => None,
            };
        let known = self.users.iter();
        known.map(|one| InUse { namespace: labels(&one.object.namespace), ..one.clone() }).collect()
    }

    /// The answer to a reference. `None` where the files cannot know: a namespace or a volume
    /// claim that is not in them exists all the same.
    #[must_use]
    pub fn answer(&self, reference: &Reference) -> Option<Answer> {
        match reference {
            Reference::Owner { object, uid } => {
                let owner = self.owners.get(object.as_ref());
                let owner = owner.filter(|owner| owner.uid.is_empty() || owner.uid == *uid);
                Some(owner.map_or(Answer::Absent, |o| Answer::Selector(Some(o.selector.clone()))))
            }
            Reference::Target { .. } | Reference::Lease { .. } => {
                Some(self.answers.get(reference).cloned().unwrap_or(Answer::Absent))
            }
            Reference::Namespace { .. }
            | Reference::AccessModes { .. }
            | Reference::Object { .. }
            | Reference::Node { .. }
            | Reference::Pod { .. }
            | Reference::PersistentVolume { .. }
            | Reference::Coordination { .. }
            | Reference::InGroup { .. }
            | Reference::GroupSchema { .. }
            | Reference::LongForm { .. }
            | Reference::Scale { .. }
            | Reference::Autoscaler { .. } => self.answers.get(reference).cloned(),
            Reference::Cast { namespace } => {
                let namespace = namespace.clone();
                self.answer(&Reference::Coordinations { namespace })
            }
            Reference::Coordinations { .. } => {
                let known = roster::answers(&self.coordinations, DEFAULT_NAMESPACE);
                known.into_iter().find(|(of, _)| of == reference).map(|(_, answer)| answer)
            }
            Reference::Workload { .. } => {
                let is = |value: &&Value| {
                    let object = read::reference(value);
                    object.is_some_and(|one| players::is_of(reference, &one, DEFAULT_NAMESPACE))
                };
                let written = self.players.iter().find(is)?.clone();
                Some(Answer::Workload(Box::new(Workload { written, is_reviewed: false })))
            }
            Reference::Claim { .. } => {
                let mut known = claims::answers(self.volumes.iter(), DEFAULT_NAMESPACE).into_iter();
                known.find(|(of, _)| of == reference).map(|(_, answer)| answer)
            }
        }
    }
}

fn is_list(kind: &str) -> bool {
    kind.ends_with("List")
}

fn is_manifest(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    extension.is_some_and(|extension| matches!(extension, "yaml" | "yml" | "json"))
}

/// All YAML documents of a file; JSON is YAML.
///
/// # Errors
/// A file that cannot be read, is larger than 64 MiB, is not UTF-8, or is not YAML.
pub fn documents(path: &Path) -> Result<Vec<Value>, FileError> {
    let file = std::fs::File::open(path).map_err(|error| FileError::new(path, error))?;
    let mut bytes = Vec::new();
    let read = file.take(FILE_LIMIT + 1).read_to_end(&mut bytes);
    read.map_err(|error| FileError::new(path, error))?;
    if bytes.len() as u64 > FILE_LIMIT {
        return Err(FileError::new(path, "the file is larger than 64 MiB; split it"));
    }
    let text = std::str::from_utf8(&bytes).map_err(|error| {
        FileError::new(path, format!("byte {} is not UTF-8; save it as UTF-8", error.valid_up_to()))
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut options = serde_saphyr::Options::default();
    // Comments are not looked at, and long blocks of them are common.
    options.emit_comments = false;
    options.with_snippet = false;
    serde_saphyr::from_multiple_with_options(text, options)
        .map_err(|error| FileError::new(path, error))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use placecard_policies::language::intent::TargetKind;
    use serde_json::json;

    use super::*;

    fn service(namespace: &str, name: &str) -> Reference {
        Reference::Target {
            kind: TargetKind::Service,
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        }
    }

    fn owner(kind: &str, name: &str, uid: &str) -> Reference {
        let object = ObjectRef {
            api_version: "apps/v1".to_owned(),
            kind: kind.to_owned(),
            namespace: "shop".to_owned(),
            name: name.to_owned(),
        };
        Reference::Owner { object: Box::new(object), uid: uid.to_owned() }
    }

    fn selector(answer: Option<Answer>) -> Value {
        match answer {
            Some(Answer::Selector(Some(selector))) => json!(selector.native().match_labels),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn folders_lists_and_several_documents_are_read() {
        let dir = tempfile::tempdir().unwrap();
        let comments = "# a long comment\n".repeat(500);
        let two = format!(
            "\u{feff}apiVersion: v1\nkind: Service\nmetadata:\n{comments}  name: db\nspec: {{selector: {{app: db}}}}\n---\n\
             # nothing\n---\njust: data\n---\napiVersion: v1\nkind: Namespace\nmetadata: {{name: shop, labels: {{team: a}}}}\n"
        );
        fs::write(dir.path().join("two.yaml"), two).unwrap();
        fs::create_dir(dir.path().join("sub")).unwrap();
        let list = json!({"apiVersion": "v1", "kind": "List", "items": [
            {"apiVersion": "apps/v1", "kind": "ReplicaSet",
             "metadata": {"namespace": "shop", "name": "web-1", "uid": "u1"},
             "spec": {"selector": {"matchLabels": {"app": "web"}}}},
            {"apiVersion": "apps/v1", "kind": "StatefulSet",
             "metadata": {"namespace": "shop", "name": "db"},
             "spec": {"selector": {"matchLabels": {"app": "db"}}}}]});
        fs::write(dir.path().join("sub/list.json"), list.to_string()).unwrap();
        fs::write(dir.path().join("notes.txt"), "{{{").unwrap();

        let files = Files::read(&[dir.path().to_owned()]).unwrap();
        assert_eq!(selector(files.answer(&service("default", "db"))), json!({"app": "db"}));
        assert_eq!(files.answer(&service("shop", "db")), Some(Answer::Absent));
        assert_eq!(
            selector(files.answer(&owner("ReplicaSet", "web-1", "u1"))),
            json!({"app": "web"})
        );
        assert_eq!(files.answer(&owner("ReplicaSet", "web-1", "u2")), Some(Answer::Absent));
        assert_eq!(
            selector(files.answer(&owner("StatefulSet", "db", "any"))),
            json!({"app": "db"})
        );
        assert_eq!(files.answer(&owner("Deployment", "db", "any")), Some(Answer::Absent));
        let namespace = |name: &str| Reference::Namespace { name: name.to_owned() };
        let Some(Answer::Namespace(labels)) = files.answer(&namespace("shop")) else { panic!() };
        assert_eq!(labels["team"], "a");
        assert_eq!(files.answer(&namespace("other")), None, "it may exist");
    }

    #[test]
    fn bad_files_are_named() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.txt");
        let bomb = "a: &a [x,x,x,x,x,x,x,x,x,x]\n".to_owned()
            + &(0..9)
                .map(|n| {
                    let (from, to) = (char::from(b'a' + n), char::from(b'b' + n));
                    format!("{to}: &{to} [*{from},*{from},*{from},*{from},*{from},*{from},*{from},*{from},*{from}]\n")
                })
                .collect::<String>();
        for content in [&b"a: [1, 2\nb: 3\n"[..], b"a: \xff", b"a: *nowhere\n", bomb.as_bytes()] {
            fs::write(&path, content).unwrap();
            let error = Files::read(std::slice::from_ref(&path)).unwrap_err();
            assert_eq!(error.path, path);
            assert!(error.to_string().contains("x.txt: "), "{error}");
        }
        assert!(Files::read(&[dir.path().join("absent")]).is_err());
    }
}
