//! The reference document of annotations, from the tables that the parser reads.

use std::fmt::Write as _;

use crate::codes::CODES;
use crate::keys::{Author, KEYS, Key, Place, Slot, Status};
use crate::words::{Meaning, RESERVED, Role, SYNONYMS};

/// `docs/annotations.md`, from its first line to its last.
#[must_use]
pub fn annotations_markdown() -> String {
    let mut text = String::from(
        "# Annotations and labels\n\n\
         Generated from the tables in `policies/language/src`; a test holds it to them.\n\n",
    );
    keys(&mut text);
    rules(&mut text);
    typed(&mut text);
    synonyms(&mut text);
    codes(&mut text);
    text
}

fn keys(text: &mut String) {
    for (slot, title) in [(Slot::Annotation, "## Annotations"), (Slot::Label, "## Labels")] {
        line(text, format_args!("{title}\n"));
        line(text, format_args!("| key | stands on | value |\n|---|---|---|"));
        for key in KEYS.iter().filter(|key| key.slot == slot) {
            let grammar = cell(key.grammar);
            line(text, format_args!("| `{}` | {} | {grammar} |", key.full, places(key)));
        }
        line(text, format_args!(""));
        for key in KEYS.iter().filter(|key| key.slot == slot) {
            section(text, key);
        }
    }
}

fn section(text: &mut String, key: &Key) {
    line(text, format_args!("### `{}`\n\n{}", key.full, key.doc));
    if key.author == Author::Placecard {
        line(text, format_args!("Written by placecard alone."));
    }
    if key.status == Status::Later {
        line(
            text,
            format_args!("Comes in a later release; until then it is refused, not skipped."),
        );
    }
    if !key.example.is_empty() {
        line(text, format_args!("\n```yaml"));
        if key.example.contains('\n') {
            line(text, format_args!("{}: |", key.full));
            for example in key.example.lines() {
                line(text, format_args!("  {example}"));
            }
        } else {
            // Quoted where a plain scalar would be read as something else.
            let is_number = key.example.bytes().all(|byte| byte.is_ascii_digit());
            let quote = if is_number || key.example.contains(": ") { "\"" } else { "" };
            line(text, format_args!("{}: {quote}{}{quote}", key.full, key.example));
        }
        line(text, format_args!("```"));
    }
    line(text, format_args!(""));
}

fn places(key: &Key) -> String {
    let name = |place: &Place| match place {
        Place::Pod => "pods",
        Place::Template => "pod templates",
        Place::ExpandedTemplate => "pod templates that are expanded in place",
        Place::Workload => "a workload's own metadata",
        Place::Namespace => "namespaces",
        Place::Vocabulary => "PlacementVocabulary",
        Place::Other => "other objects",
    };
    if key.places.is_empty() {
        return "nothing".to_owned();
    }
    // Every template, whichever way it is expanded, is said once.
    let all = key.places.contains(&Place::Template);
    let places = key.places.iter().filter(|place| !(all && **place == Place::ExpandedTemplate));
    places.map(name).collect::<Vec<_>>().join(", ")
}

fn typed(text: &mut String) {
    line(
        text,
        format_args!(
            "## Typed entries\n\n\
             Each entry of `{}` and `{}` says what a sentence says; required ones what stands under \
             `require`, preferred ones what stands under `prefer`, with a weight of 50 unless they have \
             their own. Without a level a NodeId means the node, a RackId the level `rack` (its value by \
             the level's `format`, else the number), a ServiceId the vocabulary's `serviceDomain`, or the \
             node where there is none. A ResourceId is the resource of the vocabulary with that `uid`, \
             else a PersistentVolume: the nodes that reach it. An id that is not known is a warning; \
             pods with a required entry of it wait until it is.\n\n\
             | category | target | direction | strength | says | with a level |\n|---|---|---|---|---|---|",
            crate::keys::INTENTS,
            crate::keys::INTENTS_TLV
        ),
    );
    for row in crate::typed::table::ROWS {
        let strengths: Vec<_> = row.strengths.iter().map(|one| one.name()).collect();
        let (target, direction) = (row.target.name(), row.direction.name());
        let (category, strengths) = (row.category.name(), strengths.join(", "));
        let level = row.with_level.map(|says| format!("`{says}`")).unwrap_or_default();
        let says = row.says;
        line(
            text,
            format_args!(
                "| {category} | {target} | {direction} | {strengths} | `{says}` | {level} |"
            ),
        );
    }
    line(text, format_args!(""));
}

