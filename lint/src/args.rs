//! What was typed, as it was typed.

use std::ffi::OsString;

use clap::ArgMatches;
use clap::error::ErrorKind;
use clap::parser::ValueSource;

use crate::verbs;
use crate::verbs::Argument;

mod lint;

pub use lint::LintFlags;

/// A command line that can be parsed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Typed {
    /// `placecard lint`.
    Lint {
        /// Shared with `expand`.
        sources: Sources,
        /// What only it takes.
        flags: LintFlags,
        /// `--color`, `--ascii`.
        look: TypedLook,
    },
    /// `placecard expand`.
    Expand {
        /// Shared with `lint`.
        sources: Sources,
        /// `--diff`.
        diff: bool,
        /// `--color`, `--ascii`.
        look: TypedLook,
    },
    /// `placecard adopt`.
    Adopt {
        /// Shared with `lint`.
        sources: Sources,
        /// `--diff`.
        diff: bool,
        /// `--write`.
        write: bool,
        /// `--format json`.
        json: bool,
        /// `--default-spreading`.
        default_spreading: bool,
        /// `--color`, `--ascii`.
        look: TypedLook,
    },
    /// `placecard why`.
    Why {
        /// `WHAT…` and what it is judged on.
        question: Question,
        /// Shared with `lint`; its paths are `WHAT…`.
        sources: Sources,
        /// `--color`, `--ascii`.
        look: TypedLook,
    },
    /// `placecard place`.
    Place {
        /// `WHAT…` and what it is judged on.
        question: Question,
        /// Shared with `lint`; its paths are `WHAT…`.
        sources: Sources,
        /// `--color`, `--ascii`.
        look: TypedLook,
    },
    /// `placecard plan`.
    Batches {
        /// The manifests and what they are judged on.
        question: Question,
        /// Shared with `lint`; its paths are those of the question.
        sources: Sources,
        /// `--color`, `--ascii`.
        look: TypedLook,
    },
    /// `placecard status`.
    Status {
        /// `NAME…` and the cluster.
        question: Question,
        /// `--vocabulary`, `--kubernetes-version`.
        sources: Sources,
        /// `--color`, `--ascii`.
        look: TypedLook,
    },
    /// `placecard audit`.
    Audit {
        /// `--cluster`, `--namespace`, `--all` and `--format`; no words.
        question: Question,
        /// `--without`.
        without: Vec<String>,
        /// `--evict`.
        evict: bool,
        /// `--dry-run`.
        dry_run: bool,
        /// `--vocabulary`, `--scheduler-config`, `--kubernetes-version`.
        sources: Sources,
        /// `--color`, `--ascii`.
        look: TypedLook,
    },
    /// `placecard snapshot`.
    Snapshot(SnapshotFlags),
    /// `placecard feasible`.
    Feasible {
        /// `--jsonl`, if any was typed.
        cases: Option<String>,
        /// `--kubernetes-version`.
        kubernetes_version: String,
        /// `--scores`.
        scores: bool,
        /// `--all-reasons`.
        all_reasons: bool,
        /// `--scheduler-config`.
        configuration: Option<String>,
    },
    /// `placecard intent decode DATA`.
    Decode {
        /// If any was typed.
        data: Option<String>,
        /// `--hex`.
        hex: bool,
        /// `--base64`.
        base64: bool,
    },
    /// `placecard intent encode FILE`.
    Encode {
        /// If any was typed.
        file: Option<String>,
        /// `--require` and `--prefer`.
        sentences: [Vec<String>; 2],
        /// `--hex`.
        hex: bool,
        /// `--json`.
        json: bool,
        /// Where words and UIDs come from.
        sources: Sources,
    },
    /// `placecard export admission-policy`.
    AdmissionPolicy(PolicyFlags),
    /// `placecard explain CODE`.
    Explain {
        /// If any was typed.
        code: Option<String>,
    },
    /// `placecard rules`.
    Rules {
        /// `--format`.
        format: String,
    },
    /// `placecard lsp`.
    Lsp,
    /// `placecard completions SHELL`.
    Completions {
        /// If any was typed.
        shell: Option<String>,
    },
    /// `placecard man VERB…`.
    Manual {
        /// Its words.
        verb: Vec<String>,
    },
    /// `placecard schema WHAT`.
    Schema {
        /// If any was typed.
        what: Option<String>,
        /// `--crd`.
        crd: bool,
    },
    /// `--help` or `--version`: the text to print.
    Text(String),
}

