//! Who holds a Lease, as client-go's leader election writes it
//! (`k8s.io/client-go/tools/leaderelection`, `spec.holderIdentity` of coordination.k8s.io/v1).

use super::{Directory, Holder, PodFacts, Unknown, Want};
use crate::problem::Form;

/// Who holds a Lease: a pod of its namespace by the name of the holder or by what stands before its
/// last `_`, or else a node of such a name. What was recorded stays.
///
/// What is asked of the directory is added to `wants`: everything at once, so that a caller who has
/// to collect the answers collects them together.
///
/// # Errors
/// What is not known, and why.
pub fn holder(
    directory: &dyn Directory,
    namespace: &str,
    name: &str,
    wants: &mut Vec<Want>,
) -> Result<Holder, (Want, Unknown)> {
    if let Some(holder) = directory.recorded(namespace, name) {
        return Ok(holder);
    }
    let want = Want::Lease { namespace: namespace.to_owned(), name: name.to_owned() };
    wants.push(want.clone());
    let identity = match directory.lease(namespace, name) {
        Ok("") => return Err((want, Unknown::NotHeld)),
        Ok(identity) => identity,
        Err(why) => return Err((want, why)),
    };
    let prefix = identity.rsplit_once('_').map(|(prefix, _)| prefix);
    let names = std::iter::once(identity).chain(prefix);
    let names: Vec<&str> = names.filter(|name| Form::DnsSubdomain.accepts(name)).collect();
    let mut unknown = None;
    // The first that is there counts.
    let mut found = None;
    for name in &names {
        let name = (*name).to_owned();
        let want = Want::Pod { namespace: namespace.to_owned(), name: name.clone() };
        wants.push(want.clone());
        match directory.pod(namespace, &name) {
            Ok(PodFacts { keeps_its_name: true, .. }) => {
                found = found.or(Some(Ok(Holder::Pod(name))));
            }
            Ok(PodFacts { node, .. }) if node.is_empty() => {
                found = found.or(Some(Err((want, Unknown::NotPlaced))));
            }
            Ok(PodFacts { node, .. }) => found = found.or(Some(Ok(Holder::Node(node)))),
            Err(Unknown::Absent) => {}
            Err(why) => unknown = unknown.or(Some((want, why))),
        }
    }
    for name in &names {
        let want = Want::Node { name: (*name).to_owned() };
        wants.push(want.clone());
        match directory.node(name) {
            Ok(_) => found = found.or_else(|| Some(Ok(Holder::Node((*name).to_owned())))),
            Err(Unknown::Absent) => {}
            Err(why) => unknown = unknown.or(Some((want, why))),
        }
    }
    // A pod that could not be read may be the holder, whatever node has its name.
    let unreadable = unknown.clone().filter(|(_, why)| *why == Unknown::Unreachable);
    match (unreadable, found) {
        (Some(unknown), _) => Err(unknown),
        (None, Some(found)) => found,
        (None, None) => Err(unknown.unwrap_or((want, Unknown::HolderGone))),
    }
}
