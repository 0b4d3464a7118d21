//! The lists of an API server, page by page and object by object, as the text of a dump.

use std::collections::BTreeMap;

use placecard_policies::feasibility::inventory::kind::Kind;
use placecard_policies::live::{Row, Watched};
use placecard_policies::snapshot::dump;
use placecard_policies::snapshot::page::{NoList, Page};
use placecard_policies::snapshot::redact::{Include, NoObject, redact, redact_more};
use placecard_policies::snapshot::stream::LARGEST_OBJECT;
use placecard_policies::words;
use serde_json::Value;

use super::progress::Progress;
use super::request::{Trouble, add_parameter, get};

/// Objects of a page, as kubectl asks for them.
const PAGE: &str = "500";

/// A list that became too old so often is asked for in one piece, which cannot become too old.
const PATIENCE: u32 = 2;

/// Where the text of a dump goes.
pub(super) trait Target {
    /// Takes the next bytes.
    fn write(&mut self, text: &[u8]) -> Result<(), String>;

    /// How many bytes it holds.
    fn at(&self) -> u64;

    /// Forgets what came after so many bytes; false if it cannot.
    fn back(&mut self, at: u64) -> Result<bool, String>;
}

/// What is taken.
pub(super) struct Wanted<'a> {
    /// Empty: all.
    pub(super) namespaces: &'a [String],
    /// Of pods.
    pub(super) selector: Option<&'a str>,
    pub(super) include: Include,
    /// What says how role coordinations stand, too.
    pub(super) more: bool,
}

/// What was taken.
#[derive(Debug, Default)]
pub(super) struct Taken {
    counts: BTreeMap<Kind, usize>,
    /// What could not be, a line each.
    pub(super) notes: Vec<String>,
}

impl Taken {
    /// How many objects of a kind were taken.
    pub(super) fn count(&self, kind: Kind) -> usize {
        self.counts.get(&kind).copied().unwrap_or_default()
    }
}

/// Why not all was taken.
pub(super) enum Stop {
    /// In one line.
    Told(String),
    /// The pages of this kind became too old, and the target cannot go back: begin anew.
    Expired(Kind),
}

impl From<String> for Stop {
    fn from(why: String) -> Self {
        Self::Told(why)
    }
}

/// Writes a dump of the cluster. `tries`: how often the pages of a kind became too old.
pub(super) async fn take(
    client: &kube::Client,
    wanted: &Wanted<'_>,
    to: &mut dyn Target,
    tries: &mut BTreeMap<Kind, u32>,
    progress: &mut Progress,
) -> Result<Taken, Stop> {
    let mut taken = Taken::default();
    for (kind, tries) in tries.iter() {
        taken.notes.extend((0..*tries).map(|_| words::snapshot::too_old(*kind)));
    }
    let version = version(client, &mut taken.notes).await?;
    to.write(dump::begin(version.as_deref()).as_bytes())?;
    let mut first = version.is_none();
    for (kind, row) in dump::kinds() {
        let start = to.at();
        loop {
            let tried = tries.entry(kind).or_default();
            let in_pages = *tried < PATIENCE;
            let mut list =
                List { client, wanted, kind, row, in_pages, first, begun: false, count: 0 };
            let outcome = list.take(to, &mut taken.notes, progress).await;
            match outcome {
                Ok(()) => {
                    if list.begun {
                        first = false;
                        taken.counts.insert(kind, list.count);
                    }
                    break;
                }
                Err(Trouble::Expired) if in_pages => {
                    *tried += 1;
                    taken.notes.push(words::snapshot::too_old(kind));
                    if !to.back(start)? {
                        return Err(Stop::Expired(kind));
                    }
                }
                Err(Trouble::Expired) => {
                    let why = format!("the API server cannot list {}: too old", kind.resource());
                    return Err(Stop::Told(why));
                }
                Err(trouble @ (Trouble::Absent | Trouble::Forbidden(_))) => {
                    taken.notes.push(not_listed(kind, trouble));
                    break;
                }
                Err(Trouble::Failed(why) | Trouble::Refused(why)) => return Err(Stop::Told(why)),
            }
        }
    }
    if wanted.more {
        take_more(client, wanted, to, &mut taken.notes, first).await?;
    }
    to.write(dump::END.as_bytes())?;
    Ok(taken)
}

