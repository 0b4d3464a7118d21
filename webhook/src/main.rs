//! `placecard-webhook`: see the library of the same name.

use std::process::ExitCode;

use clap::Parser as _;
use placecard_webhook::{args::Args, start, telemetry};

/// Exit code 0: told to stop. 2: could not start.
fn main() -> ExitCode {
    let args = Args::parse();
    telemetry::start(args.log_level, args.log_format);
    placecard_certs::install_provider();
    let ended = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| error.to_string())
        .and_then(|runtime| runtime.block_on(start::run(&args)));
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&error);
            ExitCode::from(2)
        }
    }
}

#[expect(clippy::print_stderr, reason = "a start that fails says so whatever the log level")]
fn complain(error: &str) {
    eprintln!("placecard-webhook: {error}");
}
