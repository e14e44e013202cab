//! The cluster a learner works in, whatever it is, behind one trait.
//!
//! `boot` finds or starts it, `seed` and `reset` set and clear a kata's scene, `shell` describes
//! the learner's shell, `observe` watches and `view` is what the screen shows.

mod api;
mod attached;
mod boot;
mod choice;
mod control;
mod desk;
mod embedded;
mod host;
mod hosting;
mod observe;
mod places;
mod program;
mod reference;
mod resource;
mod shell;
mod view;
mod wire;
mod words;

pub mod chaos;
pub mod picture;
pub mod reset;
pub mod seed;

pub use api::Sandbox;
pub use attached::Attached;
pub use boot::{attach_if_running, attach_or_leave_host, host_in_background, host_or_attach};
pub use choice::Choice;
pub use control::{ClockOrder, HostStatus, Order, Refused, ask};
pub use desk::{FrontDesk, publish};
pub use embedded::{Embedded, EmbeddedOptions, Port};
pub use host::{HostFile, HostPlace};
pub use hosting::Hosting;
pub use observe::{Listing, Observer, Watched};
pub use places::{Places, create_private, write_private};
pub use program::{
    End as ProgramEnd, Keeper, Launch, ProgramControl, kubeconfig_of, service_account_user,
};
pub use reference::Reference;
pub use resource::{Resource, short_name};
pub use shell::{ShellEnvironment, prepare as prepare_shell};
pub use view::{
    ClusterView, ContainerView, EndpointView, EventView, Health, NodeView, ObjectView, OwnerView,
    PodView, ResourceView, ServiceView,
};
pub use wire::{Traffic, Wire, wire_to};
pub use words::{words, words_of};
