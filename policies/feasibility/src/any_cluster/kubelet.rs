//! A1: what a kubelet writes on its node.
//!
//! Semantics: `initialNode` and `updateDefaultLabels` of `pkg/kubelet/kubelet_node_status.go`. Nodes
//! without a kubelet (virtual ones) may differ, and a kubelet can be told to write something else.

use crate::requirement::Requirement;

/// The label of the operating system: `GOOS` of the kubelet, which runs on these two.
pub const OS: &str = "kubernetes.io/os";
/// The label of the architecture: `GOARCH` of the kubelet.
pub const ARCH: &str = "kubernetes.io/arch";
/// The label of the host name.
pub const HOSTNAME: &str = "kubernetes.io/hostname";

const SYSTEMS: &[&str] = &["linux", "windows"];

/// All that Go has a word for (`internal/syslist`), and so more than a kubelet was ever built for.
const ARCHITECTURES: &[&str] = &[
    "386",
    "amd64",
    "amd64p32",
    "arm",
    "arm64",
    "arm64be",
    "armbe",
    "loong64",
    "mips",
    "mips64",
    "mips64le",
    "mips64p32",
    "mips64p32le",
    "mipsle",
    "ppc",
    "ppc64",
    "ppc64le",
    "riscv",
    "riscv64",
    "s390",
    "s390x",
    "sparc",
    "sparc64",
    "wasm",
];

/// What holds of a label on every node on which a kubelet wrote it; `None`: it writes no such label.
#[must_use]
pub fn written(key: &str) -> Option<Requirement> {
    match key {
        OS => Some(Requirement::one_of(OS, SYSTEMS)),
        ARCH => Some(Requirement::one_of(ARCH, ARCHITECTURES)),
        HOSTNAME => Some(Requirement::exists(HOSTNAME)),
        _ => None,
    }
}
