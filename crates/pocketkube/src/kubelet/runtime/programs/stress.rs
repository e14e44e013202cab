//! `stress` and its relatives: use memory and processor time on purpose.

use std::time::Duration;

use super::{MEGABYTE, Program, UseInShell};
use crate::kubelet::runtime::process::Process;

pub const PROGRAM: Program = Program {
    names: &["stress", "stress-ng"],
    run: |process| Box::pin(run(process)),
    memory: MEGABYTE,
    idle_millicores: 0,
    use_in_shell: UseInShell::Command,
};

#[derive(Debug, Default, PartialEq, Eq)]
struct Load {
    cpu: u64,
    workers: u64,
    bytes: u64,
    timeout: Option<Duration>,
}

fn parse(arguments: &[String]) -> Option<Load> {
    let mut load = Load {
        bytes: 256 * MEGABYTE,
        ..Load::default()
    };
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        let (name, inline) = match argument.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (argument.as_str(), None),
        };
        let mut value = || inline.clone().or_else(|| rest.next().cloned());
        match name {
            "-c" | "--cpu" => load.cpu = value()?.parse().ok()?,
            "-m" | "--vm" => load.workers = value()?.parse().ok()?,
            "--vm-bytes" => load.bytes = bytes(&value()?)?,
            "-t" | "--timeout" => load.timeout = Some(seconds(&value()?)?),
            "--vm-hang" | "-i" | "--io" | "-d" | "--hdd" => {
                value();
            }
            "--vm-keep" | "-v" | "--verbose" | "-q" | "--quiet" => {}
            _ => return None,
        }
    }
    Some(load)
}

fn bytes(text: &str) -> Option<u64> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let number: u64 = digits.parse().ok()?;
    let unit = match text[digits.len()..].to_ascii_uppercase().as_str() {
        "" | "B" => 1,
        "K" => 1 << 10,
        "M" => 1 << 20,
        "G" => 1 << 30,
        _ => return None,
    };
    Some(number * unit)
}

fn seconds(text: &str) -> Option<Duration> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let number: u64 = digits.parse().ok()?;
    let unit = match &text[digits.len()..] {
        "" | "s" => 1,
        "m" => 60,
        "h" => 3600,
        _ => return None,
    };
    Some(Duration::from_secs(number * unit))
}

async fn run(mut process: Process) -> i32 {
    let Some(load) = parse(process.arguments()) else {
        process
            .complain("stress: FAIL: [1] unrecognized option\n")
            .await;
        return 1;
    };
    let Load { cpu, workers, .. } = load;
    process
        .print(format!(
            "stress: info: [{0}] dispatching hogs: {cpu} cpu, 0 io, {workers} vm, 0 hdd\n",
            process.pid()
        ))
        .await;
    let is_init = process.is_init;
    let mut signals = std::mem::replace(&mut process.signals, Process::no_signals());
    let kernel = process.kernel.clone();
    let cores = ((cpu + workers) as f64).min(kernel.cpu_limit.unwrap_or(f64::MAX));
    let work = async {
        let mut held = Vec::new();
        for _ in 0..load.workers {
            // Pages are touched one after the other, which takes a moment.
            let mut left = load.bytes;
            while left > 0 {
                let step = left.min(32 * MEGABYTE);
                held.push(kernel.usage.allocate(step).await);
                kernel.clock.sleep(Duration::from_millis(20)).await;
                left -= step;
            }
        }
        loop {
            let tick = Duration::from_secs(1);
            kernel.clock.sleep(tick).await;
            kernel.usage.charge_cpu(tick.mul_f64(cores));
        }
    };
    let limited = async {
        match load.timeout {
            Some(timeout) => match kernel.clock.timeout(timeout, work).await {
                Some(code) => code,
                None => {
                    let seconds = timeout.as_secs();
                    process
                        .print(format!(
                            "stress: info: [{}] successful run completed in {seconds}s\n",
                            process.pid()
                        ))
                        .await;
                    0
                }
            },
            None => work.await,
        }
    };
    Process::until_signal(&mut signals, is_init, |_| None, limited).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documentations_arguments_are_understood() {
        let words = ["--vm", "1", "--vm-bytes", "150M", "--vm-hang", "1"];
        let words: Vec<String> = words.map(str::to_owned).to_vec();
        let load = parse(&words).expect("arguments");
        assert_eq!((load.workers, load.bytes), (1, 150 * MEGABYTE));
    }
}
