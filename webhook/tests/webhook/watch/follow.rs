//! The corners of the protocol.

use std::sync::Arc;
use std::time::Duration;

use placecard_policies::live::Watched;
use placecard_webhook::watch::follow::{Follower, OBJECT_LIMIT};
use placecard_webhook::watch::head::Head;
use placecard_webhook::watch::health::{Health, Standing};
use placecard_webhook::watch::queue::{Change, Parcel, Seen, queue};
use serde_json::json;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::Instant;

use super::server::{Server, bookmark, object};

/// What a follower tells.
struct Told {
    receiver: mpsc::Receiver<Parcel>,
    health: Arc<Health>,
}

impl Told {
    async fn next(&mut self) -> String {
        let parcel = self.receiver.recv().await.unwrap();
        let Change::Seen(seen) = &parcel.change else { panic!("{parcel:?}") };
        match seen {
            Seen::Put(_, object) => {
                let head = Head::of(object, true);
                format!("put {}@{}", head.name, head.revision)
            }
            Seen::Unreadable(_, namespace, name) => format!("unreadable {namespace}/{name}"),
            Seen::Gone(_, namespace, name) => format!("gone {namespace}/{name}"),
            Seen::List(_) => "list".to_owned(),
            Seen::Listed(_) => "listed".to_owned(),
            Seen::Unknown(_) => "unknown".to_owned(),
            Seen::Unserved(kind) => format!("unserved {kind}"),
            Seen::NoGroups(kind) => format!("no {kind}"),
            Seen::Declared(kinds) => format!("declared {}", kinds.len()),
        }
    }

    async fn expect(&mut self, expected: &[&str]) {
        for one in expected {
            assert_eq!(self.next().await, *one);
        }
    }

    fn broken(&self) -> u64 {
        self.health.of(Watched::Service).unwrap().broken.get()
    }
}

fn follow(kind: Watched) -> (Server, Told) {
    let (server, client) = Server::start();
    let (queue, receiver) = queue();
    let health = Arc::new(Health::new(Duration::from_secs(300)));
    let lists = Arc::new(Semaphore::new(1));
    let follower = Follower::new(client, kind, queue, &health, lists);
    tokio::spawn(follower.run());
    (server, Told { receiver, health })
}

#[tokio::test(start_paused = true)]
async fn a_streaming_list_goes_on_as_a_watch() {
    let (mut server, mut told) = follow(Watched::Service);
    let asked = server.asked().await;
    assert_eq!(asked.path, "/api/v1/services");
    for (name, value) in [
        ("watch", "true"),
        ("sendInitialEvents", "true"),
        ("resourceVersionMatch", "NotOlderThan"),
        ("allowWatchBookmarks", "true"),
        ("resourceVersion", ""),
        ("fieldSelector", ""),
    ] {
        assert_eq!(asked.query(name), value, "{name}");
    }
    let seconds: u64 = asked.query("timeoutSeconds").parse().unwrap();
    assert!((300..=600).contains(&seconds), "{seconds}");
    let rest = asked.stream();
    rest.event("ADDED", &object("a", "3"));
    rest.event("BOOKMARK", &bookmark("5"));
    told.expect(&["list", "put a@3"]).await;
    // The end of the list and an event after it arrive together.
    let end = super::server::end_of_list("7");
    let both = format!(
        "{{\"type\":\"BOOKMARK\",\"object\":{end}}}\n{{\"type\":\"MODIFIED\",\"object\":{}}}\n",
        object("b", "8")
    );
    rest.text(&both);
    told.expect(&["listed", "put b@8"]).await;
    rest.event("DELETED", &object("a", "9"));
    told.expect(&["gone shop/a"]).await;
    drop(rest);
    let rest = server.watch("9").await;
    rest.event("BOOKMARK", &bookmark("20"));
    rest.event("ODD", &object("c", "21"));
    let rest = server.watch("20").await;
    assert_eq!(told.broken(), 1);
    rest.event("ADDED", &object("c", "21"));
    told.expect(&["put c@21"]).await;
    let health = told.health.of(Watched::Service).unwrap();
    assert_eq!((health.lists.get(), health.events.get(), health.resumes.get()), (1, 3, 2));
}

