//! Manifests as charts render them, the same bytes in every run: nothing is random, each manifest
//! follows from its number.

use std::fs;
use std::io;
use std::path::Path;

/// Manifests of one application: as many as there are arms in [`manifest`].
const KINDS: usize = 10;
/// Applications of one namespace, and files of one folder.
const TOGETHER: usize = 50;

/// Writes manifests into folders below `to`, a file each.
pub(crate) fn write(to: &Path, manifests: usize) -> io::Result<()> {
    for number in 0..manifests {
        let folder = to.join(format!("{:04}", number / TOGETHER));
        if number.is_multiple_of(TOGETHER) {
            fs::create_dir_all(&folder)?;
        }
        fs::write(folder.join(format!("{number:06}.yaml")), manifest(number))?;
    }
    Ok(())
}

/// One text of at least so many lines: documents as `helm template` prints them.
pub(crate) fn documents(lines: usize) -> String {
    let mut text = String::new();
    let mut written = 0;
    for number in 0.. {
        let one = manifest(number);
        written += one.lines().count();
        text.push_str(&one);
        if written >= lines {
            break;
        }
    }
    text
}

/// As [`documents`], as the items of one list.
pub(crate) fn list(lines: usize) -> String {
    let mut text = "apiVersion: v1\nkind: List\nitems:\n".to_owned();
    let mut written = 3;
    for number in 0.. {
        let mut dash = "- ";
        for line in manifest(number).lines().filter(|line| *line != "---") {
            text.push_str(dash);
            text.push_str(line);
            text.push('\n');
            written += 1;
            dash = "  ";
        }
        if written >= lines {
            break;
        }
    }
    text
}

/// The manifest of this number. Applications have one manifest of each kind.
fn manifest(number: usize) -> String {
    let app = number / KINDS;
    let (name, namespace) = (format!("app-{app}"), format!("team-{}", app / TOGETHER));
    let head = |version: &str, kind: &str| {
        format!(
            "---\n# Source: {name}/templates/{}.yaml\napiVersion: {version}\nkind: {kind}\nmetadata:\n  \
             name: {name}\n  namespace: {namespace}\n  labels:\n{}",
            kind.to_lowercase(),
            labels(&name, 4)
        )
    };
    match number % KINDS {
        0 | 1 => {
            let suffix = if number % KINDS == 1 { "-worker" } else { "" };
            let name = format!("{name}{suffix}");
            let head = head("apps/v1", "Deployment").replacen(
                &format!("  name: app-{app}\n"),
                &format!("  name: {name}\n"),
                1,
            );
            format!("{head}{}", replicated(&name, app, "strategy:\n    type: RollingUpdate\n"))
        }
        2 => {
            let claims = "volumeClaimTemplates:\n    - metadata:\n        name: data\n      spec:\n        \
                          accessModes:\n          - ReadWriteOnce\n        resources:\n          requests:\n            \
                          storage: 10Gi\n";
            let rest = replicated(&name, app, &format!("serviceName: {name}\n  {claims}"));
            format!("{}{rest}", head("apps/v1", "StatefulSet"))
        }
        3 => format!(
            "{}spec:\n  type: ClusterIP\n  ports:\n    - name: http\n      port: 80\n      targetPort: http\n      \
             protocol: TCP\n    - name: metrics\n      port: 9090\n      targetPort: metrics\n      protocol: TCP\n  \
             selector:\n{}",
            head("v1", "Service"),
            labels(&name, 4)
        ),
        4 => format!(
            "{}spec:\n  maxUnavailable: 1\n  selector:\n    matchLabels:\n{}",
            head("policy/v1", "PodDisruptionBudget"),
            labels(&name, 6)
        ),
        5 => format!(
            "{}spec:\n  scaleTargetRef:\n    apiVersion: apps/v1\n    kind: Deployment\n    name: {name}\n  \
             minReplicas: 3\n  maxReplicas: 12\n  metrics:\n    - type: Resource\n      resource:\n        \
             name: cpu\n        target:\n          type: Utilization\n          averageUtilization: 75\n",
            head("autoscaling/v2", "HorizontalPodAutoscaler")
        ),
        6 => format!("{}data:\n{}", head("v1", "ConfigMap"), settings(app)),
        7 => {
            format!("{}automountServiceAccountToken: false\n", head("v1", "ServiceAccount"))
        }
        8 => format!(
            "{}spec:\n  schedule: \"{} 3 * * *\"\n  concurrencyPolicy: Forbid\n  jobTemplate:\n    spec:\n      \
             backoffLimit: 2\n      template:\n{}",
            head("batch/v1", "CronJob"),
            app % 60,
            pod(&format!("{name}-nightly"), app, 8, Some("OnFailure"))
        ),
        _ => format!(
            "{}spec:\n  ingressClassName: nginx\n  rules:\n    - host: {name}.example.com\n      http:\n        \
             paths:\n          - path: /\n            pathType: Prefix\n            backend:\n              \
             service:\n                name: {name}\n                port:\n                  name: http\n  \
             tls:\n    - hosts:\n        - {name}.example.com\n      secretName: {name}-tls\n",
            head("networking.k8s.io/v1", "Ingress")
        ),
    }
}

