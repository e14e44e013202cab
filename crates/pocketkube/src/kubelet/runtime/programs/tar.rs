//! `tar`: what `kubectl cp` runs in containers, and people by hand.
//!
//! Archives are built and read in memory. Of compressions there is gzip.

use std::io::{self, Read};

use ::tar::{Archive, Builder, EntryType, Header};
use jiff::Timestamp;

use super::{MEGABYTE, Program, UseInShell};
use crate::kubelet::runtime::filesystem::{
    FileError, Filesystem, Node, NodeKind, WriteMode, absolute, parent_of,
};
use crate::kubelet::runtime::process::Process;

pub const PROGRAM: Program = Program {
    names: &["tar"],
    run: |process| Box::pin(run(process)),
    memory: MEGABYTE / 2,
    idle_millicores: 0,
    use_in_shell: UseInShell::Command,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    Create,
    Extract,
    List,
}

#[derive(Debug)]
struct Request {
    action: Action,
    archive: Option<String>,
    is_verbose: bool,
    is_gzip: bool,
    keeps_modified: bool,
    follows_links: bool,
    strips: usize,
    directory: Option<String>,
    excludes: Vec<String>,
    members: Vec<String>,
}

fn parse(arguments: &[String]) -> Result<Request, String> {
    let mut action = None;
    let mut request = Request {
        action: Action::List,
        archive: None,
        is_verbose: false,
        is_gzip: false,
        keeps_modified: true,
        follows_links: false,
        strips: 0,
        directory: None,
        excludes: Vec::new(),
        members: Vec::new(),
    };
    let mut rest = arguments.iter();
    let mut is_first = true;
    while let Some(argument) = rest.next() {
        let letters = match argument.strip_prefix("--") {
            Some("") => {
                request.members.extend(rest.by_ref().cloned());
                break;
            }
            Some(long) => {
                let (name, value) = match long.split_once('=') {
                    Some((name, value)) => (name, Some(value.to_owned())),
                    None => (long, None),
                };
                let mut value = || value.clone().or_else(|| rest.next().cloned());
                match name {
                    "create" => action = Some(Action::Create),
                    "extract" | "get" => action = Some(Action::Extract),
                    "list" => action = Some(Action::List),
                    "file" => request.archive = value(),
                    "directory" => request.directory = value(),
                    "exclude" => request.excludes.extend(value()),
                    "strip-components" => {
                        request.strips = value().and_then(|n| n.parse().ok()).unwrap_or(0);
                    }
                    "verbose" => request.is_verbose = true,
                    "gzip" => request.is_gzip = true,
                    "touch" => request.keeps_modified = false,
                    "dereference" => request.follows_links = true,
                    "no-same-owner"
                    | "no-same-permissions"
                    | "same-permissions"
                    | "overwrite"
                    | "numeric-owner"
                    | "preserve-permissions" => {}
                    _ => return Err(format!("unrecognized option '--{name}'")),
                }
                continue;
            }
            // The first word needs no dash.
            None => match argument.strip_prefix('-') {
                Some(letters) if !letters.is_empty() => letters.to_owned(),
                _ if is_first => argument.clone(),
                _ => {
                    request.members.push(argument.clone());
                    continue;
                }
            },
        };
        is_first = false;
        let mut letters = letters.chars();
        while let Some(letter) = letters.next() {
            match letter {
                'c' => action = Some(Action::Create),
                'x' => action = Some(Action::Extract),
                't' => action = Some(Action::List),
                'v' => request.is_verbose = true,
                'z' => request.is_gzip = true,
                'm' => request.keeps_modified = false,
                'h' => request.follows_links = true,
                'f' | 'C' | 'X' | 'T' => {
                    let attached: String = if argument.starts_with('-') {
                        letters.by_ref().collect()
                    } else {
                        String::new()
                    };
                    let value = if attached.is_empty() {
                        rest.next().cloned()
                    } else {
                        Some(attached)
                    };
                    let value =
                        value.ok_or(format!("option requires an argument -- '{letter}'"))?;
                    match letter {
                        'f' => request.archive = Some(value),
                        'C' => request.directory = Some(value),
                        _ => {}
                    }
                }
                'p' | 'o' | 'O' | 'k' | 'P' => {}
                letter => return Err(format!("invalid option -- '{letter}'")),
            }
        }
    }
    request.action = action.ok_or("You must specify one of the '-cxt' options")?;
    Ok(request)
}

