//! Users of the cluster by the names that people have for them.

use std::sync::Arc;

use crate::registry::ResourceDef;

/// `system:serviceaccount:kube-system:deployment-controller` is the `Deployment controller`.
pub(super) fn in_plain_words(user: &str, rows: &[Arc<ResourceDef>]) -> String {
    let Some(system) = user.strip_prefix("system:") else {
        return user.to_owned();
    };
    if let Some(node) = system.strip_prefix("node:") {
        return format!("kubelet on {node}");
    }
    if let Some(account) = system.strip_prefix("serviceaccount:") {
        return match account.strip_prefix("kube-system:") {
            Some(own) => controller(own, rows),
            None => format!("service account {}", account.replace(':', "/")),
        };
    }
    match system {
        "apiserver" => "API server".to_owned(),
        component => component.trim_start_matches("kube-").replace('-', " "),
    }
}

/// A controller that is called after a kind is named as that kind is written.
fn controller(account: &str, rows: &[Arc<ResourceDef>]) -> String {
    let kind = account.strip_suffix("-controller").and_then(|own| {
        let row = rows.iter().find(|row| *row.singular == *own)?;
        Some(format!("{} controller", row.kind))
    });
    kind.unwrap_or_else(|| account.trim_start_matches("generic-").replace('-', " "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::built_in_resources;

    #[track_caller]
    fn check(user: &str, expected: &str) {
        let rows: Vec<_> = built_in_resources().into_iter().map(Arc::new).collect();
        assert_eq!(in_plain_words(user, &rows), expected);
    }

    #[test]
    fn who_acted_is_said_as_people_say_it() {
        check("kubernetes-admin", "kubernetes-admin");
        check("system:kube-scheduler", "scheduler");
        check("system:kube-controller-manager", "controller manager");
        check("system:apiserver", "API server");
        check("system:node:worker", "kubelet on worker");
        let own = |name: &str| format!("system:serviceaccount:kube-system:{name}");
        check(&own("deployment-controller"), "Deployment controller");
        check(&own("replicaset-controller"), "ReplicaSet controller");
        check(&own("generic-garbage-collector"), "garbage collector");
        check(&own("pod-garbage-collector"), "pod garbage collector");
        let operator = "system:serviceaccount:shop:operator";
        check(operator, "service account shop/operator");
    }
}
