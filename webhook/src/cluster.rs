//! Answers from the API server: one GET for each thing that the index does not know.
//!
//! Only the selector of a controller is kept, because it cannot change: Deployment, ReplicaSet,
//! StatefulSet, DaemonSet and Job validate it as immutable (`pkg/apis/apps/validation`,
//! `pkg/apis/batch/validation`), and a UID is never used twice.

pub(crate) mod groups;
mod rosters;

use std::sync::{Arc, Mutex, PoisonError};

use axum::http::Request;
use placecard_findings::ObjectRef;
use placecard_policies::language::intent::TargetKind;
use placecard_policies::language::keys;
use placecard_policies::surroundings::{Answer, Reference, Selects, ServerVersion, Workload};
use placecard_policies::{claims, read};
use serde_json::Value;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

use crate::cluster::rosters::Rosters;
use crate::recent::Recent;

/// GETs that are under way at once for one admission.
const CONCURRENT: usize = 16;

/// References that are looked up for one admission; the rest is unreachable. Far beyond what an
/// object can name and still be expressed.
const REFERENCES: usize = 256;

/// Selectors that are kept: at some 300 bytes each a few megabytes.
const SELECTORS: usize = 8192;

/// Resource names of other kinds that are kept.
const RESOURCES: usize = 256;

/// The API server.
#[derive(Clone)]
pub struct Cluster {
    client: kube::Client,
    kept: Arc<Kept>,
}

struct Kept {
    selectors: Mutex<Recent<Reference, Selects>>,
    resources: Mutex<Recent<(String, String), Resource>>,
    schemas: groups::Schemas,
    rosters: Rosters,
}

/// How objects of a kind are addressed.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Resource {
    plural: String,
    namespaced: bool,
}

/// Why there is no object.
#[derive(Debug)]
enum Missing {
    /// It is not there.
    NotFound,
    /// This webhook may not read it.
    Forbidden,
    /// The API server did not answer, or not with an object.
    Failed(String),
}

impl Cluster {
    /// Asks through this client.
    #[must_use]
    pub fn new(client: kube::Client) -> Self {
        let kept = Kept {
            selectors: Mutex::new(Recent::new(SELECTORS)),
            resources: Mutex::new(Recent::new(RESOURCES)),
            schemas: groups::Schemas::default(),
            rosters: Rosters::default(),
        };
        Self { client, kept: Arc::new(kept) }
    }

    /// The client that it asks through.
    #[must_use]
    pub const fn client(&self) -> &kube::Client {
        &self.client
    }

    /// The server's version; the first contact.
    ///
    /// # Errors
    /// What the client says, or that the answer is no version.
    pub async fn version(&self) -> Result<ServerVersion, String> {
        let version = self.get("/version").await.map_err(|missing| match missing {
            Missing::NotFound => "the server has no /version".to_owned(),
            Missing::Forbidden => "this webhook may not read /version".to_owned(),
            Missing::Failed(detail) => detail,
        })?;
        let text = version.get("gitVersion").and_then(Value::as_str).unwrap_or_default();
        ServerVersion::parse(text).ok_or_else(|| format!("{text:?} is no Kubernetes version"))
    }

    /// Answers the references, several at once; by the deadline, or `Unreachable`.
    pub async fn answers(
        &self,
        references: Vec<Reference>,
        deadline: Instant,
    ) -> Vec<(Reference, Answer)> {
        let mut answers = Vec::with_capacity(references.len());
        let mut open = Vec::new();
        for reference in references {
            match self.kept_selector(&reference) {
                Some(selector) => answers.push((reference, Answer::Selector(Some(selector)))),
                None if open.len() < REFERENCES => open.push(reference),
                None => answers.push((reference, Answer::Unreachable)),
            }
        }
        let mut open = open.into_iter();
        let mut tasks = JoinSet::new();
        loop {
            while tasks.len() < CONCURRENT
                && let Some(reference) = open.next()
            {
                let cluster = self.clone();
                tasks.spawn(async move {
                    let answer = timeout_at(deadline, cluster.answer(&reference)).await;
                    (reference, answer.unwrap_or(Answer::Unreachable))
                });
            }
            match tasks.join_next().await {
                Some(Ok(answer)) => answers.push(answer),
                Some(Err(error)) => tracing::error!(%error, "a look-up broke off"),
                None => return answers,
            }
        }
    }