#[tokio::test(start_paused = true)]
async fn finished_pods_are_left_out_of_every_request() {
    let (mut server, _told) = follow(Watched::Pod);
    let fields = "status.phase%21%3DSucceeded%2Cstatus.phase%21%3DFailed";
    let asked = server.asked().await;
    assert_eq!(asked.query("fieldSelector"), fields);
    asked.status(422, "");
    let asked = server.asked().await;
    assert_eq!(asked.query("fieldSelector"), fields);
    asked.page(&[], "1", "");
    assert_eq!(server.asked().await.query("fieldSelector"), fields);
}

#[tokio::test(start_paused = true)]
async fn a_server_without_streaming_lists_is_listed_by_pages() {
    for code in [400, 422] {
        let (mut server, mut told) = follow(Watched::Service);
        server.asked().await.status(code, "sendInitialEvents is forbidden");
        let asked = server.asked().await;
        assert_eq!((asked.query("limit"), asked.query("watch")), ("500", ""));
        asked.page(&[object("a", "1"), object("b", "2")], "10", "t/1");
        let asked = server.asked().await;
        assert_eq!((asked.query("limit"), asked.query("continue")), ("500", "t%2F1"));
        asked.page(&[object("c", "3")], "10", "");
        told.expect(&["list", "put a@1", "put b@2", "put c@3", "listed"]).await;
        server.watch("10").await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_that_expires_in_the_middle_begins_anew_without_pages() {
    let (mut server, mut told) = follow(Watched::Service);
    server.asked().await.status(422, "");
    server.asked().await.page(&[object("a", "1")], "10", "t");
    server.asked().await.status(410, "the provided continue parameter is too old");
    let asked = server.asked().await;
    assert_eq!((asked.query("limit"), asked.query("continue")), ("", ""));
    asked.page(&[object("b", "2")], "20", "");
    told.expect(&["list", "put a@1", "list", "put b@2", "listed"]).await;
    server.watch("20").await;
}

#[tokio::test(start_paused = true)]
async fn a_page_that_is_cut_off_or_no_list_is_not_believed() {
    let (mut server, mut told) = follow(Watched::Service);
    server.asked().await.status(422, "");
    let items = json!([object("a", "1"), object("b", "2")]).to_string();
    let cut = format!("{{\"metadata\":{{\"resourceVersion\":\"1\"}},\"items\":{items}");
    server.asked().await.body(&cut);
    told.expect(&["list", "put a@1", "put b@2"]).await;
    for text in ["", "null", "<html>", r#"{"items":[]}"#] {
        let asked = server.asked().await;
        asked.body(text);
        if text.is_empty() {
            continue;
        }
    }
    loop {
        let asked = server.asked().await;
        if asked.query("watch") == "true" {
            asked.status(422, "");
            continue;
        }
        asked.page(&[object("b", "2")], "9", "");
        break;
    }
    while told.next().await != "put b@2" {}
    told.expect(&["listed"]).await;
    server.watch("9").await;
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_is_cut_in_an_object_goes_on_before_it() {
    let (mut server, mut told) = follow(Watched::Service);
    let rest = server.stream_list(&[object("a", "1")], "2").await;
    rest.event("MODIFIED", &object("a", "3"));
    rest.text("{\"type\":\"MODIFIED\",\"object\":{\"metadata\":{\"name\":\"b\",\"resourceVersion\":\"4\"}");
    rest.cut();
    told.expect(&["list", "put a@1", "listed", "put a@3"]).await;
    let rest = server.watch("3").await;
    rest.event("MODIFIED", &object("b", "4"));
    told.expect(&["put b@4"]).await;
    assert_eq!(told.broken(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_line_that_is_no_event_is_asked_for_again() {
    for garbage in [
        "garbage\n",
        "{}\n",
        "{\"type\":\"ADDED\"}\n",
        "{\"type\":\"ADDED\",\"object\":7}\n",
        "\u{0}\n",
    ] {
        let (mut server, mut told) = follow(Watched::Service);
        let rest = server.stream_list(&[], "2").await;
        rest.event("ADDED", &object("a", "3"));
        rest.text(garbage);
        rest.event("ADDED", &object("lost", "5"));
        told.expect(&["list", "listed", "put a@3"]).await;
        let rest = server.watch("3").await;
        assert_eq!(told.broken(), 1, "{garbage}");
        rest.event("ADDED", &object("b", "4"));
        told.expect(&["put b@4"]).await;
    }
}

/// What cannot be read is told, and the watch goes on.
#[tokio::test(start_paused = true)]
async fn a_broken_object_does_not_end_the_watch() {
    let (mut server, mut told) = follow(Watched::Service);
    let rest = server.stream_list(&[], "2").await;
    let head = "\"metadata\":{\"name\":\"bad\",\"namespace\":\"shop\",\"resourceVersion\":\"3\"}";
    rest.text(&format!("{{\"type\":\"ADDED\",\"object\":{{{head},\"spec\":%}}}}\n"));
    rest.event("ADDED", &object("good", "4"));
    told.expect(&["list", "listed", "put bad@3", "put good@4"]).await;
    let huge = "x".repeat(OBJECT_LIMIT);
    rest.text(&format!("{{\"type\":\"MODIFIED\",\"object\":{{{head},\"data\":\"{huge}"));
    rest.text("\"}}\n");
    rest.event("ADDED", &object("next", "6"));
    told.expect(&["unreadable shop/bad", "put next@6"]).await;
    assert_eq!(told.broken(), 1);
    assert!(rest.is_read());
}

#[tokio::test(start_paused = true)]
async fn a_broken_item_does_not_end_the_list() {
    let (mut server, mut told) = follow(Watched::Service);
    server.asked().await.status(422, "");
    let head = "\"metadata\":{\"name\":\"bad\",\"namespace\":\"shop\",\"resourceVersion\":\"3\"}";
    let huge = "x".repeat(OBJECT_LIMIT);
    server.asked().await.body(&format!(
        "{{\"items\":[{},{{{head},\"spec\":%}},{{{head},\"data\":\"{huge}\"}},{}],\"metadata\":{{\"resourceVersion\":\"9\"}}}}",
        object("a", "1"),
        object("b", "2"),
    ));
    told.expect(&["list", "put a@1", "put bad@3", "unreadable shop/bad", "put b@2", "listed"])
        .await;
    server.watch("9").await;
}

#[tokio::test(start_paused = true)]
async fn a_watch_that_lost_track_lists_anew() {
    let (mut server, mut told) = follow(Watched::Service);
    let rest = server.stream_list(&[object("a", "1")], "2").await;
    told.expect(&["list", "put a@1", "listed"]).await;
    let start = Instant::now();
    rest.event("ERROR", &json!({"kind": "Status", "code": 410, "reason": "Expired"}));
    let rest = server.stream_list(&[object("b", "5")], "6").await;
    told.expect(&["list", "put b@5", "listed"]).await;
    assert!(start.elapsed() >= Duration::from_secs(15), "lists are far apart");
    drop(rest);
    server.watch("6").await.cut();
    server.asked().await.status(410, "too old resource version");
    server.stream_list(&[], "9").await;
    told.expect(&["list", "listed"]).await;
}

#[tokio::test(start_paused = true)]
async fn what_is_refused_is_unknown_and_tried_again() {
    for code in [403, 404] {
        let (mut server, mut told) = follow(Watched::Service);
        let start = Instant::now();
        for _ in 0..9 {
            server.asked().await.status(code, "no");
            told.expect(&["unknown"]).await;
        }
        // Each pause is a half to the whole of 0.5, 1, 2, 4, 8, 16, 30 and 30 seconds.
        assert!((45..93).contains(&start.elapsed().as_secs()), "{:?}", start.elapsed());
        server.stream_list(&[], "2").await;
        told.expect(&["list", "listed"]).await;
        // Taken away later: that is believed when it has lasted.
        let start = Instant::now();
        for _ in 0..5 {
            let asked = server.asked().await;
            assert_eq!(asked.query("resourceVersion"), "2");
            asked.status(code, "no longer");
        }
        told.expect(&["unknown"]).await;
        assert!((3..10).contains(&start.elapsed().as_secs()), "{:?}", start.elapsed());
        server.stream_list(&[], "3").await;
        told.expect(&["list", "listed"]).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_has_not_read_the_roles_yet_makes_nobody_forget() {
    let (mut server, mut told) = follow(Watched::Service);
    server.stream_list(&[object("a", "1")], "2").await.cut();
    told.expect(&["list", "put a@1", "listed"]).await;
    for code in [403, 403, 503] {
        server.asked().await.status(code, "starting");
    }
    let rest = server.watch("2").await;
    rest.event("ADDED", &object("b", "3"));
    told.expect(&["put b@3"]).await;
}

#[tokio::test(start_paused = true)]
async fn a_watch_that_goes_quiet_is_asked_for_again() {
    let (mut server, mut told) = follow(Watched::Service);
    let rest = server.stream_list(&[], "2").await;
    told.expect(&["list", "listed"]).await;
    told.health.synced(Watched::Service);
    let start = Instant::now();
    let next = server.watch("2").await;
    let quiet = start.elapsed();
    assert!((99..110).contains(&quiet.as_secs()), "{quiet:?}");
    assert!(!rest.is_read());
    next.event("ADDED", &object("a", "3"));
    told.expect(&["put a@3"]).await;
    let Standing::Synced(age) = told.health.standing(Watched::Service) else { panic!() };
    assert!(age < Duration::from_secs(1), "the server took the revision: {age:?}");
}

#[tokio::test(start_paused = true)]
async fn a_streaming_list_that_never_ends_is_replaced_by_pages() {
    let (mut server, mut told) = follow(Watched::Service);
    let rest = server.asked().await.stream();
    rest.event("ADDED", &object("a", "1"));
    told.expect(&["list", "put a@1"]).await;
    let again = server.asked().await;
    let asked = if again.query("watch") == "true" {
        let rest = again.stream();
        rest.event("ADDED", &object("a", "1"));
        told.expect(&["list", "put a@1"]).await;
        let asked = server.asked().await;
        drop(rest);
        asked
    } else {
        again
    };
    assert_eq!(asked.query("limit"), "500");
    asked.page(&[object("a", "1")], "3", "");
    told.expect(&["list", "put a@1", "listed"]).await;
    server.watch("3").await;
}

/// A server that was restored from a backup has never heard of the revision.
#[tokio::test(start_paused = true)]
async fn a_revision_that_is_never_reached_is_given_up() {
    let (mut server, mut told) = follow(Watched::Service);
    drop(server.stream_list(&[], "900").await);
    told.expect(&["list", "listed"]).await;
    let mut attempts = 0;
    let asked = loop {
        let asked = server.asked().await;
        if asked.query("resourceVersion") != "900" {
            break asked;
        }
        attempts += 1;
        asked.status(504, "Too large resource version: 900, current: 30");
    };
    assert!((2..=10).contains(&attempts), "{attempts}");
    assert_eq!(asked.query("resourceVersion"), "");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_away_is_asked_ever_less() {
    let (mut server, mut told) = follow(Watched::Service);
    drop(server.stream_list(&[], "2").await);
    told.expect(&["list", "listed"]).await;
    let mut last = Instant::now();
    let mut longest = Duration::ZERO;
    for _ in 0..20 {
        drop(server.asked().await);
        longest = longest.max(last.elapsed());
        assert!(last.elapsed() <= Duration::from_secs(31));
        last = Instant::now();
    }
    assert!(longest >= Duration::from_secs(15), "{longest:?}");
    // Back again: nothing was forgotten.
    let rest = server.watch("2").await;
    rest.event("ADDED", &object("a", "3"));
    told.expect(&["put a@3"]).await;
    let start = Instant::now();
    drop(rest);
    server.watch("3").await;
    assert!(start.elapsed() < Duration::from_secs(1), "it worked: no pause");
}
