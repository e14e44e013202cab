//! Redis: a server with strings, counters and lists, and `redis-cli` to talk to it.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use jiff::Timestamp;
use parking_lot::Mutex;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};

use super::options::{Options, flag, value};
use super::web::{ANY_ADDRESS, listen};
use super::{MEGABYTE, Program, UseInShell};
use crate::kubelet::runtime::net::{DialError, Resolver};
use crate::kubelet::runtime::process::{Kernel, Process, Signal};
use crate::sockets::Connection;

pub const SERVER: Program = Program {
    names: &["redis-server"],
    run: |process| Box::pin(run_server(process)),
    memory: 8 * MEGABYTE,
    idle_millicores: 2,
    use_in_shell: UseInShell::Command,
};

pub const CLIENT: Program = Program {
    names: &["redis-cli"],
    run: |process| Box::pin(run_client(process)),
    memory: MEGABYTE,
    idle_millicores: 0,
    use_in_shell: UseInShell::Command,
};

/// What a server knows.
struct Store {
    values: BTreeMap<String, (Value, Option<Timestamp>)>,
    password: Option<String>,
    kernel: Arc<Kernel>,
}

enum Value {
    Text(String),
    List(VecDeque<String>),
}

/// An answer of the protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Reply {
    Simple(String),
    Error(String),
    Integer(i64),
    Bulk(Option<String>),
    Array(Vec<Reply>),
}

async fn run_server(mut process: Process) -> i32 {
    let mut port = 6379;
    let mut password = None;
    let mut bind = ANY_ADDRESS;
    let mut words = process.arguments().iter().map(String::as_str).peekable();
    let config = words.next_if(|word| !word.starts_with("--"));
    let text = config.map(|path| process.filesystem.read_to_string(&process.path(path)));
    let text = match text {
        Some(Err(_)) => {
            let now = process.kernel.clock.now().strftime("%d %b %Y %H:%M:%S.000");
            let path = config.unwrap_or_default();
            process
                .print(format!(
                    "1:C {now} # Fatal error, can't open config file '{path}': No such file or directory\n"
                ))
                .await;
            return 1;
        }
        Some(Ok(text)) => text,
        None => String::new(),
    };
    let mut settings: Vec<(String, String)> = text
        .lines()
        .filter_map(|line| line.trim().split_once(' '))
        .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
        .collect();
    while let Some(word) = words.next() {
        if let Some(name) = word.strip_prefix("--") {
            let value = words.next_if(|word| !word.starts_with("--"));
            settings.push((name.to_owned(), value.unwrap_or_default().to_owned()));
        }
    }
    for (name, value) in settings {
        match name.as_str() {
            "port" => port = value.parse().unwrap_or(port),
            "requirepass" => password = Some(value.trim_matches('"').to_owned()),
            "bind" => {
                let first = value.split(' ').next().unwrap_or_default();
                bind = first.parse().unwrap_or(bind);
            }
            _ => {}
        }
    }
    let kernel = process.kernel.clone();
    let version = kernel.image.version.clone();
    let stamp = {
        let kernel = kernel.clone();
        move || {
            kernel
                .clock
                .now()
                .strftime("%d %b %Y %H:%M:%S.%3f")
                .to_string()
        }
    };
    process
        .print(format!(
            "1:C {0} * oO0OoO0OoO0Oo Redis is starting oO0OoO0OoO0Oo\n1:C {0} * Redis version={version}, bits=64, commit=00000000, modified=0, pid=1, just started\n1:M {0} * monotonic clock: POSIX clock_gettime\n",
            stamp()
        ))
        .await;
    let Ok(mut listener) = listen(&kernel, bind, port) else {
        process
            .print(format!(
                "1:M {0} # Warning: Could not create server TCP listening socket {bind}:{port}: bind: Address already in use\n1:M {0} # Failed listening on port {port} (tcp), aborting.\n",
                stamp()
            ))
            .await;
        return 1;
    };
    process
        .print(format!(
            "1:M {0} * Running mode=standalone, port={port}.\n1:M {0} * Server initialized\n1:M {0} * Ready to accept connections tcp\n",
            stamp()
        ))
        .await;
    let store = Arc::new(Mutex::new(Store {
        values: BTreeMap::new(),
        password,
        kernel: kernel.clone(),
    }));
    let mut open: FuturesUnordered<BoxFuture<'static, ()>> = FuturesUnordered::new();
    loop {
        tokio::select! {
            signal = process.signals.next() => {
                if matches!(signal, Signal::Term | Signal::Interrupt) {
                    let name = if signal == Signal::Term { "SIGTERM" } else { "SIGINT" };
                    process
                        .print(format!(
                            "1:signal-handler ({1}) Received {name} scheduling shutdown...\n1:M {0} * User requested shutdown...\n1:M {0} * Saving the final RDB snapshot before exiting.\n1:M {0} * DB saved on disk\n1:M {0} # Redis is now ready to exit, bye bye...\n",
                            stamp(),
                            kernel.clock.now().as_second(),
                        ))
                        .await;
                    return 0;
                }
            }
            connection = listener.accept() => {
                let store = store.clone();
                open.push(Box::pin(async move {
                    let _ = converse(connection, store).await;
                }));
            }
            Some(()) = open.next() => {}
        }
    }
}

