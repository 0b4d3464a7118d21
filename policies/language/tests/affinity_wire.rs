//! The wire form of typed entries: the published vectors both ways, and what holds for every blob.
#![expect(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeSet;

use placecard_language::affinity::{
    Affinity, AffinityCategory, AffinityDirection, AffinityStrength, AffinityTarget,
    AffinityTargetType, Annotated, LeaseError, ObjectId, Reason, append, scan, scan_with_places,
    surface, written,
};
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::Value;

const VECTORS: &str = include_str!("../../../tests/vectors/intents-tlv.json");

fn vectors() -> Vec<Value> {
    let document: Value = serde_json::from_str(VECTORS).expect("JSON");
    document["vectors"].as_array().expect("vectors").clone()
}

fn bytes(hex: &str) -> Vec<u8> {
    assert!(hex.len().is_multiple_of(2), "{hex}");
    let digit = |at| u8::from_str_radix(&hex[at..at + 2], 16).expect("hex");
    (0..hex.len()).step_by(2).map(digit).collect()
}

fn encode(entries: &[Affinity]) -> Result<Vec<u8>, LeaseError> {
    let mut blob = Vec::new();
    append(&mut blob, entries).map(|()| blob)
}

#[test]
fn every_vector_has_its_meaning_or_its_error() {
    for vector in vectors() {
        let name = vector["name"].as_str().expect("a name");
        let blob = bytes(vector["hex"].as_str().expect("hex"));
        let found = scan(&blob);
        if let Some(error) = vector.get("error") {
            let Err(LeaseError::InvalidIntent { at, reason }) = found else {
                panic!("{name}: {found:?}");
            };
            assert_eq!(Some(reason.name()), error["reason"].as_str(), "{name}");
            assert_eq!(at.map(|at| at as u64), error["at"].as_u64(), "{name}");
            continue;
        }
        let meaning = serde_json::json!({ "entries": vector["entries"] });
        let entries = found.unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(written::write(&entries), meaning, "{name}");
        let read = written::read(&meaning).expect("the entries of a vector can be written");
        assert_eq!(read, entries, "{name}");
        let same = encode(&read).expect("the entries of a vector can be encoded") == blob;
        assert_eq!(Some(same), vector["encodes"].as_bool(), "{name}");
    }
}

#[test]
fn the_vectors_have_every_class_and_every_kind_of_entry() {
    let vectors = vectors();
    let names: BTreeSet<_> = vectors.iter().map(|vector| vector["name"].to_string()).collect();
    assert_eq!(names.len(), vectors.len(), "a name twice");
    let reasons: BTreeSet<_> =
        vectors.iter().filter_map(|vector| vector["error"]["reason"].as_str()).collect();
    let expected = [
        "adaptive-reserved",
        "away-outside-topology",
        "contradictory",
        "empty-trust-domain",
        "entry-too-short",
        "facility-reserved",
        "preferred-trust",
        "reserved-category",
        "surplus-bytes",
        "target-length",
        "target-of-other-category",
        "target-overrun",
        "tlv-overrun",
        "truncated-header",
        "trust-domain-not-utf8",
        "unknown-category",
        "unknown-strength",
        "unknown-target-type",
    ];
    assert_eq!(reasons, BTreeSet::from(expected));
    let mut kinds = BTreeSet::new();
    for vector in &vectors {
        for entry in vector["entries"].as_array().into_iter().flatten() {
            let of = |field: &str| entry[field].to_string();
            kinds.insert([
                of("category"),
                of("strength"),
                of("direction"),
                entry["target"]["type"].to_string(),
            ]);
        }
    }
    assert_eq!(kinds.len(), 21, "{kinds:?}");
}

