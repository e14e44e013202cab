//! The cluster a learner works in, whatever it is, behind one trait.
//!
//! `boot` finds or starts it, `seed` and `reset` set and clear a kata's scene, `shell` describes
//! the learner's shell, `observe` watches and `view` is what the screen shows.

mod ability;
mod api;
mod attached;
mod boot;
mod choice;
mod control;
mod desk;
mod embedded;
mod fit;
mod fleet;
mod footsteps;
mod foreign;
mod host;
mod hosting;
mod insight;
mod kind;
mod observe;
mod places;
mod program;
mod reference;
mod resource;
mod rewind;
mod scene_nodes;
mod shell;
mod standing;
mod view;
mod wire;
mod words;

pub mod chaos;
pub mod keep;
pub mod picture;
pub mod reset;
pub mod seed;

pub use ability::{Abilities, needs};
pub use api::Sandbox;
pub use attached::Attached;
pub use boot::{
    attach_if_running, attach_or_leave_host, host_in_background, host_or_attach, open_foreign,
};
pub use choice::Choice;
pub use control::{ClockOrder, HostStatus, Order, Refused, ask};
pub use desk::{FrontDesk, publish};
pub use embedded::{Embedded, EmbeddedOptions, Port};
pub use fit::{Unfit, fit};
pub use footsteps::{Footsteps, Typed};
pub use foreign::{Consents, Foreign, NotLocal, OwnNamespace, Owner, Territory, is_local};
pub use host::{HostFile, HostPlace};
pub use hosting::Hosting;
pub use insight::{Answer, Question};
pub use kind::{KindTrouble, delete as delete_kind};
pub use observe::{Listing, Observer, Watched};
pub use places::{Places, create_private, write_private};
pub use program::{
    End as ProgramEnd, Keeper, Launch, ProgramControl, kubeconfig_of, service_account_user,
};
pub use reference::Reference;
pub use resource::{Resource, short_name};
pub use rewind::RewindTo;
pub use shell::{ShellEnvironment, prepare as prepare_shell, shell_in, take_back_workspace};
pub use standing::Standing;
pub use view::{
    ClusterView, ContainerView, EndpointView, EventView, Health, NodeView, ObjectView, OwnerView,
    PodView, ResourceView, ServiceView,
};
pub use wire::{ApiCall, Traffic, Wire, wire_to};
pub use words::{words, words_of};
