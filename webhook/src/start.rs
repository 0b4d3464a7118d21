//! From flags to a running server.

use std::fmt::Display;
use std::fs;
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use axum_server::tls_rustls::RustlsConfig;
use kube::config::{KubeConfigOptions, Kubeconfig};
use placecard_certs::kept::Lives;
use placecard_certs::{Current, Pair};
use placecard_policies::surroundings::{ServerVersion, Surroundings};
use tokio::net::TcpListener;

use crate::args::{Args, Switch};
use crate::audit::{self, Settings};
use crate::certificates::files::LOOK;
use crate::certificates::{self, Serving};
use crate::clients::{AuthorityFile, Clients};
use crate::cluster::Cluster;
use crate::coordinate;
use crate::files::{self, Files};
use crate::guards;
use crate::leader::{Kept, Leader};
use crate::listen::{self, Limits};
use crate::readiness::Readiness;
use crate::serve::App;
use crate::source::Source;
use crate::vocabulary::{self, Vocabulary};
use crate::watch::Watches;

/// The Lease that says which replica audits, and keeps the guards.
const LEASE: &str = "placecard-webhook";

/// The Lease that says which replica sees to role coordinations, and that one does.
pub const COORDINATION_LEASE: &str = "placecard-coordination";

/// Longest pause between two attempts to reach the cluster.
const PAUSE: Duration = Duration::from_secs(10);

/// Starts the webhook and serves until it is told to stop.
///
/// # Errors
/// Why it could not start, in one line that names the flag or file.
pub async fn run(args: &Args) -> Result<(), String> {
    let now = SystemTime::now();
    let pair = material(args, now)?;
    pair.check_validity(now).map_err(|error| error.to_string())?;
    let current = Arc::new(Current::new(&pair));
    let (tls, clients) = tls(args, &current)?;
    // Without anything in the Secret yet the pair is for probes alone: no client trusts it.
    let pair = Some(pair).filter(|_| args.cert_secret.is_none());
    if let Some(pair) = &pair {
        let names = pair.names.join(" ");
        tracing::info!(names, subject = pair.subject, "serving certificate");
    }

    let source = source(args).await?;
    let mut surroundings = Surroundings {
        server: args.kubernetes_version.unwrap_or_default(),
        default_mode: args.default_mode,
        ..Surroundings::default()
    };
    if let Some(path) = &args.vocabulary {
        read_vocabulary(path, &mut surroundings)?;
    }
    let cluster = match &source {
        Source::Cluster(cluster) | Source::Live(cluster, _) => Some(cluster.clone()),
        Source::Files(_) => None,
    };
    // A file wins over the cluster.
    let follows = cluster.is_some() && args.vocabulary.is_none();
    let app = Arc::new(App {
        surroundings,
        vocabulary: follows.then(Vocabulary::default),
        server_is_given: args.kubernetes_version.is_some(),
        settled_after: Duration::from_secs(args.settled_after.into()),
        ..App::new(source, readiness(pair.as_ref(), cluster.is_some()))
    });

    let delay = args.drain_delay.unwrap_or(if cluster.is_some() { 5 } else { 0 });
    let stop = listen::told_to_stop(Duration::from_secs(delay.into()))
        .map_err(|error| format!("signals cannot be heard: {error}"))?;
    let listener = TcpListener::bind(args.addr)
        .await
        .map_err(|error| format!("--addr {}: {error}", args.addr))?;
    announce(&listener)?;
    let serving = Arc::new(Serving::new(current, pair, Arc::clone(&app)));
    if let Some(files) = certificate_files(args) {
        let follow = certificates::files::follow(Arc::clone(&serving), files, LOOK);
        tokio::spawn(follow);
    }
    if let Some(cluster) = &cluster
        && follows
    {
        tokio::spawn(vocabulary::follow(cluster.client().clone(), Arc::clone(&app)));
    }
    if let Some(cluster) = cluster {
        let stale_after = Duration::from_secs(args.stale_after.into());
        lead(&cluster, &app, args);
        keep_certificate(&cluster, &serving, args);
        coordinate(&cluster, &app, args);
        tokio::spawn(contact(cluster, Arc::clone(&app), stale_after));
    }
    let limits = Limits { clients, ..Limits::default() };
    let served = listen::serve_within(limits, listener, tls, app, stop).await;
    served.map_err(|error| error.to_string())
}