    fn kept_selector(&self, reference: &Reference) -> Option<Selects> {
        lock(&self.kept.selectors).get(reference)
    }

    async fn answer(&self, reference: &Reference) -> Answer {
        let found = match reference {
            Reference::Target { kind, namespace, name } => {
                self.target(*kind, namespace, name, reference).await
            }
            Reference::Owner { object, uid } => {
                let owner = self.owner(object, uid).await;
                if let Ok(Answer::Selector(Some(selector))) = &owner
                    && is_immutable(&object.api_version, &object.kind)
                {
                    lock(&self.kept.selectors).insert(reference.clone(), selector.clone());
                }
                owner
            }
            Reference::Namespace { name } => match path("api/v1/namespaces", &[name]) {
                Ok(path) => self.get(&path).await.map(|value| own_answer(&value, reference)),
                Err(missing) => Err(missing),
            },
            Reference::Claim { namespace, name } => self.claim(namespace, name).await,
            Reference::AccessModes { namespace, name } => {
                match path("api/v1/namespaces", &[namespace, "persistentvolumeclaims", name]) {
                    Ok(path) => self.get(&path).await.map(|value| own_answer(&value, reference)),
                    Err(missing) => Err(missing),
                }
            }
            Reference::Autoscaler { namespace, .. } => self.autoscaler(namespace, reference).await,
            Reference::Node { name } => self.own("api/v1/nodes", &[name], reference).await,
            Reference::Pod { namespace, name } => {
                self.own("api/v1/namespaces", &[namespace, "pods", name], reference).await
            }
            Reference::PersistentVolume { name } => {
                self.own("api/v1/persistentvolumes", &[name], reference).await
            }
            Reference::Lease { namespace, name } => {
                let names = [namespace.as_str(), "leases", name];
                self.own("apis/coordination.k8s.io/v1/namespaces", &names, reference).await
            }
            Reference::Coordination { namespace, name } => {
                let root = format!("apis/{}/namespaces", keys::API_VERSION);
                let names = [namespace.as_str(), keys::COORDINATION_PLURAL, name];
                self.own(&root, &names, reference).await
            }
            Reference::Coordinations { namespace } => self.rosters(namespace).await,
            Reference::Cast { .. } | Reference::LongForm { .. } => Ok(Answer::Unreachable),
            Reference::Workload { object } => self.workload(object).await,
            Reference::InGroup { namespace, name } => {
                self.in_group(namespace, name, reference).await
            }
            Reference::GroupSchema { version } => self.group_schema(version).await,
            Reference::Scale { kind, namespace, name } => {
                let plural = format!("{}s", kind.to_ascii_lowercase());
                let names: [&str; 3] = [namespace, &plural, name];
                self.own("apis/apps/v1/namespaces", &names, reference).await
            }
            // The API finds no object by its UID. Until there is an index of them, none is known.
            Reference::Object { .. } => Ok(Answer::Unreachable),
        };
        found.unwrap_or_else(|missing| match missing {
            Missing::NotFound => Answer::Absent,
            Missing::Forbidden => {
                tracing::warn!(?reference, "not allowed to read it; check the webhook's role");
                Answer::Unreachable
            }
            Missing::Failed(error) => {
                tracing::warn!(?reference, error, "could not be looked up");
                Answer::Unreachable
            }
        })
    }

    /// What one object says of itself.
    async fn own(
        &self,
        root: &str,
        names: &[&str],
        reference: &Reference,
    ) -> Result<Answer, Missing> {
        let value = self.get(&path(root, names)?).await?;
        Ok(own_answer(&value, reference))
    }

