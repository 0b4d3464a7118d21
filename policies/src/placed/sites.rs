//! Where the demands of a pod are written in its manifest.

use placecard_feasibility::selector::Selector;
use placecard_findings::{FieldPath, Label, Site};
use placecard_language::intent::Origin;
use serde_json::Value;

use super::Asked;
use crate::contradict::{place_of, rule_place};
use crate::expand::{affinity_path, source};
use crate::native;
use crate::object::PodSpec;
use crate::why::cover::Demand;
use crate::why::facts::Fact;

impl Asked<'_> {
    /// A label at the place of a demand.
    pub(crate) fn label(&self, demand: &Demand, text: impl Into<String>) -> Label {
        let (site, quote) = self.place(demand);
        Label::new(site, text).quoting(quote)
    }

    /// A label at a label of the pods that the selector matches.
    pub(crate) fn matched_label(&self, selector: Option<&Selector>, text: &str) -> Label {
        let labels = self.template.path.keys(&["metadata", "labels"]);
        let keys = selector.into_iter().flat_map(|one| &one.requirements).map(|one| &one.key);
        let key = keys.clone().find(|key| self.template.labels.contains_key(*key));
        match key {
            Some(key) => Label::new(Site::value(labels.key(key)), text),
            None => Label::new(Site::key(labels), text),
        }
    }

    /// Where a demand is written, and its words if they are those of a rule.
    fn place(&self, demand: &Demand) -> (Site, String) {
        let spec = |keys: &[&str]| self.template.spec_path(keys);
        let site = match demand {
            Demand::Tolerations => Site::value(spec(&["tolerations"])),
            Demand::Label(requirement) => {
                let written = place_of(self.written, self.expander, self.intents, requirement);
                return match written {
                    Some(place) => (place.site, place.quote),
                    // The label of a domain is needed by whatever names the domain.
                    None if names_domain(self.spec, &requirement.key) => self.fact(&Fact::Affinity),
                    None => (Site::key(self.template.path.key("spec")), String::new()),
                };
            }
            Demand::NodeTerms => {
                let list = self.template.path.join(&affinity_path("nodeAffinity"));
                Site::key(list.key("nodeSelectorTerms"))
            }
            Demand::Resource(name) => self.resource(&["requests", "limits"], name),
            Demand::Of(fact) => return self.fact(fact),
        };
        (site, String::new())
    }

    fn fact(&self, fact: &Fact) -> (Site, String) {
        let at = |origin: &Origin| {
            let place = rule_place(self.written, origin, origin.span.clone());
            (place.site, place.quote)
        };
        let field = |path: FieldPath| (Site::value(path), String::new());
        match fact {
            Fact::Spread(index) | Fact::SpreadKey(index) => {
                match source(&self.sources.spread, *index) {
                    Some(origin) => at(origin),
                    None => {
                        let list = self.template.spec_path(&["topologySpreadConstraints"]);
                        field(list.index(*index).key("topologyKey"))
                    }
                }
            }
            Fact::Affinity => match source(&self.sources.affinity, 0) {
                Some(origin) => at(origin),
                None => {
                    let list = self.template.path.join(&affinity_path("podAffinity"));
                    field(list.index(0).key("topologyKey"))
                }
            },
            Fact::AntiAffinity(index) => match source(&self.sources.anti_affinity, *index) {
                Some(origin) => at(origin),
                None => {
                    let list = self.template.path.join(&affinity_path("podAntiAffinity"));
                    field(list.index(*index).key("topologyKey"))
                }
            },
            Fact::Volume { claim, .. } | Fact::ClaimInUse(claim) => {
                (self.claim(claim), String::new())
            }
            Fact::Port(port) => (self.port(*port), String::new()),
            Fact::Repelled(_) => {
                (Site::key(self.template.path.keys(&["metadata", "labels"])), String::new())
            }
            _ => (Site::key(self.template.path.key("spec")), String::new()),
        }
    }

    /// The list below the pod spec as it is written.
    fn list(&self, name: &str) -> impl Iterator<Item = (usize, &Value)> {
        let spec = self.template.written.as_ref().and_then(|written| written.get("spec"));
        let list = spec.and_then(|spec| spec.get(name)).and_then(Value::as_array);
        list.into_iter().flatten().enumerate()
    }

    /// The largest amount of a container in the first of these parts of its resources that has one.
    pub(crate) fn resource(&self, parts: &[&str], name: &str) -> Site {
        for part in parts {
            let mut largest = None;
            for (index, container) in self.list("containers") {
                let amount = container.pointer("/resources").and_then(|it| it.get(part)?.get(name));
                if let Some(amount) = amount {
                    let text = amount.as_str().map_or_else(|| amount.to_string(), str::to_owned);
                    let amount = placecard_feasibility::quantity::Quantity::parse(&text);
                    if largest.is_none_or(|(known, _)| amount > known) {
                        largest = Some((amount, index));
                    }
                }
            }
            if let Some((_, index)) = largest {
                let path = self.template.spec_path(&["containers"]).index(index);
                return Site::value(path.keys(&["resources", part, name]));
            }
        }
        Site::key(self.template.spec_path(&["containers"]))
    }

    /// The path of the container of this name, an init container or not.
    pub(crate) fn container(&self, name: &str) -> FieldPath {
        for list in ["containers", "initContainers"] {
            let named =
                |container: &Value| container.get("name").and_then(Value::as_str) == Some(name);
            if let Some((index, _)) = self.list(list).find(|(_, container)| named(container)) {
                return self.template.spec_path(&[list]).index(index).key("name");
            }
        }
        self.template.spec_path(&["containers"])
    }

    fn claim(&self, name: &str) -> Site {
        let names = |volume: &Value| {
            volume.pointer("/persistentVolumeClaim/claimName").and_then(Value::as_str) == Some(name)
        };
        let volumes = self.template.spec_path(&["volumes"]);
        match self.list("volumes").find(|(_, volume)| names(volume)) {
            Some((index, _)) => {
                Site::value(volumes.index(index).keys(&["persistentVolumeClaim", "claimName"]))
            }
            None => Site::key(volumes),
        }
    }

    fn port(&self, port: i32) -> Site {
        let containers = self.template.spec_path(&["containers"]);
        for (index, container) in self.list("containers") {
            let ports = container.get("ports").and_then(Value::as_array);
            let mut ports = ports.into_iter().flatten().enumerate();
            let field = |value: &Value, name: &str| {
                value.get(name).and_then(Value::as_i64) == Some(i64::from(port))
            };
            if let Some((at, value)) =
                ports.find(|(_, value)| field(value, "hostPort") || field(value, "containerPort"))
            {
                let name = if field(value, "hostPort") { "hostPort" } else { "containerPort" };
                return Site::value(containers.index(index).key("ports").index(at).key(name));
            }
        }
        Site::key(containers)
    }
}

fn names_domain(spec: &PodSpec, key: &str) -> bool {
    native::required_affinity(spec).iter().any(|term| term.topology_key == key)
}
