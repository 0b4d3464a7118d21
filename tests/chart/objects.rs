use std::collections::BTreeSet;

use clap::Parser as _;
use placecard_tests::chart::{self, RELEASE, RELEASE_NAMESPACE};
use placecard_webhook::args::Args;
use serde_json::{Value, json};

use super::left_out;

/// Values that change what is rendered, besides those of the chart: everything once.
pub(crate) fn sets() -> Vec<Value> {
    vec![
        json!({}),
        chart::most(),
        chart::given_certificate(),
        json!({"admissionPolicy": {"guards": "parametrised", "unplaced": "warn"},
            "defaultMode": "warn", "coordination": {"controller": "off"}}),
        json!({"replicas": 3, "failurePolicy": "Fail", "timeoutSeconds": 10,
            "exemptNamespaces": ["kube-node-lease", "build"], "hostNetwork": true,
            "networkPolicy": {"enabled": true}, "crds": {"install": false},
            "workloads": [{"group": "ray.io", "version": "v1", "resource": "rayclusters"}]}),
        json!({"certificates": {"mode": "cert-manager"},
            "serviceMonitor": {"enabled": true, "verify": true, "labels": {"release": "one"}},
            "prometheusRule": {"enabled": true}, "dashboard": {"enabled": true},
            "serviceAccount": {"annotations": {"a": "b"}}}),
        json!({"certificates": {"mode": "cert-manager", "secret": "own",
                "certManager": {"issuerRef": {"name": "ours", "kind": "ClusterIssuer"}}},
            "nameOverride": "cards", "fullnameOverride": "seats", "replicas": 1,
            "image": {"digest": format!("sha256:{}", "0".repeat(64))},
            "imagePullSecrets": [{"name": "pull"}],
            "serviceAccount": {"create": false, "name": "other"},
            "extraArgs": ["--vocabulary=/etc/words/words.yaml"], "extraEnv": [{"name": "A", "value": "b"}],
            "extraVolumes": [{"name": "words", "configMap": {"name": "words"}}],
            "extraVolumeMounts": [{"name": "words", "mountPath": "/etc/words", "readOnly": true}],
            "podLabels": {"team": "platform"}, "podAnnotations": {"note": "yes"},
            "priorityClassName": "system-cluster-critical",
            "nodeSelector": {"kubernetes.io/os": "linux"},
            "tolerations": [{"key": "control", "operator": "Exists"}],
            "affinity": {"nodeAffinity": {}}, "log": {"level": "debug", "format": "text"}}),
    ]
}

fn deployment(values: &Value) -> Value {
    chart::objects_with("deployment.yaml", values).remove(0)
}

#[test]
fn the_deployment_is_started_with_flags_that_exist() {
    if left_out() {
        return;
    }
    for values in sets() {
        let container = &deployment(&values)["spec"]["template"]["spec"]["containers"][0];
        let flags = container["args"].as_array().expect("flags");
        assert!(flags.len() > 3, "{flags:?}");
        let flags = flags.iter().map(|flag| flag.as_str().expect("a string").to_owned());
        let words = std::iter::once("placecard-webhook".to_owned()).chain(flags);
        let args = Args::try_parse_from(words);
        assert!(args.is_ok(), "{}", args.expect_err("seen"));
    }
}

/// Every object of the release says whose it is, and lives in its namespace or in none.
#[test]
fn objects_are_labelled_and_where_the_release_is() {
    if left_out() {
        return;
    }
    // These are the same wherever they come from.
    let printed = ["admission-policy.yaml", "guards-inlined.yaml", "guards-parametrised.yaml"];
    for values in sets() {
        for (template, object) in chart::rendered(&values).expect("rendered").iter() {
            let metadata = &object["metadata"];
            let namespace = metadata["namespace"].as_str();
            assert!(namespace.is_none_or(|one| one == RELEASE_NAMESPACE), "{template}");
            if printed.contains(&template.as_str()) {
                continue;
            }
            let name = if values["nameOverride"] == "cards" { "cards" } else { "placecard" };
            let labels = &metadata["labels"];
            assert_eq!(labels["app.kubernetes.io/name"], name, "{template}");
            assert_eq!(labels["app.kubernetes.io/instance"], RELEASE, "{template}");
            assert_eq!(labels["app.kubernetes.io/managed-by"], "Helm", "{template}");
            assert_eq!(labels["helm.sh/chart"], "placecard-0.1.0", "{template}");
        }
    }
}

