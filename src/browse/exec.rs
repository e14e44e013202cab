//! A shell in a container, through the API alone: what is typed goes in, what it writes comes out.

use futures::SinkExt;
use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use kube::api::{AttachParams, TerminalSize};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc;

use super::{News, Tools};
use crate::sandbox::{Reference, words_of};

/// Bytes read at once.
const CHUNK: usize = 16 * 1024;

/// Which container, and how large its terminal is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exec {
    /// Tells its news from those of others.
    pub life: u64,
    pub of: Reference,
    /// The first one where none is named.
    pub container: Option<String>,
    pub columns: u16,
    pub rows: u16,
}

/// What goes in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    Bytes(Vec<u8>),
    /// Columns and rows.
    Size(u16, u16),
}

/// Runs the shell until it ends or nobody types into it any more.
pub async fn run(tools: Tools, exec: Exec, mut input: mpsc::Receiver<Input>) {
    let life = exec.life;
    let how = match converse(&tools, &exec, &mut input).await {
        Ok(how) => how,
        Err(error) => words_of(&error),
    };
    let _ = tools.news.send(News::Ended { life, how }).await;
}

async fn converse(
    tools: &Tools,
    exec: &Exec,
    input: &mut mpsc::Receiver<Input>,
) -> Result<String, kube::Error> {
    let api: Api<Pod> = Api::namespaced(tools.observer.client().clone(), exec.of.namespace());
    let params = AttachParams {
        container: exec.container.clone(),
        ..AttachParams::interactive_tty()
    };
    let mut attached = api.exec(&exec.of.name, ["sh"], &params).await?;
    let ended = attached.take_status();
    let (Some(mut stdin), Some(mut stdout)) = (attached.stdin(), attached.stdout()) else {
        return Ok("no terminal".to_owned());
    };
    let mut sizes = attached.terminal_size();
    let size = |columns, rows| TerminalSize {
        width: columns,
        height: rows,
    };
    if let Some(sizes) = &mut sizes {
        let _ = sizes.send(size(exec.columns, exec.rows)).await;
    }
    let mut chunk = vec![0; CHUNK];
    loop {
        tokio::select! {
            read = stdout.read(&mut chunk) => {
                let bytes = match read {
                    Ok(length @ 1..) => chunk[..length].to_vec(),
                    Ok(0) | Err(_) => break,
                };
                let news = News::Output { life: exec.life, bytes };
                if tools.news.send(news).await.is_err() {
                    break;
                }
            }
            typed = input.recv() => match typed {
                Some(Input::Bytes(bytes)) => {
                    if stdin.write_all(&bytes).await.is_err() {
                        break;
                    }
                }
                Some(Input::Size(columns, rows)) => {
                    if let Some(sizes) = &mut sizes {
                        let _ = sizes.send(size(columns, rows)).await;
                    }
                }
                None => return Ok("hung up".to_owned()),
            },
        }
    }
    let status = match ended {
        Some(ended) => ended.await,
        None => None,
    };
    let message = status.and_then(|status| status.message);
    Ok(message.unwrap_or_else(|| "exit 0".to_owned()))
}
