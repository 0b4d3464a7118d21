//! The arguments of verbs, each of them once.

use super::{Argument, Form};

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
    summary: "the server that will read the manifests, 1.30 or later; what a dump says of its server stands over the default",
};
/// The form of the report.
pub static FORMAT: Argument = Argument {
    name: "format",
    form: Form::Value { placeholder: "FORMAT[=FILE]", many: true, default: Some("human") },
    summary: "human, short, json, sarif, junit, github or gitlab; several with a file for all but one",
};
/// What makes a run fail.
pub static FAIL_ON: Argument = Argument {
    name: "fail-on",
    form: Form::Choice { values: &["error", "warning", "note", "never"], default: "error" },
    summary: "the least severity that makes the exit code 1; info is another name of note",
};
/// These codes and no others.
pub static SELECT: Argument = Argument {
    name: "select",
    form: Form::Value { placeholder: "CODES", many: true, default: None },
    summary: "tell only these codes and families (`placecard rules` lists them), several with commas; all: everything",
};
/// These codes besides.
pub static EXTEND_SELECT: Argument = Argument {
    name: "extend-select",
    form: Form::Value { placeholder: "CODES", many: true, default: None },
    summary: "tell these codes and families besides what is told already",
};
/// Not these codes.
pub static IGNORE: Argument = Argument {
    name: "ignore",
    form: Form::Value { placeholder: "CODES", many: true, default: None },
    summary: "leave these codes and families out; a code stands over its family, a family over all",
};
/// What findings weigh.
pub static SEVERITY: Argument = Argument {
    name: "severity",
    form: Form::Value { placeholder: "CODE=SEVERITY", many: true, default: None },
    summary: "what findings of a code or family weigh: error, warning or note; what was made milder is not made more severe",
};
/// One configuration for all files.
pub static CONFIG: Argument = Argument {
    name: "config",
    form: Form::Value { placeholder: "FILE", many: false, default: None },
    summary: "the configuration of all files, in place of each .placecard.yaml in their folders and above",
};
/// No configuration.
pub static ISOLATED: Argument =
    Argument { name: "isolated", form: Form::Switch, summary: "read no .placecard.yaml" };
