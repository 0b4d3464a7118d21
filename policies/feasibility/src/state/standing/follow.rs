//! Standings of states that somebody else keeps up to date.
//!
//! Whoever writes the state calls [`State::hand_over`] from time to time; whoever audits it looks at
//! a copy that was made since ([`Standing::follow`]). What was touched before the call and what was
//! touched after it are kept apart: an auditor looks at both, the next call drops the first. So
//! nothing is missed as long as somebody looks between any two calls, and if nobody did, the next
//! one looks at everything.

use std::collections::BTreeSet;

use super::{Standing, Update};
use crate::state::State;
use crate::state::standing::rules::Rules;
use crate::state::touched::Touched;

/// What was touched up to a call of [`State::hand_over`].
#[derive(Clone, Debug, Default)]
pub(crate) struct Handed {
    touched: Touched,
    /// Counts the calls.
    serial: u64,
}

impl State {
    /// Hands over what events touched to a standing that looks at copies of this state, prepares
    /// what the pods that were touched ask of others, and goes on noting. Copies that get the same
    /// events and calls stay equal.
    pub fn hand_over(&mut self) {
        let mut touched = match self.topology.touched.take() {
            Some(touched) => *touched,
            None => Touched { everything: true, ..Touched::default() },
        };
        let sweeps = self.pods.sweeps;
        for class in self.classes_of(&touched) {
            self.rules_of_class(class, &[]);
            if self.pods.sweeps != sweeps {
                // Numbers mean other things now.
                touched.everything();
                break;
            }
        }
        let serial = self.handed.as_ref().map_or(0, |handed| handed.serial) + 1;
        self.handed = Some(Box::new(Handed { touched, serial }));
        self.topology.touched = Some(Box::default());
    }

    /// Nobody looks any longer, and nothing is noted for anybody.
    pub fn stop_handing_over(&mut self) {
        self.topology.touched = None;
        self.handed = None;
    }

    /// The classes of the pods that were touched.
    fn classes_of(&self, touched: &Touched) -> BTreeSet<u32> {
        if touched.everything {
            let classes = self.pods.classes.iter();
            return classes.filter(|(_, _, one)| !one.pods.is_empty()).map(|(id, ..)| id).collect();
        }
        let pods = touched.pods.iter().filter(|pod| self.pods.has(**pod));
        pods.map(|pod| self.pods.class_of(*pod)).collect()
    }
}

impl Standing {
    /// As [`Standing::refresh`], on a copy of a state that was handed over; `None` if none was. Pods
    /// of which it was not prepared what they ask for, because they came since, stand well until
    /// the next time.
    pub fn follow(&mut self, state: &State) -> Option<Update> {
        let handed = state.handed.as_deref()?;
        let since = Some((state.pods.seed, state.pods.sweeps));
        let next = |last: u64| last == handed.serial || last + 1 == handed.serial;
        let mut touched = handed.touched.clone();
        if let Some(more) = &state.topology.touched {
            touched.add(more);
        }
        let mut pods =
            if self.since == since && self.serial.is_some_and(next) && !touched.everything {
                let mut pods = self.affected(state, touched);
                pods.extend(&self.postponed);
                pods
            } else {
                self.rules.clear();
                self.users.clear();
                state.pods.numbers().chain(self.broken.keys().copied()).collect()
            };
        (self.since, self.serial) = (since, Some(handed.serial));
        self.postponed.clear();
        let mut update = Update::default();
        for (class, members) in self.by_class(state, std::mem::take(&mut pods)) {
            match self.known_rules(state, class) {
                Some(rules) => self.judge(state, class, &rules, members, &mut update),
                None => {
                    members.iter().for_each(|pod| _ = self.broken.remove(pod));
                    self.postponed.extend(members);
                }
            }
        }
        Some(update)
    }

    /// How many pods have to wait for the next time.
    #[must_use]
    pub fn postponed_count(&self) -> usize {
        self.postponed.len()
    }

    fn known_rules(&mut self, state: &State, class: u32) -> Option<Rules> {
        if let Some(known) = self.rules.get(&class).filter(|known| known.is_prepared(state)) {
            return Some(known.clone());
        }
        let rules = state.known_rules(class, &self.profiles)?;
        self.learn(state, class, &rules);
        Some(rules)
    }
}
