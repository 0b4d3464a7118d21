//! `placecard intent`: what is decoded, and what is encoded.

use placecard_language::affinity::text::Encoding;

use super::lint::configuration;
use super::{Configuration, Inputs, ONCE, Plan};
use crate::args::Sources;

/// What is encoded, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncodeAsk {
    /// A file, or `-`; `None`: the sentences below.
    pub file: Option<String>,
    /// Rules that must hold.
    pub require: Vec<String>,
    /// Rules that should hold.
    pub prefer: Vec<String>,
    /// What is printed.
    pub output: Output,
    /// The vocabulary's file.
    pub vocabulary: Option<String>,
    /// Where UIDs are looked up.
    pub objects: Vec<String>,
    /// The same, as a cluster.
    pub cluster: Vec<String>,
    /// The namespace of what is named without one.
    pub namespace: Option<String>,
    /// Which configurations count.
    pub configuration: Configuration,
}

impl EncodeAsk {
    /// What is read besides: the vocabulary alone.
    #[must_use]
    pub fn inputs(&self) -> Inputs {
        Inputs::of_vocabulary(self.vocabulary.clone())
    }
}

/// What encoding prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    /// The blob.
    Blob(Encoding),
    /// The entries.
    Json,
}

/// `placecard intent decode`.
pub(super) fn decode(data: Option<String>, hex: bool, base64: bool) -> Result<Plan, String> {
    let Some(data) = data else {
        return Err("which data? give the blob as text, or - for standard input".to_owned());
    };
    let encoding = match (hex, base64) {
        (true, true) => return Err("the data is in one encoding: --hex or --base64".to_owned()),
        (true, false) => Some(Encoding::Hex),
        (false, true) => Some(Encoding::Base64),
        (false, false) => None,
    };
    Ok(Plan::Decode { data, encoding })
}

/// `placecard intent encode`.
pub(super) fn encode(
    file: Option<String>,
    [require, prefer]: [Vec<String>; 2],
    (hex, json): (bool, bool),
    sources: Sources,
) -> Result<EncodeAsk, String> {
    let output = match (hex, json) {
        (true, true) => return Err("the answer has one form: --hex or --json".to_owned()),
        (true, false) => Output::Blob(Encoding::Hex),
        (false, false) => Output::Blob(Encoding::Base64),
        (false, true) => Output::Json,
    };
    let file = match (file, require.is_empty() && prefer.is_empty()) {
        (Some(_), false) => {
            return Err(
                "the rules are in a file or behind --require and --prefer, not in both".to_owned()
            );
        }
        (file, true) => Some(file.unwrap_or_else(|| "-".to_owned())),
        (None, false) => None,
    };
    let Sources { vocabulary, objects, cluster, namespace, config, isolated, .. } = sources;
    let configuration = configuration(config, isolated)?;
    let read_from_stdin = file.iter().chain(&vocabulary).chain(&objects).chain(&cluster);
    if read_from_stdin.filter(|path| *path == "-").count() > 1 {
        return Err(ONCE.to_owned());
    }
    Ok(EncodeAsk {
        file,
        require,
        prefer,
        output,
        vocabulary,
        objects,
        cluster,
        namespace,
        configuration,
    })
}