/// What the exported policies differ in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PolicyFlags {
    /// `--unplaced`.
    pub unplaced: String,
    /// `--webhook-namespace`.
    pub namespace: String,
    /// `--failure-policy`.
    pub failure_policy: String,
    /// `--vocabulary`.
    pub vocabulary: Option<String>,
}

/// Which live cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LiveFlags {
    /// `--live`.
    pub live: bool,
    /// `--kubeconfig`.
    pub kubeconfig: Option<String>,
    /// `--context`.
    pub context: Option<String>,
}

/// What a dump holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SnapshotFlags {
    /// `--kubeconfig`, `--context`.
    pub live: LiveFlags,
    /// `--output`.
    pub output: Option<String>,
    /// `--namespace`.
    pub namespaces: Vec<String>,
    /// `--all-namespaces`.
    pub all_namespaces: bool,
    /// `--selector`.
    pub selector: Option<String>,
    /// `--include`.
    pub include: Vec<String>,
}

/// Where manifests and their context come from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sources {
    /// `PATH…`.
    pub paths: Vec<String>,
    /// `--vocabulary`.
    pub vocabulary: Option<String>,
    /// `--objects`.
    pub objects: Vec<String>,
    /// `--kubernetes-version`.
    pub kubernetes_version: String,
    /// It was typed, and is not the default.
    pub kubernetes_version_is_given: bool,
    /// `--cluster`; of `lint` and `expand`.
    pub cluster: Vec<String>,
    /// `--live`; of `lint` and `expand`.
    pub live: LiveFlags,
    /// `--namespace`; of `lint` and `expand`.
    pub namespace: Option<String>,
    /// `--scheduler-config`; not of `expand`.
    pub scheduler_config: Option<String>,
    /// `--config`.
    pub config: Option<String>,
    /// `--isolated`.
    pub isolated: bool,
}

/// What is asked of a cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Question {
    /// `WHAT…`.
    pub words: Vec<String>,
    /// `--cluster`.
    pub cluster: Vec<String>,
    /// `--live`.
    pub live: LiveFlags,
    /// `--namespace`.
    pub namespace: Option<String>,
    /// `--all`.
    pub all: bool,
    /// `--format`.
    pub format: String,
}

/// How a report is drawn.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TypedLook {
    /// `--color`.
    pub color: String,
    /// `--ascii`.
    pub ascii: bool,
}

/// Parses a command line; the first word is the name of the program.
///
/// # Errors
/// What is wrong with it, as text for the user; for exit code 2.
pub fn parse(words: impl Iterator<Item = OsString>) -> Result<Typed, String> {
    match verbs::command().try_get_matches_from(words) {
        Ok(matches) => Ok(typed(&matches)),
        Err(error) => match error.kind() {
            ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
                Ok(Typed::Text(error.render().to_string()))
            }
            _ => {
                let text = error.render().to_string();
                Err(text.strip_prefix("error: ").unwrap_or(&text).trim_end().to_owned())
            }
        },
    }
}

