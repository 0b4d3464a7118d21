//! The finding and its parts.

use placecard_feasibility::certificate::Certificate;

use crate::{Code, FieldPath, ObjectRef, Segment, Severity, Site};

/// What kind of statement a finding is; decides what the webhook may do with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// The annotation or vocabulary cannot be read.
    Language,
    /// Readable, but native fields cannot say it.
    NotExpressible,
    /// Not for this namespace.
    NotAllowed,
    /// No cluster could ever hold the pod.
    Contradictory,
    /// The replicas that are asked for could never all run.
    ContradictoryGroup,
    /// The replicas can run, but no update of them could ever finish by itself.
    ContradictoryUpdate,
    /// The objects of one role coordination do not go together; any of them may change first.
    Uncoordinated,
    /// The API server would refuse the object.
    ApiRejects,
    /// No kind of node of the cluster could hold the pod, even empty.
    NoInventory,
    /// Nodes of the cluster could hold the pod, but what runs there, or what the namespace allows,
    /// is in the way.
    CrowdedOut,
    /// Preemption, or more nodes within the limits, will help.
    Waiting,
    /// Something that the rule names does not exist (yet) or cannot be reached.
    Unresolved,
    /// A risk, or a rule without effect.
    Risk,
}

impl Verdict {
    /// The name in the JSON report.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Language => "language",
            Self::NotExpressible => "not-expressible",
            Self::NotAllowed => "not-allowed",
            Self::Contradictory => "contradictory",
            Self::ContradictoryGroup => "contradictory-group",
            Self::ContradictoryUpdate => "contradictory-update",
            Self::Uncoordinated => "uncoordinated",
            Self::ApiRejects => "api-rejects",
            Self::NoInventory => "no-inventory",
            Self::CrowdedOut => "crowded-out",
            Self::Waiting => "waiting",
            Self::Unresolved => "unresolved",
            Self::Risk => "risk",
        }
    }

    /// Whether the author of an object may silence it by an annotation: verdicts and lint findings;
    /// never the language, permissions or what the API refuses.
    #[must_use]
    pub const fn can_be_silenced(self) -> bool {
        match self {
            Self::Contradictory
            | Self::ContradictoryGroup
            | Self::ContradictoryUpdate
            | Self::Uncoordinated
            | Self::NoInventory
            | Self::CrowdedOut
            | Self::Waiting
            | Self::Risk => true,
            Self::Language
            | Self::NotExpressible
            | Self::NotAllowed
            | Self::ApiRejects
            | Self::Unresolved => false,
        }
    }

    /// Whether nothing can be said of it without a cluster.
    #[must_use]
    pub const fn is_of_cluster(self) -> bool {
        matches!(self, Self::NoInventory | Self::CrowdedOut | Self::Waiting)
    }
}

/// Everything that is known about one defect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Which kind.
    pub code: Code,
    /// How much it weighs, before overrides.
    pub severity: Severity,
    /// What kind of statement it is.
    pub verdict: Verdict,
    /// The object under review.
    pub object: ObjectRef,
    /// What is, in at most 72 characters: no code, no path.
    pub message: String,
    /// A misspelt word's nearest known word; printed as `did you mean …?`.
    pub suggestion: Option<String>,
    /// A label for every clashing demand and for nothing else; the first is the primary one.
    pub labels: Vec<Label>,
    /// Why the labels clash, where that is not plain.
    pub why: Option<String>,
    /// The bytes that a text of base64 stands for, if one of them is what is wrong.
    pub bytes: Option<Bytes>,
    /// Facts without a file: nodes, pods, volumes. Each a line, its columns aligned.
    pub now: Vec<String>,
    /// What would have to change, smallest change first; at most four.
    pub help: Vec<Help>,
    /// An edit that mends it.
    pub fix: Option<Fix>,
    /// How certain it is.
    pub holds: Holds,
    /// The text of an admission response, where it differs from `message`; without object and code.
    pub admission: Option<String>,
    /// What stands behind it, besides what the labels show.
    pub evidence: Option<Evidence>,
}

/// What stands behind a finding, for programs and for the webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// A certificate that its checker has verified.
    Certificate(Box<Certificate>),
    /// The clash is between rules that are not written into fields beside one another: there is no
    /// pod that a certificate could be about.
    UnwrittenRules,
}

impl Evidence {
    /// The certificate, if that is what it is.
    #[must_use]
    pub fn certificate(&self) -> Option<&Certificate> {
        match self {
            Self::Certificate(certificate) => Some(certificate),
            Self::UnwrittenRules => None,
        }
    }
}

impl Finding {
    /// A finding with its code, message and primary label; severity error, holds on every cluster.
    #[must_use]
    pub fn new(
        code: Code,
        verdict: Verdict,
        object: ObjectRef,
        message: impl Into<String>,
        primary: Label,
    ) -> Self {
        Self {
            code,
            severity: Severity::Error,
            verdict,
            object,
            message: message.into(),
            suggestion: None,
            labels: vec![primary],
            why: None,
            bytes: None,
            now: Vec::new(),
            help: Vec::new(),
            fix: None,
            holds: Holds::every_cluster(),
            admission: None,
            evidence: None,
        }
    }

