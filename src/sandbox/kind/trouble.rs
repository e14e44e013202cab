//! What can go wrong with kind and what it stands on: what it means, and what to do about it.

use super::recipe::{IMAGE, LEAST_KIND};

/// Why there is no cluster.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KindTrouble {
    #[error(
        "kind needs docker or podman, and neither is in the PATH; \
         install one (https://docs.docker.com/get-docker/), or use --sandbox embedded"
    )]
    NoContainers,
    #[error(
        "{0} is installed but does not run; start it (Docker Desktop, or `systemctl start docker`) and try again"
    )]
    NotRunning(&'static str),
    #[error(
        "you may not use {0}; add yourself to its group (`sudo usermod -aG docker $USER`, then log in again), or use podman"
    )]
    NotAllowed(&'static str),
    #[error(
        "kind is not in the PATH; install it (https://kind.sigs.k8s.io/docs/user/quick-start/#installation)"
    )]
    NoKind,
    #[error("kind {0} is too old for the node image; {LEAST_KIND} or newer is needed")]
    OldKind(String),
    #[error(
        "a port that the cluster needs is in use: {0}; end what uses it, or name another cluster with --sandbox kind:NAME"
    )]
    PortInUse(String),
    #[error(
        "the node image cannot be pulled: {0}; look at the network, or pull it beforehand: docker pull {IMAGE}"
    )]
    NoImage(String),
    #[error("the disk is full; docker system prune makes room")]
    DiskFull,
    #[error(
        "the nodes do not start on this machine: {0}; see https://kind.sigs.k8s.io/docs/user/known-issues/"
    )]
    NodesFail(String),
    #[error(
        "the cluster was not ready within {0} minutes and was taken away; try again, or give {1} more processors and memory"
    )]
    TimedOut(u64, &'static str),
    #[error(
        "there is a kind cluster {0} that kubekata did not make here; \
         use --sandbox context:kind-{0} to work in it, or another name with --sandbox kind:NAME"
    )]
    NotOurs(String),
    #[error(
        "the kind cluster {0} does not answer; kubekata sandbox delete --sandbox kind:{0} makes room for a new one"
    )]
    Dead(String),
    #[error("kind fails: {0}")]
    Other(String),
}

/// What the output of docker or podman means that did not answer.
pub(super) fn of_containers(tool: &'static str, said: &str) -> KindTrouble {
    let lower = said.to_lowercase();
    if lower.contains("permission denied") {
        return KindTrouble::NotAllowed(tool);
    }
    KindTrouble::NotRunning(tool)
}

/// What the output of a `kind create cluster` that failed means.
pub(super) fn of_creation(tool: &'static str, said: &str) -> KindTrouble {
    let lower = said.to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    let line = || telling_line(said);
    if has(&["no space left on device"]) {
        KindTrouble::DiskFull
    } else if has(&[
        "port is already allocated",
        "address already in use",
        "ports are not available",
    ]) {
        KindTrouble::PortInUse(line())
    } else if has(&[
        "failed to pull image",
        "toomanyrequests",
        "manifest unknown",
        "no such host",
        "pull access denied",
    ]) {
        KindTrouble::NoImage(line())
    } else if has(&[
        "cannot connect to the docker daemon",
        "cannot connect to podman",
    ]) {
        KindTrouble::NotRunning(tool)
    } else if has(&["permission denied while trying to connect"]) {
        KindTrouble::NotAllowed(tool)
    } else if has(&[
        "could not find a log line that matches",
        "cgroup",
        "too many open files",
        "kubelet is not running",
        "failed to init node",
    ]) {
        KindTrouble::NodesFail(line())
    } else {
        KindTrouble::Other(line())
    }
}

/// The line that says most: the one with `ERROR`, or the last.
fn telling_line(said: &str) -> String {
    let lines = || said.lines().map(str::trim).filter(|line| !line.is_empty());
    let error = lines().find(|line| line.starts_with("ERROR"));
    let line = error
        .or_else(|| lines().next_back())
        .unwrap_or("it says nothing");
    line.trim_start_matches("ERROR: ").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn docker_that_does_not_answer_is_told_apart_from_docker_that_refuses() {
        let down = "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?";
        assert_eq!(
            of_containers("docker", down),
            KindTrouble::NotRunning("docker")
        );
        let refused = "permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock";
        assert_eq!(
            of_containers("docker", refused),
            KindTrouble::NotAllowed("docker")
        );
    }

    #[test]
    fn each_failure_of_a_creation_is_told_by_its_own_words() {
        let line = |words: &str| {
            format!(
                " ✗ Preparing nodes\nERROR: failed to create cluster: {words}\n\nStack Trace: …"
            )
        };
        let trouble = |words: &str| of_creation("docker", &line(words));
        let port = "docker run error: Bind for 0.0.0.0:80 failed: port is already allocated";
        assert_eq!(
            trouble(port),
            KindTrouble::PortInUse(format!("failed to create cluster: {port}"))
        );
        for (words, is) in [
            (
                "failed to pull image \"kindest/node\": toomanyrequests: rate limit",
                "node image",
            ),
            (
                "failed to pull image: dial tcp: lookup registry-1.docker.io: no such host",
                "node image",
            ),
            ("write /var/lib: no space left on device", "disk is full"),
            (
                "could not find a log line that matches \"Reached target\"",
                "known-issues",
            ),
            (
                "something else altogether",
                "kind fails: failed to create cluster: something else",
            ),
        ] {
            let said = trouble(words).to_string();
            assert!(said.contains(is), "{said}");
        }
    }
}
