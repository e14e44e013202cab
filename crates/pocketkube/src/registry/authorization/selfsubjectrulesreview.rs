//! SelfSubjectRulesReview: what may I do in a namespace?
//!
//! Mirrors `pkg/registry/authorization/selfsubjectrulesreview` (v1.35).

use super::GROUP;
use crate::api::names;
use crate::registry::{PlainStrategy, ResourceDef};

pub fn resource() -> ResourceDef {
    ResourceDef::cluster(
        GROUP,
        "v1",
        "SelfSubjectRulesReview",
        "selfsubjectrulesreviews",
        PlainStrategy(names::name_is_dns_subdomain),
    )
    .question()
}
