//! Certificates that several replicas share: every decision, and a world in which everything breaks
//! off at every step.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on fails by panicking"
)]

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use placecard_certs::keep::{Change, Plan, Sight, all_trusted, change, plan};
use placecard_certs::kept::{AUTHORITIES, AUTHORITY_KEYS, Kept, LEAF, LEAF_KEY, Lives};
use placecard_certs::{Authority, Pair, Refusal, judge_kept, self_signed, vouched};
use proptest::prelude::*;

const SECOND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_secs(86_400);

fn begin() -> SystemTime {
    UNIX_EPOCH + 20_000 * DAY
}

fn names() -> Vec<String> {
    vec!["hook.ns.svc".to_owned(), "hook.ns".to_owned()]
}

fn authority(name: &str, now: SystemTime) -> Authority {
    Authority::make(name, 300 * SECOND, 1000 * DAY, now).unwrap()
}

/// What one look sees, owned.
#[derive(Clone)]
struct Scene {
    now: SystemTime,
    kept: Kept,
    bundles: Vec<Vec<Authority>>,
    calm_for: Duration,
}

impl Scene {
    fn new() -> Self {
        let (kept, bundles) = (Kept::default(), vec![Vec::new(), Vec::new()]);
        Self { now: begin(), kept, bundles, calm_for: Duration::ZERO }
    }

