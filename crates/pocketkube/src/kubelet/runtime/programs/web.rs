//! What the web servers have in common: files over HTTP, listening, and stopping.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use crate::kubelet::runtime::filesystem::{Filesystem, NodeKind};
use crate::kubelet::runtime::process::{Kernel, Process};
use crate::sockets::{ListenError, Listener};

/// A file to be served, or why not.
pub enum Found {
    File {
        content: Vec<u8>,
        content_type: &'static str,
        modified: jiff::Timestamp,
    },
    /// A directory asked for without its final slash.
    Directory,
    Missing,
    Forbidden,
}

/// Looks a path up below a document root; directories are represented by the first of `index`.
pub fn find_file(files: &Filesystem, root: &str, path: &str, index: &[&str]) -> Found {
    let full = format!(
        "{}/{}",
        root.trim_end_matches('/'),
        path.trim_start_matches('/')
    );
    let Ok(node) = files.stat(&full) else {
        return Found::Missing;
    };
    if !node.is_directory() {
        return read_file(files, &full, node.modified);
    }
    if !path.ends_with('/') {
        return Found::Directory;
    }
    for name in index {
        let candidate = format!("{}/{name}", full.trim_end_matches('/'));
        if let Ok(node) = files.stat(&candidate)
            && matches!(node.kind, NodeKind::File(_))
        {
            return read_file(files, &candidate, node.modified);
        }
    }
    Found::Forbidden
}

fn read_file(files: &Filesystem, path: &str, modified: jiff::Timestamp) -> Found {
    match files.read(path) {
        Ok(content) => Found::File {
            content: content.to_vec(),
            content_type: content_type(path),
            modified,
        },
        Err(_) => Found::Forbidden,
    }
}

/// The media type a file's name suggests.
pub fn content_type(path: &str) -> &'static str {
    let name = path.rsplit('/').next().unwrap_or(path);
    match name.rsplit_once('.').map(|(_, extension)| extension) {
        Some("html" | "htm") => "text/html",
        Some("css") => "text/css",
        Some("js") => "application/javascript",
        Some("json") => "application/json",
        Some("txt") => "text/plain",
        Some("xml") => "text/xml",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("jpg" | "jpeg") => "image/jpeg",
        Some("ico") => "image/x-icon",
        _ => "application/octet-stream",
    }
}

pub const ANY_ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);

/// Whether a user may listen on a port: low ones belong to root, or to those the container
/// runtime lets (Docker and containerd let everyone).
pub fn listen(kernel: &Kernel, ip: IpAddr, port: u16) -> Result<Listener, ListenError> {
    kernel.network.listen(SocketAddr::new(ip, port))
}

/// Listens, or says in the words of Go's net package why that failed.
pub async fn listen_or_complain(process: &Process, port: u16) -> Option<Listener> {
    match listen(&process.kernel, ANY_ADDRESS, port) {
        Ok(listener) => Some(listener),
        Err(_) => {
            let words = format!("listen tcp :{port}: bind: address already in use\n");
            process.complain(words).await;
            None
        }
    }
}
