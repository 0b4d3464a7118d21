//! The one table of verbs, arguments and exit codes: the command line is parsed by it, and
//! `docs/cli.md` is written from it.

use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgAction, Command};

/// One verb.
#[derive(Debug)]
pub struct Verb {
    /// As typed.
    pub name: &'static str,
    /// One line without a full stop.
    pub summary: &'static str,
    /// A paragraph or more of Markdown for the reference.
    pub details: &'static str,
    /// In the order of the reference.
    pub arguments: &'static [&'static Argument],
    /// What its exit codes mean.
    pub exits: &'static [(u8, &'static str)],
    /// Command lines that people type.
    pub examples: &'static [&'static str],
}

/// An argument of a verb.
#[derive(Debug)]
pub struct Argument {
    /// The long flag without dashes; the name of a positional argument.
    pub name: &'static str,
    /// What is typed.
    pub form: Form,
    /// One line without a full stop.
    pub summary: &'static str,
}

/// What is typed for an argument.
#[derive(Debug)]
pub enum Form {
    /// Words without a flag.
    Words {
        /// `PATH`.
        placeholder: &'static str,
        /// More than one word.
        many: bool,
    },
    /// `--flag`.
    Switch,
    /// `--flag VALUE`.
    Value {
        /// `FILE`.
        placeholder: &'static str,
        /// May be given several times.
        many: bool,
        /// If it is left out.
        default: Option<&'static str>,
    },
    /// `--flag one`, of a fixed set.
    Choice {
        /// What it takes.
        values: &'static [&'static str],
        /// If it is left out.
        default: &'static str,
    },
}

/// Where manifests come from.
pub static PATH: Argument = Argument {
    name: "PATH",
    form: Form::Words { placeholder: "PATH", many: true },
    summary: "files, folders (every .yaml, .yml and .json below), or - for standard input",
};
/// The words of the cluster.
pub static VOCABULARY: Argument = Argument {
    name: "vocabulary",
    form: Form::Value { placeholder: "FILE", many: false, default: None },
    summary: "the PlacementVocabulary that defines levels, pools, trust domains and resources",
};
/// Context.
pub static OBJECTS: Argument = Argument {
    name: "objects",
    form: Form::Value { placeholder: "PATH", many: true, default: None },
    summary: "objects that rules may name (Services, workloads, Namespaces); read, not judged",
};
/// The server that will read the manifests.
pub static KUBERNETES_VERSION: Argument = Argument {
    name: "kubernetes-version",
    form: Form::Value { placeholder: "1.N", many: false, default: Some("1.34") },
    summary: "the server that will read the manifests, 1.30 or later",
};
/// The form of the report.
pub static FORMAT: Argument = Argument {
    name: "format",
    form: Form::Choice { values: &["human", "short", "json"], default: "human" },
    summary: "boxes with carets, one line a finding, or one JSON object",
};
/// What makes a run fail.
pub static FAIL_ON: Argument = Argument {
    name: "fail-on",
    form: Form::Choice { values: &["error", "warning", "never"], default: "error" },
    summary: "the least severity that makes the exit code 1",
};
/// Colour.
pub static COLOR: Argument = Argument {
    name: "color",
    form: Form::Choice { values: &["auto", "always", "never"], default: "auto" },
    summary: "auto: on a terminal, unless NO_COLOR is set",
};
/// No box-drawing characters.
pub static ASCII: Argument = Argument {
    name: "ascii",
    form: Form::Switch,
    summary: "draw with ASCII characters; nothing is lost",
};
/// A difference in place of the manifests.
pub static DIFF: Argument = Argument {
    name: "diff",
    form: Form::Switch,
    summary: "print a unified diff in place of the manifests",
};
/// Where cases come from.
pub static JSONL: Argument = Argument {
    name: "jsonl",
    form: Form::Value { placeholder: "FILE", many: false, default: None },
    summary: "the cases, one JSON object a line; - for standard input",
};
/// The points of each node.
pub static SCORES: Argument =
    Argument { name: "scores", form: Form::Switch, summary: "score the feasible nodes" };
