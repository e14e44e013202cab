//! Which requests belong together, as FlowSchemas and PriorityLevelConfigurations say.
//!
//! Mirrors `apiserver/pkg/util/flowcontrol/{apf_controller,rule}.go` (v1.35).

use std::collections::BTreeMap;
use std::sync::Arc;

use http::HeaderValue;
use serde_json::Value;

use super::level::{Level, Limits};
use crate::api::tree::{elements, integer, strings, text};
use crate::api::{GroupResource, ObjectRef};
use crate::authentication::UserInfo;
use crate::endpoints::request_info::RequestInfo;
use crate::storage::{Storage, Watcher};

/// Requests at a time: upstream's 400 that read and 200 that write.
pub(super) const SEATS: usize = 600;
const GROUP: &str = "flowcontrol.apiserver.k8s.io";
const RESOURCES: [&str; 2] = ["flowschemas", "prioritylevelconfigurations"];
const ALL: &str = "*";

/// Tells when the configuration has changed.
pub(super) struct News([Watcher; 2]);

impl News {
    pub(super) fn start(storage: &Storage) -> Self {
        Self(RESOURCES.map(|plural| {
            let resource = Arc::new(GroupResource::new(GROUP, plural));
            storage.list_and_watch(&resource, "").1
        }))
    }

    pub(super) fn is_any(&self) -> bool {
        self.0.iter().any(Watcher::has_news)
    }

    pub(super) fn take(&mut self) {
        for watcher in &mut self.0 {
            // All is read anew: what was missed is no matter.
            let _ = watcher.take_news();
        }
    }
}

/// Where a request belongs.
#[derive(Clone, Debug)]
pub(super) struct Flow {
    /// The uid of the FlowSchema.
    pub(super) schema: HeaderValue,
    pub(super) level: Arc<Level>,
    /// Tells flows of a level apart.
    pub(super) name: String,
}

/// What is configured.
#[derive(Default)]
pub(super) struct Configuration {
    /// In the order in which they are asked.
    schemas: Vec<Schema>,
    levels: BTreeMap<String, Arc<Level>>,
}

struct Schema {
    object: ObjectRef,
    uid: HeaderValue,
    level: Arc<Level>,
}

impl Configuration {
    /// Reads everything; levels that `before` knows keep who sits and waits there.
    pub(super) fn read(storage: &Storage, before: &Self) -> Self {
        let list = |plural: &str| storage.list(&GroupResource::new(GROUP, plural), "").items;
        let objects = list("prioritylevelconfigurations");
        let shares = |level: &Value| integer(&level["spec"]["limited"], "nominalConcurrencyShares");
        let total: i64 = objects.iter().map(|level| shares(level.value())).sum();
        let mut levels = BTreeMap::new();
        for object in &objects {
            let limits = limits(object.value(), total);
            let level = match before.levels.get(object.name()) {
                Some(level) if *level.uid() == header(object.uid()) => level.clone(),
                _ => Arc::new(Level::new(header(object.uid()))),
            };
            level.set(limits);
            levels.insert(object.name().to_owned(), level);
        }
        let mut schemas: Vec<Schema> = list("flowschemas")
            .into_iter()
            .filter_map(|object| {
                let spec = &object.value()["spec"];
                let level = levels.get(text(&spec["priorityLevelConfiguration"], "name"))?;
                Some(Schema {
                    uid: header(object.uid()),
                    level: level.clone(),
                    object,
                })
            })
            .collect();
        schemas.sort_by_cached_key(|schema| {
            let precedence = integer(&schema.object.value()["spec"], "matchingPrecedence");
            (precedence, schema.object.name().to_owned())
        });
        Self { schemas, levels }
    }

    /// The first schema that matches decides.
    pub(super) fn classify(&self, user: &UserInfo, info: &RequestInfo) -> Option<Flow> {
        let schema = self.schemas.iter().find(|schema| {
            let mut rules = elements(&schema.object.value()["spec"]["rules"]).iter();
            rules.any(|rule| matches(rule, user, info))
        })?;
        let method = &schema.object.value()["spec"]["distinguisherMethod"];
        let distinguisher = match text(method, "type") {
            "ByUser" => user.name.as_str(),
            "ByNamespace" => info.namespace.as_str(),
            _ => "",
        };
        Some(Flow {
            schema: schema.uid.clone(),
            level: schema.level.clone(),
            name: format!("{}/{distinguisher}", schema.object.name()),
        })
    }
}

fn header(uid: &str) -> HeaderValue {
    HeaderValue::from_str(uid).unwrap_or(HeaderValue::from_static(""))
}

fn limits(level: &Value, total_shares: i64) -> Limits {
    let spec = &level["spec"];
    if text(spec, "type") == "Exempt" {
        return Limits::default();
    }
    let count = |value: i64| usize::try_from(value).unwrap_or_default();
    let limited = &spec["limited"];
    let shares = count(integer(limited, "nominalConcurrencyShares"));
    let queuing = &limited["limitResponse"]["queuing"];
    Limits {
        seats: Some((SEATS * shares).div_ceil(count(total_shares).max(1))),
        waiting: count(integer(queuing, "handSize")) * count(integer(queuing, "queueLengthLimit")),
    }
}

fn matches(rule: &Value, user: &UserInfo, info: &RequestInfo) -> bool {
    let mut subjects = elements(&rule["subjects"]).iter();
    if !subjects.any(|subject| is_subject(subject, user)) {
        return false;
    }
    if info.is_resource {
        let mut rules = elements(&rule["resourceRules"]).iter();
        return rules.any(|rule| is_about_resource(rule, info));
    }
    let mut rules = elements(&rule["nonResourceRules"]).iter();
    rules.any(|rule| has(&rule["verbs"], &info.verb) && has_path(rule, &info.path))
}

fn is_subject(subject: &Value, user: &UserInfo) -> bool {
    match text(subject, "kind") {
        "User" => {
            matches!(text(&subject["user"], "name"), name if name == ALL || name == user.name)
        }
        "Group" => {
            matches!(text(&subject["group"], "name"), name if name == ALL || user.is_in(name))
        }
        _ => {
            let account = &subject["serviceAccount"];
            let (namespace, name) = (text(account, "namespace"), text(account, "name"));
            let own = user.name.strip_prefix("system:serviceaccount:");
            own.and_then(|own| own.split_once(':'))
                .is_some_and(|own| own.0 == namespace && (name == ALL || own.1 == name))
        }
    }
}

fn is_about_resource(rule: &Value, info: &RequestInfo) -> bool {
    let is_in_place = match info.namespace.as_str() {
        "" => rule["clusterScope"] == true,
        namespace => has(&rule["namespaces"], namespace),
    };
    let is_resource = match info.subresource.as_str() {
        "" => has(&rule["resources"], &info.resource),
        sub => has(&rule["resources"], &format!("{}/{sub}", info.resource)),
    };
    is_in_place
        && is_resource
        && has(&rule["verbs"], &info.verb)
        && has(&rule["apiGroups"], &info.group)
}

/// Whether a list names a text, or everything.
fn has(list: &Value, wanted: &str) -> bool {
    strings(list).any(|own| own == ALL || own == wanted)
}

fn has_path(rule: &Value, path: &str) -> bool {
    strings(&rule["nonResourceURLs"]).any(|own| {
        let is_below = |prefix: &str| path.starts_with(prefix) && prefix.ends_with('/');
        own == ALL || own == path || own.strip_suffix('*').is_some_and(is_below)
    })
}
