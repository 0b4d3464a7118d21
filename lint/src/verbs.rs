//! The one table of verbs, arguments and exit codes: the command line is parsed by it, and
//! `docs/cli.md` is written from it.

mod adopt;
mod arguments;
mod intent;
mod lsp;
mod reference;
mod shell;
mod snapshot;
mod status;

use clap::builder::{PossibleValue, PossibleValuesParser};
use clap::{Arg, ArgAction, Command};

pub use adopt::{DEFAULT_SPREADING, WRITE};
pub use arguments::*;
pub use reference::reference;

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

/// The verbs, in the order of the reference.
pub static VERBS: &[Verb] = &[
    Verb {
        name: "lint",
        summary: "Find rules that cannot be read and demands that cannot be met together",
        details: "\
Reads Kubernetes manifests (YAML with any number of documents, JSON, `kind: List`) and reports what \
is wrong with their placement. Rules that name other objects are resolved among all inputs and \
`--objects`, and what these leave open in `--cluster`; of kinds that a snapshot does not list nothing \
is known. An object without `metadata.namespace` finds the others without one. A broken document \
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
            &LIVE,
            &KUBECONFIG,
            &CONTEXT,
            &NAMESPACE,
            &SCHEDULER_CONFIG,
            &CLOSED_WORLD,
            &KUBERNETES_VERSION,
            &FORMAT,
            &FAIL_ON,
            &SELECT,
            &EXTEND_SELECT,
            &IGNORE,
            &SEVERITY,
            &CONFIG,
            &ISOLATED,
            &FIX,
            &UNSAFE_FIXES,
            &FIX_DIFF,
            &BASELINE,
            &WRITE_BASELINE,
            &STATISTICS,
            &WATCH,
            &COLOR,
            &ASCII,
        ],
        exits: &[
            (0, "nothing at or above `--fail-on`"),
            (1, "a finding at or above `--fail-on`; with `--diff`, a difference"),
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
            "placecard lint --format human --format sarif=placecard.sarif deploy/",
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
is printed as it is, and the finding goes to standard error. A file that is not UTF-8 is left out. \
`--cluster` answers what the manifests do not, as for `lint`; nothing is judged on it.",
        arguments: &[
            &PATH,
            &VOCABULARY,
            &OBJECTS,
            &CLUSTER,
            &LIVE,
            &KUBECONFIG,
            &CONTEXT,
            &NAMESPACE,
            &KUBERNETES_VERSION,
            &DIFF,
            &CONFIG,
            &ISOLATED,
            &COLOR,
            &ASCII,
        ],
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
    adopt::ADOPT,
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
            &LIVE,
            &KUBECONFIG,
            &CONTEXT,
            &NAMESPACE,
            &VOCABULARY,
            &OBJECTS,
            &SCHEDULER_CONFIG,
            &KUBERNETES_VERSION,
            &ALL,
            &ANSWER_FORMAT,
            &CONFIG,
            &ISOLATED,
            &COLOR,
            &ASCII,
        ],
        exits: &[
            (0, "every pod has room"),
            (1, "a pod fits no node, or its rules could not be expanded"),
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
VolumeBinding (volumes) and DynamicResources (devices), as far as they have something to say. \
A template with typed entries (annotations `intents` and `intents-tlv`) is placed by these as well, as \
a caller of the library places them: required entries filter the nodes that fit, preferred ones score \
them. The parts are affinity (the share of the preferred entries that a node meets), fit, locality \
(images, volumes), pressure (taints) and topology (nodes, pods, spread); total counts affinity twice. \
If none is left, the entries are named that together leave none.",
        arguments: &[
            &SUBJECT,
            &CLUSTER,
            &LIVE,
            &KUBECONFIG,
            &CONTEXT,
            &NAMESPACE,
            &VOCABULARY,
            &OBJECTS,
            &SCHEDULER_CONFIG,
            &KUBERNETES_VERSION,
            &ALL,
            &ANSWER_FORMAT,
            &CONFIG,
            &ISOLATED,
            &COLOR,
            &ASCII,
        ],
        exits: &[
            (0, "every pod has room"),
            (
                1,
                "a pod fits no node, `placecard why` says why, or its typed entries leave none, or its \
                 rules could not be expanded, `placecard lint` says why",
            ),
            (2, "it could not run: as for `lint`, or there is no such pod"),
        ],
        examples: &[
            "placecard place deploy/embedder.yaml --cluster prod.json",
            "placecard place ml/trainer-6 --cluster prod.json --format json",
        ],
    },
    Verb {
        name: "plan",
        summary: "Say where the batches of role coordinations would go, and how rollouts would",
        details: "\
Reads RoleCoordinations and the workloads that play their roles, and templates with the long form of \
the annotation `coordinate`, and places their batches on a cluster: each batch whole on one domain, all \
pods taken to be there. What runs already under the names of the pods counts as placed. A batch goes \
to the domain whose best node the scheduler likes best for its largest pod. For batches that go \
nowhere it is told what is short in the domain that comes nearest, how many batches each domain \
holds, and what was found to help when it was tried out: more nodes like one that is there, smaller \
batches, wider domains, shared domains. With `--vocabulary` its levels are the wider domains that are tried.

Of a coordination that paces rollouts (`manageRollout`) it is told in which rounds the pods of its \
StatefulSets are replaced, how many of them are down at once, how far one role is ahead of another and \
which pods stay, if the templates of all roles change at once and every pod comes up; or what keeps it \
from being paced, as far as the manifests show it.

With `--format json` one object: `version` 1, `snapshot{name, nodes}`, `coordinations[]{namespace, \
name, coordination, topologyKey, ratios, batches[]{batch, domain?, running?, pods[]{role, name, node}, \
message?}, room[]{domain, nodes, batches}, remedies[], unjudged?}`, `rollouts[]{namespace, name, \
coordination, managed, blocked[]{role, message}, message?, rounds?[]{round, pods{ROLE[]}}, stays?, \
down?, apart?}`. Batches and rounds are counted from 1.",
        arguments: &[
            &PATH,
            &CLUSTER,
            &LIVE,
            &KUBECONFIG,
            &CONTEXT,
            &NAMESPACE,
            &VOCABULARY,
            &OBJECTS,
            &SCHEDULER_CONFIG,
            &KUBERNETES_VERSION,
            &ALL,
            &ANSWER_FORMAT,
            &CONFIG,
            &ISOLATED,
            &COLOR,
            &ASCII,
        ],
        exits: &[
            (0, "every batch has a place, and every rollout that is to be paced can be"),
            (1, "one has none or cannot, or pods of a role are not known or not judged"),
            (2, "it could not run: as for `lint`, or nothing is coordinated"),
        ],
        examples: &[
            "placecard plan inference/ --cluster prod.json",
            "placecard plan inference/ --cluster prod.json --format json",
        ],
    },
    status::STATUS,
    Verb {
        name: "audit",
        summary: "Say which rules of running pods no longer hold, and which pods have no place",
        details: "\
Judges each running pod of a cluster as if it were taken off its node and had to be placed there \
again, as the scheduler would: node rules, taints, volumes, spread constraints, pod affinity and \
anti-affinity in both directions. A rule that does not hold any longer is no mistake of the cluster, \
for nothing moves pods that run: it is told by owner and rule, with who is in the way and whether \
another node would take a new pod. What was required of the pod's own accord is an error; an uneven \
spread, a taint with the effect `NoSchedule` and anti-affinity of other pods are warnings. Cordons, \
ports and free resources say who may come, not who may stay, and static pods and pods that terminate \
are left out. Of pending pods those are told that no node takes, with the few demands that exclude \
all nodes and the smallest change that was tried out.

Nodes that failed (their taints say that they are not ready or not reachable), nodes that pods name \
and that are gone, and what `--without` names are taken away together: all their pods leave, those \
that a controller makes anew are placed again one by one, and for those without a place it is told \
which lost nodes would be enough if they returned. `--scheduler-config` counts as for `lint`.

`--evict` asks the API server to evict pods of which a required rule of their own is broken, that a \
controller makes anew, and for which another node has room: one of each workload, ten seconds apart, \
within their budgets, and only if the pod is still the one that was judged. It stops at the first refusal. \
`--dry-run` says which pods those are, also without `--live`. Rules in words that lapsed evict nobody.

With `--format json` one object: `version` 1, `snapshot{name, nodes, missing[]}`, \
`running`, `broken[]{code, severity, owner, rule, message, pods[]{pod, node}, of, others[], \
elsewhere}`, `waiting`, `pending[]{code, owner, pods[], message, help?}`, `loss{asked[], nodes[], \
failed[], gone[], displaced, placed, stuck[]{code, owner, pods[], message, needs, returns[], help?}, \
broken[]}` if there is one, and `leftOut{static, gated, schedulers}` and with \
`--evict` `evictions[]{pod, owner, witness, done, message}`. `elsewhere` counts the nodes \
that would take the first pod if it were made anew.",
        arguments: &[
            &CLUSTER,
            &LIVE,
            &KUBECONFIG,
            &CONTEXT,
            &WITHOUT,
            &EVICT,
            &DRY_RUN,
            &AUDITED_NAMESPACE,
            &VOCABULARY,
            &SCHEDULER_CONFIG,
            &KUBERNETES_VERSION,
            &ALL,
            &ANSWER_FORMAT,
            &CONFIG,
            &ISOLATED,
            &COLOR,
            &ASCII,
        ],
        exits: &[
            (0, "every rule holds, and every pod has a place"),
            (1, "a rule does not hold, or a pod has no place"),
            (2, "it could not run: as for `lint`, or there is no node or no pod"),
        ],
        examples: &[
            "placecard audit --cluster prod.json",
            "placecard audit --cluster prod.json --without zone/eu-1a",
            "placecard audit --cluster cluster/ --namespace shop --format json",
        ],
    },
    snapshot::SNAPSHOT,
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
    intent::DECODE,
    intent::ENCODE,
    Verb {
        name: "export admission-policy",
        summary: "Print the policies that the API server evaluates without the webhook",
        details: "\
ValidatingAdmissionPolicies with their bindings, in YAML, as the chart installs them. The first \
keeps pods with rules from running unplaced while the webhook is away. The second keeps guarded \
pools and trust domains for the namespaces that may use them: against tolerations written by hand, \
`nodeName`, bindings and labels of namespaces. With `--vocabulary` it has the guards of that file as \
literals; it needs nothing else in the cluster, and has to be printed anew when the vocabulary \
changes (`kubectl apply --server-side`: what is applied otherwise may have 256 KiB). Without, it \
reads the PlacementVocabulary `default` in the cluster, whose kind has to be installed first, and a \
third policy keeps that kind. [without-the-webhook.md](without-the-webhook.md) says what each route \
meets, what speaks for which, and what `--failure-policy` decides.",
        arguments: &[&VOCABULARY, &UNPLACED, &WEBHOOK_NAMESPACE, &FAILURE_POLICY],
        exits: &[
            (0, "the policies are printed"),
            (2, "a bad argument, or guards that do not fit into a policy"),
        ],
        examples: &[
            "placecard export admission-policy | kubectl apply -f -",
            "placecard export admission-policy --unplaced warn > policies.yaml",
            "placecard export admission-policy --vocabulary vocabulary.yaml | kubectl apply --server-side -f -",
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
        summary: "List all codes with severity, family, verdict and summary",
        details: "Every code that a finding can carry, those of unreadable files included.",
        arguments: &[&TABLE_FORMAT],
        exits: &[(0, "the table is printed")],
        examples: &["placecard rules", "placecard rules --format json"],
    },
    Verb {
        name: "schema",
        summary: "Print a JSON Schema",
        details: "\
The schema of the annotation `intents`, of `PlacementVocabulary`, of `RoleCoordination` or of \
`.placecard.yaml`, \
generated from the types that read them, for editors and for other checkers. `--crd` prints the \
CustomResourceDefinitions that the chart installs, for clusters where somebody else does that \
(`crds.install: false`).",
        arguments: &[&WHAT, &CRD],
        exits: &[(0, "the schema is printed"), (2, "there is no such schema")],
        examples: &[
            "placecard schema intents > intents.schema.json",
            "placecard schema vocabulary > vocabulary.schema.json",
            "placecard schema --crd | kubectl apply --server-side -f -",
        ],
    },
    lsp::LSP,
    shell::COMPLETIONS,
    shell::MAN,
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
    for (name, about) in GROUPS {
        let group = Command::new(*name).about(*about).subcommand_required(true);
        root = root.subcommand(group.disable_help_subcommand(true));
    }
    for verb in VERBS {
        let (group, name) = verb.name.split_once(' ').unwrap_or(("", verb.name));
        let mut command = Command::new(name).about(verb.summary).after_help(after_help(verb));
        for argument in verb.arguments {
            command = command.arg(arg(argument));
        }
        root = match group {
            "" => root.subcommand(command),
            group => root.mut_subcommand(group, |group| group.subcommand(command)),
        };
    }
    root
}

/// Verbs of two words, by their first.
const GROUPS: &[(&str, &str)] = &[
    ("intent", "Read and write typed entries in wire form"),
    ("export", "Print what the cluster itself evaluates"),
];

/// Flags that have a short form, as in kubectl.
const SHORT: &[(&str, char)] = &[
    ("namespace", 'n'),
    ("format", 'o'),
    ("output", 'o'),
    ("selector", 'l'),
    ("all-namespaces", 'A'),
];

/// What other tools call a flag.
const ALIASES: &[(&str, &str)] = &[("format", "output-format")];

fn arg(argument: &'static Argument) -> Arg {
    let mut arg = Arg::new(argument.name).help(argument.summary);
    if let Some((_, short)) = SHORT.iter().find(|(name, _)| *name == argument.name) {
        arg = arg.short(*short);
    }
    if let Some((_, other)) = ALIASES.iter().find(|(name, _)| *name == argument.name) {
        arg = arg.alias(*other);
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
            .value_parser(PossibleValuesParser::new(values.iter().map(|value| choice(value))))
            .default_value(*default),
    }
}

/// A value of a choice; other tools say `info` where we say `note`.
fn choice(value: &'static str) -> PossibleValue {
    let choice = PossibleValue::new(value);
    if value == "note" { choice.alias("info") } else { choice }
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