    async fn target(
        &self,
        kind: TargetKind,
        namespace: &str,
        name: &str,
        reference: &Reference,
    ) -> Result<Answer, Missing> {
        let (root, plural) = match kind {
            TargetKind::Service => ("api/v1", "services"),
            TargetKind::Deployment => ("apis/apps/v1", "deployments"),
            TargetKind::StatefulSet => ("apis/apps/v1", "statefulsets"),
            TargetKind::DaemonSet => ("apis/apps/v1", "daemonsets"),
            TargetKind::Job => ("apis/batch/v1", "jobs"),
        };
        let value = self.get(&path(root, &["namespaces", namespace, plural, name])?).await?;
        Ok(own_answer(&value, reference))
    }

    /// The selector of the very object that the owner reference means. An owner that this webhook
    /// may not read, or that has no selector, is an unknown owner: asking again changes nothing.
    async fn owner(&self, owner: &ObjectRef, uid: &str) -> Result<Answer, Missing> {
        let ObjectRef { api_version, kind, namespace, name } = owner;
        if (api_version.as_str(), kind.as_str()) == ("v1", "Node") {
            // The owner of a mirror pod; a node selects no pods.
            return Ok(Answer::Absent);
        }
        let built_in = built_in(api_version, kind);
        let resource = match &built_in {
            Some(resource) => resource.clone(),
            None => match self.resource(api_version, kind).await {
                Err(Missing::Forbidden) => return Ok(Answer::Absent),
                other => other?,
            },
        };
        let root = root_of(api_version)?;
        let path = if resource.namespaced {
            path(&root, &["namespaces", namespace, &resource.plural, name])?
        } else {
            path(&root, &[&resource.plural, name])?
        };
        let object = match self.get(&path).await {
            Err(Missing::Forbidden) if built_in.is_none() => return Ok(Answer::Absent),
            other => other?,
        };
        if object.pointer("/metadata/uid").and_then(Value::as_str) != Some(uid) {
            return Ok(Answer::Absent);
        }
        let selector = read::controller_selector(&object);
        Ok(selector.map_or(Answer::Absent, |selector| Answer::Selector(Some(selector.into()))))
    }

    /// A workload that plays a role, as it is written.
    async fn workload(&self, workload: &ObjectRef) -> Result<Answer, Missing> {
        let ObjectRef { api_version, kind, namespace, name } = workload;
        let resource = match built_in(api_version, kind) {
            Some(resource) => resource,
            None => self.resource(api_version, kind).await?,
        };
        let names = ["namespaces", namespace, &resource.plural, name];
        let written = self.get(&path(&root_of(api_version)?, &names)?).await?;
        Ok(Answer::Workload(Box::new(Workload { written, is_reviewed: false })))
    }

    /// The volume of a claim.
    async fn claim(&self, namespace: &str, name: &str) -> Result<Answer, Missing> {
        let claim = path("api/v1/namespaces", &[namespace, "persistentvolumeclaims", name])?;
        let claim = self.get(&claim).await?;
        let volume = claim.pointer("/spec/volumeName").and_then(Value::as_str).unwrap_or_default();
        if volume.is_empty() {
            return Ok(Answer::Unbound);
        }
        let volume = self.get(&path("api/v1/persistentvolumes", &[volume])?).await?;
        let volume = claims::volume(&volume)
            .ok_or_else(|| Missing::Failed("a volume that cannot be read".to_owned()))?;
        Ok(Answer::Volume(Box::new(volume)))
    }

    /// The autoscaler that names the workload: the API finds none by what it scales.
    async fn autoscaler(&self, namespace: &str, reference: &Reference) -> Result<Answer, Missing> {
        let list =
            path("apis/autoscaling/v2/namespaces", &[namespace, "horizontalpodautoscalers"])?;
        let list = self.get(&list).await?;
        let items = list.get("items").and_then(Value::as_array).into_iter().flatten();
        let found = items.map(|item| {
            // The items of a list do not say what they are.
            let mut item = item.clone();
            item["apiVersion"] = "autoscaling/v2".into();
            item["kind"] = "HorizontalPodAutoscaler".into();
            own_answer(&item, reference)
        });
        let mut found = found.filter(|answer| *answer != Answer::Absent);
        Ok(found.next().unwrap_or(Answer::Absent))
    }

