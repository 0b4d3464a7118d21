//! From the text of a configuration to what it says, with lines and columns for all that is wrong.

mod sources;

use std::path::{Path, PathBuf};

use placecard_findings::FieldPath;
use placecard_language::suggest::nearest;
use serde_json::{Map, Value};

use super::{Config, FailOn, Files, absolute};
use crate::config::pattern::Pattern;
use crate::explain;
use crate::load::{Input, MAX_BYTES, words};
use crate::one_document::OneDocument;
use crate::plan::{SEVERITIES, severity, unknown};
use crate::selection::{Layer, check};

/// The fields, and those of an override; a test holds them to the schema.
const FIELDS: &[&str] = &[
    "root",
    "extends",
    "vocabulary",
    "cluster",
    "closedWorld",
    "select",
    "extendSelect",
    "ignore",
    "severity",
    "failOn",
    "exclude",
    "overrides",
];
const OVERRIDE_FIELDS: &[&str] = &["files", "select", "extendSelect", "ignore", "severity"];

/// How many configurations may extend one another.
const MOST_EXTENDED: usize = 16;

/// A configuration that extends another one.
struct Extending {
    /// Its file, without links.
    path: PathBuf,
    /// Where it says so: `FILE:LINE:COLUMN`.
    at: String,
}

/// A configuration and those that it extends.
#[derive(Default)]
pub(super) struct Followed {
    /// The files that were asked for, there or not, the first one first.
    pub(super) files: Vec<PathBuf>,
    /// What they say, up to the one that is wrong; the outermost last.
    pub(super) configs: Vec<Config>,
    /// All that is wrong with the first of them that is not right, a line each.
    pub(super) wrong: Option<String>,
}

/// Reads the configuration at `path`, which people call `name`; before it come those that it extends,
/// the outermost first.
///
/// # Errors
/// All that is wrong with the first of them that is not right, a line each.
pub(super) fn configs(files: &Files, name: &str, path: &Path) -> Result<Vec<Config>, String> {
    let Followed { mut configs, wrong, .. } = followed(files, name, path);
    configs.reverse();
    wrong.map_or(Ok(configs), Err)
}

/// Reads the configuration at `path`, and what it extends, as far as that can be read.
pub(super) fn followed(files: &Files, name: &str, path: &Path) -> Followed {
    let mut followed = Followed::default();
    followed.wrong = follow(files, name, path, &mut followed).err();
    followed
}

fn follow(files: &Files, name: &str, path: &Path, followed: &mut Followed) -> Result<(), String> {
    let folder = path.parent().map(Path::to_owned).unwrap_or_default();
    let mut extending: Vec<Extending> = Vec::new();
    let (mut name, mut path) = (name.to_owned(), path.to_owned());
    loop {
        followed.files.push(path.clone());
        let (config, extends) = config(files, &name, &path)?;
        let root = config.root && followed.configs.is_empty();
        // Patterns are those of the folder for which all of this is written.
        followed.configs.push(Config { folder: folder.clone(), root, ..config });
        let Some((base, at)) = extends else { return Ok(()) };
        extending.push(Extending { path: real(&path), at: at.clone() });
        let next = real(&base);
        if let Some(first) = extending.iter().find(|one| one.path == next) {
            return Err(format!(
                "{at}: configurations extend one another in a circle, which begins at {}",
                first.at
            ));
        }
        if extending.len() >= MOST_EXTENDED {
            return Err(format!(
                "{at}: more than {MOST_EXTENDED} configurations extend one another"
            ));
        }
        if !files.has(&base) {
            followed.files.push(base.clone());
            return Err(format!("{at}: there is no file {}", files.shown(&base)));
        }
        (name, path) = (files.shown(&base), base);
    }
}

