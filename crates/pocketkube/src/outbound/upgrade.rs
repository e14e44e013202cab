//! Connections that stop being HTTP: what one end says is passed to the other, until both are done.
//!
//! Mirrors `UpgradeAwareHandler.tryUpgrade` in `apimachinery/pkg/util/proxy/upgradeaware.go`
//! (v1.35).

use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::io::copy_bidirectional;

use super::Outbound;

impl Outbound {
    /// Joins a client's connection with a server's, once each has been given up by HTTP.
    pub fn join(&self, client: OnUpgrade, server: OnUpgrade) {
        self.shared.tasks.spawn("upgraded connection", async move {
            let (client, server) = match tokio::try_join!(client, server) {
                Ok((client, server)) => (TokioIo::new(client), TokioIo::new(server)),
                Err(error) => {
                    tracing::debug!(%error, "a connection was not upgraded");
                    return;
                }
            };
            let (mut client, mut server) = (client, server);
            if let Err(error) = copy_bidirectional(&mut client, &mut server).await {
                tracing::debug!(%error, "upgraded connection ended");
            }
        });
    }
}
