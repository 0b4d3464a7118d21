//! Cases in, verdicts out, line by line, so that a file of any length takes the memory of one case.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};

use placecard_policies::judge_case::{Options, judge_line};

/// Judges every line of a file, or of standard input for `-`; blank lines are passed over. False if
/// a line could not be read.
///
/// # Errors
/// The file cannot be read, or the output cannot be written.
pub(crate) fn judge_all(
    cases: &str,
    options: &Options,
    stdin: &mut dyn Read,
    stdout: &mut dyn Write,
) -> Result<bool, String> {
    if cases == "-" {
        return judge_lines("<stdin>", BufReader::new(stdin), options, stdout);
    }
    let file = File::open(cases).map_err(|error| format!("{cases}: {error}"))?;
    judge_lines(cases, BufReader::new(file), options, stdout)
}

fn judge_lines(
    name: &str,
    mut cases: impl BufRead,
    options: &Options,
    stdout: &mut dyn Write,
) -> Result<bool, String> {
    let mut readable = true;
    let mut out = BufWriter::new(stdout);
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = cases.read_until(b'\n', &mut line);
        if read.map_err(|error| format!("{name}: {error}"))? == 0 {
            break;
        }
        // As Go's decoder does, what is not UTF-8 reads as a replacement character.
        let text = String::from_utf8_lossy(&line);
        if text.trim().is_empty() {
            continue;
        }
        let answer = judge_line(&text, options);
        readable &= answer.is_ok();
        let answer = answer.unwrap_or_else(|refusal| refusal);
        if !written(writeln!(out, "{answer}"))? {
            return Ok(readable);
        }
    }
    written(out.flush())?;
    Ok(readable)
}

/// False if the reader went away (`| head`), which is no failure.
fn written(result: io::Result<()>) -> Result<bool, String> {
    match result {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(format!("the output cannot be written: {error}")),
    }
}
