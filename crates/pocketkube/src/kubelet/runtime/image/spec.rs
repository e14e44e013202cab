//! The form of the files in `data/images`.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::catalogue::ShellKind;
use super::server::Server;
use super::tags::Tags;
use crate::kubelet::runtime::filesystem::{Layer, Node};
use crate::kubelet::runtime::process::Signal;
use crate::kubelet::runtime::programs;

/// What several images share: a distribution's files and tools.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Base {
    #[serde(default)]
    pub shell: ShellKind,
    /// Directory → names of the programs in it.
    #[serde(default)]
    pub tools: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    pub files: BTreeMap<String, FileSpec>,
    #[serde(default)]
    pub environment: BTreeMap<String, String>,
    #[serde(default)]
    pub facts: BTreeMap<String, String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum FileSpec {
    Content(String),
    Full(FileDetails),
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileDetails {
    content: Option<String>,
    /// The target of a symbolic link.
    link: Option<String>,
    #[serde(default)]
    directory: bool,
    mode: Option<u32>,
    #[serde(default)]
    owner: u32,
}

/// One file of `data/images`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Repository {
    /// With registry: `docker.io/library/nginx`.
    pub repository: String,
    /// Other names of the same images.
    #[serde(default)]
    pub also: Vec<String>,
    #[serde(flatten)]
    pub tags: Tags<Contents>,
}

/// What is in an image; the parts given for a variant replace those of the repository.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Contents {
    pub base: Option<String>,
    pub entrypoint: Option<Vec<String>>,
    pub command: Option<Vec<String>>,
    pub entrypoint_log: Option<Vec<String>>,
    pub working_dir: Option<String>,
    pub user: Option<String>,
    pub environment: BTreeMap<String, String>,
    pub stop_signal: Option<Signal>,
    pub ports: Option<Vec<u16>>,
    /// In megabytes.
    pub size: Option<f64>,
    pub tools: BTreeMap<String, Vec<String>>,
    pub files: BTreeMap<String, FileSpec>,
    pub servers: BTreeMap<String, Server>,
    pub facts: BTreeMap<String, String>,
}

/// A size given in megabytes, or a middling one.
pub fn megabytes(size: Option<f64>) -> u64 {
    (size.unwrap_or(20.0) * 1_000_000.0) as u64
}

/// Puts the files of programs into a layer.
pub fn add_tools(layer: &mut Layer, tools: &BTreeMap<String, Vec<String>>) {
    for (directory, names) in tools {
        for name in names {
            let program = Node::file(programs::executable(name), 0o755);
            layer.insert(&format!("{directory}/{name}"), program);
        }
    }
}

/// Puts described files into a layer.
pub fn add_files(layer: &mut Layer, files: &BTreeMap<String, FileSpec>, version: &str) {
    for (path, file) in files {
        let node = match file {
            FileSpec::Content(content) => Node::file(content.replace("{version}", version), 0o644),
            FileSpec::Full(details) => details.node(version),
        };
        layer.insert(path, node);
    }
}

impl FileDetails {
    fn node(&self, version: &str) -> Node {
        let node = if let Some(target) = &self.link {
            Node::symlink(target)
        } else if self.directory {
            Node::directory(self.mode.unwrap_or(0o755))
        } else {
            let content = self.content.clone().unwrap_or_default();
            Node::file(
                content.replace("{version}", version),
                self.mode.unwrap_or(0o644),
            )
        };
        node.owned_by(self.owner, self.owner)
    }
}