/// More than the first reason.
pub static ALL_REASONS: Argument = Argument {
    name: "all-reasons",
    form: Form::Switch,
    summary: "list every plugin that rejects a node, not only the first",
};
/// The cluster.
pub static CLUSTER: Argument = Argument {
    name: "cluster",
    form: Form::Value { placeholder: "PATH", many: true, default: None },
    summary: "the cluster: files or folders with what `kubectl get … -A -o json` (or yaml) prints",
};
/// What is asked about.
pub static SUBJECT: Argument = Argument {
    name: "WHAT",
    form: Form::Words { placeholder: "WHAT", many: true },
    summary: "a pod of the cluster (NAMESPACE/POD, or pod NAME with -n) or a manifest",
};
/// The namespace of what has none.
pub static NAMESPACE: Argument = Argument {
    name: "namespace",
    form: Form::Value { placeholder: "NAMESPACE", many: false, default: None },
    summary: "the namespace of pods that are named without one, and of manifests without one",
};
/// All rows.
pub static ALL: Argument =
    Argument { name: "all", form: Form::Switch, summary: "print all rows of the table" };
/// The form of an answer.
pub static ANSWER_FORMAT: Argument = Argument {
    name: "format",
    form: Form::Choice { values: &["human", "json"], default: "human" },
    summary: "a report, or one JSON object",
};
/// The file of the scheduler.
pub static SCHEDULER_CONFIG: Argument = Argument {
    name: "scheduler-config",
    form: Form::Value { placeholder: "FILE", many: false, default: None },
    summary: "the configuration of kube-scheduler; - for standard input",
};
/// A code.
pub static CODE: Argument = Argument {
    name: "CODE",
    form: Form::Words { placeholder: "CODE", many: false },
    summary: "the code between the brackets of a finding",
};
/// The form of the table of codes.
pub static TABLE_FORMAT: Argument = Argument {
    name: "format",
    form: Form::Choice { values: &["human", "json"], default: "human" },
    summary: "a table, or one JSON object",
};
/// Which schema.
pub static WHAT: Argument = Argument {
    name: "WHAT",
    form: Form::Words { placeholder: "WHAT", many: false },
    summary: "vocabulary",
};

