//! A cluster that is only a map, for tests of what stands on the client.
//!
//! It keeps revisions, conflicts, finalizers, graceful Pod deletion and watches, and nothing of
//! validation, defaulting or authorization.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use futures::stream;
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::{
    Client, EventRecorder, Informers, Kind, ObjectKey, ResourceRef, Transport, WatchReceiver,
};
use crate::api::{GroupResource, Object, ObjectRef, StatusError, meta};
use crate::authentication::UserInfo;
use crate::clock::Clock;
use crate::endpoints::{Call, ListReply, PatchType, Reply, WatchEvent};
use crate::registry::Verb;
use crate::tasks::Tasks;

/// Decides whether a call fails.
type Refusal = Box<dyn Fn(&Call) -> Option<StatusError> + Send + Sync>;

pub(crate) struct FakeCluster {
    clock: Clock,
    state: Mutex<State>,
    refusal: Mutex<Option<Refusal>>,
}

#[derive(Default)]
struct State {
    revision: u64,
    objects: BTreeMap<GroupResource, BTreeMap<ObjectKey, ObjectRef>>,
    watchers: Vec<(GroupResource, mpsc::UnboundedSender<WatchEvent>)>,
    writes: Vec<String>,
}

impl FakeCluster {
    pub(crate) fn new(clock: Clock) -> Arc<Self> {
        Arc::new(Self {
            clock,
            state: Mutex::default(),
            refusal: Mutex::default(),
        })
    }

    /// What was written so far, as `verb resource namespace/name`, and forgets it.
    pub(crate) fn take_writes(&self) -> Vec<String> {
        let mut writes = std::mem::take(&mut self.state.lock().writes);
        writes.retain(|write| !write.contains(" events "));
        writes
    }

    /// Lets every call fail for which `refusal` has an error.
    pub(crate) fn refuse(
        &self,
        refusal: impl Fn(&Call) -> Option<StatusError> + Send + Sync + 'static,
    ) {
        *self.refusal.lock() = Some(Box::new(refusal));
    }

    pub(crate) fn refuse_nothing(&self) {
        *self.refusal.lock() = None;
    }

    fn perform(&self, call: Call) -> Result<Reply, StatusError> {
        if let Some(error) = self
            .refusal
            .lock()
            .as_ref()
            .and_then(|refuse| refuse(&call))
        {
            return Err(error);
        }
        let now = meta::format_time(self.clock.now());
        let mut state = self.state.lock();
        match call.verb {
            Verb::Get => state.get(&call).map(Reply::Object),
            Verb::List | Verb::Watch => Ok(Reply::List(state.list(&call))),
            Verb::Create => state.create(call, &now),
            Verb::Update => state.update(call),
            Verb::Patch => state.patch(call),
            Verb::Delete => state.delete(&call, &now),
            Verb::DeleteCollection => {
                for object in state.list(&call).items {
                    let mut one = call.clone();
                    one.verb = Verb::Delete;
                    one.namespace = object.namespace().to_owned();
                    one.name = object.name().to_owned();
                    state.delete(&one, &now)?;
                }
                Ok(Reply::Value(json!({"status": "Success"})))
            }
        }
    }
}

impl State {
    fn get(&self, call: &Call) -> Result<ObjectRef, StatusError> {
        let key = ObjectKey::new(&call.namespace, &call.name);
        let objects = self.objects.get(&call.resource);
        let found = objects.and_then(|objects| objects.get(&key)).cloned();
        found.ok_or_else(|| StatusError::not_found(&call.resource, &call.name))
    }

    fn list(&self, call: &Call) -> ListReply {
        let objects = self.objects.get(&call.resource).into_iter().flatten();
        let in_scope =
            |key: &ObjectKey| call.namespace.is_empty() || key.namespace == call.namespace;
        ListReply {
            items: objects
                .filter(|(key, _)| in_scope(key))
                .map(|(_, object)| object.clone())
                .collect(),
            revision: self.revision,
            continue_token: String::new(),
            remaining: None,
        }
    }

