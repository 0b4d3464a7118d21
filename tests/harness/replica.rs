//! One replica of several that share a certificate in a Secret, with the chart's role for that.
#![expect(clippy::expect_used, reason = "a harness fails the test that uses it by panicking")]

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use placecard_certs::kept::Lives;
use placecard_certs::{Current, LIFETIME};
use placecard_webhook::certificates::Serving;
use placecard_webhook::certificates::keeper::LEASE;
use placecard_webhook::certificates::secret::Settings;
use placecard_webhook::cluster::Cluster;
use placecard_webhook::leader::{Kept, Leader};
use placecard_webhook::listen;
use placecard_webhook::readiness::Readiness;
use placecard_webhook::serve::App;
use placecard_webhook::source::Source;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;

use crate::chart::RELEASE_NAMESPACE;
use crate::controlplane::ControlPlane;
use crate::installation::HOST;
use crate::webhook::{client, metric};

/// The Secret of the chart.
pub const SECRET: &str = "placecard-webhook-tls";

/// The configurations of the chart.
pub const CONFIGURATION: &str = "placecard";

/// A replica. It is killed when this is dropped.
pub struct Replica {
    /// Where it listens.
    pub address: SocketAddr,
    app: Arc<App>,
    serving: Arc<Serving>,
    leader: Leader,
    stop: Option<oneshot::Sender<Duration>>,
    ended: std::sync::mpsc::Receiver<()>,
    _runtime: Runtime,
}

impl Replica {
    /// Starts one with its own certificate for 127.0.0.1, which it makes, keeps and shares.
    ///
    /// # Panics
    /// If anything of that fails.
    #[must_use]
    pub fn start(plane: &ControlPlane, identity: &str, lives: Lives) -> Self {
        let runtime = Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .expect("threads can be started");
        let (over, ended) = std::sync::mpsc::channel();
        let (stop, told) = oneshot::channel();
        let (address, app, serving, leader) = runtime.block_on(async {
            let client = client(plane, None).await;
            let cluster = Cluster::new(client.clone());
            let readiness = Readiness::without_certificate(true);
            readiness.contacted(cluster.version().await.expect("the API server answers"));
            let app = Arc::new(App::new(Source::Cluster(cluster), readiness));
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a loopback port");
            let address = listener.local_addr().expect("an address");

            let now = SystemTime::now();
            let made = placecard_certs::self_signed(&["localhost"], LIFETIME, now).expect("a pair");
            let pair = placecard_certs::load(made.chain_pem.as_bytes(), made.key_pem.as_bytes());
            let current = Arc::new(Current::new(&pair.expect("its own pair")));
            let tls = placecard_certs::reloading_config(Arc::clone(&current)).expect("a pair");
            let serving = Arc::new(Serving::new(current, None, Arc::clone(&app)));
            let store = Kept::new(client.clone(), RELEASE_NAMESPACE, LEASE);
            let leader = Leader::run(store, identity.to_owned(), Arc::new(SystemTime::now));
            serving.keep(client, leader.clone(), settings(lives));
            let stop = async { told.await.unwrap_or_default() };
            let serve = listen::serve(listener, tls, Arc::clone(&app), stop);
            tokio::spawn(async move {
                serve.await.expect("serves until the end");
                // Nobody may wait for it.
                let _ = over.send(());
            });
            (address, app, serving, leader)
        });
        Self { address, app, serving, leader, stop: Some(stop), ended, _runtime: runtime }
    }

    /// Why it is not ready; `None`: it is.
    #[must_use]
    pub fn obstacle(&self) -> Option<&'static str> {
        self.app.readiness.obstacle(SystemTime::now())
    }

    /// Whether it is the one that writes.
    #[must_use]
    pub fn leads(&self) -> bool {
        self.leader.held()
    }

    /// Until when the certificate is valid that it serves.
    #[must_use]
    pub fn not_after(&self) -> Option<SystemTime> {
        self.serving.pair().map(|pair| pair.not_after)
    }

    /// The value of a metric, by its line up to the value.
    ///
    /// # Panics
    /// If the metrics cannot be written.
    #[must_use]
    pub fn metric(&self, line: &str) -> Option<f64> {
        metric(&self.app, line)
    }

    /// Tells it to stop, as SIGTERM does, and to serve on for so long.
    pub fn terminate(&mut self, delay: Duration) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(delay);
        }
    }

    /// Waits until it has ended.
    ///
    /// # Panics
    /// If it does not within a minute.
    pub fn wait(&self) {
        self.ended.recv_timeout(Duration::from_secs(60)).expect("it ends");
    }
}

fn settings(lives: Lives) -> Settings {
    Settings {
        namespace: RELEASE_NAMESPACE.to_owned(),
        secret: SECRET.to_owned(),
        names: ["127.0.0.1", HOST].map(str::to_owned).to_vec(),
        configurations: vec![CONFIGURATION.to_owned()],
        lives,
    }
}
