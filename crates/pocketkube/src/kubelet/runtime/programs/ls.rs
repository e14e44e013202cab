//! `ls`, with owners and link targets, in BusyBox's layout or GNU's.

use jiff::Timestamp;

use super::options::{Options, Spec, flag, value};
use super::processes::user_name;
use super::{MEGABYTE, Program, UseInShell};
use crate::kubelet::runtime::filesystem::{Device, Entry, FileError, Node, NodeKind};
use crate::kubelet::runtime::process::Process;

pub const PROGRAM: Program = Program {
    names: &["ls"],
    run: |process| Box::pin(run(process)),
    memory: MEGABYTE / 4,
    idle_millicores: 0,
    use_in_shell: UseInShell::Command,
};

const SPECS: &[Spec] = &[
    flag('a', "all"),
    flag('A', "almost-all"),
    flag('l', ""),
    flag('1', ""),
    flag('d', "directory"),
    flag('h', "human-readable"),
    flag('R', "recursive"),
    flag('t', ""),
    flag('S', ""),
    flag('r', "reverse"),
    flag('n', "numeric-uid-gid"),
    flag('g', ""),
    flag('o', ""),
    flag('F', "classify"),
    flag('p', ""),
    flag('L', "dereference"),
    flag('i', "inode"),
    flag('s', "size"),
    flag('C', ""),
    flag('x', ""),
    flag('k', ""),
    flag('G', ""),
    value('\0', "color"),
    value('\0', "time-style"),
    flag('\0', "full-time"),
];

/// Letters a file's type is shown with.
pub fn mode_text(node: &Node) -> String {
    let kind = match &node.kind {
        NodeKind::File(_) => '-',
        NodeKind::Directory => 'd',
        NodeKind::Symlink(_) => 'l',
        NodeKind::Device(_) => 'c',
    };
    let mut text = String::from(kind);
    for class in [6, 3, 0] {
        let bits = node.mode >> class;
        text.push(if bits & 4 == 0 { '-' } else { 'r' });
        text.push(if bits & 2 == 0 { '-' } else { 'w' });
        let is_last = class == 0;
        let special = match class {
            6 => node.mode & 0o4000,
            3 => node.mode & 0o2000,
            _ => node.mode & 0o1000,
        };
        text.push(match (bits & 1 != 0, special != 0) {
            (true, true) if is_last => 't',
            (false, true) if is_last => 'T',
            (true, true) => 's',
            (false, true) => 'S',
            (true, false) => 'x',
            (false, false) => '-',
        });
    }
    text
}

/// The name of a group, or its number.
pub fn group_text(process: &Process, gid: u32) -> String {
    let group = process.filesystem.read_to_string("/etc/group");
    let group = group.unwrap_or_default();
    let wanted = gid.to_string();
    let name = group.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)? == wanted).then(|| name.to_owned())
    });
    name.unwrap_or(wanted)
}

/// The name of a user, or its number.
pub fn user_text(process: &Process, uid: u32) -> String {
    user_name(process, uid).unwrap_or_else(|| uid.to_string())
}

async fn run(process: Process) -> i32 {
    let is_busybox = !process.kernel.image.fact("busybox").is_empty();
    let arguments = process.arguments().iter();
    // `--color` alone means `--color=always`.
    let arguments: Vec<String> = arguments
        .filter(|word| !word.starts_with("--color"))
        .cloned()
        .collect();
    let Ok(options) = Options::parse(&arguments, SPECS) else {
        process.complain("ls: unrecognized option\n").await;
        return if is_busybox { 1 } else { 2 };
    };
    let listing = Listing {
        process: &process,
        options: &options,
        is_busybox,
    };
    let mut operands = options.operands.clone();
    if operands.is_empty() {
        operands.push(".".to_owned());
    }
    operands.sort();
    let (mut files, mut directories, mut code) = (Vec::new(), Vec::new(), 0);
    for operand in operands {
        let path = process.path(&operand);
        let shown = if options.has("l") && !options.has("dereference") {
            process.filesystem.lstat(&path)
        } else {
            process
                .filesystem
                .stat(&path)
                .or_else(|_| process.filesystem.lstat(&path))
        };
        match shown {
            Ok(node) if node.is_directory() && !options.has("directory") => {
                directories.push((operand, path));
            }
            Ok(node) => files.push(Entry {
                name: operand,
                node,
            }),
            Err(error) => {
                process.complain(listing.complaint(&operand, error)).await;
                code = if is_busybox { 1 } else { 2 };
            }
        }
    }
    let mut text = listing.show(files.clone(), false);
    let has_titles =
        directories.len() + usize::from(!files.is_empty()) > 1 || options.has("recursive");
    for (name, path) in directories {
        if has_titles {
            let gap = if text.is_empty() { "" } else { "\n" };
            text.push_str(&format!("{gap}{name}:\n"));
        }
        match listing.directory(&name, &path) {
            Ok(listed) => text.push_str(&listed),
            Err(error) => {
                process.complain(listing.complaint(&name, error)).await;
                code = 1;
            }
        }
    }
    process.print(text).await;
    code
}

