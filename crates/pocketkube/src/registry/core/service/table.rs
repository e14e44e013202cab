//! How `kubectl get services` shows Services.

use serde_json::{Value, json};

use super::{CLUSTER_IP, EXTERNAL_NAME, LOAD_BALANCER, NODE_PORT, type_of};
use crate::api::tree::{elements, entries, integer, strings, text};
use crate::printers::{Column, TableDef, age_cell};

pub(super) fn table() -> TableDef {
    TableDef::new(
        vec![
            Column::name(),
            Column::text("Type"),
            Column::text("Cluster-IP"),
            Column::text("External-IP"),
            Column::text("Port(s)"),
            Column::age(),
            Column::text("Selector").wide(),
        ],
        |object, context| {
            let spec = &object["spec"];
            let cluster_ip = strings(&spec["clusterIPs"]).next().unwrap_or("<none>");
            vec![
                object["metadata"]["name"].clone(),
                json!(type_of(spec)),
                json!(cluster_ip),
                json!(external_ip(object)),
                json!(or_none(ports(spec))),
                json!(age_cell(object, context.now)),
                json!(or_none(labels_cell(&spec["selector"]))),
            ]
        },
    )
}

fn or_none(text: String) -> String {
    if text.is_empty() {
        "<none>".to_owned()
    } else {
        text
    }
}

fn external_ip(service: &Value) -> String {
    let spec = &service["spec"];
    let given: Vec<&str> = strings(&spec["externalIPs"]).collect();
    match type_of(spec) {
        CLUSTER_IP | NODE_PORT => or_none(given.join(",")),
        LOAD_BALANCER => {
            let mut all = ingress_points(service);
            all.extend(given);
            match all.as_slice() {
                [] => "<pending>".to_owned(),
                all => all.join(","),
            }
        }
        EXTERNAL_NAME => text(spec, "externalName").to_owned(),
        _ => "<unknown>".to_owned(),
    }
}

fn ingress_points(service: &Value) -> Vec<&str> {
    let mut points: Vec<&str> = elements(&service["status"]["loadBalancer"]["ingress"])
        .iter()
        .map(|ingress| match text(ingress, "ip") {
            "" => text(ingress, "hostname"),
            ip => ip,
        })
        .filter(|point| !point.is_empty())
        .collect();
    points.sort_unstable();
    points.dedup();
    points
}

/// `80:30080/TCP,53/UDP`.
fn ports(spec: &Value) -> String {
    let cells: Vec<String> = elements(&spec["ports"])
        .iter()
        .map(|port| {
            let (number, protocol) = (integer(port, "port"), text(port, "protocol"));
            match integer(port, "nodePort") {
                0 => format!("{number}/{protocol}"),
                node_port => format!("{number}:{node_port}/{protocol}"),
            }
        })
        .collect();
    cells.join(",")
}

/// `app=web,tier=front`.
fn labels_cell(labels: &Value) -> String {
    let pairs: Vec<String> = entries(labels)
        .map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default()))
        .collect();
    pairs.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::testing::row;

    fn cells(spec: Value, status: Value) -> Vec<String> {
        let service = json!({
            "metadata": {"name": "s", "creationTimestamp": "2025-01-01T00:00:00Z"},
            "spec": spec, "status": status,
        });
        row(&super::super::resource(), &service)
    }

    #[test]
    fn ports_show_their_node_ports_and_protocols() {
        let spec = json!({
            "type": "NodePort", "clusterIPs": ["10.96.5.5"], "selector": {"b": "2", "a": "1"},
            "ports": [{"port": 80, "nodePort": 30080, "protocol": "TCP"}, {"port": 53, "protocol": "UDP"}],
        });
        assert_eq!(
            cells(spec, json!({})),
            [
                "s",
                "NodePort",
                "10.96.5.5",
                "<none>",
                "80:30080/TCP,53/UDP",
                "5m",
                "a=1,b=2"
            ]
        );
    }

    #[test]
    fn a_load_balancer_is_pending_until_it_has_an_address() {
        let spec = json!({"type": "LoadBalancer", "clusterIPs": ["10.96.5.5"]});
        assert_eq!(cells(spec.clone(), json!({}))[3], "<pending>");
        let status =
            json!({"loadBalancer": {"ingress": [{"ip": "203.0.113.2"}, {"hostname": "a.test"}]}});
        assert_eq!(cells(spec, status)[3], "203.0.113.2,a.test");
    }

    #[test]
    fn a_name_shows_where_it_leads() {
        let spec = json!({"type": "ExternalName", "externalName": "db.example.com"});
        assert_eq!(
            cells(spec, json!({}))[1..5],
            ["ExternalName", "<none>", "db.example.com", "<none>"]
        );
    }
}
