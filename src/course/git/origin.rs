//! Where a course comes from: a folder, or an address of a git repository with a revision.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// What `--course` takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    Folder(PathBuf),
    Git(GitOrigin),
}

/// `https://host/path#revision`, or with `git+` before any address that git knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GitOrigin {
    /// As git takes it.
    pub url: String,
    /// A tag, a branch or a commit; `HEAD` where none is named.
    pub revision: String,
}

/// Addresses that need no `git+` to be told from a folder.
const PLAIN: [&str; 4] = ["https://", "http://", "ssh://", "git@"];

impl FromStr for Origin {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let address = text.strip_prefix("git+");
        let is_plain = PLAIN.iter().any(|start| text.starts_with(start));
        let Some(address) = address.or(is_plain.then_some(text)) else {
            return Ok(Self::Folder(PathBuf::from(text)));
        };
        let (url, revision) = address.split_once('#').unwrap_or((address, "HEAD"));
        if url.starts_with('-') || url.contains("::") || url.contains(char::is_whitespace) {
            // Git would take it for an option, or for a program to run.
            return Err(format!("{url} is no address of a git repository"));
        }
        if !is_revision(revision) {
            return Err(format!("{revision} is no tag, branch or commit"));
        }
        Ok(Self::Git(GitOrigin {
            url: url.to_owned(),
            revision: revision.to_owned(),
        }))
    }
}

fn is_revision(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "._/+-".contains(c);
    let begins = |c: char| c.is_ascii_alphanumeric();
    text.starts_with(begins) && text.chars().all(allowed) && !text.contains("..")
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(folder) => write!(f, "{}", folder.display()),
            Self::Git(git) => git.fmt(f),
        }
    }
}

impl fmt::Display for GitOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.revision.as_str() {
            "HEAD" => f.write_str(&self.url),
            revision => write!(f, "{}#{revision}", self.url),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn git(url: &str, revision: &str) -> Result<Origin, String> {
        let (url, revision) = (url.to_owned(), revision.to_owned());
        Ok(Origin::Git(GitOrigin { url, revision }))
    }

    #[test]
    fn addresses_are_told_from_folders() {
        let folder = "../course".parse::<Origin>();
        assert_eq!(folder, Ok(Origin::Folder("../course".into())));
        for (text, expected) in [
            (
                "https://example.com/c.git#v1.2",
                git("https://example.com/c.git", "v1.2"),
            ),
            (
                "git@example.com:team/c#main",
                git("git@example.com:team/c", "main"),
            ),
            ("git+file:///srv/c#a1b2c3d", git("file:///srv/c", "a1b2c3d")),
            (
                "https://example.com/c",
                git("https://example.com/c", "HEAD"),
            ),
        ] {
            assert_eq!(text.parse::<Origin>(), expected);
        }
    }

    #[test]
    fn what_git_would_take_for_an_order_is_refused() {
        for text in [
            "git+--upload-pack=touch /tmp/x",
            "git+ext::sh -c date#v1",
            "git+ext::true#v1",
            "https://example.com/c#--output=x",
            "https://example.com/c#a..b",
            "https://example.com/c#",
        ] {
            assert!(text.parse::<Origin>().is_err(), "{text}");
        }
    }
}
