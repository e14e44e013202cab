//! `stat`, `chown`, `chgrp`, `touch`, `df`, `mount`: what the interpreter's files know nothing of.

use super::ls::{group_text, human, mode_text, user_text};
use super::{MEGABYTE, Program, UseInShell};
use crate::kubelet::runtime::filesystem::{FileError, Node, NodeKind, WriteMode};
use crate::kubelet::runtime::process::Process;

pub const PROGRAM: Program = Program {
    names: &["stat", "chown", "chgrp", "touch", "df", "mount"],
    run: |process| Box::pin(run(process)),
    memory: MEGABYTE / 4,
    idle_millicores: 0,
    use_in_shell: UseInShell::Command,
};

async fn run(process: Process) -> i32 {
    match process.name() {
        "stat" => stat(&process).await,
        "touch" => touch(&process).await,
        "df" => df(&process).await,
        "mount" => mount(&process).await,
        _ => change_owner(&process).await,
    }
}

async fn stat(process: &Process) -> i32 {
    let mut format = None;
    let mut files = Vec::new();
    let mut follow = false;
    let mut rest = process.arguments().iter();
    while let Some(argument) = rest.next() {
        match argument.as_str() {
            "-c" | "--format" => format = rest.next().cloned(),
            "-L" => follow = true,
            word if word.starts_with("--format=") => format = Some(word[9..].to_owned()),
            word if word.starts_with("-c") => format = Some(word[2..].to_owned()),
            word => files.push(word.to_owned()),
        }
    }
    let mut code = 0;
    for file in files {
        let path = process.path(&file);
        let found = if follow {
            process.filesystem.stat(&path)
        } else {
            process.filesystem.lstat(&path)
        };
        match found {
            Ok(node) => {
                let text = match &format {
                    Some(format) => format!("{}\n", fill(process, format, &file, &node)),
                    None => describe(process, &file, &node),
                };
                process.print(text).await;
            }
            Err(error) => {
                process
                    .complain(format!("stat: can't stat '{file}': {error}\n"))
                    .await;
                code = 1;
            }
        }
    }
    code
}

fn kind(node: &Node) -> &'static str {
    match &node.kind {
        NodeKind::File(content) if content.is_empty() => "regular empty file",
        NodeKind::File(_) => "regular file",
        NodeKind::Directory => "directory",
        NodeKind::Symlink(_) => "symbolic link",
        NodeKind::Device(_) => "character special file",
    }
}

fn fill(process: &Process, format: &str, file: &str, node: &Node) -> String {
    let mut text = String::new();
    let mut letters = format.chars();
    while let Some(letter) = letters.next() {
        if letter != '%' {
            text.push(letter);
            continue;
        }
        text.push_str(&match letters.next() {
            Some('a') => format!("{:o}", node.mode),
            Some('A') => mode_text(node),
            Some('u') => node.uid.to_string(),
            Some('U') => user_text(process, node.uid),
            Some('g') => node.gid.to_string(),
            Some('G') => group_text(process, node.gid),
            Some('s') => node.size().to_string(),
            Some('n') => file.to_owned(),
            Some('F') => kind(node).to_owned(),
            Some('Y') => node.modified.as_second().to_string(),
            Some('y') => stamp(node),
            Some('h') => "1".to_owned(),
            Some('%') => "%".to_owned(),
            Some(other) => format!("%{other}"),
            None => "%".to_owned(),
        });
    }
    text
}

fn stamp(node: &Node) -> String {
    node.modified
        .strftime("%Y-%m-%d %H:%M:%S.%9f +0000")
        .to_string()
}

fn describe(process: &Process, file: &str, node: &Node) -> String {
    let shown = match &node.kind {
        NodeKind::Symlink(target) => format!("'{file}' -> '{target}'"),
        _ => file.to_owned(),
    };
    let (size, mode, letters) = (node.size(), node.mode, mode_text(node));
    let (uid, gid) = (node.uid, node.gid);
    let (user, group) = (user_text(process, uid), group_text(process, gid));
    let (time, kind, blocks) = (stamp(node), kind(node), size.div_ceil(4096) * 8);
    format!(
        "  File: {shown}\n  Size: {size:<15} Blocks: {blocks:<10} IO Block: 4096   {kind}\nDevice: 3eh/62d\tInode: 4718599     Links: 1\nAccess: ({mode:04o}/{letters})  Uid: ({uid:>5}/{user:>8})   Gid: ({gid:>5}/{group:>8})\nAccess: {time}\nModify: {time}\nChange: {time}\n"
    )
}

async fn touch(process: &Process) -> i32 {
    let mut code = 0;
    let mut only_existing = false;
    let mut at = process.kernel.clock.now();
    let mut rest = process.arguments().iter();
    while let Some(argument) = rest.next() {
        match argument.as_str() {
            "-c" | "--no-create" => only_existing = true,
            "-d" => {
                let text = rest.next().map_or("", String::as_str);
                at = format!("{}Z", text.trim_end_matches('Z').replace(' ', "T"))
                    .parse()
                    .unwrap_or(at);
            }
            "-t" | "-r" => {
                rest.next();
            }
            word if word.starts_with('-') && word.len() > 1 => {}
            file => {
                let path = process.path(file);
                let files = &process.filesystem;
                let touched = if files.exists(&path) {
                    match files.set_modified(&path, at) {
                        // Whoever may write may also set the present time.
                        Err(FileError::NotPermitted) => files.write(&path, b"", WriteMode::Append),
                        other => other,
                    }
                } else if only_existing {
                    Ok(())
                } else {
                    files.write(&path, b"", WriteMode::Append)
                };
                if let Err(error) = touched {
                    let words = if process.kernel.image.fact("busybox").is_empty() {
                        format!("touch: cannot touch '{file}': {error}\n")
                    } else {
                        format!("touch: {file}: {error}\n")
                    };
                    process.complain(words).await;
                    code = 1;
                }
            }
        }
    }
    code
}

