//! The wire form: entries among the TLVs of a parameter blob.
//!
//! ```text
//! blob  = { tag (u16) · length (u16) · value (length bytes) }              all big endian
//! value of tag 0x0910 = category (u8) · strength (u8) · target type (u8)
//!                       · target length (u16) · target                    exactly one entry
//! ```
//!
//! What is wrong is looked for in this order: the frame of the TLV, then the entry from its first
//! byte to its last, then the next TLV; contradictions between entries come last. The offending
//! byte is
//!
//! | of | its offset is that of |
//! |---|---|
//! | a truncated header | the first byte of the header |
//! | a value or a target that reaches too far, and a TLV too short for an entry | the first byte of the length that claims it |
//! | a target of the wrong length | the first byte of the target's length |
//! | a category, strength or target type | itself |
//! | a combination outside the v1 surface | the later of its two bytes |
//! | surplus bytes | the first of them |
//! | a trust domain that is not UTF-8 | the first byte that is not |

use std::ops::Range;

use super::category::AffinityCategory;
use super::contradiction::check_contradictions;
use super::entry::Affinity;
use super::error::{Annotated, LeaseError, Reason};
use super::id::ObjectId;
use super::strength::{AffinityDirection, AffinityStrength};
use super::surface;
use super::target::{AffinityTarget, AffinityTargetType};

/// The tag of the TLVs that are entries.
pub const TAG: u16 = 0x0910;

/// Tag and length.
const HEADER: usize = 4;
/// What an entry has before its target.
const FIXED: usize = 5;

/// All entries of a parameter blob, in order. TLVs of other tags are passed over; a blob without
/// entries gives none.
///
/// ```
/// use placecard_language::affinity::{AffinityTarget, scan};
///
/// // A TLV of somebody else's, then: toward rack 42, required.
/// let blob = [0, 1, 0, 2, 0xca, 0xfe, 0x09, 0x10, 0, 9, 3, 1, 6, 0, 4, 0, 0, 0, 42];
/// assert_eq!(scan(&blob)?[0].target(), &AffinityTarget::rack(42));
/// assert_eq!(scan(&[])?, []);
/// # Ok::<(), placecard_language::affinity::LeaseError>(())
/// ```
///
/// # Errors
/// [`LeaseError::InvalidIntent`] for the first malformation, or for entries that contradict each
/// other. No entry is given then.
pub fn scan(blob: &[u8]) -> Result<Vec<Affinity>, LeaseError> {
    let entries: Vec<Affinity> = read(blob, |_, entry| entry)?;
    check_contradictions(&entries)?;
    Ok(entries)
}

/// As [`scan`], each entry with the bytes of its TLV, header included.
///
/// # Errors
/// As [`scan`].
pub fn scan_with_places(blob: &[u8]) -> Result<Vec<(Range<usize>, Affinity)>, LeaseError> {
    let entries: Vec<(Range<usize>, Affinity)> = read(blob, |place, entry| (place, entry))?;
    check_contradictions(entries.iter().map(|(_, entry)| entry))?;
    Ok(entries)
}

/// As [`scan`], without looking for contradictions: what stands in an annotation is compared with
/// the others beside it, and not alone.
///
/// # Errors
/// [`LeaseError::InvalidIntent`] for the first malformation.
pub fn scan_each(blob: &[u8]) -> Result<Vec<Affinity>, LeaseError> {
    read(blob, |_, entry| entry)
}

/// As [`scan_each`], each entry with the bytes of its TLV, header included.
pub(crate) fn scan_each_with_places(
    blob: &[u8],
) -> Result<Vec<(Range<usize>, Affinity)>, LeaseError> {
    read(blob, |place, entry| (place, entry))
}

