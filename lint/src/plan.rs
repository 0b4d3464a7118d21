//! What was typed, resolved: nothing below this module sees a flag.

use std::ffi::OsStr;

use placecard_language::affinity::text::Encoding;
use placecard_language::problem::Form;
use placecard_policies::admission_policy::{Unplaced, Values};
use placecard_policies::audit::loss::Without;
use placecard_policies::judge_case::Options;
use placecard_policies::surroundings::ServerVersion;

use crate::args::{PolicyFlags, Question, Sources, Typed, TypedLook};

mod adopt;
mod intent;
mod lint;
mod live;

pub use adopt::{AdoptAsk, Adopted};
pub use intent::{EncodeAsk, Output};
pub use lint::{Configuration, FORMATS, Fixes, Format, ReportTo, Reporting};
pub(crate) use lint::{SEVERITIES, severity, unknown};
pub use live::{Access, ClusterSource, SnapshotAsk};

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Plan {
    /// Find and report.
    Lint {
        /// What is read.
        inputs: Inputs,
        /// How it is reported.
        reporting: Reporting,
        /// How it is drawn.
        look: Look,
    },
    /// Print with native fields.
    Expand {
        /// What is read.
        inputs: Inputs,
        /// A diff in place of the text.
        diff: bool,
        /// How findings are drawn.
        look: Look,
    },
    /// Print with sentences in place of fields.
    Adopt {
        /// What is asked.
        ask: AdoptAsk,
        /// How findings are drawn.
        look: Look,
    },
    /// Say why pods fit no node.
    Why {
        /// What is asked.
        ask: Ask,
        /// How it is drawn.
        look: Look,
    },
    /// Rank the nodes that fit.
    Place {
        /// What is asked.
        ask: Ask,
        /// How it is drawn.
        look: Look,
    },
    /// Say where the batches of role coordinations go.
    Batches {
        /// What is asked; its words are paths.
        ask: Ask,
        /// How it is drawn.
        look: Look,
    },
    /// Say how role coordinations stand.
    Status {
        /// What is asked; its words are names.
        ask: Ask,
        /// How it is drawn.
        look: Look,
    },
    /// Say what no longer holds in a cluster.
    Audit {
        /// What is asked; it has no words.
        ask: Ask,
        /// What is taken to be gone.
        without: Vec<Without>,
        /// Whether pods are evicted.
        evict: Evict,
        /// How it is drawn.
        look: Look,
    },
    /// Write a dump of a live cluster.
    Snapshot(SnapshotAsk),
    /// Judge cases, line by line.
    Feasible {
        /// A file, or `-`.
        cases: String,
        /// What a verdict contains.
        options: Options,
        /// The file of the scheduler's configuration, or `-`.
        configuration: Option<String>,
    },
    /// Print the entries of a blob.
    Decode {
        /// The blob as text, or `-`.
        data: String,
        /// How it is written; `None`: what it looks like.
        encoding: Option<Encoding>,
    },
    /// Print entries as a blob.
    Encode(EncodeAsk),
    /// Print the policies for the API server.
    AdmissionPolicy {
        /// What differs between installations.
        values: Values,
        /// The file of the vocabulary whose guards stand in them.
        vocabulary: Option<Inputs>,
    },
    /// Print the page of a code.
    Explain {
        /// As typed.
        code: String,
    },
    /// Print the table of codes.
    Rules {
        /// As JSON.
        json: bool,
    },
    /// Serve an editor on standard input and output.
    Lsp,
    /// Print the completions for a shell.
    Completions {
        /// As typed.
        shell: String,
    },
    /// Print a page of the manual.
    Manual {
        /// As typed, with a blank between two words.
        verb: Option<String>,
    },
    /// Print the schema of configurations.
    ConfigSchema,
    /// Print the schema of typed entries.
    IntentsSchema,
    /// Print the schema of the vocabulary.
    VocabularySchema,
    /// Print the CustomResourceDefinition of the vocabulary.
    VocabularyDefinition,
    /// Print the schema of role coordinations.
    CoordinationSchema,
    /// Print the CustomResourceDefinition of role coordinations.
    CoordinationDefinition,
    /// Print both CustomResourceDefinitions.
    Definitions,
    /// Print this.
    Text(String),
}