async fn run(process: Process) -> i32 {
    let request = match parse(process.arguments()) {
        Ok(request) => request,
        Err(message) => {
            process.complain(format!("tar: {message}\n")).await;
            return 2;
        }
    };
    let directory = request.directory.as_deref().unwrap_or(".");
    let job = Job {
        directory: process.path(directory),
        process: &process,
        request: &request,
    };
    let outcome = match request.action {
        Action::Create => job.create().await,
        Action::Extract | Action::List => job.read().await,
    };
    match outcome {
        Ok(code) => code,
        Err(message) => {
            process.complain(format!("tar: {message}\n")).await;
            1
        }
    }
}

struct Job<'a> {
    process: &'a Process,
    request: &'a Request,
    /// Where members are looked for or put.
    directory: String,
}

/// What has been said while the archive was made.
#[derive(Default)]
struct Notes {
    listed: Vec<String>,
    complaints: Vec<String>,
}

impl Job<'_> {
    fn files(&self) -> &Filesystem {
        &self.process.filesystem
    }

    /// The archive's file, unless it is a stream.
    fn archive(&self) -> Option<String> {
        let name = self.request.archive.as_deref()?;
        (name != "-").then(|| self.process.path(name))
    }

    async fn create(&self) -> Result<i32, String> {
        let mut notes = Notes::default();
        let mut builder = Builder::new(Vec::new());
        for member in &self.request.members {
            if member.starts_with('/') && notes.complaints.is_empty() {
                let words = match self.process.kernel.image.fact("busybox") {
                    "" => "tar: Removing leading `/' from member names\n",
                    _ => "tar: removing leading '/' from member names\n",
                };
                notes.complaints.push(words.to_owned());
            }
            self.add(&mut builder, member, &mut notes)?;
        }
        let mut bytes = builder.into_inner().map_err(|error| error.to_string())?;
        if self.request.is_gzip {
            bytes = gzip(&bytes);
        }
        for complaint in &notes.complaints {
            self.process.complain(complaint).await;
        }
        let listed: String = notes
            .listed
            .iter()
            .map(|name| format!("{name}\n"))
            .collect();
        match self.archive() {
            Some(path) => {
                let written = self.files().write(&path, &bytes, WriteMode::Truncate);
                written.map_err(|error| format!("can't open '{path}': {error}"))?;
                self.process.print(listed).await;
            }
            None => {
                self.process.complain(listed).await;
                let written = self.process.start.stdout.write(&bytes).await;
                written.map_err(|_| "short write".to_owned())?;
            }
        }
        let failed = notes
            .complaints
            .iter()
            .any(|line| line.contains("can't stat"));
        Ok(i32::from(failed))
    }

    fn add(
        &self,
        builder: &mut Builder<Vec<u8>>,
        member: &str,
        notes: &mut Notes,
    ) -> Result<(), String> {
        if self
            .request
            .excludes
            .iter()
            .any(|pattern| member.ends_with(pattern.as_str()))
        {
            return Ok(());
        }
        let path = absolute(&self.directory, member);
        let found = if self.request.follows_links {
            self.files().stat(&path)
        } else {
            self.files().lstat(&path)
        };
        let node = match found {
            Ok(node) => node,
            Err(error) => {
                let words = format!(
                    "tar: can't stat '{member}': {error}\ntar: error exit delayed from previous errors\n"
                );
                notes.complaints.push(words);
                return Ok(());
            }
        };
        let name = member.trim_start_matches('/').trim_end_matches('/');
        let name = if name.is_empty() { "." } else { name };
        if self.request.is_verbose {
            notes.listed.push(name.to_owned());
        }
        let mut header = header(&node);
        let added = match &node.kind {
            NodeKind::File(content) => {
                header.set_size(content.len() as u64);
                builder.append_data(&mut header, name, content.as_slice())
            }
            NodeKind::Symlink(target) => {
                header.set_size(0);
                builder.append_link(&mut header, name, target)
            }
            NodeKind::Directory => {
                header.set_size(0);
                builder.append_data(&mut header, format!("{name}/"), io::empty())
            }
            NodeKind::Device(_) => Ok(()),
        };
        added.map_err(|error| error.to_string())?;
        if node.is_directory() {
            for entry in self.files().read_directory(&path).unwrap_or_default() {
                let inner = format!("{}/{}", member.trim_end_matches('/'), entry.name);
                self.add(builder, &inner, notes)?;
            }
        }
        Ok(())
    }

    async fn read(&self) -> Result<i32, String> {
        let bytes = match self.archive() {
            Some(path) => self
                .files()
                .read(&path)
                .map_err(|error| format!("can't open '{path}': {error}"))?
                .to_vec(),
            None => self.process.start.stdin.read_to_end().await,
        };
        let bytes = if bytes.starts_with(&[0x1f, 0x8b]) {
            gunzip(&bytes)?
        } else {
            bytes
        };
        let (listed, outcome) = self.unpack(&bytes);
        if self.request.is_verbose || self.request.action == Action::List {
            let listed: String = listed.iter().map(|name| format!("{name}\n")).collect();
            self.process.print(listed).await;
        }
        outcome.map(|()| 0)
    }

    fn unpack(&self, bytes: &[u8]) -> (Vec<String>, Result<(), String>) {
        let mut listed = Vec::new();
        let mut archive = Archive::new(bytes);
        let entries = match archive.entries() {
            Ok(entries) => entries,
            Err(_) => return (listed, Err("invalid tar magic".to_owned())),
        };
        for entry in entries {
            let Ok(mut entry) = entry else {
                return (listed, Err("short read".to_owned()));
            };
            let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
            let is_wanted = self.request.members.is_empty()
                || self.request.members.iter().any(|member| {
                    let member = member.trim_matches('/');
                    name.trim_end_matches('/') == member || name.starts_with(&format!("{member}/"))
                });
            if !is_wanted {
                continue;
            }
            listed.push(name.clone());
            if self.request.action == Action::Extract
                && let Err(message) = self.extract(&name, &mut entry)
            {
                return (listed, Err(message));
            }
        }
        (listed, Ok(()))
    }

    fn extract(&self, name: &str, entry: &mut ::tar::Entry<'_, &[u8]>) -> Result<(), String> {
        let parts: Vec<&str> = name
            .split('/')
            .filter(|part| !matches!(*part, "" | "." | ".."))
            .skip(self.request.strips)
            .collect();
        if parts.is_empty() {
            return Ok(());
        }
        let path = absolute(&self.directory, &parts.join("/"));
        let files = self.files();
        let failed = |error: FileError| format!("can't open '{name}': {error}");
        files.create_directories(parent_of(&path)).map_err(failed)?;
        let header = entry.header().clone();
        match header.entry_type() {
            EntryType::Directory => files.create_directories(&path).map_err(failed)?,
            EntryType::Symlink => {
                let target = entry.link_name().ok().flatten().unwrap_or_default();
                let _ = files.remove(&path, false);
                let target = target.to_string_lossy();
                return files.create_symlink(&target, &path).map_err(failed);
            }
            EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse => {
                let mut content = Vec::new();
                let read = entry.read_to_end(&mut content);
                read.map_err(|_| "short read".to_owned())?;
                let written = files.write(&path, &content, WriteMode::Truncate);
                written.map_err(failed)?;
            }
            _ => return Ok(()),
        }
        if let Ok(mode) = header.mode() {
            let _ = files.set_mode(&path, mode);
        }
        if self.request.keeps_modified
            && let Some(modified) = header.mtime().ok().and_then(|at| i64::try_from(at).ok())
            && let Ok(modified) = Timestamp::from_second(modified)
        {
            let _ = files.set_modified(&path, modified);
        }
        Ok(())
    }
}

