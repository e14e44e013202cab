//! One binary of modules: everything about the cluster that needs more than one module of it.

mod http;
mod layering;