/// What says how role coordinations stand: few objects, which are written once all are there.
async fn take_more(
    client: &kube::Client,
    wanted: &Wanted<'_>,
    to: &mut dyn Target,
    notes: &mut Vec<String>,
    first: bool,
) -> Result<(), Stop> {
    let mut count = 0;
    to.write(dump::begin_more(first).as_bytes())?;
    for kind in dump::MORE {
        let row = kind.row();
        let paths: Vec<String> = match wanted.namespaces {
            [] => vec![root(row, None)],
            names => names.iter().map(|name| root(row, Some(name))).collect(),
        };
        for path in paths {
            let mut objects = more(client, kind, &path, true).await;
            if matches!(objects, Err(Trouble::Expired)) {
                objects = more(client, kind, &path, false).await;
            }
            let objects = match objects {
                Ok(objects) => objects,
                // A cluster without the resource has no such objects.
                Err(Trouble::Absent) => break,
                Err(Trouble::Forbidden(told)) => {
                    let resource = row.plural;
                    notes.push(format!("{resource} may not be listed: {told}"));
                    continue;
                }
                Err(Trouble::Expired) => {
                    let why = format!("the API server cannot list {}: too old", row.plural);
                    return Err(Stop::Told(why));
                }
                Err(Trouble::Failed(why) | Trouble::Refused(why)) => return Err(Stop::Told(why)),
            };
            for object in objects {
                to.write(dump::before_object(count == 0).as_bytes())?;
                to.write(&object)?;
                count += 1;
            }
        }
    }
    to.write(dump::end_list("", None).as_bytes())?;
    Ok(())
}

/// What is kept of the objects of one path.
async fn more(
    client: &kube::Client,
    kind: Watched,
    path: &str,
    in_pages: bool,
) -> Result<Vec<Vec<u8>>, Trouble> {
    let row = kind.row();
    let cut = || Trouble::Failed(format!("the API server's list of {} is cut off", row.plural));
    let mut objects = Vec::new();
    let mut token = String::new();
    loop {
        let mut path = path.to_owned();
        if in_pages {
            add_parameter(&mut path, "limit", PAGE);
        }
        if !token.is_empty() {
            add_parameter(&mut path, "continue", &token);
        }
        let mut answer = get(client, &path).await?;
        let mut page = Page::default();
        while let Some(bytes) = answer.next().await? {
            page.push(&bytes);
            while let Some(object) = page.next_object().map_err(|NoList| cut())? {
                let mut kept = Vec::new();
                redact_more(kind, object, &mut kept).map_err(|NoObject| cut())?;
                objects.push(dump::named(&row, &kept));
            }
        }
        token = page.end().ok_or_else(cut)?.token;
        if token.is_empty() {
            return Ok(objects);
        }
    }
}

/// The server's version; not everybody may read it.
async fn version(client: &kube::Client, notes: &mut Vec<String>) -> Result<Option<String>, String> {
    let answer = match get(client, "/version").await {
        Ok(mut answer) => answer.all(LARGEST_OBJECT).await,
        Err(trouble) => Err(trouble),
    };
    match answer {
        Ok(text) => {
            let version: Value = serde_json::from_slice(&text).unwrap_or_default();
            let version = version["gitVersion"].as_str().filter(|text| text.starts_with('v'));
            version
                .map(|text| Some(text.to_owned()))
                .ok_or_else(|| "what answers is no API server: it has no version".to_owned())
        }
        Err(Trouble::Forbidden(_) | Trouble::Absent | Trouble::Expired) => {
            notes.push(words::snapshot::no_version().to_owned());
            Ok(None)
        }
        Err(Trouble::Failed(why) | Trouble::Refused(why)) => Err(why),
    }
}

fn not_listed(kind: Kind, trouble: Trouble) -> String {
    let told = match trouble {
        Trouble::Forbidden(told) => Some(told),
        _ => None,
    };
    words::snapshot::not_listed(kind, told.as_deref())
}

/// One kind.
struct List<'a> {
    client: &'a kube::Client,
    wanted: &'a Wanted<'a>,
    kind: Kind,
    row: Row,
    in_pages: bool,
    /// Nothing stands before it.
    first: bool,
    /// Something of it is written.
    begun: bool,
    count: usize,
}

