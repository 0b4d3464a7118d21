//! What containers say that batches depend on: ports of the node, and when a pod is ready.
//!
//! Whatever is odd says nothing here: the API server refuses it in its own words.

use std::fmt;

use placecard_findings::FieldPath;
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::WirePod;
use crate::object::{Containers, HostPort};

/// A list of containers with the fields that [`of`] looks at: most of a manifest is the others.
#[derive(Default)]
pub(super) struct Written(Value);

impl<'de> Deserialize<'de> for Written {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Part::List.deserialize(from).map(Self)
    }
}

/// What is being read; what it is not is null.
#[derive(Clone, Copy)]
enum Part {
    List,
    Container,
}

impl<'de> DeserializeSeed<'de> for Part {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Part {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_str<E>(self, _: &str) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        match self {
            Self::List => {
                while let Some(item) = list.next_element_seed(Self::Container)? {
                    items.push(item);
                }
                Ok(Value::Array(items))
            }
            Self::Container => {
                while list.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Value::Null)
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Value, A::Error> {
        let mut kept = Map::new();
        while let Some(Field(field)) = fields.next_key()? {
            match field {
                Some(field) => _ = kept.insert(field.to_owned(), fields.next_value()?),
                None => _ = fields.next_value::<IgnoredAny>()?,
            }
        }
        Ok(if matches!(self, Self::Container) { Value::Object(kept) } else { Value::Null })
    }
}

/// The name of a field, if it is looked at.
struct Field(Option<&'static str>);

impl<'de> Deserialize<'de> for Field {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Name;
        impl Visitor<'_> for Name {
            type Value = Field;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a field")
            }
            fn visit_str<E>(self, name: &str) -> Result<Field, E> {
                Ok(Field(FIELDS.iter().find(|field| **field == name).copied()))
            }
        }
        from.deserialize_identifier(Name)
    }
}

/// The fields of a container that are looked at.
const FIELDS: [&str; 3] = ["ports", "readinessProbe", "restartPolicy"];

/// Reads the containers of a pod. Init containers count if they go on running beside the others
/// (`pkg/scheduler/framework/types.go`, `GetHostPorts`).
pub(super) fn of(pod: &WirePod) -> Containers {
    let mut found = Containers::default();
    let of_host = pod.host_network == Some(Value::Bool(true));
    let gates = pod.readiness_gates.as_ref().and_then(Value::as_array);
    found.tells_ready = gates.is_some_and(|gates| !gates.is_empty());
    for (field, written) in
        [("containers", &pod.containers), ("initContainers", &pod.init_containers)]
    {
        let list = written.0.as_array().into_iter().flatten();
        for (index, container) in list.enumerate() {
            let goes_on = container.get("restartPolicy").is_some_and(|policy| policy == "Always");
            if field == "initContainers" && !goes_on {
                continue;
            }
            found.tells_ready |= container.get("readinessProbe").is_some_and(Value::is_object);
            let path = FieldPath::of(&["spec", field]).index(index).key("ports");
            let ports = container.get("ports").and_then(Value::as_array).into_iter().flatten();
            for (index, port) in ports.enumerate() {
                found.host_ports.extend(host_port(port, &path.index(index), of_host));
            }
        }
    }
    found
}

/// A port of the node, if it is one. In the network of the host each port is
/// (`pkg/apis/core/v1/defaults.go`, `SetDefaults_PodSpec`).
fn host_port(written: &Value, path: &FieldPath, of_host: bool) -> Option<HostPort> {
    let number = |field: &str| {
        let number = written.get(field).and_then(Value::as_u64);
        number.and_then(|number| u32::try_from(number).ok()).filter(|number| *number > 0)
    };
    let (field, port) = match (number("hostPort"), of_host) {
        (Some(port), _) => ("hostPort", port),
        (None, true) => ("containerPort", number("containerPort")?),
        (None, false) => return None,
    };
    let text = |field: &str, default: &str| {
        let text = written.get(field).and_then(Value::as_str).filter(|text| !text.is_empty());
        text.unwrap_or(default).to_owned()
    };
    let (ip, protocol) = (text("hostIP", "0.0.0.0"), text("protocol", "TCP"));
    Some(HostPort { ip, protocol, port, path: path.key(field) })
}