fn typed(matches: &ArgMatches) -> Typed {
    let Some((verb, matches)) = matches.subcommand() else {
        return Typed::Text(verbs::command().render_help().to_string());
    };
    match verb {
        "lint" => Typed::Lint {
            sources: Sources {
                cluster: all(matches, verbs::CLUSTER.name),
                live: live(matches),
                namespace: one(matches, verbs::NAMESPACE.name),
                scheduler_config: one(matches, verbs::SCHEDULER_CONFIG.name),
                ..sources(matches)
            },
            flags: lint::flags(matches),
            look: look(matches),
        },
        "expand" => Typed::Expand {
            sources: Sources {
                cluster: all(matches, verbs::CLUSTER.name),
                live: live(matches),
                namespace: one(matches, verbs::NAMESPACE.name),
                ..sources(matches)
            },
            diff: matches.get_flag(verbs::DIFF.name),
            look: look(matches),
        },
        "adopt" => adopt(matches),
        "why" | "place" | "plan" => about(verb, matches),
        "status" => status(matches),
        "audit" => Typed::Audit {
            question: Question { words: Vec::new(), ..asked(matches) },
            without: all(matches, verbs::WITHOUT.name),
            evict: matches.get_flag(verbs::EVICT.name),
            dry_run: matches.get_flag(verbs::DRY_RUN.name),
            sources: Sources {
                vocabulary: one(matches, verbs::VOCABULARY.name),
                kubernetes_version: one(matches, verbs::KUBERNETES_VERSION.name)
                    .unwrap_or_default(),
                kubernetes_version_is_given: is_given(matches, verbs::KUBERNETES_VERSION.name),
                scheduler_config: one(matches, verbs::SCHEDULER_CONFIG.name),
                ..configured(matches)
            },
            look: look(matches),
        },
        "snapshot" => Typed::Snapshot(SnapshotFlags {
            live: reach(matches),
            output: one(matches, verbs::OUTPUT.name),
            namespaces: all(matches, verbs::TAKEN_NAMESPACE.name),
            all_namespaces: matches.get_flag(verbs::ALL_NAMESPACES.name),
            selector: one(matches, verbs::SELECTOR.name),
            include: all(matches, verbs::INCLUDE.name),
        }),
        "feasible" => Typed::Feasible {
            cases: one(matches, verbs::JSONL.name),
            kubernetes_version: one(matches, verbs::KUBERNETES_VERSION.name).unwrap_or_default(),
            scores: matches.get_flag(verbs::SCORES.name),
            all_reasons: matches.get_flag(verbs::ALL_REASONS.name),
            configuration: one(matches, verbs::SCHEDULER_CONFIG.name),
        },
        "intent" => intent(matches),
        "export" => export(matches),
        "explain" => Typed::Explain { code: one(matches, verbs::CODE.name) },
        "rules" => {
            Typed::Rules { format: one(matches, verbs::TABLE_FORMAT.name).unwrap_or_default() }
        }
        "lsp" => Typed::Lsp,
        "completions" => Typed::Completions { shell: one(matches, verbs::SHELL.name) },
        "man" => Typed::Manual { verb: all(matches, verbs::PAGE.name) },
        "schema" => Typed::Schema {
            what: one(matches, verbs::WHAT.name),
            crd: matches.get_flag(verbs::CRD.name),
        },
        _ => Typed::Text(verbs::command().render_help().to_string()),
    }
}

fn adopt(matches: &ArgMatches) -> Typed {
    Typed::Adopt {
        sources: sources(matches),
        diff: matches.get_flag(verbs::DIFF.name),
        write: matches.get_flag(verbs::WRITE.name),
        json: one(matches, verbs::TABLE_FORMAT.name).as_deref() == Some("json"),
        default_spreading: matches.get_flag(verbs::DEFAULT_SPREADING.name),
        look: look(matches),
    }
}

/// How coordinations of a cluster stand.
fn status(matches: &ArgMatches) -> Typed {
    Typed::Status {
        question: Question { words: all(matches, verbs::COORDINATIONS.name), ..asked(matches) },
        sources: Sources {
            vocabulary: one(matches, verbs::VOCABULARY.name),
            kubernetes_version: one(matches, verbs::KUBERNETES_VERSION.name).unwrap_or_default(),
            kubernetes_version_is_given: is_given(matches, verbs::KUBERNETES_VERSION.name),
            ..configured(matches)
        },
        look: look(matches),
    }
}

