//! The servers and locations of an nginx configuration, and which of them answers a request.

use std::net::{IpAddr, SocketAddr};

use regex::Regex;

use super::config::{ConfigError, Directive};
use crate::kubelet::runtime::programs::web::ANY_ADDRESS;

/// Everything that was configured.
#[derive(Debug, Default)]
pub struct Site {
    pub servers: Vec<Server>,
}

#[derive(Clone, Debug)]
pub struct Server {
    pub listen: Vec<Listen>,
    pub names: Vec<String>,
    pub rules: Rules,
    pub locations: Vec<Location>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listen {
    pub address: SocketAddr,
    pub is_default: bool,
}

#[derive(Clone, Debug)]
pub struct Location {
    matcher: Matcher,
    pub rules: Rules,
}

#[derive(Clone, Debug)]
enum Matcher {
    Exact(String),
    Prefix(String),
    /// A prefix that keeps regular expressions out.
    FirmPrefix(String),
    Pattern(Regex),
    Named,
}

/// What applies to a request; inner blocks inherit from outer ones.
#[derive(Clone, Debug)]
pub struct Rules {
    pub root: String,
    pub alias: Option<(String, String)>,
    pub index: Vec<String>,
    pub answer: Option<FixedAnswer>,
    pub proxy_pass: Option<String>,
    pub try_files: Vec<String>,
    pub headers: Vec<(String, String)>,
    pub default_type: String,
    pub error_pages: Vec<(u16, String)>,
    pub autoindex: bool,
    pub stub_status: bool,
    pub deny_all: bool,
    pub basic_auth: Option<String>,
}

/// `return` with its code and text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FixedAnswer {
    pub status: u16,
    pub text: String,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            root: "/etc/nginx/html".to_owned(),
            alias: None,
            index: vec!["index.html".to_owned()],
            answer: None,
            proxy_pass: None,
            try_files: Vec::new(),
            headers: Vec::new(),
            default_type: "text/plain".to_owned(),
            error_pages: Vec::new(),
            autoindex: false,
            stub_status: false,
            deny_all: false,
            basic_auth: None,
        }
    }
}

/// Directives that may stand anywhere; others are mistakes.
const KNOWN: &[&str] = &[
    "absolute_redirect",
    "accept_mutex",
    "access_log",
    "add_header",
    "alias",
    "allow",
    "auth_basic",
    "auth_basic_user_file",
    "autoindex",
    "break",
    "charset",
    "client_body_buffer_size",
    "client_body_temp_path",
    "client_body_timeout",
    "client_header_buffer_size",
    "client_header_timeout",
    "client_max_body_size",
    "daemon",
    "default_type",
    "deny",
    "env",
    "error_log",
    "error_page",
    "etag",
    "events",
    "expires",
    "fastcgi_index",
    "fastcgi_param",
    "fastcgi_pass",
    "fastcgi_temp_path",
    "gzip",
    "gzip_comp_level",
    "gzip_min_length",
    "gzip_proxied",
    "gzip_types",
    "gzip_vary",
    "http",
    "if",
    "include",
    "index",
    "internal",
    "ip_hash",
    "keepalive",
    "keepalive_requests",
    "keepalive_timeout",
    "large_client_header_buffers",
    "least_conn",
    "limit_conn",
    "limit_rate",
    "limit_req",
    "limit_req_zone",
    "listen",
    "load_module",
    "location",
    "log_format",
    "log_not_found",
    "map",
    "master_process",
    "merge_slashes",
    "multi_accept",
    "pid",
    "port_in_redirect",
    "proxy_buffer_size",
    "proxy_buffering",
    "proxy_buffers",
    "proxy_cache",
    "proxy_cache_path",
    "proxy_connect_timeout",
    "proxy_http_version",
    "proxy_pass",
    "proxy_read_timeout",
    "proxy_redirect",
    "proxy_send_timeout",
    "proxy_set_header",
    "proxy_temp_path",
    "proxy_next_upstream",
    "real_ip_header",
    "resolver",
    "return",
    "rewrite",
    "root",
    "satisfy",
    "scgi_temp_path",
    "sendfile",
    "server",
    "server_name",
    "server_name_in_redirect",
    "server_names_hash_bucket_size",
    "server_tokens",
    "set",
    "set_real_ip_from",
    "ssl_certificate",
    "ssl_certificate_key",
    "ssl_ciphers",
    "ssl_prefer_server_ciphers",
    "ssl_protocols",
    "ssl_session_cache",
    "ssl_session_timeout",
    "stream",
    "stub_status",
    "tcp_nodelay",
    "tcp_nopush",
    "try_files",
    "types",
    "types_hash_max_size",
    "upstream",
    "use",
    "user",
    "uwsgi_temp_path",
    "valid_referers",
    "worker_connections",
    "worker_processes",
    "worker_rlimit_nofile",
    "zone",
    "http2",
    "mirror",
    "sub_filter",
    "sub_filter_once",
    "random_index",
    "proxy_ssl_verify",
    "underscores_in_headers",
    "variables_hash_max_size",
    "working_directory",
    "worker_shutdown_timeout",
    "pcre_jit",
];

