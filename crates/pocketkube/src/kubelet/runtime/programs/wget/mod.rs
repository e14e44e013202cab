//! `wget`, BusyBox's and GNU's, told apart by what the image has.

mod busybox;
pub use busybox::title_case;
mod gnu;

use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http_body_util::Full;

use super::options::{OptionError, Options, Spec, flag, value};
use super::{MEGABYTE, Program, UseInShell};
use crate::kubelet::runtime::http::Url;
use crate::kubelet::runtime::process::Process;

pub const PROGRAM: Program = Program {
    names: &["wget"],
    run: |process| Box::pin(run(process)),
    memory: MEGABYTE,
    idle_millicores: 0,
    use_in_shell: UseInShell::Command,
};

const SPECS: &[Spec] = &[
    flag('q', "quiet"),
    flag('c', "continue"),
    flag('S', "server-response"),
    flag('v', "verbose"),
    flag('d', "debug"),
    flag('4', "inet4-only"),
    flag('6', "inet6-only"),
    flag('\0', "spider"),
    flag('\0', "no-check-certificate"),
    flag('\0', "no-verbose"),
    flag('\0', "content-on-error"),
    flag('\0', "show-progress"),
    flag('\0', "no-proxy"),
    flag('V', "version"),
    flag('h', "help"),
    value('O', "output-document"),
    value('P', "directory-prefix"),
    value('T', "timeout"),
    value('t', "tries"),
    value('U', "user-agent"),
    value('Y', "proxy"),
    value('o', "output-file"),
    value('\0', "header"),
    value('\0', "post-data"),
    value('\0', "post-file"),
    value('\0', "method"),
    value('\0', "body-data"),
    value('\0', "connect-timeout"),
    value('\0', "read-timeout"),
    value('\0', "ca-certificate"),
];

async fn run(process: Process) -> i32 {
    let is_gnu = process.kernel.image.fact("wget") == "gnu";
    let options = match Options::parse(process.arguments(), SPECS) {
        Ok(options) => options,
        Err(error) => {
            let (OptionError::Unknown(option) | OptionError::MissingValue(option)) = error;
            let words = match option.strip_prefix("--") {
                Some(name) => format!("wget: unrecognized option: {name}\n"),
                None => format!(
                    "wget: unrecognized option: {}\n",
                    option.trim_start_matches('-')
                ),
            };
            process.complain(words + busybox::USAGE).await;
            return 1;
        }
    };
    let is_init = process.is_init;
    let mut process = process;
    let signals = std::mem::replace(&mut process.signals, Process::no_signals());
    let mut signals = signals;
    let work = async {
        if is_gnu {
            gnu::run(&process, &options).await
        } else {
            busybox::run(&process, &options).await
        }
    };
    Process::until_signal(&mut signals, is_init, |_| None, work).await
}

/// How long to wait for an answer; zero means for ever.
fn timeout(options: &Options, default: Option<u64>) -> Option<Duration> {
    let given = options
        .value("timeout")
        .map(|text| text.parse().unwrap_or(0.0));
    let seconds = given.or(default.map(|seconds| seconds as f64))?;
    (seconds > 0.0).then(|| Duration::from_secs_f64(seconds))
}

fn request(url: &Url, options: &Options, agent: &str) -> Result<Request<Full<Bytes>>, http::Error> {
    let body = options.value("post-data").or(options.value("body-data"));
    let method = match (options.value("method"), body) {
        (Some(method), _) => method,
        (None, Some(_)) => "POST",
        (None, None) if options.has("spider") => "HEAD",
        (None, None) => "GET",
    };
    let authority = url.authority();
    let agent = options.value("user-agent").unwrap_or(agent);
    let mut own = vec![
        ("Host", authority.as_str()),
        ("User-Agent", agent),
        ("Connection", "close"),
    ];
    if body.is_some() {
        own.push(("Content-Type", "application/x-www-form-urlencoded"));
    }
    let given: Vec<(&str, &str)> = options
        .values("header")
        .filter_map(|header| header.split_once(':'))
        .map(|(name, value)| (name.trim(), value.trim()))
        .collect();
    // What is given takes the place of what would be sent anyway.
    own.retain(|(name, _)| {
        !given
            .iter()
            .any(|(other, _)| other.eq_ignore_ascii_case(name))
    });
    let mut request = Request::builder().method(method).uri(&url.target);
    for (name, value) in own.into_iter().chain(given) {
        request = request.header(name, value);
    }
    let body = Bytes::from(body.unwrap_or_default().to_owned());
    request.body(Full::new(body))
}