/// Appends entries to a parameter blob, one TLV each; what is there stays byte for byte.
///
/// ```
/// use placecard_language::affinity::{
///     Affinity, AffinityStrength, AffinityTarget, LeaseError, append,
/// };
///
/// let mut blob = vec![0, 1, 0, 2, 0xca, 0xfe];
/// let rack = Affinity::topology(AffinityStrength::Required, AffinityTarget::rack(42))?;
/// append(&mut blob, &[rack.away()?])?;
/// assert_eq!(blob, [0, 1, 0, 2, 0xca, 0xfe, 9, 0x10, 0, 9, 3, 0x81, 6, 0, 4, 0, 0, 0, 42]);
/// # Ok::<(), LeaseError>(())
/// ```
///
/// # Errors
/// The blob is as before then.
/// [`LeaseError::InvalidIntent`]: it is malformed already, so that a reader would not find what is
/// appended, or what it holds and what is appended contradict each other (entries are counted from
/// the first one in the blob). [`LeaseError::NotInWireForm`]: an entry has a weight,
/// a level or a name.
pub fn append(blob: &mut Vec<u8>, entries: &[Affinity]) -> Result<(), LeaseError> {
    let before = scan(blob)?;
    check_contradictions(before.iter().chain(entries))?;
    let mut bytes = Vec::new();
    for (index, entry) in entries.iter().enumerate() {
        match lacks(entry) {
            Some(has) => return Err(LeaseError::NotInWireForm { entry: index, has }),
            None => write(&mut bytes, index, entry)?,
        }
    }
    blob.extend_from_slice(&bytes);
    Ok(())
}

/// What an entry has beside its target that the wire form cannot say.
fn lacks(entry: &Affinity) -> Option<Annotated> {
    let weight = entry.weight().map(|_| Annotated::Weight);
    weight.or(entry.level().map(|_| Annotated::Level))
}

fn write(bytes: &mut Vec<u8>, index: usize, entry: &Affinity) -> Result<(), LeaseError> {
    let value = match entry.target() {
        AffinityTarget::NodeId(id)
        | AffinityTarget::ResourceId(id)
        | AffinityTarget::LeaseId(id)
        | AffinityTarget::ServiceId(id) => id.0.to_be_bytes().to_vec(),
        AffinityTarget::TrustDomain(name) => name.as_bytes().to_vec(),
        AffinityTarget::RackId(id) => id.to_be_bytes().to_vec(),
        AffinityTarget::Named(_) => {
            return Err(LeaseError::NotInWireForm { entry: index, has: Annotated::Name });
        }
    };
    // An entry that could be built has a target that fits.
    let too_long = || LeaseError::built(Reason::TrustDomainTooLong { bytes: value.len() });
    let length = u16::try_from(FIXED + value.len()).map_err(|_| too_long())?;
    let target_length = u16::try_from(value.len()).map_err(|_| too_long())?;
    let away = match entry.direction() {
        AffinityDirection::Toward => 0,
        AffinityDirection::Away => AffinityDirection::AWAY_BIT,
    };
    bytes.extend_from_slice(&TAG.to_be_bytes());
    bytes.extend_from_slice(&length.to_be_bytes());
    bytes.push(entry.category().byte());
    bytes.push(entry.strength().byte() | away);
    bytes.push(entry.target().target_type().byte());
    bytes.extend_from_slice(&target_length.to_be_bytes());
    bytes.extend_from_slice(&value);
    Ok(())
}

fn read<T>(blob: &[u8], each: fn(Range<usize>, Affinity) -> T) -> Result<Vec<T>, LeaseError> {
    let mut found = Vec::new();
    let (mut rest, mut at) = (blob, 0);
    while !rest.is_empty() {
        let Some((&[t0, t1, l0, l1], after)) = rest.split_first_chunk::<HEADER>() else {
            return Err(LeaseError::at(at, Reason::TruncatedHeader { left: rest.len() }));
        };
        let (tag, claimed) = (u16::from_be_bytes([t0, t1]), u16::from_be_bytes([l0, l1]));
        let Some((value, next)) = after.split_at_checked(claimed.into()) else {
            let reason = Reason::TlvOverrun { tag, claimed, left: after.len() };
            return Err(LeaseError::at(at + 2, reason));
        };
        let end = at + HEADER + value.len();
        if tag == TAG {
            found.push(each(at..end, entry(value, at)?));
        }
        (rest, at) = (next, end);
    }
    Ok(found)
}