    fn create(&mut self, call: Call, now: &str) -> Result<Reply, StatusError> {
        if !call.subresource.is_empty() {
            self.log(&call, &call.name.clone());
            return Ok(Reply::Value(json!({"status": "Success"})));
        }
        let mut object = call.body.clone();
        let next = self.revision + 1;
        if meta::name(&object).is_empty() {
            let name = format!("{}{next:05}", meta::generate_name(&object));
            meta::set_text(&mut object, "name", &name);
        }
        let name = meta::name(&object).to_owned();
        let key = ObjectKey::new(&call.namespace, &name);
        let objects = self.objects.entry(call.resource.clone()).or_default();
        if objects.contains_key(&key) {
            return Err(StatusError::already_exists(&call.resource, &name));
        }
        meta::set_text(&mut object, "uid", &format!("uid-{next}"));
        meta::set_text(&mut object, "creationTimestamp", now);
        object["metadata"]["generation"] = json!(1);
        self.log(&call, &name);
        Ok(Reply::Object(self.commit(
            &call.resource,
            object,
            WatchEvent::Added,
        )))
    }

    fn update(&mut self, call: Call) -> Result<Reply, StatusError> {
        let old = self.get(&call)?;
        let mut new = call.body.clone();
        let version = new["metadata"]["resourceVersion"].clone();
        if version.is_string() && version != old.value()["metadata"]["resourceVersion"] {
            return Err(StatusError::modified(&call.resource, &call.name));
        }
        if call.subresource == "status" {
            new["spec"] = old.value()["spec"].clone();
        } else if !old.value()["status"].is_null() {
            new["status"] = old.value()["status"].clone();
        }
        self.replace(&call, &old, new)
    }

    fn patch(&mut self, call: Call) -> Result<Reply, StatusError> {
        let old = self.get(&call)?;
        let mut new = old.to_value();
        let version = call.body["metadata"]["resourceVersion"].clone();
        if version.is_string() && version != new["metadata"]["resourceVersion"] {
            return Err(StatusError::modified(&call.resource, &call.name));
        }
        match call.options.patch_type {
            PatchType::Json => {
                let patch: json_patch::Patch =
                    serde_json::from_value(call.body.clone()).expect("a JSON patch");
                json_patch::patch(&mut new, &patch)
                    .map_err(|error| StatusError::bad_request(error.to_string()))?;
            }
            _ => json_patch::merge(&mut new, &call.body),
        }
        self.replace(&call, &old, new)
    }

    fn replace(
        &mut self,
        call: &Call,
        old: &ObjectRef,
        mut new: Value,
    ) -> Result<Reply, StatusError> {
        let kept = &old.value()["metadata"];
        for field in [
            "uid",
            "creationTimestamp",
            "deletionTimestamp",
            "generation",
        ] {
            if !kept[field].is_null() {
                new["metadata"][field] = kept[field].clone();
            }
        }
        new["metadata"]["resourceVersion"] = kept["resourceVersion"].clone();
        if &new == old.value() {
            return Ok(Reply::Object(old.clone()));
        }
        if new["spec"] != old.value()["spec"] {
            new["metadata"]["generation"] = json!(meta::generation(old.value()) + 1);
        }
        self.log(call, &call.name);
        if meta::is_terminating(&new)
            && meta::finalizers(&new).next().is_none()
            && meta::finalizers(old.value()).next().is_some()
        {
            return Ok(Reply::Object(self.remove(&call.resource, new)));
        }
        Ok(Reply::Object(self.commit(
            &call.resource,
            new,
            WatchEvent::Modified,
        )))
    }

    fn delete(&mut self, call: &Call, now: &str) -> Result<Reply, StatusError> {
        let old = self.get(call)?;
        let preconditions = &call.body["preconditions"];
        for field in ["uid", "resourceVersion"] {
            let wanted = &preconditions[field];
            if !wanted.is_null() && *wanted != old.value()["metadata"][field] {
                let why = format!("Precondition failed: {field}");
                return Err(StatusError::conflict(&call.resource, &call.name, &why));
            }
        }
        self.log(call, &call.name);
        let mut object = old.to_value();
        let finalizer = match call.body["propagationPolicy"].as_str() {
            Some("Orphan") => Some("orphan"),
            Some("Foreground") => Some("foregroundDeletion"),
            _ => None,
        };
        let mut finalizers: Vec<String> = meta::finalizers(&object).map(str::to_owned).collect();
        finalizers.extend(finalizer.map(str::to_owned));
        let graceful = call.resource.resource == "pods"
            && object["spec"]["nodeName"].is_string()
            && call.body["gracePeriodSeconds"] != json!(0);
        if finalizers.is_empty() && !graceful {
            let removed = self.remove(&call.resource, object);
            return Ok(Reply::Object(removed));
        }
        if !meta::is_terminating(&object) {
            meta::set_text(&mut object, "deletionTimestamp", now);
        }
        if !finalizers.is_empty() {
            object["metadata"]["finalizers"] = json!(finalizers);
        }
        // What was asked for before is no change.
        if object == *old.value() {
            return Ok(Reply::Object(old));
        }
        Ok(Reply::Object(self.commit(
            &call.resource,
            object,
            WatchEvent::Modified,
        )))
    }

