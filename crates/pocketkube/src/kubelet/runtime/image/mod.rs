//! Images: their names, the catalogue of what registries have, and pulling them onto a node.

mod catalogue;
mod pull;
mod reference;
mod server;
mod spec;
mod tags;

pub use catalogue::{Catalogue, CatalogueError, Image, ShellKind};
pub use pull::{ImagePolicy, ImageStore, PullError, StoredImage};
pub use reference::{ImageReference, ReferenceError};
pub use server::{RouteDetails, Server};
