//! `ping`: one echo a second, BusyBox's words or those of iputils.

use std::time::Duration;

use super::options::{Options, Spec, flag, value};
use super::{MEGABYTE, Program, UseInShell};
use crate::kubelet::runtime::net::Resolver;
use crate::kubelet::runtime::process::{Process, Signal};
use crate::sockets::ConnectError;

pub const PROGRAM: Program = Program {
    names: &["ping"],
    run: |process| Box::pin(run(process)),
    memory: MEGABYTE / 2,
    idle_millicores: 0,
    use_in_shell: UseInShell::Command,
};

const SPECS: &[Spec] = &[
    value('c', ""),
    value('w', ""),
    value('W', ""),
    value('i', ""),
    value('s', ""),
    value('I', ""),
    value('t', ""),
    flag('q', ""),
    flag('4', ""),
    flag('6', ""),
    flag('A', ""),
    flag('n', ""),
];

/// What a round trip within a node or between two takes, in milliseconds.
const ROUND_TRIPS: [f64; 5] = [0.089, 0.071, 0.064, 0.078, 0.067];

async fn run(mut process: Process) -> i32 {
    let is_busybox = !process.kernel.image.fact("busybox").is_empty();
    let Ok(options) = Options::parse(process.arguments(), SPECS) else {
        process.complain("ping: invalid option\n").await;
        return 1;
    };
    let Some(host) = options.operands.first() else {
        process.complain("Usage: ping [OPTIONS] HOST\n").await;
        return 1;
    };
    let resolver = Resolver::new(&process.kernel.network, &process.filesystem);
    let Ok(addresses) = resolver.addresses(host).await else {
        let words = if is_busybox {
            format!("ping: bad address '{host}'\n")
        } else {
            format!("ping: {host}: Name or service not known\n")
        };
        process.complain(words).await;
        return if is_busybox { 1 } else { 2 };
    };
    let ip = addresses[0];
    let number = |name: &str| {
        options
            .value(name)
            .and_then(|text| text.parse::<f64>().ok())
    };
    let count = number("c").map(|count| count as u64);
    let interval = Duration::from_secs_f64(number("i").unwrap_or(1.0).max(0.01));
    let wait = Duration::from_secs_f64(number("W").unwrap_or(if is_busybox { 10.0 } else { 1.0 }));
    let deadline = number("w").map(Duration::from_secs_f64);
    process
        .print(if is_busybox {
            format!("PING {host} ({ip}): 56 data bytes\n")
        } else {
            format!("PING {host} ({ip}) 56(84) bytes of data.\n")
        })
        .await;
    let began = process.kernel.clock.now();
    let (mut sent, mut received) = (0_u64, 0_u64);
    let mut times = Vec::new();
    let mut signals = std::mem::replace(&mut process.signals, Process::no_signals());
    let clock = process.kernel.clock.clone();
    let echoes = async {
        while count.is_none_or(|count| sent < count)
            && deadline.is_none_or(|deadline| clock.since(began) < deadline)
        {
            let network = &process.kernel.network;
            let outcome = network.sockets().ping(network.ip(), ip);
            let milliseconds = ROUND_TRIPS[sent as usize % ROUND_TRIPS.len()];
            sent += 1;
            match outcome {
                Ok(()) => {
                    received += 1;
                    times.push(milliseconds);
                    let sequence = if is_busybox {
                        format!("seq={}", sent - 1)
                    } else {
                        format!("icmp_seq={sent}")
                    };
                    let words = format!(
                        "64 bytes from {ip}: {sequence} ttl=64 time={milliseconds:.3} ms\n"
                    );
                    process.print(words).await;
                }
                Err(ConnectError::Unreachable) if !is_busybox => {
                    let from = network.ip();
                    let words =
                        format!("From {from} icmp_seq={sent} Destination Host Unreachable\n");
                    process.print(words).await;
                }
                Err(_) => {}
            }
            let is_last = count == Some(sent);
            match (is_last, outcome_is_silent(received, sent)) {
                (true, false) => {}
                (true, true) => clock.sleep(wait).await,
                (false, _) => clock.sleep(interval).await,
            }
        }
    };
    tokio::select! {
        () = echoes => {}
        () = interrupted(&mut signals, process.is_init) => {}
    }
    let lost = 100 - received * 100 / sent.max(1);
    let spent = clock.since(began).as_millis();
    let mut words = if is_busybox {
        format!(
            "\n--- {host} ping statistics ---\n{sent} packets transmitted, {received} packets received, {lost}% packet loss\n"
        )
    } else {
        format!(
            "\n--- {host} ping statistics ---\n{sent} packets transmitted, {received} received, {lost}% packet loss, time {spent}ms\n"
        )
    };
    if !times.is_empty() {
        let least = times.iter().copied().fold(f64::MAX, f64::min);
        let most = times.iter().copied().fold(0.0, f64::max);
        let average = times.iter().sum::<f64>() / times.len() as f64;
        words.push_str(&if is_busybox {
            format!("round-trip min/avg/max = {least:.3}/{average:.3}/{most:.3} ms\n")
        } else {
            format!("rtt min/avg/max/mdev = {least:.3}/{average:.3}/{most:.3}/0.008 ms\n")
        });
    }
    process.print(words).await;
    i32::from(received == 0)
}

fn outcome_is_silent(received: u64, sent: u64) -> bool {
    received < sent
}

async fn interrupted(signals: &mut crate::kubelet::runtime::process::Signals, is_init: bool) {
    loop {
        match signals.next().await {
            Signal::Interrupt => return,
            Signal::Term if !is_init => return,
            _ => {}
        }
    }
}
