//! Certificates in files that change while requests come, and clocks that jump.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use axum::http::StatusCode;
use placecard_certs::{Current, SelfSigned, load, reloading_config, self_signed};
use placecard_webhook::certificates::Serving;
use placecard_webhook::certificates::files::{Files, follow};
use placecard_webhook::listen;
use placecard_webhook::readiness::Readiness;
use placecard_webhook::serve::App;
use tokio::net::TcpListener;
use tokio::time::{sleep, timeout};

use crate::socket::{connect, get, http1};
use crate::support::{self, DAY, app, noon};

/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(30);

/// Between two looks at the files.
const LOOK: Duration = Duration::from_millis(5);

fn made(at: SystemTime) -> SelfSigned {
    self_signed(&["localhost"], DAY / 2, at).unwrap()
}

struct Running {
    address: SocketAddr,
    app: Arc<App>,
    serving: Arc<Serving>,
}

/// A webhook that serves what is in two files.
async fn run(dir: &Path) -> Running {
    let files = Files { chain: dir.join("tls.crt"), key: dir.join("tls.key") };
    let pair = files.read().unwrap();
    let current = Arc::new(Current::new(&pair));
    let tls = reloading_config(Arc::clone(&current)).unwrap();
    // Clients go by the real clock.
    let mut app = app();
    app.clock = SystemTime::now;
    app.readiness = Readiness::new(pair.not_before, pair.not_after, false);
    let app = Arc::new(app);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let serving = Arc::new(Serving::new(current, Some(pair), Arc::clone(&app)));
    tokio::spawn(follow(Arc::clone(&serving), files, LOOK));
    tokio::spawn(listen::serve(listener, tls, Arc::clone(&app), std::future::pending()));
    Running { address, app, serving }
}

fn write(dir: &Path, chain: &str, key: &str) {
    std::fs::write(dir.join("tls.crt"), chain).unwrap();
    std::fs::write(dir.join("tls.key"), key).unwrap();
}

fn counted(app: &App, result: &str) -> u64 {
    let text = app.metrics.text(noon(), noon()).unwrap();
    let line = format!("placecard_certificate_reloads_total{{result=\"{result}\"}} ");
    let mut lines = text.lines();
    lines.find_map(|found| found.strip_prefix(&line)?.parse().ok()).unwrap_or(0)
}

async fn until(what: &str, mut look: impl FnMut() -> bool) {
    let looks = async {
        while !look() {
            sleep(LOOK).await;
        }
    };
    assert!(timeout(PATIENCE, looks).await.is_ok(), "{what}");
}

