//! What holds for every text: no panic, places inside the value, printing and reading agree.

use std::ops::Range;

use placecard_language::ast::{
    AtMostSentence, Body, Number, PodSentence, Sentence, SpreadSentence, Term, TermKind,
};
use placecard_language::intent::Word;
use placecard_language::keys::{self, Place};
use placecard_language::selector::{self, Of};
use placecard_language::{Reading, Words, parse, print, read, read_labels};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

const NOWHERE: Range<usize> = 0..0;

fn word(text: String) -> Word {
    Word { text, span: NOWHERE }
}

fn number() -> impl Strategy<Value = Number> {
    prop_oneof![0_u64..200, any::<u64>()].prop_map(|value| Number {
        value,
        span: NOWHERE,
        phrase: NOWHERE,
    })
}

/// An operand: any word without blanks, `;`, parentheses or a comment's sign.
fn operand() -> impl Strategy<Value = Word> {
    prop_oneof![
        Just("zone".to_owned()),
        Just("in".to_owned()),
        Just("weight".to_owned()),
        Just("topology.kubernetes.io/zone".to_owned()),
        "[a-zü/.=:-]{1,9}",
    ]
    .prop_map(word)
}

/// A target, which is no modifier; in parentheses anything that closes.
fn term(head: &'static str) -> impl Strategy<Value = Term> {
    let words = prop_oneof![
        Just("self".to_owned()),
        "(service|pool|trust|rack|lease)/[a-z0-9ü#.-]{1,8}",
        "trust/[a-z(){}#]{1,8}",
    ]
    .prop_map(TermKind::Word);
    let groups = "[a-z=,;#!<>*]{0,6}( in \\([a-z,; ]{0,4}[a-z]\\))?".prop_map(move |inner| {
        TermKind::Group {
            head: head.to_owned(),
            inner: word(inner.split_whitespace().collect::<Vec<_>>().join(" ")),
        }
    });
    prop_oneof![words, groups].prop_map(|kind| Term { kind, span: NOWHERE })
}

fn pod_sentence() -> impl Strategy<Value = PodSentence> {
    let namespaces = term("namespaces")
        .prop_filter("a group", |term| matches!(term.kind, TermKind::Group { .. }));
    let keys = || vec("[a-z./-]{1,6}".prop_map(word), 0..3);
    (term("pods"), option::of(namespaces), keys(), keys(), option::of(operand()), any::<bool>())
        .prop_map(|(target, namespaces, same, other, level, across_revisions)| PodSentence {
            target: Some(target),
            namespaces,
            same,
            other,
            level,
            across_revisions,
        })
}

fn spread_sentence() -> impl Strategy<Value = SpreadSentence> {
    (operand(), option::of(number()), option::of(number()), any::<[bool; 3]>()).prop_map(
        |(level, max_skew, min_domains, [ignore_taints, ignore_node_rules, across_revisions])| {
            SpreadSentence {
                level: Some(level),
                max_skew,
                min_domains,
                ignore_taints,
                ignore_node_rules,
                across_revisions,
            }
        },
    )
}

fn at_most_sentence() -> impl Strategy<Value = AtMostSentence> {
    (number(), term("pods"), option::of(operand()), any::<bool>()).prop_map(
        |(count, target, level, across_revisions)| AtMostSentence {
            count: Some(count),
            target: Some(target),
            level,
            across_revisions,
        },
    )
}

fn sentence() -> impl Strategy<Value = Sentence> {
    let body = prop_oneof![
        pod_sentence().prop_map(Body::Near),
        pod_sentence().prop_map(Body::ApartFrom),
        vec(term("nodes"), 1..4).prop_map(Body::On),
        vec(term("nodes"), 1..4).prop_map(Body::NotOn),
        spread_sentence().prop_map(Body::Spread),
        at_most_sentence().prop_map(Body::AtMost),
    ];
    (body, option::of(number())).prop_map(|(body, weight)| Sentence {
        body,
        weight,
        head: NOWHERE,
        span: NOWHERE,
        line: 1,
        broken: false,
    })
}

fn placeless_word(word: &mut Word) {
    word.span = NOWHERE;
}

fn placeless_number(number: &mut Number) {
    number.span = NOWHERE;
    number.phrase = NOWHERE;
}

fn placeless_term(term: &mut Term) {
    term.span = NOWHERE;
    if let TermKind::Group { inner, .. } = &mut term.kind {
        placeless_word(inner);
    }
}

