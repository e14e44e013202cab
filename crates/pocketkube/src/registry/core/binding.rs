//! Binding: the old way to assign a Pod to a node, by a collection of its own.
//!
//! Its name is that of the Pod. Mirrors `LegacyBindingREST` in
//! `pkg/registry/core/pod/storage/storage.go` (v1.35).

use crate::api::names;
use crate::registry::{PlainStrategy, ResourceDef};

pub fn resource() -> ResourceDef {
    ResourceDef::namespaced(
        "",
        "v1",
        "Binding",
        "bindings",
        PlainStrategy(names::name_is_dns_subdomain),
    )
    .question()
}
