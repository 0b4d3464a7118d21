//! The objects of an answer of the API server, one by one, as its bytes arrive.

use serde::Deserialize;

use super::scan::{Entry, Skip, blank, entry};
use super::stream::LARGEST_OBJECT;
use super::value::take;
use crate::read::or_default;

/// What surrounds the items of a list is not longer: a kind, a revision and a token.
const ENVELOPE: usize = 64 << 10;

/// A page of a list: `{"kind":"PodList","apiVersion":"v1","metadata":{…},"items":[…]}`. No more of it
/// is kept than the object that arrives.
#[derive(Debug, Default)]
pub struct Page {
    buffer: Vec<u8>,
    at: usize,
    place: Place,
    metadata: PageMetadata,
}

/// What a page says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct PageMetadata {
    /// The revision of the list.
    #[serde(deserialize_with = "or_default")]
    pub resource_version: String,
    /// What the next page is asked for by; empty: there is none.
    #[serde(rename = "continue", deserialize_with = "or_default")]
    pub token: String,
}

/// Where the next byte belongs.
#[derive(Clone, Copy, Debug, Default)]
enum Place {
    #[default]
    Begin,
    Keys,
    Items,
    /// An item begins at `at`; so far it has been looked through.
    Item(Skip, usize),
    Ended,
}

/// The answer is no list, or holds an object that no cluster can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoList;

impl Page {
    /// Adds what arrived.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.drain(..self.at);
        if let Place::Item(_, looked) = &mut self.place {
            *looked -= self.at;
        }
        self.at = 0;
        self.buffer.extend_from_slice(bytes);
    }

    /// The next object, as it is written; `None`: more has to arrive first.
    ///
    /// # Errors
    /// It cannot be read on.
    pub fn next_object(&mut self) -> Result<Option<&[u8]>, NoList> {
        loop {
            match self.place {
                Place::Begin => {
                    self.at = blank(&self.buffer, self.at);
                    match self.buffer.get(self.at) {
                        None => return Ok(None),
                        Some(b'{') => self.place = Place::Keys,
                        Some(_) => return Err(NoList),
                    }
                    self.at += 1;
                }
                Place::Keys => {
                    if !self.key()? {
                        return Ok(None);
                    }
                }
                Place::Items => {
                    self.at = blank(&self.buffer, self.at);
                    match self.buffer.get(self.at) {
                        None => return Ok(None),
                        Some(b',') => self.at += 1,
                        Some(b'{') => self.place = Place::Item(Skip::default(), self.at),
                        Some(b']') => {
                            self.at += 1;
                            self.place = Place::Keys;
                        }
                        Some(_) => return Err(NoList),
                    }
                }
                Place::Item(mut skip, looked) => {
                    let (looked, done) = skip.feed(&self.buffer, looked);
                    if done {
                        let start = std::mem::replace(&mut self.at, looked);
                        self.place = Place::Items;
                        return Ok(self.buffer.get(start..looked));
                    }
                    self.place = Place::Item(skip, looked);
                    return if looked - self.at > LARGEST_OBJECT { Err(NoList) } else { Ok(None) };
                }
                Place::Ended => return Ok(None),
            }
        }
    }

    /// Reads one entry around the items; false if it is not there to its end.
    fn key(&mut self) -> Result<bool, NoList> {
        let short = |page: &Self| match page.buffer.len() - page.at > ENVELOPE {
            true => Err(NoList),
            false => Ok(false),
        };
        let (name, value) = match entry(&self.buffer, self.at) {
            Entry::Short => return short(self),
            Entry::Broken(_) => return Err(NoList),
            Entry::End(end) => {
                self.at = end + 1;
                self.place = Place::Ended;
                return Ok(true);
            }
            Entry::Key(name, value) => (name, value),
        };
        let rest = self.buffer.get(value..).unwrap_or_default();
        if name == "items" && rest.first() == Some(&b'[') {
            self.at = value + 1;
            self.place = Place::Items;
            return Ok(true);
        }
        let (end, true) = Skip::default().feed(&self.buffer, value) else {
            return short(self);
        };
        if name == "metadata" {
            self.metadata = take(rest).map(|(metadata, _)| metadata).map_err(|_| NoList)?;
        }
        self.at = end;
        Ok(true)
    }

    /// What it says of itself, once all of it was read; `None` if it was cut off.
    #[must_use]
    pub fn end(self) -> Option<PageMetadata> {
        matches!(self.place, Place::Ended).then_some(self.metadata)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, chunk: usize) -> Result<(Vec<String>, Option<PageMetadata>), NoList> {
        let mut page = Page::default();
        let mut found = Vec::new();
        for bytes in text.as_bytes().chunks(chunk) {
            page.push(bytes);
            while let Some(object) = page.next_object()? {
                found.push(String::from_utf8(object.to_vec()).unwrap());
            }
        }
        Ok((found, page.end()))
    }

    #[test]
    fn objects_come_however_the_bytes_arrive() {
        let text = r#" {"kind":"PodList","metadata":{"resourceVersion":"7","continue":"t","remainingItemCount":3},
            "items":[{"a":"]}\"{"} , {"b":[1,{"items":[]}]}]} "#;
        let metadata = PageMetadata { resource_version: "7".into(), token: "t".into() };
        for chunk in [1, 2, 3, 7, 1000] {
            let (found, end) = read(text, chunk).unwrap();
            assert_eq!(found, [r#"{"a":"]}\"{"}"#, r#"{"b":[1,{"items":[]}]}"#], "{chunk}");
            assert_eq!(end.as_ref(), Some(&metadata), "{chunk}");
        }
        for empty in [r#"{"items":null,"metadata":{}}"#, r#"{"items":[]}"#, "{}"] {
            assert_eq!(read(empty, 2), Ok((Vec::new(), Some(PageMetadata::default()))), "{empty}");
        }
    }

    #[test]
    fn what_is_cut_off_or_no_list_is_told() {
        for cut in ["", "{", r#"{"items":["#, r#"{"items":[{}"#, r#"{"items":[{}]"#] {
            assert_eq!(read(cut, 3).unwrap().1, None, "{cut}");
        }
        for wrong in ["[]", "7", r#"{"items":[7]}"#, r#"{"metadata":[1],"items":[]}"#, "{7"] {
            assert_eq!(read(wrong, 3), Err(NoList), "{wrong}");
        }
        let endless = format!(r#"{{"metadata":{{"continue":"{}"#, "x".repeat(ENVELOPE));
        assert_eq!(read(&endless, 4096), Err(NoList));
    }
}
