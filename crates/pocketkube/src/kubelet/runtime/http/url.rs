//! The addresses that `wget` and `curl` take.

use std::fmt;

/// An HTTP URL in its parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Url {
    pub is_tls: bool,
    pub user: Option<String>,
    pub host: String,
    pub port: u16,
    /// Whether the port was written out.
    has_port: bool,
    /// Path and query, beginning with a slash.
    pub target: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UrlError {
    /// A scheme nobody here speaks.
    Scheme(String),
    Malformed,
    Port,
}

impl Url {
    /// Reads a URL as people type it: the scheme may be missing.
    pub fn parse(text: &str) -> Result<Self, UrlError> {
        let (scheme, rest) = match text.split_once("://") {
            Some((scheme, rest)) => (scheme.to_lowercase(), rest),
            None => ("http".to_owned(), text),
        };
        let is_tls = match scheme.as_str() {
            "http" => false,
            "https" => true,
            _ => return Err(UrlError::Scheme(scheme)),
        };
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, target) = rest.split_at(end);
        let target = target.split('#').next().unwrap_or(target);
        let target = match target {
            "" => "/".to_owned(),
            query if query.starts_with('?') => format!("/{query}"),
            path => path.to_owned(),
        };
        let (user, authority) = match authority.rsplit_once('@') {
            Some((user, authority)) => (Some(user.to_owned()), authority),
            None => (None, authority),
        };
        let (host, port) = match authority.strip_prefix('[') {
            Some(literal) => {
                let (host, rest) = literal.split_once(']').ok_or(UrlError::Malformed)?;
                (host, rest.strip_prefix(':'))
            }
            None => match authority.rsplit_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (authority, None),
            },
        };
        if host.is_empty() {
            return Err(UrlError::Malformed);
        }
        let written = port.filter(|port| !port.is_empty());
        let port = match written {
            Some(port) => port.parse().map_err(|_| UrlError::Port)?,
            None if is_tls => 443,
            None => 80,
        };
        Ok(Self {
            is_tls,
            user,
            host: host.to_owned(),
            port,
            has_port: written.is_some(),
            target,
        })
    }

    /// The URL a redirect of this one leads to.
    pub fn join(&self, location: &str) -> Result<Self, UrlError> {
        if location.contains("://") {
            return Self::parse(location);
        }
        let target = if location.starts_with('/') {
            location.to_owned()
        } else {
            let directory = self.target.rfind('/').map_or("/", |at| &self.target[..=at]);
            format!("{directory}{location}")
        };
        Ok(Self {
            target,
            ..self.clone()
        })
    }

    /// What the Host header says.
    pub fn authority(&self) -> String {
        if self.has_port {
            format!("{}:{}", self.host, self.port)
        } else {
            self.host.clone()
        }
    }

    /// The name of the file that is fetched.
    pub fn file_name(&self) -> &str {
        let path = self.target.split('?').next().unwrap_or(&self.target);
        match path.rsplit('/').next() {
            Some("") | None => "index.html",
            Some(name) => name,
        }
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.is_tls { "https" } else { "http" };
        write!(f, "{scheme}://{}{}", self.authority(), self.target)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_taken_apart() {
        for (text, host, port, target) in [
            ("web", "web", 80, "/"),
            ("http://web:8080/a?b=c#d", "web", 8080, "/a?b=c"),
            ("https://10.96.0.1", "10.96.0.1", 443, "/"),
            ("web?x=1", "web", 80, "/?x=1"),
            ("http://me:secret@web/", "web", 80, "/"),
        ] {
            let url = Url::parse(text).expect(text);
            assert_eq!(
                (url.host.as_str(), url.port, url.target.as_str()),
                (host, port, target)
            );
        }
        assert_eq!(
            Url::parse("ftp://web"),
            Err(UrlError::Scheme("ftp".to_owned()))
        );
        assert_eq!(Url::parse("http://:80"), Err(UrlError::Malformed));
        assert_eq!(Url::parse("http://web:x"), Err(UrlError::Port));
        let url = Url::parse("http://web/a/b").expect("a URL");
        assert_eq!(url.join("c").expect("a URL").target, "/a/c");
        assert_eq!(url.join("/c").expect("a URL").to_string(), "http://web/c");
    }
}
