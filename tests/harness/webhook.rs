//! Our webhook on a loopback port, asked by a real API server and asking it in turn.
//!
//! Everything but the process is real: the certificate, TLS, the listener, the look-ups with a token of
//! the chart's service account, all its roles, and the chart's webhook configurations.
//!
//! A release has more, which `installation` stores: a test that shares its cluster with others has the
//! webhook called for its own namespace, and a Deployment without a kubelet would be pods that wait,
//! of which audits speak. Definitions and policies are stored where tests are about them.
#![expect(
    clippy::panic,
    clippy::expect_used,
    reason = "a harness fails the test that uses it by panicking"
)]

use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use kube::config::{AuthInfo, KubeConfigOptions, Kubeconfig};
use placecard_policies::language::checked::Words;
use placecard_policies::language::vocabulary_check;
use placecard_policies::surroundings::Surroundings;
use placecard_webhook::cluster::Cluster;
use placecard_webhook::guards;
use placecard_webhook::leader::{Kept, Leader};
use placecard_webhook::listen;
use placecard_webhook::readiness::Readiness;
use placecard_webhook::serve::App;
use placecard_webhook::source::Source;
use placecard_webhook::vocabulary::{self, Taken, Vocabulary};
use placecard_webhook::watch::Watches;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};

use crate::chart::{self, RELEASE_NAMESPACE};
use crate::controlplane::{Api, ControlPlane, Owned, wait_for};
use crate::installation::{HOST, lead_home};
use crate::passage::Passage;

const SERVICE_ACCOUNT: &str = "placecard-webhook";

/// So long an index is trusted that nothing confirms.
const STALE: Duration = Duration::from_secs(300);

/// A running webhook. It ends when this is dropped.
pub struct Webhook {
    /// `https://127.0.0.1:PORT`.
    pub url: String,
    /// The port of that.
    pub port: u16,
    /// The authority of its certificate.
    pub ca_pem: String,
    app: Arc<App>,
    runtime: Runtime,
}

impl Webhook {
    /// Starts a webhook with a vocabulary (YAML), with the chart's role in the cluster.
    ///
    /// # Panics
    /// If anything of that fails.
    #[must_use]
    pub fn start(plane: &ControlPlane, vocabulary: &str) -> Self {
        let vocabulary: Value = serde_saphyr::from_str(vocabulary).expect("YAML");
        let (words, problems) = vocabulary_check::check(&vocabulary);
        assert!(problems.is_empty(), "{problems:?}");
        Self::launch(plane, Some(words), None)
    }

    /// Starts a webhook that follows the vocabulary of the cluster, and its workloads.
    ///
    /// # Panics
    /// If anything of that fails.
    #[must_use]
    pub fn follow(plane: &ControlPlane) -> Self {
        Self::launch(plane, None, None)
    }

    /// As [`Self::follow`], but it goes to the API server by this way.
    ///
    /// # Panics
    /// If anything of that fails.
    #[must_use]
    pub fn follow_by(plane: &ControlPlane, passage: &Passage) -> Self {
        let url = format!("https://{}", passage.address);
        Self::launch(plane, None, Some(&url))
    }

    /// With these words; `None`: with those of the cluster. `url`: by this way to the API server.
    fn launch(plane: &ControlPlane, words: Option<Words>, url: Option<&str>) -> Self {
        grant_role(plane.api());
        let follows = words.is_none();
        let words = words.unwrap_or_default();

        let now = SystemTime::now();
        let made =
            placecard_certs::self_signed(&["127.0.0.1", HOST], placecard_certs::LIFETIME, now)
                .expect("a certificate");
        let pair = placecard_certs::load(made.chain_pem.as_bytes(), made.key_pem.as_bytes())
            .expect("its own certificate");
        let tls = placecard_certs::server_config(&pair).expect("its own certificate");
        let runtime = Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .expect("threads can be started");
        let (app, listener) = runtime.block_on(async {
            let client = client(plane, url).await;
            let cluster = Cluster::new(client.clone());
            let readiness = Readiness::new(pair.not_before, pair.not_after, true);
            let server = cluster.version().await.expect("the API server answers");
            readiness.contacted(server);
            let source = if follows {
                let watches = Watches::start(&client, server, STALE).expect("a thread");
                Source::Live(cluster, Arc::new(OnceLock::from(watches)))
            } else {
                Source::Cluster(cluster)
            };
            let app = Arc::new(App {
                surroundings: Surroundings { words: words.into(), ..Surroundings::default() },
                vocabulary: follows.then(Vocabulary::default),
                settled_after: Duration::ZERO,
                ..App::new(source, readiness)
            });
            if follows {
                tokio::spawn(vocabulary::follow(client, Arc::clone(&app)));
            }
            (app, TcpListener::bind("127.0.0.1:0").await.expect("a loopback port"))
        });
        let address = listener.local_addr().expect("an address");
        let serving = listen::serve(listener, tls, Arc::clone(&app), std::future::pending());
        runtime.spawn(async { serving.await.expect("serves until the end") });
        Self {
            url: format!("https://{address}"),
            port: address.port(),
            ca_pem: made.ca_pem,
            app,
            runtime,
        }
    }

