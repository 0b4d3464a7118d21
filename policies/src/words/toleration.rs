//! Words for tolerations that cannot be read.

use placecard_language::problem::Form;
use placecard_language::tolerate::TolerationFlaw;

use crate::words::language::{Said, form_rule, quote, said};

const EFFECTS: &str = "the effects are NoSchedule, PreferNoSchedule and NoExecute";
const DURATION: &str = "a time is a whole number with s, m or h: 30s, 5m, 1h";

pub(crate) fn toleration(flaw: &TolerationFlaw) -> Said {
    let form = "a toleration reads KEY[=[VALUE]][:EFFECT] [for N(s|m|h)]";
    match flaw {
        TolerationFlaw::Everything => said("* would tolerate every taint of every node")
            .label("no key")
            .help("name the taints, one a line"),
        TolerationFlaw::NoKey => said("a toleration needs a key").label("no key").help(form),
        TolerationFlaw::BadKey { found } => {
            said(format!("{} is not the key of a taint", quote(found)))
                .help(form_rule(Form::LabelKey))
        }
        TolerationFlaw::BadValue { found } => {
            said(format!("{} cannot be the value of a taint", quote(found)))
                .help(form_rule(Form::LabelValue))
        }
        TolerationFlaw::BadEffect { found } if found.is_empty() => {
            said("an effect is missing after the colon").label("then an effect").help(EFFECTS)
        }
        TolerationFlaw::BadEffect { found } => {
            said(format!("{} is not an effect of a taint", quote(found))).help(EFFECTS)
        }
        TolerationFlaw::UnknownWord { found } => said(format!("unknown word {}", quote(found)))
            .help(format!("{form}, no blanks around = and :")),
        TolerationFlaw::ForNeedsNoExecute { .. } => said("for needs the effect NoExecute")
            .label("only with NoExecute")
            .help("write KEY:NoExecute for N, or drop the time"),
        TolerationFlaw::BadDuration { found } if found.is_empty() => {
            said("a time is missing after for").label("then a time").help(DURATION)
        }
        TolerationFlaw::BadDuration { found } => {
            said(format!("{} is not a time", quote(found))).help(DURATION)
        }
    }
}