/// What is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inputs {
    /// Files, folders, `-`; not empty.
    pub paths: Vec<String>,
    /// The vocabulary's file.
    pub vocabulary: Option<String>,
    /// Context.
    pub objects: Vec<String>,
    /// The server that will read the manifests.
    pub server: ServerVersion,
    /// It was named, so what a snapshot says of its server does not count.
    pub server_is_given: bool,
    /// The cluster on which templates are judged.
    pub cluster: ClusterSource,
    /// The namespace of what has none.
    pub namespace: Option<String>,
    /// The file of the configuration of the cluster's scheduler, or `-`.
    pub scheduler_config: Option<String>,
    /// There is nothing besides what is read.
    pub closed_world: bool,
    /// Which configurations count.
    pub configuration: Configuration,
}

impl Inputs {
    /// A vocabulary alone.
    #[must_use]
    pub const fn of_vocabulary(vocabulary: Option<String>) -> Self {
        Self {
            paths: Vec::new(),
            vocabulary,
            objects: Vec::new(),
            server: ServerVersion::OLDEST,
            server_is_given: true,
            cluster: ClusterSource::Absent,
            namespace: None,
            scheduler_config: None,
            closed_world: false,
            configuration: Configuration::Isolated,
        }
    }
}

/// What is asked of a cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// The pod or the manifests, as typed.
    pub words: Vec<String>,
    /// Where the cluster is; absent until a configuration has named it.
    pub cluster: ClusterSource,
    /// The namespace of what is named without one.
    pub namespace: Option<String>,
    /// All rows.
    pub all: bool,
    /// As JSON.
    pub json: bool,
    /// How manifests are read; its paths are the words.
    pub inputs: Inputs,
}

impl Ask {
    /// The same, read by this server.
    #[must_use]
    pub fn read_by(&self, server: ServerVersion) -> Self {
        Self { inputs: Inputs { server, ..self.inputs.clone() }, ..self.clone() }
    }
}

/// Whether pods are evicted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Evict {
    /// Nobody asked for it.
    #[default]
    No,
    /// It is said which would be.
    DryRun,
    /// They are.
    Yes,
}

/// How text is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// With ANSI colours.
    pub colour: bool,
    /// Without box-drawing characters.
    pub ascii: bool,
}

const ONCE: &str = "standard input can be read only once: name - in one place";

/// Resolves a command line. `terminal`: whether the output goes to one; `no_color`: the variable
/// `NO_COLOR`.
///
/// # Errors
/// What is wrong, for exit code 2.
pub fn resolve(typed: Typed, terminal: bool, no_color: Option<&OsStr>) -> Result<Plan, String> {
    Ok(match typed {
        Typed::Lint { sources, .. }
            if sources.cluster.is_empty()
                && !sources.live.live
                && sources.scheduler_config.is_some() =>
        {
            return Err("--scheduler-config says how pods are judged on a cluster: name one with \
                        --cluster"
                .to_owned());
        }
        Typed::Lint { sources, flags, look } => {
            let reporting = lint::reporting(&flags)?;
            let inputs = Inputs { closed_world: flags.closed_world, ..inputs(sources)? };
            lint::read_again(&reporting, &inputs)?;
            Plan::Lint { reporting, inputs, look: resolve_look(&look, terminal, no_color) }
        }
        Typed::Expand { sources, diff, look } => Plan::Expand {
            inputs: inputs(sources)?,
            diff,
            look: resolve_look(&look, terminal, no_color),
        },
        adopt @ Typed::Adopt { .. } => adopt::plan(adopt, terminal, no_color)?,
        Typed::Why { question, sources, look } => {
            let look = resolve_look(&look, terminal, no_color);
            Plan::Why { ask: ask(question, sources)?, look }
        }
        Typed::Place { question, sources, look } => {
            let look = resolve_look(&look, terminal, no_color);
            Plan::Place { ask: ask(question, sources)?, look }
        }
        Typed::Batches { question, sources, look } => {
            let look = resolve_look(&look, terminal, no_color);
            if question.words.is_empty() {
                return Err(
                    "which manifests? name files or folders, or - for standard input".to_owned()
                );
            }
            Plan::Batches { ask: ask(question, sources)?, look }
        }
        Typed::Status { question, sources, look } => {
            let look = resolve_look(&look, terminal, no_color);
            Plan::Status { ask: audited(question, sources)?, look }
        }
        Typed::Audit { question, without, evict, dry_run, sources, look } => {
            let look = resolve_look(&look, terminal, no_color);
            let without = without.iter().map(|text| read_without(text));
            let without = without.collect::<Result<Vec<Without>, String>>()?;
            let ask = audited(question, sources)?;
            let evict = evicting(evict, dry_run, &ask)?;
            Plan::Audit { ask, without, evict, look }
        }
        Typed::Snapshot(flags) => Plan::Snapshot(live::snapshot(flags, terminal)?),
        feasible @ Typed::Feasible { .. } => of_cases(feasible)?,
        Typed::Decode { data, hex, base64 } => intent::decode(data, hex, base64)?,
        Typed::Encode { file, sentences, hex, json, sources } => {
            Plan::Encode(intent::encode(file, sentences, (hex, json), sources)?)
        }
        Typed::AdmissionPolicy(flags) => {
            let values = admission_policy(&flags)?;
            let vocabulary = flags.vocabulary.map(|name| Inputs::of_vocabulary(Some(name)));
            Plan::AdmissionPolicy { values, vocabulary }
        }
        Typed::Explain { code: Some(code) } => Plan::Explain { code },
        Typed::Explain { code: None } => {
            return Err("which code? `placecard rules` lists them all".to_owned());
        }
        Typed::Lsp => Plan::Lsp,
        Typed::Completions { shell } => Plan::Completions { shell: shell.ok_or(WHICH_SHELL)? },
        Typed::Manual { verb } => Plan::Manual { verb: (!verb.is_empty()).then(|| verb.join(" ")) },
        Typed::Rules { format } => Plan::Rules { json: format == "json" },
        Typed::Schema { what, crd } => schema(what.as_deref(), crd)?,
        Typed::Text(text) => Plan::Text(text),
    })
}

