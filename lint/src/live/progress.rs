//! How far a listing has come, for people who wait at a terminal.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use placecard_policies::feasibility::inventory::kind::Kind;

/// Between two words; nothing is said before.
const PAUSE: Duration = Duration::from_millis(200);

/// One line of the standard error, written over and over.
pub(super) struct Progress {
    terminal: bool,
    next: Instant,
    written: bool,
}

impl Progress {
    pub(super) fn new() -> Self {
        let terminal = std::io::stderr().is_terminal();
        Self { terminal, next: Instant::now() + PAUSE, written: false }
    }

    /// So many objects of the kind are there.
    pub(super) fn at(&mut self, kind: Kind, count: usize) {
        if !self.terminal || Instant::now() < self.next {
            return;
        }
        self.next = Instant::now() + PAUSE;
        self.written = true;
        say(&format!("\r\x1b[K{}: {count}", kind.resource()));
    }

    /// Back to an empty line.
    pub(super) fn end(&mut self) {
        if std::mem::take(&mut self.written) {
            say("\r\x1b[K");
        }
    }
}

/// That it cannot be written hurts nobody.
fn say(text: &str) {
    let mut to = std::io::stderr();
    let _ = to.write_all(text.as_bytes()).and_then(|()| to.flush());
}
