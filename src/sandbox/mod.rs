//! The cluster a learner works in, whatever it is, behind one trait.
//!
//! `boot` finds or starts it, `seed` and `reset` set and clear a kata's scene, `shell` describes
//! the learner's shell, `observe` watches and `view` is what the screen shows.

mod choice;
mod observe;
mod places;
mod resource;
mod shell;
mod view;

pub mod reset;
pub mod seed;

pub use choice::Choice;
pub use observe::{Listing, Observer, Watched};
pub use places::{Places, create_private, write_private};
pub use resource::{Resource, short_name};
pub use shell::{ShellEnvironment, prepare as prepare_shell};
pub use view::{
    ClusterView, ContainerView, EventView, Health, NodeView, ObjectView, OwnerView, PodView,
    ServiceView,
};
