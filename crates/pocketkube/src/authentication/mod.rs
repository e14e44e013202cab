//! Who asks: turns credentials into a [`UserInfo`].

mod user;

pub use user::{ALL_AUTHENTICATED, ALL_UNAUTHENTICATED, SYSTEM_MASTERS, UserInfo};