    /// Installs the chart's configurations and waits until the API server goes by them.
    ///
    /// # Panics
    /// If it never does.
    pub fn install(&self, api: &Api, name: &str) -> Vec<Owned> {
        let owned = self.create(api, name, |_| {});
        wait_until_called(api, "default");
        owned
    }

    /// Installs them for one namespace alone, instead of for all but some.
    ///
    /// # Panics
    /// If the API server never goes by them.
    pub fn install_for(&self, api: &Api, name: &str, namespace: &str) -> Vec<Owned> {
        let owned = self.create(api, name, |webhook| only_in(webhook, namespace));
        wait_until_called(api, namespace);
        owned
    }

    fn create(&self, api: &Api, name: &str, edit: impl Fn(&mut Value)) -> Vec<Owned> {
        configurations(name, self.port, &self.ca_pem, edit)
            .iter()
            .map(|configuration| api.create_owned(configuration))
            .collect()
    }

    /// Begins to keep the guards of the vocabulary in the policy without parameters, if no other
    /// webhook does.
    ///
    /// # Panics
    /// If the kubeconfig of the control plane cannot be used.
    #[must_use]
    pub fn keep_guards(&self, plane: &ControlPlane, identity: &str) -> Leader {
        let (app, identity) = (Arc::clone(&self.app), identity.to_owned());
        self.runtime.block_on(async {
            let client = client(plane, None).await;
            let store = Kept::new(client.clone(), RELEASE_NAMESPACE, SERVICE_ACCOUNT);
            let leader = Leader::run(store, identity, Arc::new(SystemTime::now));
            tokio::spawn(guards::keep(app, client, leader.clone()));
            leader
        })
    }

    /// The value of a metric, by its line up to the value; `None`: there is no such line.
    ///
    /// # Panics
    /// If the metrics cannot be written.
    #[must_use]
    pub fn metric(&self, line: &str) -> Option<f64> {
        metric(&self.app, line)
    }

    /// What became of the vocabulary that was seen last.
    #[must_use]
    pub fn taken(&self) -> Option<Taken> {
        self.app.vocabulary.as_ref().and_then(Vocabulary::taken)
    }

    /// The watches, if it follows the cluster.
    #[must_use]
    pub fn watches(&self) -> Option<&Watches> {
        self.app.source.watches()
    }