    fn with<T>(&self, look: impl FnOnce(&Sight<'_>) -> T) -> T {
        let names = names();
        look(&Sight {
            now: self.now,
            names: &names,
            lives: Lives::default(),
            kept: &self.kept,
            bundles: Some(&self.bundles),
            calm_for: self.calm_for,
        })
    }

    fn plan(&self) -> Plan {
        self.with(plan)
    }

    /// Carries the plan out; whether there was anything to do.
    fn step(&mut self) -> bool {
        let plan = self.plan();
        let idle = plan == Plan { change: None, bundles: vec![None; self.bundles.len()] };
        if let Some(wanted) = plan.change {
            self.kept = self.with(|sight| change(sight, wanted)).unwrap();
        }
        for (bundle, wanted) in self.bundles.iter_mut().zip(plan.bundles) {
            if let Some(wanted) = wanted {
                *bundle = wanted;
            }
        }
        !idle
    }

    /// Until there is nothing to do.
    fn settled(mut self) -> Self {
        for _ in 0..10 {
            if !self.step() {
                return self;
            }
        }
        panic!("it never ends")
    }

    fn pair(&self) -> &Pair {
        &self.kept.leaf.as_ref().unwrap().pair
    }

    fn signer(&self) -> usize {
        let certificate = &self.pair().certified.cert[0];
        self.kept.authorities.iter().position(|one| one.signed(certificate)).unwrap()
    }
}

#[test]
fn the_first_start_waits_for_nothing() {
    let scene = Scene::new().settled();
    assert_eq!(scene.kept.authorities.len(), 1);
    assert_eq!(scene.pair().names, names());
    assert!(scene.bundles.iter().all(|bundle| *bundle == scene.kept.authorities));
    assert!(vouched(&scene.bundles[0], scene.pair(), "hook.ns.svc", scene.now));
    assert!(!vouched(&scene.bundles[0], scene.pair(), "other.ns.svc", scene.now));
    let life = scene.pair().not_after.duration_since(scene.now).unwrap();
    assert!(life <= 90 * DAY && life > 89 * DAY, "{life:?}");
}

#[test]
fn a_certificate_is_renewed_at_two_thirds_of_its_life_by_the_same_authority() {
    let mut scene = Scene::new().settled();
    scene.now += 59 * DAY;
    assert!(!scene.clone().step());
    scene.now += 2 * DAY;
    let before = scene.pair().not_after;
    let scene = scene.settled();
    assert!(scene.pair().not_after > before);
    assert_eq!((scene.kept.authorities.len(), scene.kept.former.len()), (1, 1));
}

#[test]
fn an_authority_is_trusted_everywhere_before_it_signs_and_until_nobody_serves_what_it_signed() {
    let mut scene = Scene::new().settled();
    // Renewed all along.
    for _ in 0..40 {
        scene.now += 30 * DAY;
        scene = scene.settled();
    }
    let old = scene.kept.authorities.clone();
    scene.now += 20 * DAY;
    scene.calm_for = DAY;
    while scene.plan().change != Some(Change::Add) {
        scene = scene.settled();
        scene.now += DAY;
    }
    assert!(scene.step());
    assert_eq!(scene.kept.authorities.len(), 2);
    scene.calm_for = Duration::ZERO;
    assert!(!all_trusted(&scene.kept, &scene.bundles));
    let mut scene = scene.settled();
    assert!(all_trusted(&scene.kept, &scene.bundles));
    assert_eq!(scene.signer(), 0, "API servers may not know the new one");
    scene.calm_for = 59 * SECOND;
    assert!(!scene.clone().step());
    // One bundle cannot be written: the old authority goes on.
    let mut stuck = scene.clone();
    (stuck.bundles[1], stuck.calm_for) = (old.clone(), DAY);
    assert_eq!(stuck.plan().change, None);
    scene.calm_for = 60 * SECOND;
    assert!(scene.step());
    assert_eq!(scene.signer(), 1);
    assert!(!scene.kept.authorities[0].is_usable(scene.now), "its key is gone");
    scene.calm_for = DAY;
    assert!(!scene.clone().step(), "somebody may serve the old certificate");
    scene.now += 91 * DAY;
    let scene = scene.settled();
    assert_eq!(scene.kept.authorities.len(), 1);
    assert!(scene.bundles.iter().all(|bundle| *bundle == scene.kept.authorities));
    assert!(scene.bundles.iter().all(|bundle| !bundle.contains(&old[0])));
}

#[test]
fn what_is_broken_or_missing_is_made_anew() {
    let scene = Scene::new().settled();
    let data = scene.kept.write();
    let spoilt = |edit: &dyn Fn(&mut Data)| {
        let mut data = data.clone();
        edit(&mut data);
        let mut spoilt = scene.clone();
        spoilt.kept = Kept::read(&data);
        spoilt.calm_for = DAY;
        spoilt.plan().change
    };
    let issues = |change: Option<Change>| matches!(change, Some(Change::Issue(_)));
    assert_eq!(spoilt(&|_| {}), None);
    for key in [LEAF, LEAF_KEY] {
        assert!(issues(spoilt(&|data| drop(data.remove(key)))), "{key}");
        assert!(issues(spoilt(&|data| data.get_mut(key).unwrap().truncate(100))), "{key}");
    }
    let other = self_signed(&["hook.ns.svc", "hook.ns"], DAY, begin()).unwrap();
    assert!(issues(spoilt(&|data| drop(
        data.insert(LEAF_KEY.into(), other.key_pem.clone().into())
    ))));
    for key in [AUTHORITIES, AUTHORITY_KEYS] {
        assert_eq!(spoilt(&|data| drop(data.remove(key))), Some(Change::Add), "{key}");
        let other = other.key_pem.clone().into_bytes();
        assert_eq!(spoilt(&|data| drop(data.insert(key.into(), other.clone()))), Some(Change::Add));
    }
    assert_eq!(spoilt(&BTreeMap::clear), Some(Change::Add));
}

#[test]
fn bundles_get_what_is_missing_and_lose_strangers_late() {
    let mut scene = Scene::new().settled();
    let own = scene.kept.authorities.clone();
    // Put back to nothing, as by the installation of a new release.
    scene.bundles[0].clear();
    assert_eq!(scene.plan().bundles, [Some(own.clone()), None]);
    let stranger = authority("stranger", begin() - 10 * DAY);
    scene.bundles[0] = vec![stranger.clone()];
    let both = vec![own[0].clone(), stranger];
    assert_eq!(scene.plan().bundles, [Some(both.clone()), Some(both.clone())]);
    scene.bundles = vec![both.iter().rev().cloned().collect(), both];
    assert_eq!(scene.plan().bundles, [None, None], "the order says nothing");
    scene.calm_for = 600 * SECOND;
    assert_eq!(scene.plan().bundles, [Some(own.clone()), Some(own)]);
    // Not known: nothing is written.
    let known = scene.with(|sight| plan(&Sight { bundles: None, ..*sight }));
    assert_eq!(known, Plan::default());
}

#[test]
fn what_was_put_back_to_an_older_state_is_made_anew_and_the_younger_authority_stays_trusted() {
    let mut scene = Scene::new().settled();
    let old = scene.kept.clone();
    // The key gets lost: another authority comes, and its certificate is served.
    scene.now += DAY;
    scene.kept.authorities.clear();
    scene.kept.leaf = None;
    scene.calm_for = DAY;
    let mut scene = scene.settled();
    let served = scene.pair().clone();
    assert_eq!(scene.bundles[0].len(), 1);
    scene.kept = old;
    scene.calm_for = Duration::ZERO;
    assert_eq!(scene.plan().bundles[0].as_ref().map(Vec::len), Some(2), "both are trusted");
    // Dates are to the second, and what is made now has to be the younger one.
    assert_eq!(scene.plan().change, None);
    scene.now += SECOND;
    assert!(matches!(scene.plan().change, Some(Change::Issue(_))));
    scene.now += SECOND;
    let scene = scene.settled();
    let replaced = scene.pair().clone();
    let judged = judge_kept(Some(&served), replaced, &scene.kept.authorities, &names(), scene.now);
    assert!(judged.is_ok(), "replicas that serve the younger one take it: {judged:?}");
    assert!(vouched(&scene.bundles[0], &served, "hook.ns", scene.now), "until they have");
}

/// Does what is planned until there is nothing left; each time anything is kept, calm begins anew.
fn rests(scene: &mut Scene) {
    for _ in 0..6 {
        let before = scene.kept.write();
        if !scene.step() {
            return;
        }
        if scene.kept.write() != before {
            scene.calm_for = Duration::ZERO;
        }
    }
    panic!("it goes on and on: {:?} at {:?}", scene.plan(), scene.now)
}

#[test]
fn nothing_is_made_again_and_again_at_the_end_of_an_authority_that_cannot_be_followed() {
    let mut scene = Scene::new().settled();
    let old = scene.kept.authorities.clone();
    let end = old[0].not_after;
    // Somebody puts one bundle back, each time.
    while scene.now + 40 * DAY < end {
        scene.now += 40 * DAY;
        scene.calm_for = Duration::ZERO;
        while scene.plan().change.is_some() {
            scene.step();
            scene.bundles[1].clone_from(&old);
        }
    }
    for left in [1000, 300, 100, 10, 1] {
        scene.now = end - left * SECOND;
        let made = (0..10).take_while(|_| {
            let wanted = scene.plan().change.is_some();
            scene.step();
            scene.bundles[1].clone_from(&old);
            wanted
        });
        let made = made.count();
        assert!(made <= 1, "{made} within one second, {left} before the end");
        assert_eq!(scene.pair().not_after, end, "as long as it can be");
    }
}

#[test]
fn nothing_is_made_again_and_again_beside_an_authority_of_somebody_else() {
    for since in [0, 1, 299, 300] {
        let mut scene = Scene::new().settled();
        scene.now += DAY;
        let now = scene.now;
        // As whoever makes it now does who does not date it back, or has another clock.
        let stranger = Authority::make("stranger", since * SECOND, 1000 * DAY, now).unwrap();
        scene.bundles[0].push(stranger);
        rests(&mut scene);
        let served = scene.pair().clone();
        for _ in 0..310 {
            scene.now += SECOND;
            rests(&mut scene);
        }
        assert!(scene.kept.former.len() <= 2, "{since}: {}", scene.kept.former.len());
        assert!(scene.pair().not_before > served.not_before, "{since}: it is the younger one now");
        scene.calm_for = DAY;
        rests(&mut scene);
        assert_eq!(scene.bundles[0], scene.kept.authorities, "{since}: and the stranger goes");
    }
}

#[test]
fn a_replica_keeps_a_good_pair() {
    let scene = Scene::new().settled();
    let (now, kept) = (scene.now, &scene.kept);
    let judge = |current: Option<&Pair>, offered: &Kept, now| {
        let pair = offered.leaf.as_ref().unwrap().pair.clone();
        judge_kept(current, pair, &offered.authorities, &names(), now).map(|pair| pair.not_after)
    };
    let own = &kept.leaf.as_ref().unwrap().pair;
    assert_eq!(judge(None, kept, now), Ok(own.not_after));
    assert_eq!(judge(Some(own), kept, now), Err(Refusal::Same));
    assert!(matches!(judge(None, kept, now + 91 * DAY), Err(Refusal::Bad(_))));
    assert!(matches!(judge(None, kept, now - DAY), Err(Refusal::Bad(_))));
    let mut later = scene.clone();
    later.now += 61 * DAY;
    let later = later.settled();
    assert_eq!(judge(Some(own), &later.kept, later.now), Ok(later.pair().not_after));
    assert_eq!(judge(Some(later.pair()), kept, later.now), Err(Refusal::Older));
    // The newer one is good no more: an older one is better than none.
    let young = judge(Some(later.pair()), kept, now);
    assert_eq!(young, Ok(own.not_after), "the clock was put back");
    let mut unvouched = kept.clone();
    unvouched.authorities = vec![authority("another", now)];
    assert_eq!(judge(None, &unvouched, now), Err(Refusal::NotFor("hook.ns.svc".to_owned())));
}

/// Short lives, so that a run sees authorities come and go.
fn lives() -> Lives {
    Lives { authority: 300 * SECOND, leaf: 90 * SECOND, settle: 10 * SECOND, linger: 60 * SECOND }
}

/// So long API servers may go by a bundle that was changed.
const LAG: Duration = Duration::from_secs(5);

/// What happens in the world.
#[derive(Debug, Clone)]
enum Event {
    /// Time goes by, in seconds.
    Wait(u64),
    /// A replica that may write looks, and does what it plans; `up_to` writes succeed, then it
    /// crashes.
    Write {
        writer: usize,
        up_to: usize,
    },
    /// A writer looks, and acts on what it saw only at its next turn.
    Look {
        writer: usize,
    },
    /// A replica takes over what is kept.
    Take {
        replica: usize,
    },
    /// A replica starts anew, with nothing.
    Restart {
        replica: usize,
    },
    /// A bundle is put back to nothing.
    Reset {
        bundle: usize,
    },
    /// What is kept is removed, or put back to what it was before.
    Remove,
    PutBack {
        by: usize,
    },
    /// A part of what is kept is spoilt.
    Spoil {
        key: usize,
    },
    /// A replica serves on, but does not reach the API server.
    Cut {
        replica: usize,
    },
}

/// By how much a clock jumps, in seconds: moments, days, decades, either way.
fn jump() -> impl Strategy<Value = i64> {
    prop_oneof![
        -400..400_i64,
        -100 * 86_400..100 * 86_400_i64,
        -20 * 31_557_600..20 * 31_557_600_i64,
    ]
}

/// What happens where nobody meddles.
fn calm_event() -> impl Strategy<Value = Event> {
    prop_oneof![
        8 => (1_u64..40).prop_map(Event::Wait),
        12 => (0..2_usize, 0..5_usize).prop_map(|(writer, up_to)| Event::Write { writer, up_to }),
        2 => (0..2_usize).prop_map(|writer| Event::Look { writer }),
        2 => (0..3_usize).prop_map(|replica| Event::Take { replica }),
        1 => (0..3_usize).prop_map(|replica| Event::Restart { replica }),
        1 => (0..2_usize).prop_map(|bundle| Event::Reset { bundle }),
        2 => (0..3_usize).prop_map(|replica| Event::Cut { replica }),
    ]
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        8 => (1_u64..40).prop_map(Event::Wait),
        12 => (0..2_usize, 0..5_usize).prop_map(|(writer, up_to)| Event::Write { writer, up_to }),
        2 => (0..2_usize).prop_map(|writer| Event::Look { writer }),
        6 => (0..3_usize).prop_map(|replica| Event::Take { replica }),
        1 => (0..3_usize).prop_map(|replica| Event::Restart { replica }),
        1 => (0..2_usize).prop_map(|bundle| Event::Reset { bundle }),
        1 => Just(Event::Remove),
        1 => (1..4_usize).prop_map(|by| Event::PutBack { by }),
        1 => (0..4_usize).prop_map(|key| Event::Spoil { key }),
    ]
}