/// The verbs, in the order of the reference.
pub static VERBS: &[Verb] = &[
    Verb {
        name: "lint",
        summary: "Find rules that cannot be read and demands that cannot be met together",
        details: "\
Reads Kubernetes manifests (YAML with any number of documents, JSON, `kind: List`) and reports what \
is wrong with their placement. Rules that name other objects are resolved among all inputs and \
`--objects`; an object without `metadata.namespace` finds the others without one. A broken document \
does not hide the others. Templates that were not rendered are named and skipped. A \
`PlacementVocabulary` among the inputs is checked too. With `--cluster`, the next pod of each \
template is judged as the scheduler would: what fits no node is a warning (an error if the vocabulary \
declares `inventory: closed` and no node could hold it even empty). The pods that a workload runs \
already are left out, because the new ones replace them. With `--scheduler-config` each pod is judged \
by the profile that its `schedulerName` names; what of the file is not judged (plugins that \
kube-scheduler itself does not have, extenders) is told on standard error.",
        arguments: &[
            &PATH,
            &VOCABULARY,
            &OBJECTS,
            &CLUSTER,
            &NAMESPACE,
            &SCHEDULER_CONFIG,
            &KUBERNETES_VERSION,
            &FORMAT,
            &FAIL_ON,
            &COLOR,
            &ASCII,
        ],
        exits: &[
            (0, "nothing at or above `--fail-on`"),
            (1, "a finding at or above `--fail-on`"),
            (
                2,
                "it could not run: a bad argument, an unreadable path, an unusable vocabulary, or \
                 nothing to look at",
            ),
        ],
        examples: &[
            "placecard lint deploy/",
            "placecard lint --vocabulary vocabulary.yaml --objects cluster/ deploy/",
            "placecard lint --cluster prod.json deploy/",
            "kustomize build overlays/prod | placecard lint --format short -",
        ],
    },
    Verb {
        name: "expand",
        summary: "Print the manifests with the native fields that their rules mean",
        details: "\
Prints every input as it is, with the native fields that the rules of its pod templates mean. \
Documents that hold no such rules are printed byte for byte; comments, layout and hand-written \
list items of the others stay. The annotations stay too: expanding twice changes nothing. A \
document with a finding of severity error, or with a rule that names an object which was not read, \
is printed as it is, and the finding goes to standard error. A file that is not UTF-8 is left out.",
        arguments: &[&PATH, &VOCABULARY, &OBJECTS, &KUBERNETES_VERSION, &DIFF, &COLOR, &ASCII],
        exits: &[
            (0, "everything is expanded"),
            (1, "a document was left as it is, because of a finding in it"),
            (2, "it could not run: as for `lint`"),
        ],
        examples: &[
            "placecard expand deploy/ | kubectl apply -f -",
            "placecard expand --diff deploy/api.yaml",
        ],
    },
    Verb {
        name: "why",
        summary: "Say why a pod is pending: by group of nodes, with what would help",
        details: "\
Judges a pod of the cluster, or the next pod of each template of a manifest, as the scheduler does, \
and says of every node what is in the way: all of it, not only what the scheduler meets first. Nodes \
with the same reasons are one row, nearest to fitting first, with the owners of the pods that are in \
the way. Every way out was tried out: so many nodes fit once it is taken. Last comes the text of the \
scheduler's own event, and what it leaves out. The pods that a workload of a manifest runs already are \
left out, because the new ones replace them. The node templates of the vocabulary are groups of nodes \
that may grow. `--scheduler-config` counts as for `lint`.",
        arguments: &[
            &SUBJECT,
            &CLUSTER,
            &NAMESPACE,
            &VOCABULARY,
            &OBJECTS,
            &SCHEDULER_CONFIG,
            &KUBERNETES_VERSION,
            &ALL,
            &ANSWER_FORMAT,
            &COLOR,
            &ASCII,
        ],
        exits: &[
            (0, "every pod has room"),
            (1, "a pod fits no node"),
            (2, "it could not run: as for `lint`, or there is no such pod"),
        ],
        examples: &[
            "placecard why ml/trainer-6 --cluster prod.json",
            "placecard why -n ml pod trainer-6 --cluster prod.json",
            "placecard why deploy/embedder.yaml --cluster cluster/ --all",
        ],
    },
    Verb {
        name: "place",
        summary: "Rank the nodes that fit a pod, with the points of each plugin",
        details: "\
Judges a pod of the cluster, or the next pod of each template of a manifest, as the scheduler does, \
and ranks the nodes that fit by their points, times the weights of the scheduler's profile: the \
default one, or with `--scheduler-config` the one that `schedulerName` names. Nodes with as many \
points have the same rank: the scheduler takes any of the first. The columns are those of \
NodeResourcesFit (fit), NodeResourcesBalancedAllocation (balance), TaintToleration (taints), \
NodeAffinity (nodes), InterPodAffinity (pods), PodTopologySpread (spread), ImageLocality (images), \
VolumeBinding (volumes) and DynamicResources (devices), as far as they have something to say.",
        arguments: &[
            &SUBJECT,
            &CLUSTER,
            &NAMESPACE,
            &VOCABULARY,
            &OBJECTS,
            &SCHEDULER_CONFIG,
            &KUBERNETES_VERSION,
            &ALL,
            &ANSWER_FORMAT,
            &COLOR,
            &ASCII,
        ],
        exits: &[
            (0, "every pod has room"),
            (1, "a pod fits no node; `placecard why` says why"),
            (2, "it could not run: as for `lint`, or there is no such pod"),
        ],
        examples: &[
            "placecard place deploy/embedder.yaml --cluster prod.json",
            "placecard place ml/trainer-6 --cluster prod.json --format json",
        ],
    },
    Verb {
        name: "feasible",
        summary: "Judge recorded cases: which nodes pass the scheduler's filters",
        details: "\
Reads cases `{id, cluster, pod, config?}`, one JSON object a line, and prints a verdict for each, in \
the same order. `cluster` holds lists of objects under `nodes`, `pods`, `namespaces`, `pvs`, `pvcs`, \
`storageclasses`, `csinodes`, `services`, `replicationcontrollers`, `replicasets` and \
`statefulsets`, all as they were submitted: what the API server would fill in is filled in. A \
verdict is `{id, feasible[], nodes{name: {c, p, r[]}}, prefilter?, prefilterNodes?, skipped[], \
scores?, all?, unjudged?}` with the plugins, codes and reasons of the scheduler: `c` is `S` for a \
node that passes, `U` if preemption might help, `UU` if it cannot, and `Error` if the plugin fails. \
`scores` is there if at least two nodes pass; `all` asks each plugin alone and leaves nominated pods \
out. A line that cannot be read gets `{id, error}`.

With `--scheduler-config`, or with a `config` of its own (a `KubeSchedulerConfiguration`), a case is \
judged by the profile that its pod names: plugins enabled and disabled, their order, weights and \
arguments. What of it is not judged (plugins that kube-scheduler itself does not have, extenders) \
is told on standard error and in `unjudged`. A pod of a scheduler that has no profile is judged by \
what a kubelet enforces alone. Without a configuration every pod is judged by the default profile. \
Claims of devices (DynamicResources), storage \
capacities and volume attachments are not looked at.",
        arguments: &[&JSONL, &KUBERNETES_VERSION, &SCORES, &ALL_REASONS, &SCHEDULER_CONFIG],
        exits: &[
            (0, "every case is judged"),
            (1, "a line could not be read; the answer to it says why"),
            (2, "it could not run: a bad argument, or a file that cannot be read"),
        ],
        examples: &[
            "placecard feasible --jsonl cases.jsonl",
            "zcat cases.jsonl.gz | placecard feasible --jsonl - --scores --all-reasons",
            "placecard feasible --jsonl cases.jsonl --scheduler-config kube-scheduler.yaml",
        ],
    },
    Verb {
        name: "explain",
        summary: "Print the page of a code",
        details: "What a finding means, an example, what is not reported, and the ways out.",
        arguments: &[&CODE],
        exits: &[(0, "the page is printed"), (2, "there is no such code")],
        examples: &["placecard explain unknown-relation"],
    },
    Verb {
        name: "rules",
        summary: "List all codes with severity, verdict and summary",
        details: "Every code that a finding can carry, those of unreadable files included.",
        arguments: &[&TABLE_FORMAT],
        exits: &[(0, "the table is printed")],
        examples: &["placecard rules", "placecard rules --format json"],
    },
    Verb {
        name: "schema",
        summary: "Print a JSON Schema",
        details: "The schema of `PlacementVocabulary`, for editors and for other checkers.",
        arguments: &[&WHAT],
        exits: &[(0, "the schema is printed"), (2, "there is no such schema")],
        examples: &["placecard schema vocabulary > vocabulary.schema.json"],
    },
];

