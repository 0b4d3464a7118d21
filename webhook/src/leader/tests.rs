use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};

use proptest::prelude::*;
use tokio::runtime::Builder;

use super::*;

const DAY: i64 = 86_400;
const DECADE: i64 = 3653 * DAY;

/// A Lease in memory, with the API server's rule about versions.
#[derive(Clone, Default)]
struct Memory {
    lease: Arc<Mutex<Option<Value>>>,
    version: Arc<AtomicU64>,
}

/// A replica's way to it, which can be cut.
struct Way {
    to: Memory,
    cut: Arc<AtomicBool>,
    /// Writes arrive, and their answers do not.
    deaf: Arc<AtomicBool>,
    /// The clock of whoever keeps it, if that says.
    date: Option<Wall>,
}

impl Store for Way {
    fn date(&self) -> Option<SystemTime> {
        self.date.as_ref().map(|date| date())
    }

    async fn get(&self) -> Result<Option<Value>, String> {
        if self.cut.load(Ordering::SeqCst) {
            return Err("no way".to_owned());
        }
        Ok(self.to.lease.lock().unwrap().clone())
    }

    async fn put(&self, mut lease: Value) -> Result<Option<Value>, String> {
        if self.cut.load(Ordering::SeqCst) {
            return Err("no way".to_owned());
        }
        let mut kept = self.to.lease.lock().unwrap();
        let version = |lease: &Value| lease.pointer("/metadata/resourceVersion").cloned();
        if kept.as_ref().and_then(version) != version(&lease) {
            return Ok(None);
        }
        let next = self.to.version.fetch_add(1, Ordering::SeqCst) + 1;
        lease["metadata"]["resourceVersion"] = json!(next.to_string());
        *kept = Some(lease.clone());
        match self.deaf.load(Ordering::SeqCst) {
            true => Err("no answer".to_owned()),
            false => Ok(Some(lease)),
        }
    }
}

struct Replica {
    leader: Leader,
    cut: Arc<AtomicBool>,
    deaf: Arc<AtomicBool>,
    /// Seconds by which its wall clock is ahead.
    ahead: Arc<AtomicI64>,
}

thread_local! {
    /// When the first clock of a test was made: all show the same.
    static START: Instant = Instant::now();
}

/// A clock, and by how many seconds it is ahead.
fn clock() -> (Wall, Arc<AtomicI64>) {
    let (by, start) = (Arc::new(AtomicI64::new(0)), START.with(|start| *start));
    let ahead = Arc::clone(&by);
    let wall: Wall = Arc::new(move || {
        let by = by.load(Ordering::SeqCst);
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(2_000_000_000) + start.elapsed();
        if by < 0 {
            now - Duration::from_secs(by.unsigned_abs())
        } else {
            now + Duration::from_secs(by.unsigned_abs())
        }
    });
    (wall, ahead)
}

fn replica(memory: &Memory, name: &str) -> Replica {
    told(memory, name, None)
}

/// One that is told the time by whoever keeps the Lease.
fn told(memory: &Memory, name: &str, date: Option<&Wall>) -> Replica {
    let (cut, deaf, (wall, ahead)) = (Arc::default(), Arc::default(), clock());
    let date = date.cloned();
    let way = Way { to: memory.clone(), cut: Arc::clone(&cut), deaf: Arc::clone(&deaf), date };
    Replica { leader: Leader::run(way, name.to_owned(), wall), cut, deaf, ahead }
}

/// Lets time go by in small steps, in which never more than one acts.
async fn after(seconds: u64, replicas: &[&Replica]) {
    for _ in 0..seconds * 4 {
        tokio::time::advance(Duration::from_millis(250)).await;
        for _ in 0..8 {
            tokio::task::yield_now().await;
        }
        let acting = replicas.iter().filter(|one| one.leader.held()).count();
        assert!(acting <= 1, "{acting} act");
    }
}

fn holder(memory: &Memory) -> String {
    let lease = memory.lease.lock().unwrap();
    lease.as_ref().map(|lease| lease["spec"]["holderIdentity"].to_string()).unwrap_or_default()
}

