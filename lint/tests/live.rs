//! `placecard snapshot` and `--live` without a cluster: in builds without the feature, and before
//! an API server that answers badly. The real one is in `tests/e2e_snapshot.rs`.

use crate::ran::ran;

struct Ran {
    code: u8,
    out: String,
    err: String,
}

fn run(words: &[&str]) -> Ran {
    let (code, out, err) = ran(words, "");
    Ran { code, out, err }
}

/// The verbs that take a live cluster.
const LIVE: &[&[&str]] = &[
    &["lint", "x.yaml"],
    &["expand", "x.yaml"],
    &["why", "shop/a"],
    &["place", "shop/a"],
    &["audit"],
];

#[test]
fn a_cluster_is_named_in_one_way() {
    for verb in LIVE {
        for (more, part) in [
            (&["--live", "--cluster", "x.json"][..], "--live or --cluster, not both"),
            (&["--kubeconfig", "x"], "add --live"),
            (&["--context", "x"], "add --live"),
        ] {
            let ran = run(&[verb, more].concat());
            assert_eq!(ran.code, 2, "{verb:?}");
            assert!(ran.err.contains(part) && ran.err.lines().count() == 1, "{}", ran.err);
        }
    }
}

#[cfg(not(feature = "live"))]
#[test]
fn a_build_without_the_feature_says_how_to_get_it() {
    let live = LIVE.iter().map(|verb| [verb, &["--live"][..]].concat());
    for words in live.chain([vec!["snapshot"], vec!["snapshot", "-o", "x.json"]]) {
        let ran = run(&words);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{words:?}");
        assert!(ran.err.contains("--features live"), "{}", ran.err);
        assert_eq!(ran.err.lines().count(), 1, "{}", ran.err);
    }
}

#[cfg(feature = "live")]
mod feature {
    use std::collections::BTreeMap;
    use std::fs;
    use std::io::{Read as _, Write as _};
    use std::net::{TcpListener, TcpStream};
    use std::path::{Path, PathBuf};
    use std::sync::{Arc, Mutex};
    use std::thread;

    use serde_json::{Value, json};

    use super::run;

    /// An answer: a code and a body.
    type Answer = (u16, String);

    /// An API server that answers as it is told, and the requests that it got.
    struct Server {
        folder: tempfile::TempDir,
        kubeconfig: PathBuf,
        asked: Arc<Mutex<Vec<String>>>,
    }

    impl Server {
        /// `answer` is given the path with its parameters, and how often it was asked for before.
        fn start(answer: impl Fn(&str, usize) -> Option<Answer> + Send + 'static) -> Self {
            let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
            let address = listener.local_addr().expect("its number");
            let asked = Arc::new(Mutex::new(Vec::new()));
            let log = Arc::clone(&asked);
            // It ends with the process.
            thread::spawn(move || {
                let mut counts = BTreeMap::new();
                for stream in listener.incoming().flatten() {
                    serve(stream, &log, &mut counts, &answer);
                }
            });
            let folder = tempfile::tempdir().expect("a folder");
            let kubeconfig = folder.path().join("config");
            let text = json!({"apiVersion": "v1", "kind": "Config", "current-context": "test",
                "contexts": [{"name": "test", "context": {"cluster": "c", "user": "u"}},
                    {"name": "nowhere", "context": {"cluster": "n", "user": "u"}}],
                "clusters": [{"name": "c", "cluster": {"server": format!("http://{address}")}},
                    {"name": "n", "cluster": {"server": "http://127.0.0.1:1"}}],
                "users": [{"name": "u", "user": {}}]});
            fs::write(&kubeconfig, text.to_string()).expect("written");
            Self { folder, kubeconfig, asked }
        }

        fn run(&self, words: &[&str]) -> super::Ran {
            let kubeconfig = self.kubeconfig.to_str().expect("UTF-8");
            run(&[words, &["--kubeconfig", kubeconfig]].concat())
        }

        fn file(&self, name: &str) -> String {
            self.folder.path().join(name).to_str().expect("UTF-8").to_owned()
        }

        fn asked(&self, part: &str) -> usize {
            let asked = self.asked.lock().expect("nobody panicked");
            asked.iter().filter(|path| path.contains(part)).count()
        }
    }

