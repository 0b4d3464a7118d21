//! Random entries, each with the sentence that says the same.

use placecard_policies::language::affinity::{
    Affinity, AffinityStrength, AffinityTarget, ObjectId,
};
use proptest::prelude::*;

use crate::world::{APPS, Ground, NVME};

/// A kind of entry, which of its targets, away or toward, and in which level.
#[derive(Clone, Debug)]
pub(crate) struct Drawn {
    kind: u8,
    which: usize,
    away: bool,
    level: u8,
}

/// Required entries, and the rules that say the same.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) entries: Vec<Affinity>,
    pub(crate) sentences: Vec<String>,
}

pub(crate) fn drawn() -> impl Strategy<Value = Drawn> {
    (0..8_u8, 0..8_usize, any::<bool>(), 0..4_u8).prop_map(|(kind, which, away, level)| Drawn {
        kind,
        which,
        away,
        level,
    })
}

/// The entries that are expressible: one `near` at most, and none that the pod may start away from.
pub(crate) fn asked(drawn: &[Drawn], ground: &Ground) -> Asked {
    let mut asked = Asked { entries: Vec::new(), sentences: Vec::new() };
    for one in drawn {
        let Some((entry, sentence)) = one.said(ground) else { continue };
        let near = |sentence: &String| sentence.starts_with("near ");
        if near(&sentence) && asked.sentences.iter().any(near) {
            continue;
        }
        asked.entries.push(entry);
        asked.sentences.push(sentence);
    }
    asked
}

impl Drawn {
    fn said(&self, ground: &Ground) -> Option<(Affinity, String)> {
        let required = AffinityStrength::Required;
        let on = if self.away { "not-on" } else { "on" };
        let world = &ground.world;
        let node = self.which % world.nodes.len();
        let id = |at: usize| ObjectId(at as u128);
        let topology = |target| {
            let entry = Affinity::topology(required, target).unwrap();
            if self.away { entry.away().unwrap() } else { entry }
        };
        let toward_node = |entry: Affinity| Some((entry, format!("on node/n{node}")));
        match self.kind {
            0 => toward_node(Affinity::resource(required, AffinityTarget::node(id(node))).unwrap()),
            1 => toward_node(Affinity::state(required, AffinityTarget::node(id(node))).unwrap()),
            2 => {
                let entry = topology(AffinityTarget::node(id(node)));
                let drawn = &world.nodes[node];
                match self.level {
                    0 => {
                        let domain = format!("zone/z{}", drawn.zone?);
                        Some((entry.with_level("zone").unwrap(), format!("{on} {domain}")))
                    }
                    1 => {
                        let domain = format!("rack/rack-{}", drawn.rack?);
                        Some((entry.with_level("rack").unwrap(), format!("{on} {domain}")))
                    }
                    _ => Some((entry, format!("{on} node/n{node}"))),
                }
            }
            3 => {
                let rack = u32::try_from(self.which % 4).unwrap();
                Some((topology(AffinityTarget::rack(rack)), format!("{on} rack/rack-{rack}")))
            }
            4 => self.service(ground),
            5 => self.lease(ground),
            6 if self.away => {
                let target = AffinityTarget::trust_domain("payments");
                Some((Affinity::trust(required, target).unwrap(), "on trust/payments".into()))
            }
            6 => {
                let nvme: ObjectId = NVME.parse().unwrap();
                let entry = Affinity::resource(required, AffinityTarget::resource(nvme)).unwrap();
                Some((entry, "on resource/nvme".into()))
            }
            _ => {
                let entry = Affinity::resource(required, AffinityTarget::resource(0)).unwrap();
                Some((entry, "on volume/data".into()))
            }
        }
    }

    fn service(&self, ground: &Ground) -> Option<(Affinity, String)> {
        let (at, level) = (self.which % APPS.len(), ["zone", "rack", "node"]);
        let app = APPS[at];
        let entry = AffinityTarget::service(at as u128);
        let entry = Affinity::topology(AffinityStrength::Required, entry).unwrap();
        // Without a level it is the vocabulary's `serviceDomain`.
        let (entry, level) = match level.get(usize::from(self.level)) {
            Some(level) => (entry.with_level(*level).unwrap(), *level),
            None => (entry, "zone"),
        };
        let place = if app == "ledger" { "bank/ledger" } else { app };
        if self.away {
            let sentence = format!("apart-from service/{place} in {level}");
            return Some((entry.away().unwrap(), sentence));
        }
        let number = ["zone", "rack", "node"].iter().position(|one| *one == level)?;
        let starts = app == "web" && !ground.world.runs(at, u8::try_from(number).unwrap());
        (!starts).then(|| (entry, format!("near service/{place} in {level}")))
    }

    fn lease(&self, ground: &Ground) -> Option<(Affinity, String)> {
        let at = self.which;
        let (stable, app, node) = ground.world.holder(at)?;
        let entry = AffinityTarget::lease(at as u128);
        let entry = Affinity::state(AffinityStrength::Required, entry).unwrap();
        let holder = format!("pods(statefulset.kubernetes.io/pod-name=p-{at})");
        let namespaces = format!(
            "of namespaces(kubernetes.io/metadata.name={})",
            if app == "ledger" { "bank" } else { "shop" }
        );
        let drawn = &ground.world.nodes[node];
        match (self.level, stable) {
            (0, true) => {
                let sentence = format!("near {holder} {namespaces} in zone");
                Some((entry.with_level("zone").unwrap(), sentence))
            }
            (0, false) => {
                let sentence = format!("on zone/z{}", drawn.zone?);
                Some((entry.with_level("zone").unwrap(), sentence))
            }
            (_, true) => Some((entry, format!("near {holder} {namespaces} in node"))),
            (_, false) => Some((entry, format!("on node/n{node}"))),
        }
    }
}
