//! The flags, each with its environment variable.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Parser, ValueEnum};
use placecard_policies::mode::Mode;
use placecard_policies::surroundings::ServerVersion;

use crate::audit::evict::Evict;
use crate::telemetry::{LogFormat, LogLevel};

/// Admission webhook: turns placement annotations into scheduling fields and refuses
/// contradictions.
///
/// Without a cluster: placecard-webhook --standalone
#[derive(Debug, Clone, Parser)]
#[command(name = "placecard-webhook", version)]
pub struct Args {
    /// Where to listen; port 0 takes a free one.
    #[arg(long, env = "PLACECARD_ADDR", default_value = "0.0.0.0:8443")]
    pub addr: SocketAddr,

    /// Certificate chain in PEM, the server's own certificate first. It is read again when it
    /// changes. Without it, and without --cert-secret, a self-signed one is made.
    #[arg(long, env = "PLACECARD_CERT_FILE", value_name = "FILE", requires = "key_file")]
    pub cert_file: Option<PathBuf>,

    /// Private key in PEM.
    #[arg(long, env = "PLACECARD_KEY_FILE", value_name = "FILE", requires = "cert_file")]
    pub key_file: Option<PathBuf>,

    /// Certificate and authority are kept in this Secret of the webhook's own namespace, and made
    /// and renewed by one of the replicas.
    #[arg(
        long,
        env = "PLACECARD_CERT_SECRET",
        value_name = "NAME",
        requires = "service",
        conflicts_with_all = ["cert_file", "ca_out", "standalone", "objects"]
    )]
    pub cert_secret: Option<String>,

    /// The Service that API servers reach the webhook by, in its own namespace: the certificate of
    /// --cert-secret is for its names.
    #[arg(long, env = "PLACECARD_SERVICE", value_name = "NAME", requires = "cert_secret")]
    pub service: Option<String>,

    /// The mutating and validating webhook configurations of these names get the authorities of
    /// --cert-secret as caBundle; nothing else of them is touched.
    #[arg(
        long,
        env = "PLACECARD_WEBHOOK_CONFIGURATIONS",
        value_name = "NAME",
        value_delimiter = ',',
        requires = "cert_secret"
    )]
    pub webhook_configurations: Vec<String>,

    /// Write the authority of the self-signed certificate here, for clients to trust.
    #[arg(long, env = "PLACECARD_CA_OUT", value_name = "FILE", conflicts_with = "cert_file")]
    pub ca_out: Option<PathBuf>,

    /// One more host name or address for a certificate that is made here: self-signed (besides
    /// localhost, 127.0.0.1 and ::1), or that of --cert-secret. Repeatable.
    #[arg(
        long,
        env = "PLACECARD_TLS_NAME",
        value_name = "NAME",
        value_delimiter = ',',
        conflicts_with = "cert_file"
    )]
    pub tls_name: Vec<String>,

    /// Authorities of clients in PEM: who shows no certificate of theirs gets no decision. Taken again
    /// when the file changes.
    #[arg(long, env = "PLACECARD_CLIENT_CA_FILE", value_name = "FILE")]
    pub client_ca_file: Option<PathBuf>,

    /// A common name or DNS name, of which a client's certificate has to have one. Repeatable;
    /// without it any certificate of --client-ca-file will do.
    #[arg(
        long,
        env = "PLACECARD_CLIENT_NAME",
        value_name = "NAME",
        value_delimiter = ',',
        requires = "client_ca_file"
    )]
    pub client_name: Vec<String>,

    /// Work without a cluster.
    #[arg(long, env = "PLACECARD_STANDALONE", conflicts_with = "kubeconfig")]
    pub standalone: bool,

    /// Context without a cluster: manifests of Services, workloads and Namespaces, a file or a
    /// folder. Repeatable; implies --standalone.
    #[arg(long, env = "PLACECARD_OBJECTS", value_name = "PATH", conflicts_with = "kubeconfig")]
    pub objects: Vec<PathBuf>,

    /// Reach the cluster by this file instead of the pod's service account.
    #[arg(long, env = "PLACECARD_KUBECONFIG", value_name = "FILE")]
    pub kubeconfig: Option<PathBuf>,

    /// What the words mean: a PlacementVocabulary, instead of that of the cluster.
    #[arg(long, env = "PLACECARD_VOCABULARY", value_name = "FILE")]
    pub vocabulary: Option<PathBuf>,

    /// The mode of namespaces without the label placecard.dev/mode: enforce, or warn, with which a
    /// cluster begins that runs workloads already.
    #[arg(
        long,
        env = "PLACECARD_DEFAULT_MODE",
        value_name = "MODE",
        default_value = "enforce",
        value_parser = default_mode
    )]
    pub default_mode: Mode,

    /// Version of the API server, 1.N, instead of the one that it tells.
    #[arg(
        long,
        env = "PLACECARD_KUBERNETES_VERSION",
        value_name = "VERSION",
        value_parser = server_version
    )]
    pub kubernetes_version: Option<ServerVersion>,

    /// Seconds without word from the API server after which what was watched is not trusted any
    /// longer.
    #[arg(long, env = "PLACECARD_STALE_AFTER", value_name = "SECONDS", default_value_t = 300)]
    pub stale_after: u32,

    /// Seconds that nodes and vocabulary must have stayed as they are before anything is refused
    /// because no node of a closed inventory could hold it.
    #[arg(long, env = "PLACECARD_SETTLED_AFTER", value_name = "SECONDS", default_value_t = 30)]
    pub settled_after: u32,

    /// Seconds between two looks of the audit, which one of the replicas does; 0: there is none.
    #[arg(long, env = "PLACECARD_AUDIT_EVERY", value_name = "SECONDS", default_value_t = 30)]
    pub audit_every: u32,

    /// Seconds after which the audit writes an Event about the same again, at least 60.
    #[arg(
        long,
        env = "PLACECARD_AUDIT_REPEAT",
        value_name = "SECONDS",
        default_value_t = 900,
        value_parser = clap::value_parser!(u32).range(60..)
    )]
    pub audit_repeat: u32,

    /// Whether pods are evicted whose required rules do not hold where they run, while another node
    /// takes them.
    #[arg(long, env = "PLACECARD_EVICT", value_enum, default_value = "off")]
    pub evict: Evict,

    /// How many pods are evicted in a minute.
    #[arg(
        long,
        env = "PLACECARD_EVICT_PER_MINUTE",
        value_name = "PODS",
        default_value_t = 1,
        value_parser = clap::value_parser!(u32).range(1..=60)
    )]
    pub evict_per_minute: u32,

    /// Whether pods of gated batches of role coordinations are let go, which one of the replicas
    /// does. Off: such pods are refused, for nobody would let them go.
    #[arg(long, env = "PLACECARD_COORDINATE", value_enum, default_value = "on")]
    pub coordinate: Switch,

    /// Whether one of the replicas keeps the guards of the vocabulary in the
    /// ValidatingAdmissionPolicy placecard-guards-inlined, whose binding is there already.
    #[arg(long, env = "PLACECARD_KEEP_GUARDS", value_enum, default_value = "off")]
    pub keep_guards: Switch,

    /// The namespace of the Leases that say which replica audits, which one coordinates and which one
    /// keeps the certificate, and of the Secret of that, instead of the webhook's own.
    #[arg(long, env = "PLACECARD_LEASE_NAMESPACE", value_name = "NAME")]
    pub lease_namespace: Option<String>,

    /// The name of this replica, for those Leases and for Events.
    #[arg(
        long,
        env = "PLACECARD_IDENTITY",
        value_name = "NAME",
        default_value = "placecard-webhook"
    )]
    pub identity: String,

    /// Seconds between SIGTERM and the end of new requests, in which readiness is off. 5 with a
    /// cluster, 0 without.
    #[arg(long, env = "PLACECARD_DRAIN_DELAY", value_name = "SECONDS")]
    pub drain_delay: Option<u16>,

    /// How much to log.
    #[arg(long, env = "PLACECARD_LOG_LEVEL", value_enum, default_value = "info")]
    pub log_level: LogLevel,

    /// How log lines look.
    #[arg(long, env = "PLACECARD_LOG_FORMAT", value_enum, default_value = "text")]
    pub log_format: LogFormat,
}

