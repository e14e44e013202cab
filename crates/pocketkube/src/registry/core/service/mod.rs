//! Service: a stable address and name for the Pods that a selector picks.
//!
//! The strategy only puts the parts in order: defaults, addresses and ports from the allocator,
//! what a change of type drops, validation. Mirrors `pkg/registry/core/service` (v1.35).

mod allocator;
mod cluster_ips;
mod defaults;
mod families;
mod table;
mod update;
mod validation;
mod warnings;

use serde_json::{Value, json};

pub use allocator::{CLUSTER_IP_RANGE, NODE_PORT_RANGE};

use crate::api::field::ErrorList;
use crate::api::names::{self, NameRule};
use crate::api::tree::{is_empty, restore, strings, text};
use crate::api::{GroupVersionKind, StatusError, meta};
use crate::registry::{HookContext, Reservation, ResourceDef, SelectableField, Strategy, Verb};

pub const CLUSTER_IP: &str = "ClusterIP";
pub const NODE_PORT: &str = "NodePort";
pub const LOAD_BALANCER: &str = "LoadBalancer";
pub const EXTERNAL_NAME: &str = "ExternalName";
/// The cluster IP of a headless Service.
pub const NONE: &str = "None";

pub fn resource() -> ResourceDef {
    let strategy = ServiceStrategy {
        allocator: allocator::Allocator::default(),
    };
    ResourceDef::namespaced("", "v1", "Service", "services", strategy)
        .short_names(&["svc"])
        .in_all()
        .table(table::table())
        .selectable(vec![
            SelectableField::at("spec.clusterIP"),
            SelectableField::at("spec.type"),
        ])
        .with_status()
        .with_subresource(
            "proxy",
            GroupVersionKind::new("", "v1", "ServiceProxyOptions"),
            &[
                Verb::Create,
                Verb::Delete,
                Verb::Get,
                Verb::Patch,
                Verb::Update,
            ],
        )
}

struct ServiceStrategy {
    allocator: allocator::Allocator,
}

impl Strategy for ServiceStrategy {
    fn default(&self, object: &mut Value) {
        defaults::set(object);
    }

    fn name_rule(&self) -> NameRule {
        names::name_is_dns1035_label
    }

    fn prepare_for_create(&self, object: &mut Value, _context: &HookContext<'_>) {
        object["status"] = json!({"loadBalancer": {}});
    }

    fn allocate(
        &self,
        object: &mut Value,
        old: Option<&Value>,
        context: &HookContext<'_>,
    ) -> Result<Option<Box<dyn Reservation>>, StatusError> {
        let spec = &mut object["spec"];
        cluster_ips::synchronize(spec, old.map(|old| &old["spec"]));
        let result = families::initialize(spec, old.map(|old| &old["spec"])).and_then(|()| {
            self.allocator
                .allocate(spec, old.map(|old| &old["spec"]), context.objects)
        });
        match result {
            Ok(reservation) => Ok(Some(Box::new(reservation))),
            Err(errors) => {
                let name = meta::name(object);
                Err(StatusError::invalid("", "Service", name, &errors))
            }
        }
    }

    fn validate(&self, object: &Value, _context: &HookContext<'_>) -> ErrorList {
        validation::validate(object)
    }

    fn prepare_for_update(&self, new: &mut Value, old: &Value, _context: &HookContext<'_>) {
        restore(new, old, "status");
        let (new, old) = (&mut new["spec"], &old["spec"]);
        update::keep_allocated(new, old);
        cluster_ips::synchronize(new, Some(old));
        update::drop_what_the_type_does_not_have(new, old);
    }

    fn validate_update(&self, new: &Value, old: &Value, _context: &HookContext<'_>) -> ErrorList {
        let mut errors = update::validate(&new["spec"], &old["spec"]);
        errors.extend(validation::validate(new));
        errors
    }

    fn validate_status_update(
        &self,
        new: &Value,
        _old: &Value,
        _context: &HookContext<'_>,
    ) -> ErrorList {
        validation::validate_status(new)
    }

    fn warnings(&self, object: &Value, _old: Option<&Value>) -> Vec<String> {
        warnings::warnings(object)
    }

    fn allows_create_on_update(&self) -> bool {
        true
    }

    fn returns_deleted_object(&self) -> bool {
        true
    }
}

// === What a spec asks for ===

fn type_of(spec: &Value) -> &str {
    text(spec, "type")
}

/// Whether the one cluster IP is `None`.
fn is_headless(spec: &Value) -> bool {
    strings(&spec["clusterIPs"]).eq([NONE])
}

fn needs_cluster_ip(spec: &Value) -> bool {
    type_of(spec) != EXTERNAL_NAME
}

fn needs_node_ports(spec: &Value) -> bool {
    [NODE_PORT, LOAD_BALANCER].contains(&type_of(spec))
}

fn needs_health_check_port(spec: &Value) -> bool {
    type_of(spec) == LOAD_BALANCER && text(spec, "externalTrafficPolicy") == "Local"
}

/// Whether traffic from outside the cluster can reach it.
fn is_externally_accessible(spec: &Value) -> bool {
    needs_node_ports(spec) || (type_of(spec) == CLUSTER_IP && !is_empty(&spec["externalIPs"]))
}