/// Every category with every strength, and any type with those that exist: it is in the surface, or
/// refused at its byte.
#[test]
fn every_category_strength_and_type_is_known_or_refused_at_its_byte() {
    let mut accepted = 0;
    for (category, strength) in (0..=u8::MAX).flat_map(|c| (0..=u8::MAX).map(move |s| (c, s))) {
        let category_known = (1..=4).contains(&category);
        let away = strength & 0x80 != 0;
        let strength_known = matches!(strength & 0x7f, 1 | 2)
            && (!away || category == 3)
            && (category != 4 || strength == 1);
        let known = category_known && strength_known;
        for kind in 0..=if known { u8::MAX } else { 7 } {
            let length = if kind == 6 { 4_u8 } else { 16 };
            let mut blob = vec![9, 0x10, 0, length + 5, category, strength, kind, 0, length];
            blob.resize(9 + usize::from(length), b'a');
            let type_known =
                matches!((category, kind), (1, 1 | 2) | (2, 1 | 3) | (3, 1 | 4 | 6) | (4, 5));
            let expected = match (category_known, strength_known, type_known) {
                (true, true, true) => None,
                (false, ..) => Some(4),
                (true, false, _) => Some(5),
                (true, true, false) => Some(6),
            };
            match scan(&blob) {
                Ok(entries) => {
                    assert_eq!((entries.len(), expected), (1, None), "{blob:x?}");
                    assert_eq!(encode(&entries), Ok(blob));
                    accepted += 1;
                }
                Err(LeaseError::InvalidIntent { at, .. }) => {
                    assert!(at == expected && at.is_some(), "{blob:x?}: {at:?}");
                }
                Err(other) => panic!("{other}"),
            }
        }
    }
    assert_eq!(accepted, 21);
}

#[test]
fn texts_of_errors_are_those_of_the_command_line() {
    for (hex, text) in [
        (
            "0910000905010600040000002a",
            "InvalidIntent at byte 4 (0x04): 0x05 is the category Facility, which is reserved",
        ),
        (
            "0910000903030600040000002a",
            "InvalidIntent at byte 5 (0x05): 0x03 is the strength Adaptive, which is reserved",
        ),
        (
            "0910000903830600040000002a",
            "InvalidIntent at byte 5 (0x05): 0x83 is the strength Adaptive, which is reserved",
        ),
        (
            "0910000942010600040000002a",
            "InvalidIntent at byte 4 (0x04): 0x42 is a reserved category",
        ),
        ("0910000900010600040000002a", "InvalidIntent at byte 4 (0x04): 0x00 is not a category"),
        (
            "09100009030106000400000 02a09100009038406000400000007",
            "InvalidIntent at byte 18 (0x12): 0x84 is not a strength",
        ),
        (
            "0910000901810600040000002a",
            "InvalidIntent at byte 5 (0x05): Resource cannot be away, only Topology can",
        ),
        (
            "09100006040205000161",
            "InvalidIntent at byte 5 (0x05): Trust cannot be Preferred, only Required",
        ),
        ("0910000903010700040000002a", "InvalidIntent at byte 6 (0x06): 0x07 is not a target type"),
        (
            "0910000901010600040000002a",
            "InvalidIntent at byte 6 (0x06): RackId is not a target of Resource",
        ),
        ("09100008030106000300002a", "InvalidIntent at byte 7 (0x07): RackId has 4 bytes, not 3"),
        ("091000050401050000", "InvalidIntent at byte 7 (0x07): the trust domain is empty"),
        (
            "091000060401050001ff",
            "InvalidIntent at byte 9 (0x09): the trust domain is not UTF-8: 0xff",
        ),
        (
            "0910000803010600040000002a",
            "InvalidIntent at byte 7 (0x07): the target is truncated: 3 of 4 bytes",
        ),
        (
            "0910000a03010600040000002a00",
            "InvalidIntent at byte 13 (0x0d): 1 surplus byte after the target",
        ),
        (
            "0910000203 01",
            "InvalidIntent at byte 2 (0x02): an entry has at least 6 bytes, this TLV has 2",
        ),
        ("091000", "InvalidIntent at byte 0 (0x00): a TLV header is truncated: 3 of 4 bytes"),
        ("00010005cafe", "InvalidIntent at byte 2 (0x02): TLV 0x0001 is truncated: 2 of 5 bytes"),
        ("0910000903010600040000002a0910000903810600040000002a", "InvalidIntent: contradictory"),
    ] {
        let found = scan(&bytes(&hex.replace(' ', ""))).unwrap_err();
        assert_eq!(found.to_string(), text, "{hex}");
    }
    let far = [vec![0, 1, 0x01, 0x2c], vec![0; 300], vec![9]].concat();
    let text = "InvalidIntent at byte 304 (0x130): a TLV header is truncated: 1 of 4 bytes";
    assert_eq!(scan(&far).unwrap_err().to_string(), text);
}

fn rack(strength: AffinityStrength) -> Affinity {
    Affinity::topology(strength, AffinityTarget::rack(42)).expect("a rack")
}

