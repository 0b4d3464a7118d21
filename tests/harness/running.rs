//! The webhook that an installed chart would run.
#![expect(
    clippy::panic,
    clippy::expect_used,
    reason = "a harness fails the test that uses it by panicking"
)]

use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use clap::Parser as _;
use placecard_webhook::args::Args;
use placecard_webhook::start;
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};

use crate::chart;
use crate::controlplane::{ControlPlane, wait_for};
use crate::installation::{self, authority, lead_to};
use crate::process;
use crate::webhook::{kubeconfig, value_of, wait_until_called};

/// For what only a slow machine makes slow.
const PATIENCE: Duration = Duration::from_secs(120);

/// What a pod of the installed Deployment runs, within this process: with the flags of the Deployment,
/// but for the address, and with a token of its account.
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
    client: kube::Client,
    runtime: Runtime,
    _folder: TempDir,
}

impl Running {
    /// Starts it; it listens soon.
    ///
    /// # Panics
    /// If the Deployment has a flag that there is not.
    #[must_use]
    pub fn start(plane: &ControlPlane, deployment: &Value) -> Self {
        Self::start_with(plane, deployment, None)
    }

    /// The same with these in the files that the Deployment mounts: certificate and key in PEM.
    ///
    /// # Panics
    /// As [`Self::start`].
    #[must_use]
    pub fn start_with(
        plane: &ControlPlane,
        deployment: &Value,
        pem: Option<&placecard_certs::SelfSigned>,
    ) -> Self {
        Self::launch(plane, deployment, pem, "the-one")
    }

    /// The same under this name among the replicas.
    fn launch(
        plane: &ControlPlane,
        deployment: &Value,
        pem: Option<&placecard_certs::SelfSigned>,
        name: &str,
    ) -> Self {
        let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build();
        let runtime = runtime.expect("threads can be started");
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("kubeconfig");
        let text = runtime.block_on(kubeconfig(plane)).to_string();
        std::fs::write(&path, text).expect("written");
        let free = TcpListener::bind("127.0.0.1:0").expect("a loopback port");
        let address = free.local_addr().expect("an address");
        drop(free);
        let mut flags = installation::flags(deployment, &address.to_string(), &path);
        flags.retain(|flag| !flag.starts_with("--identity="));
        flags.push(format!("--identity={name}"));
        if let Some(pem) = pem {
            flags.retain(|flag| !flag.starts_with("--tls-name="));
            for (name, text) in [("tls.crt", &pem.chain_pem), ("tls.key", &pem.key_pem)] {
                let path = folder.path().join(name);
                std::fs::write(&path, text).expect("written");
                let mounted = format!("/etc/placecard/tls/{name}");
                let path = path.display().to_string();
                flags.iter_mut().for_each(|flag| *flag = flag.replace(&mounted, &path));
            }
        }
        let words = ["placecard-webhook".to_owned()].into_iter().chain(flags);
        let args = Args::try_parse_from(words).unwrap_or_else(|error| panic!("{error}"));
        runtime.spawn(async move { start::run(&args).await.expect("it starts") });
        let client = process::client(&runtime, address).expect("usable");
        Self { address, client, runtime, _folder: folder }
    }

    /// Stores all that Helm renders with these values, but the Deployment, whose pods no kubelet would
    /// start, and a vocabulary; starts the webhook and waits until API servers go by it.
    ///
    /// # Panics
    /// If the API server refuses anything of that, or never calls it.
    #[must_use]
    pub fn install(plane: &ControlPlane, values: &Value, vocabulary: &Value) -> Self {
        let api = plane.api();
        installation::apply(api, values, &["Deployment"]);
        wait_for(PATIENCE, "there are vocabularies", || {
            api.apply("harness", vocabulary).map_err(|refusal| refusal.to_string())
        });
        Self::follow(plane, values, "the-one")
    }

    /// Starts the webhook of an installed release, as it is with these values for its Deployment, in
    /// place of the one that was there before, and waits until API servers go by it. `name`: its name
    /// among the replicas.
    ///
    /// # Panics
    /// If API servers never call it, or the Deployment has a flag that there is not.
    #[must_use]
    pub fn follow(plane: &ControlPlane, values: &Value, name: &str) -> Self {
        let api = plane.api();
        let deployment = chart::objects_with("deployment.yaml", values).remove(0);
        let running = Self::launch(plane, &deployment, None, name);
        wait_for(PATIENCE, "it writes its authority", || authority(api));
        lead_to(api, running.address);
        wait_until_called(api, "default");
        running.wait_until_ready();
        running
    }

    /// Waits until it is ready: it has seen the cluster, and the vocabulary.
    fn wait_until_ready(&self) {
        wait_for(PATIENCE, "it is ready", || {
            match self.get("/readyz").map_err(|error| error.to_string())?.as_str() {
                "ok\n" => Ok(()),
                other => Err(other.to_owned()),
            }
        });
    }

    fn get(&self, path: &str) -> process::Result<String> {
        process::get(&self.runtime, &self.client, path)
    }

    /// The value of a metric, by its line up to the value; `None`: there is no such line, or no answer.
    #[must_use]
    pub fn metric(&self, line: &str) -> Option<f64> {
        value_of(&self.get("/metrics").ok()?, line)
    }

    /// Ends it at once.
    pub fn stop(self) {
        self.runtime.shutdown_background();
    }
}
