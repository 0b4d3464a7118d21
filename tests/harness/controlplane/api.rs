//! Blocking requests to an API server, on plain JSON objects.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::{Method, Request};
use kube::client::Body;
use kube::config::{KubeConfigOptions, Kubeconfig};
use serde_json::Value;
use tokio::runtime::{Builder, Runtime};

/// A connection to an API server as one user. Cheap to clone; not for use inside of async code.
#[derive(Clone)]
pub struct Api {
    connection: Arc<Connection>,
    /// Added to every request that changes something.
    query: Vec<(String, String)>,
    headers: Vec<(String, String)>,
}

struct Connection {
    runtime: Runtime,
    client: kube::Client,
    /// What the server said about kinds, by (apiVersion, kind).
    resources: Mutex<BTreeMap<(String, String), Resource>>,
}

/// How the server calls a kind in paths.
#[derive(Clone, Debug, PartialEq)]
struct Resource {
    plural: String,
    namespaced: bool,
}

/// Names one object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// `v1`, `apps/v1`.
    pub api_version: String,
    /// `Pod`.
    pub kind: String,
    /// Empty for kinds that live in no namespace.
    pub namespace: String,
    /// Empty where the server makes the name.
    pub name: String,
}

impl Target {
    /// Names an object; `namespace` is empty for kinds that live in none.
    #[must_use]
    pub fn new(api_version: &str, kind: &str, namespace: &str, name: &str) -> Self {
        Self {
            api_version: api_version.into(),
            kind: kind.into(),
            namespace: namespace.into(),
            name: name.into(),
        }
    }

    /// The name that an object gives itself.
    #[must_use]
    pub fn of(object: &Value) -> Self {
        let text = |pointer| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        Self::new(
            text("/apiVersion"),
            text("/kind"),
            text("/metadata/namespace"),
            text("/metadata/name"),
        )
    }

    /// The path of the group version: `/api/v1`, `/apis/apps/v1`.
    fn root(&self) -> String {
        let prefix = if self.api_version.contains('/') { "/apis" } else { "/api" };
        format!("{prefix}/{}", self.api_version)
    }

    /// The path of the kind's collection.
    fn collection(&self, resource: &Resource) -> String {
        let root = self.root();
        if resource.namespaced && !self.namespace.is_empty() {
            format!("{root}/namespaces/{}/{}", self.namespace, resource.plural)
        } else {
            format!("{root}/{}", resource.plural)
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { api_version, kind, namespace, name } = self;
        write!(f, "{api_version} {kind} {namespace}/{name}")
    }
}

/// The four kinds of patch of an API server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patch {
    /// RFC 6902, a list of operations.
    Json,
    /// RFC 7386.
    Merge,
    /// Kubernetes' own, which merges lists by key.
    Strategic,
    /// Server-side apply; needs the query `fieldManager`.
    Apply,
}

impl Patch {
    fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json-patch+json",
            Self::Merge => "application/merge-patch+json",
            Self::Strategic => "application/strategic-merge-patch+json",
            Self::Apply => "application/apply-patch+yaml",
        }
    }
}

/// What an accepted request brought back.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The object, the list, or a `Status`.
    pub object: Value,
    /// The texts of the `Warning` headers, in order.
    pub warnings: Vec<String>,
}

/// A request that was not accepted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Refusal {
    /// Method and path.
    pub request: String,
    /// The HTTP status; 0 if there was no answer at all.
    pub status: u16,
    /// `Status.reason`, such as `Forbidden`.
    pub reason: String,
    /// `Status.message`.
    pub message: String,
    /// `Status.details.causes`.
    pub causes: Vec<Cause>,
    /// The texts of the `Warning` headers, in order.
    pub warnings: Vec<String>,
}

