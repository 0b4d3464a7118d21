//! Words for typed entries that cannot be read.

use placecard_language::affinity::Reason;
use placecard_language::affinity::written::EntryDetail;
use placecard_language::problem::TypedFlaw;

use crate::words::language::{Said, quote, said};
use crate::words::vocabulary;

/// Beside the first of two entries that contradict each other.
pub(crate) const FIRST: &str = "the first is here";

/// Message, label and ways out.
pub(crate) fn flaw(flaw: &TypedFlaw) -> Said {
    match flaw {
        TypedFlaw::Entry(detail) => match &**detail {
            EntryDetail::Shape(detail) => vocabulary::say(detail),
            EntryDetail::Invalid(reason) => of_reason(reason, None),
        },
        TypedFlaw::Contradictory { reason, .. } => of_reason(reason, None).label("the second"),
        TypedFlaw::Bytes { at, reason } => {
            of_reason(reason, Some(*at)).label(format!("byte {at:#04x}"))
        }
        other => of_text(other),
    }
}

/// `InvalidIntent at byte 18 (0x12) of placecard.dev/intents-tlv: 0x84 is not a strength`: as
/// `placecard intent decode` says it.
pub(crate) fn admission(flaw: &TypedFlaw, key: &str) -> Option<String> {
    match flaw {
        TypedFlaw::Bytes { at, reason } => {
            Some(format!("InvalidIntent at byte {at} ({at:#04x}) of {key}: {reason}"))
        }
        _ => None,
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
        (Reason::Contradictory { target, .. }, _) => {
            format!("required toward and away from one target: {target}")
        }
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
        Reason::Contradictory { .. } => "keep one of the two, or prefer one",
        Reason::NotAnId { .. } => "a UID as in metadata.uid; for a name write name, not value",
        Reason::WeightOfRequired => "drop the weight, or let the entry be Preferred",
        Reason::TlvOverrun { .. } | Reason::TruncatedHeader { .. } => "the end was cut off",
        _ => return None,
    })
}