/// What is once in a cluster is not called after the release, so that a second release is refused; all
/// else is.
#[test]
fn names_are_those_of_the_release_or_of_the_cluster() {
    if left_out() {
        return;
    }
    let once =
        ["placecard", "placecard-workloads", "placecard-unplaced", "placecard-guards-inlined"];
    let values = json!({"fullnameOverride": "seats", "networkPolicy": {"enabled": true},
        "workloads": [{"group": "ray.io", "version": "v1", "resource": "rayclusters"}]});
    for (template, object) in chart::rendered(&values).expect("rendered").iter() {
        let name = object["metadata"]["name"].as_str().expect("a name");
        let is_once = once.contains(&name) || name.ends_with(".placecard.dev");
        assert!(is_once || name.starts_with("seats-webhook"), "{template}: {name}");
        // And what they refer to.
        for reference in [&object["roleRef"]["name"], &object["subjects"][0]["name"]] {
            let name = reference.as_str().unwrap_or("seats-webhook");
            assert!(name.starts_with("seats-webhook"), "{template}: {name}");
        }
        for webhook in object["webhooks"].as_array().into_iter().flatten() {
            assert_eq!(webhook["clientConfig"]["service"]["name"], "seats-webhook", "{template}");
        }
    }
}

#[test]
fn the_pods_are_found_by_what_looks_for_them() {
    if left_out() {
        return;
    }
    for values in sets() {
        let deployment = deployment(&values);
        let labels = deployment["spec"]["template"]["metadata"]["labels"].clone();
        let mut selectors = 0;
        for (template, object) in chart::rendered(&values).expect("rendered").iter() {
            let spec = &object["spec"];
            let selector = match template.as_str() {
                "service.yaml" => &spec["selector"],
                "network-policy.yaml" => &spec["podSelector"]["matchLabels"],
                "deployment.yaml" | "pod-disruption-budget.yaml" => {
                    &spec["selector"]["matchLabels"]
                }
                _ => continue,
            };
            selectors += 1;
            for (key, value) in selector.as_object().expect("labels") {
                assert_eq!(labels[key], *value, "{template}: {key}");
            }
            assert_eq!(selector.as_object().map(serde_json::Map::len), Some(3), "{template}");
        }
        assert!(selectors >= 2, "{values}");
    }
}

/// The API server has the certificate's authority from the values, or others write it there, and each
/// has what it needs for that.
#[test]
fn the_certificate_and_its_authority_come_from_the_same_place() {
    if left_out() {
        return;
    }
    for values in sets() {
        let all = chart::rendered(&values).expect("rendered");
        let mode = values["certificates"]["mode"].as_str().unwrap_or("self-managed");
        for (template, object) in all.iter() {
            for webhook in object["webhooks"].as_array().into_iter().flatten() {
                let bundle = &webhook["clientConfig"]["caBundle"];
                assert_eq!(bundle.is_string(), mode == "secret", "{template}");
                let injected = &object["metadata"]["annotations"]["cert-manager.io/inject-ca-from"];
                assert_eq!(injected.is_string(), mode == "cert-manager", "{template}");
            }
        }
        let deployment = deployment(&values);
        let spec = &deployment["spec"]["template"]["spec"];
        let volumes = spec["volumes"].as_array().into_iter().flatten();
        let mounted: Vec<&Value> =
            volumes.filter_map(|one| one["secret"].get("secretName")).collect();
        assert_eq!(mounted.len(), usize::from(mode != "self-managed"), "{values}");
        let certificates = all.iter().filter(|(_, one)| {
            one["kind"] == "Certificate" && mounted.contains(&&one["spec"]["secretName"])
        });
        assert_eq!(certificates.count(), usize::from(mode == "cert-manager"), "{values}");
        if mode == "self-managed" {
            keeps_its_own(&all, &spec["containers"][0]["args"]);
        }
    }
}

/// The flags name the objects that there are, and the role those of the flags.
fn keeps_its_own(all: &[(String, Value)], flags: &Value) {
    let flag = |name: &str| {
        let flags = flags.as_array().expect("flags").iter().filter_map(Value::as_str);
        let mut values = flags.filter_map(|flag| flag.strip_prefix(name)?.strip_prefix('='));
        values.next().expect("the flag is there").to_owned()
    };
    let named = |kind: &str| -> BTreeSet<&str> {
        let of = all.iter().filter(|(_, one)| one["kind"] == kind);
        of.filter_map(|(_, one)| one["metadata"]["name"].as_str()).collect()
    };
    assert_eq!(named("Service"), [flag("--service").as_str()].into());
    let configurations = flag("--webhook-configurations");
    let there = named("ValidatingWebhookConfiguration");
    assert_eq!(there, configurations.split(',').collect());
    assert_eq!(there, named("MutatingWebhookConfiguration"));
    let names = |resource: &str| -> BTreeSet<&str> {
        let of = all.iter().filter(|(path, _)| path == "certificates-rbac.yaml");
        let rules = of.filter_map(|(_, one)| one["rules"].as_array()).flatten();
        let rules = rules.filter(|one| one["resources"].to_string().contains(resource));
        let names = rules.filter_map(|one| one["resourceNames"].as_array()).flatten();
        names.filter_map(Value::as_str).collect()
    };
    assert_eq!(names("webhookconfigurations"), there);
    assert_eq!(names("secrets"), [flag("--cert-secret").as_str()].into());
}

