//! How many findings of which code.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use placecard_findings::Severity;

use crate::explain;
use crate::run::Judged;

/// A line for each code, the most frequent first.
#[must_use]
pub fn render(judged: &Judged) -> String {
    let mut counts: BTreeMap<(&'static str, Reverse<Severity>), (usize, usize)> = BTreeMap::new();
    for placed in &judged.findings {
        let key = (placed.finding.code.as_str(), Reverse(placed.finding.severity));
        let (count, fixable) = counts.entry(key).or_default();
        *count += 1;
        *fixable += usize::from(placed.finding.fix.is_some());
    }
    let mut rows: Vec<_> = counts.into_iter().collect();
    rows.sort_by_key(|((code, severity), (count, _))| (Reverse(*count), *code, *severity));
    let codes = rows.iter().map(|((code, _), _)| code.len()).max().unwrap_or_default();
    let digits =
        rows.iter().map(|(_, (count, _))| count.to_string().len()).max().unwrap_or_default();
    let summaries = explain::rows();
    let mut text = String::new();
    for ((code, Reverse(severity)), (count, fixable)) in rows {
        let summary = summaries.iter().find(|row| row.code == code).map_or("", |row| row.summary);
        let fixable = if fixable == 0 { "   " } else { "[*]" };
        text.push_str(&format!(
            "{count:>digits$}  {:7}  {fixable}  {code:codes$}  {summary}\n",
            severity.as_str()
        ));
    }
    text
}