fn rules(text: &mut String) {
    line(text, format_args!("## Rules\n"));
    line(
        text,
        format_args!(
            "One rule a line, or separated by `;`; `#` at the start of a line or after a blank begins \
             a comment. Inside parentheses, which close on their line, both are ordinary characters.\n"
        ),
    );
    for (role, title) in [
        (Role::Relation, "### Relations"),
        (Role::PodKind, "### Targets: pods"),
        (Role::NodeKind, "### Targets: nodes"),
        (Role::Modifier, "### Modifiers, each once, in any order"),
    ] {
        line(text, format_args!("{title}\n\n| form | says |\n|---|---|"));
        for word in RESERVED.iter().filter(|word| word.role == role) {
            line(text, format_args!("| `{}` | {} |", cell(word.form), word.doc));
        }
        if role == Role::NodeKind {
            line(text, format_args!("| `LEVEL/VALUE` | the nodes of a domain: `zone/eu-1a` |"));
            line(text, format_args!("| `LABEL-KEY/VALUE` | the same by a prefixed label key |"));
        }
        line(text, format_args!(""));
    }
    let words: Vec<_> = RESERVED.iter().map(|word| format!("`{}`", word.text)).collect();
    line(
        text,
        format_args!(
            "No level and no pool may have one of these words as its name, except the levels `node`, \
             `zone` and `region`: {}.\n",
            words.join(", ")
        ),
    );
}

fn synonyms(text: &mut String) {
    line(text, format_args!("## Words that are not words of the language\n"));
    line(text, format_args!("Each is refused, with the word that says it.\n"));
    line(text, format_args!("| written | meant |\n|---|---|"));
    for synonym in SYNONYMS {
        let meant = match synonym.meaning {
            Meaning::WhichKey => format!("the annotation `{}`", synonym.meant),
            Meaning::Key => format!("the annotation `{}{}`", crate::keys::PREFIX, synonym.meant),
            Meaning::Relation | Meaning::Kind | Meaning::Modifier | Meaning::Level => {
                format!("`{}`", synonym.meant)
            }
        };
        let written = match synonym.meaning {
            Meaning::Key => format!("{}{}", crate::keys::PREFIX, synonym.written),
            _ => synonym.written.to_owned(),
        };
        line(text, format_args!("| `{written}` | {meant} |"));
    }
    line(text, format_args!("| `spread zone` | `spread over zone` |\n"));
}

fn codes(text: &mut String) {
    line(text, format_args!("## Codes\n\n| code | class | says |\n|---|---|---|"));
    for entry in CODES {
        let (code, class) = (entry.code, entry.verdict.as_str());
        line(text, format_args!("| `{code}` | {class} | {} |", cell(entry.summary)));
    }
}

/// A text inside a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

fn line(text: &mut String, line: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{line}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reference_names_every_key_word_and_code() {
        let text = annotations_markdown();
        for key in KEYS {
            assert!(text.contains(&format!("### `{}`", key.full)), "{}", key.full);
        }
        for word in RESERVED {
            assert!(text.contains(&format!("`{}`", word.text)), "{}", word.text);
        }
        for entry in CODES {
            assert!(text.contains(&format!("| `{}` |", entry.code)), "{}", entry.code);
        }
        for row in text.lines().filter(|row| row.starts_with('|')) {
            let bars = row.replace("\\|", "").matches('|').count();
            assert!(matches!(bars, 3 | 4 | 7), "{row}");
        }
        assert!(text.ends_with("|\n") && !text.contains("\n\n\n"));
    }

    #[test]
    fn the_examples_are_read_without_a_problem() {
        use crate::vocabulary_check::check;
        let value = serde_json::json!({
            "apiVersion": crate::keys::API_VERSION,
            "kind": crate::keys::VOCABULARY_KIND,
            "spec": {
                "levels": [{"name": "zone", "key": "topology.kubernetes.io/zone"}],
                "pools": [{"name": "h100", "nodes": "accelerator=h100"}],
            },
        });
        let (words, problems) = check(&value);
        assert_eq!(problems, []);
        let read_here = |key: &&Key| key.status == Status::Now && !key.example.is_empty();
        for key in KEYS.iter().filter(read_here) {
            let map = [(key.full.to_owned(), key.example.to_owned())].into();
            let place = *key.places.first().expect("legal somewhere");
            let problems = match key.slot {
                Slot::Annotation => crate::read(&map, place, &words, None).problems,
                Slot::Label => crate::read_labels(&map, place),
            };
            assert_eq!(problems, [], "{}", key.full);
        }
    }
}
