//! A server that is asked: a process of its own on a port of its own.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use placecard_tests::process::processor_time;

use super::{Result, bodies};

/// A server.
pub(crate) struct Server {
    /// What it is called in tables.
    pub(crate) name: &'static str,
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// The authority of its certificate.
    pub(crate) ca: PathBuf,
    child: Child,
}

impl Server {
    /// The webhook as it is shipped, without a cluster but with what the annotations name.
    pub(crate) fn webhook(program: &Path, folder: &Path) -> Result<Self> {
        let objects = folder.join("objects.yaml");
        fs::write(&objects, bodies::OBJECTS)?;
        let ca = folder.join("webhook.pem");
        let mut command = Command::new(program);
        command.args(["--standalone", "--addr", "127.0.0.1:0", "--log-level", "warn", "--objects"]);
        command.arg(objects).arg("--ca-out").arg(&ca);
        Self::start("webhook", command, ca)
    }

    /// An echo of the kind that the argument says.
    pub(crate) fn echo(argument: &'static str, folder: &Path) -> Result<Self> {
        let ca = folder.join(format!("{argument}.pem"));
        let mut command = Command::new(std::env::current_exe()?);
        command.arg(argument).arg(&ca);
        Self::start(argument, command, ca)
    }

    fn start(name: &'static str, mut command: Command, ca: PathBuf) -> Result<Self> {
        let program = command.get_program().display().to_string();
        let mut child = command
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{program}: {error}"))?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().ok_or("no output")?).read_line(&mut line)?;
        let url = line.trim().strip_prefix("listening on https://").ok_or("it does not listen")?;
        let address = url.parse()?;
        Ok(Self { name, address, ca, child })
    }

    /// Processor time of all its threads and of the kernel for it, in seconds, to a hundredth.
    pub(crate) fn processor_time(&self) -> Result<f64> {
        processor_time(self.child.id())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
