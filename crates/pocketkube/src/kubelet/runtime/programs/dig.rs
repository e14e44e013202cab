//! `dig`: one question, the whole answer, or only its data with `+short`.

use std::net::IpAddr;

use super::nslookup::{ask, record_type, reverse_name};
use super::{MEGABYTE, Program, UseInShell};
use crate::kubelet::runtime::net::{LookupError, Resolver};
use crate::kubelet::runtime::process::Process;
use crate::sockets::{Answer, Record, RecordData, RecordType, ResponseCode};

pub const PROGRAM: Program = Program {
    names: &["dig"],
    run: |process| Box::pin(run(process)),
    memory: MEGABYTE,
    idle_millicores: 0,
    use_in_shell: UseInShell::Command,
};

const VERSION: &str = "9.18.28";

#[derive(Default)]
struct Question {
    name: Option<String>,
    kind: Option<RecordType>,
    server: Option<String>,
    is_short: bool,
    uses_search: bool,
    only_answer: bool,
}

fn parse(arguments: &[String]) -> Question {
    let mut question = Question::default();
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        match argument.as_str() {
            "+short" => question.is_short = true,
            "+search" => question.uses_search = true,
            "+noall" => question.only_answer = true,
            option if option.starts_with('+') => {}
            "-x" => {
                let ip = rest.next().and_then(|ip| ip.parse::<IpAddr>().ok());
                question.name = ip.map(reverse_name);
                question.kind = Some(RecordType::Ptr);
            }
            "-t" => question.kind = rest.next().and_then(|kind| record_type(kind)),
            server if server.starts_with('@') => question.server = Some(server[1..].to_owned()),
            word => match record_type(word) {
                Some(kind) => question.kind = Some(kind),
                None if word.eq_ignore_ascii_case("any") => question.kind = Some(RecordType::A),
                None => question.name = Some(word.to_owned()),
            },
        }
    }
    question
}

async fn run(process: Process) -> i32 {
    let question = parse(process.arguments());
    let clock = &process.kernel.clock;
    let resolver = Resolver::new(&process.kernel.network, &process.filesystem);
    let server = match &question.server {
        None => None,
        Some(server) => match resolver.addresses(server).await {
            Ok(ips) => ips.first().copied(),
            Err(_) => {
                process
                    .complain(format!(
                        "dig: couldn't get address for '{server}': not found\n"
                    ))
                    .await;
                return 10;
            }
        },
    };
    let kind = question.kind.unwrap_or(RecordType::A);
    let name = question.name.clone().unwrap_or_else(|| ".".to_owned());
    let candidates = if question.uses_search {
        resolver.candidates(&name)
    } else {
        vec![name.trim_end_matches('.').to_owned()]
    };
    let arguments = process.arguments().join(" ");
    let heading = format!("\n; <<>> DiG {VERSION} <<>> {arguments}\n;; global options: +cmd\n");
    let mut outcome = Err(LookupError::TimedOut);
    let mut asked = name.clone();
    for candidate in candidates {
        asked.clone_from(&candidate);
        outcome = ask(&process, server, &candidate, kind).await;
        let found = outcome
            .as_ref()
            .is_ok_and(|(_, answer)| !answer.records.is_empty());
        if found {
            break;
        }
    }
    let Ok((server, answer)) = outcome else {
        let words = if question.is_short { "" } else { &heading };
        process
            .print(format!("{words};; no servers could be reached\n"))
            .await;
        return 9;
    };
    if question.is_short {
        let lines = answer
            .records
            .iter()
            .map(|record| format!("{}\n", data(record)));
        process.print(lines.collect::<String>()).await;
        return 0;
    }
    let records: String = answer.records.iter().map(line).collect();
    if question.only_answer {
        process.print(records).await;
        return 0;
    }
    let now = clock.now().strftime("%a %b %d %H:%M:%S UTC %Y");
    let text = format!(
        "{heading}{}{}\n;; Query time: 0 msec\n;; SERVER: {2}#53({2}) (UDP)\n;; WHEN: {now}\n;; MSG SIZE  rcvd: {3}\n\n",
        sections(&asked, kind, &answer),
        records_section(&answer),
        server.ip(),
        60 + asked.len() + 32 * answer.records.len(),
    );
    process.print(text).await;
    0
}

fn sections(name: &str, kind: RecordType, answer: &Answer) -> String {
    let status = match answer.code {
        ResponseCode::NoError => "NOERROR",
        ResponseCode::NxDomain => "NXDOMAIN",
        ResponseCode::ServFail => "SERVFAIL",
        ResponseCode::Refused => "REFUSED",
    };
    let (answers, authorities) = (
        answer.records.len(),
        usize::from(answer.authority.is_some()),
    );
    format!(
        ";; Got answer:\n;; ->>HEADER<<- opcode: QUERY, status: {status}, id: {}\n;; flags: qr aa rd; QUERY: 1, ANSWER: {answers}, AUTHORITY: {authorities}, ADDITIONAL: 1\n;; WARNING: recursion requested but not available\n\n;; OPT PSEUDOSECTION:\n; EDNS: version: 0, flags:; udp: 1232\n;; QUESTION SECTION:\n;{}\t\tIN\t{}\n",
        4096 + name.len() * 37,
        dotted(name),
        type_name(kind),
    )
}

fn records_section(answer: &Answer) -> String {
    if !answer.records.is_empty() {
        let lines: String = answer.records.iter().map(line).collect();
        return format!("\n;; ANSWER SECTION:\n{lines}");
    }
    match &answer.authority {
        Some(authority) => format!("\n;; AUTHORITY SECTION:\n{}", line(authority)),
        None => String::new(),
    }
}

fn line(record: &Record) -> String {
    let kind = match record.data {
        RecordData::Address(IpAddr::V4(_)) => "A",
        RecordData::Address(IpAddr::V6(_)) => "AAAA",
        RecordData::Cname(_) => "CNAME",
        RecordData::Ptr(_) => "PTR",
        RecordData::Srv { .. } => "SRV",
        RecordData::Txt(_) => "TXT",
        RecordData::Soa { .. } => "SOA",
    };
    let Record { name, ttl, .. } = record;
    format!("{}\t{ttl}\tIN\t{kind}\t{}\n", dotted(name), data(record))
}

fn data(record: &Record) -> String {
    match &record.data {
        RecordData::Address(ip) => ip.to_string(),
        RecordData::Cname(name) | RecordData::Ptr(name) => dotted(name),
        RecordData::Srv {
            priority,
            weight,
            port,
            target,
        } => format!("{priority} {weight} {port} {}", dotted(target)),
        RecordData::Txt(text) => format!("\"{text}\""),
        RecordData::Soa {
            primary,
            mailbox,
            serial,
        } => format!(
            "{} {} {serial} 7200 1800 86400 30",
            dotted(primary),
            dotted(mailbox)
        ),
    }
}

fn dotted(name: &str) -> String {
    format!("{}.", name.trim_end_matches('.'))
}

fn type_name(kind: RecordType) -> &'static str {
    match kind {
        RecordType::A => "A",
        RecordType::Aaaa => "AAAA",
        RecordType::Cname => "CNAME",
        RecordType::Ns => "NS",
        RecordType::Ptr => "PTR",
        RecordType::Soa => "SOA",
        RecordType::Srv => "SRV",
        RecordType::Txt => "TXT",
    }
}
