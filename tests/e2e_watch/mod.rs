//! The webhook's index is that of a fresh snapshot, and so are its verdicts, whatever happens to the
//! cluster and to the watches: on a real API server, watched in the name of the chart's service
//! account.

mod restart;
mod size;
mod verdicts;

use std::collections::BTreeMap;
use std::time::Duration;

use http::Method;
use placecard_policies::live::{Live, WATCHED, Watched};
use placecard_policies::surroundings::ServerVersion;
use placecard_tests::controlplane::{Api, ControlPlane, wait_for};
use placecard_webhook::watch::Watches;
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(90);

/// What the API server lists now, kind by kind.
type Dump = BTreeMap<Watched, Value>;

fn dump(api: &Api) -> Dump {
    let list = |kind: Watched| {
        let (row, version) = (kind.row(), kind.api_version());
        let root = if version.contains('/') { "apis" } else { "api" };
        let path = format!("/{root}/{version}/{}", row.plural);
        let listed = api.request(Method::GET, &path, "application/json", None);
        let object = match listed {
            Ok(listed) => listed.object,
            // The cluster does not have the kind.
            Err(refusal) if refusal.status == 404 && kind.is_optional() => json!({"items": []}),
            Err(refusal) => panic!("{refusal}"),
        };
        (kind, object)
    };
    WATCHED.into_iter().map(list).collect()
}

/// An index that is filled with that.
fn fresh(dump: &Dump, server: ServerVersion) -> Live {
    let mut live = Live::new(server);
    for kind in WATCHED {
        live.list(kind);
        let objects = dump[&kind]["items"].as_array().into_iter().flatten();
        for object in objects.filter(|object| is_wanted(object)) {
            let put = live.put(kind, object.to_string().as_bytes());
            put.unwrap_or_else(|problem| panic!("{problem:?}"));
        }
        live.listed(kind);
    }
    live
}

/// Waits until the index is that of a fresh snapshot, and returns what it was filled with.
fn agrees(plane: &ControlPlane, watches: &Watches, after: &str) -> Dump {
    let server = ServerVersion::parse(&plane.version).expect("a version");
    wait_for(PATIENCE, &format!("the index agrees after {after}"), || {
        if !watches.health().is_trusted() {
            return Err(format!("not listed: {:?}", watches.health().starting()));
        }
        let dump = dump(plane.api());
        let fresh = fresh(&dump, server);
        difference(&watches.current(), &fresh).map(|()| dump)
    })
}

/// What the watches leave out is left out of the lists that are compared with them.
fn is_wanted(object: &Value) -> bool {
    let finished = ["Succeeded", "Failed"].map(Value::from);
    object["metadata"]["namespace"] != "kube-node-lease"
        && !(object["spec"].get("containers").is_some()
            && finished.contains(&object["status"]["phase"]))
}

/// The first thing that differs.
fn difference(live: &Live, fresh: &Live) -> Result<(), String> {
    for kind in WATCHED {
        let (found, expected) = (live.count(kind), fresh.count(kind));
        if found != expected {
            return Err(format!("{found} of {expected} {}", kind.row().plural));
        }
        if live.is_complete(kind) != fresh.is_complete(kind) {
            return Err(format!("{} are complete: {}", kind.row().plural, live.is_complete(kind)));
        }
    }
    let (found, expected) = (live.state().census(), fresh.state().census());
    for (key, value) in &expected {
        if found.get(key) != Some(value) {
            return Err(format!("{key}: {:?} instead of {value}", found.get(key)));
        }
    }
    match found.keys().find(|key| !expected.contains_key(*key)) {
        Some(key) => Err(format!("{key} is not there")),
        None => Ok(()),
    }
}
