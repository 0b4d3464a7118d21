//! Files to read: how long it takes, and how much memory.
//!
//! Each file is read by a process of its own, so that the memory is that of nothing else.

use std::fs::{self, File};
use std::io::{self, BufWriter, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use placecard_feasibility::state::State;
use placecard_policies::snapshot::seen::Intake;
use placecard_policies::snapshot::stream::Reader;
use serde::{Deserialize, Serialize};

use crate::cluster::{Kind, Size, incoming, write_cluster};
use crate::engine::Engine;
use crate::machine::{Watch, processor_seconds, resident};
use crate::options::Options;
use crate::report::Table;
use crate::{Failure, dump, reading, verdicts};

const SIZE: Size = Size { nodes: 5000, pods: 30 };

/// Writes a file.
type Write = fn(&mut BufWriter<File>) -> io::Result<()>;

/// What the process that read a file says of it.
#[derive(Debug, Serialize, Deserialize)]
pub struct Loaded {
    pub seconds: f64,
    /// Of these, the processor's.
    pub busy: f64,
    /// The most resident memory up to then, and what is left, in megabytes.
    pub peak: f64,
    pub after: f64,
}

/// Writes the two files and reads them.
///
/// # Errors
///
/// Those of the disk, and answers that are wrong.
pub fn measure(options: &Options) -> Result<(), Failure> {
    println!("\n## loading\n");
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    fs::create_dir_all(&folder)?;
    let mut table = Table::new([
        "file",
        "MB",
        "seconds",
        "CPU",
        "MB a second",
        "peak MB resident",
        "MB afterwards",
    ]);
    let files: [(&str, &str, Write); 2] = [
        ("workload-5000-30.json", "the anchor cluster, as recorded", |out| {
            write_cluster(out, SIZE)
        }),
        ("dump-5000-30.json", "150,000 full pods, as kubectl prints them", |out| {
            dump::write(out, SIZE).map(|_| ())
        }),
    ];
    let watch = Watch::start();
    for (name, what, write) in files {
        let path = folder.join(name);
        if !path.exists() || !options.keep {
            let mut out = BufWriter::with_capacity(1 << 20, File::create(&path)?);
            write(&mut out)?;
            out.flush()?;
        }
        #[expect(clippy::cast_precision_loss, reason = "bytes")]
        let megabytes = fs::metadata(&path)?.len() as f64 / 1e6;
        // The first reading only warms the disk's cache.
        let (_, loaded) = (read_apart(&path)?, read_apart(&path)?);
        table.row([
            what.to_owned(),
            format!("{megabytes:.0}"),
            format!("{:.2}", loaded.seconds),
            format!("{:.2}", loaded.busy),
            format!("{:.0}", megabytes / loaded.seconds),
            format!("{:.0}", loaded.peak),
            format!("{:.0}", loaded.after),
        ]);
        if !options.keep {
            fs::remove_file(&path)?;
        }
    }
    table.print();
    println!("one thread; the second reading; {}", watch.others());
    Ok(())
}

/// Runs this program again for the file.
fn read_apart(path: &Path) -> Result<Loaded, Failure> {
    let output = Command::new(std::env::current_exe()?).arg("--load-here").arg(path).output()?;
    let text = String::from_utf8(output.stdout)?;
    if !output.status.success() {
        return Err(text.into());
    }
    Ok(serde_json::from_str(&text)?)
}

/// Reads the file, says so in a line of JSON, and checks that what was read is the anchor cluster.
///
/// # Errors
///
/// If the file cannot be read, or is another cluster.
pub fn load_in_this_process(path: &Path) -> Result<(), Failure> {
    let start = Instant::now();
    let mut state = State::new(reading::semantics());
    let mut intake = Intake::new(&mut state);
    let mut reader = Reader::new();
    let mut file = File::open(path)?;
    let mut piece = vec![0; 1 << 18];
    loop {
        let length = file.read(&mut piece)?;
        if length == 0 {
            break;
        }
        reader.push(piece.get(..length).unwrap_or_default(), &mut intake);
    }
    reader.finish(&mut intake);
    let (_, problems) = intake.finish();
    if let Some(problem) = problems.first() {
        return Err(format!("{}: {problem:?}", path.display()).into());
    }
    let mut engine = Engine::new(state);
    let seconds = start.elapsed().as_secs_f64();
    let busy = processor_seconds().unwrap_or(f64::NAN);
    let (peak, after) = resident().unwrap_or((f64::NAN, f64::NAN));
    for kind in Kind::ALL {
        let found = reading::counted(&engine.words(&reading::pod(&incoming(kind))?));
        if verdicts::of(SIZE, kind).as_ref() != Some(&found) {
            return Err(format!("{}: {kind:?} is judged {found:?}", path.display()).into());
        }
    }
    println!("{}", serde_json::to_string(&Loaded { seconds, busy, peak, after })?);
    Ok(())
}
