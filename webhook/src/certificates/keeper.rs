//! Writes the Secret and the `caBundle`s, if this replica is the one that does.
//!
//! What is next says [`placecard_certs::keep`]; this sees what is there and carries it out. Each write
//! names the version that it changes, so a writer that lost its Lease while it was busy changes
//! nothing. Of the configurations nothing but `caBundle` is touched.

use std::sync::Arc;
use std::time::Duration;

use axum::http::Method;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use placecard_certs::Authority;
use placecard_certs::keep::{self, Change, Sight};
use placecard_certs::kept::{authorities, bundle};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::certificates::secret::{ANSWER, Settings, Stored};
use crate::leader::Leader;
use crate::metrics::certificates::Wrote;
use crate::serve::App;
use crate::watch::backoff::Backoff;
use crate::write::write;

/// The Lease that says which replica writes.
pub const LEASE: &str = "placecard-certificates";

const CONFIGURATIONS: &str = "/apis/admissionregistration.k8s.io/v1";

/// The two kinds of configurations.
const KINDS: [&str; 2] = ["mutatingwebhookconfigurations", "validatingwebhookconfigurations"];

/// Between two changes: whatever a clock says, there are no more than ten a second.
const SOON: Duration = Duration::from_millis(100);

/// Keeps certificate and bundles, for ever, while this replica is the leader.
pub async fn keep(client: kube::Client, app: Arc<App>, leader: Leader, settings: Settings) {
    let pause = settings.pause();
    let mut keeper = Keeper { client, app, leader, settings, calm: None };
    let mut backoff = Backoff::default();
    loop {
        match keeper.turn().await {
            Ok(false) => {
                backoff.reset();
                sleep(pause).await;
            }
            // What comes next is seen soon.
            Ok(true) => {
                backoff.reset();
                sleep(SOON).await;
            }
            Err(error) => {
                tracing::warn!(error, "the certificate is not kept up; trying again");
                keeper.app.metrics.certificates.wrote(Wrote::Failed);
                sleep(backoff.pause()).await;
            }
        }
    }
}

struct Keeper {
    client: kube::Client,
    app: Arc<App>,
    leader: Leader,
    settings: Settings,
    /// The version of the Secret, and since when each bundle was seen to hold all of its authorities.
    calm: Option<(String, Instant)>,
}

/// A configuration with its bundles, one a webhook.
struct Configuration {
    path: String,
    revision: Value,
    webhooks: Vec<(String, Vec<Authority>)>,
}

impl Keeper {
    /// Looks once, and does what is next; whether anything was done.
    async fn turn(&mut self) -> Result<bool, String> {
        if !self.leader.held() {
            self.calm = None;
            return Ok(false);
        }
        // Before the Secret: it knows then what another writer put into them.
        let configurations = self.configurations().await;
        let bundles = configurations.as_ref().map(|found| {
            let webhooks = found.iter().flat_map(|one| &one.webhooks);
            webhooks.map(|(_, bundle)| bundle.clone()).collect::<Vec<_>>()
        });
        let stored = Stored::get(&self.client, &self.settings).await?;
        let calm_for = self.calm_for(&stored, bundles.as_deref().ok());
        let kept = stored.kept.clone();
        let sight = Sight {
            now: (self.app.clock)(),
            names: &self.settings.names,
            lives: self.settings.lives,
            kept: &kept,
            bundles: bundles.as_deref().ok(),
            calm_for,
        };
        let plan = keep::plan(&sight);
        // One that cannot be written does not keep the others waiting, nor the certificate.
        let mut done = false;
        let mut failed = configurations.as_ref().err().cloned();
        let mut wanted = plan.bundles.into_iter();
        for one in configurations.iter().flatten() {
            let wanted: Vec<_> = wanted.by_ref().take(one.webhooks.len()).collect();
            match self.patch(one, wanted).await {
                Ok(written) => done |= written,
                Err(error) => failed = Some(error),
            }
        }
        if let Some(change) = plan.change {
            self.change(&sight, stored, change).await?;
            done = true;
        }
        match failed {
            Some(error) => Err(error),
            None => Ok(done),
        }
    }

