//! Typed affinity requests: what a caller asks of a placement, entry by entry, and their wire form.
//!
//! A [`PlacementRequest`] carries a list of [`Affinity`] entries. Each says where the placement
//! shall be (or shall not be) relative to one [`AffinityTarget`]: required entries filter the
//! candidates, preferred ones score them. Whatever lies outside the v1 surface (see [`surface`])
//! cannot be built, and what cannot be read is refused whole, with the offset of the offending byte:
//! nothing is ever dropped or guessed.
//!
//! ```
//! use placecard_language::affinity::{
//!     Affinity, AffinityDirection, AffinityStrength, AffinityTarget, LeaseError, PlacementRequest,
//!     append, scan,
//! };
//!
//! # fn main() -> Result<(), LeaseError> {
//! let node = 0x3f2b8c1e_9a4d_4e6f_8b21_0c5d7e9f1a2b_u128;
//! let request = PlacementRequest::new()
//!     .affinity(Affinity::resource(AffinityStrength::Preferred, AffinityTarget::node(node)))
//!     .anti_affinity(Affinity::topology(AffinityStrength::Required, AffinityTarget::rack(42)));
//!
//! // All that was asked for, in one form; a mistake made on the way comes out here.
//! let entries = request.entries()?;
//! assert_eq!(entries.len(), 2);
//! assert_eq!(entries[1].direction(), AffinityDirection::Away);
//!
//! // Over the wire and back.
//! let mut blob = Vec::new();
//! append(&mut blob, &entries)?;
//! assert_eq!(scan(&blob)?, entries);
//! # Ok(())
//! # }
//! ```
//!
//! # Mistakes
//!
//! ```
//! use placecard_language::affinity::{LeaseError, Reason, scan};
//!
//! // Required away from rack 7, with 4 where 1 (required) or 2 (preferred) belongs.
//! let blob = [0x09, 0x10, 0, 9, 0x03, 0x84, 0x06, 0, 4, 0, 0, 0, 7];
//! let error = scan(&blob).unwrap_err();
//! assert_eq!(
//!     error,
//!     LeaseError::InvalidIntent { at: Some(5), reason: Reason::UnknownStrength { byte: 0x84 } }
//! );
//! assert_eq!(error.to_string(), "InvalidIntent at byte 5 (0x05): 0x84 is not a strength");
//! ```
//!
//! The wire form has no weights, no levels and no names; annotations have ([`Affinity::with_weight`],
//! [`Affinity::with_level`], [`AffinityTarget::named`]). Encoding an entry that has one is an error, not a loss.

mod category;
mod contradiction;
mod display;
mod entry;
mod error;
mod id;
mod request;
mod strength;
pub mod surface;
mod target;
pub mod text;
mod wire;
pub mod written;

pub use category::AffinityCategory;
pub use contradiction::check_contradictions;
pub use entry::Affinity;
pub use error::{Annotated, LeaseError, Reason};
pub use id::ObjectId;
pub use request::{PlacementRequest, Strategy, TaskletAffinity};
pub use strength::{AffinityDirection, AffinityStrength};
pub use target::{AffinityTarget, AffinityTargetType, NamedKind, NamedTarget};
pub(crate) use wire::scan_each_with_places;
pub use wire::{TAG, append, scan, scan_each, scan_with_places};