/// A writer's memory: since when it has seen that all was well, of which revision.
#[derive(Default, Clone)]
struct Writer {
    calm: Option<(u64, SystemTime)>,
    /// What it saw: revisions of the bundles, of what is kept, and the plan.
    seen: Option<(Vec<u64>, u64, Kept, Plan, SystemTime)>,
}

type Data = BTreeMap<String, Vec<u8>>;

struct World {
    now: SystemTime,
    data: Data,
    revision: u64,
    history: Vec<Data>,
    bundles: Vec<(u64, Vec<Authority>)>,
    writers: Vec<Writer>,
    replicas: Vec<Option<Pair>>,
    /// When each replica looked last; `None`: it is cut off.
    looked: Vec<Option<SystemTime>>,
    /// What bundles were before, and until when.
    before: Vec<(SystemTime, Vec<Authority>)>,
}

impl World {
    fn new() -> Self {
        Self {
            now: begin(),
            data: Data::new(),
            revision: 0,
            history: Vec::new(),
            bundles: vec![(0, Vec::new()), (0, Vec::new())],
            writers: vec![Writer::default(); 2],
            replicas: vec![None; 3],
            looked: vec![Some(begin()); 3],
            before: Vec::new(),
        }
    }

    fn put(&mut self, data: Data) {
        self.history.push(std::mem::replace(&mut self.data, data));
        self.revision += 1;
    }

