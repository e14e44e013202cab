//! The images the cluster's registries have, read from `data/images/`.
//!
//! One file describes a repository: its tags, what is in it and how it starts. What its programs
//! do is not said here but in [`crate::kubelet::runtime::programs`]. Courses add their own files
//! with [`Catalogue::add`].

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, LazyLock};

use include_dir::{Dir, include_dir};
use parking_lot::Mutex;
use serde::Deserialize;

use super::reference::ImageReference;
use super::server::Server;
use super::spec::{Base, Contents, Repository, add_files, add_tools, megabytes};
use crate::kubelet::runtime::filesystem::{Layer, kernel_files};
use crate::kubelet::runtime::process::Signal;

static DATA: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/data/images");

/// Every known repository.
pub struct Catalogue {
    bases: HashMap<String, Base>,
    repositories: HashMap<String, Repository>,
    /// Images made so far: containers of an image share its files.
    made: Mutex<HashMap<(String, String), Arc<Image>>>,
}

/// An image, ready to make containers from.
#[derive(Debug)]
pub struct Image {
    pub reference: ImageReference,
    /// The version its tag stands for.
    pub version: String,
    pub entrypoint: Vec<String>,
    pub command: Vec<String>,
    /// What the entrypoint's script prints before it hands over.
    pub entrypoint_log: Vec<String>,
    pub working_dir: String,
    /// `USER` of the image: a number or a name of its `/etc/passwd`.
    pub user: String,
    pub environment: Vec<(String, String)>,
    pub stop_signal: Signal,
    pub ports: Vec<u16>,
    /// Bytes to pull.
    pub size: u64,
    pub shell: ShellKind,
    /// Names of the programs in it.
    tools: BTreeSet<String>,
    /// What its described servers do.
    servers: BTreeMap<String, Arc<Server>>,
    /// Versions of the tools in it (`busybox`), where they matter.
    facts: BTreeMap<String, String>,
    pub layer: Arc<Layer>,
}

impl Image {
    /// Whether a program of that name is in the image.
    pub fn has_tool(&self, name: &str) -> bool {
        self.tools.contains(name)
    }

    /// The program of that name, if the image describes it.
    pub fn server(&self, name: &str) -> Option<&Arc<Server>> {
        self.servers.get(name)
    }

    /// All described programs.
    pub fn servers(&self) -> impl Iterator<Item = (&String, &Arc<Server>)> {
        self.servers.iter()
    }

    /// The version of a tool, such as `busybox`; empty where the image says nothing.
    pub fn fact(&self, name: &str) -> &str {
        self.facts.get(name).map_or("", String::as_str)
    }
}

/// Whose words the shell of an image speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ShellKind {
    /// There is none, as in distroless images.
    #[default]
    None,
    Busybox,
    /// `sh` is dash, and there is bash.
    Bash,
}

/// Why the catalogue's data could not be read.
#[derive(Debug, thiserror::Error)]
#[error("{file}: {reason}")]
pub struct CatalogueError {
    pub file: String,
    pub reason: String,
}

impl Catalogue {
    /// The images in the program, read once and shared by the clusters of a process.
    pub fn shared() -> Arc<Self> {
        static SHARED: LazyLock<Arc<Catalogue>> = LazyLock::new(|| Arc::new(Catalogue::embedded()));
        SHARED.clone()
    }

    /// The catalogue that comes with the program.
    ///
    /// # Panics
    /// When the embedded data is malformed, which a test rules out.
    pub fn embedded() -> Self {
        let mut catalogue = Self {
            bases: HashMap::new(),
            repositories: HashMap::new(),
            made: Mutex::new(HashMap::new()),
        };
        let bases = DATA.get_dir("bases").into_iter().flat_map(Dir::files);
        for file in bases {
            let name = file.path().file_stem().unwrap_or_default();
            let base = serde_yaml::from_slice(file.contents());
            let base = base.unwrap_or_else(|error| panic!("{}: {error}", file.path().display()));
            catalogue
                .bases
                .insert(name.to_string_lossy().into_owned(), base);
        }
        for file in DATA.files() {
            let text = String::from_utf8_lossy(file.contents());
            let added = catalogue.add(&file.path().to_string_lossy(), &text);
            added.unwrap_or_else(|error| panic!("{error}"));
        }
        catalogue
    }

