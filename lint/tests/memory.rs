//! What is kept of an object from its first look to the end of a run, beside its text.
#![expect(clippy::unwrap_used, reason = "it is a test")]

use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs;

use peak_alloc::PeakAlloc;
use tempfile::TempDir;

#[global_allocator]
static PEAK: PeakAlloc = PeakAlloc;

/// A text of so many bytes, so that more of them are read than trees are kept of.
const TEXT: usize = 4 << 10;

/// The text of the manifest of a number.
type Manifest = fn(usize) -> String;

/// The most bytes at once while so many files are linted.
fn peak(manifest: Manifest, count: usize) -> usize {
    let folder = TempDir::new().unwrap();
    for number in 0..count {
        let mut text = manifest(number);
        while text.len() < TEXT {
            text.push_str("# Nothing is said here.\n");
        }
        text.truncate(TEXT - 1);
        text.push('\n');
        fs::write(folder.path().join(format!("{number:05}.yaml")), text).unwrap();
    }
    let words = [OsString::from("placecard"), "lint".into(), folder.path().into()];
    let (mut out, mut err) = (Vec::new(), Vec::new());
    PEAK.reset_peak_usage();
    let before = PEAK.current_usage();
    let code =
        placecard_lint::run(words.into_iter(), &mut "".as_bytes(), &mut out, &mut err, false);
    let peak = PEAK.peak_usage() - before;
    assert_eq!(code, 0, "{}", String::from_utf8_lossy(&out));
    peak
}

fn head(version: &str, kind: &str, number: usize) -> String {
    format!(
        "apiVersion: {version}\nkind: {kind}\nmetadata:\n  name: application-{number}\n  \
         namespace: team-{}\n  labels:\n    app.kubernetes.io/name: application-{number}\n    \
         app.kubernetes.io/part-of: shop\n",
        number / 50
    )
}

fn deployment(number: usize) -> String {
    let mut text = head("apps/v1", "Deployment", number);
    let labels = |text: &mut String, blank: &str| {
        for (key, value) in [("name", number), ("instance", number), ("component", 7)] {
            writeln!(text, "{blank}app.kubernetes.io/{key}: application-{value}").unwrap();
        }
    };
    text.push_str("spec:\n  replicas: 3\n  selector:\n    matchLabels:\n");
    labels(&mut text, "      ");
    text.push_str("  template:\n    metadata:\n      labels:\n");
    labels(&mut text, "        ");
    text.push_str(
        "    spec:\n      affinity:\n        nodeAffinity:\n          \
         requiredDuringSchedulingIgnoredDuringExecution:\n            nodeSelectorTerms:\n              \
         - matchExpressions:\n                  - key: kubernetes.io/arch\n                    \
         operator: In\n                    values:\n                      - amd64\n                      \
         - arm64\n        podAntiAffinity:\n          \
         requiredDuringSchedulingIgnoredDuringExecution:\n            \
         - topologyKey: kubernetes.io/hostname\n              labelSelector:\n                matchLabels:\n",
    );
    labels(&mut text, "                  ");
    text.push_str(
        "      topologySpreadConstraints:\n        - maxSkew: 1\n          \
         topologyKey: topology.kubernetes.io/zone\n          whenUnsatisfiable: ScheduleAnyway\n          \
         labelSelector:\n            matchLabels:\n",
    );
    labels(&mut text, "              ");
    text.push_str(
        "      containers:\n        - name: server\n          image: example.com/server:1\n          \
         readinessProbe:\n            httpGet:\n              path: /\n              port: 80\n",
    );
    text
}

fn service(number: usize) -> String {
    let head = head("v1", "Service", number);
    format!("{head}spec:\n  ports:\n    - port: 80\n  selector:\n    app: application-{number}\n")
}

fn budget(number: usize) -> String {
    let head = head("policy/v1", "PodDisruptionBudget", number);
    format!(
        "{head}spec:\n  maxUnavailable: 1\n  selector:\n    matchLabels:\n      app: application-{number}\n"
    )
}

fn autoscaler(number: usize) -> String {
    let head = head("autoscaling/v2", "HorizontalPodAutoscaler", number);
    format!(
        "{head}spec:\n  maxReplicas: 9\n  minReplicas: 2\n  scaleTargetRef:\n    apiVersion: apps/v1\n    \
         kind: Deployment\n    name: application-{number}\n"
    )
}

fn claim(number: usize) -> String {
    let head = head("v1", "PersistentVolumeClaim", number);
    format!(
        "{head}spec:\n  accessModes:\n    - ReadWriteOnce\n  storageClassName: fast\n  resources:\n    \
         requests:\n      storage: 1Gi\n"
    )
}

fn configuration(number: usize) -> String {
    format!("{}data:\n  number: \"{number}\"\n", head("v1", "ConfigMap", number))
}

#[test]
fn facts_are_kept_and_not_documents() {
    const COUNT: usize = 600;
    let most = 2 << 10;
    let kinds: [(&str, Manifest); 6] = [
        ("Deployment", deployment),
        ("Service", service),
        ("PodDisruptionBudget", budget),
        ("HorizontalPodAutoscaler", autoscaler),
        ("PersistentVolumeClaim", claim),
        ("ConfigMap", configuration),
    ];
    let told = kinds.map(|(kind, manifest)| {
        let (some, twice) = (peak(manifest, COUNT), peak(manifest, 2 * COUNT));
        (kind, (twice - some) / COUNT - TEXT)
    });
    println!("{told:?}");
    // Nobody asks a ConfigMap about placement: that is its name in the index, and its file.
    let [.., (_, name)] = told;
    assert!(name <= 768, "{told:?}");
    assert!(told.iter().all(|(_, bytes)| bytes.saturating_sub(name) <= most), "{told:?}");
}
