//! Levels and versions, and the labels of a namespace that choose them.
//!
//! Mirrors `pod-security-admission/api/helpers.go` (v1.35).

use std::fmt;

use serde_json::Value;

use crate::api::field::{Error, ErrorList, Path};
use crate::api::meta;

const PREFIX: &str = "pod-security.kubernetes.io/";
/// The newest version in which a check changed.
const NEWEST_MINOR: u32 = 35;

/// A standard; the later the stricter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    #[default]
    Privileged,
    Baseline,
    Restricted,
}

/// The Kubernetes version whose checks count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Version {
    #[default]
    Latest,
    /// `v1.N`
    Minor(u32),
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct LevelVersion {
    pub(super) level: Level,
    pub(super) version: Version,
}

/// What a namespace asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Policy {
    pub(super) enforce: LevelVersion,
    pub(super) warn: LevelVersion,
}

impl Version {
    /// As a number that the checks know.
    pub(super) fn minor(self) -> u32 {
        match self {
            Self::Latest => NEWEST_MINOR,
            Self::Minor(minor) => minor.min(NEWEST_MINOR),
        }
    }

    fn parse(text: &str) -> Option<Self> {
        if text == "latest" {
            return Some(Self::Latest);
        }
        let minor = text.strip_prefix("v1.")?;
        let is_number = minor == "0" || !minor.starts_with('0');
        let is_digits = minor.bytes().all(|byte| byte.is_ascii_digit());
        let minor = minor.parse().ok().filter(|_| is_number && is_digits)?;
        Some(Self::Minor(minor))
    }
}

impl Level {
    fn parse(text: &str) -> Option<Self> {
        match text {
            "privileged" => Some(Self::Privileged),
            "baseline" => Some(Self::Baseline),
            "restricted" => Some(Self::Restricted),
            _ => None,
        }
    }
}

impl fmt::Display for LevelVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let level = match self.level {
            Level::Privileged => "privileged",
            Level::Baseline => "baseline",
            Level::Restricted => "restricted",
        };
        match self.version {
            Version::Latest => write!(f, "{level}:latest"),
            Version::Minor(minor) => write!(f, "{level}:v1.{minor}"),
        }
    }
}

impl Policy {
    /// Reads a namespace's labels. What cannot be read counts as restricted for Pods that are
    /// refused, and as privileged for those that are only warned of.
    pub(super) fn of(namespace: &Value) -> (Self, ErrorList) {
        let mut errors = ErrorList::new();
        let enforce = read(namespace, "enforce", Level::Restricted, &mut errors);
        // Nobody reads the audit level, but its mistakes are mistakes.
        read(namespace, "audit", Level::Privileged, &mut errors);
        let warn = read(namespace, "warn", Level::Privileged, &mut errors);
        (Self { enforce, warn }, errors)
    }
}

fn read(namespace: &Value, mode: &str, fallback: Level, errors: &mut ErrorList) -> LevelVersion {
    let mut refuse = |label: &str, value: &str, why: &str| {
        errors.push(Error::invalid(
            Path::new("metadata.labels").key(label),
            value,
            why,
        ));
    };
    let label = format!("{PREFIX}{mode}");
    let level = match meta::label(namespace, &label) {
        None => Level::default(),
        Some(value) => Level::parse(value).unwrap_or_else(|| {
            refuse(
                &label,
                value,
                "must be one of privileged, baseline, restricted",
            );
            fallback
        }),
    };
    let label = format!("{PREFIX}{mode}-version");
    let version = match meta::label(namespace, &label) {
        None => Version::default(),
        Some(value) => Version::parse(value).unwrap_or_else(|| {
            refuse(&label, value, "must be \"latest\" or \"v1.x\"");
            Version::Latest
        }),
    };
    LevelVersion { level, version }
}
