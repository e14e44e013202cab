//! The values a Redis server holds, and the commands on them.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::protocol::Reply;
use crate::kubelet::runtime::process::Kernel;

/// What a server knows.
pub struct Store {
    pub values: BTreeMap<String, (Value, Option<Timestamp>)>,
    pub password: Option<String>,
    pub kernel: Arc<Kernel>,
}

pub enum Value {
    Text(String),
    List(VecDeque<String>),
}

impl Store {
    pub fn execute(&mut self, words: &[String], is_trusted: &mut bool) -> Reply {
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
