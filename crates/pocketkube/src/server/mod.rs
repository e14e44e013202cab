//! The cluster's front door: HTTPS on loopback, certificates and kubeconfig.

mod certificates;
mod in_memory;
mod kubeconfig;
mod listen;

pub use certificates::{CertificateError, ClusterCertificates, Issued, Terms};
pub use in_memory::in_process_client;
pub use kubeconfig::kubeconfig;
pub use listen::{Https, ListenError, listen, serve_inside};
