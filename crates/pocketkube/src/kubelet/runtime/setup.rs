//! What a container is made of before it starts: its user, environment, writable layer, mounts.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::config::{ContainerConfig, MountConfig};
use super::container::CreateError;
use super::filesystem::{Credentials, FileError, Mount, Node, NodeKind, Tree, Volume};
use super::image::Image;
use super::sandbox::PodSandbox;

/// The user a container runs as, and where that user is at home.
pub struct User {
    pub credentials: Credentials,
    home: String,
}

impl User {
    /// The user of the configuration, or of the image, looked up in the image's `/etc/passwd`.
    pub fn of(config: &ContainerConfig, image: &Image) -> Result<Self, CreateError> {
        let passwd = image.layer.get("etc/passwd");
        let passwd = passwd.and_then(|node| match &node.kind {
            NodeKind::File(content) => Some(String::from_utf8_lossy(content).into_owned()),
            _ => None,
        });
        let passwd = passwd.unwrap_or_default();
        let wanted = match config.user {
            Some(uid) => uid.to_string(),
            None if image.user.is_empty() => "0".to_owned(),
            None => image.user.clone(),
        };
        let (name, group) = match wanted.split_once(':') {
            Some((name, group)) => (name, group.parse().ok()),
            None => (wanted.as_str(), None),
        };
        let line = passwd.lines().find_map(|line| {
            let fields: Vec<&str> = line.split(':').collect();
            let is_it = fields.first() == Some(&name) || fields.get(2) == Some(&name);
            (is_it && fields.len() >= 6).then_some(fields)
        });
        let field = |at: usize| line.as_ref().and_then(|fields| fields[at].parse().ok());
        let uid = field(2).or_else(|| name.parse().ok());
        let uid = uid.ok_or_else(|| CreateError::UnknownUser(name.to_owned()))?;
        let gid = config.group.or(group).or_else(|| field(3)).unwrap_or(0);
        let home = line.as_ref().map_or("/", |fields| fields[5]);
        Ok(Self {
            credentials: Credentials {
                uid,
                gid,
                groups: config.supplemental_groups.clone(),
            },
            home: home.to_owned(),
        })
    }
}

/// The variables a process starts with.
pub fn environment(
    image: &Image,
    config: &ContainerConfig,
    hostname: &str,
    user: &User,
) -> BTreeMap<String, String> {
    const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    let mut environment = BTreeMap::from([
        ("PATH".to_owned(), DEFAULT_PATH.to_owned()),
        ("HOSTNAME".to_owned(), hostname.to_owned()),
        ("HOME".to_owned(), user.home.clone()),
    ]);
    if config.tty {
        environment.insert("TERM".to_owned(), "xterm".to_owned());
    }
    environment.extend(image.environment.iter().cloned());
    environment.extend(config.environment.iter().cloned());
    environment
}

/// The container's own layer over its image's.
pub fn root(image: &Image, config: &ContainerConfig, working_dir: &str) -> Arc<Volume> {
    let mut tree = Tree::over(image.layer.clone());
    let directory = working_dir.trim_matches('/');
    if tree.get(directory).is_none() {
        for (at, _) in directory.match_indices('/') {
            if tree.get(&directory[..at]).is_none() {
                tree.insert(&directory[..at], Node::directory(0o755));
            }
        }
        tree.insert(directory, Node::directory(0o755));
    }
    let message = config.termination_message_path.trim_matches('/');
    if !message.is_empty() {
        tree.insert(message, Node::file("", 0o666));
    }
    Volume::with_capacity(tree, Some(LARGEST_LAYER))
}

/// A container's own files live in this program's memory: a disk would hold more.
const LARGEST_LAYER: u64 = 256 * 1024 * 1024;

/// What is mounted: the Pod's files, unless a volume takes their place, and the volumes.
pub fn mounts(sandbox: &PodSandbox, config: &ContainerConfig) -> Result<Vec<Mount>, CreateError> {
    let mount = |mount: &MountConfig| {
        let made = Mount::new(&mount.path, &mount.volume, &mount.sub_path, mount.read_only);
        made.map_err(|_: FileError| CreateError::SubPath {
            path: mount.path.clone(),
            container: config.name.clone(),
        })
    };
    let own: Vec<Mount> = config.mounts.iter().map(mount).collect::<Result<_, _>>()?;
    let given = sandbox.files().into_iter();
    let given = given.filter(|file| !own.iter().any(|mount| mount.at == file.at));
    Ok(own.iter().cloned().chain(given).collect())
}