async fn converse(connection: Connection, store: Arc<Mutex<Store>>) -> std::io::Result<()> {
    let (read, mut write) = tokio::io::split(connection.stream);
    let mut read = BufReader::new(read);
    let mut is_trusted = store.lock().password.is_none();
    while let Some(words) = read_command(&mut read).await? {
        let reply = {
            let mut store = store.lock();
            store.kernel.usage.charge_cpu(Duration::from_micros(20));
            store.execute(&words, &mut is_trusted)
        };
        write.write_all(reply.encode().as_bytes()).await?;
        if words
            .first()
            .is_some_and(|word| word.eq_ignore_ascii_case("quit"))
        {
            break;
        }
    }
    Ok(())
}

/// A command in either form: an array of strings, or words on a line.
async fn read_command(
    read: &mut (impl AsyncBufReadExt + Unpin),
) -> std::io::Result<Option<Vec<String>>> {
    let mut line = String::new();
    if read.read_line(&mut line).await? == 0 {
        return Ok(None);
    }
    let Some(count) = line.trim_end().strip_prefix('*') else {
        return Ok(Some(line.split_whitespace().map(str::to_owned).collect()));
    };
    let mut words = Vec::new();
    for _ in 0..count.parse::<usize>().unwrap_or(0).min(1024) {
        line.clear();
        read.read_line(&mut line).await?;
        let length = line.trim_end().trim_start_matches('$').parse().unwrap_or(0);
        words.push(read_bulk(read, length).await?);
    }
    Ok(Some(words))
}