fn labels(name: &str, indentation: usize) -> String {
    let blank = " ".repeat(indentation);
    format!(
        "{blank}app.kubernetes.io/name: {name}\n{blank}app.kubernetes.io/instance: {name}\n\
         {blank}app.kubernetes.io/component: \"server\"\n"
    )
}

fn replicated(name: &str, app: usize, more: &str) -> String {
    format!(
        "spec:\n  replicas: {}\n  {more}  selector:\n    matchLabels:\n{}  template:\n{}",
        2 + app % 5,
        labels(name, 6),
        pod(name, app, 4, None)
    )
}

/// The template of a pod whose rules a scheduler can meet: spread, one preference, a few demands.
fn pod(name: &str, app: usize, indentation: usize, restart: Option<&str>) -> String {
    let restart = restart.map(|policy| format!("  restartPolicy: {policy}\n")).unwrap_or_default();
    let text = format!(
        "metadata:\n  annotations:\n    checksum/config: c{:063x}\n    prometheus.io/scrape: \"true\"\n  labels:\n{}\
         spec:\n  serviceAccountName: {name}\n{restart}  securityContext:\n    runAsNonRoot: true\n    runAsUser: 10001\n    \
         fsGroup: 10001\n  affinity:\n    nodeAffinity:\n      requiredDuringSchedulingIgnoredDuringExecution:\n        \
         nodeSelectorTerms:\n          - matchExpressions:\n              - key: kubernetes.io/arch\n                \
         operator: In\n                values:\n                  - amd64\n                  - arm64\n    \
         podAntiAffinity:\n      preferredDuringSchedulingIgnoredDuringExecution:\n        - weight: {}\n          \
         podAffinityTerm:\n            topologyKey: kubernetes.io/hostname\n            labelSelector:\n              \
         matchLabels:\n{}  topologySpreadConstraints:\n    - maxSkew: 1\n      \
         topologyKey: topology.kubernetes.io/zone\n      whenUnsatisfiable: ScheduleAnyway\n      labelSelector:\n        \
         matchLabels:\n{}  tolerations:\n    - key: example.com/dedicated\n      operator: Equal\n      value: \"team-{}\"\n      \
         effect: NoSchedule\n  containers:\n{}{}  volumes:\n    - name: config\n      configMap:\n        name: app-{app}\n    \
         - name: tmp\n      emptyDir: {{}}\n",
        app * 2_654_435_761 % 4_294_967_291,
        labels(name, 4),
        1 + app % 100,
        labels(name, 16),
        labels(name, 10),
        app / TOGETHER,
        container("server", app, "http", 8080),
        container("exporter", app + 7, "metrics", 9090),
    );
    let blank = " ".repeat(indentation + 2);
    text.lines().fold(String::new(), |mut all, line| {
        all.push_str(&blank);
        all.push_str(line);
        all.push('\n');
        all
    })
}

fn container(name: &str, app: usize, port: &str, number: usize) -> String {
    format!(
        "    - name: {name}\n      image: \"example.com/team/{name}:v1.{}.{}\"\n      imagePullPolicy: IfNotPresent\n      \
         args:\n        - --config=/etc/app/settings.yaml\n        - --log-level=info\n      ports:\n        \
         - name: {port}\n          containerPort: {number}\n          protocol: TCP\n      env:\n        \
         - name: POD_NAME\n          valueFrom:\n            fieldRef:\n              fieldPath: metadata.name\n        \
         - name: WORKERS\n          value: \"{}\"\n      livenessProbe:\n        httpGet:\n          path: /healthz\n          \
         port: {port}\n        initialDelaySeconds: 10\n        periodSeconds: 10\n      readinessProbe:\n        httpGet:\n          \
         path: /readyz\n          port: {port}\n        periodSeconds: 5\n      resources:\n        requests:\n          \
         cpu: {}m\n          memory: {}Mi\n        limits:\n          memory: 1Gi\n      securityContext:\n        \
         allowPrivilegeEscalation: false\n        readOnlyRootFilesystem: true\n        capabilities:\n          drop:\n            \
         - ALL\n      volumeMounts:\n        - name: config\n          mountPath: /etc/app\n          readOnly: true\n        \
         - name: tmp\n          mountPath: /tmp\n",
        app % 40,
        app % 9,
        1 + app % 8,
        50 + app % 10 * 50,
        64 + app % 7 * 64,
    )
}

/// A configuration inside a configuration, with a comment.
fn settings(app: usize) -> String {
    let mut text = "  # Read at the start only.\n  settings.yaml: |\n".to_owned();
    for section in 0..20 {
        text.push_str(&format!(
            "    section-{section}:\n      enabled: {}\n      endpoint: \"http://service-{}.example.com:8080/v1\"\n      \
             timeout: {}s\n",
            (app + section).is_multiple_of(3),
            (app + section) % 97,
            5 + section
        ));
    }
    text
}
