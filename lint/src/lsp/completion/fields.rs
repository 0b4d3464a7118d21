//! Fields and words of what a schema of ours describes.

use gen_lsp_types::{CompletionItem, CompletionItemKind};
use placecard_findings::{FieldPath, ObjectRef, Segment};
use placecard_policies::family::Family;
use serde_json::Value;

use super::Asked;
use super::typing::{Typing, ways};
use crate::explain;
use crate::load::{Source, load};
use crate::lsp::described::{Described, Of, of_entries};
use crate::lsp::place::field;
use crate::plan::SEVERITIES;
use crate::selection::ALL;

/// Something that may stand there, and what it says.
type Offer = (String, String);

impl Asked<'_> {
    /// In typed entries, which are a text in a text.
    pub(super) fn entries(
        &self,
        outer: &Typing<'_>,
        reference: &ObjectRef,
    ) -> Option<Vec<CompletionItem>> {
        let at = u32::try_from(outer.before.len()).ok()?;
        ways(outer.before, outer.after()).iter().find_map(|text| {
            let source = Source::new(self.document.name.clone(), text.as_bytes());
            let read = load(&source);
            let found = field(&read, &source, at + 1).filter(|one| one.document.readable())?;
            let inner = Typing::of(&source, &found)?;
            self.offered(&of_entries(&found), &inner, outer.source, Some(reference))
        })
    }

    /// In the document itself.
    pub(super) fn described(
        &self,
        place: &Described<'_>,
        typing: &Typing<'_>,
    ) -> Option<Vec<CompletionItem>> {
        self.offered(place, typing, typing.source, None)
    }

    /// `outer`: the text of the document, of which that of `typing` may be a part.
    fn offered(
        &self,
        place: &Described<'_>,
        typing: &Typing<'_>,
        outer: &Source,
        reference: Option<&ObjectRef>,
    ) -> Option<Vec<CompletionItem>> {
        let span = self.replaced(&Typing { source: outer, ..*typing })?;
        let on_key = typing.found.on_key;
        let path = if on_key { place.path.parent() } else { place.path.clone() };
        let rules = place.rules(&path);
        if rules.are_of_mapping() && typing.is_behind_colon() {
            return Some(Vec::new());
        }
        if on_key || rules.are_of_mapping() {
            let there = place.value.pointer(&path.pointer()).and_then(Value::as_object);
            let is_there = |name: &str| there.is_some_and(|there| there.contains_key(name));
            let fields = rules.fields().into_iter();
            let mut offers: Vec<Offer> =
                fields.map(|(name, says)| (name.to_owned(), says.to_owned())).collect();
            if is_of_codes(place, &path) && path.0.last().is_some_and(is_severity) {
                offers.extend(codes());
            }
            offers.retain(|(name, _)| !is_there(name));
            let item = |(name, says): Offer| {
                let text = match reference {
                    // Quotes would be part of a text that has quotes of its own.
                    Some(_) if typing.is_quoted() || !self.lacks_colon => name.clone(),
                    Some(_) => format!("{name}: "),
                    None => self.written_key(&name, typing),
                };
                self.item(&name, text, span, (CompletionItemKind::Field, "", &says))
            };
            return Some(offers.into_iter().map(item).collect());
        }
        let words = rules.words().into_iter().map(|word| (word.to_owned(), String::new()));
        let mut offers: Vec<Offer> = words.collect();
        offers.extend(self.known_words(place, reference));
        let quotes = self.json && reference.is_none() && !typing.is_quoted();
        let item = |(word, says): Offer| {
            let bare = !quotes || ["true", "false"].contains(&word.as_str());
            let text = if bare { word.clone() } else { format!("\"{word}\"") };
            self.item(&word, text, span, (CompletionItemKind::Value, "", &says))
        };
        Some(offers.into_iter().map(item).collect())
    }

    /// Words that no schema knows: codes, severities, and those of the vocabulary and the cluster.
    fn known_words(&self, place: &Described<'_>, reference: Option<&ObjectRef>) -> Vec<Offer> {
        let plain = |word: &str| (word.to_owned(), String::new());
        let words = &self.checked.judged.words;
        let last = match place.path.0.as_slice() {
            [.., Segment::Key(last)] => last.as_str(),
            [.., Segment::Key(_), Segment::Index(_)]
                if is_of_codes(place, &place.path.parent()) =>
            {
                return codes();
            }
            _ => "",
        };
        match (place.of, last) {
            (Of::Configuration, "failOn") => {
                SEVERITIES.iter().chain(&["never"]).map(|word| plain(word)).collect()
            }
            (Of::Configuration, _) if place.path.parent().0.last().is_some_and(is_severity) => {
                SEVERITIES.iter().map(|word| plain(word)).collect()
            }
            (Of::Coordination, "topologyKey") => {
                words.levels.iter().map(|level| (level.key.clone(), level.name.clone())).collect()
            }
            (Of::Entries, "level") => {
                words.levels.iter().map(|level| (level.name.clone(), level.key.clone())).collect()
            }
            (Of::Entries, "value" | "name") => {
                let target = place.value.pointer(&place.path.parent().pointer());
                let of = target.and_then(|target| target["type"].as_str()).unwrap_or_default();
                match (of, last) {
                    ("TrustDomain", "value") => {
                        words.trust_domains.keys().map(|name| plain(name)).collect()
                    }
                    ("ResourceId", "name") => {
                        words.resources.keys().map(|name| plain(name)).collect()
                    }
                    (_, "value") => self.ids(of),
                    (_, "name") => reference.map(|from| self.named(of, from)).unwrap_or_default(),
                    _ => Vec::new(),
                }
            }
            _ => Vec::new(),
        }
    }

    /// The ids of the objects that a target of a type may mean, and whose they are.
    fn ids(&self, of: &str) -> Vec<Offer> {
        let mut ids = Vec::new();
        if of == "ResourceId" {
            let known = self.checked.judged.words.resource_ids.iter();
            ids.extend(known.map(|(id, name)| (id.to_string(), format!("resource/{name}"))));
        }
        ids.extend(self.uids(of));
        ids
    }

    /// The objects that a target of a type may name.
    fn named(&self, of: &str, from: &ObjectRef) -> Vec<Offer> {
        let head = match of {
            "NodeId" => "node/",
            "ServiceId" => "service/",
            "LeaseId" => "lease/",
            _ => return Vec::new(),
        };
        let names = self.objects(head, from).into_iter();
        names
            .filter_map(|name| Some((name.strip_prefix(head)?.to_owned(), String::new())))
            .collect()
    }
}

/// Whether codes and families stand in the list or mapping of a configuration.
fn is_of_codes(place: &Described<'_>, path: &FieldPath) -> bool {
    let lists = ["select", "extendSelect", "ignore", "severity"];
    let is = |one: &Segment| matches!(one, Segment::Key(name) if lists.contains(&name.as_str()));
    place.of == Of::Configuration && path.0.last().is_some_and(is)
}

fn is_severity(segment: &Segment) -> bool {
    matches!(segment, Segment::Key(name) if name == "severity")
}

/// All codes, and the families that they are selected with.
fn codes() -> Vec<Offer> {
    let families = Family::ALL.iter().map(|one| (one.name().to_owned(), one.summary().to_owned()));
    let rows = explain::rows().into_iter();
    let rows = rows.map(|row| (row.code.to_owned(), row.summary.to_owned()));
    std::iter::once((ALL.to_owned(), String::new())).chain(families).chain(rows).collect()
}
