//! Query parameters.

use std::sync::Arc;

use http::HeaderMap;
use http::header::USER_AGENT;

use super::call::{CallOptions, ListOptions, PatchType};
use super::table::IncludeObject;
use crate::api::StatusError;
use crate::api::field::{ErrorList, Path};
use crate::api::validate;
use crate::registry::Verb;
use crate::storage::Command;

/// More is not kept of what clients call themselves.
const LONGEST_NAME: usize = 128;

/// The decoded query of a request.
#[derive(Clone, Debug, Default)]
pub struct Query {
    pairs: Vec<(String, String)>,
}

impl Query {
    pub fn parse(query: &str) -> Self {
        let pairs = form_urlencoded::parse(query.as_bytes())
            .map(|(key, value)| (key.into_owned(), value.into_owned()))
            .collect();
        Self { pairs }
    }

    /// The first value of a parameter, or empty.
    pub fn text(&self, key: &str) -> &str {
        let found = self.pairs.iter().find(|(name, _)| name == key);
        found.map_or("", |(_, value)| value.as_str())
    }

    /// Every value of a parameter.
    pub fn all<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a str> {
        self.pairs
            .iter()
            .filter(move |(name, _)| name == key)
            .map(|(_, value)| value.as_str())
    }

    pub fn has(&self, key: &str) -> bool {
        self.all(key).next().is_some()
    }

    /// A boolean as upstream's query decoding reads it: present and not `false` or `0`.
    pub fn flag(&self, key: &str) -> bool {
        match self.all(key).next() {
            None => false,
            Some(value) => !matches!(value.to_ascii_lowercase().as_str(), "false" | "0"),
        }
    }

    /// A whole number; fails where the parameter is something else.
    pub fn number(&self, key: &str) -> Result<Option<i64>, StatusError> {
        match self.text(key) {
            "" => Ok(None),
            text => text.parse().map(Some).map_err(|_| {
                StatusError::bad_request(format!(
                    "strconv.ParseInt: parsing {text:?}: invalid syntax"
                ))
            }),
        }
    }

    pub fn include_object(&self) -> Result<IncludeObject, StatusError> {
        match self.text("includeObject") {
            "" | "Metadata" => Ok(IncludeObject::Metadata),
            "None" => Ok(IncludeObject::None),
            "Object" => Ok(IncludeObject::Object),
            other => Err(StatusError::bad_request(format!(
                "unrecognized includeObject value: {other:?}"
            ))),
        }
    }

    /// The options that a call carries. Fails with `Invalid` where their rules are broken.
    pub fn call_options(
        &self,
        verb: Verb,
        headers: &HeaderMap,
    ) -> Result<CallOptions, StatusError> {
        let patch_type = match verb {
            Verb::Patch => super::patch::patch_type(headers)?,
            _ => PatchType::default(),
        };
        self.check_write_options(verb, patch_type)?;
        if matches!(verb, Verb::List | Verb::DeleteCollection) {
            // Read only to be refused where it is none, as upstream does.
            self.number("timeoutSeconds")?;
        }
        let field_manager = match self.text("fieldManager") {
            "" => manager_of(headers),
            manager => manager.to_owned(),
        };
        Ok(CallOptions {
            patch_type,
            field_manager,
            command: command_of(headers),
            force: self.flag("force"),
            dry_run: self.has("dryRun"),
            field_validation: self.text("fieldValidation").to_owned(),
            list: ListOptions {
                label_selector: self.text("labelSelector").to_owned(),
                field_selector: self.text("fieldSelector").to_owned(),
                limit: self
                    .number("limit")?
                    .and_then(|limit| usize::try_from(limit).ok())
                    .unwrap_or(0),
                continue_token: self.text("continue").to_owned(),
                resource_version: self.text("resourceVersion").to_owned(),
                resource_version_match: self.text("resourceVersionMatch").to_owned(),
                send_initial_events: self
                    .has("sendInitialEvents")
                    .then(|| self.flag("sendInitialEvents")),
            },
        })
    }

    fn check_write_options(&self, verb: Verb, patch_type: PatchType) -> Result<(), StatusError> {
        let kind = match verb {
            Verb::Create => "CreateOptions",
            Verb::Update => "UpdateOptions",
            Verb::Patch => "PatchOptions",
            Verb::Delete | Verb::DeleteCollection => "DeleteOptions",
            Verb::Get | Verb::List | Verb::Watch => return Ok(()),
        };
        let mut errors = ErrorList::new();
        if verb == Verb::Patch {
            errors.extend(self.patch_option_errors(patch_type));
        }
        let dry_run: Vec<String> = self.all("dryRun").map(str::to_owned).collect();
        let field_manager = self.text("fieldManager");
        errors.extend(validate::field_manager(
            field_manager,
            &Path::new("fieldManager"),
        ));
        errors.extend(validate::dry_run(&dry_run, &Path::new("dryRun")));
        let field_validation = self.text("fieldValidation");
        errors.extend(validate::field_validation(
            field_validation,
            &Path::new("fieldValidation"),
        ));
        if errors.is_empty() {
            return Ok(());
        }
        Err(StatusError::invalid("meta.k8s.io", kind, "", &errors))
    }

    fn patch_option_errors(&self, patch_type: PatchType) -> ErrorList {
        use crate::api::field::Error;
        let mut errors = ErrorList::new();
        if patch_type == PatchType::Apply {
            if self.text("fieldManager").is_empty() {
                errors.push(Error::required(
                    Path::new("fieldManager"),
                    "is required for apply patch",
                ));
            }
        } else if self.has("force") {
            errors.push(Error::forbidden(
                Path::new("force"),
                "may not be specified for non-apply patch",
            ));
        }
        errors
    }
}

/// What a client says that its user ran; one that does not is known by its user agent.
fn command_of(headers: &HeaderMap) -> Option<Arc<Command>> {
    let said = |header: &str| {
        let value = headers.get(header).and_then(|value| value.to_str().ok());
        value.map(|value| value.chars().take(LONGEST_NAME).collect::<String>())
    };
    let command = Command {
        name: said("kubectl-command").unwrap_or_else(|| manager_of(headers)),
        session: said("kubectl-session").unwrap_or_default(),
    };
    (!command.name.is_empty()).then(|| command.into())
}

/// The manager of a client that names none: its user agent up to the first slash.
fn manager_of(headers: &HeaderMap) -> String {
    let agent = headers
        .get(USER_AGENT)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let name = agent.split('/').next().unwrap_or_default();
    let name = name.chars().filter(|c| !c.is_control());
    name.take(LONGEST_NAME).collect()
}
