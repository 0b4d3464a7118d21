//! Which taints a toleration opens.
//!
//! Semantics: `Toleration.ToleratesTaint` of `k8s.io/api/core/v1/toleration.go`.

/// How a toleration compares the taint's value.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TolerationOperator {
    /// Equal values; what an absent operator means.
    #[default]
    Equal,
    /// Any value.
    Exists,
    /// A word this crate does not know; tolerates nothing today.
    Other(String),
}

/// A toleration of a pod, as written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Toleration {
    /// The taint's key; empty: every key.
    pub key: String,
    /// How the value is compared.
    pub operator: TolerationOperator,
    /// The value for `Equal`.
    pub value: String,
    /// The taint's effect; empty: every effect.
    pub effect: String,
    /// `tolerationSeconds`: how long a `NoExecute` taint is tolerated; `None`: for ever.
    pub seconds: Option<i64>,
}

/// A taint of a node.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Taint {
    /// The key.
    pub key: String,
    /// The value, often empty.
    pub value: String,
    /// `NoSchedule`, `PreferNoSchedule` or `NoExecute`.
    pub effect: String,
}

/// Does the toleration tolerate the taint? Its seconds do not matter for scheduling.
#[must_use]
pub fn tolerates(toleration: &Toleration, taint: &Taint) -> bool {
    let fits = |wanted: &str, found: &str| wanted.is_empty() || wanted == found;
    fits(&toleration.effect, &taint.effect)
        && fits(&toleration.key, &taint.key)
        && match toleration.operator {
            TolerationOperator::Equal => toleration.value == taint.value,
            TolerationOperator::Exists => true,
            TolerationOperator::Other(_) => false,
        }
}

/// True only if `a` certainly tolerates every taint that `b` tolerates. Says nothing about for
/// how long: compare `seconds` too where `NoExecute` matters.
#[must_use]
pub fn covers(a: &Toleration, b: &Toleration) -> bool {
    let fits = |wanted: &str, found: &str| wanted.is_empty() || wanted == found;
    fits(&a.effect, &b.effect)
        && fits(&a.key, &b.key)
        && match (&a.operator, &b.operator) {
            (TolerationOperator::Exists, _) => true,
            (TolerationOperator::Equal, TolerationOperator::Equal) => a.value == b.value,
            (a_word, b_word) => a_word == b_word && a.value == b.value,
        }
}

/// The taint filter of the scheduler: the first taint of effect `NoSchedule` or `NoExecute` that
/// none of the tolerations tolerates.
#[must_use]
pub fn untolerated<'a>(taints: &'a [Taint], tolerations: &[Toleration]) -> Option<&'a Taint> {
    taints.iter().find(|taint| {
        matches!(taint.effect.as_str(), "NoSchedule" | "NoExecute")
            && !tolerations.iter().any(|toleration| tolerates(toleration, taint))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn toleration() -> impl Strategy<Value = Toleration> {
        let operator = prop_oneof![
            Just(TolerationOperator::Equal),
            Just(TolerationOperator::Exists),
            Just(TolerationOperator::Other("Gt".to_owned())),
        ];
        let effect = prop_oneof![Just(""), Just("NoSchedule"), Just("NoExecute")];
        ("|a|b", operator, "|x|y", effect).prop_map(|(key, operator, value, effect)| Toleration {
            key,
            operator,
            value,
            effect: effect.to_owned(),
            seconds: None,
        })
    }

    fn all_taints() -> Vec<Taint> {
        let mut taints = Vec::new();
        for key in ["a", "b", "c"] {
            for value in ["", "x", "y", "z"] {
                for effect in ["NoSchedule", "PreferNoSchedule", "NoExecute"] {
                    let [key, value, effect] = [key, value, effect].map(str::to_owned);
                    taints.push(Taint { key, value, effect });
                }
            }
        }
        taints
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]
        #[test]
        fn covers_is_sound_and_complete(a in toleration(), b in toleration()) {
            let taints = all_taints();
            let everywhere = taints.iter().all(|t| !tolerates(&b, t) || tolerates(&a, t));
            let known = |t: &Toleration| !matches!(t.operator, TolerationOperator::Other(_));
            if known(&a) && known(&b) {
                prop_assert_eq!(covers(&a, &b), everywhere);
            } else if covers(&a, &b) {
                prop_assert!(everywhere);
            }
        }
    }

    #[test]
    fn taints_as_the_scheduler_reads_them() {
        let taint =
            |effect: &str| Taint { key: "gpu".into(), value: "a100".into(), effect: effect.into() };
        let equal = |key: &str, value: &str, effect: &str| Toleration {
            key: key.into(),
            value: value.into(),
            effect: effect.into(),
            ..Toleration::default()
        };
        let exists = |key: &str| Toleration {
            operator: TolerationOperator::Exists,
            ..equal(key, "ignored", "")
        };
        let table = [
            (equal("gpu", "a100", "NoSchedule"), true),
            (equal("gpu", "a100", ""), true),
            (equal("gpu", "a100", "NoExecute"), false),
            (equal("gpu", "", ""), false),
            (equal("", "a100", ""), true),
            (exists("gpu"), true),
            (exists(""), true),
            (exists("cpu"), false),
        ];
        for (toleration, expected) in table {
            let found = tolerates(&toleration, &taint("NoSchedule"));
            assert_eq!(found, expected, "{toleration:?}");
        }
        assert_eq!(untolerated(&[taint("PreferNoSchedule")], &[]), None);
        let taints = [taint("NoSchedule"), taint("NoExecute")];
        assert_eq!(untolerated(&taints, &[equal("gpu", "a100", "NoSchedule")]), taints.get(1));
    }
}