    fn calm_for(&mut self, stored: &Stored, bundles: Option<&[Vec<Authority>]>) -> Duration {
        let revision = stored.revision();
        let calm = bundles.is_some_and(|bundles| keep::all_trusted(&stored.kept, bundles));
        let known = self.calm.take().filter(|(known, _)| *known == revision);
        self.calm = calm.then(|| known.unwrap_or_else(|| (revision, Instant::now())));
        self.calm.as_ref().map(|(_, since)| since.elapsed()).unwrap_or_default()
    }

    /// The configurations that are there.
    async fn configurations(&self) -> Result<Vec<Configuration>, String> {
        let mut found = Vec::new();
        for name in &self.settings.configurations {
            for kind in KINDS {
                let path = format!("{CONFIGURATIONS}/{kind}/{name}");
                let reply = write(&self.client, Method::GET, &path, None, ANSWER).await?;
                if reply.code == 404 {
                    continue;
                }
                if !reply.is_done() {
                    return Err(format!("{kind} {name}: {}", reply.told()));
                }
                let revision = reply.body.pointer("/metadata/resourceVersion").cloned();
                let webhooks = reply.body["webhooks"].as_array();
                let webhooks = webhooks.into_iter().flatten().map(of_webhook).collect();
                found.push(Configuration {
                    path,
                    revision: revision.unwrap_or_default(),
                    webhooks,
                });
            }
        }
        Ok(found)
    }

    /// Writes what bundles of a configuration should have; whether there was anything to write.
    async fn patch(
        &self,
        configuration: &Configuration,
        wanted: Vec<Option<Vec<Authority>>>,
    ) -> Result<bool, String> {
        let webhooks = configuration.webhooks.iter().zip(wanted).enumerate();
        let mut patch = Vec::new();
        for (index, ((name, _), wanted)) in webhooks {
            let Some(wanted) = wanted else { continue };
            let pem = bundle(wanted.iter().map(|one| &one.certificate));
            patch.extend([
                json!({"op": "test", "path": format!("/webhooks/{index}/name"), "value": name}),
                json!({"op": "add", "path": format!("/webhooks/{index}/clientConfig/caBundle"),
                    "value": STANDARD.encode(pem)}),
            ]);
        }
        // The last question before the act.
        if patch.is_empty() || !self.leader.held() {
            return Ok(false);
        }
        patch.insert(
            0,
            json!({"op": "test", "path": "/metadata/resourceVersion",
                "value": configuration.revision}),
        );
        let path = &configuration.path;
        let query = format!("{path}?fieldManager=placecard-certificates");
        let reply =
            write(&self.client, Method::PATCH, &query, Some(&Value::Array(patch)), ANSWER).await?;
        if !reply.is_done() {
            return Err(format!("{path}: {}", reply.told()));
        }
        tracing::info!(path, "the authorities were written into the configuration");
        self.app.metrics.certificates.wrote(Wrote::Bundles);
        Ok(true)
    }

    async fn change(
        &self,
        sight: &Sight<'_>,
        stored: Stored,
        change: Change,
    ) -> Result<(), String> {
        let wrote = match &change {
            Change::Add => Wrote::Authority,
            Change::Issue(_) => Wrote::Certificate,
            Change::Forget(_) => Wrote::Forgotten,
        };
        let kept = keep::change(sight, change).map_err(|error| error.to_string())?;
        if !self.leader.held() {
            return Ok(());
        }
        let reply = stored.put(&self.client, &self.settings, &kept).await?;
        if !reply.is_done() {
            return Err(format!("Secret {}: {}", self.settings.secret, reply.told()));
        }
        tracing::info!(what = wrote.as_str(), "the Secret of the certificate was written");
        self.app.metrics.certificates.wrote(wrote);
        Ok(())
    }
}

/// Name and bundle of a webhook; a bundle that cannot be read holds nothing.
fn of_webhook(webhook: &Value) -> (String, Vec<Authority>) {
    let name = webhook["name"].as_str().unwrap_or_default().to_owned();
    let text = webhook.pointer("/clientConfig/caBundle").and_then(Value::as_str);
    let pem = text.and_then(|text| STANDARD.decode(text).ok()).unwrap_or_default();
    (name, authorities(&pem).unwrap_or_default())
}