/// One entry of `Status.details.causes`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cause {
    /// The path of the field.
    pub field: String,
    /// Such as `FieldValueInvalid`, or a code of ours.
    pub reason: String,
    /// What is wrong with it.
    pub message: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} {}: {}", self.request, self.status, self.reason, self.message)?;
        for Cause { field, reason, message } in &self.causes {
            write!(f, "\n  - {field} ({reason}): {message}")?;
        }
        for warning in &self.warnings {
            write!(f, "\n  warning: {warning}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Refusal {}

/// Accepted or refused.
pub type Outcome = Result<Answer, Box<Refusal>>;

impl Api {
    /// Connects as the user of a kubeconfig.
    ///
    /// # Panics
    /// If the file cannot be read or says nothing usable.
    #[must_use]
    pub fn connect(kubeconfig: &Path) -> Self {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("threads can be started");
        let file = Kubeconfig::read_from(kubeconfig).expect("the kubeconfig can be read");
        let client = runtime.block_on(async {
            let mut config =
                kube::Config::from_custom_kubeconfig(file, &KubeConfigOptions::default())
                    .await
                    .expect("the kubeconfig is complete");
            // A test wants to see the first answer.
            config.default_retry = false;
            config.read_timeout = Some(Duration::from_secs(60));
            kube::Client::try_from(config).expect("the credentials are usable")
        });
        let connection = Connection { runtime, client, resources: Mutex::default() };
        Self { connection: Arc::new(connection), query: Vec::new(), headers: Vec::new() }
    }

    /// The same connection with one more query parameter on requests that change something.
    #[must_use]
    pub fn with_query(&self, name: &str, value: &str) -> Self {
        let mut api = self.clone();
        api.query.push((name.into(), value.into()));
        api
    }

    /// The same connection, changing nothing.
    #[must_use]
    pub fn dry_run(&self) -> Self {
        self.with_query("dryRun", "All")
    }

    /// The same connection in the name of another user.
    #[must_use]
    pub fn as_user(&self, user: &str, groups: &[&str]) -> Self {
        let mut api = self.clone();
        api.headers.push(("Impersonate-User".into(), user.into()));
        let groups = groups.iter().map(|group| ("Impersonate-Group".into(), (*group).into()));
        api.headers.extend(groups);
        api
    }

    /// Creates an object; with `generateName` the server makes the name.
    ///
    /// # Errors
    /// See [`Refusal`].
    pub fn create(&self, object: &Value) -> Outcome {
        let target = Target::of(object);
        let path = target.collection(&self.resource(&target)?);
        self.change(Method::POST, &path, JSON, Some(object))
    }

    /// Reads an object.
    ///
    /// # Errors
    /// See [`Refusal`]; an absent object is status 404.
    pub fn get(&self, target: &Target) -> Outcome {
        self.request(Method::GET, &self.path(target, "")?, JSON, None)
    }

    /// The objects of a kind in a namespace (empty: in all), by label selector (empty: all).
    ///
    /// # Errors
    /// See [`Refusal`].
    pub fn list(
        &self,
        api_version: &str,
        kind: &str,
        namespace: &str,
        selector: &str,
    ) -> Result<Vec<Value>, Box<Refusal>> {
        let target = Target::new(api_version, kind, namespace, "");
        let path = target.collection(&self.resource(&target)?);
        let query = with_parameters(&path, &[("labelSelector".into(), selector.into())]);
        let mut answer = self.request(Method::GET, &query, JSON, None)?;
        match answer.object["items"].take() {
            Value::Array(items) => Ok(items),
            _ => Ok(Vec::new()),
        }
    }

    /// Replaces an object.
    ///
    /// # Errors
    /// See [`Refusal`].
    pub fn put(&self, object: &Value) -> Outcome {
        let path = self.path(&Target::of(object), "")?;
        self.change(Method::PUT, &path, JSON, Some(object))
    }

    /// Patches an object.
    ///
    /// # Errors
    /// See [`Refusal`].
    pub fn patch(&self, target: &Target, kind: Patch, patch: &Value) -> Outcome {
        let path = self.path(target, "")?;
        self.change(Method::PATCH, &path, kind.content_type(), Some(patch))
    }

    /// Patches the subresource `status` by a merge patch, whose root is the object.
    ///
    /// # Errors
    /// See [`Refusal`].
    pub fn patch_status(&self, target: &Target, patch: &Value) -> Outcome {
        let path = self.path(target, "status")?;
        self.change(Method::PATCH, &path, Patch::Merge.content_type(), Some(patch))
    }

    /// Server-side apply, without force.
    ///
    /// # Errors
    /// See [`Refusal`]; a conflict is status 409.
    pub fn apply(&self, manager: &str, object: &Value) -> Outcome {
        self.with_query("fieldManager", manager).patch(&Target::of(object), Patch::Apply, object)
    }

    /// Deletes an object, at once: no kubelet would end a grace period.
    ///
    /// # Errors
    /// See [`Refusal`].
    pub fn delete(&self, target: &Target) -> Outcome {
        let path = self.path(target, "")?;
        self.change(Method::DELETE, &path, JSON, Some(&at_once(&self.query)))
    }

    /// Deletes all objects of a kind in a namespace, at once.
    ///
    /// # Errors
    /// See [`Refusal`].
    pub fn delete_all(&self, api_version: &str, kind: &str, namespace: &str) -> Outcome {
        let target = Target::new(api_version, kind, namespace, "");
        let path = target.collection(&self.resource(&target)?);
        self.change(Method::DELETE, &path, JSON, Some(&at_once(&self.query)))
    }

    /// Binds a pod to a node, as a scheduler does.
    ///
    /// # Errors
    /// See [`Refusal`].
    pub fn bind(&self, namespace: &str, pod: &str, node: &str) -> Outcome {
        let path = self.path(&Target::new("v1", "Pod", namespace, pod), "binding")?;
        let binding = serde_json::json!({
            "apiVersion": "v1",
            "kind": "Binding",
            "metadata": {"name": pod, "namespace": namespace},
            "target": {"apiVersion": "v1", "kind": "Node", "name": node},
        });
        self.change(Method::POST, &path, JSON, Some(&binding))
    }

    /// The path of an object or of one of its subresources (empty: of the object).
    fn path(&self, target: &Target, subresource: &str) -> Result<String, Box<Refusal>> {
        assert!(!target.name.is_empty(), "{target} has no name");
        let collection = target.collection(&self.resource(target)?);
        let slash = if subresource.is_empty() { "" } else { "/" };
        Ok(format!("{collection}/{}{slash}{subresource}", target.name))
    }

    /// What the server calls a kind; asked once per group version.
    fn resource(&self, target: &Target) -> Result<Resource, Box<Refusal>> {
        let key = (target.api_version.clone(), target.kind.clone());
        let known = || self.connection.resources.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(resource) = known().get(&key) {
            return Ok(resource.clone());
        }
        let discovery = self.request(Method::GET, &target.root(), JSON, None)?.object;
        known().extend(resources(&target.api_version, &discovery));
        known().get(&key).cloned().ok_or_else(|| {
            Box::new(Refusal {
                request: format!("GET {}", target.root()),
                status: 404,
                message: format!("the server has no kind {} {}", target.api_version, target.kind),
                ..Refusal::default()
            })
        })
    }

    fn change(&self, method: Method, path: &str, content: &str, body: Option<&Value>) -> Outcome {
        self.request(method, &with_parameters(path, &self.query), content, body)
    }

    /// Any request; `path` with its query.
    ///
    /// # Errors
    /// See [`Refusal`].
    pub fn request(
        &self,
        method: Method,
        path: &str,
        content_type: &str,
        body: Option<&Value>,
    ) -> Outcome {
        let mut request = Request::builder()
            .method(method.clone())
            .uri(path)
            .header("Accept", JSON)
            .header("Content-Type", content_type);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let body = body.map_or_else(Vec::new, |value| value.to_string().into_bytes());
        let request = request.body(Body::from(body)).expect("a path that can be sent");
        let answer = self.connection.runtime.block_on(async {
            let response = self.connection.client.send(request).await?;
            let status = response.status().as_u16();
            let warnings: Vec<String> = response
                .headers()
                .get_all("Warning")
                .iter()
                .filter_map(|value| warning_text(value.to_str().ok()?))
                .collect();
            let bytes = response.into_body().collect_bytes().await?;
            Ok::<_, kube::Error>((status, warnings, bytes))
        });
        let request = format!("{method} {path}");
        let (status, warnings, bytes) = answer.map_err(|error| {
            Box::new(Refusal {
                request: request.clone(),
                message: format!("no answer: {error}"),
                ..Refusal::default()
            })
        })?;
        let object = serde_json::from_slice(&bytes)
            .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&bytes).into_owned()));
        if (200..300).contains(&status) {
            Ok(Answer { object, warnings })
        } else {
            Err(Box::new(refusal(request, status, &object, warnings)))
        }
    }
}

