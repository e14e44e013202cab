//! Finding addresses: `/etc/hosts`, then the name servers and search domains of
//! `/etc/resolv.conf`, as resolv.conf(5) says.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use super::PodNetwork;
use crate::kubelet::runtime::filesystem::Filesystem;
use crate::sockets::{Answer, Record, RecordData, RecordType, ResponseCode};

/// The resolver's configuration at one moment.
pub struct Resolver<'a> {
    network: &'a PodNetwork,
    hosts: Vec<(IpAddr, Vec<String>)>,
    servers: Vec<IpAddr>,
    search: Vec<String>,
    ndots: usize,
    timeout: Duration,
    attempts: u32,
}

/// Why a name has no address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LookupError {
    /// The name does not exist, under any search domain.
    NotFound,
    /// The name exists and has no record of the kind asked for.
    NoData,
    /// The server refused or failed.
    ServerFailure,
    /// No server answered.
    TimedOut,
}

/// What a lookup over the search list found.
#[derive(Clone, Debug)]
pub struct Lookup {
    /// The name that had an answer, completed.
    pub name: String,
    pub server: SocketAddr,
    pub answer: Answer,
}

impl Lookup {
    pub fn addresses(&self) -> Vec<IpAddr> {
        addresses(&self.answer.records)
    }
}

fn addresses(records: &[Record]) -> Vec<IpAddr> {
    let addresses = records.iter().filter_map(|record| match record.data {
        RecordData::Address(address) => Some(address),
        _ => None,
    });
    addresses.collect()
}

impl<'a> Resolver<'a> {
    /// Reads the container's configuration, as every program does when it starts.
    pub fn new(network: &'a PodNetwork, filesystem: &Filesystem) -> Self {
        let mut resolver = Self {
            network,
            hosts: parse_hosts(&filesystem.read_to_string("/etc/hosts").unwrap_or_default()),
            servers: Vec::new(),
            search: Vec::new(),
            ndots: 1,
            timeout: Duration::from_secs(5),
            attempts: 2,
        };
        let text = filesystem.read_to_string("/etc/resolv.conf");
        resolver.configure(&text.unwrap_or_default());
        resolver
    }

    fn configure(&mut self, text: &str) {
        for line in text.lines() {
            let mut words = line.split_whitespace();
            match words.next() {
                Some("nameserver") => self
                    .servers
                    .extend(words.next().and_then(|word| word.parse::<IpAddr>().ok())),
                Some("search" | "domain") => self.search = words.map(str::to_owned).collect(),
                Some("options") => words.for_each(|word| self.option(word)),
                _ => {}
            }
        }
    }

    fn option(&mut self, word: &str) {
        let Some((name, value)) = word.split_once(':') else {
            return;
        };
        let Ok(value) = value.parse::<u32>() else {
            return;
        };
        match name {
            "ndots" => self.ndots = value as usize,
            "timeout" => self.timeout = Duration::from_secs(value.into()),
            "attempts" => self.attempts = value.max(1),
            _ => {}
        }
    }

    /// The first name server.
    pub fn server(&self) -> Option<SocketAddr> {
        self.servers.first().map(|ip| SocketAddr::new(*ip, 53))
    }

    /// The search domains.
    pub fn search(&self) -> &[String] {
        &self.search
    }

    /// The addresses of a host: a literal address, a line of `/etc/hosts`, or DNS.
    pub async fn addresses(&self, host: &str) -> Result<Vec<IpAddr>, LookupError> {
        if let Ok(address) = host.trim_matches(['[', ']']).parse() {
            return Ok(vec![address]);
        }
        let listed = self.hosts.iter().filter(|(_, names)| {
            let mut names = names.iter();
            names.any(|name| name.eq_ignore_ascii_case(host))
        });
        // Like musl and glibc without IPv6 connectivity: IPv4 only.
        let listed: Vec<IpAddr> = listed.map(|(ip, _)| *ip).filter(IpAddr::is_ipv4).collect();
        if !listed.is_empty() {
            return Ok(listed);
        }
        let lookup = self.lookup(host, RecordType::A).await?;
        match lookup.addresses() {
            addresses if addresses.is_empty() => Err(LookupError::NoData),
            addresses => Ok(addresses),
        }
    }

    /// Looks a name up under the search domains, in the order `ndots` prescribes.
    pub async fn lookup(&self, name: &str, kind: RecordType) -> Result<Lookup, LookupError> {
        let mut saw_no_data = false;
        for candidate in self.candidates(name) {
            let (server, answer) = self.ask(&candidate, kind).await?;
            match answer.code {
                ResponseCode::NoError if !answer.records.is_empty() => {
                    return Ok(Lookup {
                        name: candidate,
                        server,
                        answer,
                    });
                }
                ResponseCode::NoError => saw_no_data = true,
                ResponseCode::NxDomain => {}
                ResponseCode::ServFail | ResponseCode::Refused => {
                    return Err(LookupError::ServerFailure);
                }
            }
        }
        Err(if saw_no_data {
            LookupError::NoData
        } else {
            LookupError::NotFound
        })
    }

    /// The fully qualified names to try for `name`, in order.
    pub fn candidates(&self, name: &str) -> Vec<String> {
        if let Some(absolute) = name.strip_suffix('.') {
            return vec![absolute.to_owned()];
        }
        let completed = self.search.iter().map(|domain| format!("{name}.{domain}"));
        let mut candidates: Vec<String> = completed.collect();
        if name.matches('.').count() >= self.ndots {
            candidates.insert(0, name.to_owned());
        } else {
            candidates.push(name.to_owned());
        }
        candidates
    }

    /// Asks the servers in turn for exactly this name.
    pub async fn ask(
        &self,
        name: &str,
        kind: RecordType,
    ) -> Result<(SocketAddr, Answer), LookupError> {
        for _ in 0..self.attempts {
            for server in &self.servers {
                let server = SocketAddr::new(*server, 53);
                let sockets = self.network.sockets();
                match sockets.query(self.network.ip, server, name, kind) {
                    Ok(answer) => return Ok((server, answer)),
                    Err(_) => self.network.clock.sleep(self.timeout).await,
                }
            }
        }
        Err(LookupError::TimedOut)
    }
}

fn parse_hosts(text: &str) -> Vec<(IpAddr, Vec<String>)> {
    let lines = text.lines().filter_map(|line| {
        let line = line.split('#').next().unwrap_or(line);
        let mut words = line.split_whitespace();
        let ip = words.next()?.parse().ok()?;
        Some((ip, words.map(str::to_owned).collect()))
    });
    lines.collect()
}
