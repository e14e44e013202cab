//! `nslookup` in its three tongues: BusyBox up to 1.28, BusyBox since, and BIND's.

use std::net::{IpAddr, SocketAddr};

use super::{MEGABYTE, Program, UseInShell};
use crate::kubelet::runtime::net::{LookupError, Resolver};
use crate::kubelet::runtime::process::Process;
use crate::sockets::{Answer, Record, RecordData, RecordType, ResponseCode};

pub const PROGRAM: Program = Program {
    names: &["nslookup"],
    run: |process| Box::pin(run(process)),
    memory: MEGABYTE / 2,
    idle_millicores: 0,
    use_in_shell: UseInShell::Command,
};

/// What the arguments ask for.
struct Question {
    name: String,
    kinds: Vec<RecordType>,
    /// The server's name as it was given, and its address.
    server: Option<(String, IpAddr)>,
}

async fn run(mut process: Process) -> i32 {
    let is_init = process.is_init;
    let mut signals = std::mem::replace(&mut process.signals, Process::no_signals());
    let work = async {
        let Some(question) = parse(&process).await else {
            process
                .complain("Usage: nslookup [-type=QUERY_TYPE] [-debug] HOST [DNS_SERVER]\n")
                .await;
            return 1;
        };
        let image = &process.kernel.image;
        match image.fact("busybox").split('.').nth(1) {
            Some(minor) if minor.parse().is_ok_and(|minor: u32| minor < 29) => {
                old_busybox(&process, &question).await
            }
            Some(_) => busybox(&process, &question).await,
            None => bind(&process, &question).await,
        }
    };
    Process::until_signal(&mut signals, is_init, |_| None, work).await
}

async fn parse(process: &Process) -> Option<Question> {
    let mut kinds = Vec::new();
    let mut operands = Vec::new();
    for argument in process.arguments() {
        match argument.strip_prefix('-') {
            Some(option) => {
                if let Some((_, kind)) = option.split_once('=') {
                    kinds.extend(record_type(kind));
                }
            }
            None => operands.push(argument.clone()),
        }
    }
    let mut operands = operands.into_iter();
    let name = operands.next()?;
    let server = match operands.next() {
        Some(server) => {
            let resolver = Resolver::new(&process.kernel.network, &process.filesystem);
            let ips = resolver.addresses(&server).await.ok()?;
            Some((server, ips[0]))
        }
        None => None,
    };
    Some(Question {
        name,
        kinds,
        server,
    })
}

/// Reads the name of a record type.
pub fn record_type(name: &str) -> Option<RecordType> {
    Some(match name.to_lowercase().as_str() {
        "a" => RecordType::A,
        "aaaa" => RecordType::Aaaa,
        "cname" => RecordType::Cname,
        "ns" => RecordType::Ns,
        "ptr" => RecordType::Ptr,
        "soa" => RecordType::Soa,
        "srv" => RecordType::Srv,
        "txt" => RecordType::Txt,
        _ => return None,
    })
}

/// The name under which an address is looked up in reverse.
pub fn reverse_name(ip: IpAddr) -> String {
    match ip {
        IpAddr::V4(ip) => {
            let [a, b, c, d] = ip.octets();
            format!("{d}.{c}.{b}.{a}.in-addr.arpa")
        }
        IpAddr::V6(ip) => {
            let digits = ip.octets().into_iter().rev();
            let digits = digits.map(|byte| format!("{:x}.{:x}", byte & 0xf, byte >> 4));
            format!("{}.ip6.arpa", digits.collect::<Vec<_>>().join("."))
        }
    }
}

const TIMED_OUT: &str = ";; connection timed out; no servers could be reached\n\n";

/// Asks one server, given or configured, about exactly this name.
pub async fn ask(
    process: &Process,
    server: Option<IpAddr>,
    name: &str,
    kind: RecordType,
) -> Result<(SocketAddr, Answer), LookupError> {
    let network = &process.kernel.network;
    let resolver = Resolver::new(network, &process.filesystem);
    match server {
        None => resolver.ask(name, kind).await,
        Some(ip) => {
            let server = SocketAddr::new(ip, 53);
            match network.sockets().query(network.ip(), server, name, kind) {
                Ok(answer) => Ok((server, answer)),
                Err(_) => {
                    let patience = std::time::Duration::from_secs(15);
                    process.kernel.clock.sleep(patience).await;
                    Err(LookupError::TimedOut)
                }
            }
        }
    }
}

/// BusyBox since 1.29: one query a search domain and type, all of them reported. A name with a
/// dot in it is not completed, whatever `ndots` says.
async fn busybox(process: &Process, question: &Question) -> i32 {
    let resolver = Resolver::new(&process.kernel.network, &process.filesystem);
    let literal: Option<IpAddr> = question.name.parse().ok();
    let (names, kinds) = match literal {
        Some(ip) => (vec![reverse_name(ip)], vec![RecordType::Ptr]),
        None => {
            let name = question.name.trim_end_matches('.');
            let names = if question.name.contains('.') || resolver.search().is_empty() {
                vec![name.to_owned()]
            } else {
                let search = resolver.search().iter();
                search.map(|domain| format!("{name}.{domain}")).collect()
            };
            let kinds = match question.kinds.as_slice() {
                [] => vec![RecordType::A, RecordType::Aaaa],
                kinds => kinds.to_vec(),
            };
            (names, kinds)
        }
    };
    let server = question.server.as_ref().map(|(_, ip)| *ip);
    let mut text = String::new();
    let mut failed = false;
    for kind in kinds {
        for name in &names {
            let Ok((server, answer)) = ask(process, server, name, kind).await else {
                process.complain(TIMED_OUT).await;
                return 1;
            };
            if text.is_empty() {
                let shown = question.server.as_ref();
                let shown = shown.map_or(server.ip().to_string(), |(name, _)| name.clone());
                text = format!("Server:\t\t{shown}\nAddress:\t{server}\n\n");
            }
            match answer.code {
                ResponseCode::NoError => {
                    for record in &answer.records {
                        text.push_str(&busybox_record(record));
                    }
                }
                code => {
                    failed = true;
                    text.push_str(&format!("** server can't find {name}: {}\n", word(code)));
                }
            }
            text.push('\n');
        }
    }
    process.print(text).await;
    i32::from(failed)
}

