//! ComponentStatus: whether parts of the control plane are well; superseded long ago. A cluster
//! begins with those that are, and here they always are.
//!
//! Mirrors `pkg/registry/core/componentstatus` (v1.35).

use serde_json::json;

use crate::api::names::{self, NameRule};
use crate::api::tree::{elements, text};
use crate::printers::{Column, TableDef};
use crate::registry::{PlainStrategy, ResourceDef, Verb};

const NAMES: NameRule = names::name_is_dns_subdomain;

pub fn resource() -> ResourceDef {
    ResourceDef::cluster(
        "",
        "v1",
        "ComponentStatus",
        "componentstatuses",
        PlainStrategy(NAMES),
    )
    .short_names(&["cs"])
    .verbs(&[Verb::Get, Verb::List])
    .table(table())
    .deprecated("v1 ComponentStatus is deprecated in v1.19+")
}

fn table() -> TableDef {
    TableDef::new(
        vec![
            Column::name(),
            Column::text("Status"),
            Column::text("Message"),
            Column::text("Error"),
        ],
        |object, _| {
            let healthy = elements(&object["conditions"])
                .iter()
                .find(|condition| text(condition, "type") == "Healthy");
            let status = match healthy.map(|condition| text(condition, "status")) {
                Some("True") => "Healthy",
                Some("False") => "Unhealthy",
                _ => "Unknown",
            };
            let of = |field: &str| healthy.map_or("", |condition| text(condition, field));
            vec![
                object["metadata"]["name"].clone(),
                json!(status),
                json!(of("message")),
                json!(of("error")),
            ]
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::testing::row;

    #[test]
    fn the_row_shows_health_and_words() {
        let healthy = json!({
            "metadata": {"name": "scheduler"},
            "conditions": [{"type": "Healthy", "status": "True", "message": "ok"}],
        });
        assert_eq!(
            row(&resource(), &healthy),
            ["scheduler", "Healthy", "ok", ""]
        );
        let unknown = json!({"metadata": {"name": "x"}});
        assert_eq!(row(&resource(), &unknown)[1], "Unknown");
    }
}
