//! Pods that arrive one after another: Deployments of fifty replicas.

use serde_json::Value;

use crate::cluster::{Kind, NAMESPACES, arrival};

/// Which kinds arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mix {
    /// Half of the Deployments are plain, the other kinds take turns.
    Mixed,
    /// One kind throughout.
    Only(Kind),
}

impl Mix {
    /// The name that the oracle uses.
    pub fn name(self) -> &'static str {
        match self {
            Self::Mixed => "mixed",
            Self::Only(kind) => kind.name(),
        }
    }

    /// The kind of a Deployment.
    fn kind(self, g: usize) -> Kind {
        const MIX: [Kind; 10] = [
            Kind::Plain,
            Kind::Plain,
            Kind::Plain,
            Kind::Plain,
            Kind::Plain,
            Kind::NodeAffinity,
            Kind::AntiAffinity,
            Kind::Spread,
            Kind::PodAffinity,
            Kind::Everything,
        ];
        match self {
            Self::Mixed => MIX[g % MIX.len()],
            Self::Only(kind) => kind,
        }
    }

    /// Arrival `j`.
    pub fn arrival(self, j: usize) -> Value {
        let g = j / 50;
        let kind = self.kind(g);
        let app = format!("g-{}-{g}", kind.name());
        arrival(kind, &format!("new-{j:05}"), &app, &format!("ns-{}", g % NAMESPACES))
    }
}
