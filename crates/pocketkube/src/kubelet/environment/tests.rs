use serde_json::{Value, json};

use super::*;

/// Sources from lists of objects written as JSON.
struct Given(Vec<Value>);

impl Given {
    fn find<K: Kind>(&self, namespace: &str, name: &str) -> Option<Arc<K>> {
        let all = self.all::<K>(namespace);
        all.into_iter().find(|object| object.name() == name)
    }

    fn all<K: Kind>(&self, namespace: &str) -> Vec<Arc<K>> {
        let own = self.0.iter().filter(|object| {
            object["kind"] == K::KIND && object["metadata"]["namespace"] == namespace
        });
        own.map(|object| Arc::new(serde_json::from_value(object.clone()).unwrap()))
            .collect()
    }
}

impl Sources for Given {
    fn config_map(&self, namespace: &str, name: &str) -> Option<Arc<ConfigMap>> {
        self.find(namespace, name)
    }

    fn secret(&self, namespace: &str, name: &str) -> Option<Arc<Secret>> {
        self.find(namespace, name)
    }

    fn services(&self, namespace: &str) -> Vec<Arc<Service>> {
        self.all(namespace)
    }
}

fn sources() -> Given {
    let metadata = |name: &str| json!({"name": name, "namespace": "shop"});
    Given(vec![
        json!({"kind": "ConfigMap", "metadata": metadata("app"), "data": {"MODE": "fast"}}),
        json!({"kind": "Secret", "metadata": metadata("key"), "data": {"password": "aHVudGVyMg=="}}),
        json!({"kind": "Service", "metadata": metadata("my-db"), "spec": {"clusterIP": "10.96.0.7",
            "ports": [{"port": 5432, "name": "sql", "protocol": "TCP"}]}}),
        json!({"kind": "Service", "metadata": metadata("headless"), "spec": {"clusterIP": "None",
            "ports": [{"port": 1}]}}),
    ])
}

fn variables(container: Value) -> Result<BTreeMap<String, String>, String> {
    let pod = json!({
        "metadata": {"name": "web", "namespace": "shop", "labels": {"app": "web"}},
        "spec": {"containers": [container]},
    });
    let pod: Pod = serde_json::from_value(pod).unwrap();
    let facts = NodeFacts {
        pod_ip: "10.244.1.5".to_owned(),
        allocatable_milli_cpu: 4000,
        ..NodeFacts::default()
    };
    let container = &pod.spec.as_ref().unwrap().containers[0];
    let list = environment(&pod, container, &facts, &sources())?;
    Ok(list.into_iter().collect())
}

#[track_caller]
fn check(env: Value, name: &str, expected: &str) {
    let found = variables(json!({"name": "c", "env": env})).unwrap();
    assert_eq!(found.get(name).map(String::as_str), Some(expected));
}

#[track_caller]
fn check_error(container: Value, expected: &str) {
    assert_eq!(variables(container).unwrap_err(), expected);
}

#[test]
fn values_come_from_literals_config_maps_secrets_fields_and_resources() {
    check(
        json!([{"name": "A", "value": "x"}, {"name": "B", "value": "$(A)y"}]),
        "B",
        "xy",
    );
    let config = json!({"configMapKeyRef": {"name": "app", "key": "MODE"}});
    check(json!([{"name": "M", "valueFrom": config}]), "M", "fast");
    let secret = json!({"secretKeyRef": {"name": "key", "key": "password"}});
    check(json!([{"name": "P", "valueFrom": secret}]), "P", "hunter2");
    let ip = json!({"fieldRef": {"fieldPath": "status.podIP"}});
    check(json!([{"name": "IP", "valueFrom": ip}]), "IP", "10.244.1.5");
    let label = json!({"fieldRef": {"fieldPath": "metadata.labels['app']"}});
    check(json!([{"name": "L", "valueFrom": label}]), "L", "web");
    let cpu = json!({"resourceFieldRef": {"resource": "limits.cpu"}});
    check(json!([{"name": "C", "valueFrom": cpu}]), "C", "4");
}

#[test]
fn services_of_the_namespace_are_announced() {
    let found = variables(json!({"name": "c"})).unwrap();
    assert_eq!(found["MY_DB_SERVICE_HOST"], "10.96.0.7");
    assert_eq!(found["MY_DB_SERVICE_PORT_SQL"], "5432");
    assert_eq!(found["MY_DB_PORT"], "tcp://10.96.0.7:5432");
    assert_eq!(found["MY_DB_PORT_5432_TCP_ADDR"], "10.96.0.7");
    assert!(!found.contains_key("HEADLESS_SERVICE_HOST"));
}

#[test]
fn whole_maps_come_with_a_prefix() {
    let from = json!([{"prefix": "APP_", "configMapRef": {"name": "app"}}]);
    let found = variables(json!({"name": "c", "envFrom": from})).unwrap();
    assert_eq!(found["APP_MODE"], "fast");
}

#[test]
fn what_is_missing_is_named_unless_it_is_optional() {
    let from =
        |reference: Value| json!({"name": "c", "env": [{"name": "X", "valueFrom": reference}]});
    check_error(
        from(json!({"configMapKeyRef": {"name": "nope", "key": "k"}})),
        "configmap \"nope\" not found",
    );
    check_error(
        from(json!({"configMapKeyRef": {"name": "app", "key": "k"}})),
        "couldn't find key k in ConfigMap shop/app",
    );
    check_error(
        from(json!({"secretKeyRef": {"name": "nope", "key": "k"}})),
        "secret \"nope\" not found",
    );
    let optional = json!({"secretKeyRef": {"name": "nope", "key": "k", "optional": true}});
    assert!(!variables(from(optional)).unwrap().contains_key("X"));
}