async fn read_bulk(
    read: &mut (impl AsyncBufReadExt + Unpin),
    length: usize,
) -> std::io::Result<String> {
    const LONGEST: usize = 16 * 1024 * 1024;
    if length > LONGEST {
        return Err(std::io::ErrorKind::InvalidData.into());
    }
    let mut bytes = vec![0; length + 2];
    read.read_exact(&mut bytes).await?;
    bytes.truncate(length);
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

impl Store {
    fn execute(&mut self, words: &[String], is_trusted: &mut bool) -> Reply {
        let Some((name, arguments)) = words.split_first() else {
            return Reply::Error("ERR empty command".to_owned());
        };
        let name = name.to_lowercase();
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        if name == "auth" {
            let given = arguments.last().copied();
            *is_trusted = given == self.password.as_deref();
            return if *is_trusted {
                Reply::ok()
            } else {
                Reply::Error("WRONGPASS invalid username-password pair or user is disabled.".into())
            };
        }
        if !*is_trusted {
            return Reply::Error("NOAUTH Authentication required.".to_owned());
        }
        let now = self.kernel.clock.now();
        self.values
            .retain(|_, (_, expires)| expires.is_none_or(|at| at > now));
        match (name.as_str(), arguments.as_slice()) {
            ("ping", []) => Reply::Simple("PONG".to_owned()),
            ("ping" | "echo", [text]) => Reply::Bulk(Some((*text).to_owned())),
            ("quit", _) | ("select" | "client" | "save" | "bgsave", _) => Reply::ok(),
            ("set", [key, value, options @ ..]) => {
                let expires = match options {
                    [unit, number] if unit.eq_ignore_ascii_case("ex") => seconds(now, number),
                    _ => None,
                };
                let value = Value::Text((*value).to_owned());
                self.values.insert((*key).to_owned(), (value, expires));
                Reply::ok()
            }
            ("get", [key]) => match self.values.get(*key) {
                None => Reply::Bulk(None),
                Some((Value::Text(text), _)) => Reply::Bulk(Some(text.clone())),
                Some(_) => Reply::wrong_type(),
            },
            ("del" | "unlink", keys) => {
                let removed = keys
                    .iter()
                    .filter(|key| self.values.remove(**key).is_some());
                Reply::Integer(removed.count() as i64)
            }
            ("exists", keys) => {
                let found = keys.iter().filter(|key| self.values.contains_key(**key));
                Reply::Integer(found.count() as i64)
            }
            ("incr", [key]) => self.add(key, 1),
            ("decr", [key]) => self.add(key, -1),
            ("incrby", [key, by]) => self.add(key, by.parse().unwrap_or(0)),
            ("expire", [key, number]) => match self.values.get_mut(*key) {
                Some((_, expires)) => {
                    *expires = seconds(now, number);
                    Reply::Integer(1)
                }
                None => Reply::Integer(0),
            },
            ("ttl", [key]) => Reply::Integer(match self.values.get(*key) {
                None => -2,
                Some((_, None)) => -1,
                Some((_, Some(at))) => at.duration_since(now).as_secs(),
            }),
            ("keys", [pattern]) => {
                let keys = self.values.keys().filter(|key| glob(pattern, key));
                Reply::Array(keys.map(|key| Reply::Bulk(Some(key.clone()))).collect())
            }
            ("dbsize", []) => Reply::Integer(self.values.len() as i64),
            ("flushall" | "flushdb", _) => {
                self.values.clear();
                Reply::ok()
            }
            ("lpush" | "rpush", [key, items @ ..]) => self.push(key, items, name == "lpush"),
            ("lpop" | "rpop", [key]) => self.pop(key, name == "lpop"),
            ("llen", [key]) => match self.values.get(*key) {
                None => Reply::Integer(0),
                Some((Value::List(list), _)) => Reply::Integer(list.len() as i64),
                Some(_) => Reply::wrong_type(),
            },
            ("lrange", [key, ..]) => match self.values.get(*key) {
                Some((Value::List(list), _)) => {
                    let items = list.iter().map(|item| Reply::Bulk(Some(item.clone())));
                    Reply::Array(items.collect())
                }
                _ => Reply::Array(Vec::new()),
            },
            ("info", _) => {
                let version = &self.kernel.image.version;
                let keys = self.values.len();
                Reply::Bulk(Some(format!(
                    "# Server\r\nredis_version:{version}\r\nredis_mode:standalone\r\ntcp_port:6379\r\n\r\n# Replication\r\nrole:master\r\nconnected_slaves:0\r\n\r\n# Keyspace\r\ndb0:keys={keys},expires=0,avg_ttl=0\r\n"
                )))
            }
            ("config", ["get" | "GET", name]) => Reply::Array(vec![
                Reply::Bulk(Some((*name).to_owned())),
                Reply::Bulk(Some(String::new())),
            ]),
            ("command", _) => Reply::Array(Vec::new()),
            (
                "set" | "get" | "incr" | "decr" | "ttl" | "keys" | "expire" | "lpush" | "rpush",
                _,
            ) => Reply::Error(format!(
                "ERR wrong number of arguments for '{name}' command"
            )),
            _ => {
                let shown: String = arguments.iter().map(|word| format!("'{word}' ")).collect();
                Reply::Error(format!(
                    "ERR unknown command '{name}', with args beginning with: {shown}"
                ))
            }
        }
    }

    fn add(&mut self, key: &str, by: i64) -> Reply {
        let entry = self.values.entry(key.to_owned());
        let (value, _) = entry.or_insert((Value::Text("0".to_owned()), None));
        let Value::Text(text) = value else {
            return Reply::wrong_type();
        };
        match text
            .parse::<i64>()
            .ok()
            .and_then(|number| number.checked_add(by))
        {
            Some(number) => {
                *text = number.to_string();
                Reply::Integer(number)
            }
            None => Reply::Error("ERR value is not an integer or out of range".to_owned()),
        }
    }

    fn push(&mut self, key: &str, items: &[&str], to_front: bool) -> Reply {
        let entry = self.values.entry(key.to_owned());
        let (value, _) = entry.or_insert((Value::List(VecDeque::new()), None));
        let Value::List(list) = value else {
            return Reply::wrong_type();
        };
        for item in items {
            if to_front {
                list.push_front((*item).to_owned());
            } else {
                list.push_back((*item).to_owned());
            }
        }
        Reply::Integer(list.len() as i64)
    }

    fn pop(&mut self, key: &str, from_front: bool) -> Reply {
        match self.values.get_mut(key) {
            Some((Value::List(list), _)) => Reply::Bulk(if from_front {
                list.pop_front()
            } else {
                list.pop_back()
            }),
            Some(_) => Reply::wrong_type(),
            None => Reply::Bulk(None),
        }
    }
}

fn seconds(now: Timestamp, number: &str) -> Option<Timestamp> {
    let span = Duration::from_secs(number.parse().ok()?);
    now.checked_add(span).ok()
}

fn glob(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((before, after)) => {
            text.starts_with(before) && text.len() >= before.len() && text.ends_with(after)
        }
    }
}

