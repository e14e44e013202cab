//! One resource request under way: the call, its resource, its user and its warnings.

use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use parking_lot::Mutex;
use serde_json::Value;

use super::call::Call;
use super::{ApiServer, delete, scale, write_options};
use crate::admission::{Attributes, Operation, Reinvocation};
use crate::api::{StatusError, meta};
use crate::authentication::UserInfo;
use crate::authorization::{self, Decision};
use crate::registry::{Admit, ResourceDef, ScalePaths, SubresourceKind, Verb, WriteContext};

/// What the handlers of all verbs work on.
pub(super) struct Request<'a> {
    pub server: &'a ApiServer,
    pub resource: Arc<ResourceDef>,
    pub user: &'a Arc<UserInfo>,
    pub call: Call,
    warnings: Mutex<Vec<String>>,
    /// What the kind's strategy has to say, should the request succeed.
    remarks: Mutex<Vec<String>>,
    /// What admission sees of the options; made when somebody asks.
    options: OnceLock<Value>,
}

impl<'a> Request<'a> {
    /// Finds the call's resource. Fails with `NotFound` where no route leads to it.
    pub fn new(
        server: &'a ApiServer,
        user: &'a Arc<UserInfo>,
        call: Call,
    ) -> Result<Self, StatusError> {
        let route = &call.resource;
        let resource = server
            .registry()
            .resources()
            .by_route(&route.group, &call.version, &route.resource)
            .ok_or_else(StatusError::no_such_path)?;
        let warnings = resource.deprecation.iter().map(ToString::to_string);
        Ok(Self {
            server,
            warnings: Mutex::new(warnings.collect()),
            remarks: Mutex::default(),
            options: OnceLock::new(),
            resource,
            user,
            call,
        })
    }

    /// Asks the authorizers; a refusal is `Forbidden` with Kubernetes' sentence.
    pub fn authorize(&self, verb: &str) -> Result<(), StatusError> {
        let attributes = authorization::Attributes {
            user: self.user,
            verb,
            is_resource: true,
            group: &self.resource.group,
            resource: &self.resource.plural,
            subresource: &self.call.subresource,
            namespace: &self.call.namespace,
            name: &self.call.name,
            path: "",
            field_selector: None,
        };
        authorize(self.server, &attributes)
    }

    /// Whether nothing is to be stored. A deletion may say so in its body.
    pub fn is_dry_run(&self) -> bool {
        let is_deletion = matches!(self.call.verb, Verb::Delete | Verb::DeleteCollection);
        self.call.options.dry_run || (is_deletion && delete::is_dry_run(&self.call.body))
    }

    pub fn write_context(&self) -> WriteContext {
        WriteContext {
            user: self.user.name.as_str().into(),
            dry_run: self.is_dry_run(),
            subresource: self.call.subresource.clone(),
            command: self.call.options.command.clone(),
        }
    }

    pub fn warn(&self, sentences: impl IntoIterator<Item = String>) {
        let mut warnings = self.warnings.lock();
        for sentence in sentences {
            if !warnings.contains(&sentence) {
                warnings.push(sentence);
            }
        }
    }

    /// Warns of an object that is valid; who is refused has other worries.
    pub fn remark(&self, sentences: Vec<String>) {
        *self.remarks.lock() = sentences;
    }

    /// The warnings that go with success.
    pub fn take_warnings(&self) -> Vec<String> {
        let remarks: Vec<String> = std::mem::take(&mut self.remarks.lock());
        self.warn(remarks);
        std::mem::take(&mut self.warnings.lock())
    }

    /// The warnings that go with a refusal.
    pub fn take_warnings_of_refusal(&self) -> Vec<String> {
        std::mem::take(&mut self.warnings.lock())
    }

