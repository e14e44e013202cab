//! Python, as far as `python -m http.server`. Scripts are not interpreted.

use std::net::SocketAddr;
use std::time::Duration;

use super::web::{self, Found};
use super::{MEGABYTE, Program, UseInShell};
use crate::kubelet::runtime::filesystem::Filesystem;
use crate::kubelet::runtime::http::{Answer, http_date, serve, status_text};
use crate::kubelet::runtime::process::{Process, Signal};

pub const PROGRAM: Program = Program {
    names: &["python", "python3"],
    run: |process| Box::pin(run(process)),
    memory: 16 * MEGABYTE,
    idle_millicores: 1,
    use_in_shell: UseInShell::Command,
};

async fn run(process: Process) -> i32 {
    let version = process.kernel.image.version.clone();
    let arguments: Vec<&str> = process.arguments().iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["-V" | "--version"] => {
            process.print(format!("Python {version}\n")).await;
            0
        }
        ["-u", "-m", "http.server", rest @ ..] | ["-m", "http.server", rest @ ..] => {
            let rest: Vec<String> = rest.iter().map(|word| (*word).to_owned()).collect();
            serve_directory(process, &rest).await
        }
        [] => {
            // As PID 1 without a terminal it reads an empty script and is done.
            if process.start.terminal.is_some() {
                process.print(UNSUPPORTED).await;
                return 1;
            }
            0
        }
        _ => {
            process.complain(UNSUPPORTED).await;
            1
        }
    }
}

const UNSUPPORTED: &str = "python: scripts are not interpreted in this simulated container; only `-m http.server` and `--version` are known\n";

async fn serve_directory(mut process: Process, arguments: &[String]) -> i32 {
    let mut port = 8000;
    let mut directory = process.start.working_dir.clone();
    let mut bind = web::ANY_ADDRESS;
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        match argument.as_str() {
            "--directory" | "-d" => {
                directory = rest.next().map_or(directory, |path| process.path(path));
            }
            "--bind" | "-b" => {
                bind = rest.next().and_then(|ip| ip.parse().ok()).unwrap_or(bind);
            }
            number => port = number.parse().unwrap_or(port),
        }
    }
    let Ok(listener) = web::listen(&process.kernel, bind, port) else {
        process
            .complain("OSError: [Errno 98] Address already in use\n")
            .await;
        return 1;
    };
    process
        .print(format!(
            "Serving HTTP on {bind} port {port} (http://{bind}:{port}/) ...\n"
        ))
        .await;
    let (kernel, files) = (process.kernel.clone(), process.filesystem.clone());
    let log = process.start.stderr.clone();
    let version = process.kernel.image.version.clone();
    let serving = serve(listener, move |request, peer: SocketAddr| {
        let (kernel, files, log) = (kernel.clone(), files.clone(), log.clone());
        let (directory, version) = (directory.clone(), version.clone());
        async move {
            kernel.usage.charge_cpu(Duration::from_millis(1));
            let answer = answer(&files, &directory, request.uri().path());
            let now = kernel.clock.now();
            log.print(format!(
                "{} - - [{}] \"{} {} HTTP/1.1\" {} -\n",
                peer.ip(),
                now.strftime("%d/%b/%Y %H:%M:%S"),
                request.method(),
                request.uri(),
                answer.status()
            ))
            .await;
            answer
                .header("Server", format!("SimpleHTTP/0.6 Python/{version}"))
                .header("Date", http_date(now))
        }
    });
    let is_init = process.is_init;
    let interrupted = |signal| (signal == Signal::Interrupt).then_some(0);
    let work = async {
        serving.await;
        0
    };
    Process::until_signal(&mut process.signals, is_init, interrupted, work).await
}

fn answer(files: &Filesystem, directory: &str, path: &str) -> Answer {
    match web::find_file(files, directory, path, &["index.html", "index.htm"]) {
        Found::File {
            content,
            content_type,
            modified,
        } => Answer::new(200)
            .header("Content-type", content_type)
            .header("Last-Modified", http_date(modified))
            .body(content),
        Found::Directory => Answer::new(301).header("Location", format!("{path}/")),
        Found::Forbidden => listing(files, directory, path),
        Found::Missing => error_page(404, "File not found"),
    }
}

fn listing(files: &Filesystem, directory: &str, path: &str) -> Answer {
    let full = format!("{}{path}", directory.trim_end_matches('/'));
    let Ok(entries) = files.read_directory(&full) else {
        return error_page(404, "No permission to list directory");
    };
    let items = entries.iter().map(|entry| {
        let slash = if entry.node.is_directory() { "/" } else { "" };
        format!(
            "<li><a href=\"{0}{slash}\">{0}{slash}</a></li>\n",
            entry.name
        )
    });
    let items: String = items.collect();
    let page = format!(
        "<!DOCTYPE HTML>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>Directory listing for {path}</title>\n</head>\n<body>\n<h1>Directory listing for {path}</h1>\n<hr>\n<ul>\n{items}</ul>\n<hr>\n</body>\n</html>\n"
    );
    Answer::new(200)
        .header("Content-type", "text/html; charset=utf-8")
        .body(page)
}

fn error_page(status: u16, message: &str) -> Answer {
    let page = format!(
        "<!DOCTYPE HTML>\n<html lang=\"en\">\n    <head>\n        <meta charset=\"utf-8\">\n        <title>Error response</title>\n    </head>\n    <body>\n        <h1>Error response</h1>\n        <p>Error code: {status}</p>\n        <p>Message: {message}.</p>\n        <p>Error code explanation: {}.</p>\n    </body>\n</html>\n",
        status_text(status)
    );
    Answer::new(status)
        .header("Content-Type", "text/html;charset=utf-8")
        .body(page)
}