/// What the namespace's standard `restricted` wants, and more.
#[test]
fn the_pods_may_do_nothing() {
    if left_out() {
        return;
    }
    for values in sets() {
        let spec = &deployment(&values)["spec"]["template"]["spec"];
        assert_eq!(spec["securityContext"]["runAsNonRoot"], true);
        assert_eq!(spec["securityContext"]["seccompProfile"]["type"], "RuntimeDefault");
        let container = &spec["containers"][0]["securityContext"];
        assert_eq!(container["readOnlyRootFilesystem"], true);
        assert_eq!(container["allowPrivilegeEscalation"], false);
        assert_eq!(container["capabilities"], json!({"drop": ["ALL"]}));
        for mount in spec["containers"][0]["volumeMounts"].as_array().into_iter().flatten() {
            assert_eq!(mount["readOnly"], true);
        }
    }
}

/// The image that the Dockerfile makes runs as the chart says, and by the program that the flags are of.
#[test]
fn the_image_is_made_for_these_pods() {
    let file = chart::folder().join("../../Dockerfile");
    let text = std::fs::read_to_string(file).expect("a recipe");
    let stages = text.split("\nFROM ");
    let stage =
        stages.into_iter().find(|stage| stage.starts_with("scratch AS placecard-webhook\n"));
    let stage = stage.expect("an image with nothing else in it");
    let values = std::fs::read_to_string(chart::folder().join("values.yaml")).expect("values");
    let values: Value = serde_saphyr::from_str(&values).expect("YAML");
    let context = &values["podSecurityContext"];
    let user = format!("USER {}:{}\n", context["runAsUser"], context["runAsGroup"]);
    assert!(stage.contains(&user), "{stage}");
    assert!(stage.contains("ENTRYPOINT [\"placecard-webhook\"]"), "{stage}");
}

/// Runs `placecard VERB … -`.
fn placecard(verb: &[&str], input: &str) -> String {
    let words = ["placecard"].iter().chain(verb).chain(&["-"]).map(Into::into);
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let words = words.collect::<Vec<std::ffi::OsString>>().into_iter();
    let status = placecard_lint::run(words, &mut input.as_bytes(), &mut out, &mut err, false);
    assert!(status < 2, "{}", String::from_utf8_lossy(&err));
    String::from_utf8(out).expect("UTF-8")
}

#[test]
fn the_linter_finds_nothing_in_the_chart() {
    if left_out() {
        return;
    }
    for values in sets() {
        let all = chart::rendered(&values).expect("rendered");
        let text: String = all.iter().map(|(_, object)| format!("---\n{object}\n")).collect();
        let report = placecard(&["lint", "--format", "json"], &text);
        let report: Value = serde_json::from_str(&report).expect("a report");
        assert_eq!(report["findings"], json!([]), "{values}");
    }
}

/// The fields that the pods are spread by are those that placecard writes for this sentence.
#[test]
fn the_pods_are_spread_as_placecard_does_it() {
    if left_out() {
        return;
    }
    let sentence = "spread over node max-skew 1; spread over zone max-skew 1";
    let path = chart::folder().join("templates/deployment.yaml");
    let template = std::fs::read_to_string(path).expect("a template");
    assert!(template.contains(&format!("placecard.dev/prefer: {sentence}\n")));
    let mut deployment = deployment(&json!({}));
    let template = &mut deployment["spec"]["template"];
    let written = template["spec"]["topologySpreadConstraints"].take();
    template["spec"].as_object_mut().expect("a spec").remove("topologySpreadConstraints");
    template["metadata"]["annotations"]["placecard.dev/prefer"] = json!(sentence);
    let expanded = placecard(&["expand"], &deployment.to_string());
    let expanded: Value = serde_saphyr::from_str(&expanded).expect("YAML");
    assert_eq!(expanded["spec"]["template"]["spec"]["topologySpreadConstraints"], written);
}