const WHICH_SHELL: &str = "for which shell? bash, elvish, fish, powershell or zsh";

fn of_cases(typed: Typed) -> Result<Plan, String> {
    let Typed::Feasible { cases, kubernetes_version, scores, all_reasons, configuration } = typed
    else {
        return Err("these are no cases".to_owned());
    };
    let Some(cases) = cases else {
        return Err("which cases? name a file, or - for standard input: --jsonl -".to_owned());
    };
    if cases == "-" && configuration.as_deref() == Some("-") {
        return Err(ONCE.to_owned());
    }
    let options = Options::of(server(&kubernetes_version)?);
    let options = Options { scores, all_reasons, ..options };
    Ok(Plan::Feasible { cases, options, configuration })
}

fn admission_policy(flags: &PolicyFlags) -> Result<Values, String> {
    let PolicyFlags { unplaced, namespace, failure_policy, .. } = flags;
    if !Form::DnsLabel.accepts(namespace) {
        return Err(format!("--webhook-namespace {namespace} is no name of a namespace"));
    }
    let unplaced = match unplaced.as_str() {
        "warn" => Unplaced::Warn,
        "off" => Unplaced::Off,
        _ => Unplaced::Deny,
    };
    Ok(Values::new(namespace, unplaced, failure_policy == "ignore"))
}

fn schema(what: Option<&str>, crd: bool) -> Result<Plan, String> {
    match (what, crd) {
        (Some("config"), false) => Ok(Plan::ConfigSchema),
        (Some("intents"), false) => Ok(Plan::IntentsSchema),
        (Some("vocabulary"), false) => Ok(Plan::VocabularySchema),
        (Some("coordination"), false) => Ok(Plan::CoordinationSchema),
        (Some("vocabulary"), true) => Ok(Plan::VocabularyDefinition),
        (Some("coordination"), true) => Ok(Plan::CoordinationDefinition),
        (None, true) => Ok(Plan::Definitions),
        (Some("intents"), true) => {
            Err("typed entries are no resource: placecard schema --crd prints those that are"
                .to_owned())
        }
        _ => Err("which schema? there are four: placecard schema intents, placecard schema \
                  vocabulary, placecard schema coordination and placecard schema config"
            .to_owned()),
    }
}

pub(crate) const NO_CLUSTER: &str = "on which cluster? --cluster takes what kubectl get nodes,pods,… -A -o json prints, --live \
     asks a running one";

fn read_without(text: &str) -> Result<Without, String> {
    Without::read(text)
        .ok_or_else(|| format!("{text} names no nodes: write node/NAME, zone/VALUE or LABEL=VALUE"))
}

/// Stands where paths have to be; nobody reads it.
const NO_PATH: &str = "";

/// An audit is of everything, so it names no manifests.
fn evicting(evict: bool, dry_run: bool, ask: &Ask) -> Result<Evict, String> {
    match (evict, dry_run, &ask.cluster) {
        (false, false, _) => Ok(Evict::No),
        (false, true, _) => Err("--dry-run is about --evict: add it".to_owned()),
        (true, true, _) => Ok(Evict::DryRun),
        (true, false, ClusterSource::Live(_)) => Ok(Evict::Yes),
        (true, false, _) => Err("only pods of a live cluster can be evicted: --live in place of \
                                 --cluster, or --dry-run"
            .to_owned()),
    }
}