    fn attributes<'b>(
        &'b self,
        operation: Operation,
        name: &'b str,
        old: Option<&'b Value>,
    ) -> Attributes<'b> {
        Attributes {
            operation,
            resource: &self.resource,
            subresource: &self.call.subresource,
            namespace: &self.call.namespace,
            name,
            user: self.user,
            dry_run: self.is_dry_run(),
            old,
            options: self
                .options
                .get_or_init(|| write_options::of(&self.call, operation)),
            reinvocation: Reinvocation::default(),
        }
    }

    /// Runs mutating admission over a new or changed object. Of a subresource that is a Scale it
    /// is the Scale that admission sees.
    pub async fn mutate(
        &self,
        operation: Operation,
        object: &mut Value,
        old: Option<&Value>,
    ) -> Result<(), StatusError> {
        let Some(paths) = self.scale_paths() else {
            return self.run_mutation(operation, object, old).await;
        };
        let old = old.map(|old| scale::scale_of(old, paths));
        let mut changed = scale::scale_of(object, paths);
        self.run_mutation(operation, &mut changed, old.as_ref())
            .await?;
        scale::take_over(object, &changed, paths);
        Ok(())
    }

    async fn run_mutation(
        &self,
        operation: Operation,
        object: &mut Value,
        old: Option<&Value>,
    ) -> Result<(), StatusError> {
        let name = match meta::name(object) {
            "" => self.call.name.clone(),
            name => name.to_owned(),
        };
        let attributes = self.attributes(operation, &name, old);
        let mut warnings = Vec::new();
        let result = self
            .server
            .admission()
            .mutate(object, &attributes, &mut warnings)
            .await;
        self.warn(warnings);
        result
    }

    fn scale_paths(&self) -> Option<&ScalePaths> {
        let subresource = self.resource.subresource(&self.call.subresource)?;
        match &subresource.behaviour {
            SubresourceKind::Scale(paths) => Some(paths),
            _ => None,
        }
    }
}

impl Request<'_> {
    /// Runs mutating admission over a deletion.
    pub async fn mutate_deletion(&self, name: &str, old: &Value) -> Result<(), StatusError> {
        let attributes = self.attributes(Operation::Delete, name, Some(old));
        let mut warnings = Vec::new();
        let mut nothing = Value::Null;
        let result = self
            .server
            .admission()
            .mutate(&mut nothing, &attributes, &mut warnings)
            .await;
        self.warn(warnings);
        result
    }

    /// Runs admission over a connection to a container, which `options` describe.
    pub async fn admit_connection(&self, mut options: Value) -> Result<(), StatusError> {
        let operation = Operation::Connect;
        self.run_mutation(operation, &mut options, None).await?;
        self.run_validation(operation, Some(&options), None).await
    }

    async fn run_validation(
        &self,
        operation: Operation,
        new: Option<&Value>,
        old: Option<&Value>,
    ) -> Result<(), StatusError> {
        let object = new.unwrap_or(&Value::Null);
        let name = match meta::name(object) {
            "" => match old.map(meta::name).unwrap_or_default() {
                "" => &self.call.name,
                name => name,
            },
            name => name,
        };
        let attributes = self.attributes(operation, name, old);
        let mut warnings = Vec::new();
        let result = self
            .server
            .admission()
            .validate(object, &attributes, &mut warnings)
            .await;
        self.warn(warnings);
        result
    }
}

/// Validating admission comes last, when the registry says so.
#[async_trait]
impl Admit for Request<'_> {
    async fn validate(&self, new: Option<&Value>, old: Option<&Value>) -> Result<(), StatusError> {
        let operation = match (new, old) {
            (Some(_), None) => Operation::Create,
            (None, _) => Operation::Delete,
            _ => Operation::Update,
        };
        let Some(paths) = self.scale_paths() else {
            return self.run_validation(operation, new, old).await;
        };
        let new = new.map(|new| scale::scale_of(new, paths));
        let old = old.map(|old| scale::scale_of(old, paths));
        self.run_validation(operation, new.as_ref(), old.as_ref())
            .await
    }
}

/// Asks the authorizers about any request.
pub(super) fn authorize(
    server: &ApiServer,
    attributes: &authorization::Attributes<'_>,
) -> Result<(), StatusError> {
    let reason = match server.authorizer().authorize(attributes) {
        Decision::Allow => return Ok(()),
        Decision::Deny(reason) | Decision::NoOpinion(reason) => reason,
    };
    let mut sentence = attributes.refusal();
    if !reason.is_empty() {
        sentence = format!("{sentence}: {reason}");
    }
    let resource = crate::api::GroupResource::new(attributes.group, attributes.resource);
    Err(StatusError::forbidden(
        &resource,
        attributes.name,
        &sentence,
    ))
}
