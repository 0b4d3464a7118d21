//! Words for typed entries that cannot be read.

use placecard_findings::Bytes;
use placecard_language::affinity::Reason;
use placecard_language::affinity::written::EntryDetail;
use placecard_language::keys;
use placecard_language::problem::{Detail, Problem, TypedFlaw};

use crate::words::language::{Said, quote, said};
use crate::words::{list, vocabulary};

/// Whether an annotation holds typed entries.
pub(crate) fn is_key(key: &str) -> bool {
    key == keys::INTENTS || key == keys::INTENTS_TLV
}

/// The ways out of a problem that sentences have too, for those who wrote an entry.
pub(crate) fn ways_out(problem: &Problem, help: Vec<String>) -> Vec<String> {
    let prefer = "let the entry be Preferred".to_owned();
    match &problem.detail {
        Detail::UnknownLevel { known, found, instead: Some(_) } => {
            let levels = format!("the levels are {}", list(known, "and", 12));
            // The words at the place are those of a target: it has no level of its own.
            if problem.key == keys::INTENTS_TLV {
                let has =
                    format!("the wire form has no level: add {} to the vocabulary", quote(found));
                vec![levels, has]
            } else if problem.verbatim {
                vec![levels, "or a node label key, as example.com/rack".to_owned()]
            } else {
                let own = "level: a level or a node label key, in the entry itself".to_owned();
                vec![levels, own]
            }
        }
        Detail::ApartFromLevel { allowed, .. } if allowed.is_empty() => vec![prefer],
        Detail::ApartFromLevel { allowed, .. } => {
            vec![format!("it is allowed in {}", list(allowed, "and", 12)), prefer]
        }
        Detail::ApartFromNamespace { decided: true, .. } => vec![prefer],
        _ => help,
    }
}

/// Message, label and ways out.
pub(crate) fn flaw(flaw: &TypedFlaw) -> Said {
    match flaw {
        TypedFlaw::Entry(detail) => match &**detail {
            EntryDetail::Shape(detail) => vocabulary::say(detail),
            EntryDetail::Invalid(reason) => of_reason(reason, None),
        },
        TypedFlaw::Bytes { at, reason, .. } => {
            of_reason(reason, Some(*at)).label(format!("byte {at:#04x}"))
        }
        other => of_text(other),
    }
}

/// `InvalidIntent at byte 18 (0x12) of placecard.dev/intents-tlv: 0x84 is not a strength`: as
/// `placecard intent decode` says it.
pub(crate) fn admission(flaw: &TypedFlaw, key: &str) -> Option<String> {
    match flaw {
        TypedFlaw::Bytes { at, reason, .. } => {
            Some(format!("InvalidIntent at byte {at} ({at:#04x}) of {key}: {reason}"))
        }
        _ => None,
    }
}

/// How far a refusal of entries holds.
pub(crate) const TOGETHER: &str =
    "on every cluster; the entries are refused together, none is dropped";

/// The bytes around the one that is wrong.
pub(crate) fn bytes(flaw: &TypedFlaw) -> Option<Bytes> {
    let TypedFlaw::Bytes { at, reason, shown, from } = flaw else { return None };
    let text = byte(reason);
    Some(Bytes { shown: shown.clone(), from: *from, at: *at, text })
}

/// A byte, for those who read it beside the others.
fn byte(reason: &Reason) -> String {
    match reason {
        Reason::UnknownStrength { byte } if byte & 0x80 != 0 => {
            format!("bit 7 is away; the rest is {}, no known strength", byte & 0x7f)
        }
        Reason::UnknownStrength { .. } => "no known strength".to_owned(),
        Reason::AdaptiveReserved { byte } if byte & 0x80 != 0 => {
            "bit 7 is away; the rest is 3, which is reserved".to_owned()
        }
        Reason::AdaptiveReserved { .. }
        | Reason::FacilityReserved
        | Reason::ReservedCategory { .. } => "reserved".to_owned(),
        Reason::UnknownCategory { .. } => "no known category".to_owned(),
        Reason::UnknownTargetType { .. } => "no known target type".to_owned(),
        Reason::TlvOverrun { claimed, left, .. } | Reason::TargetOverrun { claimed, left } => {
            format!("claims {claimed} bytes, {left} follow")
        }
        Reason::TargetLength { found, expected, .. } => {
            format!("claims {found} bytes, it has {expected}")
        }
        Reason::EntryTooShort { length } => format!("claims {length} bytes, an entry has more"),
        Reason::TruncatedHeader { left } => format!("{left} of the 4 bytes of a header"),
        Reason::SurplusBytes { .. } => "belongs to no entry from here on".to_owned(),
        Reason::TrustDomainNotUtf8 { .. } => "not UTF-8 from here on".to_owned(),
        _ => "this byte".to_owned(),
    }
}

