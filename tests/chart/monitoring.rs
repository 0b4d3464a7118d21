use std::collections::BTreeSet;

use placecard_tests::chart;
use placecard_webhook::metrics::Metrics;
use serde_json::{Value, json};

use super::left_out;

/// The names of the webhook's series.
fn registered() -> BTreeSet<String> {
    Metrics::default().described().iter().map(|one| one.name.clone()).collect()
}

/// The words of a text that begin as our metrics do.
fn metrics(text: &str) -> BTreeSet<&str> {
    let words = text.split(|one: char| !one.is_ascii_alphanumeric() && one != '_');
    words.filter(|word| word.starts_with("placecard_")).collect()
}

fn exists(metric: &str, registered: &BTreeSet<String>) -> bool {
    let of_histogram = ["_bucket", "_count", "_sum"];
    let all = of_histogram.iter().filter_map(|end| metric.strip_suffix(end));
    registered.contains(metric) || all.into_iter().any(|name| registered.contains(name))
}

#[test]
fn a_metric_is_known_by_its_name() {
    let registered = registered();
    for (metric, is_there) in [
        ("placecard_admission_requests_total", true),
        ("placecard_admission_duration_seconds_bucket", true),
        ("placecard_build_info", true),
        ("placecard_admission_request_total", false),
    ] {
        assert_eq!(exists(metric, &registered), is_there, "{metric}");
    }
}

#[test]
fn dashboard_and_alerts_ask_for_metrics_that_exist() {
    if left_out() {
        return;
    }
    let registered = registered();
    let values = json!({"dashboard": {"enabled": true}, "prometheusRule": {"enabled": true}});
    for template in ["dashboard.yaml", "prometheus-rule.yaml"] {
        let object = chart::objects_with(template, &values).remove(0);
        let text = object.to_string();
        let asked = metrics(&text);
        assert!(asked.len() > 5, "{template}: {asked:?}");
        for metric in asked {
            assert!(exists(metric, &registered), "{template}: {metric}");
        }
    }
}

#[test]
fn the_dashboard_is_one() {
    if left_out() {
        return;
    }
    let values = json!({"dashboard": {"enabled": true}});
    let object = chart::objects_with("dashboard.yaml", &values).remove(0);
    assert_eq!(object["metadata"]["labels"]["grafana_dashboard"], "1");
    let text = object["data"]["placecard.json"].as_str().expect("a file");
    let dashboard: Value = serde_json::from_str(text).expect("JSON");
    let panels = dashboard["panels"].as_array().expect("panels");
    let ids: BTreeSet<i64> = panels.iter().filter_map(|panel| panel["id"].as_i64()).collect();
    assert_eq!(ids.len(), panels.len(), "each has a number of its own");
    for panel in panels {
        let told = panel["title"].as_str().is_some_and(|title| !title.is_empty());
        assert!(told && panel["gridPos"]["w"].is_number(), "{panel}");
        assert_eq!(panel["datasource"]["uid"], "${datasource}", "{panel}");
    }
}
