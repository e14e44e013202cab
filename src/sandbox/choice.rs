//! Which kind of cluster `--sandbox` asks for.

use std::fmt;
use std::str::FromStr;

/// The kind cluster that is meant where none is named.
const KIND_CLUSTER: &str = "kubekata";

/// The sandboxes there are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Choice {
    /// The cluster inside this program.
    #[default]
    Embedded,
    /// A `kind` cluster of this name, made and removed by this program.
    Kind(String),
    /// A cluster that exists, by the name of its kubeconfig context.
    Context(String),
}

impl FromStr for Choice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            None if text == "embedded" => Ok(Self::Embedded),
            None if text == "kind" => Ok(Self::Kind(KIND_CLUSTER.to_owned())),
            Some(("kind", name)) if is_cluster_name(name) => Ok(Self::Kind(name.to_owned())),
            Some(("kind", _)) => {
                Err("a kind cluster has a name of lower case letters, digits, . and -".to_owned())
            }
            Some(("context", name)) if !name.is_empty() => Ok(Self::Context(name.to_owned())),
            _ => Err("expected embedded, kind, kind:NAME or context:NAME".to_owned()),
        }
    }
}

/// What kind accepts; it becomes part of file names, too.
fn is_cluster_name(name: &str) -> bool {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '.' || c == '-';
    name.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
        && name.chars().all(allowed)
}

impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Embedded => f.write_str("embedded"),
            Self::Kind(name) if name == KIND_CLUSTER => f.write_str("kind"),
            Self::Kind(name) => write!(f, "kind:{name}"),
            Self::Context(name) => write!(f, "context:{name}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_choice_is_written_as_it_is_read() {
        for text in [
            "embedded",
            "kind",
            "kind:class-7",
            "context:prod",
            "context:arn:aws:eks",
        ] {
            assert_eq!(
                text.parse::<Choice>().map(|c| c.to_string()),
                Ok(text.to_owned())
            );
        }
        for text in ["context:", "docker", "kind:", "kind:../x", "embedded:x"] {
            assert!(text.parse::<Choice>().is_err(), "{text}");
        }
    }
}