    fn look(&mut self, writer: usize) {
        let bundles: Vec<Vec<Authority>> =
            self.bundles.iter().map(|(_, one)| one.clone()).collect();
        let revisions = self.bundles.iter().map(|(revision, _)| *revision).collect();
        let kept = Kept::read(&self.data);
        let one = &mut self.writers[writer];
        let calm = all_trusted(&kept, &bundles);
        one.calm = match one.calm {
            Some((revision, since)) if calm && revision == self.revision => Some((revision, since)),
            _ => calm.then_some((self.revision, self.now)),
        };
        let calm_for = one.calm.map(|(_, since)| self.now.duration_since(since).unwrap());
        let names = names();
        let plan = plan(&Sight {
            now: self.now,
            names: &names,
            lives: lives(),
            kept: &kept,
            bundles: Some(&bundles),
            calm_for: calm_for.unwrap_or_default(),
        });
        one.seen = Some((revisions, self.revision, kept, plan, self.now));
    }

    fn act(&mut self, writer: usize, up_to: usize) {
        let Some((revisions, revision, kept, plan, then)) = self.writers[writer].seen.take() else {
            return;
        };
        let mut left = up_to;
        for (index, wanted) in plan.bundles.into_iter().enumerate() {
            let Some(wanted) = wanted else { continue };
            if left == 0 {
                self.writers[writer] = Writer::default();
                return;
            }
            left -= 1;
            let (now, bundle) = &mut self.bundles[index];
            if *now == revisions[index] {
                *now += 1;
                self.before.push((self.now, std::mem::replace(bundle, wanted)));
            }
        }
        let Some(wanted) = plan.change else { return };
        if left == 0 {
            self.writers[writer] = Writer::default();
        } else if revision == self.revision {
            let names = names();
            let sight = Sight {
                now: then,
                names: &names,
                lives: lives(),
                kept: &kept,
                bundles: None,
                calm_for: Duration::ZERO,
            };
            let data = change(&sight, wanted).unwrap().write();
            self.put(data);
        }
    }

