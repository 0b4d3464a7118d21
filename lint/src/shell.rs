//! What shells and readers of manuals want to know of the command line.

use clap_complete::Shell;

use crate::verbs;

/// The completions for a shell.
///
/// # Errors
/// There are none for it.
pub fn completions(shell: &str) -> Result<String, String> {
    let shell: Shell = shell.parse().map_err(|_| {
        let known = <Shell as clap::ValueEnum>::value_variants();
        let known: Vec<String> = known.iter().map(ToString::to_string).collect();
        format!("no completions for {shell}; there are those for {}", known.join(", "))
    })?;
    let mut bytes = Vec::new();
    clap_complete::generate(shell, &mut verbs::command(), "placecard", &mut bytes);
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The page of a verb, or the one of the program for `None`.
///
/// # Errors
/// There is no such verb.
pub fn manual(verb: Option<&str>) -> Result<String, String> {
    let mut command = verbs::command();
    let mut name = "placecard".to_owned();
    let mut typed = name.clone();
    for word in verb.unwrap_or_default().split_whitespace() {
        let found = command.find_subcommand(word).cloned();
        command = found.ok_or_else(|| {
            let names = verbs::VERBS.iter().map(|verb| verb.name);
            crate::plan::unknown("verb", verb.unwrap_or_default(), names)
        })?;
        name = format!("{name}-{word}");
        typed = format!("{typed} {word}");
    }
    let command = command.display_name(name).bin_name(typed).version(env!("CARGO_PKG_VERSION"));
    let mut bytes = Vec::new();
    clap_mangen::Man::new(command)
        .render(&mut bytes)
        .map_err(|error| format!("the page cannot be written: {error}"))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shells_learn_all_verbs() {
        for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
            let text = completions(shell).unwrap();
            for verb in verbs::VERBS {
                let word = verb.name.split(' ').next_back().unwrap();
                assert!(text.contains(word), "{shell} {word}");
            }
            assert!(text.contains("write-baseline"), "{shell}");
        }
        assert!(completions("csh").unwrap_err().contains("those for bash"));
    }

    #[test]
    fn every_verb_has_a_page() {
        assert!(manual(None).unwrap().contains(".TH placecard 1"));
        for verb in verbs::VERBS {
            let page = manual(Some(verb.name)).unwrap();
            assert!(page.contains("Exit codes") && page.contains(".SH NAME"), "{}", verb.name);
        }
        assert!(manual(Some("lnt")).unwrap_err().contains("did you mean lint?"));
    }
}
