//! The `kubekata` program: everything is in the library.

use std::process::ExitCode;

/// Clusters are made of many small trees, which the system's allocators serve slowly.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    kubekata::cli::run().await
}