    /// Adds the repository described in the YAML `text`, or replaces the one of that name.
    pub fn add(&mut self, file: &str, text: &str) -> Result<(), CatalogueError> {
        let error = |reason: String| CatalogueError {
            file: file.to_owned(),
            reason,
        };
        let repository: Repository =
            serde_yaml::from_str(text).map_err(|problem| error(problem.to_string()))?;
        for contents in repository.tags.contents() {
            if let Some(base) = &contents.base
                && !self.bases.contains_key(base)
            {
                return Err(error(format!("base: there is no {base:?}")));
            }
        }
        for name in &repository.also {
            self.repositories.insert(name.clone(), repository.clone());
        }
        self.repositories
            .insert(repository.repository.clone(), repository);
        Ok(())
    }

    pub fn has_repository(&self, repository: &str) -> bool {
        self.repositories.contains_key(repository)
    }

    /// The image a name stands for, if the repository has the tag. A digest stands for whatever
    /// tag is named beside it, or for the newest image.
    pub fn find(&self, reference: &ImageReference) -> Option<Arc<Image>> {
        let repository = self.repositories.get(&reference.repository)?;
        let tag = reference.tag.as_deref().unwrap_or("latest");
        let key = (reference.repository.clone(), tag.to_owned());
        if let Some(image) = self.made.lock().get(&key) {
            return Some(image.clone());
        }
        let found = repository.tags.find(tag)?;
        let image = Arc::new(self.make(reference, &found.version, &found.layers));
        self.made.lock().insert(key, image.clone());
        Some(image)
    }

    /// An image nobody described: it serves HTTP on port 80 and has a shell, so that any manifest
    /// can be played.
    pub fn generic(&self, reference: &ImageReference) -> Arc<Image> {
        let key = (reference.repository.clone(), reference.to_string());
        let mut made = self.made.lock();
        let image = made.entry(key).or_insert_with(|| {
            let contents = Contents {
                base: Some("alpine".to_owned()),
                command: Some(vec!["generic-server".to_owned()]),
                tools: BTreeMap::from([(
                    "usr/local/bin".to_owned(),
                    vec!["generic-server".to_owned()],
                )]),
                ..Contents::default()
            };
            let version = reference.tag.clone().unwrap_or_default();
            Arc::new(self.make(reference, &version, &[&contents]))
        });
        image.clone()
    }

