//! The `kubekata` program: everything is in the library.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    kubekata::cli::run().await
}
