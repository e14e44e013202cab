//! Starting a container: image, configuration, creation, start, hook.
//!
//! Mirrors `startContainer` of `pkg/kubelet/kuberuntime/kuberuntime_container.go` (v1.35).

use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::core::v1::Container as ContainerSpec;

use super::record::{Progress, Role, State, Terminated};
use super::{Done, PodWorker, RESYNC};
use crate::client::EventType;
use crate::kubelet::container_config::container_config;
use crate::kubelet::environment::environment;
use crate::kubelet::images::{ImageStep, next_step, pull_error};
use crate::kubelet::prober::Target;
use crate::kubelet::runtime::{Container, ContainerState, ImageReference, PullError, StoredImage};
use crate::kubelet::{hooks, text};

/// How long `ErrImagePull` is shown before it becomes `ImagePullBackOff`.
const SHOW_PULL_ERROR: Duration = Duration::from_secs(1);

impl PodWorker {
    /// Begins to start a container: takes the next step towards its image.
    pub(super) fn begin_start(&mut self, name: &str) {
        let Some(spec) = self.container_spec(name) else {
            return;
        };
        let now = self.node.clock.now();
        let Some(record) = self.records.get(name) else {
            return;
        };
        if let Some(hold) = record.hold_until
            && hold > now
        {
            self.wake_at(hold);
            return;
        }
        let image_name = spec.image.clone().unwrap_or_default();
        match next_step(&spec, self.node.runtime.images(), &record.pulls, now) {
            ImageStep::Present(image) => {
                let message = format!("Container image {image_name:?} already present on machine");
                self.tell(name, EventType::Normal, "Pulled", message);
                self.create_and_start(name, &spec, image);
            }
            ImageStep::Pull(reference) => self.pull(name, &image_name, reference),
            ImageStep::BackOff { until } => {
                let error = record.pulls.error().to_owned();
                let message = format!("Back-off pulling image {image_name:?}");
                self.tell(name, EventType::Normal, "BackOff", message.clone());
                self.tell(
                    name,
                    EventType::Warning,
                    "Failed",
                    "Error: ImagePullBackOff",
                );
                let message = format!("{message}: ErrImagePull: {error}");
                self.hold(name, "ImagePullBackOff", message, until);
            }
            ImageStep::Invalid { message } => {
                self.tell(name, EventType::Warning, "InspectFailed", message.clone());
                self.tell(
                    name,
                    EventType::Warning,
                    "Failed",
                    "Error: InvalidImageName",
                );
                self.fail(name, "InvalidImageName", message);
            }
            ImageStep::NeverPull { message } => {
                self.tell(
                    name,
                    EventType::Warning,
                    "ErrImageNeverPull",
                    message.clone(),
                );
                self.tell(
                    name,
                    EventType::Warning,
                    "Failed",
                    "Error: ErrImageNeverPull",
                );
                self.fail(name, "ErrImageNeverPull", message);
            }
        }
    }

    fn pull(&mut self, name: &str, image_name: &str, reference: ImageReference) {
        let message = format!("Pulling image {image_name:?}");
        self.tell(name, EventType::Normal, "Pulling", message);
        if let Some(record) = self.records.get_mut(name) {
            record.progress = Progress::Pulling;
        }
        let (node, name) = (self.node.clone(), name.to_owned());
        self.work.push(Box::pin(async move {
            let begun = node.clock.now();
            let result = node.runtime.images().pull(&reference).await;
            Done::Pulled {
                name,
                result,
                took: node.clock.since(begun),
            }
        }));
    }

    /// A pull has ended.
    pub(super) fn pulled(
        &mut self,
        name: &str,
        result: Result<StoredImage, PullError>,
        took: Duration,
    ) {
        let Some(spec) = self.container_spec(name) else {
            return;
        };
        let Some(record) = self.records.get_mut(name) else {
            return;
        };
        record.progress = Progress::Idle;
        let image_name = spec.image.clone().unwrap_or_default();
        match result {
            Ok(image) => {
                record.pulls = Default::default();
                let took = text::duration(took);
                let message = format!(
                    "Successfully pulled image {image_name:?} in {took} ({took} including \
                     waiting). Image size: {} bytes.",
                    image.size
                );
                self.tell(name, EventType::Normal, "Pulled", message);
                if self.stop.is_none() {
                    self.create_and_start(name, &spec, image);
                }
            }
            Err(error) => {
                let error = pull_error(&error);
                record.pulls.add(error.clone(), self.node.clock.now());
                let message = format!("Failed to pull image {image_name:?}: {error}");
                self.tell(name, EventType::Warning, "Failed", message);
                self.tell(name, EventType::Warning, "Failed", "Error: ErrImagePull");
                let now = self.node.clock.now();
                let until = now.saturating_add(SHOW_PULL_ERROR).unwrap_or(now);
                self.hold(name, "ErrImagePull", error, until);
            }
        }
    }

    fn create_and_start(&mut self, name: &str, spec: &ContainerSpec, image: StoredImage) {
        let Some(sandbox) = self.sandbox.clone() else {
            return;
        };
        let configured =
            environment(&self.pod, spec, &self.facts(), &self.node.sources).and_then(|variables| {
                let volumes = &self.mounts.ready;
                container_config(&self.pod, spec, image.clone(), variables, volumes)
            });
        let config = match configured {
            Ok(config) => config,
            Err(message) => {
                let event = format!("Error: {message}");
                self.tell(name, EventType::Warning, "Failed", event);
                self.fail(name, "CreateContainerConfigError", message);
                return;
            }
        };
        let container = match sandbox.create_container(config) {
            Ok(container) => container,
            Err(error) => {
                let message = error.to_string();
                let event = format!("Error: {message}");
                self.tell(name, EventType::Warning, "Failed", event);
                self.fail(name, "CreateContainerError", message);
                return;
            }
        };
        self.tell(
            name,
            EventType::Normal,
            "Created",
            format!("Created container: {name}"),
        );
        self.take_over(name, spec, &image, &container);
        match container.start() {
            Ok(()) => {
                self.tell(
                    name,
                    EventType::Normal,
                    "Started",
                    format!("Started container {name}"),
                );
                self.started(name, spec, &container);
            }
            Err(error) => {
                let message = error.to_string();
                let event = format!("Error: {message}");
                self.tell(name, EventType::Warning, "Failed", event);
                self.not_started(name, &container, &message);
            }
        }
    }