impl Reply {
    fn ok() -> Self {
        Self::Simple("OK".to_owned())
    }

    fn wrong_type() -> Self {
        let words = "WRONGTYPE Operation against a key holding the wrong kind of value";
        Self::Error(words.to_owned())
    }

    fn encode(&self) -> String {
        match self {
            Self::Simple(text) => format!("+{text}\r\n"),
            Self::Error(text) => format!("-{text}\r\n"),
            Self::Integer(number) => format!(":{number}\r\n"),
            Self::Bulk(None) => "$-1\r\n".to_owned(),
            Self::Bulk(Some(text)) => format!("${}\r\n{text}\r\n", text.len()),
            Self::Array(items) => {
                let inside: String = items.iter().map(Self::encode).collect();
                format!("*{}\r\n{inside}", items.len())
            }
        }
    }

    /// As `redis-cli` prints it: bare for pipes, dressed up on a terminal.
    fn show(&self, is_terminal: bool) -> String {
        match self {
            Self::Simple(text) => text.clone(),
            Self::Error(text) if is_terminal => format!("(error) {text}"),
            Self::Error(text) => text.clone(),
            Self::Integer(number) if is_terminal => format!("(integer) {number}"),
            Self::Integer(number) => number.to_string(),
            Self::Bulk(None) if is_terminal => "(nil)".to_owned(),
            Self::Bulk(None) => String::new(),
            Self::Bulk(Some(text)) if is_terminal => format!("{text:?}"),
            Self::Bulk(Some(text)) => text.clone(),
            Self::Array(items) if items.is_empty() && is_terminal => "(empty array)".to_owned(),
            Self::Array(items) => {
                let lines = items.iter().enumerate().map(|(at, item)| {
                    let item = item.show(is_terminal);
                    if is_terminal {
                        format!("{}) {item}", at + 1)
                    } else {
                        item
                    }
                });
                lines.collect::<Vec<_>>().join("\n")
            }
        }
    }
}