impl List<'_> {
    async fn take(
        &mut self,
        to: &mut dyn Target,
        notes: &mut Vec<String>,
        progress: &mut Progress,
    ) -> Result<(), Trouble> {
        let namespaces = self.wanted.namespaces;
        let mut revision = String::new();
        if namespaces.is_empty() || !self.row.namespaced && self.kind != Kind::Namespace {
            revision = self.pages(root(self.row, None), to, progress).await?;
        } else if self.kind == Kind::Namespace {
            for name in namespaces {
                self.one(name, to, notes).await?;
            }
        } else {
            for name in namespaces {
                match self.pages(root(self.row, Some(name)), to, progress).await {
                    Ok(_) => {}
                    // Not served: nor in the others.
                    Err(Trouble::Absent) => return Err(Trouble::Absent),
                    Err(Trouble::Forbidden(told)) => {
                        let note = words::snapshot::not_listed_in(self.kind, name, &told);
                        notes.push(note);
                    }
                    Err(trouble) => return Err(trouble),
                }
            }
        }
        if self.begun {
            let end = dump::end_list(&revision, self.lacks().as_deref());
            to.write(end.as_bytes()).map_err(Trouble::Failed)?;
        }
        Ok(())
    }

    /// Why there may be more objects of the kind.
    fn lacks(&self) -> Option<String> {
        let Wanted { namespaces, selector, .. } = self.wanted;
        let some = self.row.namespaced || self.kind == Kind::Namespace;
        let namespaces = (some && !namespaces.is_empty()).then_some(*namespaces);
        let selector = selector.filter(|_| self.kind == Kind::Pod);
        words::snapshot::lacks(namespaces, selector)
    }

    /// The pages of one path; the revision of the last.
    async fn pages(
        &mut self,
        path: String,
        to: &mut dyn Target,
        progress: &mut Progress,
    ) -> Result<String, Trouble> {
        let mut token = String::new();
        loop {
            let mut path = path.clone();
            if self.in_pages {
                add_parameter(&mut path, "limit", PAGE);
            }
            if let (Some(selector), Kind::Pod) = (self.wanted.selector, self.kind) {
                add_parameter(&mut path, "labelSelector", selector);
            }
            if !token.is_empty() {
                add_parameter(&mut path, "continue", &token);
            }
            let mut answer = get(self.client, &path).await?;
            self.begin(to)?;
            let mut page = Page::default();
            while let Some(bytes) = answer.next().await? {
                page.push(&bytes);
                while let Some(object) = page.next_object().map_err(|NoList| self.no_list())? {
                    let kept = self.kept(object)?;
                    self.write(&kept, to)?;
                }
                progress.at(self.kind, self.count);
            }
            let metadata = page.end().ok_or_else(|| self.no_list())?;
            token = metadata.token;
            if token.is_empty() {
                return Ok(metadata.resource_version);
            }
        }
    }

    /// A namespace by its name: who may read in one need not be allowed to list all.
    async fn one(
        &mut self,
        name: &str,
        to: &mut dyn Target,
        notes: &mut Vec<String>,
    ) -> Result<(), Trouble> {
        let mut answer = match get(self.client, &format!("/api/v1/namespaces/{name}")).await {
            Ok(answer) => answer,
            Err(Trouble::Absent) => {
                return Err(Trouble::Failed(format!("there is no namespace {name}")));
            }
            Err(Trouble::Forbidden(told)) => {
                notes.push(words::snapshot::not_listed_in(self.kind, name, &told));
                return Ok(());
            }
            Err(trouble) => return Err(trouble),
        };
        let object = answer.all(LARGEST_OBJECT).await?;
        let kept = self.kept(&object)?;
        self.begin(to)?;
        self.write(&kept, to)
    }

    fn begin(&mut self, to: &mut dyn Target) -> Result<(), Trouble> {
        if !std::mem::replace(&mut self.begun, true) {
            let text = dump::begin_list(&self.row, self.first);
            to.write(text.as_bytes()).map_err(Trouble::Failed)?;
        }
        Ok(())
    }

    fn kept(&self, object: &[u8]) -> Result<Vec<u8>, Trouble> {
        let mut kept = Vec::with_capacity(object.len());
        redact(self.kind, object, self.wanted.include, &mut kept)
            .map_err(|NoObject| self.no_list())?;
        Ok(kept)
    }

    fn write(&mut self, object: &[u8], to: &mut dyn Target) -> Result<(), Trouble> {
        let before = dump::before_object(self.count == 0);
        self.count += 1;
        to.write(before.as_bytes()).and_then(|()| to.write(object)).map_err(Trouble::Failed)
    }

    fn no_list(&self) -> Trouble {
        let resource = self.kind.resource();
        Trouble::Failed(format!("the API server's list of {resource} is cut off or no list"))
    }
}

/// The path of a kind, in all namespaces or in one.
fn root(row: Row, namespace: Option<&str>) -> String {
    let Row { group, version, plural, .. } = row;
    let root = match group {
        "" => format!("/api/{version}"),
        group => format!("/apis/{group}/{version}"),
    };
    match namespace {
        None => format!("{root}/{plural}"),
        Some(name) => format!("{root}/namespaces/{name}/{plural}"),
    }
}