struct Listing<'a> {
    process: &'a Process,
    options: &'a Options,
    is_busybox: bool,
}

impl Listing<'_> {
    fn complaint(&self, name: &str, error: FileError) -> String {
        match (self.is_busybox, error) {
            (true, error) => format!("ls: {name}: {error}\n"),
            (false, FileError::PermissionDenied) => {
                format!("ls: cannot open directory '{name}': {error}\n")
            }
            (false, error) => format!("ls: cannot access '{name}': {error}\n"),
        }
    }

    fn is_long(&self) -> bool {
        let long = ["l", "numeric-uid-gid", "g", "o", "full-time"];
        long.iter().any(|name| self.options.has(name))
    }

    fn directory(&self, name: &str, path: &str) -> Result<String, FileError> {
        let files = &self.process.filesystem;
        let mut entries = files.read_directory(path)?;
        let (all, almost) = (self.options.has("all"), self.options.has("almost-all"));
        entries.retain(|entry| all || almost || !entry.name.starts_with('.'));
        if all {
            let above = crate::kubelet::runtime::filesystem::absolute(path, "..");
            for (name, path) in [("..", above.as_str()), (".", path)] {
                let node = files.stat(path)?;
                let name = name.to_owned();
                entries.insert(0, Entry { name, node });
            }
        }
        let below: Vec<String> = entries
            .iter()
            .filter(|entry| entry.node.is_directory() && !matches!(entry.name.as_str(), "." | ".."))
            .map(|entry| entry.name.clone())
            .collect();
        let mut text = self.show(entries, true);
        if self.options.has("recursive") {
            for inner in below {
                let name = format!("{}/{inner}", name.trim_end_matches('/'));
                let path = format!("{}/{inner}", path.trim_end_matches('/'));
                text.push_str(&format!("\n{name}:\n"));
                text.push_str(&self.directory(&name, &path)?);
            }
        }
        Ok(text)
    }

    fn show(&self, mut entries: Vec<Entry>, with_total: bool) -> String {
        if self.options.has("t") {
            entries.sort_by_key(|entry| std::cmp::Reverse(entry.node.modified));
        } else if self.options.has("S") {
            entries.sort_by_key(|entry| std::cmp::Reverse(entry.node.size()));
        }
        if self.options.has("reverse") {
            entries.reverse();
        }
        if self.is_long() {
            return self.long(&entries, with_total);
        }
        let names: Vec<String> = entries.iter().map(|entry| self.name(entry)).collect();
        let terminal = self.process.start.terminal.as_ref();
        match terminal.map(|size| usize::from(size.borrow().width)) {
            Some(width) if !self.options.has("1") => columns(&names, width),
            _ => names.iter().map(|name| format!("{name}\n")).collect(),
        }
    }

    fn name(&self, entry: &Entry) -> String {
        let mark = match &entry.node.kind {
            NodeKind::Directory if self.options.has("classify") || self.options.has("p") => "/",
            NodeKind::Symlink(_) if self.options.has("classify") => "@",
            NodeKind::File(_) if self.options.has("classify") && entry.node.mode & 0o111 != 0 => {
                "*"
            }
            _ => "",
        };
        format!("{}{mark}", entry.name)
    }

    fn long(&self, entries: &[Entry], with_total: bool) -> String {
        let is_numeric = self.options.has("numeric-uid-gid");
        let rows: Vec<[String; 5]> = entries
            .iter()
            .map(|entry| {
                let node = &entry.node;
                let links = if node.is_directory() { 2 } else { 1 };
                let (user, group) = if is_numeric {
                    (node.uid.to_string(), node.gid.to_string())
                } else {
                    (
                        user_text(self.process, node.uid),
                        group_text(self.process, node.gid),
                    )
                };
                [
                    links.to_string(),
                    user,
                    group,
                    self.size(node),
                    self.time(node.modified),
                ]
            })
            .collect();
        let width = |at: usize| rows.iter().map(|row| row[at].len()).max().unwrap_or(0);
        let widths = if self.is_busybox {
            [4, 8, 8, 9]
        } else {
            [width(0), width(1), width(2), width(3)]
        };
        let mut text = String::new();
        if with_total {
            let blocks = entries
                .iter()
                .map(|entry| entry.node.size().div_ceil(4096) * 4);
            text.push_str(&format!("total {}\n", blocks.sum::<u64>()));
        }
        for (entry, [links, user, group, size, time]) in entries.iter().zip(&rows) {
            let [a, b, c, d] = widths;
            let mode = mode_text(&entry.node);
            let name = self.name(entry);
            text.push_str(&format!(
                "{mode} {links:>a$} {user:<b$} {group:<c$} {size:>d$} {time} {name}"
            ));
            if let NodeKind::Symlink(target) = &entry.node.kind {
                text.push_str(&format!(" -> {target}"));
            }
            text.push('\n');
        }
        text
    }

    fn size(&self, node: &Node) -> String {
        if let NodeKind::Device(device) = node.kind {
            let minor = match device {
                Device::Null => 3,
                Device::Zero => 5,
                Device::Full => 7,
                Device::Random => 9,
                _ => 0,
            };
            return format!("1, {minor:>3}");
        }
        if self.options.has("human-readable") {
            human(node.size(), self.is_busybox)
        } else {
            node.size().to_string()
        }
    }

    fn time(&self, modified: Timestamp) -> String {
        const HALF_A_YEAR: u64 = 182 * 86_400;
        let age = self.process.kernel.clock.since(modified).as_secs();
        let is_future = modified > self.process.kernel.clock.now();
        if age > HALF_A_YEAR || is_future {
            modified.strftime("%b %e  %Y").to_string()
        } else {
            modified.strftime("%b %e %H:%M").to_string()
        }
    }
}