/// The parser of the command line.
#[must_use]
pub fn command() -> Command {
    let mut root = Command::new("placecard")
        .about("Lints and expands placement rules in Kubernetes manifests")
        .version(env!("CARGO_PKG_VERSION"))
        .subcommand_required(true)
        .arg_required_else_help(false)
        .disable_help_subcommand(true);
    for verb in VERBS {
        let mut command = Command::new(verb.name).about(verb.summary).after_help(after_help(verb));
        for argument in verb.arguments {
            command = command.arg(arg(argument));
        }
        root = root.subcommand(command);
    }
    root
}

/// Flags that have a short form, as in kubectl.
const SHORT: &[(&str, char)] = &[("namespace", 'n')];

fn arg(argument: &'static Argument) -> Arg {
    let mut arg = Arg::new(argument.name).help(argument.summary);
    if let Some((_, short)) = SHORT.iter().find(|(name, _)| *name == argument.name) {
        arg = arg.short(*short);
    }
    match &argument.form {
        Form::Words { placeholder, many } => {
            let action = if *many { ArgAction::Append } else { ArgAction::Set };
            let arg = arg.value_name(*placeholder).action(action);
            if *many { arg.num_args(0..) } else { arg }
        }
        Form::Switch => arg.long(argument.name).action(ArgAction::SetTrue),
        Form::Value { placeholder, many, default } => {
            let action = if *many { ArgAction::Append } else { ArgAction::Set };
            let arg = arg.long(argument.name).value_name(*placeholder).action(action);
            match default {
                Some(default) => arg.default_value(*default),
                None => arg,
            }
        }
        Form::Choice { values, default } => arg
            .long(argument.name)
            .value_parser(PossibleValuesParser::new(values.iter().copied()))
            .default_value(*default),
    }
}