    /// The primary label, if the finding has one.
    #[must_use]
    pub fn primary(&self) -> Option<&Label> {
        self.labels.first()
    }

    /// The message with its suggestion: one line that is enough alone.
    #[must_use]
    pub fn line(&self) -> String {
        match &self.suggestion {
            Some(word) => format!("{}; did you mean {word}?", self.message),
            None => self.message.clone(),
        }
    }
}

/// Bytes, and the one that is wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bytes {
    /// Those around it.
    pub shown: Vec<u8>,
    /// The offset of the first that is shown.
    pub from: usize,
    /// The offset of the one that is wrong.
    pub at: usize,
    /// What is wrong with it, a few words.
    pub text: String,
}

/// A place and what it demands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// Where.
    pub site: Site,
    /// What it says there, a few words.
    pub text: String,
    /// The words that stand at the site, for readers without the file; may be empty.
    pub quote: String,
}

impl Label {
    /// A label.
    #[must_use]
    pub fn new(site: Site, text: impl Into<String>) -> Self {
        Self { site, text: text.into(), quote: String::new() }
    }

    /// The label with the words that stand at its site.
    #[must_use]
    pub fn quoting(mut self, quote: impl Into<String>) -> Self {
        self.quote = quote.into();
        self
    }
}

/// One way out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Help {
    /// What to change and what that yields.
    pub text: String,
    /// What it yields, in a few words set apart: `4 nodes then fit`; may be empty.
    pub yields: String,
    /// Lines to paste: `-` what goes, `+` what comes.
    pub lines: Vec<String>,
    /// Labels that the text names, by their index: each `{}` in the text stands for the next one.
    /// A reader with the file calls them by line, one without it by their words.
    pub mentions: Vec<usize>,
}

impl Help {
    /// A way out in words.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    /// A way out that names labels.
    #[must_use]
    pub fn mentioning(text: impl Into<String>, mentions: Vec<usize>) -> Self {
        Self { text: text.into(), mentions, ..Self::default() }
    }

    /// The text, with each label called by `name`.
    #[must_use]
    pub fn say(&self, name: impl Fn(usize) -> String) -> String {
        if self.mentions.is_empty() {
            return self.text.clone();
        }
        let mut pieces = self.text.split("{}");
        let mut said = pieces.next().unwrap_or_default().to_owned();
        for (index, piece) in pieces.enumerate() {
            said.push_str(&self.mentions.get(index).map(|label| name(*label)).unwrap_or_default());
            said.push_str(piece);
        }
        said
    }
}

/// An edit that mends the finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// Whether the edits leave what a correct reader would have meant.
    pub safe: bool,
    /// The replacements.
    pub edits: Vec<Edit>,
}

/// One replacement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// What is replaced.
    pub site: Site,
    /// The text there now; may be empty where a value changes.
    pub old: String,
    /// The text that mends it, or the new value as JSON.
    pub new: String,
    /// What is done with them.
    pub change: Change,
}

/// What an edit does at its site.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Change {
    /// The text `old` becomes `new`.
    #[default]
    Text,
    /// The field gets the value whose JSON is `new`. Mappings above it that are not there are made;
    /// the position behind the last item of a list appends to it.
    Set,
    /// The field goes: a key with its value, or an item of a list.
    Remove,
    /// The scalar is put in quotes, as it is written.
    Quote,
}

impl Edit {
    /// Replaces a text.
    #[must_use]
    pub fn text(site: Site, old: impl Into<String>, new: impl Into<String>) -> Self {
        Self { site, old: old.into(), new: new.into(), change: Change::Text }
    }

    /// Gives a field a value, which is JSON.
    #[must_use]
    pub fn set(path: FieldPath, json: impl Into<String>) -> Self {
        let site = Site::value(path);
        Self { site, old: String::new(), new: json.into(), change: Change::Set }
    }

    /// Takes a field out.
    #[must_use]
    pub fn remove(path: FieldPath) -> Self {
        let site = Site::value(path);
        Self { site, old: String::new(), new: String::new(), change: Change::Remove }
    }

    /// Puts a scalar in quotes.
    #[must_use]
    pub fn quote(path: FieldPath) -> Self {
        let site = Site::value(path);
        Self { site, old: String::new(), new: String::new(), change: Change::Quote }
    }

    /// Gives a key of a mapping another name, with its value as it is.
    #[must_use]
    pub fn rename(path: FieldPath, new: impl Into<String>) -> Self {
        let old = match path.0.last() {
            Some(Segment::Key(key)) => key.to_string(),
            _ => String::new(),
        };
        Self::text(Site::key(path), old, new)
    }

