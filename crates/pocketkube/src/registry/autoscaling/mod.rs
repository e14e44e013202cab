//! The kinds of the autoscaling group: one folder, and one row for each version.

mod horizontalpodautoscaler;

use super::ResourceDef;

/// The rows of this group.
pub fn resources() -> Vec<ResourceDef> {
    vec![
        horizontalpodautoscaler::resource(),
        horizontalpodautoscaler::resource_v1(),
    ]
}
