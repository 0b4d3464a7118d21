//! The one test binary of this crate: what no single crate can test.
//!
//! One binary links once; a module is one subject. The modules named `e2e…` need the control plane
//! (`make controlplane`) and Helm (`make helm`), `chart` needs Helm, and `make test` counts them by
//! these names where there is no Go.
#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "what goes wrong in a test ends the test, also outside of the test functions"
)]

/// Linter and webhook say the same about the same objects.
mod agree;
/// Bad input gets a clear error or a correct answer at both doors.
mod bad_input;
/// What Helm renders of the chart keeps the promises of the documents.
mod chart;
/// A real API server, scheduler and controllers, with our webhook in front of them.
mod e2e;
/// New pods as a real API server stores and refuses them.
mod e2e_admission;
/// What no longer holds on a real control plane: metrics, Events, evictions, and the same of a dump.
mod e2e_audit;
/// What the audit log of a real API server has of the webhook's answers.
mod e2e_audit_log;
/// Which objects call which webhook: the chart's configurations on a real API server.
mod e2e_calls;
/// Certificates that replicas keep themselves, while admissions go on: started, renewed, rotated,
/// rolled, and cut off from the API server.
mod e2e_certificates;
/// The chart on a real API server: taken, installed, upgraded and uninstalled.
mod e2e_chart;
/// A closed inventory on a real API server: what is refused, and what casts a doubt.
mod e2e_closed;
/// RoleCoordination as a custom resource: its definition on a real API server.
mod e2e_coordination;
/// The modes of a namespace on a real API server.
mod e2e_modes;
/// The two policies of the API server, without the webhook: every route to a guarded pool.
mod e2e_policy;
/// What the rules call refused, beside what a real API server refuses.
mod e2e_refused;
/// Three replicas of the installed webhook, replaced while pods come and go.
mod e2e_rolling;
/// `placecard snapshot` and `--live` on a real API server: pages, what may not be read, filters.
mod e2e_snapshot;
/// The vocabulary as a custom resource: its definition, and the webhook that follows and guards it.
mod e2e_vocabulary;
/// The webhook's index of a cluster, whatever happens to that and to the watches.
mod e2e_watch;
/// `placecard why` and `lint --cluster` say what a real scheduler says of the same pods.
mod e2e_why;
/// Custom resources with pod templates: watched, judged, and their words counted.
mod e2e_workloads;
/// The examples keep their words: `clean` has no finding, `refused` has errors.
mod examples;
/// The modes of a namespace through the linter and the webhook, and the table for both.
mod modes;
/// Sentences, typed entries, bytes and shorthands of one meaning get one answer at every door.
mod one_form;
/// The fixes that the pages of the rules show mend what they say, in every layout.
mod page_fixes;
/// The pages of the rules are right: every yaml block is linted and its marks compared.
mod pages;
/// The output that README.md shows is what the programs print.
mod readme;
/// A webhook that admits everything and remembers what it was asked.
mod recorder;
/// The documents that are written from tables are up to date.
mod reference;
/// The group of the document of role coordination at both doors, right and wrong.
mod role_groups;
/// What coordinations and those who play their roles make together, through both doors.
mod roles;
/// The shape of the code base: crate graph, one table of keys, sizes, reasons, guides.
mod tidy;
