//! `id`, `whoami`, `groups`, `hostname`, `uname`: who and where a process is.

use super::processes::user_name;
use super::{MEGABYTE, Program, UseInShell};
use crate::kubelet::runtime::process::Process;

pub const PROGRAM: Program = Program {
    names: &[
        "id", "whoami", "groups", "hostname", "uname", "nproc", "arch",
    ],
    run: |process| Box::pin(run(process)),
    memory: MEGABYTE / 4,
    idle_millicores: 0,
    use_in_shell: UseInShell::Command,
};

async fn run(process: Process) -> i32 {
    let text = match process.name() {
        "whoami" => whoami(&process),
        "groups" => Ok(group_names(&process).join(" ")),
        "hostname" => Ok(hostname(&process)),
        "uname" => Ok(uname(&process)),
        "nproc" => Ok("4".to_owned()),
        "arch" => Ok("x86_64".to_owned()),
        _ => Ok(id(&process)),
    };
    match text {
        Ok(text) => {
            process.print(format!("{text}\n")).await;
            0
        }
        Err(message) => {
            process.complain(format!("{message}\n")).await;
            1
        }
    }
}

fn whoami(process: &Process) -> Result<String, String> {
    let uid = process.filesystem.credentials().uid;
    user_name(process, uid).ok_or_else(|| {
        if process.kernel.image.fact("busybox").is_empty() {
            format!("whoami: cannot find name for user ID {uid}")
        } else {
            format!("whoami: unknown uid {uid}")
        }
    })
}

fn group_name(process: &Process, gid: u32) -> Option<String> {
    let group = process.filesystem.read_to_string("/etc/group").ok()?;
    let gid = gid.to_string();
    group.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)? == gid).then(|| name.to_owned())
    })
}

fn groups(process: &Process) -> Vec<u32> {
    let credentials = process.filesystem.credentials();
    let mut groups = vec![credentials.gid];
    groups.extend(
        credentials
            .groups
            .iter()
            .filter(|gid| **gid != credentials.gid),
    );
    groups
}

fn group_names(process: &Process) -> Vec<String> {
    let groups = groups(process).into_iter();
    let named = groups.map(|gid| group_name(process, gid).unwrap_or_else(|| gid.to_string()));
    named.collect()
}

fn id(process: &Process) -> String {
    let credentials = process.filesystem.credentials();
    let letters: String = process.arguments().concat().replace('-', "");
    let named = |number: u32, name: Option<String>| match name {
        Some(name) => format!("{number}({name})"),
        None => number.to_string(),
    };
    let wants_name = letters.contains('n');
    if letters.contains('u') {
        let name = user_name(process, credentials.uid).filter(|_| wants_name);
        return name.unwrap_or_else(|| credentials.uid.to_string());
    }
    if letters.contains('G') {
        let all = groups(process);
        return if wants_name {
            group_names(process).join(" ")
        } else {
            let all = all.iter().map(ToString::to_string);
            all.collect::<Vec<_>>().join(" ")
        };
    }
    if letters.contains('g') {
        let name = group_name(process, credentials.gid).filter(|_| wants_name);
        return name.unwrap_or_else(|| credentials.gid.to_string());
    }
    let list = groups(process).into_iter();
    let list: Vec<String> = list
        .map(|gid| named(gid, group_name(process, gid)))
        .collect();
    format!(
        "uid={} gid={} groups={}",
        named(credentials.uid, user_name(process, credentials.uid)),
        named(credentials.gid, group_name(process, credentials.gid)),
        list.join(",")
    )
}

fn hostname(process: &Process) -> String {
    let network = &process.kernel.network;
    match process.arguments().first().map(String::as_str) {
        Some("-i" | "-I") => network.ip().to_string(),
        Some("-f") => {
            let hosts = process.filesystem.read_to_string("/etc/hosts");
            let hosts = hosts.unwrap_or_default();
            let ip = network.ip().to_string();
            let full = hosts.lines().find_map(|line| {
                let mut words = line.split_whitespace();
                (words.next()? == ip).then(|| words.next().map(str::to_owned))?
            });
            full.unwrap_or_else(|| network.hostname().to_owned())
        }
        _ => network.hostname().to_owned(),
    }
}

fn uname(process: &Process) -> String {
    const RELEASE: &str = "6.8.0-kubekata";
    let host = process.kernel.network.hostname();
    let letters: String = process.arguments().concat();
    if letters.contains('a') {
        return format!(
            "Linux {host} {RELEASE} #1 SMP PREEMPT_DYNAMIC (simulated) x86_64 GNU/Linux"
        );
    }
    let mut parts = Vec::new();
    for (letter, part) in [('s', "Linux"), ('n', host), ('r', RELEASE), ('m', "x86_64")] {
        if letters.contains(letter) {
            parts.push(part);
        }
    }
    if parts.is_empty() {
        parts.push("Linux");
    }
    parts.join(" ")
}
