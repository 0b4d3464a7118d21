//! The rows of the table about shells and manuals.

use super::{PAGE, SHELL, Verb};

pub(super) const COMPLETIONS: Verb = Verb {
    name: "completions",
    summary: "Print what a shell needs to complete command lines",
    details: "\
The script is made from the same table as the command line, and goes where the shell looks for it.",
    arguments: &[&SHELL],
    exits: &[(0, "the script is printed"), (2, "there is none for this shell")],
    examples: &[
        "placecard completions bash > /etc/bash_completion.d/placecard",
        "placecard completions zsh > \"${fpath[1]}/_placecard\"",
    ],
};

pub(super) const MAN: Verb = Verb {
    name: "man",
    summary: "Print a page of the manual",
    details: "In the form that `man` reads: the page of placecard, or the one of a verb.",
    arguments: &[&PAGE],
    exits: &[(0, "the page is printed"), (2, "there is no such verb")],
    examples: &["placecard man lint | man -l -", "placecard man > placecard.1"],
};
