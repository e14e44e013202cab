//! The way of a request: from route and body to a stored object and back.
//!
//! [`ApiServer::handle`] answers HTTP requests; [`ApiServer::call`] and [`ApiServer::watch`] serve
//! clients in the same process. Both meet the same stages in the same order, which stand in
//! `pipeline`. Mirrors `apiserver/pkg/endpoints` (v1.35).

mod aggregation;
mod asked;
mod binding;
mod body;
mod call;
mod connect;
mod create;
mod decoding;
mod delete;
mod discovery;
mod eviction;
mod fields;
mod filters;
mod get;
mod group_versions;
mod health;
mod impersonate;
mod in_process;
mod issuer;
mod list;
mod negotiate;
mod nonresource;
mod openapi;
mod patch;
mod pipeline;
mod query;
mod remote_discovery;
mod request;
mod request_info;
mod respond;
mod review;
mod scale;
mod selection;
mod served;
mod server;
mod subresource;
mod table;
mod token_request;
mod traffic;
mod update;
mod watch;
mod watching;
mod write_options;

pub use asked::Asked;
pub use call::{Call, CallOptions, ListOptions, ListReply, PatchType, Reply, WatchEvent};
pub use nonresource::{KUBERNETES_VERSION, go_architecture};
pub use server::{ApiServer, ApiServerParts};
pub use traffic::Traffic;