fn audited(question: Question, sources: Sources) -> Result<Ask, String> {
    let Question { words, cluster, live, namespace, all, format } = question;
    let mut inputs = inputs(Sources { paths: vec![NO_PATH.to_owned()], cluster, live, ..sources })?;
    let cluster = std::mem::take(&mut inputs.cluster);
    Ok(Ask { words, cluster, namespace, all, json: format == "json", inputs })
}

fn ask(question: Question, sources: Sources) -> Result<Ask, String> {
    let Question { words, cluster, live, namespace, all, format } = question;
    if words.is_empty() {
        return Err("about what? name a pod, NAMESPACE/POD, or a manifest".to_owned());
    }
    let json = format == "json";
    let mut inputs = inputs(Sources { paths: words.clone(), cluster, live, ..sources })?;
    let cluster = std::mem::take(&mut inputs.cluster);
    Ok(Ask { words, cluster, namespace, all, json, inputs })
}

fn inputs(sources: Sources) -> Result<Inputs, String> {
    let Sources {
        paths,
        vocabulary,
        objects,
        kubernetes_version,
        kubernetes_version_is_given,
        cluster,
        live,
        namespace,
        scheduler_config,
        config,
        isolated,
    } = sources;
    if paths.is_empty() {
        return Err("nothing to read: name files or folders, or - for standard input".to_owned());
    }
    let read_from_stdin = paths.iter().chain(&objects).chain(&vocabulary).chain(&cluster);
    let read_from_stdin = read_from_stdin.chain(&scheduler_config);
    if read_from_stdin.filter(|path| *path == "-").count() > 1 {
        return Err(ONCE.to_owned());
    }
    Ok(Inputs {
        paths,
        vocabulary,
        objects,
        server: server(&kubernetes_version)?,
        server_is_given: kubernetes_version_is_given,
        cluster: live::source(cluster, live)?,
        namespace,
        scheduler_config,
        closed_world: false,
        configuration: lint::configuration(config, isolated)?,
    })
}

fn server(version: &str) -> Result<ServerVersion, String> {
    let Some(server) = ServerVersion::parse(version) else {
        return Err(format!("{version} is no Kubernetes version: write 1.34, say"));
    };
    if server < ServerVersion::OLDEST {
        return Err(format!(
            "Kubernetes {version} is not supported: 1.{} is the oldest",
            ServerVersion::OLDEST.0
        ));
    }
    Ok(server)
}

/// An explicit `--color` wins; `NO_COLOR` counts if it is not empty (<https://no-color.org>).
fn resolve_look(look: &TypedLook, terminal: bool, no_color: Option<&OsStr>) -> Look {
    let colour = match look.color.as_str() {
        "always" => true,
        "never" => false,
        _ => terminal && no_color.is_none_or(OsStr::is_empty),
    };
    Look { colour, ascii: look.ascii }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sources(paths: &[&str]) -> Sources {
        Sources {
            paths: paths.iter().map(|path| (*path).to_owned()).collect(),
            kubernetes_version: "1.34".to_owned(),
            ..Sources::default()
        }
    }

    #[test]
    fn colour_is_for_terminals_and_for_those_who_ask() {
        let set = Some(OsStr::new("1"));
        for (color, terminal, no_color, expected) in [
            ("auto", true, None, true),
            ("auto", false, None, false),
            ("auto", true, set, false),
            ("auto", true, Some(OsStr::new("")), true),
            ("always", false, set, true),
            ("never", true, None, false),
        ] {
            let look = TypedLook { color: color.to_owned(), ascii: false };
            let resolved = resolve_look(&look, terminal, no_color);
            assert_eq!(resolved.colour, expected, "{color} {terminal} {no_color:?}");
        }
    }

    #[test]
    fn what_cannot_be_meant_is_told() {
        let old = Sources { kubernetes_version: "1.29".into(), ..sources(&["a"]) };
        let odd = Sources { kubernetes_version: "latest".into(), ..sources(&["a"]) };
        let twice = Sources { objects: vec!["-".into()], ..sources(&["-"]) };
        for (sources, part) in [
            (sources(&[]), "nothing to read"),
            (old, "1.30 is the oldest"),
            (odd, "latest is no Kubernetes version"),
            (twice, "only once"),
        ] {
            let error = inputs(sources).unwrap_err();
            assert!(error.contains(part), "{error}");
        }
        assert_eq!(inputs(sources(&["-"])).unwrap().server, ServerVersion(34));
    }
}
