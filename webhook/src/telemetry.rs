//! The log, on standard error: text for people, JSON for machines.

use clap::ValueEnum;
use tracing_subscriber::EnvFilter;

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// Lines for people.
    Text,
    /// One JSON object a line.
    Json,
}

/// How much is logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogLevel {
    /// Only what broke.
    Error,
    /// And what is odd.
    Warn,
    /// And what was refused or warned about.
    Info,
    /// And what was admitted.
    Debug,
    /// Everything.
    Trace,
}

impl LogLevel {
    /// Libraries log at most warnings below debug: they name URLs and object names at info.
    const fn filter(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "warn,placecard_webhook=info",
            Self::Debug => "info,placecard_webhook=debug",
            Self::Trace => "trace",
        }
    }
}

/// Starts logging. A second call changes nothing.
pub fn start(level: LogLevel, format: LogFormat) {
    let log = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(level.filter()))
        .with_writer(std::io::stderr)
        .with_target(false);
    let _ = match format {
        LogFormat::Text => log.with_ansi(false).try_init(),
        LogFormat::Json => log.json().flatten_event(true).with_current_span(true).try_init(),
    };
}