    /// Makes the new run the current one.
    fn take_over(
        &mut self,
        name: &str,
        spec: &ContainerSpec,
        image: &StoredImage,
        container: &Arc<Container>,
    ) {
        let Some(record) = self.records.get_mut(name) else {
            return;
        };
        if let Some(ended) = record.ended().cloned() {
            record.restarts += 1;
            if !record.is_replaced {
                record.crashes.next(ended.finished);
            }
            record.last = Some(ended);
        }
        if let Some(former) = record.current.replace(container.clone()) {
            record.previous_log = Some(former.logs().clone());
        }
        if record.is_replaced {
            record.crashes = Default::default();
            record.is_replaced = false;
        }
        record.spec_image = spec.image.clone().unwrap_or_default();
        record.image = image.image.reference.to_string();
        record.image_id = image.repo_digest.clone();
        record.hold_until = None;
        record.is_started = false;
        record.is_ready = false;
    }

    fn started(&mut self, name: &str, spec: &ContainerSpec, container: &Arc<Container>) {
        let started = match container.state() {
            ContainerState::Running { started } => started,
            _ => self.node.clock.now(),
        };
        let Some(record) = self.records.get_mut(name) else {
            return;
        };
        record.state = State::Running { started };
        record.is_started = spec.startup_probe.is_none();
        record.is_ready = spec.readiness_probe.is_none();
        let role = record.role;
        let (waited, owner) = (container.clone(), name.to_owned());
        self.work.push(Box::pin(async move {
            waited.wait().await;
            Done::Exited {
                id: waited.id().to_owned(),
                name: owner,
            }
        }));
        let Some(target) = self.target(name, spec, container, role) else {
            return;
        };
        let hook = spec
            .lifecycle
            .as_ref()
            .and_then(|own| own.post_start.clone());
        if let Some(hook) = hook {
            let (target, owner) = (target.clone(), name.to_owned());
            self.work.push(Box::pin(async move {
                let result = hooks::run(&hook, &target).await;
                Done::Hooked {
                    name: owner,
                    id: target.container.id().to_owned(),
                    result,
                }
            }));
        }
        self.begin_probing(&target);
    }

    pub(super) fn target(
        &self,
        _name: &str,
        spec: &ContainerSpec,
        container: &Arc<Container>,
        role: Role,
    ) -> Option<Arc<Target>> {
        Some(Arc::new(Target {
            node: self.node.clone(),
            pod: self.pod.clone(),
            role,
            spec: spec.clone(),
            container: container.clone(),
            ip: self.sandbox.as_ref()?.ip(),
        }))
    }

    fn not_started(&mut self, name: &str, container: &Arc<Container>, message: &str) {
        let ContainerState::Exited(exit) = container.state() else {
            return;
        };
        let ended = Terminated::new(container.id(), exit, message.to_owned());
        if let Some(record) = self.records.get_mut(name) {
            record.state = State::Terminated(ended);
            record.wait("RunContainerError", message);
        }
        // Seen before it is tried again.
        self.wake_after(SHOW_PULL_ERROR);
        self.hold_only(name, SHOW_PULL_ERROR);
    }

    /// A postStart hook has ended. One that failed takes its container with it.
    pub(super) fn hooked(&mut self, name: &str, id: &str, result: Result<(), String>) {
        let Err(_) = result else {
            return;
        };
        let Some(record) = self.records.get(name) else {
            return;
        };
        let Some(container) = record.current.clone().filter(|own| own.id() == id) else {
            return;
        };
        if record.is_running() {
            self.tell(
                name,
                EventType::Warning,
                "FailedPostStartHook",
                "PostStartHook failed",
            );
            let message = format!("Container {name} failed postStart hook, will be restarted");
            self.tell(name, EventType::Normal, "Killing", message);
            self.stop_container(name, &container, self.grace_period());
        }
    }

    /// Records what happened to a container.
    pub(super) fn tell(
        &self,
        name: &str,
        kind: EventType,
        reason: &str,
        message: impl Into<String>,
    ) {
        let role = self
            .records
            .get(name)
            .map_or(Role::Regular, |record| record.role);
        self.node
            .container_event(&self.pod, (name, role), kind, reason, message);
    }

    /// The container can't be started as things are; it is tried again with the next look.
    fn fail(&mut self, name: &str, reason: &str, message: String) {
        let now = self.node.clock.now();
        let until = now.saturating_add(RESYNC).unwrap_or(now);
        self.hold(name, reason, message, until);
    }

    fn hold(&mut self, name: &str, reason: &str, message: String, until: jiff::Timestamp) {
        let now = self.node.clock.now();
        let look = now.saturating_add(RESYNC).unwrap_or(now).min(until);
        if let Some(record) = self.records.get_mut(name) {
            record.wait(reason, message);
            record.hold_until = Some(look);
        }
        self.wake_at(look);
    }

    fn hold_only(&mut self, name: &str, span: Duration) {
        let now = self.node.clock.now();
        if let Some(record) = self.records.get_mut(name) {
            record.hold_until = now.saturating_add(span).ok();
        }
    }
}
