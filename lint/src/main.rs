//! The process around [`placecard_lint::run`].

use std::io::{self, IsTerminal};
use std::process::ExitCode;

use anstream::AutoStream;
use mimalloc::MiMalloc;

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// 0: nothing at or above `--fail-on`. 1: something. 2: it could not run.
fn main() -> ExitCode {
    let terminal = io::stdout().is_terminal();
    // Whether there are colours is decided with the arguments; here they only reach old consoles.
    let mut stdout = AutoStream::always(io::stdout());
    let mut stderr = AutoStream::always(io::stderr());
    let mut stdin = io::stdin();
    let code =
        placecard_lint::run(std::env::args_os(), &mut stdin, &mut stdout, &mut stderr, terminal);
    ExitCode::from(code)
}
