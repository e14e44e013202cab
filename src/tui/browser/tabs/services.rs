//! Services, and the addresses behind each.

use super::super::row::{Body, Branch, ObjectRow, Row, grade};
use crate::sandbox::{ClusterView, EndpointView, Reference, ServiceView};
use crate::tui::browser::words;
use crate::tui::theme::Grade;

pub(super) fn rows(view: &ClusterView) -> Vec<Row> {
    if view.services.is_empty() {
        let words = words::NO_SERVICES.to_owned();
        return vec![Row::plain(Body::Words(words))];
    }
    let mut rows = Vec::new();
    for service in &view.services {
        rows.push(self::service(service));
        let mut facts = service.selector.join(",");
        if facts.is_empty() {
            facts = words::NO_SELECTOR.to_owned();
        }
        rows.push(Row::plain(Body::Detail {
            below: Branch::default().child(true).1,
            text: words::selects(&facts),
        }));
        for (index, endpoint) in service.endpoints.iter().enumerate() {
            let is_last = index + 1 == service.endpoints.len();
            rows.push(self::endpoint(service, endpoint, is_last));
        }
    }
    rows
}

/// One Service on one row.
pub(super) fn service(service: &ServiceView) -> Row {
    let mut facts = Vec::new();
    if service.kind != "ClusterIP" {
        facts.push(service.kind.clone());
    }
    facts.push(service.ports.join(" "));
    facts.extend(service.cluster_ip.clone());
    Row::object(
        Reference::known("Service", &service.namespace, &service.name),
        ObjectRow {
            name: format!("svc/{}", service.name),
            grade: Some(grade(service.health)),
            state: words::endpoints(service.ready_endpoints, service.all_endpoints),
            facts,
            ..ObjectRow::default()
        },
    )
}

fn endpoint(service: &ServiceView, endpoint: &EndpointView, is_last: bool) -> Row {
    let (grade, state) = match (endpoint.ready, endpoint.leaving) {
        (_, true) => (Grade::Moving, words::LEAVING),
        (true, false) => (Grade::Good, words::READY),
        (false, false) => (Grade::Bad, words::NOT_READY),
    };
    let row = ObjectRow {
        branch: Branch::default().child(is_last).0,
        name: endpoint.address.clone(),
        grade: Some(grade),
        state: state.to_owned(),
        facts: endpoint.pod.iter().chain(&endpoint.node).cloned().collect(),
    };
    match &endpoint.pod {
        Some(pod) => Row::object(Reference::known("Pod", &service.namespace, pod), row),
        None => Row::plain(Body::Object(row)),
    }
}