/// The same sentence without its places.
fn placeless(mut sentence: Sentence) -> Sentence {
    sentence.head = NOWHERE;
    sentence.span = NOWHERE;
    sentence.line = 1;
    sentence.weight.iter_mut().for_each(placeless_number);
    match &mut sentence.body {
        Body::Near(rule) | Body::ApartFrom(rule) => {
            rule.target.iter_mut().chain(rule.namespaces.iter_mut()).for_each(placeless_term);
            rule.same.iter_mut().chain(rule.other.iter_mut()).for_each(placeless_word);
            rule.level.iter_mut().for_each(placeless_word);
        }
        Body::On(terms) | Body::NotOn(terms) => terms.iter_mut().for_each(placeless_term),
        Body::Spread(rule) => {
            rule.level.iter_mut().for_each(placeless_word);
            rule.max_skew.iter_mut().chain(rule.min_domains.iter_mut()).for_each(placeless_number);
        }
        Body::AtMost(rule) => {
            rule.count.iter_mut().for_each(placeless_number);
            rule.target.iter_mut().for_each(placeless_term);
            rule.level.iter_mut().for_each(placeless_word);
        }
    }
    sentence
}

/// Pieces of the language and of what is not, in any order.
fn scrambled() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => prop::sample::select(vec![
            "near", "apart-from", "on", "not-on", "spread", "at-most", "self", "service/", "db", "pods(",
            "nodes(", ")", "of", "namespaces(", "same", "other", "in", "zone", "across", "revisions",
            "weight", "1", "101", "or", "over", "max-skew", "min-domains", "ignore-taints", "pool/",
            "trust/", "lease/", "resource/", "volume/", "node/", "a=b", "in (a,b)", "*", "for", "5s",
            ":NoExecute", "aprat-from", "spread zone", "hard", "code: reason", "a.b/c/d",
        ]).prop_map(str::to_owned),
        2 => prop::sample::select(vec![
            " ", "  ", "\t", ";", "\n", "\r\n", "\r", "#", " # ", ",", "(", ":", "=", "/", "!", "<", ">",
        ]).prop_map(str::to_owned),
        1 => "\\PC{0,3}",
        1 => prop::sample::select(vec![
            "\u{200b}", "\u{feff}", "\u{a0}", "\u{0}", "е", "ｎ", "\u{2028}", "🎉", "e\u{301}",
        ]).prop_map(str::to_owned),
    ];
    vec(piece, 0..25).prop_map(|pieces| pieces.concat())
}

fn annotations(value: &str, key: &str) -> Reading {
    let annotations = [(key.to_owned(), value.to_owned())].into();
    read(&annotations, Place::Pod, &Words::default(), None)
}

