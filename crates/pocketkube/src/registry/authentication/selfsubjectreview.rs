//! SelfSubjectReview: who am I? Mirrors `pkg/registry/authentication/selfsubjectreview` (v1.35).

use super::GROUP;
use crate::api::names;
use crate::registry::{PlainStrategy, ResourceDef};

pub fn resource() -> ResourceDef {
    ResourceDef::cluster(
        GROUP,
        "v1",
        "SelfSubjectReview",
        "selfsubjectreviews",
        PlainStrategy(names::name_is_dns_subdomain),
    )
    .question()
}
