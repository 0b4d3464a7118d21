//! What comes and goes leaves nothing behind, whatever it is called.

use std::collections::VecDeque;

use placecard_policies::live::{Live, WATCHED, Watched};

use crate::objects::{broken, object};
use crate::server;

/// So many objects of each kind are there at once.
const AT_ONCE: usize = 6;

/// So many of each kind have come in the end. What is out of use is swept once there are a thousand of
/// it, which happens before half of them have come.
const ROUNDS: usize = 1_200;

/// Bytes of all that is kept, written out; the numbers in it have about as many digits all the while.
fn size(live: &Live) -> usize {
    format!("{live:?}").len()
}

/// An object with names, labels and selectors that no other round has; some cannot be read.
fn text(kind: Watched, round: usize) -> String {
    let bytes =
        if round.is_multiple_of(7) { broken(kind, round) } else { object(kind, round, round % 12) };
    let text = String::from_utf8(bytes).expect("text");
    // Namespaces, and keys of labels with their values.
    text.replace("\"ns-", &format!("\"ns-{round}-"))
        .replace("\"app\"", &format!("\"app-{round}\""))
        .replace("\"team\"", &format!("\"team-{round}\""))
}

/// The name that a text gives itself.
fn named(text: &str) -> (String, String) {
    let value: serde_json::Value = serde_json::from_str(text).expect("JSON");
    let of = |field: &str| value["metadata"][field].as_str().unwrap_or_default().to_owned();
    (of("namespace"), of("name"))
}

#[test]
fn ever_new_names_and_labels_are_forgotten_with_their_objects() {
    let mut live = Live::new(server());
    for kind in WATCHED {
        live.list(kind);
        live.listed(kind);
    }
    let empty = live.clone();
    let (mut there, mut warm, mut most) = (VecDeque::new(), 0, 0);
    for round in 1_000..1_000 + ROUNDS {
        for kind in WATCHED {
            let text = text(kind, round);
            let read = live.put(kind, text.as_bytes());
            assert_eq!(read.is_err(), round.is_multiple_of(7), "{kind:?}: {text}");
            there.push_back((kind, named(&text)));
        }
        while there.len() > AT_ONCE * WATCHED.len() {
            let (kind, (namespace, name)) = there.pop_front().expect("one is there");
            live.gone(kind, &namespace, &name);
        }
        if round.is_multiple_of(25) {
            let place = if round < 1_000 + ROUNDS / 2 { &mut warm } else { &mut most };
            *place = size(&live).max(*place);
        }
    }
    assert!(most < warm + warm / 10, "{warm} bytes at half time at most, then {most}");
    for (kind, (namespace, name)) in there {
        live.gone(kind, &namespace, &name);
    }
    let sweep = |live: &Live| {
        let mut state = live.state().clone();
        state.forget(0);
        state.sweep();
        (state.sizes(), state.census())
    };
    assert_eq!(sweep(&live), sweep(&empty));
    for kind in WATCHED {
        assert_eq!((live.count(kind), live.broken_count(kind)), (0, 0), "{kind:?}");
    }
    assert_eq!(live.annotated().count(), 0);
}
