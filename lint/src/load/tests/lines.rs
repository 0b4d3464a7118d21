//! The short way against the parser of all of YAML.

use std::fs;
use std::path::Path;

use super::super::document::Format;
use super::super::source::Span;
use super::super::value::to_json;
use super::super::yaml::{Parsed, chunks, parse_any};
use super::super::{Source, emit_yaml, lines, load};
use super::generate::Random;

/// Whether the short way was taken; what it reads is what the parser reads.
fn agrees(text: &str) -> bool {
    let mut taken = false;
    for chunk in chunks(text) {
        let Some(short) = lines::parse(text, chunk) else { continue };
        taken = true;
        let long = parse_any(text, chunk);
        let [long] = long.as_slice() else { panic!("{} documents: {text:?}", long.len()) };
        same(&short, long, text);
        same_value(text, chunk);
    }
    taken
}

/// The value alone is the one of the nodes; there is none where anything is wrong with it.
fn same_value(text: &str, chunk: Span) {
    let source = Source::new("x.yaml", text.as_bytes());
    let Parsed { arena, root, .. } = lines::parse(text, chunk).unwrap();
    let mut problems = Vec::new();
    let value = to_json(&source, &arena, root.unwrap(), Format::Yaml, &mut problems);
    match lines::value(text, chunk) {
        Some(alone) => assert_eq!((alone, problems), (value, Vec::new()), "{text:?}"),
        None => assert_ne!(problems, [], "{text:?}"),
    }
}

fn same(short: &Parsed, long: &Parsed, text: &str) {
    assert_eq!(long.problems, [], "{text:?}");
    for (one, other) in short.arena.nodes.iter().zip(&long.arena.nodes) {
        assert_eq!(one, other, "{text:?}");
    }
    assert_eq!(short.arena.nodes.len(), long.arena.nodes.len(), "{text:?}");
    assert_eq!(short.comments, long.comments, "{text:?}");
    assert_eq!((short.root, short.span), (long.root, long.span), "{text:?}");
}

#[test]
fn what_tools_print_is_read_line_by_line() {
    for text in [
        "a: 1\n",
        "---\na: b c # d\nlist:\n- x\n- y: 1\n  z: {}\n-\n  u: 'v'\n",
        "# one\n\na:\n  # two\n  b: |\n    text\n\n      more  \n    # no comment\n  # three\n  c: \"d\\\"\\n\"\n# four\n",
        "- - a\n  - b: []\n    c: [d, \"e, f\", 'g' ]\n- |-\n  x\n\n\n- -1\n",
        "a: # why\n  - b\n\n  - c: d:e#f\n    g: –é\n",
    ] {
        assert!(agrees(text), "{text:?}");
    }
}

#[test]
fn everything_else_is_for_the_parser() {
    for text in [
        "a: 1",
        "a: 1\r\n",
        "a:\t1\n",
        "a: b: c\n",
        "a: b:\n",
        "a: b\n  c\n",
        "a:\n",
        "a: &x 1\n",
        "a: *x\n",
        "a: !t 1\n",
        "a: >\n  x\n",
        "a: |+\n  x\n",
        "a: |2\n  x\n",
        "a: 'b''c'\n",
        "a: 'b\n  c'\n",
        "a: \"\\u00e9\"\n",
        "a: {b: c}\n",
        "a: [[b]]\n",
        "a: [b,]\n",
        "? a\n: b\n",
        "<<: {}\n",
        "'a': 1\n",
        "a : 1\n",
        "a: 1\n b: 2\n",
        "  a: 1\n b: 2\n",
        "a:\n  - b\n c: 1\n",
        "- a\nb: 1\n",
        "a: 1\n...\n",
        "%YAML 1.2\n---\na: 1\n",
        "--- a\n",
        "text\n",
        "a: |\n\n  x\n",
        "a: @b\n",
        "a: 'b' c\n",
        "a: [b]#c\n",
        "a: \u{FEFF}b\n",
        "# nothing\n",
        "a: {{ .b }}\n",
    ] {
        let whole = Span::new(0, u32::try_from(text.len()).unwrap());
        assert!(lines::parse(text, whole).is_none(), "{text:?}");
    }
}

#[test]
fn it_reads_what_the_parser_reads() {
    let seeds = [
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: a\n  labels:\n    app.kubernetes.io/name: \"x\"\nspec:\n  # c\n  replicas: 3\n  template:\n    metadata:\n      annotations:\n        placecard.dev/require: |\n          near a\n          on b\n    spec:\n      containers:\n      - name: 'é'\n        args: [\"a\", b]\n        resources: {}\n      - name: y # z\n",
        "# Source: x\n---\na:\n  - b\n  - - c\n    - d: 1\n      e: |-\n        f\n\n          g\n  -\n    h: \"i\\\"j\"\n\n# end\n",
    ];
    let pieces = [
        "null",
        ".inf",
        "\nyes: 1.50",
        "[",
        "]",
        "{}",
        "[]",
        ": ",
        ":",
        "- ",
        "-",
        "\n",
        "\n\n",
        "\n  ",
        "\n    - ",
        "\na: ",
        "'",
        "\"",
        "\\",
        "|",
        "|-\n",
        "#",
        " #",
        " # c",
        "&a",
        "*a",
        "!",
        ">",
        "---\n",
        "...\n",
        "%",
        "?",
        ",",
        ", b",
        "é",
        "–",
        "\u{2028}",
        "\u{85}",
        "\u{A0}",
        " ",
        "  ",
        "    ",
        "x",
        "0x1",
        "~",
        "<<: x\n",
        "a: |\n  b\n",
    ];
    let mut taken = 0;
    for case in 0..20_000 {
        let mut random = Random::new(case + 1);
        let mut text = seeds[random.below(seeds.len())].to_owned();
        for _ in 0..=random.below(4) {
            let mut at = random.below(text.len() + 1);
            while !text.is_char_boundary(at) {
                at -= 1;
            }
            match random.below(3) {
                0 => text.insert_str(at, random.pick(&pieces)),
                1 => text.insert_str(at, "  "),
                _ => {
                    let end =
                        text[at..].char_indices().nth(random.below(5)).map_or(at, |c| at + c.0);
                    text.replace_range(at..end, "");
                }
            }
        }
        taken += usize::from(agrees(&text));
    }
    assert!((2_000..20_000).contains(&taken), "{taken}");
}

#[test]
fn it_reads_the_examples_as_tools_print_them() {
    let (mut taken, mut all) = (0, 0);
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "yaml") {
                let source = Source::new("x.yaml", &fs::read(path).unwrap());
                for document in load(&source) {
                    all += 1;
                    taken += usize::from(agrees(&(emit_yaml(&document.value, 0) + "\n")));
                }
            }
        }
    }
    assert!(all > 20 && taken * 2 > all, "{taken} of {all}");
}
