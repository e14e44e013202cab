//! How a host is asked how it does, and told what to do: a line of JSON each way, on loopback.
//!
//! A socket works alike on every system, and an order is answered when it has been carried out.
//! Whoever hangs up before does not want it carried out any further.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

use super::chaos::Chaos;
use super::host::HostFile;
use super::insight::{Answer, Question};
use super::rewind::RewindTo;
use super::wire::{ApiCall, Traffic};

/// A living host answers well within this, unless an order takes its time.
const ANSWER: Duration = Duration::from_secs(5);

/// How long the last answers may take when the host ends.
const LAST_ANSWERS: Duration = Duration::from_secs(1);

/// A longer line is no order of ours.
const LONGEST_LINE: u64 = 4096;

/// So many may wait for answers at once.
const MOST_WAITING: usize = 64;

/// What a host is asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "camelCase")]
pub enum Order {
    Status,
    /// Someone works with the cluster though no request shows it.
    Touch,
    Stop,
    /// What a user has asked of the cluster.
    Traffic {
        user: String,
    },
    /// What the learner's tools asked lately.
    Asked {
        since: u64,
    },
    /// The watches of a user are to be broken off.
    Cut {
        user: String,
    },
    /// Something about the cluster's clock.
    Clock {
        order: ClockOrder,
    },
    /// There are to be so many nodes.
    #[serde(rename_all = "camelCase")]
    Nodes {
        at_least: usize,
    },
    /// Why something is as it is.
    Explain {
        question: Question,
    },
    /// The cluster goes back to how it was.
    Rewind {
        back: RewindTo,
    },
    /// Something happens to the nodes.
    Chaos {
        chaos: Chaos,
    },
}

/// What is asked about the clock.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "camelCase")]
pub enum ClockOrder {
    /// Who waits for what time.
    Timers,
    Pause,
    Resume,
    Speed {
        speed: f64,
    },
    /// Answered when the time has passed.
    Skip {
        seconds: f64,
    },
    SkipUntil {
        until: Timestamp,
    },
    /// Answered once the clock does no longer as it did when its status said `changes`.
    Follow {
        changes: u64,
    },
}

impl Order {
    /// Whether its answer may take any time.
    fn takes_its_time(&self) -> bool {
        use ClockOrder::{Follow, Skip, SkipUntil};
        if matches!(self, Self::Rewind { .. }) {
            return true;
        }
        let Self::Clock { order } = self else {
            return false;
        };
        matches!(order, Skip { .. } | SkipUntil { .. } | Follow { .. })
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct Line {
    token: String,
    #[serde(flatten)]
    order: Order,
}

/// What a host answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct HostStatus {
    /// Cluster time.
    pub now: Timestamp,
    /// Cluster seconds per second, while time is not paused.
    pub speed: f64,
    #[serde(default)]
    pub paused: bool,
    /// Cluster seconds per second just now.
    #[serde(default)]
    pub pace: f64,
    /// How often the clock was set so far.
    #[serde(default)]
    pub changes: u64,
    /// Seconds since someone last worked with it.
    pub idle: u64,
    pub nodes: usize,
    /// It ends by itself when it idles for long.
    pub background: bool,
    /// Of the user who was asked about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traffic: Option<Traffic>,
    /// What was asked lately.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub asked: Vec<ApiCall>,
    /// What was done, where that is worth words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub said: Option<String>,
    /// What was asked about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<Answer>,
    /// Why it was not done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
    /// Who waits for what time, where that was asked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub timers: Vec<HostTimer>,
}

/// Somebody in the cluster who waits for a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostTimer {
    pub due: Timestamp,
    pub who: String,
}

/// The host did not do it, for a reason that whoever asked should read.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Refused(pub String);

/// An order that came in, and where its answer goes.
pub struct Asked {
    pub order: Order,
    pub answer: tokio::sync::oneshot::Sender<HostStatus>,
}

/// The host's end.
pub struct Control {
    listener: TcpListener,
    token: String,
}

impl Control {
    pub async fn listen() -> Result<Self> {
        Ok(Self {
            listener: TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?,
            token: format!("{:032x}", rand::random::<u128>()),
        })
    }

    pub fn address(&self) -> Result<SocketAddr> {
        Ok(self.listener.local_addr()?)
    }

    pub fn token(&self) -> &str {
        &self.token
    }

