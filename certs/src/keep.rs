//! Decides what to do next about certificates that several replicas share: nothing, or one change
//! of what is kept, and which authorities the clients' bundles should have.
//!
//! What must stay true, whatever breaks off between two steps: a certificate is served only if each
//! bundle that holds authorities holds the one that signed it. So a new authority goes into all
//! bundles before it signs anything, and an old one stays there until nobody can serve what it
//! signed.

use std::time::{Duration, SystemTime};

use crate::authority::{Authority, vouched};
use crate::error::Error;
use crate::kept::{Kept, Leaf, Lives};
use crate::pair;

/// Certificates say when they begin and end to the second.
const SECOND: Duration = Duration::from_secs(1);

/// What is known when it is decided. The bundles are to be read before what is kept is: then what is
/// kept knows all authorities that another writer put into them.
#[derive(Debug, Clone, Copy)]
pub struct Sight<'a> {
    /// The time.
    pub now: SystemTime,
    /// The host names that the certificate has to be for.
    pub names: &'a [String],
    /// Lives and pauses.
    pub lives: Lives,
    /// What is kept.
    pub kept: &'a Kept,
    /// The authorities of each bundle that is to be kept up; `None`: they could not be read.
    pub bundles: Option<&'a [Vec<Authority>]>,
    /// So long what is kept has stayed as it is while each bundle held all authorities of it, as far
    /// as whoever decides has seen.
    pub calm_for: Duration,
}

/// What to do next.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Plan {
    /// Change what is kept.
    pub change: Option<Change>,
    /// For each bundle the authorities that it should have, if it has others. Empty if the bundles
    /// could not be read.
    pub bundles: Vec<Option<Vec<Authority>>>,
}

/// A change of what is kept.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// A new authority; it signs nothing yet.
    Add,
    /// A new certificate, signed by this authority.
    Issue(Authority),
    /// Only these authorities are left.
    Forget(Vec<Authority>),
}

/// Decides.
#[must_use]
pub fn plan(sight: &Sight<'_>) -> Plan {
    let change = if sight.needs_authority() {
        Some(Change::Add)
    } else if let Some(authority) = sight.issuer() {
        Some(Change::Issue(authority.clone()))
    } else {
        sight.left().map(Change::Forget)
    };
    Plan { change, bundles: sight.wanted() }
}

/// Carries a change out; the result is to be kept.
///
/// # Errors
/// A key cannot be made, or a name cannot stand in a certificate.
pub fn change(sight: &Sight<'_>, change: Change) -> Result<Kept, Error> {
    let (mut kept, lives, now) = (sight.kept.clone(), sight.lives, sight.now);
    let since = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    match change {
        Change::Add => {
            // Clients look for the issuer by its name, so no two have the same.
            let name = format!("placecard authority {}", since.as_millis());
            kept.add(Authority::make(&name, lives.backdated(), lives.authority, now)?);
        }
        Change::Issue(authority) => {
            let names: Vec<&str> = sight.names.iter().map(String::as_str).collect();
            let (chain, key) = authority.sign(&names, lives.backdated(), lives.leaf, now)?;
            let (chain_pem, key_pem) = (chain.into_bytes(), key.into_bytes());
            let pair = pair::load(&chain_pem, &key_pem)?;
            kept.replace(Leaf { chain_pem, key_pem, pair }, now);
            // Older ones sign nothing any more.
            for one in &mut kept.authorities {
                if one.not_before < authority.not_before {
                    one.key = None;
                }
            }
        }
        Change::Forget(left) => {
            kept.authorities = left;
            kept.drop_expired(now);
        }
    }
    Ok(kept)
}

