//! Events, and what they leave.

use std::collections::BTreeMap;

use placecard_policies::live::{Live, WATCHED, Watched};
use proptest::prelude::*;

use super::objects::{broken, name, namespace, object};

/// What happens.
#[derive(Clone, Debug)]
pub enum Event {
    /// The object of this number, in this form.
    Put(Watched, usize, usize),
    /// The object is there and cannot be read.
    Broken(Watched, usize),
    /// Something is there that has no name.
    Nameless(Watched),
    Gone(Watched, usize),
    /// Nothing but these objects is there.
    Relist(Watched, Vec<(usize, usize)>),
    Unknown(Watched),
}

/// What is left of a kind.
#[derive(Clone, Debug, Default)]
pub struct Known {
    pub synced: bool,
    pub nameless: bool,
    /// `None`: it cannot be read.
    pub objects: BTreeMap<usize, Option<usize>>,
}

/// What is left.
#[derive(Clone, Debug, Default)]
pub struct Model(BTreeMap<Watched, Known>);

impl Model {
    pub fn of(&self, kind: Watched) -> Known {
        self.0.get(&kind).cloned().unwrap_or_default()
    }

    pub fn apply(&mut self, event: &Event) {
        let (Event::Put(kind, ..)
        | Event::Broken(kind, _)
        | Event::Nameless(kind)
        | Event::Gone(kind, _)
        | Event::Relist(kind, _)
        | Event::Unknown(kind)) = event;
        let known = self.0.entry(*kind).or_default();
        match event {
            Event::Put(_, name, variant) => _ = known.objects.insert(*name, Some(*variant)),
            Event::Broken(_, name) => _ = known.objects.insert(*name, None),
            Event::Nameless(_) => known.nameless = true,
            Event::Gone(_, name) => _ = known.objects.remove(name),
            Event::Relist(_, objects) => {
                let objects = objects.iter().map(|(name, variant)| (*name, Some(*variant)));
                *known = Known { synced: true, nameless: false, objects: objects.collect() };
            }
            Event::Unknown(_) => *known = Known::default(),
        }
    }
}

impl Event {
    pub fn tell(&self, live: &mut Live) {
        let put = |live: &mut Live, kind, name, variant| {
            live.put(kind, &object(kind, name, variant)).expect("readable");
        };
        match self {
            Self::Put(kind, name, variant) => put(live, *kind, *name, *variant),
            Self::Broken(kind, name) => {
                live.put(*kind, &broken(*kind, *name)).expect_err("broken");
            }
            Self::Nameless(kind) => {
                live.put(*kind, b"{\"metadata\": 3}").expect_err("broken");
            }
            Self::Gone(kind, at) => live.gone(*kind, namespace(*kind, *at), &name(*kind, *at)),
            Self::Relist(kind, objects) => {
                live.list(*kind);
                for (name, variant) in objects {
                    put(live, *kind, *name, *variant);
                }
                live.listed(*kind);
            }
            Self::Unknown(kind) => live.unknown(*kind),
        }
    }
}

/// Mostly nodes and pods.
fn kind() -> impl Strategy<Value = Watched> {
    prop_oneof![
        4 => Just(Watched::Pod),
        2 => Just(Watched::Node),
        1 => Just(Watched::Namespace),
        3 => prop::sample::select(&WATCHED[..]),
    ]
}

pub fn event() -> impl Strategy<Value = Event> {
    let objects = prop::collection::vec((0usize..6, 0usize..8), 0..8);
    prop_oneof![
        8 => (kind(), 0usize..6, 0usize..8).prop_map(|(kind, name, form)| Event::Put(kind, name, form)),
        3 => (kind(), 0usize..6).prop_map(|(kind, name)| Event::Gone(kind, name)),
        4 => (kind(), objects).prop_map(|(kind, objects)| Event::Relist(kind, objects)),
        1 => (kind(), 0usize..6).prop_map(|(kind, name)| Event::Broken(kind, name)),
        1 => kind().prop_map(Event::Nameless),
        1 => kind().prop_map(Event::Unknown),
    ]
}
