//! Creating an object: the one order of hooks for all kinds.
//!
//! Mirrors `BeforeCreate` in `apiserver/pkg/registry/rest/create.go` (v1.35).

use rand::Rng;
use serde_json::Value;

use super::ResourceDef;
use super::store::{Admit, Registry, WriteContext, refused};
use crate::api::field::{ErrorList, Path};
use crate::api::validate::{built_in_object_meta, object_meta};
use crate::api::{Object, ObjectRef, StatusError, meta};

/// How often a generated name may be taken before the creation fails.
const GENERATE_NAME_ATTEMPTS: usize = 8;

impl Registry {
    /// Stores a new object that has been decoded, defaulted and through mutating admission.
    pub async fn create(
        &self,
        resource: &ResourceDef,
        namespace: &str,
        mut object: Value,
        context: &WriteContext,
        admission: &dyn Admit,
    ) -> Result<ObjectRef, StatusError> {
        if meta::resource_version(&object) != 0 {
            let message = "resourceVersion should not be set on objects to be created";
            return Err(StatusError::new(500, "", message));
        }
        let generated = meta::name(&object).is_empty() && !meta::generate_name(&object).is_empty();
        let mut attempts = if generated { GENERATE_NAME_ATTEMPTS } else { 1 };
        loop {
            attempts -= 1;
            let attempt = match attempts {
                0 => std::mem::take(&mut object),
                _ => object.clone(),
            };
            let result = self
                .create_once(resource, namespace, attempt, context, admission)
                .await;
            match result {
                Err(error) if error.is_already_exists() && attempts > 0 => {}
                other => return other,
            }
        }
    }

    async fn create_once(
        &self,
        resource: &ResourceDef,
        namespace: &str,
        mut object: Value,
        context: &WriteContext,
        admission: &dyn Admit,
    ) -> Result<ObjectRef, StatusError> {
        let strategy = resource.strategy.as_ref();
        let hooks = self.hooks(context);
        self.fill_metadata(resource, namespace, &mut object);
        strategy.prepare_for_create(&mut object, &hooks);
        if strategy.counts_generation() {
            meta::metadata_mut(&mut object).insert("generation".into(), 1.into());
        }
        let reservation = strategy.allocate(&mut object, None, &hooks)?;

        let mut errors = metadata_errors(resource, &object);
        errors.extend(strategy.validate(&object, &hooks));
        if !errors.is_empty() {
            let name = meta::name(&object);
            return Err(StatusError::invalid(
                &resource.group,
                &resource.kind,
                name,
                &errors,
            ));
        }
        admission.validate(Some(&object), None).await?;

        let key = self.key(resource, namespace, meta::name(&object));
        if context.dry_run {
            return match self.storage.get(&key) {
                Some(_) => Err(StatusError::already_exists(
                    &resource.group_resource(),
                    &key.name,
                )),
                None => Ok(Object::new(object)),
            };
        }
        let object = self.in_stored_version(resource, object).await?;
        let created = self
            .storage
            .create(&key, object, self.origin(context))
            .map_err(|error| refused(error, resource, &key.name))?;
        if let Some(reservation) = reservation {
            reservation.keep();
        }
        self.present(resource, created).await
    }

    /// What the server sets in `metadata`, whatever the client sent.
    fn fill_metadata(&self, resource: &ResourceDef, namespace: &str, object: &mut Value) {
        let now = meta::format_time(self.clock().now());
        let metadata = meta::metadata_mut(object);
        for field in [
            "deletionTimestamp",
            "deletionGracePeriodSeconds",
            "selfLink",
            "generation",
        ] {
            metadata.remove(field);
        }
        metadata.remove("resourceVersion");
        metadata.insert("uid".into(), new_uid().into());
        metadata.insert("creationTimestamp".into(), now.into());
        if resource.is_namespaced() {
            metadata.insert("namespace".into(), namespace.into());
        }
        if meta::name(object).is_empty() {
            let prefix = meta::generate_name(object).to_owned();
            if !prefix.is_empty() {
                meta::set_text(object, "name", &generate_name(&prefix));
            }
        }
    }
}

fn metadata_errors(resource: &ResourceDef, object: &Value) -> ErrorList {
    let rules = if resource.takes_any_finalizer() {
        object_meta
    } else {
        built_in_object_meta
    };
    let name_rule = resource.strategy.name_rule();
    rules(
        &object["metadata"],
        resource.scope,
        name_rule,
        &Path::new("metadata"),
    )
}

/// Names of objects for ever; from the thread's generator, which asks the system rarely.
pub(crate) fn new_uid() -> String {
    let bytes = rand::random();
    uuid::Builder::from_random_bytes(bytes)
        .into_uuid()
        .to_string()
}

/// `prefix` with five random characters, cut so that the name stays within 63.
///
/// Mirrors `apiserver/pkg/storage/names/generate.go`.
pub fn generate_name(prefix: &str) -> String {
    const MAX_PREFIX: usize = 58;
    const ALPHABET: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
    let mut end = prefix.len().min(MAX_PREFIX);
    while !prefix.is_char_boundary(end) {
        end -= 1;
    }
    let mut name = prefix[..end].to_owned();
    let mut random = rand::rng();
    for _ in 0..5 {
        name.push(char::from(ALPHABET[random.random_range(0..ALPHABET.len())]));
    }
    name
}
