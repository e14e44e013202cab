//! `ps`, `kill`, `top`: the processes of the container.

use std::time::Duration;

use super::{MEGABYTE, Program, UseInShell};
use crate::kubelet::runtime::process::{Process, ProcessInfo, Signal};

pub const PS: Program = Program {
    names: &["ps"],
    run: |process| Box::pin(ps(process)),
    memory: MEGABYTE / 2,
    idle_millicores: 0,
    use_in_shell: UseInShell::Command,
};

/// The shell has its own `kill`, for its jobs; this is the one in `/bin`.
pub const KILL: Program = Program {
    names: &["kill", "pkill", "killall"],
    run: |process| Box::pin(kill(process)),
    memory: MEGABYTE / 4,
    idle_millicores: 0,
    use_in_shell: UseInShell::Command,
};

pub const TOP: Program = Program {
    names: &["top"],
    run: |process| Box::pin(top(process)),
    memory: MEGABYTE,
    idle_millicores: 1,
    use_in_shell: UseInShell::Command,
};

/// The name of a user, from `/etc/passwd`.
pub fn user_name(process: &Process, uid: u32) -> Option<String> {
    let passwd = process.filesystem.read_to_string("/etc/passwd").ok()?;
    let uid = uid.to_string();
    passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)? == uid).then(|| name.to_owned())
    })
}

/// How a program presents itself in the process list.
fn title(info: &ProcessInfo) -> String {
    let command = info.arguments.join(" ");
    match info.arguments.first().map(String::as_str) {
        Some("nginx") => format!("nginx: master process {command}"),
        _ => command,
    }
}

async fn ps(process: Process) -> i32 {
    let is_busybox = !process.kernel.image.fact("busybox").is_empty();
    let mut text = String::from(if is_busybox {
        "PID   USER     TIME  COMMAND\n"
    } else {
        "USER         PID %CPU %MEM    VSZ   RSS TTY      STAT START   TIME COMMAND\n"
    });
    let wants_all = !process.arguments().is_empty();
    if !is_busybox && !wants_all {
        text = String::from("    PID TTY          TIME CMD\n");
    }
    let mut rows: Vec<(u32, u32, String)> = Vec::new();
    let began = process.kernel.processes.list();
    let began = began
        .first()
        .map(|info| info.started.strftime("%H:%M").to_string());
    let began = began.unwrap_or_default();
    for info in process.kernel.processes.list() {
        rows.push((info.pid, info.uid, title(&info)));
        if info.arguments.first().is_some_and(|name| name == "nginx") {
            let worker = "nginx: worker process".to_owned();
            rows.push((29, 101, worker.clone()));
            rows.push((30, 101, worker));
        }
    }
    rows.sort_by_key(|(pid, ..)| *pid);
    for (pid, uid, title) in rows {
        let user = user_name(&process, uid).unwrap_or_else(|| uid.to_string());
        text.push_str(&match (is_busybox, wants_all) {
            (true, _) => format!("{pid:>5} {user:<8.8}  0:00 {title}\n"),
            (false, true) => format!(
                "{user:<8.8} {pid:>7}  0.0  0.0   8852  5416 ?        Ss   {began}   0:00 {title}\n"
            ),
            (false, false) => {
                let name = title.split(' ').next().unwrap_or_default();
                format!("{pid:>7} ?        00:00:00 {name}\n")
            }
        });
    }
    process.print(text).await;
    0
}

async fn kill(process: Process) -> i32 {
    let name = process.name().to_owned();
    let mut signal = Signal::Term;
    let mut targets = Vec::new();
    let mut rest = process.arguments().iter();
    while let Some(argument) = rest.next() {
        let option = match argument.as_str() {
            "-s" => rest.next().map(String::as_str),
            "-0" => return 0,
            "-l" => {
                process
                    .print("HUP INT QUIT KILL USR1 USR2 TERM STOP\n")
                    .await;
                return 0;
            }
            word => word.strip_prefix('-'),
        };
        match option {
            None => targets.push(argument.clone()),
            Some(word) => match Signal::parse(word) {
                Some(given) => signal = given,
                None if name == "kill" => {
                    let words = format!("{name}: bad signal name '{word}'\n");
                    process.complain(words).await;
                    return 1;
                }
                None => {}
            },
        }
    }
    let mut code = 0;
    for target in targets {
        let pids: Vec<u32> = match target.parse() {
            Ok(pid) => vec![pid],
            Err(_) => {
                let all = process.kernel.processes.list().into_iter();
                let named = all.filter(|info| {
                    info.pid != process.pid() && title(info).contains(target.as_str())
                });
                named.map(|info| info.pid).collect()
            }
        };
        let own = process.pid();
        let sent = pids.into_iter().filter(|pid| *pid != own);
        let sent = sent.filter(|pid| send(&process, *pid, signal)).count();
        if sent == 0 {
            code = 1;
            let words = match name.as_str() {
                "kill" => format!("kill: can't kill pid {target}: No such process\n"),
                "killall" => format!("killall: {target}: no process killed\n"),
                _ => continue,
            };
            process.complain(words).await;
        }
    }
    code
}

/// Sends a signal. SIGKILL reaches everyone but the container's first process, which the kernel
/// shields from its own namespace.
fn send(process: &Process, pid: u32, signal: Signal) -> bool {
    process.kernel.processes.signal(pid, signal)
}

async fn top(process: Process) -> i32 {
    let is_batch = process.arguments().iter().any(|word| word.contains('b'));
    let rounds = process
        .arguments()
        .iter()
        .position(|word| word.ends_with('n'))
        .and_then(|at| process.arguments().get(at + 1)?.parse().ok())
        .or_else(|| {
            process
                .arguments()
                .iter()
                .any(|word| word.contains("n1"))
                .then_some(1)
        });
    let mut left: Option<u64> = rounds;
    let clock = process.kernel.clock.clone();
    let is_init = process.is_init;
    let mut process = process;
    let mut signals = std::mem::replace(&mut process.signals, Process::no_signals());
    let work = async {
        loop {
            let mut text = String::new();
            if !is_batch {
                text.push_str("\x1b[H\x1b[J");
            }
            let used = process.kernel.usage.memory_bytes() / 1024;
            text.push_str(&format!(
                "Mem: {used}K used, {}K free, 0K shrd, 0K buff, 0K cached\nCPU:   1% usr   0% sys   0% nic  98% idle   0% io   0% irq   0% sirq\nLoad average: 0.08 0.03 0.01 1/213 {}\n  PID  PPID USER     STAT   VSZ %VSZ CPU %CPU COMMAND\n",
                8_000_000 - used.min(8_000_000),
                process.pid(),
            ));
            for info in process.kernel.processes.list() {
                let user = user_name(&process, info.uid).unwrap_or_else(|| info.uid.to_string());
                text.push_str(&format!(
                    "{:>5}     0 {user:<8.8} S     4396   0%   0   0% {}\n",
                    info.pid,
                    title(&info)
                ));
            }
            process.print(text).await;
            if let Some(left) = &mut left {
                *left = left.saturating_sub(1);
                if *left == 0 {
                    return 0;
                }
            }
            clock.sleep(Duration::from_secs(5)).await;
        }
    };
    Process::until_signal(&mut signals, is_init, |_| None, work).await
}