const JSON: &str = "application/json";

/// A deletion without a grace period. The server reads the query of a DELETE only if there is no
/// body, so a dry run must stand in the body; else it deletes for good.
fn at_once(query: &[(String, String)]) -> Value {
    let dry = query.iter().filter(|(name, _)| name == "dryRun");
    serde_json::json!({
        "apiVersion": "v1",
        "kind": "DeleteOptions",
        "gracePeriodSeconds": 0,
        "propagationPolicy": "Background",
        "dryRun": dry.map(|(_, value)| value).collect::<Vec<_>>(),
    })
}

/// The kinds of an `APIResourceList`; its subresources have a slash in their names.
fn resources(api_version: &str, discovery: &Value) -> BTreeMap<(String, String), Resource> {
    let listed = discovery["resources"].as_array().map(Vec::as_slice).unwrap_or_default();
    let kinds = listed.iter().filter_map(|resource| {
        let plural = resource["name"].as_str().filter(|name| !name.contains('/'))?.to_owned();
        let namespaced = resource["namespaced"].as_bool()?;
        let kind = resource["kind"].as_str()?.to_owned();
        Some(((api_version.to_owned(), kind), Resource { plural, namespaced }))
    });
    kinds.collect()
}

/// Reads a `Status` with what is around it.
fn refusal(request: String, status: u16, body: &Value, warnings: Vec<String>) -> Refusal {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let causes = body.pointer("/details/causes").and_then(Value::as_array);
    let message = if body["kind"] == "Status" { text(&body["message"]) } else { body.to_string() };
    Refusal {
        request,
        status,
        reason: text(&body["reason"]),
        message,
        causes: causes
            .into_iter()
            .flatten()
            .map(|cause| Cause {
                field: text(&cause["field"]),
                reason: text(&cause["reason"]),
                message: text(&cause["message"]),
            })
            .collect(),
        warnings,
    }
}