fn header(node: &Node) -> Header {
    let mut header = Header::new_gnu();
    header.set_mode(node.mode);
    header.set_uid(node.uid.into());
    header.set_gid(node.gid.into());
    header.set_mtime(u64::try_from(node.modified.as_second()).unwrap_or(0));
    header.set_entry_type(match node.kind {
        NodeKind::Directory => EntryType::Directory,
        NodeKind::Symlink(_) => EntryType::Symlink,
        _ => EntryType::Regular,
    });
    header
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut compressed = Vec::new();
    let mut encoder = flate2::read::GzEncoder::new(bytes, flate2::Compression::default());
    let _ = encoder.read_to_end(&mut compressed);
    compressed
}

fn gunzip(bytes: &[u8]) -> Result<Vec<u8>, String> {
    let mut plain = Vec::new();
    let read = flate2::read::MultiGzDecoder::new(bytes).read_to_end(&mut plain);
    read.map_err(|_| "invalid gzip data".to_owned())?;
    Ok(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Request {
        let words: Vec<String> = text.split(' ').map(str::to_owned).collect();
        parse(&words).expect(text)
    }

    #[test]
    fn the_commands_of_kubectl_cp_are_understood() {
        let request = words("cf - /var/log");
        assert_eq!(
            (request.action, request.archive.as_deref()),
            (Action::Create, Some("-"))
        );
        assert_eq!(request.members, ["/var/log"]);
        for text in [
            "xmf - -C /tmp",
            "-xmf - -C /tmp",
            "--no-same-owner -xmf - -C /tmp",
        ] {
            let request = words(text);
            assert_eq!(request.action, Action::Extract, "{text}");
            assert!(!request.keeps_modified, "{text}");
            assert_eq!(request.directory.as_deref(), Some("/tmp"), "{text}");
        }
    }
}
