//! `placecard lsp`: a server of the Language Server Protocol (3.18) on standard input and output.
//!
//! ```text
//! frame: bytes <-> messages    session: messages in order, what is cancelled, what is to be told
//!                                 |- documents  what the editor has, over what the disk has
//!                                 |- judging    the linter's judgement of one document
//!                                 `- diagnostics, hover, completion, actions: answers from it
//! ```
//!
//! One thread reads, everything else happens on the one that was there. A message is handled to its
//! end; what waits can be cancelled, and what is to be told of documents is told when nothing waits.

mod actions;
mod completion;
mod described;
mod diagnostics;
mod documents;
mod frame;
mod hover;
mod judging;
mod place;
mod schema;
mod session;
mod text;
mod trouble;

use std::io::{BufRead, BufReader, Write};
use std::sync::mpsc::{channel, sync_channel};

use placecard_findings::Severity;

use crate::Outcome;
use frame::Frame;
use session::Session;

/// So many messages are read ahead; then the editor waits.
const AHEAD: usize = 64;

/// Serves until the editor says that it is enough, or is gone.
pub(crate) fn serve(stdout: &mut dyn Write, stderr: &mut dyn Write) -> Outcome {
    let (send, messages) = sync_channel(AHEAD);
    let reading = std::thread::Builder::new().name("reader".to_owned()).spawn(move || {
        let mut stdin = BufReader::new(std::io::stdin());
        for frame in frames(&mut stdin) {
            if send.send(frame).is_err() {
                return;
            }
        }
    });
    let orderly = reading.is_ok() && Session::new(stdout, stderr).run(&messages);
    Outcome {
        worst: (!orderly).then_some(Severity::Error),
        fail_on: Some(Severity::Error),
        ..Outcome::output(String::new())
    }
}

/// What an editor says, with its end.
fn frames(from: &mut dyn BufRead) -> impl Iterator<Item = Frame> {
    let mut has_ended = false;
    std::iter::from_fn(move || {
        let frame = (!has_ended).then(|| frame::read(from))?;
        has_ended = frame == Frame::End;
        Some(frame)
    })
}

/// Serves an editor that has said everything already, on this thread; whether its end was an orderly
/// one.
pub fn serve_all(from: &mut dyn BufRead, stdout: &mut dyn Write, stderr: &mut dyn Write) -> bool {
    let (send, messages) = channel();
    for frame in frames(from) {
        // The receiver is here.
        let _ = send.send(frame);
    }
    drop(send);
    Session::new(stdout, stderr).run(&messages)
}
