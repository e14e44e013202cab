//! What is asked for, and how a refusal is worded.

use crate::api::selector::FieldSelector;
use crate::authentication::UserInfo;

/// A request as authorizers see it.
#[derive(Clone, Copy, Debug)]
pub struct Attributes<'a> {
    pub user: &'a UserInfo,
    pub verb: &'a str,
    pub is_resource: bool,
    pub group: &'a str,
    pub resource: &'a str,
    pub subresource: &'a str,
    pub namespace: &'a str,
    pub name: &'a str,
    /// The path, for requests that are about no resource.
    pub path: &'a str,
    /// What a list, watch or deletion of many is narrowed to, where that is known.
    pub field_selector: Option<&'a FieldSelector>,
}

impl Attributes<'_> {
    /// The sentence that a forbidden request gets.
    ///
    /// Mirrors `forbiddenMessage` in
    /// `apiserver/pkg/endpoints/handlers/responsewriters/errors.go`.
    pub fn refusal(&self) -> String {
        let user = &self.user.name;
        if !self.is_resource {
            return format!("User {user:?} cannot {} path {:?}", self.verb, self.path);
        }
        let mut resource = self.resource.to_owned();
        if !self.subresource.is_empty() {
            resource = format!("{resource}/{}", self.subresource);
        }
        let place = if self.namespace.is_empty() {
            "at the cluster scope".to_owned()
        } else {
            format!("in the namespace {:?}", self.namespace)
        };
        format!(
            "User {user:?} cannot {} resource {resource:?} in API group {:?} {place}",
            self.verb, self.group
        )
    }
}
