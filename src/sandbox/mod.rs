//! The cluster a learner works in, whatever it is, behind one trait.

mod shell;
mod view;

pub use shell::ShellEnvironment;
pub use view::{
    ClusterView, ContainerView, EventView, Health, NodeView, ObjectView, OwnerView, PodView,
    ServiceView,
};