/// The path without links, where there is such a file.
fn real(path: &Path) -> PathBuf {
    std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

/// Another configuration, and where it is named: `FILE:LINE:COLUMN`.
type Extends = Option<(PathBuf, String)>;

/// Reads one configuration, and which one it extends.
///
/// # Errors
/// All that is wrong with it, a line each.
fn config(files: &Files, name: &str, path: &Path) -> Result<(Config, Extends), String> {
    let bytes = files.read(path).map_err(|error| format!("{name}: {}", words(&error)))?;
    if bytes.len() > MAX_BYTES {
        return Err(format!("{name}: larger than {} MiB", MAX_BYTES >> 20));
    }
    let folder = path.parent().map(Path::to_owned).unwrap_or_default();
    // A file with nothing but comments says nothing, and that is no mistake.
    let text = String::from_utf8_lossy(&bytes);
    if text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#')) {
        return Ok((Config::default(), None));
    }
    let input = Input { name: name.to_owned(), path: Some(path.to_owned()), bytes };
    let file = OneDocument::of(&input, "a configuration of placecard belongs there")?;
    let broken = file.broken();
    if !broken.is_empty() {
        return Err(broken.join("\n"));
    }
    let mut reader =
        Reader { file: &file, rows: explain::rows(), wrong: Vec::new(), extends: None };
    let config = reader.config(&folder);
    if reader.wrong.is_empty() {
        Ok((config, reader.extends))
    } else {
        Err(reader.wrong.join("\n"))
    }
}

struct Reader<'a> {
    file: &'a OneDocument,
    rows: Vec<explain::Row>,
    wrong: Vec<String>,
    extends: Extends,
}

