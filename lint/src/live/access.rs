//! Where the API server is and who asks, found as kubectl finds it: `--kubeconfig`, else the files of
//! `KUBECONFIG` that are there, else `~/.kube/config`, else the service account of a pod.

use std::env::{home_dir, split_paths, var_os};
use std::ffi::OsStr;
use std::fmt::Display;
use std::path::{Path, PathBuf};

use kube::config::{KubeConfigOptions, Kubeconfig};

use crate::plan::Access;

/// An API server that can be asked.
pub(super) struct Contact {
    pub(super) client: kube::Client,
    /// What the user calls the cluster.
    pub(super) name: String,
}

/// Finds the API server; it is not asked yet.
///
/// # Errors
/// What is wrong with the kubeconfig, or that there is none.
pub(super) async fn connect(access: &Access) -> Result<Contact, String> {
    let context = access.context.clone();
    let (config, name) = match kubeconfig(access)? {
        Some(file) => {
            let name = context.clone().or_else(|| file.current_context.clone());
            let options = KubeConfigOptions { context, ..KubeConfigOptions::default() };
            let config = kube::Config::from_custom_kubeconfig(file, &options).await;
            (config.map_err(|error| format!("the kubeconfig: {error}"))?, name)
        }
        None if context.is_some() => {
            return Err("--context names a context, but there is no kubeconfig".to_owned());
        }
        None => {
            let config = kube::Config::incluster().map_err(|_| {
                "no cluster: there is no kubeconfig (--kubeconfig, KUBECONFIG, ~/.kube/config), and \
                 this is no pod with a service account"
                    .to_owned()
            })?;
            (config, None)
        }
    };
    let name =
        name.filter(|name| !name.is_empty()).unwrap_or_else(|| "the live cluster".to_owned());
    let client = kube::Client::try_from(config).map_err(|error| format!("{name}: {error}"))?;
    Ok(Contact { client, name })
}

/// The kubeconfig that counts; `None`: there is none.
fn kubeconfig(access: &Access) -> Result<Option<Kubeconfig>, String> {
    if let Some(path) = &access.kubeconfig {
        return read(path, "--kubeconfig").map(Some);
    }
    merged(&usual_files(&var_os("KUBECONFIG").unwrap_or_default(), home_dir()))
}

/// The files that are looked for: those of `KUBECONFIG`, else the one at home.
fn usual_files(variable: &OsStr, home: Option<PathBuf>) -> Vec<PathBuf> {
    let named = split_paths(variable).filter(|path| !path.as_os_str().is_empty());
    let named: Vec<PathBuf> = named.collect();
    if named.is_empty() {
        return home.map(|home| home.join(".kube").join("config")).into_iter().collect();
    }
    named
}

/// The first file wins; files that are not there are passed over.
fn merged(paths: &[PathBuf]) -> Result<Option<Kubeconfig>, String> {
    let mut found: Option<Kubeconfig> = None;
    for path in paths.iter().filter(|path| path.exists()) {
        let next = read(path, "the kubeconfig")?;
        found = Some(match found {
            None => next,
            Some(first) => first.merge(next).map_err(|error| failed(path, "KUBECONFIG", &error))?,
        });
    }
    Ok(found)
}

fn read(path: &PathBuf, what: &str) -> Result<Kubeconfig, String> {
    Kubeconfig::read_from(path).map_err(|error| failed(path, what, &error))
}

fn failed(path: &Path, what: &str, error: &dyn Display) -> String {
    format!("{what} {}: {error}", path.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_looked_for_where_kubectl_does() {
        let home = || Some(PathBuf::from("home"));
        let usual = |variable: &str, home| usual_files(OsStr::new(variable), home);
        let joined = std::env::join_paths(["a", "", "b"]).unwrap();
        assert_eq!(usual_files(&joined, home()), [PathBuf::from("a"), PathBuf::from("b")]);
        assert_eq!(usual("", home()), [PathBuf::from("home").join(".kube").join("config")]);
        assert!(usual("", None).is_empty());
    }

    #[test]
    fn of_several_files_the_first_wins_and_absent_ones_are_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        let first = file("first", "apiVersion: v1\nkind: Config\ncurrent-context: a\n");
        let second = "apiVersion: v1\nkind: Config\ncurrent-context: b\n\
                      contexts: [{name: b, context: {cluster: c, user: u}}]\n";
        let second = file("second", second);
        let absent = folder.path().join("absent");
        let found = merged(&[absent.clone(), first, second]).unwrap().unwrap();
        assert_eq!(found.current_context.as_deref(), Some("a"));
        assert_eq!(found.contexts.len(), 1);
        assert!(merged(&[absent]).unwrap().is_none());
        let broken = file("broken", "clusters: 7");
        assert!(merged(&[broken]).unwrap_err().contains("broken"));
    }
}
