//! HashiCorp's http-echo: one text for every request.

use std::net::SocketAddr;
use std::time::Duration;

use super::options::{Options, flag, value};
use super::web::ANY_ADDRESS;
use super::{MEGABYTE, Program, UseInShell};
use crate::kubelet::runtime::http::{Answer, http_date, serve};
use crate::kubelet::runtime::process::{Process, Signal};

pub const PROGRAM: Program = Program {
    names: &["http-echo"],
    run: |process| Box::pin(run(process)),
    memory: 5 * MEGABYTE,
    idle_millicores: 0,
    use_in_shell: UseInShell::Command,
};

const USAGE: &str = "Usage of http-echo:\n  -listen string\n    \taddress and port to listen (default \":5678\")\n  -status-code int\n    \thttp response code, e.g.: 200 (default 200)\n  -text string\n    \ttext to put on the webpage\n  -version\n    \tdisplay version information\n";

async fn run(mut process: Process) -> i32 {
    // Go's flags have one dash or two.
    let arguments: Vec<String> = process
        .arguments()
        .iter()
        .map(|word| match word.strip_prefix('-') {
            Some(rest) if !rest.starts_with('-') => format!("--{rest}"),
            _ => word.clone(),
        })
        .collect();
    let specs = [
        value('\0', "listen"),
        value('\0', "text"),
        value('\0', "status-code"),
        flag('\0', "version"),
        flag('\0', "help"),
    ];
    let Ok(options) = Options::parse(&arguments, &specs) else {
        process.complain(USAGE).await;
        return 2;
    };
    if options.has("version") {
        let version = &process.kernel.image.version;
        process.print(format!("http-echo v{version}\n")).await;
        return 0;
    }
    if !options.operands.is_empty() {
        process.complain("Too many arguments!\n").await;
        return 127;
    }
    let text = options.value("text").or(process.variable("ECHO_TEXT"));
    let Some(text) = text.map(|text| format!("{text}\n")) else {
        process
            .complain("Missing -text option or ECHO_TEXT env variable!\n")
            .await;
        return 127;
    };
    let at = options.value("listen").unwrap_or(":5678").to_owned();
    let port = at.rsplit(':').next().and_then(|port| port.parse().ok());
    let status = options
        .value("status-code")
        .and_then(|code| code.parse().ok());
    let status: u16 = status.unwrap_or(200);
    let kernel = process.kernel.clone();
    let log = process.start.stdout.clone();
    let stamp = move || kernel.clock.now().strftime("%Y/%m/%d %H:%M:%S").to_string();
    let Some(listener) = port.and_then(|port| {
        let at = SocketAddr::new(ANY_ADDRESS, port);
        process.kernel.network.listen(at).ok()
    }) else {
        process
            .complain(format!(
                "{} [ERR] error starting listener: listen tcp {at}: bind: address already in use\n",
                stamp()
            ))
            .await;
        return 1;
    };
    process
        .print(format!("{} [INFO] server is listening on {at}\n", stamp()))
        .await;
    let kernel = process.kernel.clone();
    let serving = serve(listener, move |request, peer: SocketAddr| {
        let (text, log, kernel) = (text.clone(), log.clone(), kernel.clone());
        async move {
            kernel.usage.charge_cpu(Duration::from_micros(80));
            let now = kernel.clock.now();
            let header = |name: &str| {
                let value = request.headers().get(name).and_then(|v| v.to_str().ok());
                value.unwrap_or_default().to_owned()
            };
            log.print(format!(
                "{} {} {peer} \"{} {} HTTP/1.1\" {status} {} \"{}\" 21.5µs\n",
                now.strftime("%Y/%m/%d %H:%M:%S"),
                header("host"),
                request.method(),
                request.uri(),
                text.len(),
                header("user-agent"),
            ))
            .await;
            Answer::new(status)
                .header("X-App-Name", "http-echo")
                .header("X-App-Version", kernel.image.version.clone())
                .header("Date", http_date(now))
                .header("Content-Type", "text/plain; charset=utf-8")
                .body(text)
        }
    });
    let is_init = process.is_init;
    let work = async {
        serving.await;
        0
    };
    // A Go program that handles no signals leaves with status 2 when it is PID 1.
    let unhandled = |signal| matches!(signal, Signal::Term | Signal::Interrupt).then_some(2);
    Process::until_signal(&mut process.signals, is_init, unhandled, work).await
}
