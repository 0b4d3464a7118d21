//! `placecard status`.

use super::{
    ALL, ANSWER_FORMAT, ASCII, CLUSTER, COLOR, CONFIG, CONTEXT, COORDINATED_NAMESPACE,
    COORDINATIONS, ISOLATED, KUBECONFIG, KUBERNETES_VERSION, LIVE, VOCABULARY, Verb,
};

pub(super) const STATUS: Verb = Verb {
    name: "status",
    summary: "Say how role coordinations stand: batches, domains, rollouts, and what they wait for",
    details: "\
Looks at the RoleCoordinations of a cluster as its controller does, and at what the long form of the \
annotation `coordinate` coordinates: a line for each, with phase, batch and message as its status has \
them; then the domains with their batches, what each other batch waits for and why, in the words of \
`plan` and `why`, and of rollouts how many pods of each role are updated. Where a domain has two batches \
less than another one it is told why: what rejects its nodes, or that it would take more now, for pods \
that run are not moved. It needs no controller, and asks none: what is seen is what there is.

`--cluster` takes what `kubectl get nodes,pods,statefulsets,deployments,jobs,rolecoordinations.placecard.dev \
-A -o json` prints, or the file of `placecard snapshot`. Such a file is looked at as of the newest moment in \
it.

With `--format json` one object: `version` 1, `snapshot{name, nodes}`, `coordinations[]{namespace, name, \
coordination, type, phase, currentBatch, totalBatches, message, roleStates, needsHelp, stalled?, \
topologyKey?, unlabelledNodes?, domains?[]{domain, batches[]}, batches?[]{batch, domain?, strays?, \
pods{expected, present, scheduled, ready}, message}, uneven?[]{domain, batches, message}, \
rollout?{managed, roles[]{role, replicas, updated, available, stays, partition}, hindered[]}}`, \
`unusable[]{namespace, name, message}`, `orphans[]{namespace, name}`: pods that wait for a coordination that is \
gone. Batches are counted from 1.",
    arguments: &[
        &COORDINATIONS,
        &CLUSTER,
        &LIVE,
        &KUBECONFIG,
        &CONTEXT,
        &COORDINATED_NAMESPACE,
        &VOCABULARY,
        &KUBERNETES_VERSION,
        &ALL,
        &ANSWER_FORMAT,
        &CONFIG,
        &ISOLATED,
        &COLOR,
        &ASCII,
    ],
    exits: &[
        (0, "every coordination is complete, or goes on by itself"),
        (
            1,
            "one has failed, is stalled or cannot be used, a batch finds no place, or a pod waits for a \
             coordination that is gone",
        ),
        (2, "it could not run: as for `lint`, or there is no such coordination"),
    ],
    examples: &[
        "placecard status --live",
        "placecard status inference/prefill-decode --cluster prod.json",
    ],
};
