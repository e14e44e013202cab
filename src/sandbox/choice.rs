//! Which kind of cluster `--sandbox` asks for.

use std::fmt;
use std::str::FromStr;

/// The sandboxes there are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Choice {
    /// The cluster inside this program.
    #[default]
    Embedded,
    /// A `kind` cluster, made and removed by this program.
    Kind,
    /// A cluster that exists, by the name of its kubeconfig context.
    Context(String),
}

impl FromStr for Choice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "embedded" => Ok(Self::Embedded),
            "kind" => Ok(Self::Kind),
            _ => match text.strip_prefix("context:") {
                Some(name) if !name.is_empty() => Ok(Self::Context(name.to_owned())),
                _ => Err("expected embedded, kind or context:NAME".to_owned()),
            },
        }
    }
}

impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Embedded => f.write_str("embedded"),
            Self::Kind => f.write_str("kind"),
            Self::Context(name) => write!(f, "context:{name}"),
        }
    }
}

impl Choice {
    /// Fails for the sandboxes that are not there yet.
    pub fn available(&self) -> anyhow::Result<()> {
        match self {
            Self::Embedded => Ok(()),
            other => anyhow::bail!(
                "the sandbox {other} is not available in this version (LIMITATIONS: LAB-1); use --sandbox embedded"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_choice_is_written_as_it_is_read() {
        for text in ["embedded", "kind", "context:prod"] {
            assert_eq!(
                text.parse::<Choice>().map(|c| c.to_string()),
                Ok(text.to_owned())
            );
        }
        assert!("context:".parse::<Choice>().is_err());
        assert!("docker".parse::<Choice>().is_err());
    }
}
