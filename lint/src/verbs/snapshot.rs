//! `placecard snapshot`.

use super::{
    ALL_NAMESPACES, CONTEXT, INCLUDE, KUBECONFIG, OUTPUT, SELECTOR, TAKEN_NAMESPACE, Verb,
};

pub(super) const SNAPSHOT: Verb = Verb {
    name: "snapshot",
    summary: "Write what verdicts depend on from a live cluster to a file",
    details: "\
Lists nodes, pods, namespaces, services, volumes, claims, storage classes, CSI nodes, quotas, limit \
ranges, priority classes, disruption budgets, Leases, the controllers that own pods, and for \
`placecard status` RoleCoordinations, Deployments and Jobs, and writes them as one file for `--cluster`: JSON, a list of lists, one object a line. It is asked in pages and \
written object by object, however many there are, into a file aside that takes the place of the old \
one in the end; the file can be read by its owner alone.

Of each object only those fields are kept that a verdict depends on: no environment, no commands, no \
annotations but those of placecard, those of autoscalers and three that say where volumes are, no status of containers, and \
never a Secret or a ConfigMap. Every verdict on such a dump is the one on the whole, except that \
ImageLocality gives no points without images: `--include images` keeps them, and `--include` keeps \
also `environment`, `annotations` or `commands` (`env` and `envFrom`, all annotations, `command` and \
`args`) for other readers. Names, labels and node names stay as they are.

What may not be listed or is not served is named on standard error and has no list in the file, so \
nothing is taken to be absent there; the lists that `--namespace` and `--selector` shorten say so \
themselves. Verdicts on such a file are weaker (more is possible), not wrong. The file says the \
version of the server, by which verdicts go unless `--kubernetes-version` is typed. If a list of \
pages becomes too old for the server, its kind is listed again, which is told.

The API server and the user are found as kubectl finds them. This needs a `placecard` that was built \
with the feature `live`: `cargo install --locked --path lint --features live`. With it, `--live` of \
`lint`, `expand`, `why`, `place`, `plan`, `status` and `audit` takes such a snapshot, with images, into memory.",
    arguments: &[
        &OUTPUT,
        &KUBECONFIG,
        &CONTEXT,
        &TAKEN_NAMESPACE,
        &ALL_NAMESPACES,
        &SELECTOR,
        &INCLUDE,
    ],
    exits: &[
        (0, "it is written; what could not be listed is named on standard error"),
        (
            2,
            "it could not run, or there is no node to be listed: the file is as it was before, and not \
             half written",
        ),
    ],
    examples: &[
        "placecard snapshot -o prod.json",
        "placecard snapshot --context prod -n shop -n search -o shop.json",
        "placecard snapshot --include images | gzip > prod.json.gz",
        "placecard audit --live",
    ],
};
