//! A real control plane for tests: an API server, a scheduler and controllers, without kubelets.
//!
//! `tests/controlplane` builds the program; this starts it and talks to it. Everything blocks: a
//! test is a plain function. A step that must work panics with a readable text; a request whose
//! refusal may be what the test is about returns it as a [`Refusal`].
#![expect(
    clippy::panic,
    clippy::expect_used,
    reason = "a harness fails the test that uses it by panicking"
)]

mod api;
#[cfg(test)]
mod e2e;
mod objects;

use std::fmt::Display;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

pub use api::{Answer, Api, Cause, Outcome, Patch, Refusal, Target};
pub use objects::{Namespace, Owned, bound_node, node, unique, unschedulable};

/// Where the program is looked for first.
const PROGRAM_VARIABLE: &str = "PLACECARD_CONTROLPLANE";

/// A running control plane. It stops when this is dropped, or when the process ends in whatever
/// way: its stdin, which it watches, is held open here.
pub struct ControlPlane {
    /// The administrator's kubeconfig.
    pub kubeconfig: PathBuf,
    /// `https://127.0.0.1:PORT` of the API server.
    pub server: String,
    /// As `/version` says it, `v1.X.Y`.
    pub version: String,
    /// The PEM file with the authority that signed the API server's certificate.
    pub ca: PathBuf,
    api: Api,
    child: Child,
    console: Mutex<Option<Console>>,
}

/// Where orders go and answers come from.
struct Console {
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
}

/// What came of the attempt that all tests of a process share.
enum Shared {
    Running(Box<ControlPlane>),
    Absent(String),
    Failed(String),
}

impl ControlPlane {
    /// The one control plane of this process, started by the first test that asks.
    ///
    /// # Errors
    /// The reason to skip the test: the program was not built.
    ///
    /// # Panics
    /// If the program is there and does not start.
    pub fn shared() -> Result<&'static Self, &'static str> {
        static SHARED: OnceLock<Shared> = OnceLock::new();
        let shared = SHARED.get_or_init(|| match program() {
            Err(reason) => Shared::Absent(reason),
            Ok(program) => match Self::launch(&program, &[]) {
                Ok(plane) => Shared::Running(Box::new(plane)),
                Err(error) => Shared::Failed(error),
            },
        });
        match shared {
            Shared::Running(plane) => Ok(plane),
            Shared::Absent(reason) => Err(reason),
            Shared::Failed(error) => panic!("{error}"),
        }
    }

    /// A control plane for this test alone: four seconds and 750 MB.
    ///
    /// # Errors
    /// The reason to skip the test: the program was not built.
    ///
    /// # Panics
    /// If the program is there and does not start.
    pub fn start() -> Result<Self, String> {
        Self::start_with(&[])
    }

    /// The same, with more arguments for the program.
    ///
    /// # Errors
    /// The reason to skip the test: the program was not built.
    ///
    /// # Panics
    /// If the program is there and does not start.
    pub fn start_with(arguments: &[&str]) -> Result<Self, String> {
        Ok(Self::launch(&program()?, arguments).unwrap_or_else(|error| panic!("{error}")))
    }

    /// Requests as the administrator.
    #[must_use]
    pub fn api(&self) -> &Api {
        &self.api
    }

    /// Stops, kills or starts a component, as `stop apiserver`, and returns when that is done.
    ///
    /// # Errors
    /// Why it was not carried out.
    pub fn order(&self, order: &str) -> Result<(), String> {
        let mut console = self.console.lock().unwrap_or_else(PoisonError::into_inner);
        let Console { orders, answers } =
            console.as_mut().ok_or("the control plane is stopping")?;
        writeln!(orders, "{order}").map_err(|error| error.to_string())?;
        let mut line = String::new();
        answers.read_line(&mut line).map_err(|error| error.to_string())?;
        let answer: serde_json::Value =
            serde_json::from_str(&line).map_err(|error| format!("{order}: {error}: {line:?}"))?;
        match answer["error"].as_str() {
            None => Ok(()),
            Some(error) => Err(format!("{order}: {error}")),
        }
    }

    fn launch(program: &Path, arguments: &[&str]) -> Result<Self, String> {
        // Kept, because the program itself removes it, also when no destructor of ours runs.
        let dir = tempfile::Builder::new()
            .prefix("placecard-controlplane-")
            .tempdir()
            .map_err(|error| format!("no temporary folder: {error}"))?
            .keep();
        let mut child = Command::new(program)
            .arg("--dir")
            .arg(&dir)
            .arg("--remove-dir")
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{} does not start: {error}", program.display()))?;
        let orders = child.stdin.take().expect("stdin is piped");
        let stdout = child.stdout.take().expect("stdout is piped");
        let mut line = String::new();
        let mut answers = BufReader::new(stdout);
        let read = answers.read_line(&mut line);
        let announcement: serde_json::Value = match (read, serde_json::from_str(&line)) {
            (Ok(1..), Ok(announcement)) => announcement,
            _ => {
                // It gives up by itself, and says why on stderr, which is ours.
                drop(orders);
                let status = child.wait().map_or_else(|e| e.to_string(), |s| s.to_string());
                return Err(format!(
                    "the control plane did not start ({status}); its logs are in {}",
                    dir.display()
                ));
            }
        };
        let text = |field: &str| announcement[field].as_str().unwrap_or_default().to_owned();
        let kubeconfig = PathBuf::from(text("kubeconfig"));
        Ok(Self {
            api: Api::connect(&kubeconfig),
            kubeconfig,
            server: text("server"),
            version: text("version"),
            ca: text("ca").into(),
            child,
            console: Mutex::new(Some(Console { orders, answers })),
        })
    }
}

