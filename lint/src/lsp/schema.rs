//! What a JSON Schema of ours says of a place: the fields that may stand there, and the words.

use placecard_findings::{FieldPath, Segment};
use serde_json::Value;

/// All parts of a schema that are about one place.
#[derive(Clone, Debug)]
pub(super) struct Rules<'a> {
    root: &'a Value,
    parts: Vec<&'a Value>,
}

impl<'a> Rules<'a> {
    /// Those of the place at `path` in a value; without parts where the schema says nothing.
    pub(super) fn at(root: &'a Value, path: &FieldPath, value: &Value) -> Self {
        let mut rules = Self { root, parts: vec![root] }.narrowed(value);
        let mut at = Some(value);
        for segment in &path.0 {
            let parts: Vec<&Value> =
                rules.parts.iter().filter_map(|part| step(part, segment)).collect();
            at = at.and_then(|value| match segment {
                Segment::Key(key) => value.get(key.as_str()),
                Segment::Index(index) => value.get(*index),
            });
            rules = Self { root, parts }.narrowed(at.unwrap_or(&Value::Null));
        }
        rules
    }

    /// With what is referred to, and with what follows from the value that stands there.
    fn narrowed(self, value: &Value) -> Self {
        let mut parts: Vec<&Value> = Vec::new();
        let mut open = self.parts;
        while let Some(part) = open.pop() {
            // A reference that leads back to itself would have no end.
            if parts.iter().any(|known| std::ptr::eq(*known, part)) {
                continue;
            }
            parts.push(part);
            open.extend(part["$ref"].as_str().and_then(|to| self.root.pointer(to.get(1..)?)));
            for rule in part["allOf"].as_array().into_iter().flatten() {
                match rule.get("if") {
                    Some(condition) if !holds(condition, value) => {}
                    Some(_) => open.extend(rule.get("then")),
                    None => open.push(rule),
                }
            }
        }
        Self { root: self.root, parts }
    }

    /// The fields with their descriptions, without those that are ruled out.
    pub(super) fn fields(&self) -> Vec<(&'a str, &'a str)> {
        let all = self.parts.iter().filter_map(|part| part.get("properties")?.as_object());
        let ruled_out = |name: &String| {
            let mut parts = self.parts.iter();
            parts.any(|part| part["properties"].get(name) == Some(&Value::Bool(false)))
        };
        let mut fields: Vec<(&str, &str)> = Vec::new();
        for (name, field) in all.flatten().filter(|(name, _)| !ruled_out(name)) {
            if !fields.iter().any(|(known, _)| known == name) {
                fields.push((name, field["description"].as_str().unwrap_or_default()));
            }
        }
        fields
    }

    /// The words of which one has to stand there.
    pub(super) fn words(&self) -> Vec<&'a str> {
        let of = |part: &&'a Value| -> Option<Vec<&'a str>> {
            if let Some(word) = part.get("const") {
                return Some(word.as_str().into_iter().collect());
            }
            if part["type"] == "boolean" {
                return Some(vec!["true", "false"]);
            }
            Some(part.get("enum")?.as_array()?.iter().filter_map(Value::as_str).collect())
        };
        let lists: Vec<Vec<&str>> = self.parts.iter().filter_map(of).collect();
        let Some((first, others)) = lists.split_first() else { return Vec::new() };
        let in_all = |word: &&&str| others.iter().all(|list| list.contains(word));
        first.iter().filter(in_all).copied().collect()
    }

    /// Whether fields are to stand there.
    pub(super) fn are_of_mapping(&self) -> bool {
        self.parts.iter().any(|part| part["type"] == "object" || part.get("properties").is_some())
    }

    /// What the place says.
    pub(super) fn description(&self) -> Option<&'a str> {
        // What stands beside a reference says more than what is referred to.
        self.parts.iter().find_map(|part| part.get("description")?.as_str())
    }
}

fn step<'a>(part: &'a Value, segment: &Segment) -> Option<&'a Value> {
    let found = match segment {
        Segment::Key(key) => part
            .get("properties")
            .and_then(|fields| fields.get(key.as_str()))
            .or_else(|| part.get("additionalProperties").filter(|others| others.is_object())),
        Segment::Index(_) => part.get("items"),
    };
    found.filter(|found| found.is_object())
}

/// Whether a value is known to meet the condition; what is not there yet does not.
fn holds(condition: &Value, value: &Value) -> bool {
    let fields = condition["properties"].as_object().into_iter().flatten();
    let each =
        |(name, inner): (&String, &Value)| value.get(name).is_some_and(|at| holds(inner, at));
    let is = |word: &Value| word == value;
    fields.into_iter().all(each)
        && condition.get("const").is_none_or(is)
        && condition["enum"].as_array().is_none_or(|words| words.iter().any(is))
}

#[cfg(test)]
mod tests {
    use placecard_policies::language::affinity::written;
    use serde_json::json;

    use super::*;

    #[test]
    fn what_stands_there_narrows_what_may() {
        let schema = written::schema();
        let at = |path: &[&str], entry: Value| {
            let path = path
                .iter()
                .fold(FieldPath::root().key("entries").index(0), |path, key| path.key(key));
            let value = json!({"entries": [entry]});
            let rules = Rules::at(&schema, &path, &value);
            let fields: Vec<&str> = rules.fields().into_iter().map(|(name, _)| name).collect();
            (fields.join(" "), rules.words().join(" "))
        };
        let entry = "category direction level strength target weight";
        let bare = entry.replace(" weight", "");
        for (path, value, fields, words) in [
            (&[][..], json!({}), entry, ""),
            (&[], json!({"strength": "Required"}), &bare, ""),
            (&["category"], json!({}), "", "Resource State Topology Trust"),
            (&["direction"], json!({}), "", "toward away"),
            (&["direction"], json!({"category": "State"}), "", "toward"),
            (&["strength"], json!({"category": "Trust"}), "", "Required"),
            (&["target"], json!({}), "name type value", ""),
            (&["target"], json!({"target": {"type": "RackId"}}), "type value", ""),
            (&["target", "type"], json!({"category": "Topology"}), "", "NodeId ServiceId RackId"),
            (&["target", "no", "such"], json!({}), "", ""),
        ] {
            assert_eq!(
                at(path, value.clone()),
                (fields.to_owned(), words.to_owned()),
                "{path:?} {value}"
            );
        }
        let path = FieldPath::root().key("entries").index(0).key("category");
        let rules = Rules::at(&schema, &path, &json!({}));
        assert_eq!(rules.description(), Some("What kind of thing it is about."));
    }
}
