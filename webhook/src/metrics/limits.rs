//! The metrics of what was not done because there was too much of it, or too little time.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;

use super::described::Described;

/// What was turned away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shed {
    /// A connection, closed before its handshake.
    Connection,
    /// A request, before its body was read.
    Request,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct WhatLabel {
    what: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct WebhookLabel {
    webhook: &'static str,
}

/// Numbers of what was not done.
#[derive(Debug, Default)]
pub struct LimitMetrics {
    shed: Family<WhatLabel, Counter>,
    late: Family<WebhookLabel, Counter>,
}

impl LimitMetrics {
    pub(super) fn register(&self, registry: &mut Described) {
        registry.register(
            "shed",
            "Connections and requests that were turned away because there were too many",
            self.shed.clone(),
        );
        registry.register(
            "deadline_exceeded",
            "Reviews that were admitted with a warning because there was no decision in time",
            self.late.clone(),
        );
    }

    /// Something was turned away.
    pub fn shed(&self, shed: Shed) {
        let what = match shed {
            Shed::Connection => "connection",
            Shed::Request => "request",
        };
        self.shed.get_or_create(&WhatLabel { what }).inc();
    }

    /// There was no decision in time.
    pub fn late(&self, webhook: &'static str) {
        self.late.get_or_create(&WebhookLabel { webhook }).inc();
    }
}