/// `chown USER[:GROUP] FILE…` and `chgrp GROUP FILE…`.
async fn change_owner(process: &Process) -> i32 {
    let name = process.name().to_owned();
    let is_recursive = process
        .arguments()
        .iter()
        .any(|word| word.starts_with('-') && word.contains('R'));
    let mut words = process
        .arguments()
        .iter()
        .filter(|word| !word.starts_with('-'));
    let Some(owner) = words.next() else {
        process.complain(format!("{name}: missing operand\n")).await;
        return 1;
    };
    let (user, group) = match owner.split_once([':', '.']) {
        Some((user, group)) => (user, group),
        None if name == "chgrp" => ("", owner.as_str()),
        None => (owner.as_str(), ""),
    };
    let number = |file: &str, name: &str| -> Result<Option<u32>, ()> {
        if name.is_empty() {
            return Ok(None);
        }
        if let Ok(number) = name.parse() {
            return Ok(Some(number));
        }
        let text = process.filesystem.read_to_string(file).unwrap_or_default();
        let found = text.lines().find_map(|line| {
            let mut fields = line.split(':');
            (fields.next()? == name).then(|| fields.nth(1)?.parse().ok())?
        });
        found.map(Some).ok_or(())
    };
    let (Ok(uid), Ok(gid)) = (number("/etc/passwd", user), number("/etc/group", group)) else {
        process
            .complain(format!("{name}: unknown user/group {owner}\n"))
            .await;
        return 1;
    };
    let mut code = 0;
    for file in words {
        let mut paths = vec![process.path(file)];
        while let Some(path) = paths.pop() {
            if let Err(error) = process.filesystem.set_owner(&path, uid, gid) {
                process.complain(format!("{name}: {file}: {error}\n")).await;
                code = 1;
            }
            if is_recursive {
                let inside = process.filesystem.read_directory(&path).unwrap_or_default();
                let inside = inside
                    .into_iter()
                    .map(|entry| format!("{path}/{}", entry.name));
                paths.extend(inside);
            }
        }
    }
    code
}

const DISK: u64 = 100 * 1024 * MEGABYTE;

async fn df(process: &Process) -> i32 {
    let is_human = process.arguments().iter().any(|word| word == "-h");
    let only: Vec<String> = process
        .arguments()
        .iter()
        .filter(|word| !word.starts_with('-'))
        .map(|word| process.path(word))
        .collect();
    let mut rows = vec![(
        "overlay",
        DISK,
        process.filesystem.written_bytes(),
        "/".to_owned(),
    )];
    for mount in process.filesystem.mounts() {
        let used = mount.volume.used_bytes();
        let row = match mount.volume.capacity() {
            Some(capacity) => ("tmpfs", capacity, used, mount.at.clone()),
            None => ("/dev/vda1", DISK, used, mount.at.clone()),
        };
        rows.push(row);
    }
    if !only.is_empty() {
        let covers =
            |at: &str, path: &str| at == "/" || path == at || path.starts_with(&format!("{at}/"));
        let chosen = only.iter().filter_map(|path| {
            let candidates = rows.iter().filter(|(.., at)| covers(at, path));
            candidates.max_by_key(|(.., at)| at.len()).cloned()
        });
        rows = chosen.collect();
    }
    let mut text = String::from(if is_human {
        "Filesystem                Size      Used Available Use% Mounted on\n"
    } else {
        "Filesystem           1K-blocks      Used Available Use% Mounted on\n"
    });
    for (name, size, used, at) in rows {
        let amount = |bytes: u64| {
            if is_human {
                human(bytes, true)
            } else {
                (bytes / 1024).to_string()
            }
        };
        let percent = used * 100 / size.max(1);
        text.push_str(&format!(
            "{name:<20} {:>9} {:>9} {:>9} {percent:>3}% {at}\n",
            amount(size),
            amount(used),
            amount(size - used.min(size)),
        ));
    }
    process.print(text).await;
    0
}

async fn mount(process: &Process) -> i32 {
    if !process.arguments().is_empty() {
        process
            .complain("mount: permission denied (are you root?)\n")
            .await;
        return 1;
    }
    let mut text = String::from(
        "overlay on / type overlay (rw,relatime)\nproc on /proc type proc (rw,nosuid,nodev,noexec,relatime)\ntmpfs on /dev type tmpfs (rw,nosuid,size=65536k,mode=755)\nsysfs on /sys type sysfs (ro,nosuid,nodev,noexec,relatime)\n",
    );
    for mount in process.filesystem.mounts() {
        let (device, kind) = match mount.volume.capacity() {
            Some(_) => ("tmpfs", "tmpfs"),
            None => ("/dev/vda1", "ext4"),
        };
        let access = if mount.read_only { "ro" } else { "rw" };
        text.push_str(&format!(
            "{device} on {} type {kind} ({access},relatime)\n",
            mount.at
        ));
    }
    process.print(text).await;
    0
}
