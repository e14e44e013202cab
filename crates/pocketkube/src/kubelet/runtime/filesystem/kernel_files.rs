//! The files every container gets from its kernel and its runtime: `/dev`, `/proc`, `/sys`.

use super::tree::{Device, Layer, Node};

/// Adds `/dev` and the constant part of `/proc` to an image's layer.
pub fn add_to(layer: &mut Layer) {
    for (path, mode) in [
        ("dev", 0o755),
        ("dev/pts", 0o755),
        ("dev/shm", 0o1777),
        ("proc", 0o555),
        ("sys", 0o555),
        ("sys/fs/cgroup", 0o755),
        ("tmp", 0o1777),
        ("etc", 0o755),
        ("run", 0o755),
        ("mnt", 0o755),
        ("opt", 0o755),
        ("srv", 0o755),
        ("home", 0o755),
        ("root", 0o700),
        ("var", 0o755),
        ("var/tmp", 0o1777),
        ("var/run", 0o755),
    ] {
        layer.insert(path, Node::directory(mode));
    }
    for (name, device) in [
        ("null", Device::Null),
        ("zero", Device::Zero),
        ("full", Device::Full),
        ("random", Device::Random),
        ("urandom", Device::Random),
        ("stdin", Device::Stdin),
        ("stdout", Device::Stdout),
        ("stderr", Device::Stderr),
        ("tty", Device::Terminal),
    ] {
        layer.insert(&format!("dev/{name}"), Node::device(device));
    }
    for (number, own, main) in [
        (0, Device::Stdin, Device::Null),
        (1, Device::Stdout, Device::MainStdout),
        (2, Device::Stderr, Device::MainStderr),
    ] {
        layer.insert(&format!("dev/fd/{number}"), Node::device(own));
        layer.insert(&format!("proc/self/fd/{number}"), Node::device(own));
        layer.insert(&format!("proc/1/fd/{number}"), Node::device(main));
    }
    for (path, content) in [
        ("proc/version", VERSION),
        ("proc/sys/kernel/osrelease", "6.8.0-kubekata\n"),
        ("proc/sys/net/core/somaxconn", "4096\n"),
        ("proc/sys/kernel/pid_max", "4194304\n"),
        ("proc/loadavg", "0.08 0.03 0.01 1/213 42\n"),
        ("proc/1/cgroup", "0::/\n"),
        ("proc/self/cgroup", "0::/\n"),
        ("proc/filesystems", "nodev\tproc\nnodev\ttmpfs\n\text4\n"),
    ] {
        layer.insert(path, Node::file(content, 0o444));
    }
}

const VERSION: &str =
    "Linux version 6.8.0-kubekata (builder@kubekata) #1 SMP PREEMPT_DYNAMIC (simulated)\n";