impl Site {
    /// Interprets a configuration; `{upstream}` blocks are resolved by their first server.
    pub fn new(directives: &[Directive]) -> Result<Self, ConfigError> {
        check_names(directives)?;
        let mut site = Self::default();
        let http = directives
            .iter()
            .filter(|directive| directive.name == "http");
        for block in http.filter_map(|directive| directive.block.as_ref()) {
            let mut rules = Rules::default();
            rules.apply(block)?;
            let upstreams = upstreams(block);
            for directive in block.iter().filter(|directive| directive.name == "server") {
                let server = Server::new(directive, &rules, &upstreams)?;
                site.servers.push(server);
            }
        }
        Ok(site)
    }

    /// The addresses to listen on, each once.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        let mut addresses: Vec<SocketAddr> = Vec::new();
        for listen in self.servers.iter().flat_map(|server| &server.listen) {
            if !addresses.contains(&listen.address) {
                addresses.push(listen.address);
            }
        }
        addresses
    }

    /// The server that answers for `host` on a port: by name, else the default one.
    pub fn server(&self, port: u16, host: &str) -> Option<&Server> {
        let host = host.split(':').next().unwrap_or(host).to_lowercase();
        let listens = |server: &&Server| server.listen.iter().any(|l| l.address.port() == port);
        let here: Vec<&Server> = self.servers.iter().filter(listens).collect();
        let named = here.iter().find(|server| server.has_name(&host));
        let default = here.iter().find(|server| {
            let mut listen = server.listen.iter();
            listen.any(|listen| listen.address.port() == port && listen.is_default)
        });
        named.or(default).or(here.first()).copied()
    }
}

fn check_names(directives: &[Directive]) -> Result<(), ConfigError> {
    for directive in directives {
        let is_free = matches!(
            directive.name.as_str(),
            "types" | "map" | "geo" | "split_clients"
        );
        if !is_free && !KNOWN.contains(&directive.name.as_str()) {
            return Err(error(
                directive,
                format!("unknown directive \"{}\"", directive.name),
            ));
        }
        if let Some(block) = directive.block.as_ref().filter(|_| !is_free) {
            check_names(block)?;
        }
    }
    Ok(())
}

fn error(directive: &Directive, message: String) -> ConfigError {
    ConfigError {
        message,
        file: directive.file.clone(),
        line: directive.line,
    }
}

type Upstreams = Vec<(String, String)>;

fn upstreams(block: &[Directive]) -> Upstreams {
    let found = block
        .iter()
        .filter(|directive| directive.name == "upstream");
    let found = found.filter_map(|directive| {
        let inside = directive.block.as_ref()?;
        let server = inside.iter().find(|inner| inner.name == "server")?;
        Some((
            directive.arguments.first()?.clone(),
            server.arguments.first()?.clone(),
        ))
    });
    found.collect()
}

impl Server {
    fn new(
        directive: &Directive,
        outer: &Rules,
        upstreams: &Upstreams,
    ) -> Result<Self, ConfigError> {
        let block = directive.block.as_deref().unwrap_or_default();
        let mut rules = outer.clone();
        rules.apply(block)?;
        let mut server = Self {
            listen: Vec::new(),
            names: Vec::new(),
            rules,
            locations: Vec::new(),
        };
        for inner in block {
            match inner.name.as_str() {
                "listen" => server.listen.extend(parse_listen(inner)?),
                "server_name" => server.names.extend(inner.arguments.iter().cloned()),
                "location" => {
                    let location = Location::new(inner, &server.rules, upstreams)?;
                    server.locations.push(location);
                }
                _ => {}
            }
        }
        if server.listen.is_empty() {
            server.listen.push(Listen {
                address: SocketAddr::new(ANY_ADDRESS, 80),
                is_default: false,
            });
        }
        Ok(server)
    }

    fn has_name(&self, host: &str) -> bool {
        self.names.iter().any(|name| {
            let name = name.to_lowercase();
            name == host
                || name
                    .strip_prefix('*')
                    .is_some_and(|suffix| host.ends_with(suffix))
        })
    }

    /// The rules for a path, by nginx's order: exact, firm prefix, first pattern, longest prefix.
    pub fn rules(&self, path: &str) -> &Rules {
        let mut best: Option<(&Location, usize)> = None;
        for location in &self.locations {
            match &location.matcher {
                Matcher::Exact(exact) if exact == path => return &location.rules,
                Matcher::Prefix(prefix) | Matcher::FirmPrefix(prefix)
                    if path.starts_with(prefix.as_str())
                        && best.is_none_or(|(_, length)| prefix.len() > length) =>
                {
                    best = Some((location, prefix.len()));
                }
                _ => {}
            }
        }
        if let Some((location, _)) = best
            && matches!(location.matcher, Matcher::FirmPrefix(_))
        {
            return &location.rules;
        }
        let pattern = self.locations.iter().find(|location| {
            matches!(&location.matcher, Matcher::Pattern(pattern) if pattern.is_match(path))
        });
        pattern
            .or(best.map(|(location, _)| location))
            .map_or(&self.rules, |location| &location.rules)
    }
}