/// Files are mended.
pub static FIX: Argument = Argument {
    name: "fix",
    form: Form::Switch,
    summary: "mend in the files what has a safe fix; comments and layout stay",
};
/// Files are mended, at one's own risk.
pub static UNSAFE_FIXES: Argument = Argument {
    name: "unsafe-fixes",
    form: Form::Switch,
    summary: "mend what has a fix that needs a look, too; without --diff the files are written",
};
/// What would be mended.
pub static FIX_DIFF: Argument = Argument {
    name: "diff",
    form: Form::Switch,
    summary: "print what --fix would change as a unified diff, and write nothing",
};
/// Findings that are known.
pub static BASELINE: Argument = Argument {
    name: "baseline",
    form: Form::Value { placeholder: "FILE", many: false, default: None },
    summary: "leave out the findings in this file, and say which of them are gone",
};
/// Findings become known.
pub static WRITE_BASELINE: Argument = Argument {
    name: "write-baseline",
    form: Form::Value { placeholder: "FILE", many: false, default: None },
    summary: "write all findings into this file, for --baseline, and report none",
};
/// Nothing besides.
pub static CLOSED_WORLD: Argument = Argument {
    name: "closed-world",
    form: Form::Switch,
    summary: "what is not among the inputs and in --cluster does not exist: what would be a warning about objects that may be elsewhere becomes an error",
};
/// Counts in place of findings.
pub static STATISTICS: Argument = Argument {
    name: "statistics",
    form: Form::Switch,
    summary: "print how many findings each code has in place of human and short reports",
};
/// Again and again.
pub static WATCH: Argument = Argument {
    name: "watch",
    form: Form::Switch,
    summary: "lint again whenever a file changes that the run rests on, until interrupted",
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
/// A cluster that is asked itself.
pub static LIVE: Argument = Argument {
    name: "live",
    form: Form::Switch,
    summary: "the cluster that kubectl would ask, in place of --cluster; only built with the feature live",
};
/// Pods are evicted.
pub static EVICT: Argument = Argument {
    name: "evict",
    form: Form::Switch,
    summary: "evict pods whose own required rule is broken while another node takes them; needs --live",
};
/// Nothing is done.
pub static DRY_RUN: Argument = Argument {
    name: "dry-run",
    form: Form::Switch,
    summary: "with --evict: say which pods would be evicted, and evict none",
};
/// Where an API server is.
pub static KUBECONFIG: Argument = Argument {
    name: "kubeconfig",
    form: Form::Value { placeholder: "FILE", many: false, default: None },
    summary: "where the live cluster is; else KUBECONFIG, ~/.kube/config, or the pod's service account",
};
/// Which of them.
pub static CONTEXT: Argument = Argument {
    name: "context",
    form: Form::Value { placeholder: "NAME", many: false, default: None },
    summary: "the context of the kubeconfig; else its current one",
};
/// Where a dump goes.
pub static OUTPUT: Argument = Argument {
    name: "output",
    form: Form::Value { placeholder: "FILE", many: false, default: None },
    summary: "the file; - (the default, but not on a terminal) for standard output",
};
/// Whose objects a dump holds.
pub static TAKEN_NAMESPACE: Argument = Argument {
    name: "namespace",
    form: Form::Value { placeholder: "NAMESPACE", many: true, default: None },
    summary: "of what is in namespaces, only what is in this one; may be given several times",
};
/// The default.
pub static ALL_NAMESPACES: Argument = Argument {
    name: "all-namespaces",
    form: Form::Switch,
    summary: "all namespaces; so it is without --namespace",
};
/// Which pods a dump holds.
pub static SELECTOR: Argument = Argument {
    name: "selector",
    form: Form::Value { placeholder: "SELECTOR", many: false, default: None },
    summary: "of pods, only those whose labels match; everything else is taken all the same",
};
/// What is not left out of a dump.
pub static INCLUDE: Argument = Argument {
    name: "include",
    form: Form::Value { placeholder: "WHAT", many: true, default: None },
    summary: "keep environment, images, annotations or commands, several with commas",
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
/// Whose pods are reported.
pub static AUDITED_NAMESPACE: Argument = Argument {
    name: "namespace",
    form: Form::Value { placeholder: "NAMESPACE", many: false, default: None },
    summary: "report the pods of this namespace only",
};
/// Which coordinations.
pub static COORDINATIONS: Argument = Argument {
    name: "NAME",
    form: Form::Words { placeholder: "NAME", many: true },
    summary: "RoleCoordinations, as NAME or NAMESPACE/NAME; without any all of them",
};
/// Where coordinations are looked for.
pub static COORDINATED_NAMESPACE: Argument = Argument {
    name: "namespace",
    form: Form::Value { placeholder: "NAMESPACE", many: false, default: None },
    summary: "report the coordinations of this namespace only",
};
/// What is taken to be gone.
pub static WITHOUT: Argument = Argument {
    name: "without",
    form: Form::Value { placeholder: "WHAT", many: true, default: None },
    summary: "what if these were gone: node/NAME, zone/VALUE or LABEL=VALUE",
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
/// How an editor is spoken to.
pub static STDIO: Argument = Argument {
    name: "stdio",
    form: Form::Switch,
    summary: "standard input and output, which is the only way; clients say so",
};
/// Which shell.
pub static SHELL: Argument = Argument {
    name: "SHELL",
    form: Form::Words { placeholder: "SHELL", many: false },
    summary: "bash, elvish, fish, powershell or zsh",
};
/// Which page of the manual.
pub static PAGE: Argument = Argument {
    name: "VERB",
    form: Form::Words { placeholder: "VERB", many: true },
    summary: "the verb; without it, the page of placecard itself",
};
/// Which schema.
pub static WHAT: Argument = Argument {
    name: "WHAT",
    form: Form::Words { placeholder: "WHAT", many: false },
    summary: "intents, vocabulary, coordination or config",
};
/// What becomes of pods that nobody expanded.
pub static UNPLACED: Argument = Argument {
    name: "unplaced",
    form: Form::Choice { values: &["deny", "warn", "off"], default: "deny" },
    summary: "pods with rules that the webhook did not expand are refused, warned of, or only audited",
};
/// Where the webhook is.
pub static WEBHOOK_NAMESPACE: Argument = Argument {
    name: "webhook-namespace",
    form: Form::Value { placeholder: "NAMESPACE", many: false, default: Some("placecard-system") },
    summary: "the namespace of the webhook, where it is not asked, nor in kube-system",
};
/// What becomes of pods where the vocabulary's kind is not known.
pub static FAILURE_POLICY: Argument = Argument {
    name: "failure-policy",
    form: Form::Choice { values: &["fail", "ignore"], default: "fail" },
    summary: "of the policy about guards, while an API server cannot read the vocabulary",
};
/// The definition instead of the schema.
pub static CRD: Argument = Argument {
    name: "crd",
    form: Form::Switch,
    summary: "the CustomResourceDefinition of it, to be applied to a cluster; without WHAT all of them",
};
/// A blob.
pub static DATA: Argument = Argument {
    name: "DATA",
    form: Form::Words { placeholder: "DATA", many: false },
    summary: "the blob as text, or - for standard input; at most 4 MiB",
};
/// Rules that must hold, in place of entries.
pub static REQUIRE: Argument = Argument {
    name: "require",
    form: Form::Value { placeholder: "RULES", many: true, default: None },
    summary: "rules as in the annotation `require`, in place of a file",
};
/// Rules that should hold, in place of entries.
pub static PREFER: Argument = Argument {
    name: "prefer",
    form: Form::Value { placeholder: "RULES", many: true, default: None },
    summary: "rules as in the annotation `prefer`, in place of a file",
};
/// Entries in place of a blob.
pub static AS_JSON: Argument = Argument {
    name: "json",
    form: Form::Switch,
    summary: "print the entries, as `intent decode` does, and not the blob",
};
/// A blob in hexadecimal.
pub static HEX: Argument =
    Argument { name: "hex", form: Form::Switch, summary: "the blob is in hexadecimal digits" };
/// A blob in base64.
pub static BASE64: Argument =
    Argument { name: "base64", form: Form::Switch, summary: "the blob is in base64" };
/// Written entries.
pub static ENTRIES: Argument = Argument {
    name: "FILE",
    form: Form::Words { placeholder: "FILE", many: false },
    summary: "entries or rules in JSON or YAML; without it, or for -, standard input",
};
