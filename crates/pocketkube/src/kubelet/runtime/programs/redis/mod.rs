//! Redis: a server with strings, counters and lists, and `redis-cli` to talk to it.

mod client;
mod protocol;
mod server;
mod store;

use super::{MEGABYTE, Program, UseInShell};

pub const SERVER: Program = Program {
    names: &["redis-server"],
    run: |process| Box::pin(server::run(process)),
    memory: 8 * MEGABYTE,
    idle_millicores: 2,
    use_in_shell: UseInShell::Command,
};

pub const CLIENT: Program = Program {
    names: &["redis-cli"],
    run: |process| Box::pin(client::run(process)),
    memory: MEGABYTE,
    idle_millicores: 0,
    use_in_shell: UseInShell::Command,
};