#[expect(clippy::print_stdout, reason = "whoever started it with port 0 reads the port here")]
fn announce(listener: &TcpListener) -> Result<(), String> {
    let address = listener.local_addr().map_err(|error| error.to_string())?;
    println!("listening on https://{address}");
    // A closed pipe is no reason not to serve.
    let _ = std::io::stdout().flush();
    Ok(())
}

/// The certificate and key that were given, or new ones.
fn material(args: &Args, now: SystemTime) -> Result<Pair, String> {
    if let Some(files) = certificate_files(args) {
        return files.read();
    }
    let names = ["localhost", "127.0.0.1", "::1"].into_iter();
    let names: Vec<&str> = names.chain(args.tls_name.iter().map(String::as_str)).collect();
    let made = placecard_certs::self_signed(&names, placecard_certs::LIFETIME, now)
        .map_err(|error| error.to_string())?;
    if let Some(path) = &args.ca_out {
        fs::write(path, &made.ca_pem)
            .map_err(|error| format!("--ca-out {}: {error}", path.display()))?;
    }
    placecard_certs::load(made.chain_pem.as_bytes(), made.key_pem.as_bytes())
        .map_err(|error| error.to_string())
}

fn certificate_files(args: &Args) -> Option<certificates::files::Files> {
    let (chain, key) = (args.cert_file.clone()?, args.key_file.clone()?);
    Some(certificates::files::Files { chain, key })
}

/// How connections are made, and who may ask.
fn tls(args: &Args, current: &Arc<Current>) -> Result<(RustlsConfig, Option<Clients>), String> {
    let current = Arc::clone(current);
    let Some(path) = &args.client_ca_file else {
        let tls = placecard_certs::reloading_config(current).map_err(|error| error.to_string())?;
        return Ok((RustlsConfig::from_config(tls), None));
    };
    let (file, tls) = AuthorityFile::read(path.clone(), current)?;
    tokio::spawn(file.follow(tls.clone(), LOOK));
    Ok((tls, Some(Clients { names: args.client_name.clone().into() })))
}

fn readiness(pair: Option<&Pair>, needs_contact: bool) -> Readiness {
    match pair {
        Some(pair) => Readiness::new(pair.not_before, pair.not_after, needs_contact),
        None => Readiness::without_certificate(needs_contact),
    }
}

/// Takes the certificate from its Secret, and keeps it there if this replica is the one that does.
fn keep_certificate(cluster: &Cluster, serving: &Arc<Serving>, args: &Args) {
    let (Some(secret), Some(service)) = (&args.cert_secret, &args.service) else { return };
    let (client, leader, _) = candidate(cluster, args, certificates::keeper::LEASE);
    let namespace = namespace(&client, args);
    let mut names = certificates::secret::Settings::names_of(service, &namespace);
    names.extend(args.tls_name.iter().cloned());
    let settings = certificates::secret::Settings {
        namespace,
        secret: secret.clone(),
        names,
        configurations: args.webhook_configurations.clone(),
        lives: Lives::default(),
    };
    serving.keep(client, leader, settings);
}

fn namespace(client: &kube::Client, args: &Args) -> String {
    args.lease_namespace.clone().unwrap_or_else(|| client.default_namespace().to_owned())
}

async fn source(args: &Args) -> Result<Source, String> {
    if args.is_standalone() {
        let files = Files::read(&args.objects).map_err(|error| format!("--objects {error}"))?;
        if !args.objects.is_empty() {
            tracing::info!(objects = files.len(), "context from files");
        }
        return Ok(Source::Files(Box::new(files)));
    }
    let config = match &args.kubeconfig {
        Some(path) => kubeconfig(path).await?,
        None => kube::Config::incluster().map_err(|error| {
            format!(
                "this is no pod of a cluster ({error}); give --kubeconfig FILE, or --standalone to work without a cluster"
            )
        })?,
    };
    let client = kube::Client::try_from(config).map_err(|error| format!("the cluster: {error}"))?;
    Ok(Source::Live(Cluster::new(client), Arc::new(OnceLock::new())))
}

async fn kubeconfig(path: &PathBuf) -> Result<kube::Config, String> {
    let fail = |error: &dyn Display| format!("--kubeconfig {}: {error}", path.display());
    let config = Kubeconfig::read_from(path).map_err(|error| fail(&error))?;
    kube::Config::from_custom_kubeconfig(config, &KubeConfigOptions::default())
        .await
        .map_err(|error| fail(&error))
}