    fn take(&mut self, replica: usize) {
        self.looked[replica] = Some(self.now);
        let kept = Kept::read(&self.data);
        let Some(leaf) = kept.leaf else { return };
        let current = self.replicas[replica].as_ref();
        let taken = judge_kept(current, leaf.pair, &kept.authorities, &names(), self.now);
        if let Ok(pair) = taken {
            self.replicas[replica] = Some(pair);
        }
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Wait(seconds) => {
                self.now += Duration::from_secs(seconds);
                // A replica looks at least as often as this.
                for replica in 0..self.replicas.len() {
                    let late = |at| self.now.duration_since(at).unwrap() > 20 * SECOND;
                    if self.looked[replica].is_some_and(late) {
                        self.take(replica);
                    }
                }
            }
            Event::Write { writer, up_to } => {
                if self.writers[writer].seen.is_none() {
                    self.look(writer);
                }
                self.act(writer, up_to);
            }
            Event::Look { writer } => self.look(writer),
            Event::Take { replica } => self.take(replica),
            Event::Restart { replica } => self.replicas[replica] = None,
            Event::Cut { replica } => self.looked[replica] = None,
            // One at a time: what all of them have lost nobody knows.
            Event::Reset { bundle } if self.bundles[1 - bundle].1.is_empty() => {}
            Event::Reset { bundle } => {
                let (revision, authorities) = &mut self.bundles[bundle];
                (*revision, *authorities) = (*revision + 1, Vec::new());
            }
            Event::Remove => self.put(Data::new()),
            Event::PutBack { by } => {
                let index = self.history.len().checked_sub(by);
                let older = index.and_then(|index| self.history.get(index)).cloned();
                self.put(older.unwrap_or_default());
            }
            Event::Spoil { key } => {
                let mut data = self.data.clone();
                if let Some(value) =
                    data.get_mut([LEAF, LEAF_KEY, AUTHORITIES, AUTHORITY_KEYS][key])
                {
                    value.truncate(value.len() / 2);
                }
                self.put(data);
            }
        }
    }

    /// Each pair that is served and valid is vouched for by each bundle that has authorities, as it is
    /// and as API servers may see it still.
    fn check(&self) -> Result<(), TestCaseError> {
        for pair in self.replicas.iter().flatten() {
            if pair.check_validity(self.now).is_err() {
                continue;
            }
            let before = self.before.iter().filter(|(until, _)| *until + LAG > self.now);
            let bundles = self.bundles.iter().map(|(_, bundle)| bundle);
            let bundles = bundles.chain(before.map(|(_, bundle)| bundle));
            // One without any that is valid trusts nobody.
            let valid = |one: &Authority| one.not_before <= self.now && self.now <= one.not_after;
            for bundle in bundles.filter(|bundle| bundle.iter().any(valid)) {
                let good = vouched(bundle, pair, "hook.ns.svc", self.now);
                prop_assert!(good, "{pair:?} is served, and a bundle holds {bundle:?}");
            }
        }
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_the_clock_does_it_comes_to_rest_with_a_certificate_of_that_time(
        jumps in prop::collection::vec((jump(), any::<bool>(), prop::option::of(0..400_u32)), 1..12),
    ) {
        let mut scene = Scene::new().settled();
        for (jump, calm, strange) in jumps {
            // No clock is right before 1971, and none of X.509 after 9999.
            let since = scene.now.duration_since(UNIX_EPOCH).unwrap().as_secs();
            let since = since.saturating_add_signed(jump).clamp(366 * 86_400, 200_000_000_000);
            scene.now = UNIX_EPOCH + Duration::from_secs(since);
            if let Some(back) = strange {
                let made = Authority::make("stranger", back * SECOND, 10 * DAY, scene.now).unwrap();
                scene.bundles[0].push(made);
            }
            scene.calm_for = if calm { DAY } else { Duration::ZERO };
            rests(&mut scene);
            scene.calm_for = DAY;
            rests(&mut scene);
            scene.calm_for = DAY;
            rests(&mut scene);
            let (pair, now) = (scene.pair(), scene.now);
            prop_assert!(pair.check_validity(now).is_ok());
            for bundle in &scene.bundles {
                prop_assert!(vouched(bundle, pair, "hook.ns.svc", now));
            }
        }
    }

    #[test]
    fn who_is_cut_off_stays_trusted_as_long_as_its_certificate_lasts(
        events in prop::collection::vec(calm_event(), 100..200),
    ) {
        let mut world = World::new();
        for event in events {
            world.happen(event);
            world.check()?;
        }
    }

    #[test]
    fn what_is_served_is_trusted_wherever_anything_is(
        events in prop::collection::vec(event(), 60..160),
    ) {
        let mut world = World::new();
        for event in events {
            world.happen(event);
            world.check()?;
        }
        // And it comes to rest: a good certificate is kept, trusted and taken over.
        for _ in 0..40 {
            world.happen(Event::Wait(5));
            for writer in 0..2 {
                world.look(writer);
                world.act(writer, usize::MAX);
                world.check()?;
            }
        }
        for replica in 0..3 {
            world.take(replica);
            let pair = world.replicas[replica].clone();
            prop_assert!(pair.is_some_and(|pair| pair.check_validity(world.now).is_ok()));
        }
        world.check()?;
        let kept = Kept::read(&world.data);
        let bundles: Vec<Vec<Authority>> = world.bundles.into_iter().map(|(_, one)| one).collect();
        prop_assert!(all_trusted(&kept, &bundles));
    }
}
