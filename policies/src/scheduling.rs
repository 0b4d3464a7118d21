//! Which profile of the scheduler judges the pods of a cluster.

use std::borrow::Cow;

use placecard_feasibility::inventory::pod::Pod;
use placecard_feasibility::profile::{DEFAULT_SCHEDULER, Profile};

use crate::cluster::Cluster;
use crate::scheduler_configuration::SchedulerConfiguration;
use crate::template_pod::Unjudged;

/// The schedulers of a cluster, from the configuration of their process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedulers {
    /// What a report calls the file.
    pub name: String,
    /// Its profiles.
    pub configuration: SchedulerConfiguration,
}

impl Cluster {
    /// The profile by which the pod is placed: that of its scheduler or, without a configuration,
    /// the default profile for the pods of the default scheduler. `None`: it is not known.
    #[must_use]
    pub fn profile_of(&self, pod: &Pod) -> Option<Cow<'_, Profile>> {
        match &self.schedulers {
            Some(known) => known.configuration.profile_of(pod).map(Cow::Borrowed),
            None => (pod.scheduler_name() == DEFAULT_SCHEDULER)
                .then(|| Cow::Owned(Profile::of(self.semantics))),
        }
    }

    /// Whether a profile that is known places the pod.
    ///
    /// # Errors
    ///
    /// Why it is not to be judged.
    pub fn places(&self, pod: &Pod) -> Result<(), Unjudged> {
        if self.profile_of(pod).is_none() {
            return Err(Unjudged::Scheduler(pod.scheduler_name().to_owned()));
        }
        if !pod.gates.is_empty() {
            return Err(Unjudged::Gates(pod.gates.clone()));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use placecard_feasibility::filter::Plugin;
    use placecard_feasibility::inventory::Inventory;
    use placecard_feasibility::inventory::pod::PodSpec;
    use placecard_feasibility::judge::Semantics;
    use serde_json::json;

    use super::*;
    use crate::cluster::Counts;
    use crate::scheduler_configuration::read;

    #[test]
    fn a_pod_is_judged_by_the_profile_that_it_names() {
        let semantics = Semantics::of_minor(34);
        let mut cluster = Cluster {
            inventory: Inventory::default(),
            semantics,
            name: "c".into(),
            closed: false,
            schedulers: None,
            counts: Counts::default(),
        };
        let pod = |scheduler: &str| Pod {
            spec: PodSpec { scheduler: scheduler.into(), ..PodSpec::default() }.into(),
            ..Pod::default()
        };
        assert_eq!(cluster.profile_of(&pod("")).as_deref(), Some(&Profile::of(semantics)));
        assert_eq!(cluster.places(&pod("bins")), Err(Unjudged::Scheduler("bins".into())));
        let configuration = read(
            &json!({"apiVersion": "kubescheduler.config.k8s.io/v1",
                "kind": "KubeSchedulerConfiguration",
                "profiles": [{"schedulerName": "bins",
                    "plugins": {"filter": {"disabled": [{"name": "TaintToleration"}]}}}]}),
            semantics,
        );
        cluster.schedulers = configuration
            .ok()
            .map(|configuration| Schedulers { name: "scheduler.yaml".into(), configuration });
        let profile = cluster.profile_of(&pod("bins"));
        assert!(profile.is_some_and(|it| !it.filter.contains(&Plugin::TaintToleration)));
        assert_eq!(cluster.places(&pod("bins")), Ok(()));
        assert_eq!(
            cluster.places(&pod("")),
            Err(Unjudged::Scheduler(DEFAULT_SCHEDULER.to_owned()))
        );
        let gated = Pod { gates: vec!["g".into()], ..pod("bins") };
        assert_eq!(cluster.places(&gated), Err(Unjudged::Gates(vec!["g".into()])));
    }
}