    /// Takes orders until `asked` is closed. Then those who have an answer get it still: the last is
    /// the one who ordered to stop.
    pub async fn run(self, asked: mpsc::Sender<Asked>) {
        let mut serving = FuturesUnordered::new();
        loop {
            let has_room = serving.len() < MOST_WAITING;
            tokio::select! {
                accepted = self.listener.accept(), if has_room => {
                    if let Ok((stream, _)) = accepted {
                        serving.push(serve(stream, &self.token, &asked));
                    }
                }
                Some(served) = serving.next() => {
                    if let Err(error) = served {
                        tracing::debug!(%error, "an order was not carried out");
                    }
                }
                () = asked.closed() => break,
            }
        }
        let answers = async { while serving.next().await.is_some() {} };
        // Who has asked for nothing yet is not waited for.
        let _ = tokio::time::timeout(LAST_ANSWERS, answers).await;
    }
}

async fn serve(stream: TcpStream, token: &str, asked: &mpsc::Sender<Asked>) -> Result<()> {
    let (read, mut write) = stream.into_split();
    let mut read = BufReader::new(read.take(LONGEST_LINE));
    let mut line = String::new();
    tokio::time::timeout(ANSWER, read.read_line(&mut line)).await??;
    let line: Line = serde_json::from_str(&line)?;
    if line.token != token {
        bail!("a wrong token");
    }
    let (answer, answered) = tokio::sync::oneshot::channel();
    let order = line.order;
    asked.send(Asked { order, answer }).await?;
    let status = tokio::select! {
        status = answered => serde_json::to_string(&status?)?,
        _ = read.read_u8() => bail!("nobody waits for the answer any more"),
    };
    write.write_all(format!("{status}\n").as_bytes()).await?;
    Ok(())
}

/// Asks a host, from another process, and waits as long as the order takes.
pub async fn ask(host: &HostFile, order: Order) -> Result<HostStatus> {
    let takes_its_time = order.takes_its_time();
    let exchange = async {
        let mut stream = TcpStream::connect(host.control).await?;
        let line = serde_json::to_string(&Line {
            token: host.token.clone(),
            order,
        })?;
        stream.write_all(format!("{line}\n").as_bytes()).await?;
        let mut answer = String::new();
        BufReader::new(stream).read_line(&mut answer).await?;
        if answer.is_empty() && host.version != env!("CARGO_PKG_VERSION") {
            bail!(
                "it is of version {}; stop it (kubekata cluster stop), and it starts as this one",
                host.version
            );
        }
        Ok::<_, anyhow::Error>(serde_json::from_str(&answer)?)
    };
    const SILENT: &str = "the cluster's host does not answer";
    let status: HostStatus = match takes_its_time {
        true => exchange.await.context(SILENT)?,
        false => {
            let answered = tokio::time::timeout(ANSWER, exchange).await;
            answered.context(SILENT)?.context(SILENT)?
        }
    };
    match status.refused {
        Some(why) => Err(Refused(why).into()),
        None => Ok(status),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pocketkube::tasks::Tasks;

    fn status() -> HostStatus {
        HostStatus {
            now: Timestamp::UNIX_EPOCH,
            speed: 1.0,
            idle: 3,
            nodes: 3,
            background: true,
            ..HostStatus::default()
        }
    }

    async fn host() -> (HostFile, mpsc::Receiver<Asked>) {
        let control = Control::listen().await.expect("it listens");
        let host = HostFile {
            pid: 1,
            version: String::new(),
            address: ([127, 0, 0, 1], 1).into(),
            control: control.address().expect("it is bound"),
            token: control.token().to_owned(),
            started: Timestamp::UNIX_EPOCH,
        };
        let (sender, receiver) = mpsc::channel(1);
        Tasks::new().spawn("control", control.run(sender));
        (host, receiver)
    }

    #[tokio::test]
    async fn an_order_reaches_the_host_and_its_answer_comes_back() {
        let (host, mut asked) = host().await;
        Tasks::new().spawn("answer", async move {
            let order = asked.recv().await.expect("an order");
            assert_eq!(order.order, Order::Stop);
            order.answer.send(status()).expect("someone waits");
        });
        assert_eq!(ask(&host, Order::Stop).await.expect("an answer"), status());
    }

    #[tokio::test]
    async fn an_order_without_the_token_is_not_carried_out() {
        let (mut host, mut asked) = host().await;
        host.token = "guess".to_owned();
        assert!(ask(&host, Order::Stop).await.is_err());
        assert!(asked.try_recv().is_err());
    }
}