    /// The resource of a kind that is not built in, from the API's own description. Only what was
    /// found is kept: a custom resource can be defined at any time.
    async fn resource(&self, api_version: &str, kind: &str) -> Result<Resource, Missing> {
        let key = (api_version.to_owned(), kind.to_owned());
        if let Some(resource) = lock(&self.kept.resources).get(&key) {
            return Ok(resource);
        }
        let list = self.get(&path(&root_of(api_version)?, &[])?).await?;
        let text = |entry: &Value, field: &str| {
            entry.get(field).and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        let entries = list.get("resources").and_then(Value::as_array);
        let found = entries.into_iter().flatten().find_map(|entry| {
            let plural = text(entry, "name");
            let namespaced = entry.get("namespaced").and_then(Value::as_bool).unwrap_or(false);
            (text(entry, "kind") == kind && !plural.contains('/'))
                .then_some(Resource { plural, namespaced })
        });
        let resource = found.ok_or(Missing::NotFound)?;
        lock(&self.kept.resources).insert(key, resource.clone());
        Ok(resource)
    }

    async fn get(&self, path: &str) -> Result<Value, Missing> {
        let request = Request::get(path)
            .body(Vec::new())
            .map_err(|error| Missing::Failed(error.to_string()))?;
        let text = match self.client.request_text(request).await {
            Ok(text) => text,
            Err(kube::Error::Api(status)) => {
                return Err(match status.code {
                    404 | 410 => Missing::NotFound,
                    401 | 403 => Missing::Forbidden,
                    code => Missing::Failed(format!("the API server answers {code}")),
                });
            }
            Err(error) => return Err(Missing::Failed(error.to_string())),
        };
        serde_json::from_str(&text).map_err(|error| Missing::Failed(error.to_string()))
    }
}

/// What an object says about itself, if it is the object that was asked for.
fn own_answer(value: &Value, reference: &Reference) -> Answer {
    read::answers(value, "")
        .into_iter()
        .find_map(|(of, answer)| (of == *reference).then_some(answer))
        .unwrap_or(Answer::Absent)
}

fn built_in(api_version: &str, kind: &str) -> Option<Resource> {
    let plural = match (api_version, kind) {
        ("apps/v1", "ReplicaSet") => "replicasets",
        ("apps/v1", "Deployment") => "deployments",
        ("apps/v1", "StatefulSet") => "statefulsets",
        ("apps/v1", "DaemonSet") => "daemonsets",
        ("batch/v1", "Job") => "jobs",
        ("v1", "ReplicationController") => "replicationcontrollers",
        _ => return None,
    };
    Some(Resource { plural: plural.to_owned(), namespaced: true })
}

/// Whether the selector of this kind can never change.
fn is_immutable(api_version: &str, kind: &str) -> bool {
    kind != "ReplicationController" && built_in(api_version, kind).is_some()
}

/// The root of a group and version: `api/v1` or `apis/GROUP/VERSION`.
fn root_of(api_version: &str) -> Result<String, Missing> {
    let root = match api_version.split_once('/') {
        None => path("api", &[api_version])?,
        Some((group, version)) => path("apis", &[group, version])?,
    };
    Ok(root.trim_start_matches('/').to_owned())
}

/// A path from a root and names. Names come from annotations and owner references: one that could
/// not be the name of an object names nothing, and never another path.
fn path(root: &str, names: &[&str]) -> Result<String, Missing> {
    let mut path = format!("/{root}");
    for name in names {
        let plain = |byte: u8| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'.')
        };
        let sized = !name.is_empty() && name.len() <= 253;
        if !sized || name.starts_with('.') || !name.bytes().all(plain) {
            return Err(Missing::NotFound);
        }
        path.push('/');
        path.push_str(name);
    }
    Ok(path)
}

/// Nothing panics while it holds a lock, and a cache is never half written.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
