//! TokenReview: whose token is this? Mirrors `pkg/registry/authentication/tokenreview` (v1.35).

use super::GROUP;
use crate::api::names;
use crate::registry::{PlainStrategy, ResourceDef};

pub fn resource() -> ResourceDef {
    ResourceDef::cluster(
        GROUP,
        "v1",
        "TokenReview",
        "tokenreviews",
        PlainStrategy(names::name_is_dns_subdomain),
    )
    .question()
}