    fn serve(
        mut stream: TcpStream,
        log: &Mutex<Vec<String>>,
        counts: &mut BTreeMap<String, usize>,
        answer: &impl Fn(&str, usize) -> Option<Answer>,
    ) {
        let mut head = Vec::new();
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|read| read == 1) {
            head.push(byte[0]);
        }
        let head = String::from_utf8_lossy(&head);
        let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
        log.lock().expect("nobody panicked").push(path.clone());
        let count = counts.entry(path.clone()).or_default();
        let (code, body) = answer(&path, *count).unwrap_or_else(|| usual(&path));
        *count += 1;
        let head = format!(
            "HTTP/1.1 {code} x\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            body.len()
        );
        let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes()));
    }

    fn usual(path: &str) -> Answer {
        let resource = path.split('?').next().and_then(|path| path.rsplit('/').next());
        let items = match resource.unwrap_or_default() {
            "version" => return (200, json!({"gitVersion": "v1.35.3"}).to_string()),
            "nodes" => vec![
                json!({"metadata": {"name": "n"}, "status": {"capacity": {"pods": "9", "cpu": "1"}}}),
            ],
            "pods" => vec![pod("a", "1"), pod("b", "4")],
            _ => Vec::new(),
        };
        (200, list(&items, ""))
    }

    fn pod(name: &str, cpu: &str) -> Value {
        json!({"metadata": {"name": name, "namespace": "shop", "annotations": {"x": "s3cret"}},
            "spec": {"containers": [{"name": "c", "image": "i", "env": [{"name": "A", "value": "s3cret"}],
                "resources": {"requests": {"cpu": cpu}}}]}})
    }

    fn list(items: &[Value], token: &str) -> String {
        json!({"metadata": {"resourceVersion": "5", "continue": token}, "items": items}).to_string()
    }

    fn status(code: u16, reason: &str) -> Option<Answer> {
        Some((
            code,
            json!({"code": code, "reason": reason, "message": format!("it is {reason}")})
                .to_string(),
        ))
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).expect("a folder");
        let names = entries.map(|one| one.expect("an entry").file_name());
        let mut names: Vec<String> = names.filter_map(|name| name.into_string().ok()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_dump_is_what_live_sees() {
        let server = Server::start(|_, _| None);
        let file = server.file("test");
        let ran = server.run(&["snapshot", "-o", &file]);
        assert_eq!((ran.code, ran.out.as_str(), ran.err.as_str()), (0, "", ""));
        let text = fs::read_to_string(&file).expect("written");
        assert!(!text.contains("s3cret") && text.contains("\"v1.35.3\""), "{text}");
        let dump: Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(dump["items"].as_array().map(Vec::len), Some(18));
        assert_eq!(server.run(&["snapshot"]).out, text);
        assert_eq!(server.run(&["snapshot", "-o", "-"]).out, text);
        for verb in [&["why", "shop/b"][..], &["place", "shop/a"], &["audit"]] {
            let live = server.run(&[verb, &["--live"]].concat());
            let dumped = run(&[verb, &["--cluster", &file]].concat());
            assert_eq!((live.code, &live.out, &live.err), (dumped.code, &dumped.out, &dumped.err));
            assert!(
                live.code < 2 && live.out.contains("snapshot test"),
                "{}{}",
                live.out,
                live.err
            );
        }
        assert_eq!(names(server.folder.path()), ["config", "test"]);
    }

    /// The token of the first page of pods is too old, so often.
    fn expiring(times: usize) -> Server {
        Server::start(move |path, count| match path {
            _ if !path.contains("/pods") => None,
            _ if path.contains("continue=t") && count < times => status(410, "Expired"),
            _ if path.contains("continue=t") => Some((200, list(&[pod("b", "4")], ""))),
            _ if path.contains("limit=500") => {
                Some((200, list(&[pod(if count == 0 { "gone" } else { "a" }, "1")], "t")))
            }
            _ => Some((200, list(&[pod("a", "1"), pod("b", "4")], ""))),
        })
    }

    #[test]
    fn a_list_that_becomes_too_old_is_taken_anew() {
        for (times, in_pages) in [(1, 2), (2, 2), (9, 2)] {
            let server = expiring(times);
            let file = server.file("test");
            let ran = server.run(&["snapshot", "-o", &file]);
            assert_eq!(ran.code, 0, "{}", ran.err);
            assert_eq!(ran.err.matches("pods became too old").count(), times.min(2), "{}", ran.err);
            assert_eq!(server.asked("/pods?limit=500&continue=t"), in_pages, "{times}");
            let text = fs::read_to_string(&file).expect("written");
            assert!(!text.contains("gone"), "{text}");
            let dump: Value = serde_json::from_str(&text).expect("JSON");
            let lists = dump["items"].as_array().expect("lists");
            let pods = lists.iter().find(|list| list["kind"] == "PodList").expect("pods");
            assert_eq!(pods["items"].as_array().map(Vec::len), Some(2));
            // In memory, all of it is taken anew.
            let server = expiring(times);
            let live = server.run(&["audit", "--live"]);
            let dumped = run(&["audit", "--cluster", &file]);
            assert_eq!(live.out, dumped.out);
            assert_eq!(
                live.err.matches("pods became too old").count(),
                times.min(2),
                "{}",
                live.err
            );
            assert!(!live.out.contains("gone"), "{}", live.out);
        }
    }

    #[test]
    fn what_may_not_be_listed_is_unknown() {
        let server = Server::start(|path, _| match path {
            "/version" => status(403, "Forbidden"),
            _ if path.contains("/pods") => status(403, "Forbidden"),
            _ if path.contains("/leases") => status(404, "NotFound"),
            _ => None,
        });
        let file = server.file("test");
        let ran = server.run(&["snapshot", "-o", &file]);
        assert_eq!(ran.code, 0, "{}", ran.err);
        for part in [
            "placecard: the version of the server may not be read",
            "placecard: pods may not be listed, so none is taken to be absent: it is Forbidden",
            "placecard: leases are not served",
        ] {
            assert!(ran.err.contains(part), "{}", ran.err);
        }
        let text = fs::read_to_string(&file).expect("written");
        assert!(!text.contains("PodList") && !text.contains("LeaseList"), "{text}");
        assert!(text.contains("PersistentVolumeList"), "{text}");
    }

    #[test]
    fn only_some_namespaces_and_labels_are_asked_for() {
        let server = Server::start(|path, _| match path {
            "/api/v1/namespaces/shop" => {
                Some((200, json!({"metadata": {"name": "shop"}}).to_string()))
            }
            "/api/v1/namespaces/hidden" => status(403, "Forbidden"),
            "/api/v1/namespaces/none" => status(404, "NotFound"),
            _ => None,
        });
        let words = ["snapshot", "-n", "shop", "-n", "hidden", "-l", "app in (a,b)"];
        let ran = server.run(&words);
        assert_eq!(ran.code, 0, "{}", ran.err);
        assert!(
            ran.err.contains("namespaces of namespace hidden may not be listed"),
            "{}",
            ran.err
        );
        let selected = "pods?limit=500&labelSelector=app%20in%20%28a%2Cb%29";
        for namespace in ["shop", "hidden"] {
            assert_eq!(server.asked(&format!("/namespaces/{namespace}/{selected}")), 1);
        }
        assert_eq!((server.asked("/api/v1/pods"), server.asked("labelSelector")), (0, 2));
        assert_eq!(server.asked("/api/v1/namespaces?"), 0);
        let dump: Value = serde_json::from_str(&ran.out).expect("JSON");
        let lists = dump["items"].as_array().expect("lists");
        let lacks = |kind: &str| {
            let list = lists.iter().find(|list| list["kind"] == kind).expect("a list");
            list["incomplete"].as_str()
        };
        assert_eq!(lacks("PodList"), Some("only namespaces shop and hidden, labels app in (a,b)"));
        assert_eq!(lacks("ServiceList"), Some("only namespaces shop and hidden"));
        assert_eq!(lacks("NamespaceList"), Some("only namespaces shop and hidden"));
        assert_eq!((lacks("NodeList"), lacks("PersistentVolumeList")), (None, None));
        let ran = server.run(&["snapshot", "-n", "none"]);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""));
        assert!(ran.err.contains("there is no namespace none"), "{}", ran.err);
    }

    #[test]
    fn a_file_stays_as_it_was_if_there_is_nothing_better() {
        type Case = (&'static str, fn(&str, usize) -> Option<Answer>);
        let cases: [Case; 8] = [
            ("no node to be listed", |path, _| {
                path.contains("/nodes").then(|| (200, list(&[], "")))
            }),
            ("nodes may not be listed", |path, _| {
                status(403, "Forbidden").filter(|_| path.contains("/nodes"))
            }),
            ("no API server", |path, _| (path == "/version").then(|| (200, "<html>".to_owned()))),
            ("401", |_, _| status(401, "Unauthorized")),
            ("cut off", |path, _| {
                path.contains("/pods").then(|| (200, r#"{"items":[{}"#.to_owned()))
            }),
            ("no list", |path, _| path.contains("/pods").then(|| (200, "[1]".to_owned()))),
            ("400", |path, _| status(400, "BadRequest").filter(|_| path.contains("/pods"))),
            ("500", |path, _| status(500, "InternalError").filter(|_| path.contains("/pods"))),
        ];
        for (part, answer) in cases {
            let server = Server::start(answer);
            let file = server.file("a.json");
            fs::write(&file, "old").expect("written");
            let ran = server.run(&["snapshot", "-o", &file]);
            assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{part}: {}", ran.err);
            assert!(ran.err.contains(part), "{part}: {}", ran.err);
            assert_eq!(fs::read_to_string(&file).expect("there"), "old");
            assert_eq!(names(server.folder.path()), ["a.json", "config"]);
            let ran = server.run(&["audit", "--live"]);
            assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{part}: {}", ran.err);
        }
    }

    #[test]
    fn no_server_and_no_context_are_told() {
        let server = Server::start(|_, _| None);
        let ran = server.run(&["snapshot", "--context", "nowhere"]);
        assert!(ran.code == 2 && ran.err.contains("cannot be asked"), "{}", ran.err);
        let ran = server.run(&["snapshot", "--context", "other"]);
        assert!(ran.code == 2 && ran.err.contains("kubeconfig"), "{}", ran.err);
        let ran = run(&["snapshot", "--kubeconfig", "no/such/file"]);
        assert!(ran.code == 2 && ran.err.contains("no/such/file"), "{}", ran.err);
    }
}