/// A question about pods on a cluster.
fn about(verb: &str, matches: &ArgMatches) -> Typed {
    let look = look(matches);
    if verb == "plan" {
        let question = Question { words: all(matches, verbs::PATH.name), ..asked(matches) };
        let sources = on_cluster(matches, &verbs::PATH);
        return Typed::Batches { question, sources, look };
    }
    let (question, sources) = (question(matches), on_cluster(matches, &verbs::SUBJECT));
    match verb {
        "why" => Typed::Why { question, sources, look },
        _ => Typed::Place { question, sources, look },
    }
}

fn intent(matches: &ArgMatches) -> Typed {
    match matches.subcommand() {
        Some(("decode", matches)) => Typed::Decode {
            data: one(matches, verbs::DATA.name),
            hex: matches.get_flag(verbs::HEX.name),
            base64: matches.get_flag(verbs::BASE64.name),
        },
        Some(("encode", matches)) => Typed::Encode {
            file: one(matches, verbs::ENTRIES.name),
            sentences: [verbs::REQUIRE.name, verbs::PREFER.name].map(|name| all(matches, name)),
            hex: matches.get_flag(verbs::HEX.name),
            json: matches.get_flag(verbs::AS_JSON.name),
            sources: Sources {
                vocabulary: one(matches, verbs::VOCABULARY.name),
                objects: all(matches, verbs::OBJECTS.name),
                cluster: all(matches, verbs::CLUSTER.name),
                namespace: one(matches, verbs::NAMESPACE.name),
                ..configured(matches)
            },
        },
        _ => Typed::Text(verbs::command().render_help().to_string()),
    }
}

fn export(matches: &ArgMatches) -> Typed {
    match matches.subcommand() {
        Some(("admission-policy", matches)) => Typed::AdmissionPolicy(PolicyFlags {
            unplaced: one(matches, verbs::UNPLACED.name).unwrap_or_default(),
            namespace: one(matches, verbs::WEBHOOK_NAMESPACE.name).unwrap_or_default(),
            failure_policy: one(matches, verbs::FAILURE_POLICY.name).unwrap_or_default(),
            vocabulary: one(matches, verbs::VOCABULARY.name),
        }),
        _ => Typed::Text(verbs::command().render_help().to_string()),
    }
}

fn question(matches: &ArgMatches) -> Question {
    Question { words: all(matches, verbs::SUBJECT.name), ..asked(matches) }
}

fn asked(matches: &ArgMatches) -> Question {
    Question {
        words: Vec::new(),
        cluster: all(matches, verbs::CLUSTER.name),
        live: live(matches),
        namespace: one(matches, verbs::NAMESPACE.name),
        all: matches.get_flag(verbs::ALL.name),
        format: one(matches, verbs::ANSWER_FORMAT.name).unwrap_or_default(),
    }
}

fn sources(matches: &ArgMatches) -> Sources {
    Sources { paths: all(matches, verbs::PATH.name), ..context(matches) }
}

fn on_cluster(matches: &ArgMatches, paths: &Argument) -> Sources {
    Sources {
        paths: all(matches, paths.name),
        scheduler_config: one(matches, verbs::SCHEDULER_CONFIG.name),
        ..context(matches)
    }
}

fn context(matches: &ArgMatches) -> Sources {
    Sources {
        paths: Vec::new(),
        vocabulary: one(matches, verbs::VOCABULARY.name),
        objects: all(matches, verbs::OBJECTS.name),
        kubernetes_version: one(matches, verbs::KUBERNETES_VERSION.name).unwrap_or_default(),
        kubernetes_version_is_given: is_given(matches, verbs::KUBERNETES_VERSION.name),
        ..configured(matches)
    }
}

