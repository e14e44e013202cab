//! Further commands in a container: with and without a terminal, and attaching to the first one.

use std::time::Duration;

use pocketkube::kubelet::runtime::{ExecError, Streams};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

use crate::node::{Node, Running, exec};

#[tokio::test(start_paused = true)]
async fn a_command_has_its_own_streams_and_status() {
    let node = Node::new();
    let run = node.run("nginx", &[]);
    let found = exec(&run, &["sh", "-c", "echo out; echo err >&2; exit 5"]).await;
    assert_eq!(found, (5, "out\n".to_owned(), "err\n".to_owned()));
    let (code, out, _) = exec(&run, &["ls", "/usr/share/nginx/html"]).await;
    assert_eq!((code, out.as_str()), (0, "50x.html\nindex.html\n"));
    let error = run
        .exec(vec!["ps".to_owned()], false, Streams::default())
        .await
        .unwrap_err();
    let words = error.to_string();
    assert!(
        words.starts_with("failed to exec in container: failed to start exec \"")
            && words.ends_with(
                "\": OCI runtime exec failed: exec failed: unable to start container process: \
                 exec: \"ps\": executable file not found in $PATH"
            ),
        "{words}"
    );
    run.kill();
    run.wait().await;
    let error = run
        .exec(vec!["ls".to_owned()], false, Streams::default())
        .await
        .unwrap_err();
    assert!(matches!(error, ExecError::NotRunning(_)));
}

#[tokio::test(start_paused = true)]
async fn standard_input_reaches_the_command() {
    let node = Node::new();
    let run = node.run("busybox", &["sleep", "3600"]);
    let (stdout, mut out) = tokio::io::duplex(1024);
    let streams = Streams {
        stdin: Some(Box::new(std::io::Cursor::new(b"one\ntwo\n".to_vec()))),
        stdout: Some(Box::new(stdout)),
        ..Streams::default()
    };
    let command = ["sh", "-c", "while read line; do echo \"<$line>\"; done"];
    let command = command.map(str::to_owned).to_vec();
    let mut text = String::new();
    let (code, _) = tokio::join!(
        run.exec(command, false, streams),
        out.read_to_string(&mut text)
    );
    assert_eq!((code.unwrap(), text.as_str()), (0, "<one>\n<two>\n"));
}

#[tokio::test(start_paused = true)]
async fn tar_carries_files_in_and_out() {
    let node = Node::new();
    let run = node.run("busybox", &["sleep", "3600"]);
    run.sh("mkdir -p /src/sub; echo a > /src/a; printf '\\377\\000\\001' > /src/sub/b; chmod 750 /src/a").await;
    let (stdout, mut out) = tokio::io::duplex(64 * 1024);
    let streams = Streams {
        stdout: Some(Box::new(stdout)),
        ..Streams::default()
    };
    let command = ["tar", "cf", "-", "-C", "/", "src"]
        .map(str::to_owned)
        .to_vec();
    let mut archive = Vec::new();
    let (code, _) = tokio::join!(
        run.exec(command, false, streams),
        out.read_to_end(&mut archive)
    );
    assert_eq!(code.unwrap(), 0);
    let streams = Streams {
        stdin: Some(Box::new(std::io::Cursor::new(archive))),
        ..Streams::default()
    };
    run.sh("mkdir /dst").await;
    let command = ["tar", "xmf", "-", "-C", "/dst"]
        .map(str::to_owned)
        .to_vec();
    assert_eq!(run.exec(command, false, streams).await.unwrap(), 0);
    let (_, out, _) = run
        .sh("cat /dst/src/a; wc -c < /dst/src/sub/b; stat -c %a /dst/src/a")
        .await;
    assert_eq!(out, "a\n3\n750\n");
}

/// A session on a terminal: what is typed, and the screen so far.
struct Session {
    keyboard: DuplexStream,
    screen: DuplexStream,
    seen: String,
}

