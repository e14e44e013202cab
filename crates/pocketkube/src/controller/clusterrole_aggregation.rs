//! Fills the rules of ClusterRoles that gather those of others by label.
//!
//! Mirrors `pkg/controller/clusterroleaggregation/clusterroleaggregation_controller.go` (v1.35).

use std::sync::Arc;

use async_trait::async_trait;
use k8s_openapi::api::rbac::v1::{ClusterRole, PolicyRule};
use serde_json::json;

use super::{Controller, ControllerContext, SyncError, run};
use crate::client::{Client, Kind, Lister, Patch, Selector};

const NAME: &str = "clusterrole-aggregation-controller";

struct ClusterRoleAggregation {
    roles: Lister<ClusterRole>,
    client: Client,
}

pub(super) fn start(context: ControllerContext) {
    let roles = context.informers.get::<ClusterRole>();
    let queue = context.queue();
    let lister = roles.lister();
    let enqueue = queue.clone();
    roles.subscribe(move |change| {
        // Whatever changed may be part of any role that gathers others.
        if change.object().aggregation_rule.is_some() {
            enqueue.add(change.object().name().to_owned());
        }
        for role in lister.list("") {
            if role.aggregation_rule.is_some() {
                enqueue.add(role.name().to_owned());
            }
        }
    });
    let controller = Arc::new(ClusterRoleAggregation {
        roles: roles.lister(),
        client: context.client.clone(),
    });
    run(&context, NAME, (queue, 1), controller, async move {
        roles.wait_synced().await;
    });
}

#[async_trait]
impl Controller for ClusterRoleAggregation {
    type Key = String;

    async fn sync(&self, name: &String) -> Result<(), SyncError> {
        let Some(role) = self.roles.get("", name) else {
            return Ok(());
        };
        if role.aggregation_rule.is_none() || role.is_terminating() {
            return Ok(());
        }
        let rules = gathered(&role, self.roles.list(""));
        if role.rules.as_deref().unwrap_or_default() == rules {
            return Ok(());
        }
        let patch = Patch::Apply {
            object: json!({
                "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
                "metadata": {"name": name}, "rules": rules,
            }),
            field_manager: NAME.to_owned(),
            force: true,
        };
        self.client.patch::<ClusterRole>("", name, patch).await?;
        Ok(())
    }
}

/// The rules of all roles that `role` selects, in order of their names, each once.
fn gathered(role: &ClusterRole, mut others: Vec<Arc<ClusterRole>>) -> Vec<PolicyRule> {
    others.sort_by(|a, b| a.name().cmp(b.name()));
    let selectors = role
        .aggregation_rule
        .iter()
        .flat_map(|rule| rule.cluster_role_selectors.iter().flatten());
    let mut rules: Vec<PolicyRule> = Vec::new();
    for selector in selectors {
        let selector = Selector::from_label_selector(Some(selector));
        for other in &others {
            if other.name() == role.name() || !selector.matches(other.labels()) {
                continue;
            }
            for rule in other.rules.iter().flatten() {
                if !rules.contains(rule) {
                    rules.push(rule.clone());
                }
            }
        }
    }
    rules
}

#[cfg(test)]
mod tests {
    use super::*;

    fn role(name: &str, labels: serde_json::Value, resources: &[&str]) -> ClusterRole {
        let rules: Vec<_> = resources
            .iter()
            .map(|resource| json!({"verbs": ["get"], "apiGroups": [""], "resources": [resource]}))
            .collect();
        let role = json!({"metadata": {"name": name, "labels": labels}, "rules": rules});
        serde_json::from_value(role).unwrap()
    }

    #[test]
    fn selected_roles_are_gathered_in_order_and_each_rule_once() {
        let mut whole = role("whole", json!({"part": "true"}), &["secrets"]);
        whole.aggregation_rule = serde_json::from_value(json!({
            "clusterRoleSelectors": [{"matchLabels": {"part": "true"}}],
        }))
        .unwrap();
        let others = [
            role("b", json!({"part": "true"}), &["pods", "nodes"]),
            role("a", json!({"part": "true"}), &["pods"]),
            role("c", json!({}), &["events"]),
            whole.clone(),
        ];
        let rules = gathered(&whole, others.into_iter().map(Arc::new).collect());
        let resources: Vec<_> = rules
            .iter()
            .flat_map(|rule| rule.resources.clone().unwrap())
            .collect();
        assert_eq!(resources, ["pods", "nodes"]);
    }
}