#[test]
fn what_the_wire_form_cannot_say_is_refused_and_nothing_is_appended() {
    let preferred = rack(AffinityStrength::Preferred);
    let named = AffinityTarget::named(AffinityTargetType::ServiceId, "cache").expect("a name");
    for (entry, has) in [
        (preferred.clone().with_weight(50), Annotated::Weight),
        (preferred.clone().with_level("zone"), Annotated::Level),
        (Affinity::topology(AffinityStrength::Required, named), Annotated::Name),
    ] {
        let entries = [preferred.clone(), entry.expect("an entry")];
        let mut blob = vec![0, 1, 0, 0];
        let error = LeaseError::NotInWireForm { entry: 1, has };
        assert_eq!(append(&mut blob, &entries), Err(error.clone()));
        assert_eq!(blob, [0, 1, 0, 0]);
        assert_eq!(error.to_string(), format!("entry 2: the wire form has no {}", has.name()));
    }
}

#[test]
fn a_malformed_blob_is_not_appended_to() {
    // What is appended to a cut-off TLV would be read as its value.
    let required = rack(AffinityStrength::Required);
    for (blob, at) in [
        (vec![0, 1, 0, 9, 1], Some(2)),
        (vec![9], Some(0)),
        (vec![9, 0x10, 0, 0], Some(2)),
        (encode(&[required.clone().away().expect("a rack")]).expect("a blob"), None),
    ] {
        let mut after = blob.clone();
        let found = append(&mut after, std::slice::from_ref(&required));
        let Err(LeaseError::InvalidIntent { at: found, .. }) = found else { panic!("{found:?}") };
        assert_eq!((found, after), (at, blob));
    }
    // Contradictory among themselves, counted from the first entry of the blob.
    let mut blob = encode(&[rack(AffinityStrength::Preferred)]).expect("a blob");
    let found = append(&mut blob, &[required.clone(), required.away().expect("a rack")]);
    let target = AffinityTarget::rack(42);
    let reason = Reason::Contradictory { toward: 1, away: 2, target };
    assert_eq!(found, Err(LeaseError::InvalidIntent { at: None, reason }));
    assert_eq!(blob.len(), 13);
}

#[test]
fn the_longest_trust_domain_fills_a_tlv() {
    let name = "ü".repeat(surface::MAX_TRUST_DOMAIN / 2);
    let target = AffinityTarget::trust_domain(name);
    let entries = [Affinity::trust(AffinityStrength::Required, target).expect("an entry")];
    let blob = encode(&entries).expect("a blob");
    assert_eq!(blob.len(), 4 + 65_535);
    assert_eq!(scan(&blob).expect("entries"), entries);
    // More than a TLV can hold is no matter: each entry has its own.
    let entries = [entries.clone(), entries.clone(), entries].concat();
    assert_eq!(scan(&encode(&entries).expect("a blob")).expect("entries"), entries);
}

fn target(of: AffinityTargetType) -> BoxedStrategy<AffinityTarget> {
    let id = prop_oneof![Just(0), 0..4_u128, any::<u128>()].prop_map(ObjectId);
    match of {
        AffinityTargetType::NodeId => id.prop_map(AffinityTarget::NodeId).boxed(),
        AffinityTargetType::ResourceId => id.prop_map(AffinityTarget::ResourceId).boxed(),
        AffinityTargetType::LeaseId => id.prop_map(AffinityTarget::LeaseId).boxed(),
        AffinityTargetType::ServiceId => id.prop_map(AffinityTarget::ServiceId).boxed(),
        AffinityTargetType::RackId => any::<u32>().prop_map(AffinityTarget::RackId).boxed(),
        AffinityTargetType::TrustDomain => {
            any::<String>().prop_map(|name| AffinityTarget::TrustDomain(name + "x")).boxed()
        }
    }
}

/// Any entry of the surface; entries that contradict each other are rare, and left out.
fn entry() -> impl Strategy<Value = Affinity> {
    let category = prop::sample::select(&AffinityCategory::ALL[..]);
    (category, any::<(bool, bool)>(), any::<prop::sample::Index>()).prop_flat_map(
        |(category, (required, away), index)| {
            let of = surface::targets_of(category);
            let trust = category == AffinityCategory::Trust;
            let strength = match required || trust {
                true => AffinityStrength::Required,
                false => AffinityStrength::Preferred,
            };
            let direction = match away && category == AffinityCategory::Topology {
                true => AffinityDirection::Away,
                false => AffinityDirection::Toward,
            };
            target(*index.get(of)).prop_map(move |target| {
                Affinity::new(category, strength, direction, target).expect("in the surface")
            })
        },
    )
}

