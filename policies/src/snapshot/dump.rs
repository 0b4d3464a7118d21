//! The text of a dump: a list of lists, as the API server answers them, one object a line.
//!
//! Lists in a list, because an empty list says that there is no object of its kind, and because the
//! reader need not look for the kind of each object. JSON, because reading YAML takes many times as
//! long. A kind that could not be listed has no list, and one of which there may be more objects
//! says so in `incomplete`.

use placecard_feasibility::inventory::kind::Kind;
use serde_json::json;

use crate::live::{Row, Watched};

/// The field of a list that says why it may lack objects; `true`, or a text that is not empty.
pub const INCOMPLETE: &str = "incomplete";

/// How a dump begins; the version of the server, `v1.34.1`, is the first thing in it.
#[must_use]
pub fn begin(server: Option<&str>) -> String {
    let version = server.map(|version| json!({"serverVersion": {"gitVersion": version}}));
    let version = version.map(|version| format!("\n{version}")).unwrap_or_default();
    format!("{{\"apiVersion\":\"v1\",\"kind\":\"List\",\"metadata\":{{}},\"items\":[{version}")
}

/// How the list of a kind begins, after something else or not.
#[must_use]
pub fn begin_list(row: &Row, first: bool) -> String {
    let Row { group, version, kind, .. } = row;
    let slash = if group.is_empty() { "" } else { "/" };
    let comma = if first { "" } else { "," };
    format!(
        "{comma}\n{{\"apiVersion\":\"{group}{slash}{version}\",\"kind\":\"{kind}List\",\"items\":["
    )
}

/// What stands before an object.
#[must_use]
pub fn before_object(first: bool) -> &'static str {
    if first { "\n" } else { ",\n" }
}

/// How a list ends; `incomplete`: why it may lack objects.
#[must_use]
pub fn end_list(revision: &str, incomplete: Option<&str>) -> String {
    let incomplete = incomplete.map(|why| format!(",\"{INCOMPLETE}\":{}", json!(why)));
    let metadata = match revision.is_empty() {
        true => json!({}),
        false => json!({"resourceVersion": revision}),
    };
    format!("\n],\"metadata\":{metadata}{}}}", incomplete.unwrap_or_default())
}

/// How a dump ends.
pub const END: &str = "\n]}\n";

/// The kinds of a dump, in its order, and how they are asked for.
#[must_use]
pub fn kinds() -> Vec<(Kind, Row)> {
    let watched = crate::live::WATCHED.into_iter();
    watched.filter_map(|one| Some((one.kind()?, one.row()))).collect()
}

/// The kinds that no verdict depends on, and that say how role coordinations stand: in a list of
/// objects that say what they are, so that other readers pass them over.
pub const MORE: [Watched; 3] = [Watched::Deployment, Watched::Job, Watched::RoleCoordination];

/// How the list of [`MORE`] begins.
#[must_use]
pub fn begin_more(first: bool) -> String {
    let comma = if first { "" } else { "," };
    format!("{comma}\n{{\"apiVersion\":\"v1\",\"kind\":\"List\",\"items\":[")
}

/// An object of this kind that says what it is.
#[must_use]
pub fn named(row: &Row, object: &[u8]) -> Vec<u8> {
    let Row { group, version, kind, .. } = row;
    let slash = if group.is_empty() { "" } else { "/" };
    let mut named = format!("{{\"apiVersion\":\"{group}{slash}{version}\",\"kind\":\"{kind}\"");
    let rest = object.strip_prefix(b"{").unwrap_or(object);
    if rest.first() != Some(&b'}') {
        named.push(',');
    }
    let mut named = named.into_bytes();
    named.extend_from_slice(rest);
    named
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use placecard_feasibility::inventory::Inventory;
    use placecard_feasibility::inventory::kind::KINDS;

    use super::*;
    use crate::snapshot::seen::{Intake, Seen};
    use crate::snapshot::stream::Reader;

    fn read(text: &str) -> (Inventory, Seen) {
        let mut inventory = Inventory::default();
        let mut intake = Intake::new(&mut inventory);
        let mut reader = Reader::new();
        reader.push(text.as_bytes(), &mut intake);
        reader.finish(&mut intake);
        assert_eq!(intake.problem_count(), 0, "{text}");
        let (seen, _) = intake.finish();
        (inventory, seen)
    }

    fn dump(kinds: &[(Kind, Option<&str>)]) -> String {
        let mut text = begin(Some("v1.35.2"));
        for (kind, incomplete) in kinds {
            let (_, row) = super::kinds().into_iter().find(|(one, _)| one == kind).unwrap();
            text += &begin_list(&row, false);
            if *kind == Kind::Node {
                text += before_object(true);
                text += r#"{"metadata":{"name":"a"}}"#;
                text += before_object(false);
                text += r#"{"metadata":{"name":"b"}}"#;
            }
            text += &end_list("71", *incomplete);
        }
        text + END
    }

    #[test]
    fn every_kind_of_an_inventory_is_dumped() {
        let found: BTreeSet<Kind> = kinds().into_iter().map(|(kind, _)| kind).collect();
        assert_eq!(found, KINDS.into());
    }

    #[test]
    fn an_empty_list_is_complete_and_a_missing_one_unknown() {
        let all: Vec<_> = KINDS.into_iter().map(|kind| (kind, None)).collect();
        let text = dump(&all);
        let (inventory, seen) = read(&text);
        assert_eq!((inventory.nodes.len(), seen.server, seen.revision.0), (2, Some(35), 71));
        assert_eq!(inventory.unknown, BTreeSet::new());
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["items"].as_array().unwrap().len(), KINDS.len() + 1);
        let (inventory, _) = read(&dump(&[(Kind::Node, None)]));
        assert_eq!(inventory.unknown.len(), KINDS.len() - 1);
    }

    #[test]
    fn a_list_that_lacks_objects_is_unknown() {
        let (inventory, _) = read(&dump(&[(Kind::Node, None), (Kind::Pod, Some("shop only"))]));
        assert!(inventory.is_unknown(Kind::Pod) && !inventory.is_unknown(Kind::Node));
        let pods =
            |rest: &str| format!(r#"{{"kind":"PodList","apiVersion":"v1",{rest}"items":[]}}"#);
        for (text, unknown) in [
            (pods(""), false),
            (pods(r#""incomplete":false,"#), false),
            (pods(r#""incomplete":"","#), false),
            (pods(r#""incomplete":true,"#), true),
            (pods(r#""metadata":{"continue":"x"},"#), true),
            (pods(r#""metadata":{"continue":""},"#), false),
            // Before the kind, as sorted keys have it.
            (
                r#"{"apiVersion":"v1","incomplete":"x","items":[],"kind":"PodList"}"#.to_owned(),
                true,
            ),
        ] {
            assert_eq!(read(&text).0.is_unknown(Kind::Pod), unknown, "{text}");
        }
        // Which kinds it lacks is not said.
        let (inventory, _) =
            read(r#"{"kind":"List","incomplete":true,"items":[{"kind":"PodList","items":[]}]}"#);
        assert_eq!(inventory.unknown, KINDS.into());
    }
}
