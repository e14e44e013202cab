//! What every built-in type looks like: its fields, their types and how patches treat them.
//!
//! The table is data (`data/fields.json`); a message is read the first time that somebody asks for
//! it, so start-up pays only for an index of names. Nothing here looks at objects: decoding, normal
//! form and patches walk an object beside its [`Message`]. Kinds that custom resources bring are
//! not in the table.

mod field;
mod table;

pub use field::{Field, ListType, PatchStrategy, Presence, Shape, Type};
pub use table::{Message, MessageRef, WireField};

/// The message with this path, such as `api.core.v1.Pod`.
pub fn message(path: &str) -> Option<&'static Message> {
    table::find(path).map(MessageRef::get)
}

/// The message of a kind, such as (`apps`, `v1`, `Deployment`). Kinds that go with any group, such
/// as `DeleteOptions` and `Status`, are found under every group and version.
pub fn message_for(group: &str, version: &str, kind: &str) -> Option<&'static Message> {
    let package = match group {
        "" => "api.core".to_owned(),
        "apiextensions.k8s.io" => "apiextensions_apiserver.pkg.apis.apiextensions".to_owned(),
        "apiregistration.k8s.io" => "kube_aggregator.pkg.apis.apiregistration".to_owned(),
        "internal.apiserver.k8s.io" => "api.apiserverinternal".to_owned(),
        "metrics.k8s.io" => "metrics.pkg.apis.metrics".to_owned(),
        "meta.k8s.io" => META.to_owned(),
        _ => format!("api.{}", group.split('.').next().unwrap_or_default()),
    };
    let own = message(&format!("{package}.{version}.{kind}"));
    own.filter(|message| message.has_type_meta())
        .or_else(|| message(&format!("{META}.v1.{kind}")).filter(|message| message.has_type_meta()))
}

/// `metadata` of every object.
pub fn object_meta() -> &'static Message {
    message(&format!("{META}.v1.ObjectMeta")).expect("the table has ObjectMeta")
}

/// The schema of a schema, as CustomResourceDefinitions hold it.
pub fn json_schema_props() -> &'static Message {
    message("apiextensions_apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps")
        .expect("the table has JSONSchemaProps")
}

const META: &str = "apimachinery.pkg.apis.meta";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_found_by_group_version_and_name() {
        for (group, version, kind) in [
            ("", "v1", "Pod"),
            ("", "v1", "PodList"),
            ("apps", "v1", "Deployment"),
            ("rbac.authorization.k8s.io", "v1", "ClusterRole"),
            ("networking.k8s.io", "v1", "IngressClass"),
            ("apiextensions.k8s.io", "v1", "CustomResourceDefinition"),
            ("apiregistration.k8s.io", "v1", "APIService"),
            ("storage.k8s.io", "v1", "CSIDriver"),
            ("coordination.k8s.io", "v1", "Lease"),
            ("policy", "v1", "Eviction"),
            ("autoscaling", "v1", "Scale"),
            ("authentication.k8s.io", "v1", "TokenRequest"),
            ("", "v1", "DeleteOptions"),
            ("apps", "v1", "DeleteOptions"),
        ] {
            let found = message_for(group, version, kind);
            assert_eq!(
                found.map(Message::go_name),
                Some(kind),
                "{group}/{version} {kind}"
            );
        }
        assert!(message_for("apps", "v1", "Widget").is_none());
        assert!(message_for("", "v1", "PodSpec").is_none(), "not a kind");
    }

    #[test]
    fn fields_know_their_type_presence_and_patch_rules() {
        let container = message("api.core.v1.Container").expect("Container");
        let ports = container.field("ports").expect("ports");
        assert_eq!(ports.shape, Shape::List);
        assert_eq!(ports.patch_merge_key, Some("containerPort"));
        assert_eq!(ports.list_type, Some(ListType::Map));
        assert_eq!(ports.list_map_keys, ["containerPort", "protocol"]);
        assert_eq!(ports.go_type(), "[]v1.ContainerPort");
        let port = ports.message().expect("a message");
        let protocol = port.field("protocol").expect("protocol");
        assert_eq!(protocol.default, Some("TCP".into()));
        assert_eq!(protocol.go_type(), "v1.Protocol");
        let resources = container.field("resources").expect("resources");
        assert_eq!(resources.presence, Presence::Value { omit_empty: true });
        let limits = resources
            .message()
            .and_then(|r| r.field("limits"))
            .expect("limits");
        assert_eq!((limits.shape, limits.kind), (Shape::Map, Type::Quantity));
        assert_eq!(limits.go_type(), "v1.ResourceList");
    }

    #[test]
    fn inlined_messages_are_flat_in_json_and_nested_on_the_wire() {
        let probe = message("api.core.v1.Probe").expect("Probe");
        let http = probe.field("httpGet").expect("inlined from ProbeHandler");
        assert_eq!(http.presence, Presence::Pointer);
        assert!(probe.field("ProbeHandler").is_none());
        match probe.wire(1) {
            Some(WireField::Inline(handler)) => assert_eq!(handler.get().go_name(), "ProbeHandler"),
            _ => panic!("tag 1 is the inlined handler"),
        }
        assert!(matches!(probe.wire(6), Some(WireField::Field(f)) if f.name == "failureThreshold"));
    }

    #[test]
    fn every_message_of_the_table_can_be_read() {
        let mut fields = 0;
        for message in table::all() {
            let message = message.get();
            fields += message.fields().len();
            assert!(message.fields().len() < 128, "{}", message.path());
            for field in message.fields() {
                assert!(
                    message.field(field.name).is_some(),
                    "{} is sorted",
                    message.path()
                );
                if let Some(inner) = field.message() {
                    inner.go_name();
                }
            }
        }
        assert!(fields > 4000);
    }

    #[test]
    fn only_objects_and_options_have_type_meta() {
        assert!(message("api.core.v1.Pod").is_some_and(Message::has_type_meta));
        assert!(message("api.core.v1.PodSpec").is_some_and(|m| !m.has_type_meta()));
        let pod = message("api.core.v1.Pod").expect("Pod");
        assert!(pod.field("kind").is_some() && pod.field("apiVersion").is_some());
        assert!(pod.wire(3).is_some() && pod.fields().len() == 5);
    }
}