fn places_are_inside(value: &str, reading: &Reading) -> Result<(), TestCaseError> {
    let lines = u32::try_from(value.len() + 1).unwrap_or(u32::MAX);
    for problem in &reading.problems {
        prop_assert!((1..=lines).contains(&problem.line));
        if let Some(span) = problem.span.clone() {
            prop_assert_eq!(value.get(span.clone()), Some(problem.marked.as_str()));
            prop_assert!(!value[span.clone()].contains(['\n', '\r']), "{span:?} {problem:?}");
        }
    }
    let rules = reading.intents.rules.iter().map(|rule| &rule.origin);
    let tolerations = reading.intents.tolerations.iter().map(|toleration| &toleration.origin);
    let ignores = reading.intents.ignores.iter().map(|ignore| &ignore.origin);
    for origin in rules.chain(tolerations).chain(ignores) {
        let text = value.get(origin.span.clone());
        prop_assert!(text.is_some_and(|text| !text.is_empty()), "{origin:?}");
        let trimmed = text.map(|text| text.trim_matches([' ', '\t']));
        prop_assert_eq!(trimmed, text, "{:?}", origin);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(800) })]

    #[test]
    fn reading_what_is_printed_gives_the_same(sentences in vec(sentence(), 0..4)) {
        let printed = print::print(&sentences);
        let (again, problems) = parse::parse(keys::REQUIRE, &printed);
        prop_assert_eq!(&problems, &[], "{}", printed);
        prop_assert_eq!(print::print(&again), printed);
        let again: Vec<_> = again.into_iter().map(placeless).collect();
        prop_assert_eq!(again, sentences);
    }

    #[test]
    fn printing_what_was_read_is_stable(value in scrambled()) {
        let (sentences, _) = parse::parse(keys::PREFER, &value);
        let good: Vec<_> = sentences.into_iter().filter(|sentence| !sentence.broken).collect();
        let printed = print::print(&good);
        let (again, problems) = parse::parse(keys::PREFER, &printed);
        prop_assert_eq!(&problems, &[], "{:?} printed {}", value, printed);
        prop_assert_eq!(print::print(&again), printed);
    }

    #[test]
    fn any_text_is_read_with_places_inside_it(value in scrambled()) {
        for key in [keys::REQUIRE, keys::PREFER, keys::TOLERATE, keys::IGNORE] {
            let reading = annotations(&value, key);
            places_are_inside(&value, &reading)?;
            let said = reading.intents.rules.len()
                + reading.intents.tolerations.len()
                + reading.intents.ignores.len();
            prop_assert!(said > 0 || !reading.problems.is_empty(), "nothing is silently ignored");
        }
    }

    #[test]
    fn arbitrary_text_is_read_with_places_inside_it(value in any::<String>(), key in "\\PC{0,12}") {
        for full in [keys::REQUIRE, keys::TOLERATE, keys::IGNORE] {
            places_are_inside(&value, &annotations(&value, full))?;
        }
        let full = format!("{}{key}", keys::PREFIX);
        let labels = [(full.clone(), value.clone())].into();
        for place in [Place::Workload, Place::Namespace, Place::Vocabulary] {
            let reading = read(&labels, place, &Words::default(), None);
            prop_assert!(!reading.problems.is_empty() || keys::find(&full).is_some());
            let _ = read_labels(&labels, place);
        }
    }

    #[test]
    fn selectors_of_any_text_keep_their_places(text in "[a-z=!(),<> *ü\t/.-]{0,24}", offset in 0_usize..9) {
        for of in [Of::Nodes, Of::Others] {
            let parsed = selector::parse(&text, offset, of);
            let inside = |span: Range<usize>| {
                span.start >= offset && text.get(span.start - offset..span.end - offset).is_some()
            };
            for (flaw, span) in parsed.problems {
                prop_assert!(inside(span.clone()), "{flaw:?} {span:?}");
            }
            for requirement in &parsed.selector.requirements {
                prop_assert!(inside(requirement.span.0..requirement.span.1));
            }
            prop_assert_eq!(parsed.places.len(), parsed.selector.requirements.len());
        }
    }

    #[test]
    fn any_json_is_checked(value in json_value()) {
        let (_, problems) = placecard_language::vocabulary_check::check(&value);
        prop_assert!(problems.len() <= 100);
        for problem in problems {
            let pointer = if problem.on_key {
                problem.pointer.rsplit_once('/').map_or("", |(parent, _)| parent).to_owned()
            } else {
                problem.pointer.clone()
            };
            prop_assert!(value.pointer(&pointer).is_some(), "{problem:?}");
        }
    }
}

static FIELDS: &[&str] = &[
    "levels",
    "pools",
    "trustDomains",
    "resources",
    "workloads",
    "limits",
    "schedulers",
    "agents",
    "inventory",
    "nodeTemplates",
    "name",
    "key",
    "nodes",
    "guard",
    "tolerations",
    "effect",
    "value",
    "allowedNamespaces",
    "names",
    "matchLabels",
    "format",
    "uid",
    "templates",
    "apiVersion",
    "kind",
    "count",
    "min",
    "max",
    "taints",
    "labels",
    "a/b~c",
    "requiredApartFrom",
    "serviceDomain",
];

/// Something like a vocabulary, wrong in places.
fn json_value() -> impl Strategy<Value = serde_json::Value> {
    use serde_json::{Value, json};
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        prop::sample::select(vec![
            "",
            "a",
            "node",
            "zone",
            "pool",
            "x=y",
            "x=",
            "a.b/c",
            "NoSchedule",
            "Exists",
            "open",
            "/a/b",
            "rack-{n}",
            "placecard.dev/v1alpha1",
            "ä",
            "é\u{200b}",
        ])
        .prop_map(Value::from),
    ];
    let field = prop::sample::select(FIELDS);
    let tree = leaf.prop_recursive(5, 40, 5, move |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            vec((field.clone(), inner), 0..6).prop_map(|fields| {
                Value::Object(
                    fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect(),
                )
            }),
        ]
    });
    tree.prop_map(|spec| {
        json!({
            "apiVersion": keys::API_VERSION, "kind": keys::VOCABULARY_KIND, "spec": spec,
        })
    })
}