impl Reader<'_> {
    fn tell(&mut self, path: &FieldPath, on_key: bool, text: &str) {
        self.wrong.push(self.file.line(self.file.place(path, on_key), text));
    }

    fn config(&mut self, folder: &Path) -> Config {
        let mut config = Config::default();
        let root = FieldPath::root();
        let value = self.file.document.value.clone();
        let Some(fields) = self.mapping(&root, &value, FIELDS) else { return config };
        let place = |name: &String| absolute(folder, name).to_string_lossy().into_owned();
        config.layer = self.layer(&root, &fields);
        for (key, value) in &fields {
            let path = root.key(key);
            match key.as_str() {
                "root" => match value.as_bool() {
                    Some(is_root) => config.root = is_root,
                    None => self.tell(&path, false, "root is true or false"),
                },
                "vocabulary" => match value.as_str() {
                    Some(name) => config.vocabulary = Some(place(&name.to_owned())),
                    None => self.tell(&path, false, "vocabulary is the name of a file"),
                },
                "extends" => self.extends = self.extended(folder, &path, value),
                "failOn" => config.fail_on = self.fail_on(&path, value),
                "cluster" => {
                    config.cluster = self.strings(&path, value).iter().map(place).collect()
                }
                "closedWorld" => match value.as_bool() {
                    Some(closed) => config.closed_world = Some(closed),
                    None => self.tell(&path, false, "closedWorld is true or false"),
                },
                "exclude" => config.exclude = self.patterns(&path, value),
                "overrides" => config.overrides = self.overrides(&path, value),
                _ => {}
            }
        }
        config
    }

    fn extended(&mut self, folder: &Path, path: &FieldPath, value: &Value) -> Extends {
        let Some(name) = value.as_str().filter(|name| !name.is_empty()) else {
            self.tell(path, false, "extends is the name of a file");
            return None;
        };
        let (line, column) = self.file.source.line_column(self.file.place(path, false).start);
        Some((absolute(folder, name), format!("{}:{line}:{column}", self.file.source.name)))
    }

    fn fail_on(&mut self, path: &FieldPath, value: &Value) -> Option<FailOn> {
        let word = value.as_str().unwrap_or_default();
        let found = FailOn::read(word);
        if found.is_none() {
            let known = SEVERITIES.iter().copied().chain(["never"]);
            self.tell(path, false, &unknown("severity", word, known));
        }
        found
    }

    fn overrides(&mut self, path: &FieldPath, value: &Value) -> Vec<(Vec<Pattern>, Layer)> {
        let Some(items) = value.as_array() else {
            self.tell(path, false, "overrides is a list");
            return Vec::new();
        };
        let mut overrides = Vec::new();
        for (index, item) in items.iter().enumerate() {
            let path = path.index(index);
            let Some(fields) = self.mapping(&path, item, OVERRIDE_FIELDS) else { continue };
            let files = match fields.get("files") {
                Some(files) => self.patterns(&path.key("files"), files),
                None => Vec::new(),
            };
            if files.is_empty() && !fields.contains_key("files") {
                self.tell(&path, false, "an override lacks its files");
            }
            overrides.push((files, self.layer(&path, &fields)));
        }
        overrides
    }

    fn layer(&mut self, path: &FieldPath, fields: &Map<String, Value>) -> Layer {
        let mut layer = Layer::default();
        for (key, value) in fields {
            let path = path.key(key);
            match key.as_str() {
                "select" => layer.select = Some(self.codes(&path, value)),
                "extendSelect" => layer.extend_select = self.codes(&path, value),
                "ignore" => layer.ignore = self.codes(&path, value),
                "severity" => {
                    let Some(weights) = value.as_object() else {
                        self.tell(
                            &path,
                            false,
                            "severity is a mapping of codes to error, warning or note",
                        );
                        continue;
                    };
                    for (code, word) in weights {
                        let path = path.key(code);
                        if let Err(text) = check(code, &self.rows) {
                            self.tell(&path, true, &text);
                        }
                        let word = word.as_str().unwrap_or_default();
                        match severity(word) {
                            Some(severity) => layer.severity.push((code.clone(), severity)),
                            None => {
                                let text = unknown("severity", word, SEVERITIES.iter().copied());
                                self.tell(&path, false, &text);
                            }
                        }
                    }
                }
                _ => {}
            }
        }
        layer
    }

    /// The fields of a mapping, all of them known.
    fn mapping(
        &mut self,
        path: &FieldPath,
        value: &Value,
        known: &[&str],
    ) -> Option<Map<String, Value>> {
        let Some(fields) = value.as_object() else {
            self.tell(path, false, "this is no mapping of fields to values");
            return None;
        };
        for key in fields.keys().filter(|key| !known.contains(&key.as_str())) {
            let text = match nearest(key, known.iter().copied()) {
                Some(near) => format!("no field is named {key}; did you mean {near}?"),
                None => format!("no field is named {key}; there are {}", known.join(", ")),
            };
            self.tell(&path.key(key), true, &text);
        }
        // A field without a value says nothing.
        let said = fields.iter().filter(|(_, value)| !value.is_null());
        Some(said.map(|(key, value)| (key.clone(), value.clone())).collect())
    }

    fn strings(&mut self, path: &FieldPath, value: &Value) -> Vec<String> {
        let Some(items) = value.as_array() else {
            self.tell(path, false, "this is a list of strings");
            return Vec::new();
        };
        let mut strings = Vec::new();
        for (index, item) in items.iter().enumerate() {
            match item.as_str() {
                Some(text) => strings.push(text.to_owned()),
                None => self.tell(&path.index(index), false, "this is a string"),
            }
        }
        strings
    }

    fn codes(&mut self, path: &FieldPath, value: &Value) -> Vec<String> {
        let codes = self.strings(path, value);
        for (index, code) in codes.iter().enumerate() {
            if let Err(text) = check(code, &self.rows) {
                self.tell(&path.index(index), false, &text);
            }
        }
        codes
    }

    fn patterns(&mut self, path: &FieldPath, value: &Value) -> Vec<Pattern> {
        let mut patterns = Vec::new();
        for (index, text) in self.strings(path, value).iter().enumerate() {
            match Pattern::read(text) {
                Ok(pattern) => patterns.push(pattern),
                Err(wrong) => self.tell(&path.index(index), false, &wrong),
            }
        }
        patterns
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_has_the_fields_that_are_read() {
        let schema: Value = serde_json::from_str(&super::super::schema()).unwrap();
        let names = |at: &str| -> Vec<String> {
            schema.pointer(at).unwrap().as_object().unwrap().keys().cloned().collect()
        };
        let sorted = |fields: &[&str]| {
            let mut fields: Vec<String> = fields.iter().map(|name| (*name).to_owned()).collect();
            fields.sort();
            fields
        };
        assert_eq!(names("/properties"), sorted(FIELDS));
        assert_eq!(names("/$defs/Override/properties"), sorted(OVERRIDE_FIELDS));
        assert_eq!(schema["additionalProperties"], Value::Bool(false));
    }
}