    /// How often it was seen that there is no vocabulary (any more).
    ///
    /// # Panics
    /// If the metrics cannot be written.
    #[must_use]
    pub fn absences(&self) -> u64 {
        self.sum("placecard_vocabulary_changes_total{", r#"result="absent""#)
    }

    /// The number of AdmissionReviews that were answered, by the labels of the metric, as in
    /// `webhook="mutate",kind="Pod"`.
    ///
    /// # Panics
    /// If the metrics cannot be written.
    #[must_use]
    pub fn requests(&self, labels: &str) -> u64 {
        self.sum("placecard_admission_requests_total{", labels)
    }

    fn sum(&self, start: &str, labels: &str) -> u64 {
        let now = SystemTime::now();
        let text = self.app.metrics.text(now, now).expect("metrics");
        text.lines()
            .filter(|line| line.starts_with(start) && line.contains(labels))
            .map(|line| {
                line.rsplit(' ').next().unwrap_or_default().parse::<u64>().expect("a count")
            })
            .sum()
    }
}

/// The value of a metric, by its line up to the value; `None`: there is no such line.
pub(crate) fn metric(app: &App, line: &str) -> Option<f64> {
    let now = SystemTime::now();
    value_of(&app.metrics.text(now, now).expect("metrics"), line)
}

/// The same in a text of metrics.
pub(crate) fn value_of(text: &str, line: &str) -> Option<f64> {
    let mut lines = text.lines();
    lines.find_map(|found| found.strip_prefix(line)?.strip_prefix(' ')?.parse().ok())
}

/// Both configurations of the chart, each of their webhooks edited.
///
/// # Panics
/// If the chart has none.
#[must_use]
pub fn configurations(
    name: &str,
    port: u16,
    ca_pem: &str,
    edit: impl Fn(&mut Value),
) -> Vec<Value> {
    ["mutating-webhook.yaml", "validating-webhook.yaml"]
        .into_iter()
        .map(|template| {
            let mut configuration = chart::webhooks(template, name, port, ca_pem);
            configuration["webhooks"].as_array_mut().expect("webhooks").iter_mut().for_each(&edit);
            configuration
        })
        .collect()
}

/// Narrows a webhook to one namespace.
pub fn only_in(webhook: &mut Value, namespace: &str) {
    webhook["namespaceSelector"] =
        json!({"matchLabels": {"kubernetes.io/metadata.name": namespace}});
}

/// A client with a token of the chart's service account, and nothing else; `url`: by this way to the
/// API server.
///
/// # Panics
/// If the kubeconfig of the control plane cannot be used, or there is no such account yet.
pub async fn client(plane: &ControlPlane, url: Option<&str>) -> kube::Client {
    let mut config = administrator(plane).await;
    let token = token(plane).await;
    config.auth_info = AuthInfo { token: Some(token.into()), ..AuthInfo::default() };
    if let Some(url) = url {
        config.cluster_url = url.parse().expect("an URL");
    }
    kube::Client::try_from(config).expect("the credentials are usable")
}

/// A kubeconfig that says the same, for a process of its own.
///
/// # Panics
/// As [`client`].
pub async fn kubeconfig(plane: &ControlPlane) -> Value {
    let cluster = json!({"server": plane.server, "certificate-authority": plane.ca});
    let context = json!({"cluster": "one", "user": "one", "namespace": RELEASE_NAMESPACE});
    json!({"apiVersion": "v1", "kind": "Config", "current-context": "one",
        "clusters": [{"name": "one", "cluster": cluster}],
        "users": [{"name": "one", "user": {"token": token(plane).await}}],
        "contexts": [{"name": "one", "context": context}]})
}

async fn administrator(plane: &ControlPlane) -> kube::Config {
    let file = Kubeconfig::read_from(&plane.kubeconfig).expect("the kubeconfig can be read");
    kube::Config::from_custom_kubeconfig(file, &KubeConfigOptions::default())
        .await
        .expect("the kubeconfig is complete")
}

/// A token as a kubelet gives it to a pod of the account.
async fn token(plane: &ControlPlane) -> String {
    let administrator =
        kube::Client::try_from(administrator(plane).await).expect("usable credentials");
    let path =
        format!("/api/v1/namespaces/{RELEASE_NAMESPACE}/serviceaccounts/{SERVICE_ACCOUNT}/token");
    let request = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest",
        "spec": {"expirationSeconds": 86_400}});
    let request = http::Request::post(path)
        .header(http::header::CONTENT_TYPE, "application/json")
        .body(request.to_string().into_bytes())
        .expect("a request");
    let answer: Value = administrator.request(request).await.expect("a token");
    answer["status"]["token"].as_str().expect("a token").to_owned()
}

/// Kinds of what says who may do what.
const ROLES: [&str; 5] =
    ["ServiceAccount", "ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"];

/// The chart's service account and all that the chart lets it do, with every value that allows more;
/// every webhook of a cluster shares them, and the Service that leads to each.
///
/// # Panics
/// If the API server refuses it.
pub fn grant_role(api: &Api) {
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace",
        "metadata": {"name": RELEASE_NAMESPACE}});
    let rendered = chart::rendered(&chart::most()).unwrap_or_else(|error| panic!("{error}"));
    let is_role = |object: &&Value| ROLES.iter().any(|kind| object["kind"] == **kind);
    let roles = rendered.iter().map(|(_, object)| object).filter(is_role);
    for object in std::iter::once(&namespace).chain(roles) {
        if let Err(refusal) = api.apply("harness", object) {
            panic!("{refusal}");
        }
    }
    lead_home(api);
}

/// Waits until both configurations are seen: the API server reads them through a watch.
///
/// # Panics
/// If they never are.
pub fn wait_until_called(api: &Api, namespace: &str) {
    let within = Duration::from_secs(30);
    wait_for(within, "the mutating webhook is called", || {
        let answer = api.dry_run().create(&probe(namespace, "on node/nowhere"));
        let pod = answer.map_err(|refusal| refusal.to_string())?.object;
        match pod.pointer("/metadata/annotations/placecard.dev~1applied") {
            Some(_) => Ok(()),
            None => Err("not mutated".to_owned()),
        }
    });
    wait_for(within, "the validating webhook is called", || {
        match api.dry_run().create(&probe(namespace, "onn node/nowhere")) {
            Err(refusal) if refusal.status == 403 => Ok(()),
            other => Err(format!("{other:?}")),
        }
    });
}

fn probe(namespace: &str, rule: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "probe", "namespace": namespace,
            "annotations": {"placecard.dev/require": rule}},
        "spec": {"containers": [{"name": "main", "image": "registry.invalid/none"}]},
    })
}