async fn is_served(running: &Running, made: &SelfSigned) {
    let wanted = load(made.chain_pem.as_bytes(), made.key_pem.as_bytes()).unwrap().not_after;
    let served = || running.serving.pair().is_some_and(|pair| pair.not_after == wanted);
    until("the pair is served", served).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_request_is_lost_while_pairs_change() {
    let dir = tempfile::tempdir().unwrap();
    let now = SystemTime::now();
    // Each pair has an authority of its own; the clients trust them all.
    let pairs: Vec<SelfSigned> =
        (0_u32..12).map(|turn| made(now - DAY / 8 + turn * DAY / 144)).collect();
    write(dir.path(), &pairs[0].chain_pem, &pairs[0].key_pem);
    let running = run(dir.path()).await;
    let (address, ended) = (running.address, Arc::new(AtomicBool::new(false)));
    let trusted: String = pairs.iter().map(|pair| pair.ca_pem.as_str()).collect();

    let mut kept = http1(address, &pairs[0].ca_pem).await;
    let over = Arc::clone(&ended);
    let keeping = tokio::spawn(async move {
        let mut count = 0;
        while !over.load(Ordering::SeqCst) {
            assert_eq!(get(&mut kept, "/readyz").await.0, StatusCode::OK);
            count += 1;
        }
        count
    });
    let over = Arc::clone(&ended);
    let connecting = tokio::spawn(async move {
        let mut count = 0;
        while !over.load(Ordering::SeqCst) {
            let mut sender = http1(address, &trusted).await;
            assert_eq!(get(&mut sender, "/readyz").await.0, StatusCode::OK);
            count += 1;
        }
        count
    });
    for pair in &pairs[1..] {
        // The key comes later: for a while the two do not belong together.
        std::fs::write(dir.path().join("tls.crt"), &pair.chain_pem).unwrap();
        sleep(LOOK * 2).await;
        std::fs::write(dir.path().join("tls.key"), &pair.key_pem).unwrap();
        is_served(&running, pair).await;
        assert!(connect(address, &pair.ca_pem, &[]).await.is_ok());
        assert!(connect(address, &pairs[0].ca_pem, &[]).await.is_err(), "a new connection");
    }
    ended.store(true, Ordering::SeqCst);
    let (kept, connected) = (keeping.await.unwrap(), connecting.await.unwrap());
    assert!(kept > 10 && connected > 10, "{kept} {connected}");
    assert_eq!(counted(&running.app, "taken"), 11);
}

#[tokio::test]
async fn a_bad_pair_never_takes_the_place_of_a_good_one() {
    let dir = tempfile::tempdir().unwrap();
    let now = SystemTime::now();
    let (good, other) = (made(now), made(now));
    write(dir.path(), &good.chain_pem, &good.key_pem);
    let running = run(dir.path()).await;
    let (old, young) = (made(now - 10 * DAY), made(now + 10 * DAY));
    let cut = &good.chain_pem[..good.chain_pem.len() / 2];
    let cases = [
        ("", good.key_pem.as_str()),
        (cut, &good.key_pem),
        (&other.chain_pem, &good.key_pem),
        (&old.chain_pem, &old.key_pem),
        (&young.chain_pem, &young.key_pem),
    ];
    for (index, (chain, key)) in cases.into_iter().enumerate() {
        let before = counted(&running.app, "refused");
        write(dir.path(), chain, key);
        until(&format!("case {index} is refused"), || counted(&running.app, "refused") > before)
            .await;
        let mut sender = http1(running.address, &good.ca_pem).await;
        assert_eq!(get(&mut sender, "/readyz").await.0, StatusCode::OK, "case {index}");
    }
    // Files that are gone are no reason either.
    std::fs::remove_file(dir.path().join("tls.crt")).unwrap();
    sleep(LOOK * 4).await;
    assert!(connect(running.address, &good.ca_pem, &[]).await.is_ok());
    assert_eq!(counted(&running.app, "taken"), 0);
    let next = made(now - DAY / 4);
    write(dir.path(), &next.chain_pem, &next.key_pem);
    is_served(&running, &next).await;
    assert_eq!(counted(&running.app, "taken"), 1);
}

/// Seconds by which the clock of the test below is off, from a day before noon.
static SHIFT: AtomicU64 = AtomicU64::new(86_400);

fn shifted() -> SystemTime {
    noon() - DAY + Duration::from_secs(SHIFT.load(Ordering::SeqCst))
}

#[tokio::test]
async fn readiness_follows_the_clock_whichever_way_it_jumps() {
    let mut app = app();
    app.clock = shifted;
    let app = Arc::new(app);
    for (shift, status, words) in [
        (86_400, StatusCode::OK, "ok"),
        (86_400 * 3, StatusCode::SERVICE_UNAVAILABLE, "expired"),
        (86_400, StatusCode::OK, "ok"),
        (0, StatusCode::SERVICE_UNAVAILABLE, "not valid yet"),
        (86_400, StatusCode::OK, "ok"),
    ] {
        SHIFT.store(shift, Ordering::SeqCst);
        let (found, text) = support::get(&app, "/readyz").await;
        assert_eq!(found, status, "{shift}");
        assert!(text.contains(words), "{shift}: {text}");
        let left = 86_400 - i64::try_from(shift).unwrap() + 43_200;
        let (_, metrics) = support::get(&app, "/metrics").await;
        let line = format!("placecard_certificate_expiry_seconds {left}.0");
        assert!(metrics.lines().any(|found| found == line), "{line}");
    }
}
