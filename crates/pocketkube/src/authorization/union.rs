//! Several authorizers, asked in order.

use super::{Attributes, Authorizer, Decision, Grants};
use crate::authentication::UserInfo;

/// The first opinion decides.
pub struct Union(pub Vec<Box<dyn Authorizer>>);

impl Authorizer for Union {
    fn authorize(&self, attributes: &Attributes<'_>) -> Decision {
        let mut reasons = Vec::new();
        for authorizer in &self.0 {
            match authorizer.authorize(attributes) {
                Decision::NoOpinion(reason) if reason.is_empty() => {}
                Decision::NoOpinion(reason) => reasons.push(reason),
                decided => return decided,
            }
        }
        Decision::NoOpinion(reasons.join("\n"))
    }

    fn granted_by(&self, attributes: &Attributes<'_>) -> Option<String> {
        self.0
            .iter()
            .find_map(|authorizer| authorizer.granted_by(attributes))
    }

    fn grants(&self, user: &UserInfo, namespace: &str) -> Grants {
        let mut all = Grants::default();
        for authorizer in &self.0 {
            let grants = authorizer.grants(user, namespace);
            all.rules.extend(grants.rules);
            all.errors.extend(grants.errors);
        }
        all
    }
}
