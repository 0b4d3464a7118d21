//! What a refusal rests on: a proof, or a rule of the language.
//!
//! There is no denial without a [`Ground`], and none about where a pod can run but from a
//! [`verdict::Denial`], which only a proof yields that needs logic alone or what the operator has
//! declared. So nothing that depends on one cluster can become a denial.
//!
//! ```
//! use placecard_policies::admission::{Denial, Ground};
//! use placecard_policies::feasibility::verdict::{self, Logic, Proof};
//! fn deny(proof: Proof<Logic>) -> Option<Denial> {
//!     let ground = Ground::Proof(Box::new(verdict::Denial::of(proof, &())));
//!     Denial::of(vec![ground], String::new(), Vec::new())
//! }
//! ```
//!
//! The same with what holds in one snapshot does not compile:
//!
//! ```compile_fail,E0277
//! use placecard_policies::admission::{Denial, Ground};
//! use placecard_policies::feasibility::verdict::{self, Proof, Snapshot};
//! fn deny(proof: Proof<Snapshot>) -> Option<Denial> {
//!     let ground = Ground::Proof(Box::new(verdict::Denial::of(proof, &())));
//!     Denial::of(vec![ground], String::new(), Vec::new())
//! }
//! ```
//!
//! nor does a denial without any ground:
//!
//! ```compile_fail,E0451
//! use placecard_policies::admission::Denial;
//! let denial = Denial {
//!     message: String::new(),
//!     causes: Vec::new(),
//!     retryable: false,
//!     grounds: Vec::new(),
//! };
//! ```
//!
//! nor a refusal on a verdict about clusters:
//!
//! ```compile_fail,E0423
//! use placecard_policies::admission::Refusal;
//! use placecard_policies::findings::Verdict;
//! let refusal = Refusal(Verdict::NoInventory);
//! ```

use placecard_feasibility::certificate::Certificate;
use placecard_feasibility::verdict::{self, ClosedInventory, InventoryIsClosed, Logic, Proof};
use placecard_findings::{Evidence, Finding, Verdict};

/// A refusal: code 403, reason `Forbidden` (for `Invalid`, kubectl prints the causes and hides the
/// message).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denial {
    /// `status.message`; depends on object and vocabulary alone.
    pub message: String,
    /// `status.details.causes`.
    pub causes: Vec<Cause>,
    /// Whether the same request may succeed later without a change (503, `ServiceUnavailable`).
    pub retryable: bool,
    grounds: Vec<Ground>,
}

/// One entry of `status.details.causes`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// The finding's code.
    pub reason: String,
    /// The label's text, or the finding's message.
    pub message: String,
    /// The field path.
    pub field: String,
}

/// What a denial rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ground {
    /// A verdict about where pods can run, proved.
    Proof(Box<verdict::Denial>),
    /// No verdict about where pods can run: the words, the permission, or the form of the object.
    Refusal(Refusal),
    /// What its rules become is not in the fields; a later request may lack this ground.
    NotApplied,
    /// Who uses a word of the vocabulary is not known yet; a later request may lack this ground.
    NotKnown,
}

/// A refusal that says nothing about clusters; [`Refusal::of`] makes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal(Why);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Why {
    /// The annotation cannot be read.
    Language,
    /// Its rules are not written into native fields, or not beside one another.
    NotExpressible,
    /// Not for this namespace.
    NotAllowed,
    /// The API server would refuse the object too.
    ApiRejects,
}

impl Refusal {
    /// The refusal that a finding asks for; `None` for all verdicts about where pods can run.
    #[must_use]
    pub fn of(finding: &Finding) -> Option<Self> {
        let why = match finding.verdict {
            Verdict::Language => Why::Language,
            Verdict::NotExpressible => Why::NotExpressible,
            Verdict::NotAllowed => Why::NotAllowed,
            Verdict::ApiRejects => Why::ApiRejects,
            // Two targets are refused for themselves, whatever else is said of them.
            Verdict::Contradictory if finding.evidence == Some(Evidence::UnwrittenRules) => {
                Why::NotExpressible
            }
            Verdict::Contradictory
            | Verdict::ContradictoryGroup
            | Verdict::ContradictoryUpdate
            | Verdict::Uncoordinated
            | Verdict::NoInventory
            | Verdict::CrowdedOut
            | Verdict::Waiting
            | Verdict::Unresolved
            | Verdict::Risk => return None,
        };
        Some(Self(why))
    }
}

impl Ground {
    /// The ground on which a finding can refuse its object, if there is one: its certificate, if
    /// that is a proof by logic alone, or else what [`Refusal::of`] says.
    #[must_use]
    pub fn of(finding: &Finding) -> Option<Self> {
        match finding.verdict {
            Verdict::Contradictory | Verdict::ContradictoryGroup => {
                let proof = finding.evidence.as_ref().and_then(Evidence::certificate);
                let proved = proof.and_then(proved);
                proved.or_else(|| Refusal::of(finding).map(Self::Refusal))
            }
            // An object whose updates are stuck can run; what holds in one snapshot of a cluster
            // is no reason to refuse. For a closed inventory there is `of_closed`.
            // The objects of a coordination are applied in any order.
            Verdict::ContradictoryUpdate
            | Verdict::Uncoordinated
            | Verdict::NoInventory
            | Verdict::CrowdedOut
            | Verdict::Waiting => None,
            Verdict::Language
            | Verdict::NotExpressible
            | Verdict::NotAllowed
            | Verdict::ApiRejects
            | Verdict::Unresolved
            | Verdict::Risk => Refusal::of(finding).map(Self::Refusal),
        }
    }
}

impl Ground {
    /// The ground on which a finding can refuse its object because no node will ever hold its pods,
    /// if it has a proof of that, for an operator who has declared that no other nodes will come.
    #[must_use]
    pub fn of_closed(finding: &Finding, declared: &InventoryIsClosed) -> Option<Self> {
        let certificate = finding.evidence.as_ref().and_then(Evidence::certificate)?;
        let certificate = (finding.verdict == Verdict::NoInventory).then(|| certificate.clone())?;
        let proof = Proof::<ClosedInventory>::of(certificate).ok()?;
        Some(Self::Proof(Box::new(verdict::Denial::of(proof, declared))))
    }
}

/// The operator has declared nothing: logic alone denies.
fn proved(certificate: &Certificate) -> Option<Ground> {
    let proof = Proof::<Logic>::of(certificate.clone()).ok()?;
    Some(Ground::Proof(Box::new(verdict::Denial::of(proof, &()))))
}

impl Denial {
    /// The denial on these grounds; `None` if there are none.
    #[must_use]
    pub fn of(grounds: Vec<Ground>, message: String, causes: Vec<Cause>) -> Option<Self> {
        let passing = |ground: &Ground| matches!(ground, Ground::NotApplied | Ground::NotKnown);
        let retryable = grounds.iter().all(passing);
        (!grounds.is_empty()).then_some(Self { message, causes, retryable, grounds })
    }

    /// What it rests on, at least one.
    #[must_use]
    pub fn grounds(&self) -> &[Ground] {
        &self.grounds
    }
}