    fn make(&self, reference: &ImageReference, version: &str, layers: &[&Contents]) -> Image {
        let last = |of: fn(&Contents) -> bool| layers.iter().rev().find(|contents| of(contents));
        let base_name = last(|c| c.base.is_some()).and_then(|c| c.base.clone());
        let base = base_name
            .and_then(|name| self.bases.get(&name).cloned())
            .unwrap_or_default();
        let mut environment = base.environment.clone();
        let mut facts = base.facts.clone();
        let mut servers = BTreeMap::new();
        let mut layer = Layer::default();
        kernel_files::add_to(&mut layer);
        add_tools(&mut layer, &base.tools);
        add_files(&mut layer, &base.files, version);
        for contents in layers {
            add_tools(&mut layer, &contents.tools);
            add_files(&mut layer, &contents.files, version);
            environment.extend(contents.environment.clone());
            facts.extend(contents.facts.clone());
            for (name, server) in &contents.servers {
                servers.insert(name.clone(), Arc::new(server.clone()));
            }
        }
        let tools = layers.iter().map(|contents| &contents.tools);
        let tools = tools.chain([&base.tools]).flat_map(BTreeMap::values);
        let tools = tools.flatten().cloned().collect();
        let fill = |text: &str| text.replace("{version}", version);
        let entrypoint = last(|c| c.entrypoint.is_some()).and_then(|c| c.entrypoint.clone());
        let command = last(|c| c.command.is_some()).and_then(|c| c.command.clone());
        let environment = environment.iter().map(|(k, v)| (k.clone(), fill(v)));
        Image {
            reference: reference.clone(),
            version: version.to_owned(),
            entrypoint: entrypoint.unwrap_or_default(),
            command: command.unwrap_or_default(),
            entrypoint_log: last(|c| c.entrypoint_log.is_some())
                .and_then(|c| c.entrypoint_log.clone())
                .unwrap_or_default(),
            working_dir: last(|c| c.working_dir.is_some())
                .and_then(|c| c.working_dir.clone())
                .unwrap_or_else(|| "/".to_owned()),
            user: last(|c| c.user.is_some())
                .and_then(|c| c.user.clone())
                .unwrap_or_default(),
            environment: environment.collect(),
            stop_signal: last(|c| c.stop_signal.is_some())
                .and_then(|c| c.stop_signal)
                .unwrap_or(Signal::Term),
            ports: last(|c| c.ports.is_some())
                .and_then(|c| c.ports.clone())
                .unwrap_or_default(),
            size: megabytes(last(|c| c.size.is_some()).and_then(|c| c.size)),
            shell: base.shell,
            tools,
            servers,
            facts: facts.into_iter().map(|(k, v)| (k, fill(&v))).collect(),
            layer: Arc::new(layer),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;
    use crate::kubelet::runtime::executable;
    use crate::kubelet::runtime::filesystem::{Credentials, Filesystem, Tree, Volume};
    use crate::kubelet::runtime::programs;

    fn find(name: &str) -> Option<Arc<Image>> {
        Catalogue::shared().find(&name.parse().expect("an image name"))
    }

    #[test]
    fn tags_stand_for_versions_and_variants() {
        for (name, version, shell) in [
            ("nginx:1.25", "1.25.5", ShellKind::Bash),
            ("nginx:1.25.3", "1.25.3", ShellKind::Bash),
            ("nginx:1.25-alpine", "1.25.5", ShellKind::Busybox),
            ("nginx:1.14.2", "1.14.2", ShellKind::Bash),
            ("busybox:1.28", "1.28.4", ShellKind::Busybox),
            ("registry.k8s.io/pause:3.9", "3.9", ShellKind::None),
        ] {
            let image = find(name).unwrap_or_else(|| panic!("{name} is missing"));
            assert_eq!((image.version.as_str(), image.shell), (version, shell));
        }
        assert!(find("nginx:9.99").is_none());
        assert!(find("nginx:1.25.99").is_none());
        assert!(find("nope").is_none());
    }

    #[test]
    fn every_tool_of_an_image_can_be_run() {
        let catalogue = Catalogue::embedded();
        let known = programs::known_names();
        let mut unknown = BTreeSet::new();
        for name in catalogue.repositories.keys() {
            let reference = name.parse().expect("a repository is a name");
            let image = catalogue.find(&reference).expect(name);
            let tools = image
                .tools
                .iter()
                .filter(|tool| !known.contains(*tool) && image.server(tool).is_none());
            unknown.extend(tools.cloned());
        }
        assert!(unknown.is_empty(), "unknown tools: {unknown:?}");
    }

    #[test]
    fn every_program_an_image_starts_is_in_it() {
        let catalogue = Catalogue::embedded();
        for name in catalogue.repositories.keys() {
            let reference = name.parse().expect("a repository is a name");
            let image = catalogue.find(&reference).expect(name);
            let files = Filesystem::new(
                Volume::new(Tree::over(image.layer.clone())),
                false,
                Vec::new(),
                Credentials::root(),
                Clock::real(),
            );
            let path = image.environment.iter().find(|(key, _)| key == "PATH");
            let path = path.map_or("/usr/local/bin:/usr/sbin:/usr/bin:/bin", |(_, path)| path);
            for list in [&image.entrypoint, &image.command] {
                let is_options = image.entrypoint.len() == 1 && list == &image.command;
                let Some(program) = list.first().filter(|_| !is_options) else {
                    continue;
                };
                let found = executable::find(&files, program, path, &image.working_dir);
                assert!(found.is_ok(), "{name}: {found:?}");
            }
        }
    }
}
