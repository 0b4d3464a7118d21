//! How far a long run has come, for people who wait.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

/// Nothing is said before so much time has passed.
const PATIENCE: Duration = Duration::from_secs(1);
/// Between two pictures.
const PAUSE: Duration = Duration::from_millis(200);
/// Characters between the brackets.
const WIDTH: usize = 30;

/// What a run does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Files are read.
    Reading,
    /// Objects are judged.
    Judging,
}

/// A bar that is drawn over and over in one line of a terminal; nothing anywhere else.
pub struct Bar<'w> {
    to: Option<&'w mut dyn Write>,
    next: Instant,
    drawn: bool,
}

impl<'w> Bar<'w> {
    /// Draws on `to` (the standard error of the process) if that is a terminal.
    #[must_use]
    pub fn on_terminal(to: &'w mut dyn Write) -> Self {
        Self::new(std::io::stderr().is_terminal().then_some(to), PATIENCE)
    }

    fn new(to: Option<&'w mut dyn Write>, patience: Duration) -> Self {
        Self { to, next: Instant::now() + patience, drawn: false }
    }

    /// So many of so many are done.
    pub fn tell(&mut self, step: Step, done: usize, all: usize) {
        let Some(to) = &mut self.to else { return };
        // The clock is asked rarely: most steps take less than a look at it.
        if !done.is_multiple_of(16) {
            return;
        }
        let now = Instant::now();
        if now >= self.next {
            self.next = now + PAUSE;
            self.drawn = true;
            // That it cannot be drawn hurts nobody.
            let _ = write!(to, "\r{}", picture(step, done, all));
            let _ = to.flush();
        }
    }
}

impl Drop for Bar<'_> {
    /// Back to an empty line.
    fn drop(&mut self) {
        if let (Some(to), true) = (&mut self.to, self.drawn) {
            let _ = write!(to, "\r\x1b[K");
            let _ = to.flush();
        }
    }
}

fn picture(step: Step, done: usize, all: usize) -> String {
    let full = (done * WIDTH).checked_div(all).unwrap_or_default().min(WIDTH);
    let what = match step {
        Step::Reading => "files read",
        Step::Judging => "objects judged",
    };
    format!("[{}{}] {done} of {all} {what}", "#".repeat(full), "-".repeat(WIDTH - full))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_drawn_and_wiped() {
        let mut out = Vec::new();
        let mut bar = Bar::new(Some(&mut out), Duration::ZERO);
        bar.tell(Step::Reading, 16, 32);
        bar.tell(Step::Reading, 17, 32);
        drop(bar);
        let half = "#".repeat(15) + &"-".repeat(15);
        assert_eq!(
            String::from_utf8(out).unwrap(),
            format!("\r[{half}] 16 of 32 files read\r\x1b[K")
        );
        let mut out = Vec::new();
        Bar::new(Some(&mut out), PATIENCE).tell(Step::Judging, 0, 1);
        Bar::new(None, Duration::ZERO).tell(Step::Judging, 0, 0);
        assert_eq!(out, Vec::<u8>::new());
        assert_eq!(
            picture(Step::Judging, 0, 0),
            format!("[{}] 0 of 0 objects judged", "-".repeat(30))
        );
    }
}