/// The entry in the value of a TLV that begins at `tlv`.
fn entry(value: &[u8], tlv: usize) -> Result<Affinity, LeaseError> {
    let Some((&[category, strength, kind, l0, l1], after)) = value.split_first_chunk::<FIXED>()
    else {
        let length = u16::try_from(value.len()).unwrap_or_default();
        return Err(LeaseError::at(tlv + 2, Reason::EntryTooShort { length }));
    };
    let start = tlv + HEADER;
    let at = |offset: usize| move |reason| LeaseError::at(start + offset, reason);
    let category = read_category(category).map_err(at(0))?;
    let (strength, direction) = read_strength(strength).map_err(at(1))?;
    surface::check_strength(category, strength, direction).map_err(at(1))?;
    let kind = AffinityTargetType::of_byte(kind)
        .ok_or(Reason::UnknownTargetType { byte: kind })
        .and_then(|kind| surface::check_type(category, kind).map(|()| kind))
        .map_err(at(2))?;
    let length = u16::from_be_bytes([l0, l1]);
    check_length(kind, length).map_err(at(3))?;
    let Some((target, surplus)) = after.split_at_checked(length.into()) else {
        let reason = Reason::TargetOverrun { claimed: length, left: after.len() };
        return Err(at(3)(reason));
    };
    let target = read_target(kind, target)
        .map_err(|(offset, reason)| LeaseError::at(start + FIXED + offset, reason))?;
    if !surplus.is_empty() {
        let reason = Reason::SurplusBytes { count: surplus.len() };
        return Err(at(FIXED + usize::from(length))(reason));
    }
    Affinity::new(category, strength, direction, target)
}

fn read_category(byte: u8) -> Result<AffinityCategory, Reason> {
    AffinityCategory::of_byte(byte).ok_or(match byte {
        AffinityCategory::FACILITY => Reason::FacilityReserved,
        0x06..=0xfe => Reason::ReservedCategory { byte },
        _ => Reason::UnknownCategory { byte },
    })
}

fn read_strength(byte: u8) -> Result<(AffinityStrength, AffinityDirection), Reason> {
    let direction = match byte & AffinityDirection::AWAY_BIT {
        0 => AffinityDirection::Toward,
        _ => AffinityDirection::Away,
    };
    let strength = byte & !AffinityDirection::AWAY_BIT;
    AffinityStrength::of_byte(strength).map(|strength| (strength, direction)).ok_or(
        match strength {
            AffinityStrength::ADAPTIVE => Reason::AdaptiveReserved { byte },
            _ => Reason::UnknownStrength { byte },
        },
    )
}

fn check_length(target: AffinityTargetType, found: u16) -> Result<(), Reason> {
    match target.length() {
        Some(expected) if expected != found => {
            Err(Reason::TargetLength { target, found, expected })
        }
        None if found == 0 => Err(Reason::EmptyTrustDomain),
        _ => Ok(()),
    }
}

/// The target in bytes of the length of its type, or the offset in them of what is wrong.
fn read_target(kind: AffinityTargetType, bytes: &[u8]) -> Result<AffinityTarget, (usize, Reason)> {
    // The length is checked, so nothing is ever cut off or added here.
    let id = || ObjectId(bytes.iter().fold(0, |id, byte| id << 8 | u128::from(*byte)));
    Ok(match kind {
        AffinityTargetType::NodeId => AffinityTarget::NodeId(id()),
        AffinityTargetType::ResourceId => AffinityTarget::ResourceId(id()),
        AffinityTargetType::LeaseId => AffinityTarget::LeaseId(id()),
        AffinityTargetType::ServiceId => AffinityTarget::ServiceId(id()),
        AffinityTargetType::RackId => {
            AffinityTarget::RackId(bytes.iter().fold(0, |id, byte| id << 8 | u32::from(*byte)))
        }
        AffinityTargetType::TrustDomain => match std::str::from_utf8(bytes) {
            Ok(name) => AffinityTarget::TrustDomain(name.to_owned()),
            Err(error) => {
                let at = error.valid_up_to();
                let byte = bytes.get(at).copied().unwrap_or_default();
                return Err((at, Reason::TrustDomainNotUtf8 { byte }));
            }
        },
    })
}