/// Whether something is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Switch {
    /// It is not.
    Off,
    /// It is.
    On,
}

impl Args {
    /// Whether there is no cluster.
    #[must_use]
    pub fn is_standalone(&self) -> bool {
        self.standalone || !self.objects.is_empty()
    }
}

fn server_version(text: &str) -> Result<ServerVersion, String> {
    match ServerVersion::parse(text) {
        Some(version) if version >= ServerVersion::OLDEST => Ok(version),
        Some(_) => Err(format!("the oldest supported server is 1.{}", ServerVersion::OLDEST.0)),
        None => Err("write it as 1.34".to_owned()),
    }
}

fn default_mode(text: &str) -> Result<Mode, String> {
    match Mode::parse(text) {
        Some(Mode::Off) | None => Err("there are two: enforce and warn".to_owned()),
        Some(mode) => Ok(mode),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    fn parse(line: &str) -> Result<Args, clap::Error> {
        Args::try_parse_from(std::iter::once("placecard-webhook").chain(line.split_whitespace()))
    }

    #[test]
    fn the_definition_is_sound_and_every_flag_has_its_variable() {
        let command = Args::command();
        command.clone().debug_assert();
        for flag in command.get_arguments().filter(|flag| !flag.is_global_set()) {
            let Some(long) = flag.get_long().filter(|long| !matches!(*long, "help" | "version"))
            else {
                continue;
            };
            let variable = format!("PLACECARD_{}", long.replace('-', "_").to_uppercase());
            assert_eq!(flag.get_env().and_then(|env| env.to_str()), Some(variable.as_str()));
        }
    }

    #[test]
    fn nothing_is_needed_to_start() {
        let args = parse("--standalone").unwrap();
        assert_eq!(args.addr.to_string(), "0.0.0.0:8443");
        assert!(args.is_standalone() && args.cert_file.is_none());
        assert!(!parse("").unwrap().is_standalone());
        assert!(parse("--objects a --objects b.yaml").unwrap().is_standalone());
    }

    #[test]
    fn flags_that_exclude_or_need_each_other() {
        for line in [
            "--cert-file a",
            "--key-file a",
            "--cert-file a --key-file b --ca-out c",
            "--cert-file a --key-file b --tls-name c",
            "--cert-secret a",
            "--service a",
            "--client-name a",
            "--webhook-configurations a",
            "--cert-secret a --service b --standalone",
            "--cert-secret a --service b --cert-file c --key-file d",
            "--standalone --kubeconfig a",
            "--objects x --kubeconfig a",
            "--addr localhost",
            "--kubernetes-version 1.29",
            "--audit-repeat 5",
            "--evict yes",
            "--evict-per-minute 0",
            "--kubernetes-version latest",
            "--log-level loud",
            "stray",
        ] {
            assert!(parse(line).is_err(), "{line}");
        }
        let args = parse("--kubernetes-version v1.31.2 --tls-name a,b --tls-name c").unwrap();
        assert_eq!(args.kubernetes_version, Some(ServerVersion(31)));
        assert_eq!(args.tls_name, ["a", "b", "c"]);
    }
}
