//! `cat`: files and standard input one after the other, as they come.

use bytes::Bytes;

use super::super::{MEGABYTE, Program, UseInShell};
use super::{CHUNK, Source, open};
use crate::kubelet::runtime::filesystem::FileError;
use crate::kubelet::runtime::process::Process;
use crate::kubelet::runtime::programs::options::{OptionError, Options, Spec, flag};

pub const PROGRAM: Program = Program {
    names: &["cat"],
    run: |process| Box::pin(run(process)),
    memory: MEGABYTE / 4,
    idle_millicores: 0,
    use_in_shell: UseInShell::Command,
};

const SPECS: &[Spec] = &[
    flag('A', "show-all"),
    flag('b', "number-nonblank"),
    flag('e', "e"),
    flag('E', "show-ends"),
    flag('n', "number"),
    flag('s', "squeeze-blank"),
    flag('t', "t"),
    flag('T', "show-tabs"),
    flag('u', "u"),
    flag('v', "show-nonprinting"),
];

async fn run(mut process: Process) -> i32 {
    let options = match Options::parse(process.arguments(), SPECS) {
        Ok(options) => options,
        Err(OptionError::Unknown(option) | OptionError::MissingValue(option)) => {
            let words = format!("cat: unrecognized option: {option}\n");
            process.complain(words).await;
            return 1;
        }
    };
    let is_init = process.is_init;
    let mut signals = std::mem::replace(&mut process.signals, Process::no_signals());
    Process::until_signal(&mut signals, is_init, |_| None, all(&process, &options)).await
}

async fn all(process: &Process, options: &Options) -> i32 {
    let mut files = options.operands.clone();
    if files.is_empty() {
        files.push("-".to_owned());
    }
    let mut rewriter = Rewriter::new(options);
    let mut code = 0;
    for file in &files {
        let source = match open(process, file) {
            Ok(source) => source,
            Err(error) => {
                let is_busybox = !process.kernel.image.fact("busybox").is_empty();
                process.complain(trouble(file, error, is_busybox)).await;
                code = 1;
                continue;
            }
        };
        if copy(process, source, rewriter.as_mut()).await.is_err() {
            return 141;
        }
    }
    code
}

fn trouble(file: &str, error: FileError, is_busybox: bool) -> String {
    match error {
        FileError::IsADirectory if is_busybox => format!("cat: read error: {error}\n"),
        _ if is_busybox => format!("cat: can't open '{file}': {error}\n"),
        _ => format!("cat: {file}: {error}\n"),
    }
}

async fn copy(
    process: &Process,
    source: Source,
    mut rewriter: Option<&mut Rewriter>,
) -> std::io::Result<()> {
    let mut memory = match &source {
        Source::Memory(content) => Some(Bytes::from(content.clone())),
        _ => None,
    };
    loop {
        let chunk = match &source {
            Source::Memory(_) => memory.take(),
            Source::Endless(byte) => Some(vec![*byte; CHUNK].into()),
            Source::Stdin => process.start.stdin.read().await,
        };
        let Some(chunk) = chunk else {
            return Ok(());
        };
        match &mut rewriter {
            Some(rewriter) => {
                process
                    .start
                    .stdout
                    .write(&rewriter.rewrite(&chunk))
                    .await?
            }
            None => process.start.stdout.write(&chunk).await?,
        }
    }
}

/// Numbers lines and makes visible what is not.
#[derive(Default)]
struct Rewriter {
    numbers: bool,
    numbers_blank: bool,
    squeezes: bool,
    ends: bool,
    tabs: bool,
    controls: bool,
    line: usize,
    blank_lines: usize,
    is_within_line: bool,
}

impl Rewriter {
    /// `None` where everything passes as it is.
    fn new(options: &Options) -> Option<Self> {
        let has = |names: &[&str]| names.iter().any(|name| options.has(name));
        let rewriter = Self {
            numbers: has(&["number", "number-nonblank"]),
            numbers_blank: !has(&["number-nonblank"]),
            squeezes: has(&["squeeze-blank"]),
            ends: has(&["show-ends", "show-all", "e"]),
            tabs: has(&["show-tabs", "show-all", "t"]),
            controls: has(&["show-nonprinting", "show-all", "e", "t"]),
            ..Self::default()
        };
        let Self {
            numbers,
            squeezes,
            ends,
            tabs,
            controls,
            ..
        } = rewriter;
        (numbers || squeezes || ends || tabs || controls).then_some(rewriter)
    }

    fn rewrite(&mut self, content: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(content.len() + content.len() / 8);
        for &byte in content {
            if !self.is_within_line {
                self.blank_lines = if byte == b'\n' {
                    self.blank_lines + 1
                } else {
                    0
                };
                if self.squeezes && self.blank_lines > 1 {
                    continue;
                }
                if self.numbers && (self.numbers_blank || byte != b'\n') {
                    self.line += 1;
                    out.extend_from_slice(format!("{:>6}\t", self.line).as_bytes());
                }
            }
            self.is_within_line = byte != b'\n';
            match byte {
                b'\n' if self.ends => out.extend_from_slice(b"$\n"),
                b'\t' if self.tabs => out.extend_from_slice(b"^I"),
                b'\n' | b'\t' => out.push(byte),
                0..32 if self.controls => out.extend_from_slice(&[b'^', byte + 64]),
                127 if self.controls => out.extend_from_slice(b"^?"),
                _ => out.push(byte),
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_numbered_and_invisible_characters_shown() {
        let rewritten = |options: &str, content: &str| {
            let words: Vec<String> = options.split(' ').map(str::to_owned).collect();
            let options = Options::parse(&words, SPECS).ok();
            let mut rewriter = options.as_ref().and_then(Rewriter::new).unwrap();
            String::from_utf8(rewriter.rewrite(content.as_bytes())).unwrap()
        };
        assert_eq!(
            rewritten("-n", "a\n\nb\n"),
            "     1\ta\n     2\t\n     3\tb\n"
        );
        assert_eq!(rewritten("-b", "a\n\nb\n"), "     1\ta\n\n     2\tb\n");
        assert_eq!(rewritten("-s", "a\n\n\n\nb"), "a\n\nb");
        assert_eq!(rewritten("-A", "a\tb\r\n"), "a^Ib^M$\n");
    }

    #[test]
    fn busybox_says_that_it_cannot_open() {
        assert_eq!(
            trouble("/x", FileError::NotFound, true),
            "cat: can't open '/x': No such file or directory\n"
        );
        assert_eq!(
            trouble("/x", FileError::NotFound, false),
            "cat: /x: No such file or directory\n"
        );
    }
}
