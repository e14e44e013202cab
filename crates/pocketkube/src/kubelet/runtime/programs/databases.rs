//! `pg_isready` and `mysqladmin ping`: is the database there?

use std::net::SocketAddr;
use std::time::Duration;

use super::options::{Options, flag, value};
use super::{MEGABYTE, Program, UseInShell};
use crate::kubelet::runtime::net::Resolver;
use crate::kubelet::runtime::process::Process;

pub const PROGRAM: Program = Program {
    names: &["pg_isready", "mysqladmin"],
    run: |process| Box::pin(run(process)),
    memory: MEGABYTE,
    idle_millicores: 0,
    use_in_shell: UseInShell::Command,
};

async fn run(process: Process) -> i32 {
    let specs = [
        value('h', "host"),
        value('p', "port"),
        value('P', ""),
        value('U', "username"),
        value('u', "user"),
        value('d', "dbname"),
        value('t', "timeout"),
        flag('q', "quiet"),
    ];
    let is_postgres = process.name() == "pg_isready";
    let arguments = process.arguments().iter();
    // `-pPASSWORD` of the MySQL tools is no port.
    let arguments: Vec<String> = arguments
        .filter(|word| is_postgres || !word.starts_with("-p") && !word.starts_with("--password"))
        .cloned()
        .collect();
    let Ok(options) = Options::parse(&arguments, &specs) else {
        process
            .complain(format!("{}: invalid option\n", process.name()))
            .await;
        return 3;
    };
    let host = options.value("host");
    let default = if is_postgres { 5432 } else { 3306 };
    let port = options.value("port").or(options.value("P"));
    let port: u16 = port.and_then(|port| port.parse().ok()).unwrap_or(default);
    let resolver = Resolver::new(&process.kernel.network, &process.filesystem);
    let addresses = resolver.addresses(host.unwrap_or("127.0.0.1")).await;
    let patience = Some(Duration::from_secs(3));
    let is_up = match addresses {
        Ok(ips) => {
            let to = SocketAddr::new(ips[0], port);
            process.kernel.network.dial(to, patience).await.is_ok()
        }
        Err(_) => false,
    };
    let place = host.unwrap_or("/var/run/postgresql");
    match (is_postgres, is_up) {
        (true, true) => {
            process
                .print(format!("{place}:{port} - accepting connections\n"))
                .await
        }
        (true, false) => {
            process
                .print(format!("{place}:{port} - no response\n"))
                .await
        }
        (false, true) => process.print("mysqld is alive\n").await,
        (false, false) => {
            let host = host.unwrap_or("localhost");
            let words = format!(
                "mysqladmin: connect to server at '{host}' failed\nerror: 'Can't connect to MySQL server on '{host}:{port}' (111)'\n"
            );
            process.complain(words).await;
        }
    }
    match (is_postgres, is_up) {
        (_, true) => 0,
        (true, false) => 2,
        (false, false) => 1,
    }
}