/// Which configurations count.
fn configured(matches: &ArgMatches) -> Sources {
    Sources {
        config: one(matches, verbs::CONFIG.name),
        isolated: matches.get_flag(verbs::ISOLATED.name),
        ..Sources::default()
    }
}

fn live(matches: &ArgMatches) -> LiveFlags {
    LiveFlags { live: matches.get_flag(verbs::LIVE.name), ..reach(matches) }
}

fn reach(matches: &ArgMatches) -> LiveFlags {
    LiveFlags {
        live: false,
        kubeconfig: one(matches, verbs::KUBECONFIG.name),
        context: one(matches, verbs::CONTEXT.name),
    }
}

/// Whether an argument was typed.
fn is_given(matches: &ArgMatches, name: &str) -> bool {
    matches.value_source(name) == Some(ValueSource::CommandLine)
}

fn look(matches: &ArgMatches) -> TypedLook {
    TypedLook {
        color: one(matches, verbs::COLOR.name).unwrap_or_default(),
        ascii: matches.get_flag(verbs::ASCII.name),
    }
}

fn one(matches: &ArgMatches, name: &str) -> Option<String> {
    matches.get_one::<String>(name).cloned()
}

fn all(matches: &ArgMatches, name: &str) -> Vec<String> {
    matches.get_many::<String>(name).map(|values| values.cloned().collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> impl Iterator<Item = OsString> {
        line.split_whitespace().map(OsString::from).collect::<Vec<_>>().into_iter()
    }

    #[test]
    fn the_table_makes_a_valid_parser() {
        verbs::command().debug_assert();
        for verb in verbs::VERBS {
            let help = parse(words(&format!("placecard {} --help", verb.name)));
            let Ok(Typed::Text(help)) = help else { panic!("{}: {help:?}", verb.name) };
            for (code, _) in verb.exits {
                assert!(help.contains(&format!("\n  {code}  ")), "{help}");
            }
        }
    }

    #[test]
    fn every_verb_of_the_table_is_read() {
        for verb in verbs::VERBS {
            let typed = parse(words(&format!("placecard {}", verb.name)));
            assert!(!matches!(typed, Ok(Typed::Text(_)) | Err(_)), "{}: {typed:?}", verb.name);
        }
    }

    #[test]
    fn flags_are_read() {
        let line = "placecard lint a.yaml --objects x --objects y --vocabulary v.yaml --ascii \
                    --kubernetes-version 1.31 --fail-on warning --format json --color never -";
        let expected = Typed::Lint {
            sources: Sources {
                paths: vec!["a.yaml".into(), "-".into()],
                vocabulary: Some("v.yaml".into()),
                objects: vec!["x".into(), "y".into()],
                kubernetes_version: "1.31".into(),
                kubernetes_version_is_given: true,
                ..Sources::default()
            },
            flags: LintFlags {
                formats: vec!["json".into()],
                fail_on: Some("warning".into()),
                ..LintFlags::default()
            },
            look: TypedLook { color: "never".into(), ascii: true },
        };
        assert_eq!(parse(words(line)), Ok(expected));
    }

    #[test]
    fn mistakes_are_told() {
        for (line, part) in [
            ("placecard", "subcommand"),
            ("placecard lnt", "lint"),
            ("placecard lint --fail-on notes", "[possible values: error, warning, note, never]"),
            ("placecard lint --colour always", "--color"),
            ("placecard explain a b", "unexpected argument"),
        ] {
            match parse(words(line)) {
                Err(text) => assert!(text.contains(part), "{line}: {text}"),
                Ok(other) => panic!("{line}: {other:?}"),
            }
        }
        assert_eq!(
            parse(words("placecard --version")),
            Ok(Typed::Text(format!("placecard {}\n", env!("CARGO_PKG_VERSION"))))
        );
    }
}
