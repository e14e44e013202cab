//! A cluster on a loopback port until Ctrl-C: `cargo run --release --example serve -- KUBECONFIG`.

use std::net::SocketAddr;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "kubeconfig".to_owned());
    let cluster = pocketkube::Cluster::start().await?;
    let address = cluster.serve(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
    std::fs::write(&path, cluster.kubeconfig())?;
    println!("https://{address}, kubeconfig in {path}");
    tokio::signal::ctrl_c().await?;
    if let Err(tasks) = cluster.shutdown().await {
        eprintln!("still running: {}", tasks.join(", "));
    }
    Ok(())
}
