//! Amounts of memory that hold nothing.

use placecard_findings::{Code, Edit, Finding, Fix, Help, Label, Site};

use super::{Family, Sees, risk};
use crate::fields::amounts::Asked;
use crate::fields::{Check, FieldRule, TemplateCase};

const CODE: Code = Code::new("memory-in-thousandths");

pub(super) const RULE: FieldRule = FieldRule {
    rule: risk(
        CODE,
        Family::Resources,
        "an amount of memory is written in thousandths, or in bytes where more is meant",
        include_str!("memory_in_thousandths.md"),
        Sees::Text,
    ),
    check: Check::Template(check),
};

/// apimachinery/pkg/api/resource: `m` is a thousandth, of bytes too; the API server warns of it.
fn check(case: &TemplateCase<'_>, findings: &mut Vec<Finding>) {
    for container in case.containers() {
        let bytes = |one: &&Asked| one.resource == "memory" || one.resource == "ephemeral-storage";
        for one in container.asked.iter().filter(bytes) {
            for amount in [&one.request, &one.limit].into_iter().flatten() {
                let Some(quantity) = amount.quantity else { continue };
                let number: Option<u64> = amount.text.trim_end_matches('m').parse().ok();
                let thousandths = amount.text.ends_with('m') && quantity.units() < LEAST;
                let bare = amount.text.bytes().all(|byte| byte.is_ascii_digit());
                let few = bare && (1..LEAST).contains(&quantity.units());
                let Some(number) = number.filter(|_| thousandths || few) else { continue };
                let text = if thousandths { "thousandths of a byte" } else { "bytes" };
                let label = Label::new(Site::value(amount.path.clone()), text).quoting(amount.text.clone());
                let units = quantity.units();
                let s = if units == 1 { "" } else { "s" };
                let message = format!("{} of {} is {units} byte{s}", amount.text, one.resource);
                let mut finding = case.risk(CODE, message, label);
                let meant = format!("{number}Mi");
                finding.help = vec![Help::text(format!("write {meant}, if mebibytes are meant"))];
                let json = format!("\"{meant}\"");
                finding.fix = Some(Fix::needs_a_look(vec![Edit::set(amount.path.clone(), json)]));
                findings.push(finding);
            }
        }
    }
}

/// Fewer bytes than this are no amount for a container: a mebibyte.
const LEAST: i64 = 1 << 20;
