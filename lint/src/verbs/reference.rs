//! The table of verbs as a document.

use super::{Argument, Form, VERBS, Verb};

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
            verb.name,
            verb.name.replace(' ', "-"),
            verb.summary
        ));
    }
    text.push_str(
        "\n`placecard --version` prints the version, `placecard VERB --help` what is below. \
         Lines and columns are counted from 1, columns in code points.\n",
    );
    for verb in VERBS {
        text.push_str(&section(verb));
    }
    text.push_str(CHOICE);
    text.push_str(FORMATS);
    text.push_str(FIXES);
    text.push_str(JSON);
    text
}

const FORMATS: &str = "
## The reports of placecard lint

`--format` (or `--output-format`, `-o`) may be given several times; all but one name a file, and \
without one for standard output a person's report is printed there:

```sh
placecard lint --format github --format sarif=placecard.sarif --format junit=placecard.xml deploy/
```

| format | for | what to know |
|---|---|---|
| `human` | people | boxes with carets |
| `short` | people, editors | one line a finding |
| `json` | programs | everything that is known, see below |
| `sarif` | code scanning | version 2.1.0; columns in code points; paths are relative to the folder in which placecard ran, so run it in the root of the repository; fixes that are edits of the text, other labels as related locations |
| `junit` | servers of continuous integration | a suite for each file, a case for each object; what is at or above `--fail-on` is a failure, the rest output |
| `github` | GitHub Actions | one workflow command a finding; GitHub shows ten errors, ten warnings and ten notices of a step, the others are in the log |
| `gitlab` | GitLab's Code Quality | `major`, `minor` and `info`; equal findings have fingerprints of their own |

The same input gives the same bytes.
";

const CHOICE: &str = "
## What is told, and what is not

`--select`, `--extend-select` and `--ignore` take codes, families (`placecard rules` lists both) and \
`all`. What names a code stands over what names its family, and that over `all`; of two that are \
alike, what leaves out counts. `--severity` says what findings weigh; one that is milder than its code, \
because its proof rests on something that is not known, is not made more severe.

A `.placecard.yaml` says the same for its folder and those below, up to a repository's root or a \
configuration with `root: true`; the nearer one counts, and the command line stands over all. \
`extends` names another one that counts as if it stood above: what it names is found from its own \
folder, its patterns are read from the folder of the one that extends it. All verbs that read \
manifests or ask about a cluster find `vocabulary`, `cluster` and `exclude` there (`adopt` looks at \
no cluster); the others are for `lint`. Questions about no file take those of the current folder. \
`placecard schema config` prints its schema.

```yaml
vocabulary: vocabulary.yaml
cluster: [cluster/prod.json]
ignore: [hpa-max-exceeds-domains]
severity: {would-wait: note}
failOn: warning
exclude: [charts/]
overrides:
- files: ['test/**']
  severity: {all: note}
```

A comment silences findings of one place, and says why:

```yaml
      # placecard: ignore[would-wait] the pool grows on demand
      nodeSelector: {accelerator: a100}   # placecard: ignore[no-node-fits] bought, not yet there
```

At the end of a line it is about what begins in that line, in a line of its own about what begins in \
the next, and above the first line of a document about all of it. What words mean, what is allowed \
and what the API server refuses cannot be silenced. The webhook reads no comments; the annotation \
`ignore` silences at both doors. A comment or annotation that silences nothing is a \
finding itself (`unused-ignore`), and so is a comment that cannot be read (`invalid-ignore`).
";

const FIXES: &str = "
## Fixes and baselines

`--fix` writes the safe fixes into the files, `--unsafe-fixes` those that need a look too, and \
`--diff` shows what either would change. A fix is an edit of the text: comments, layout and line breaks \
stay. What comes of it is read and judged again before it is written: no other value has changed, \
and the finding is gone, or the fix is left out. A safe fix mends what the API server refuses or \
what has no effect as it is written, where only one thing can have been meant. It may change a pod \
template, and a changed template is a new revision: applying it replaces the pods.

`--write-baseline FILE` writes the findings of today into a file, and `--baseline FILE` leaves them out \
from then on. An entry is found again by its code, object, field and the text there, so lines may move \
and files too; what is in files that were read and is there no longer is told on standard error. \
`--statistics` prints how many findings each code has; `[*]` marks those with fixes.
";

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
| `.origin` | of a rendered document: the template (`# Source:` of `helm template`) or manifest (`config.kubernetes.io/origin` of kustomize) that it comes from |
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
