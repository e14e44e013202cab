//! Signals that ask the program to end. Raw mode turns Ctrl-C and Ctrl-Z into
//! keys, so what arrives here comes from outside: `kill`, a closed terminal
//! window, a session that ends.

#[cfg(unix)]
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Listens from its creation on.
pub struct Signals {
    #[cfg(unix)]
    listening: [Signal; 3],
}

impl Signals {
    /// Starts to listen for SIGTERM, SIGHUP and SIGINT.
    ///
    /// # Errors
    /// The handlers cannot be installed.
    #[cfg(unix)]
    pub fn listen() -> std::io::Result<Self> {
        Ok(Self {
            listening: [
                signal(SignalKind::terminate())?,
                signal(SignalKind::hangup())?,
                signal(SignalKind::interrupt())?,
            ],
        })
    }

    /// Ctrl-C is all there is to listen for.
    ///
    /// # Errors
    /// None here.
    #[cfg(not(unix))]
    pub fn listen() -> std::io::Result<Self> {
        Ok(Self {})
    }

    /// Returns when one of them has come.
    #[cfg(unix)]
    pub async fn next(&mut self) {
        let [terminate, hangup, interrupt] = &mut self.listening;
        tokio::select! {
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
            _ = interrupt.recv() => {}
        }
    }

    /// Returns when one of them has come.
    #[cfg(not(unix))]
    pub async fn next(&mut self) {
        let _ = tokio::signal::ctrl_c().await;
    }
}