    /// What it does, in a few words.
    #[must_use]
    pub fn line(&self) -> String {
        let Self { site, old, new, change } = self;
        let field = match (site.path.0.last(), site.path.0.iter().rev().nth(1)) {
            (Some(Segment::Key(key)), _) => key.to_string(),
            (Some(Segment::Index(index)), Some(Segment::Key(list))) => format!("{list}[{index}]"),
            (Some(Segment::Index(index)), _) => format!("[{index}]"),
            (None, _) => "the object".to_owned(),
        };
        match change {
            Change::Text if old.is_empty() => format!("add {new}"),
            Change::Text if new.is_empty() => format!("delete {old}"),
            Change::Text => format!("{old} -> {new}"),
            Change::Set => format!("{field}: {new}"),
            Change::Remove => format!("delete {field}"),
            Change::Quote => format!("quote {field}"),
        }
    }
}

impl Fix {
    /// Edits that a correct reader would have meant.
    #[must_use]
    pub fn safe(edits: Vec<Edit>) -> Self {
        Self { safe: true, edits }
    }

    /// Edits that need a look.
    #[must_use]
    pub fn needs_a_look(edits: Vec<Edit>) -> Self {
        Self { safe: false, edits }
    }
}

/// How far a finding holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Whatever the cluster.
    EveryCluster,
    /// For this vocabulary.
    Vocabulary,
    /// For the objects that were read besides this one.
    Objects,
    /// For the cluster as it was read.
    Snapshot,
    /// Under a stated assumption.
    Assumption,
}

impl Scope {
    /// The name in the JSON report.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::EveryCluster => "every-cluster",
            Self::Vocabulary => "vocabulary",
            Self::Objects => "objects",
            Self::Snapshot => "snapshot",
            Self::Assumption => "assumption",
        }
    }
}

/// The certainty of a finding, in a type and in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holds {
    /// How far.
    pub scope: Scope,
    /// Whether it is proved, and not merely read.
    pub proof: bool,
    /// The words after `holds:`.
    pub text: String,
}

impl Holds {
    /// On every cluster; nothing had to be proved.
    #[must_use]
    pub fn every_cluster() -> Self {
        Self { scope: Scope::EveryCluster, proof: false, text: "on every cluster".to_owned() }
    }

    /// On every cluster, proved; `detail` names the law, or is empty.
    #[must_use]
    pub fn proof(detail: &str) -> Self {
        let text = if detail.is_empty() {
            "on every cluster (proof)".to_owned()
        } else {
            format!("on every cluster: {detail} (proof)")
        };
        Self { scope: Scope::EveryCluster, proof: true, text }
    }

    /// For this vocabulary.
    #[must_use]
    pub fn vocabulary() -> Self {
        Self { scope: Scope::Vocabulary, proof: false, text: "for this vocabulary".to_owned() }
    }

    /// For the objects that were read besides this one; `text` names them.
    #[must_use]
    pub fn objects(text: impl Into<String>) -> Self {
        Self { scope: Scope::Objects, proof: false, text: text.into() }
    }

    /// For the cluster as it was read; `text` names it.
    #[must_use]
    pub fn snapshot(text: impl Into<String>) -> Self {
        Self { scope: Scope::Snapshot, proof: false, text: text.into() }
    }

    /// Under the assumption in `text`.
    #[must_use]
    pub fn assuming(text: impl Into<String>) -> Self {
        Self { scope: Scope::Assumption, proof: false, text: text.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn help_calls_labels_by_name() {
        let help = Help::mentioning("drop {} or {}", vec![2, 0]);
        assert_eq!(help.say(|label| format!("line {label}")), "drop line 2 or line 0");
        assert_eq!(Help::text("write `{}`").say(|_| String::new()), "write `{}`");
    }

    #[test]
    fn an_edit_says_what_it_does() {
        let path = FieldPath::of(&["spec", "tolerations"]);
        assert_eq!(Edit::remove(path.index(2)).line(), "delete tolerations[2]");
        assert_eq!(Edit::remove(path.clone()).line(), "delete tolerations");
        assert_eq!(Edit::set(path.key("a"), "{\"b\":1}").line(), "a: {\"b\":1}");
        assert_eq!(Edit::quote(path.key("a")).line(), "quote a");
        assert_eq!(Edit::rename(path.key("a"), "b").line(), "a -> b");
        assert_eq!(Edit::text(Site::value(path.clone()), "", "b").line(), "add b");
        assert_eq!(Edit::text(Site::value(path), "a", "").line(), "delete a");
    }

    #[test]
    fn a_line_carries_the_suggestion() {
        let mut finding = Finding::new(
            Code::new("unknown-relation"),
            Verdict::Language,
            ObjectRef::default(),
            "unknown relation aprat-from",
            Label::new(Site::value(FieldPath::root()), ""),
        );
        assert_eq!(finding.line(), "unknown relation aprat-from");
        finding.suggestion = Some("apart-from".into());
        assert_eq!(finding.line(), "unknown relation aprat-from; did you mean apart-from?");
    }
}