impl Session {
    fn start(run: &Running, command: &[&str]) -> (Self, tokio::task::JoinHandle<i32>) {
        let (keyboard, stdin) = tokio::io::duplex(1024);
        let (stdout, screen) = tokio::io::duplex(64 * 1024);
        let streams = Streams {
            stdin: Some(Box::new(stdin)),
            stdout: Some(Box::new(stdout)),
            ..Streams::default()
        };
        let container = run.container.clone();
        let command = command.iter().map(|word| (*word).to_owned()).collect();
        let exec =
            tokio::spawn(async move { container.exec(command, true, streams).await.unwrap() });
        let session = Self {
            keyboard,
            screen,
            seen: String::new(),
        };
        (session, exec)
    }

    async fn type_in(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).await.unwrap();
    }

    /// Waits until the screen ends with the text.
    async fn expect(&mut self, end: &str) {
        let mut buffer = [0; 1024];
        while !self.seen.ends_with(end) {
            let read = self.screen.read(&mut buffer);
            let Ok(count) = tokio::time::timeout(Duration::from_secs(60), read).await else {
                panic!("the screen does not end with {end:?}: {:?}", self.seen);
            };
            let count = count.unwrap();
            assert!(count > 0, "the session ended: {:?}", self.seen);
            self.seen
                .push_str(&String::from_utf8_lossy(&buffer[..count]));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_shell_on_a_terminal_keeps_its_state_between_commands() {
    let node = Node::new();
    let run = node.run("busybox:1.36", &["sleep", "3600"]);
    let (mut session, exec) = Session::start(&run, &["sh"]);
    session.expect("/ # ").await;
    session.type_in("cd /tmp\r").await;
    session.expect("cd /tmp\r\n/tmp # ").await;
    session.type_in("x=42\r").await;
    session.expect("/tmp # ").await;
    session.type_in("echo $x\r").await;
    session.expect("echo $x\r\n42\r\n/tmp # ").await;
    session.type_in("nope\r").await;
    session.expect("sh: nope: not found\r\n/tmp # ").await;
    session.type_in("echo $?\r").await;
    session.expect("\r\n127\r\n/tmp # ").await;
    session.type_in("for i in 1 2; do\r").await;
    session.expect("> ").await;
    session.type_in("echo $i; done\r").await;
    session.expect("1\r\n2\r\n/tmp # ").await;
    session.type_in("sleep 1000\r").await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    session.type_in("\x03").await;
    session.expect("^C\r\n/tmp # ").await;
    session.type_in("exit 3\r").await;
    assert_eq!(exec.await.unwrap(), 3);
}

#[tokio::test(start_paused = true)]
async fn bash_prompts_with_user_and_host() {
    let node = Node::new();
    let run = node.run("nginx", &[]);
    let (mut session, exec) = Session::start(&run, &["bash"]);
    session.expect("root@pod:/# ").await;
    session.type_in("nope\r").await;
    session
        .expect("bash: nope: command not found\r\nroot@pod:/# ")
        .await;
    session.type_in("\x04").await;
    assert_eq!(exec.await.unwrap(), 127);
    let (mut session, exec) = Session::start(&run, &["sh"]);
    session.expect("# ").await;
    drop(session);
    assert_eq!(exec.await.unwrap(), 0);
}

#[tokio::test(start_paused = true)]
async fn attaching_reaches_a_shell_that_is_the_first_process() {
    let node = Node::new();
    let run = node.run_with("busybox", &["sh"], |config| {
        config.tty = true;
        config.stdin = true;
        config.stdin_once = true;
    });
    let (mut keyboard, stdin) = tokio::io::duplex(1024);
    let (stdout, mut screen) = tokio::io::duplex(64 * 1024);
    let streams = Streams {
        stdin: Some(Box::new(stdin)),
        stdout: Some(Box::new(stdout)),
        ..Streams::default()
    };
    let container = run.container.clone();
    let attached = tokio::spawn(async move { container.attach(streams).await.unwrap() });
    keyboard
        .write_all(b"echo from $HOSTNAME\rexit 4\r")
        .await
        .unwrap();
    let mut text = String::new();
    screen.read_to_string(&mut text).await.unwrap();
    assert!(text.contains("\r\nfrom pod\r\n"), "{text:?}");
    assert_eq!(attached.await.unwrap(), Some(4));
    assert_eq!(run.wait().await.code, 4);
}