impl Sight<'_> {
    fn needs_authority(&self) -> bool {
        let newest = self.kept.newest(self.now);
        newest.is_none_or(|one| is_due(one.not_before, one.not_after, self.now))
    }

    /// Who signs a new certificate, if there has to be one and it is safe to serve.
    fn issuer(&self) -> Option<&Authority> {
        let good = self.good_leaf();
        let usable = self.kept.authorities.iter().filter(|one| one.is_usable(self.now));
        let mut usable: Vec<&Authority> = usable.collect();
        usable.sort_by_key(|one| std::cmp::Reverse(one.not_before));
        let found = usable.into_iter().find(|one| self.is_safe(one))?;
        match good {
            Some((signer, leaf)) => {
                let due = is_due(leaf.pair.not_before, leaf.pair.not_after, self.now)
                    && self.outlasts(found, leaf);
                let newer = found.not_before > signer.not_before;
                (due || newer || self.can_be_younger(leaf)).then_some(found)
            }
            None => Some(found),
        }
    }

    /// The certificate that is kept, and who signed it, if clients take it now.
    fn good_leaf(&self) -> Option<(&Authority, &Leaf)> {
        let leaf = self.kept.leaf.as_ref()?;
        leaf.pair.check_validity(self.now).ok()?;
        let authorities = &self.kept.authorities;
        let vouched = |name: &String| vouched(authorities, &leaf.pair, name, self.now);
        if self.names.is_empty() || !self.names.iter().all(vouched) {
            return None;
        }
        Some((self.signer(leaf)?, leaf))
    }

    fn signer(&self, leaf: &Leaf) -> Option<&Authority> {
        let certificate = leaf.pair.certified.cert.first()?;
        self.kept.authorities.iter().find(|one| one.signed(certificate))
    }

    /// Whether clients take what this authority signs from the first moment.
    fn is_safe(&self, authority: &Authority) -> bool {
        let signed_the_last = self.good_leaf().is_some_and(|(signer, _)| signer == authority);
        if signed_the_last {
            return true;
        }
        let Some(bundles) = self.bundles else { return false };
        let holds = |bundle: &Vec<Authority>| {
            bundle.iter().any(|one| one.certificate == authority.certificate)
        };
        let others = |bundle: &Vec<Authority>| {
            let mut valid = bundle.iter().filter(|one| one.is_valid(self.now));
            valid.any(|one| one.certificate != authority.certificate)
        };
        // While no bundle has others, nobody serves anything that a client takes.
        let mut bundles_ = bundles.iter();
        let settled = self.calm_for >= self.lives.settle || !bundles.iter().any(others);
        settled && bundles_.all(|bundle| holds(bundle) || !others(bundle))
    }

    /// Whether a new certificate of this authority ends later: at the end of an authority that is not
    /// followed yet it does not, and would be made again and again.
    fn outlasts(&self, authority: &Authority, leaf: &Leaf) -> bool {
        let left = authority.not_after.duration_since(self.now).unwrap_or_default();
        self.now.checked_add(self.lives.leaf.min(left)).is_some_and(|end| {
            end.duration_since(leaf.pair.not_after).is_ok_and(|more| more >= SECOND)
        })
    }

    /// When the youngest authority begins that is trusted by a bundle and that nobody keeps, if that is
    /// not before the certificate does.
    fn strange_since(&self, leaf: &Leaf) -> Option<SystemTime> {
        let strange = self.bundles.unwrap_or_default().iter().flatten();
        let strange = strange.filter(|one| !self.keeps(one) && one.is_valid(self.now));
        strange.map(|one| one.not_before).filter(|since| *since >= leaf.pair.not_before).max()
    }

    /// Whether a bundle has an authority that is younger than the certificate and that nobody keeps:
    /// what is kept was put back to an older state, and replicas may serve something newer.
    fn is_set_back(&self, leaf: &Leaf) -> bool {
        self.strange_since(leaf).is_some()
    }

    /// Whether that is so, and a certificate that is made now is younger: before, one would be made again
    /// and again.
    fn can_be_younger(&self, leaf: &Leaf) -> bool {
        let begins = self.now.checked_sub(self.lives.backdated() + SECOND);
        self.strange_since(leaf).zip(begins).is_some_and(|(since, begins)| since <= begins)
    }

    fn keeps(&self, authority: &Authority) -> bool {
        self.kept.authorities.iter().any(|one| one.certificate == authority.certificate)
    }

    /// The authorities without those that nobody can serve anything of; `None`: all are needed.
    fn left(&self) -> Option<Vec<Authority>> {
        let (signer, _) = self.good_leaf()?;
        let newest = self.kept.newest(self.now)?;
        let former = || self.kept.former.iter().filter(|one| self.now <= one.not_after);
        let needed = |one: &&Authority| {
            *one == signer
                || one.certificate == newest.certificate
                || former().any(|old| one.signed(&old.certificate))
        };
        let left: Vec<Authority> = self.kept.authorities.iter().filter(needed).cloned().collect();
        (left.len() < self.kept.authorities.len()).then_some(left)
    }

    /// What each bundle should have, if it has anything else.
    fn wanted(&self) -> Vec<Option<Vec<Authority>>> {
        let good = self.good_leaf();
        let lingered = good.is_some_and(|(_, leaf)| !self.is_set_back(leaf))
            && self.calm_for >= self.lives.linger;
        let mut wanted = self.kept.authorities.clone();
        // What one bundle has lost another one may have still.
        let strange = self.bundles.unwrap_or_default().iter().flatten();
        for one in strange.filter(|one| !lingered && one.is_valid(self.now)) {
            if wanted.iter().all(|other| other.certificate != one.certificate) {
                wanted.push(one.clone());
            }
        }
        let wanted = |bundle: &Vec<Authority>| {
            // Bundles of no authority at all stay as they are: there is nothing to trust yet.
            (!wanted.is_empty() && !are_same(bundle, &wanted)).then(|| wanted.clone())
        };
        self.bundles.unwrap_or_default().iter().map(wanted).collect()
    }
}

/// Whether each bundle holds all authorities that are kept.
#[must_use]
pub fn all_trusted(kept: &Kept, bundles: &[Vec<Authority>]) -> bool {
    let holds = |bundle: &Vec<Authority>, one: &Authority| {
        bundle.iter().any(|other| other.certificate == one.certificate)
    };
    bundles.iter().all(|bundle| kept.authorities.iter().all(|one| holds(bundle, one)))
}

/// The order says nothing.
fn are_same(one: &[Authority], other: &[Authority]) -> bool {
    let within = |some: &[Authority], more: &[Authority]| {
        some.iter().all(|one| more.iter().any(|other| one.certificate == other.certificate))
    };
    within(one, other) && within(other, one)
}

/// Whether two thirds of a life are over.
fn is_due(not_before: SystemTime, not_after: SystemTime, now: SystemTime) -> bool {
    let life = not_after.duration_since(not_before).unwrap_or_default();
    now.duration_since(not_before).unwrap_or_default() >= life * 2 / 3
}