fn of_text(flaw: &TypedFlaw) -> Said {
    let base64 = "letters, digits, + and /, with = at the end";
    match flaw {
        TypedFlaw::Syntax => said("the entries are neither YAML nor JSON from here on")
            .help("placecard schema intents prints the form of entries"),
        TypedFlaw::SeveralDocuments => said("entries are one document, a second one begins here")
            .help("put all entries into one list"),
        TypedFlaw::Alias => {
            said("entries have no anchors and aliases").help("write the value out where it belongs")
        }
        TypedFlaw::Tag => said("entries have no tags").help("drop the tag"),
        TypedFlaw::Key => said("a key of an entry is a word"),
        TypedFlaw::DuplicateKey { key } => {
            said(format!("{} stands twice here", quote(key))).label("the second").help("keep one")
        }
        TypedFlaw::NotBase64 { found } => {
            said(format!("{} is not a letter of base64", quote(&found.to_string()))).help(base64)
        }
        TypedFlaw::AfterPadding => {
            said("base64 ends at its first =").help("one blob, in one piece")
        }
        TypedFlaw::Base64Length { letters } => {
            said(format!("{letters} letters of base64 are no whole number of bytes"))
                .help("a letter was lost, or = at the end")
        }
        TypedFlaw::Base64Rest => said("the last letter of base64 holds bits of no byte")
            .help("the end was cut off, or changed"),
        _ => said(""),
    }
}

fn of_reason(reason: &Reason, at: Option<usize>) -> Said {
    let message = match (reason, at) {
        (reason, Some(at)) => with_place(&reason.to_string(), at),
        (reason, None) => reason.to_string(),
    };
    let said = said(message);
    match help(reason) {
        Some(help) => said.help(help),
        None => said,
    }
}

/// `0x84 at byte 0x12 is not a strength`, where a sentence begins with the byte.
fn with_place(text: &str, at: usize) -> String {
    match text.split_once(' ') {
        Some((byte, rest)) if byte.starts_with("0x") => format!("{byte} at byte {at:#04x} {rest}"),
        _ => text.to_owned(),
    }
}

fn help(reason: &Reason) -> Option<&'static str> {
    Some(match reason {
        Reason::UnknownStrength { byte } if byte & 0x80 != 0 => {
            "required away is 0x81, preferred away is 0x82"
        }
        Reason::UnknownStrength { .. } => "required is 0x01, preferred is 0x02",
        Reason::AdaptiveReserved { .. } => "in this version an entry is Required or Preferred",
        Reason::FacilityReserved
        | Reason::ReservedCategory { .. }
        | Reason::UnknownCategory { .. } => {
            "the categories are Resource, State, Topology and Trust, 0x01 to 0x04"
        }
        Reason::UnknownTargetType { .. } => "the target types are 0x01 to 0x06",
        Reason::TargetOfOtherCategory { .. } => {
            "Resource takes NodeId and ResourceId, State NodeId and LeaseId, \
             Topology NodeId, ServiceId and RackId, Trust TrustDomain"
        }
        Reason::AwayOutsideTopology { .. } => "as Topology it can be away",
        Reason::PreferredTrust => "strength: Required, or leave the entry out",
        Reason::NotAnId { .. } => "a UID as in metadata.uid; for a name write name, not value",
        Reason::WeightOfRequired => "drop the weight, or let the entry be Preferred",
        Reason::TlvOverrun { .. } | Reason::TruncatedHeader { .. } => "the end was cut off",
        _ => return None,
    })
}