fn parse_listen(directive: &Directive) -> Result<Option<Listen>, ConfigError> {
    let text = directive.arguments.first().map_or("", String::as_str);
    if text.starts_with('[') || text.starts_with("unix:") {
        return Ok(None);
    }
    let invalid = || {
        error(
            directive,
            format!("invalid port in \"{text}\" of the \"listen\" directive"),
        )
    };
    let (ip, port) = match text.rsplit_once(':') {
        Some((ip, port)) => (ip, port.parse().map_err(|_| invalid())?),
        None if text.contains('.') || text == "localhost" => (text, 80),
        None => ("*", text.parse().map_err(|_| invalid())?),
    };
    let ip: IpAddr = match ip {
        "*" => ANY_ADDRESS,
        "localhost" => IpAddr::from([127, 0, 0, 1]),
        ip => ip.parse().map_err(|_| invalid())?,
    };
    Ok(Some(Listen {
        address: SocketAddr::new(ip, port),
        is_default: directive
            .arguments
            .iter()
            .any(|word| word == "default_server" || word == "default"),
    }))
}

impl Location {
    fn new(
        directive: &Directive,
        outer: &Rules,
        upstreams: &Upstreams,
    ) -> Result<Self, ConfigError> {
        let words: Vec<&str> = directive.arguments.iter().map(String::as_str).collect();
        let pattern = |text: &str, flags: &str| {
            Regex::new(&format!("{flags}{text}"))
                .map(Matcher::Pattern)
                .map_err(|_| error(directive, format!("invalid regular expression \"{text}\"")))
        };
        let matcher = match words.as_slice() {
            ["=", path] => Matcher::Exact((*path).to_owned()),
            ["^~", path] => Matcher::FirmPrefix((*path).to_owned()),
            ["~", text] => pattern(text, "")?,
            ["~*", text] => pattern(text, "(?i)")?,
            [name] if name.starts_with('@') => Matcher::Named,
            [path] => Matcher::Prefix((*path).to_owned()),
            _ => {
                let message = "invalid number of arguments in \"location\" directive";
                return Err(error(directive, message.to_owned()));
            }
        };
        let mut rules = outer.clone();
        rules.answer = None;
        rules.apply(directive.block.as_deref().unwrap_or_default())?;
        if let (Some((_, to)), Matcher::Prefix(prefix) | Matcher::Exact(prefix)) =
            (rules.alias.take(), &matcher)
        {
            rules.alias = Some((prefix.clone(), to));
        }
        if let Some(target) = &mut rules.proxy_pass {
            for (name, server) in upstreams {
                *target = target.replacen(&format!("://{name}"), &format!("://{server}"), 1);
            }
        }
        Ok(Self { matcher, rules })
    }
}

impl Rules {
    fn apply(&mut self, block: &[Directive]) -> Result<(), ConfigError> {
        for directive in block {
            let words = &directive.arguments;
            let first = words.first().cloned();
            match directive.name.as_str() {
                "root" => self.root = first.unwrap_or_default(),
                "alias" => self.alias = Some((String::new(), first.unwrap_or_default())),
                "index" => self.index = words.clone(),
                "return" if self.answer.is_none() => self.answer = Some(parse_return(directive)?),
                "proxy_pass" => self.proxy_pass = first,
                "try_files" => self.try_files = words.clone(),
                "default_type" => self.default_type = first.unwrap_or_default(),
                "autoindex" => self.autoindex = first.as_deref() == Some("on"),
                "stub_status" => self.stub_status = true,
                "deny" if first.as_deref() == Some("all") => self.deny_all = true,
                "auth_basic" => self.basic_auth = first.filter(|realm| realm != "off"),
                "add_header" => {
                    if let [name, value, ..] = words.as_slice() {
                        self.headers.push((name.clone(), value.clone()));
                    }
                }
                "error_page" => {
                    if let Some((page, codes)) = words.split_last() {
                        let codes = codes.iter().filter_map(|code| code.parse().ok());
                        self.error_pages
                            .extend(codes.map(|code| (code, page.clone())));
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }
}

fn parse_return(directive: &Directive) -> Result<FixedAnswer, ConfigError> {
    let invalid = |text: &str| error(directive, format!("invalid return code \"{text}\""));
    match directive.arguments.as_slice() {
        [url] if url.starts_with("http") || url.starts_with('$') => Ok(FixedAnswer {
            status: 302,
            text: url.clone(),
        }),
        [code, rest @ ..] => Ok(FixedAnswer {
            status: code.parse().map_err(|_| invalid(code))?,
            text: rest.first().cloned().unwrap_or_default(),
        }),
        [] => {
            let message = "invalid number of arguments in \"return\" directive";
            Err(error(directive, message.to_owned()))
        }
    }
}