/// The text in a `Warning` header, `299 - "text"` with backslash escapes (RFC 7234, section 5.5).
fn warning_text(header: &str) -> Option<String> {
    let quoted = header.splitn(3, ' ').nth(2)?.strip_prefix('"')?;
    let mut text = String::new();
    let mut characters = quoted.chars();
    loop {
        match characters.next()? {
            '"' => return Some(text),
            '\\' => text.push(characters.next()?),
            other => text.push(other),
        }
    }
}

fn with_parameters(path: &str, parameters: &[(String, String)]) -> String {
    let mut out = path.to_owned();
    for (name, value) in parameters {
        out.push(if out.contains('?') { '&' } else { '?' });
        out.push_str(&format!("{}={}", percent_encoded(name), percent_encoded(value)));
    }
    out
}

fn percent_encoded(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn paths_follow_group_and_scope() {
        let pods = Resource { plural: "pods".into(), namespaced: true };
        let nodes = Resource { plural: "nodes".into(), namespaced: false };
        let deployments = Resource { plural: "deployments".into(), namespaced: true };
        for (target, resource, path) in [
            (Target::new("v1", "Pod", "a", "x"), &pods, "/api/v1/namespaces/a/pods"),
            (Target::new("v1", "Pod", "", ""), &pods, "/api/v1/pods"),
            (Target::new("v1", "Node", "", "x"), &nodes, "/api/v1/nodes"),
            (
                Target::new("apps/v1", "Deployment", "a", "x"),
                &deployments,
                "/apis/apps/v1/namespaces/a/deployments",
            ),
        ] {
            assert_eq!(target.collection(resource), path);
        }
    }

    #[test]
    fn an_object_names_its_target() {
        let object = json!({"apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": "web", "namespace": "shop"}});
        let target = Target::of(&object);
        assert_eq!(target, Target::new("apps/v1", "Deployment", "shop", "web"));
        assert_eq!(target.to_string(), "apps/v1 Deployment shop/web");
        assert_eq!(Target::of(&json!({"metadata": 3})), Target::new("", "", "", ""));
    }

    #[test]
    fn discovery_lists_kinds_without_their_subresources() {
        let discovery = json!({"resources": [
            {"name": "pods", "kind": "Pod", "namespaced": true},
            {"name": "pods/status", "kind": "Pod", "namespaced": true},
            {"name": "pods/binding", "kind": "Binding", "namespaced": true},
        ]});
        let expected = Resource { plural: "pods".into(), namespaced: true };
        assert_eq!(
            resources("v1", &discovery),
            BTreeMap::from([(("v1".into(), "Pod".into()), expected)])
        );
    }

    #[test]
    fn warnings_are_unquoted() {
        for (header, text) in [
            (r#"299 - "unknown field \"spec.x\"""#, Some(r#"unknown field "spec.x""#)),
            (r#"299 - "a \\ b" "Tue, 01 Jan""#, Some(r"a \ b")),
            (r#"299 - """#, Some("")),
            ("299 - unquoted", None),
            (r#"299 - "no end"#, None),
            ("299", None),
        ] {
            assert_eq!(warning_text(header).as_deref(), text, "{header}");
        }
    }

    #[test]
    fn a_refusal_reads_well() {
        let body = json!({"kind": "Status", "reason": "Forbidden", "message": "denied: no", "details":
            {"causes": [{"field": "spec.a", "reason": "X", "message": "wrong"}]}});
        let refusal = refusal("POST /x".into(), 403, &body, vec!["careful".into()]);
        assert_eq!(refusal.causes.len(), 1);
        assert_eq!(
            refusal.to_string(),
            "POST /x: 403 Forbidden: denied: no\n  - spec.a (X): wrong\n  warning: careful"
        );
    }

    #[test]
    fn an_answer_that_is_no_status_is_shown_whole() {
        let refusal = refusal("GET /x".into(), 502, &json!("bad gateway"), Vec::new());
        assert_eq!(refusal.message, "\"bad gateway\"");
    }

    #[test]
    fn parameters_are_escaped() {
        let parameters =
            [("labelSelector".to_owned(), "a in (b,c)".to_owned()), ("x".into(), "é".into())];
        assert_eq!(
            with_parameters("/p", &parameters),
            "/p?labelSelector=a%20in%20%28b%2Cc%29&x=%C3%A9"
        );
        assert_eq!(with_parameters("/p", &[]), "/p");
    }
}
