//! Images of containers.

use crate::api::field::Error;
use crate::registry::validation::Field;

/// An image may not have blanks around it. Templates of old may.
pub fn no_padding(container: &Field<'_>) -> Option<Error> {
    let image = container.child("image");
    (image.text().trim() != image.text())
        .then(|| image.invalid("must not have leading or trailing whitespace"))
}