#[tokio::test(start_paused = true)]
async fn one_of_two_acts_and_the_other_takes_over() {
    let memory = Memory::default();
    let a = replica(&memory, "a");
    after(3, &[&a]).await;
    let b = replica(&memory, "b");
    after(60, &[&a, &b]).await;
    assert!(a.leader.held() && *a.leader.watch().borrow() && !b.leader.held());
    // The one that has it is away.
    a.cut.store(true, Ordering::SeqCst);
    after(11, &[&a, &b]).await;
    assert!(!a.leader.held() && !b.leader.held(), "the first stops before the second begins");
    after(12, &[&a, &b]).await;
    assert!(b.leader.held() && !*a.leader.watch().borrow() && holder(&memory) == "\"b\"");
    let lease = memory.lease.lock().unwrap().clone().unwrap();
    assert_eq!(lease["spec"]["leaseTransitions"], 1);
    // It comes back, and finds that another one has it.
    a.cut.store(false, Ordering::SeqCst);
    after(60, &[&a, &b]).await;
    assert!(b.leader.held() && !a.leader.held());
}

#[tokio::test(start_paused = true)]
async fn a_short_outage_changes_nothing_and_a_long_one_leaves_nobody() {
    let memory = Memory::default();
    let (a, b) = (replica(&memory, "a"), replica(&memory, "b"));
    after(6, &[&a, &b]).await;
    let first = a.leader.held();
    assert!(first != b.leader.held());
    let both = |cut| [&a, &b].iter().for_each(|one| one.cut.store(cut, Ordering::SeqCst));
    both(true);
    after(6, &[&a, &b]).await;
    both(false);
    after(6, &[&a, &b]).await;
    assert_eq!((a.leader.held(), b.leader.held()), (first, !first));
    both(true);
    after(60, &[&a, &b]).await;
    assert!(!a.leader.held() && !b.leader.held());
    both(false);
    after(20, &[&a, &b]).await;
    assert!(a.leader.held() || b.leader.held());
}

