//! The row of the table about editors.

use super::{STDIO, Verb};

pub(super) const LSP: Verb = Verb {
    name: "lsp",
    summary: "Serve an editor: findings while typing, hover, completion, fixes",
    details: "\
A server of the Language Server Protocol on standard input and output, for manifests in YAML and \
JSON and for `.placecard.yaml`. An editor starts it; [editors.md](editors.md) says how to tell it to. \
What it tells of a document is what `placecard lint` tells of the file with the other manifests of its \
folder as `--objects`, by the same configuration and the same comments, as the documents stand in \
the editor, saved or not. Standard error has a line for what could not be understood.",
    arguments: &[&STDIO],
    exits: &[
        (0, "the editor ended it in order: `shutdown`, then `exit`"),
        (1, "it ended without `shutdown`"),
        (2, "a bad argument"),
    ],
    examples: &["placecard lsp"],
};
