//! A server that is asked: a process of its own on a port of its own.

use std::io::BufReader;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command};
use std::{env, fs};

use placecard_tests::process::{listening, processor_time};

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
    /// Open as long as it runs, for whatever it prints.
    _output: BufReader<ChildStdout>,
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

    fn start(name: &'static str, command: Command, ca: PathBuf) -> Result<Self> {
        let (child, output, address) = listening(&mut on_cores(command))?;
        Ok(Self { name, address, ca, child, _output: output })
    }

    /// Processor time of all its threads and of the kernel for it, in seconds, to a hundredth.
    pub(crate) fn processor_time(&self) -> Result<f64> {
        processor_time(self.child.id())
    }
}

/// The same on the processors that `SERVER_CORES` names for `taskset`, if it does.
fn on_cores(command: Command) -> Command {
    let Some(cores) = env::var_os("SERVER_CORES") else { return command };
    let mut pinned = Command::new("taskset");
    pinned.arg("--cpu-list").arg(cores).arg(command.get_program()).args(command.get_args());
    pinned
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