fn foreign() -> impl Strategy<Value = Vec<u8>> {
    let tag = any::<u16>().prop_filter("not ours", |tag| *tag != 0x0910);
    (tag, vec(any::<u8>(), 0..20)).prop_map(|(tag, value)| {
        let length = u16::try_from(value.len()).expect("short");
        [&tag.to_be_bytes()[..], &length.to_be_bytes(), &value].concat()
    })
}

/// Entries and the TLVs of others before each of them.
fn parts() -> impl Strategy<Value = Vec<(Vec<u8>, Affinity)>> {
    vec((prop_oneof![Just(Vec::new()), foreign()], entry()), 0..6).prop_filter(
        "contradictory",
        |parts| {
            placecard_language::affinity::check_contradictions(parts.iter().map(|(_, e)| e)).is_ok()
        },
    )
}

fn assemble(parts: &[(Vec<u8>, Affinity)]) -> Vec<u8> {
    let mut blob = Vec::new();
    for (foreign, entry) in parts {
        blob.extend_from_slice(foreign);
        append(&mut blob, std::slice::from_ref(entry)).expect("in the surface");
    }
    blob
}

/// What holds for every blob, well formed or not.
fn check(blob: &[u8]) {
    match scan_with_places(blob) {
        Ok(found) => {
            // Nothing else has this meaning: writing it gives the same bytes back.
            for (place, entry) in &found {
                let ours = encode(std::slice::from_ref(entry)).expect("what was read");
                assert_eq!(ours, blob[place.clone()]);
            }
            let entries: Vec<_> = found.into_iter().map(|(_, entry)| entry).collect();
            assert_eq!(scan(blob), Ok(entries));
            let mut after = blob.to_vec();
            let more = Affinity::topology(AffinityStrength::Preferred, AffinityTarget::rack(1));
            assert_eq!(append(&mut after, &[more.expect("a rack")]), Ok(()));
            assert_eq!((&after[..blob.len()], after.len()), (blob, blob.len() + 13));
        }
        Err(LeaseError::InvalidIntent { at: Some(at), reason }) => {
            assert!(at < blob.len(), "{at} of {}: {reason}", blob.len());
            assert!(!reason.to_string().is_empty());
        }
        Err(LeaseError::InvalidIntent { at: None, reason }) => {
            assert!(matches!(reason, Reason::Contradictory { .. }), "{reason}");
        }
        Err(other) => panic!("{other}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn what_is_written_is_read(parts in parts()) {
        let blob = assemble(&parts);
        let entries: Vec<_> = parts.iter().map(|(_, entry)| entry.clone()).collect();
        prop_assert_eq!(scan(&blob), Ok(entries.clone()));
        // As annotations spell it, too.
        prop_assert_eq!(written::read(&written::write(&entries)), Ok(entries));
        check(&blob);
    }

    #[test]
    fn mutated_blobs_are_read_or_refused_inside_the_blob(
        parts in parts(),
        changes in vec((any::<prop::sample::Index>(), any::<u8>(), 0..4_u8), 1..4),
    ) {
        let mut blob = assemble(&parts);
        for (index, byte, how) in changes {
            let at = index.index(blob.len() + 1);
            match how {
                0 => blob.truncate(at),
                1 => blob.insert(at, byte),
                _ if at == blob.len() => blob.push(byte),
                2 => blob[at] = byte,
                _ => blob[at] ^= 1 << (byte % 8),
            }
        }
        check(&blob);
    }

    #[test]
    fn any_bytes_are_read_or_refused(blob in vec(any::<u8>(), 0..60)) {
        check(&blob);
    }

    #[test]
    fn any_value_of_our_tag_is_read_or_refused(
        head in (1..=4_u8, prop::sample::select(vec![1_u8, 2, 0x81, 0x82]), 1..=6_u8),
        length in prop_oneof![Just(16_u16), Just(4), 0..20_u16],
        target in vec(any::<u8>(), 0..20),
    ) {
        let (category, strength, kind) = head;
        let value = [&[category, strength, kind][..], &length.to_be_bytes(), &target].concat();
        let claimed = u16::try_from(value.len()).expect("short");
        check(&[&[9, 0x10][..], &claimed.to_be_bytes(), &value].concat());
    }
}