    fn commit(
        &mut self,
        resource: &GroupResource,
        mut object: Value,
        event: fn(ObjectRef) -> WatchEvent,
    ) -> ObjectRef {
        self.revision += 1;
        meta::set_text(&mut object, "resourceVersion", &self.revision.to_string());
        let object = Object::new(object);
        let key = ObjectKey::new(object.namespace(), object.name());
        let objects = self.objects.entry(resource.clone()).or_default();
        objects.insert(key, object.clone());
        self.tell(resource, &event(object.clone()));
        object
    }

    fn remove(&mut self, resource: &GroupResource, mut object: Value) -> ObjectRef {
        self.revision += 1;
        meta::set_text(&mut object, "resourceVersion", &self.revision.to_string());
        let object = Object::new(object);
        let key = ObjectKey::new(object.namespace(), object.name());
        if let Some(objects) = self.objects.get_mut(resource) {
            objects.remove(&key);
        }
        self.tell(resource, &WatchEvent::Deleted(object.clone()));
        object
    }

    fn tell(&mut self, resource: &GroupResource, event: &WatchEvent) {
        self.watchers.retain(|(watched, watcher)| {
            watched != resource || watcher.send(event.clone()).is_ok()
        });
    }

    fn log(&mut self, call: &Call, name: &str) {
        let part = match call.subresource.as_str() {
            "" => String::new(),
            part => format!("/{part}"),
        };
        let key = ObjectKey::new(&call.namespace, name);
        self.writes
            .push(format!("{} {}{part} {key}", call.verb, call.resource));
    }
}

#[async_trait]
impl Transport for FakeCluster {
    async fn call(&self, _user: &Arc<UserInfo>, call: Call) -> Result<Reply, StatusError> {
        self.perform(call)
    }

    fn watch(
        &self,
        _user: &Arc<UserInfo>,
        call: Call,
        from: u64,
    ) -> Result<WatchReceiver, StatusError> {
        assert_eq!(from, 0, "the fake watches from the current state only");
        let (sender, receiver) = mpsc::unbounded_channel();
        let mut state = self.state.lock();
        let listed = state.list(&call);
        for object in listed.items {
            let _ = sender.send(WatchEvent::Added(object));
        }
        let _ = sender.send(WatchEvent::Bookmark(listed.revision));
        state.watchers.push((call.resource, sender));
        Ok(WatchReceiver::new(stream::unfold(
            receiver,
            async |mut receiver| receiver.recv().await.map(|event| (event, receiver)),
        )))
    }
}

/// A fake cluster with everything a controller under test is given.
pub(crate) struct Harness {
    pub(crate) cluster: Arc<FakeCluster>,
    pub(crate) client: Client,
    pub(crate) informers: Informers,
    pub(crate) clock: Clock,
    pub(crate) tasks: Tasks,
}

impl Harness {
    pub(crate) fn new() -> Self {
        let start = "2026-01-02T03:04:05Z".parse().expect("a time");
        let clock = Clock::starting_at(start, 1.0);
        let tasks = Tasks::new();
        let cluster = FakeCluster::new(clock.clone());
        let client = Client::new(cluster.clone(), UserInfo::admin(), "test");
        let informers = Informers::new(client.clone(), clock.clone(), tasks.clone());
        Self {
            cluster,
            client,
            informers,
            clock,
            tasks,
        }
    }

