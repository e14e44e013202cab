//! How `kubectl get` shows objects: columns, cells and ages.
//!
//! A leaf: it knows no kinds. Each kind hands its [`TableDef`] to the registry, and the endpoints
//! turn objects into `meta.k8s.io/v1` Tables with it. Mirrors `pkg/printers` (v1.35).

mod age;
mod cells;
mod table;

pub use age::{age_cell, human_duration, since_cell};
pub use cells::{container_cells, label_selector_cell, labels_cell, or_none};
pub use table::{Column, RowContext, TableDef};
