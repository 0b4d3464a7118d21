//! How far a long load has come, for people who wait.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use placecard_policies::feasibility::inventory::kind::Kind;
use placecard_policies::snapshot::seen::Seen;

/// Nothing is said before so much time has passed.
const PATIENCE: Duration = Duration::from_secs(1);
/// Between two words.
const PAUSE: Duration = Duration::from_millis(200);

/// One line that is written over and over, on a terminal; nothing anywhere else.
pub struct Progress<'w> {
    to: Option<&'w mut dyn Write>,
    next: Instant,
    bytes: usize,
    written: bool,
}

impl<'w> Progress<'w> {
    /// Says nothing.
    #[must_use]
    pub fn silent() -> Self {
        Self::new(None)
    }

    /// Speaks to `to` (the standard error of the process) if that is a terminal.
    #[must_use]
    pub fn on_terminal(to: &'w mut dyn Write) -> Self {
        Self::new(std::io::stderr().is_terminal().then_some(to))
    }

    fn new(to: Option<&'w mut dyn Write>) -> Self {
        Self { to, next: Instant::now() + PATIENCE, bytes: 0, written: false }
    }

    pub(super) fn add(&mut self, bytes: usize, seen: &Seen) {
        self.bytes += bytes;
        let Some(to) = &mut self.to else {
            return;
        };
        let now = Instant::now();
        if now >= self.next {
            self.next = now + PAUSE;
            self.written = true;
            let (nodes, pods) = (seen.count(Kind::Node), seen.count(Kind::Pod));
            // That it cannot be written hurts nobody.
            let _ = write!(to, "\r{} MB read: {nodes} nodes, {pods} pods", self.bytes / 1_000_000);
            let _ = to.flush();
        }
    }

    pub(super) fn end(&mut self) {
        if let (Some(to), true) = (&mut self.to, self.written) {
            // Back to an empty line.
            let _ = write!(to, "\r\x1b[K");
            let _ = to.flush();
        }
    }
}