fn word(code: ResponseCode) -> &'static str {
    match code {
        ResponseCode::NoError => "NOERROR",
        ResponseCode::NxDomain => "NXDOMAIN",
        ResponseCode::ServFail => "SERVFAIL",
        ResponseCode::Refused => "REFUSED",
    }
}

fn busybox_record(record: &Record) -> String {
    let name = &record.name;
    match &record.data {
        RecordData::Address(ip) => format!("Name:\t{name}\nAddress: {ip}\n"),
        RecordData::Cname(target) => format!("{name}\tcanonical name = {target}\n"),
        RecordData::Ptr(target) => format!("{name}\tname = {target}\n"),
        RecordData::Srv {
            priority,
            weight,
            port,
            target,
        } => format!("{name}\tservice = {priority} {weight} {port} {target}\n"),
        RecordData::Txt(text) => format!("{name}\ttext = \"{text}\"\n"),
        RecordData::Soa {
            primary,
            mailbox,
            serial,
        } => format!(
            "{name}\n\torigin = {primary}\n\tmail addr = {mailbox}\n\tserial = {serial}\n\trefresh = 7200\n\tretry = 1800\n\texpire = 86400\n\tminimum = 30\n"
        ),
    }
}

/// BusyBox up to 1.28: the C library's resolver, and a reverse lookup of every address.
async fn old_busybox(process: &Process, question: &Question) -> i32 {
    let resolver = Resolver::new(&process.kernel.network, &process.filesystem);
    let server = question
        .server
        .as_ref()
        .map(|(_, ip)| *ip)
        .or(resolver.server().map(|server| server.ip()));
    let Some(server) = server else {
        process
            .complain("nslookup: can't connect to remote host (0.0.0.0): Connection refused\n")
            .await;
        return 1;
    };
    let name = reverse(process, server).await;
    let mut text = format!("Server:    {server}\nAddress 1: {server}{name}\n\n");
    let addresses = match question.name.parse() {
        Ok(ip) => Ok(vec![ip]),
        Err(_) => resolver.addresses(&question.name).await,
    };
    match addresses {
        Ok(addresses) => {
            text.push_str(&format!("Name:      {}\n", question.name));
            for (number, ip) in addresses.into_iter().enumerate() {
                let name = reverse(process, ip).await;
                text.push_str(&format!("Address {}: {ip}{name}\n", number + 1));
            }
            process.print(text).await;
            0
        }
        Err(_) => {
            process.print(text).await;
            let name = &question.name;
            process
                .complain(format!("nslookup: can't resolve '{name}'\n"))
                .await;
            1
        }
    }
}

async fn reverse(process: &Process, ip: IpAddr) -> String {
    let answer = ask(process, None, &reverse_name(ip), RecordType::Ptr).await;
    let records = answer.map(|(_, answer)| answer.records).unwrap_or_default();
    let name = records.into_iter().find_map(|record| match record.data {
        RecordData::Ptr(name) => Some(format!(" {name}")),
        _ => None,
    });
    name.unwrap_or_default()
}

/// BIND's, as Debian's dnsutils has it: the search list is honoured, the last failure reported.
async fn bind(process: &Process, question: &Question) -> i32 {
    let resolver = Resolver::new(&process.kernel.network, &process.filesystem);
    let literal: Option<IpAddr> = question.name.parse().ok();
    let (candidates, kinds) = match literal {
        Some(ip) => (vec![reverse_name(ip)], vec![RecordType::Ptr]),
        None => {
            let kinds = match question.kinds.as_slice() {
                [] => vec![RecordType::A],
                kinds => kinds.to_vec(),
            };
            (resolver.candidates(&question.name), kinds)
        }
    };
    let server = question.server.as_ref().map(|(_, ip)| *ip);
    let mut header = String::new();
    let mut last = ResponseCode::NxDomain;
    for name in &candidates {
        let mut text = String::new();
        for kind in &kinds {
            let Ok((server, answer)) = ask(process, server, name, *kind).await else {
                process.print(TIMED_OUT).await;
                return 1;
            };
            let shown = question.server.as_ref();
            let shown = shown.map_or(server.ip().to_string(), |(name, _)| name.clone());
            header = format!("Server:\t\t{shown}\nAddress:\t{}#53\n\n", server.ip());
            last = answer.code;
            for record in &answer.records {
                text.push_str(&busybox_record(record));
            }
        }
        if !text.is_empty() {
            process.print(format!("{header}{text}\n")).await;
            return 0;
        }
    }
    let name = &question.name;
    let words = match last {
        ResponseCode::NoError => format!("*** Can't find {name}: No answer\n\n"),
        code => format!("** server can't find {name}: {}\n\n", word(code)),
    };
    process.print(header + &words).await;
    1
}
