//! Whether an expression in CEL can be read at all.
//!
//! Only the grammar is checked: types and costs are not.

use crate::api::cel::Expression;
use crate::api::field::Error;
use crate::registry::validation::Field;

/// The expression follows CEL's grammar.
pub(super) fn must_be_readable(expression: &Field<'_>) -> Option<Error> {
    let error = Expression::new(expression.text().trim()).parsed().err()?;
    Some(expression.invalid(&error))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_cannot_be_read_is_refused() {
        let fault = |text: &str| {
            let value = json!(text);
            must_be_readable(&Field::new(&value, "e")).map(|error| error.to_string())
        };
        assert_eq!(fault("object.spec.replicas <= 5"), None);
        assert_eq!(fault("'a' in object.metadata.?labels.orValue({})"), None);
        let fault = fault("object.spec ==").unwrap();
        assert!(fault.contains("compilation failed: "), "{fault}");
    }
}