#[tokio::test(start_paused = true)]
async fn clocks_that_jump_or_differ_make_no_second_leader() {
    let memory = Memory::default();
    let (a, b) = (replica(&memory, "a"), replica(&memory, "b"));
    // An hour apart from the beginning.
    b.ahead.store(3600, Ordering::SeqCst);
    after(30, &[&a, &b]).await;
    let (first, second) = if a.leader.held() { (&a, &b) } else { (&b, &a) };
    second.ahead.fetch_add(7200, Ordering::SeqCst);
    after(30, &[&a, &b]).await;
    assert!(
        first.leader.held() && !second.leader.held(),
        "what others write is compared with nothing"
    );
    // The process was stopped, and its monotonic clock with it.
    first.ahead.fetch_add(60, Ordering::SeqCst);
    assert!(!first.leader.held());
    after(30, &[&a, &b]).await;
    assert!(a.leader.held() || b.leader.held());
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_is_deleted_or_taken_by_hand_is_lost() {
    let memory = Memory::default();
    let a = replica(&memory, "a");
    after(6, &[&a]).await;
    assert!(a.leader.held());
    *memory.lease.lock().unwrap() = None;
    after(6, &[&a]).await;
    assert!(a.leader.held(), "made anew");
    memory.lease.lock().unwrap().as_mut().unwrap()["spec"]["holderIdentity"] = json!("hand");
    after(6, &[&a]).await;
    assert!(!a.leader.held());
    after(20, &[&a]).await;
    assert!(a.leader.held(), "nobody renewed it");
    // Renewals arrive without an answer: it stops, and takes its own Lease again.
    a.deaf.store(true, Ordering::SeqCst);
    after(12, &[&a]).await;
    assert!(!a.leader.held());
    a.deaf.store(false, Ordering::SeqCst);
    after(3, &[&a]).await;
    assert!(a.leader.held());
}

#[tokio::test(start_paused = true)]
async fn a_leader_is_alive_while_its_renewals_are_seen() {
    let memory = Memory::default();
    let left = json!({"metadata": {}, "spec": {"holderIdentity": "gone", "renewTime": "long ago",
        "leaseDurationSeconds": 15}});
    *memory.lease.lock().unwrap() = Some(left);
    let a = replica(&memory, "a");
    after(3, &[&a]).await;
    assert!(!a.leader.is_alive(), "a Lease that was left behind says nothing");
    after(20, &[&a]).await;
    assert!(a.leader.held() && a.leader.is_alive());
    let b = replica(&memory, "b");
    assert!(!b.leader.is_alive(), "nothing was seen yet");
    after(6, &[&a, &b]).await;
    assert!(b.leader.is_alive() && !b.leader.held());
    // Nobody renews it, and nobody can.
    [&a, &b].iter().for_each(|one| one.cut.store(true, Ordering::SeqCst));
    after(10, &[&a, &b]).await;
    assert!(b.leader.is_alive(), "it lasts");
    after(8, &[&a, &b]).await;
    assert!(!a.leader.is_alive() && !b.leader.is_alive());
}

#[tokio::test(start_paused = true)]
async fn a_replica_whose_clock_is_far_off_leads_nothing() {
    for off in [301, DAY, DECADE, -301, -DAY, -DECADE] {
        let (memory, (date, _)) = (Memory::default(), clock());
        let a = told(&memory, "a", Some(&date));
        a.ahead.store(off, Ordering::SeqCst);
        after(60, &[&a]).await;
        assert!(!a.leader.held() && memory.lease.lock().unwrap().is_none(), "{off}");
        let b = told(&memory, "b", Some(&date));
        b.ahead.store(off.signum() * 290, Ordering::SeqCst);
        after(60, &[&a, &b]).await;
        assert!(b.leader.held() && a.leader.is_alive(), "{off}: it sees that another one leads");
        // Its clock is put right, and the other one goes.
        a.ahead.store(0, Ordering::SeqCst);
        b.cut.store(true, Ordering::SeqCst);
        after(30, &[&a, &b]).await;
        assert!(a.leader.held(), "{off}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_leader_whose_clock_jumps_stops_at_once_and_another_one_takes_over() {
    for off in [301, DAY, DECADE, -301, -DAY, -DECADE] {
        let (memory, (date, all)) = (Memory::default(), clock());
        let a = told(&memory, "a", Some(&date));
        after(6, &[&a]).await;
        let b = told(&memory, "b", Some(&date));
        after(6, &[&a, &b]).await;
        a.ahead.store(off, Ordering::SeqCst);
        assert!(!a.leader.held(), "{off}");
        after(30, &[&a, &b]).await;
        assert!(b.leader.held(), "{off}");
        // The clock of everything jumps: whoever leads goes on.
        for clock in [&all, &a.ahead, &b.ahead] {
            clock.store(off, Ordering::SeqCst);
        }
        after(5, &[&a, &b]).await;
        assert!(b.leader.held(), "{off}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_stands_still_renews_as_well() {
    for stands in [SystemTime::UNIX_EPOCH, SystemTime::UNIX_EPOCH - Duration::from_secs(60)] {
        let memory = Memory::default();
        let start = |name: &str| {
            let way =
                Way { to: memory.clone(), cut: Arc::default(), deaf: Arc::default(), date: None };
            let (ahead, cut, deaf) = (Arc::default(), Arc::default(), Arc::default());
            let leader = Leader::run(way, name.to_owned(), Arc::new(move || stands));
            Replica { leader, cut, deaf, ahead }
        };
        let a = start("a");
        after(6, &[&a]).await;
        let b = start("b");
        after(120, &[&a, &b]).await;
        assert!(a.leader.held() && b.leader.is_alive());
        let transitions = memory.lease.lock().unwrap().clone().unwrap();
        assert_eq!(transitions["spec"]["leaseTransitions"], 0, "nobody took it");
    }
}

/// What happens to one of three: its clock is set, or its way is cut or opened.
#[derive(Debug, Clone)]
enum Event {
    Clock(usize, i64),
    /// That of whoever keeps the Lease.
    Date(i64),
    Cut(usize, bool),
}

fn event() -> impl Strategy<Value = Event> {
    let ahead = || prop_oneof![Just(0), -400..400_i64, -DAY..DAY, -DECADE..DECADE];
    prop_oneof![
        4 => (0..3_usize, ahead()).prop_map(|(one, by)| Event::Clock(one, by)),
        1 => ahead().prop_map(Event::Date),
        2 => (0..3_usize, any::<bool>()).prop_map(|(one, cut)| Event::Cut(one, cut)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_clocks_do_no_two_lead_and_one_does_in_the_end(
        events in prop::collection::vec((event(), 0..25_u64), 1..30),
    ) {
        let runtime = Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let (memory, (date, all)) = (Memory::default(), clock());
            let own = ["a", "b", "c"].map(|name| told(&memory, name, Some(&date)));
            let own: Vec<&Replica> = own.iter().collect();
            for (event, seconds) in events {
                match event {
                    Event::Clock(one, by) => own[one].ahead.store(by, Ordering::SeqCst),
                    Event::Date(by) => all.store(by, Ordering::SeqCst),
                    Event::Cut(one, cut) => own[one].cut.store(cut, Ordering::SeqCst),
                }
                after(seconds, &own).await;
            }
            all.store(0, Ordering::SeqCst);
            for one in &own {
                one.ahead.store(0, Ordering::SeqCst);
                one.cut.store(false, Ordering::SeqCst);
            }
            after(40, &own).await;
            assert!(own.iter().any(|one| one.leader.held()));
        });
    }
}
