//! HTTP/1.1 for simulated programs, over the network's in-memory streams.

mod client;
mod server;
mod server_tls;
mod tls;
mod url;

pub use client::{Exchange, ExchangeError, Transport};
pub use server::{Answer, http_date, serve, status_text};
pub use server_tls::{key_pair, serve_tls};
pub use tls::{Trust, connect_tls};
pub use url::{Url, UrlError};