impl Drop for ControlPlane {
    fn drop(&mut self) {
        // It ends with its standard input.
        drop(self.console.lock().unwrap_or_else(PoisonError::into_inner).take());
        let deadline = Instant::now() + Duration::from_secs(60);
        while Instant::now() < deadline {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(POLL);
        }
        // Its components end when it does.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The program's path, or why there is none.
fn program() -> Result<PathBuf, String> {
    let asked = std::env::var_os(PROGRAM_VARIABLE).map(PathBuf::from);
    find_program(PROGRAM_VARIABLE, asked, built_program(), "make controlplane")
}

fn built_program() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("target").join("controlplane")
}

/// A path that was asked for must exist; the usual one may be absent, and a command then builds it.
pub(crate) fn find_program(
    variable: &str,
    asked: Option<PathBuf>,
    usual: PathBuf,
    build: &str,
) -> Result<PathBuf, String> {
    match asked {
        Some(path) if path.is_file() => Ok(path),
        Some(path) => panic!("{variable} names {}, which is no file", path.display()),
        None if usual.is_file() => Ok(usual),
        None => Err(format!("{} is not built: run `{build}`", usual.display())),
    }
}

/// Between two looks.
const POLL: Duration = Duration::from_millis(50);

/// Looks until there is something to see.
///
/// # Panics
/// When there is nothing within the time; `what` says what was expected.
#[track_caller]
pub fn wait_until<T>(within: Duration, what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    wait_for(within, what, || look().ok_or_else(|| "nothing".to_owned()))
}

/// Like [`wait_until`], for looks that can say what they see instead.
///
/// # Panics
/// When it is not seen within the time, with what was seen last.
#[track_caller]
pub fn wait_for<T>(within: Duration, what: &str, mut look: impl FnMut() -> Result<T, String>) -> T {
    let deadline = Instant::now() + within;
    loop {
        match look() {
            Ok(seen) => return seen,
            Err(last) if Instant::now() >= deadline => {
                panic!("not within {within:?}: {what}; last seen: {last}")
            }
            Err(_) => std::thread::sleep(POLL),
        }
    }
}

/// What was started; without it says why the test is left out, and in continuous integration fails.
///
/// # Panics
/// If there is a reason, and `CI` is `true`.
#[expect(clippy::print_stderr, reason = "a test that is left out says so")]
pub fn or_skipped<T>(started: Result<T, impl Display>) -> Option<T> {
    let in_ci = std::env::var_os("CI").is_some_and(|value| value == "true");
    match started {
        Ok(started) => Some(started),
        Err(reason) if in_ci => panic!("{reason}"),
        Err(reason) => {
            eprintln!("skipped: {reason}");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_is_where_it_was_asked_for_or_where_it_is_built() {
        let here = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
        let nowhere = PathBuf::from("no/such/program");
        let find = |asked, usual| find_program(PROGRAM_VARIABLE, asked, usual, "make it");
        assert_eq!(find(Some(here.clone()), nowhere.clone()), Ok(here.clone()));
        assert_eq!(find(None, here.clone()), Ok(here));
        let reason = find(None, nowhere).expect_err("there is none");
        assert!(reason.ends_with("no/such/program is not built: run `make it`"), "{reason}");
        assert!(built_program().ends_with("target/controlplane"));
    }

    #[test]
    #[should_panic(expected = "PLACECARD_CONTROLPLANE names no/such/program")]
    fn a_program_that_was_asked_for_is_not_silently_skipped() {
        let asked = Some("no/such/program".into());
        let _ = find_program(PROGRAM_VARIABLE, asked, "Cargo.toml".into(), "make it");
    }

    #[test]
    fn waiting_ends_with_the_first_sight() {
        let mut looks = 0;
        let seen = wait_until(Duration::from_secs(10), "the third look", || {
            looks += 1;
            (looks == 3).then_some(looks)
        });
        assert_eq!(seen, 3);
    }

    #[test]
    #[should_panic(expected = "not within 0ns: rain; last seen: sun")]
    fn waiting_ends_with_the_time() {
        wait_for(Duration::ZERO, "rain", || Err::<(), _>("sun".to_owned()));
    }
}