fn after_help(verb: &Verb) -> String {
    let mut text = String::from("Exit codes:\n");
    for (code, meaning) in verb.exits {
        text.push_str(&format!("  {code}  {}\n", meaning.replace('`', "")));
    }
    text.push_str("\nExamples:\n");
    for example in verb.examples {
        text.push_str(&format!("  {example}\n"));
    }
    text
}

/// The text of `docs/cli.md`.
#[must_use]
pub fn reference() -> String {
    let mut text = String::from(
        "# placecard on the command line\n\n\
         Written from the table in `lint/src/verbs.rs`; `PLACECARD_UPDATE_DOCS=1 cargo test -p placecard-lint` \
         writes it anew.\n\n\
         | verb | what it does |\n|---|---|\n",
    );
    for verb in VERBS {
        text.push_str(&format!(
            "| [`{}`](#placecard-{}) | {} |\n",
            verb.name, verb.name, verb.summary
        ));
    }
    text.push_str(
        "\n`placecard --version` prints the version, `placecard VERB --help` what is below. \
         Lines and columns are counted from 1, columns in code points.\n",
    );
    for verb in VERBS {
        text.push_str(&section(verb));
    }
    text.push_str(JSON);
    text
}

const JSON: &str = "
## The JSON report

`placecard lint --format json` prints one object. Fields are added, not renamed or removed, while \
`version` is 1.

| field | meaning |
|---|---|
| `version` | 1 |
| `findings[]` | sorted by file, line, column and code |
| `.code` `.severity` `.verdict` | as in `placecard rules`; a single finding may be milder |
| `.fingerprint` | code, object, paths and values of the labels; no line numbers, so it survives moved lines |
| `.file` `.line` `.column` | of the primary label |
| `.object` | `apiVersion`, `kind`, `namespace`, `name`; null for a file that cannot be read |
| `.message` `.suggestion` | what is, and the nearest known word |
| `.labels[]` | the clashing demands, the primary one first: `text`, `file`, `start`, `end` (exclusive), `path`, and `inValue` for a place inside a string |
| `.why` | why the labels clash, where that is not plain |
| `.now[]` | lines about nodes, pods and volumes of the cluster, if it is about them |
| `.help[]` | ways out: `text`, `safety` (`suggested`, `safe` or `unsafe`), `lines` to paste, `edits` |
| `.holds` | how far it holds: `scope`, `proof`, `text`, and what a certificate takes for granted in `assume` |
| `.proof`, `.core` | the certificate of a finding that has one: the argument by its `kind`, and the fields that it is about as JSON pointers |
| `summary` | `errors`, `warnings`, `notes`, `files`, `objects`, `templates` |
| `cluster` | with `--cluster`: `name`, `nodes`, `placed` templates, and `unjudged[]` with `object` and `why` |
";

fn section(verb: &Verb) -> String {
    let mut text =
        format!("\n## placecard {}\n\n{}.\n\n{}\n\n", verb.name, verb.summary, verb.details);
    text.push_str("```sh\n");
    for example in verb.examples {
        text.push_str(&format!("{example}\n"));
    }
    text.push_str("```\n\n| argument | default | meaning |\n|---|---|---|\n");
    for argument in verb.arguments {
        let (typed, default) = typed(argument);
        text.push_str(&format!("| `{typed}` | {default} | {} |\n", argument.summary));
    }
    text.push_str("\n| exit code | meaning |\n|---|---|\n");
    for (code, meaning) in verb.exits {
        text.push_str(&format!("| {code} | {meaning} |\n"));
    }
    text
}

fn typed(argument: &Argument) -> (String, String) {
    let name = argument.name;
    match &argument.form {
        Form::Words { placeholder, many: true } => (format!("{placeholder}…"), String::new()),
        Form::Words { placeholder, many: false } => ((*placeholder).to_owned(), String::new()),
        Form::Switch => (format!("--{name}"), "off".to_owned()),
        Form::Value { placeholder, many, default } => {
            let again = if *many { " …" } else { "" };
            let default = default.map_or_else(String::new, |default| format!("`{default}`"));
            (format!("--{name} {placeholder}{again}"), default)
        }
        Form::Choice { values, default } => {
            (format!("--{name} {}", values.join("\\|")), format!("`{default}`"))
        }
    }
}