fn read_vocabulary(path: &Path, surroundings: &mut Surroundings) -> Result<(), String> {
    let documents = files::documents(path).map_err(|error| format!("--vocabulary {error}"))?;
    let [vocabulary] = documents.as_slice() else {
        return Err(format!(
            "--vocabulary {}: {} documents; it must hold one PlacementVocabulary",
            path.display(),
            documents.len()
        ));
    };
    let (words, findings) = placecard_policies::vocabulary::check(vocabulary);
    if findings.is_empty() {
        surroundings.words = words.into();
        return Ok(());
    }
    let told = findings.iter().map(|finding| {
        let at = finding.primary().map(|label| label.site.path.to_string()).unwrap_or_default();
        format!("\n  {at}: {} [{}]", finding.line(), finding.code)
    });
    let told: String = told.collect();
    let path = path.display();
    Err(format!("--vocabulary {path}: it cannot be used; placecard lint {path} says why{told}"))
}

/// Audits the cluster and keeps the guards, if that is wanted and this replica is the one that does.
fn lead(cluster: &Cluster, app: &Arc<App>, args: &Args) {
    let (audits, keeps) = (args.audit_every > 0, args.keep_guards == Switch::On);
    if app.source.is_files() || !(audits || keeps) {
        return;
    }
    let (client, leader, identity) = candidate(cluster, args, LEASE);
    if keeps {
        tokio::spawn(guards::keep(Arc::clone(app), client.clone(), leader.clone()));
    }
    if !audits {
        return;
    }
    let settings = Settings {
        every: Duration::from_secs(args.audit_every.into()),
        repeat: Duration::from_secs(args.audit_repeat.into()),
        evict: args.evict,
        per_minute: args.evict_per_minute,
    };
    tokio::spawn(audit::run(Arc::clone(app), client, leader, identity, settings));
}

/// Sees to role coordinations, if that is wanted and this replica is the one that does.
fn coordinate(cluster: &Cluster, app: &Arc<App>, args: &Args) {
    if args.coordinate == Switch::Off || app.source.is_files() {
        return;
    }
    let (client, leader, identity) = candidate(cluster, args, COORDINATION_LEASE);
    // Every replica knows by it whether there is one that does.
    if app.coordinator.set(leader.clone()).is_ok() {
        let settings = coordinate::Settings::default();
        tokio::spawn(coordinate::run(Arc::clone(app), client, leader, identity, settings));
    }
}

/// Tries to be the one by this Lease.
fn candidate(cluster: &Cluster, args: &Args, lease: &str) -> (kube::Client, Leader, String) {
    let client = cluster.client().clone();
    let namespace = namespace(&client, args);
    // Two processes never have the same, also if their names are.
    let random = RandomState::new().build_hasher().finish();
    let identity = format!("{}_{random:016x}", args.identity);
    let store = Kept::new(client.clone(), &namespace, lease);
    let leader = Leader::run(store, identity.clone(), Arc::new(SystemTime::now));
    (client, leader, identity)
}

/// Asks until the cluster answers, and begins to watch it then. Readiness waits for both.
async fn contact(cluster: Cluster, app: Arc<App>, stale_after: Duration) {
    let mut pause = Duration::from_millis(250);
    loop {
        match cluster.version().await {
            Ok(version) => {
                if version < ServerVersion::OLDEST {
                    tracing::warn!(
                        minor = version.0,
                        oldest = ServerVersion::OLDEST.0,
                        "the API server is older than what is supported"
                    );
                }
                tracing::info!(minor = version.0, "the API server answers");
                let server = if app.server_is_given { app.surroundings.server } else { version };
                watch(&cluster, &app, server, stale_after).await;
                app.readiness.contacted(version);
                return;
            }
            Err(error) => {
                tracing::warn!(error, "the API server does not answer");
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(PAUSE);
            }
        }
    }
}

async fn watch(cluster: &Cluster, app: &App, server: ServerVersion, stale_after: Duration) {
    let Source::Live(_, watches) = &app.source else { return };
    match Watches::start(cluster.client(), server, stale_after) {
        Ok(started) => {
            let started = watches.get_or_init(|| started);
            // Those of the cluster may have been seen before there was an index.
            let words = match &app.vocabulary {
                Some(vocabulary) => vocabulary.words(),
                None => Some(Arc::clone(&app.surroundings.words)),
            };
            if let Some(words) = words {
                started.follow_customs(&words).await;
            }
        }
        Err(error) => tracing::error!(%error, "nothing is watched: no thread can be started"),
    }
}