/// A size with a unit.
pub fn human(size: u64, is_busybox: bool) -> String {
    if size < 1024 {
        return size.to_string();
    }
    let mut size = size as f64;
    let mut unit = "";
    for next in ["K", "M", "G", "T"] {
        if size < 1024.0 {
            break;
        }
        size /= 1024.0;
        unit = next;
    }
    if size < 10.0 || is_busybox {
        format!("{size:.1}{unit}")
    } else {
        format!("{size:.0}{unit}")
    }
}

/// Names side by side, as many as fit, read down the columns.
fn columns(names: &[String], width: usize) -> String {
    if names.is_empty() {
        return String::new();
    }
    let widest = |column: &[String]| column.iter().map(String::len).max().unwrap_or(0);
    let fits = |rows: usize| {
        let used: usize = names.chunks(rows).map(|column| widest(column) + 2).sum();
        used.saturating_sub(2) < width
    };
    let rows = (1..=names.len())
        .find(|rows| fits(*rows))
        .unwrap_or(names.len());
    let columns: Vec<&[String]> = names.chunks(rows).collect();
    let mut text = String::new();
    for row in 0..rows {
        let mut line = String::new();
        for column in &columns {
            if let Some(name) = column.get(row) {
                line.push_str(&format!("{name:<width$}", width = widest(column) + 2));
            }
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fill_columns_downwards() {
        let names: Vec<String> = ["bin", "dev", "etc", "home", "proc"]
            .map(str::to_owned)
            .to_vec();
        assert_eq!(columns(&names, 80), "bin  dev  etc  home  proc\n");
        assert_eq!(columns(&names, 16), "bin  etc   proc\ndev  home\n");
        assert_eq!(columns(&names, 3), "bin\ndev\netc\nhome\nproc\n");
    }

    #[test]
    fn modes_read_as_letters() {
        assert_eq!(mode_text(&Node::directory(0o1777)), "drwxrwxrwt");
        assert_eq!(mode_text(&Node::file("", 0o640)), "-rw-r-----");
        assert_eq!(mode_text(&Node::symlink("x")), "lrwxrwxrwx");
    }
}