    pub(crate) fn recorder(&self, component: &str) -> EventRecorder {
        EventRecorder::new(
            self.client.clone(),
            self.clock.clone(),
            &self.tasks,
            component,
            "",
        )
    }

    /// Creates an object written as JSON and returns it as stored.
    pub(crate) async fn given<K: Kind>(&self, mut object: Value) -> K {
        object["apiVersion"] = json!(K::API_VERSION);
        object["kind"] = json!(K::KIND);
        let resource = ResourceRef::of::<K>();
        let created = self.client.create_object(&resource, object).await;
        let created = created.expect("the object can be created");
        created.typed().expect("the object fits its type")
    }

    pub(crate) async fn get<K: Kind>(&self, namespace: &str, name: &str) -> K {
        self.client
            .get(namespace, name)
            .await
            .expect("the object exists")
    }

    pub(crate) async fn all<K: Kind>(&self) -> Vec<K> {
        self.client
            .list("")
            .await
            .expect("the objects can be listed")
    }

    /// Every Event so far, as `type reason (count): message`.
    pub(crate) async fn events(&self) -> Vec<String> {
        let mut events = self.all::<k8s_openapi::api::core::v1::Event>().await;
        events.sort_by_key(|event| meta_number(event.resource_version()));
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        events
            .iter()
            .map(|event| {
                let (kind, reason) = (text(&event.type_), text(&event.reason));
                let count = event.count.unwrap_or_default();
                format!("{kind} {reason} ({count}): {}", text(&event.message))
            })
            .collect()
    }

    /// Lets everybody work until `span` of cluster time has passed.
    pub(crate) async fn pass(&self, span: std::time::Duration) {
        self.clock.sleep(span).await;
    }
}

fn meta_number(version: &str) -> u64 {
    version.parse().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use k8s_openapi::api::core::v1::{ConfigMap, Event};

    use super::*;
    use crate::client::{EventType, retry_on_conflict};

    #[tokio::test(start_paused = true)]
    async fn an_informer_follows_what_clients_write() {
        let harness = Harness::new();
        harness
            .given::<ConfigMap>(json!({"metadata": {"name": "early", "namespace": "a"}}))
            .await;
        let informer = harness.informers.get::<ConfigMap>();
        informer.wait_synced().await;
        let late: ConfigMap = harness
            .given(json!({"metadata": {"generateName": "late-", "namespace": "b"}}))
            .await;
        harness.pass(Duration::from_millis(1)).await;
        let lister = harness.informers.lister::<ConfigMap>();
        assert_eq!(lister.list("b")[0].name(), late.name());
        assert_eq!(lister.len(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_write_that_conflicts_is_tried_again_with_what_is_there_now() {
        let harness = Harness::new();
        harness
            .given::<ConfigMap>(json!({"metadata": {"name": "map", "namespace": "a"}}))
            .await;
        let mut tries = 0;
        let outcome = retry_on_conflict(|| {
            tries += 1;
            let (client, first) = (harness.client.clone(), tries == 1);
            async move {
                let mut map: ConfigMap = client.get("a", "map").await?;
                if first {
                    let mut other = map.clone();
                    other.data = Some([("by".to_owned(), "other".to_owned())].into());
                    client.update(&other).await?;
                }
                map.data
                    .get_or_insert_default()
                    .insert("mine".to_owned(), "too".to_owned());
                client.update(&map).await
            }
        });
        let data = outcome.await.expect("the second try succeeds").data;
        assert_eq!((tries, data.map(|data| data.len())), (2, Some(2)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_repeated_event_is_one_object_that_counts() {
        let harness = Harness::new();
        let map: ConfigMap = harness
            .given(json!({"metadata": {"name": "map", "namespace": "a"}}))
            .await;
        let recorder = harness.recorder("tester");
        for _ in 0..3 {
            recorder.event(&map, EventType::Warning, "Broken", "it broke");
        }
        harness.pass(Duration::from_secs(1)).await;
        assert_eq!(harness.events().await, ["Warning Broken (3): it broke"]);
        let event = &harness.all::<Event>().await[0];
        assert_eq!(event.namespace(), "a");
        assert_eq!(event.involved_object.kind.as_deref(), Some("ConfigMap"));
        assert_eq!(event.reporting_component.as_deref(), Some("tester"));
    }
}