async fn run_client(process: Process) -> i32 {
    let specs = [
        value('h', ""),
        value('p', ""),
        value('a', ""),
        value('n', ""),
        flag('\0', "no-auth-warning"),
        flag('\0', "raw"),
        flag('\0', "version"),
    ];
    // Options end where the command begins.
    let words = process.arguments();
    let mut end = 0;
    while let Some(word) = words.get(end).filter(|word| word.starts_with('-')) {
        end += if matches!(word.as_str(), "-h" | "-p" | "-a" | "-n") {
            2
        } else {
            1
        };
    }
    let end = end.min(words.len());
    let Ok(options) = Options::parse(&words[..end], &specs) else {
        process
            .complain("Unrecognized option or bad number of args\n")
            .await;
        return 1;
    };
    if options.has("version") {
        let version = &process.kernel.image.version;
        process.print(format!("redis-cli {version}\n")).await;
        return 0;
    }
    let host = options.value("h").unwrap_or("127.0.0.1");
    let port: u16 = options
        .value("p")
        .and_then(|port| port.parse().ok())
        .unwrap_or(6379);
    let network = &process.kernel.network;
    let failed = |why: &str| format!("Could not connect to Redis at {host}:{port}: {why}\n");
    let resolver = Resolver::new(network, &process.filesystem);
    let Ok(ips) = resolver.addresses(host).await else {
        process.complain(failed("Name or service not known")).await;
        return 1;
    };
    let connection = match network.dial(SocketAddr::new(ips[0], port), None).await {
        Ok(connection) => connection,
        Err(error) => {
            process
                .complain(failed(match error {
                    DialError::Refused => "Connection refused",
                    DialError::Unreachable => "No route to host",
                    DialError::TimedOut => "Connection timed out",
                }))
                .await;
            return 1;
        }
    };
    let mut stream = BufReader::new(connection.stream);
    let is_terminal = process.start.terminal.is_some();
    if let Some(password) = options.value("a").or(process.variable("REDISCLI_AUTH")) {
        let auth = ["AUTH".to_owned(), password.to_owned()];
        if let Ok(Reply::Error(words)) = ask(&mut stream, &auth).await {
            process.complain(format!("AUTH failed: {words}\n")).await;
        }
    }
    let commands: Vec<Vec<String>> = if end < words.len() {
        vec![words[end..].to_vec()]
    } else {
        let input = process.start.stdin.read_to_end().await;
        let text = String::from_utf8_lossy(&input).into_owned();
        let lines = text.lines().filter(|line| !line.trim().is_empty());
        lines
            .map(|line| line.split_whitespace().map(str::to_owned).collect())
            .collect()
    };
    let mut code = 0;
    for command in commands {
        match ask(&mut stream, &command).await {
            Ok(reply) => {
                code = i32::from(matches!(reply, Reply::Error(_)));
                process
                    .print(format!("{}\n", reply.show(is_terminal)))
                    .await;
            }
            Err(_) => {
                process
                    .complain("Error: Server closed the connection\n")
                    .await;
                return 1;
            }
        }
    }
    code
}

type Stream = BufReader<tokio::io::DuplexStream>;

async fn ask(stream: &mut Stream, words: &[String]) -> std::io::Result<Reply> {
    let mut text = format!("*{}\r\n", words.len());
    for word in words {
        text.push_str(&format!("${}\r\n{word}\r\n", word.len()));
    }
    stream.write_all(text.as_bytes()).await?;
    read_reply(stream).await
}

fn read_reply(stream: &mut Stream) -> BoxFuture<'_, std::io::Result<Reply>> {
    Box::pin(async move {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        let line = line.trim_end();
        let (kind, rest) = line.split_at(line.len().min(1));
        Ok(match kind {
            "+" => Reply::Simple(rest.to_owned()),
            "-" => Reply::Error(rest.to_owned()),
            ":" => Reply::Integer(rest.parse().unwrap_or(0)),
            "$" => match rest.parse::<i64>() {
                Ok(length) if length >= 0 => {
                    Reply::Bulk(Some(read_bulk(stream, length as usize).await?))
                }
                _ => Reply::Bulk(None),
            },
            "*" => {
                let mut items = Vec::new();
                for _ in 0..rest.parse::<usize>().unwrap_or(0) {
                    items.push(read_reply(stream).await?);
                }
                Reply::Array(items)
            }
            _ => return Err(std::io::ErrorKind::InvalidData.into()),
        })
    })
}
