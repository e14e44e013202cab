//! Memory and processor time.

use std::time::Duration;

use crate::node::Node;

const MEGABYTE: u64 = 1024 * 1024;

#[tokio::test(start_paused = true)]
async fn a_program_that_passes_its_memory_limit_is_killed() {
    let node = Node::new();
    for command in [
        &["tail", "/dev/zero"][..],
        &["sh", "-c", "tail /dev/zero"],
        &["sh", "-c", "head -c 200m /dev/zero | tail"],
        &["sh", "-c", "x=$(yes | head -c 200m)"],
    ] {
        let run = node.run_with("busybox", command, |config| {
            config.memory_limit = Some(64 * MEGABYTE);
        });
        let status = run.wait().await;
        assert_eq!(
            (status.code, status.reason),
            (137, "OOMKilled"),
            "{command:?}"
        );
    }
    let run = node.run_with(
        "polinux/stress",
        &["stress", "--vm", "1", "--vm-bytes", "250M"],
        |config| {
            config.memory_limit = Some(100 * MEGABYTE);
        },
    );
    assert_eq!(run.wait().await.reason, "OOMKilled");
}

#[tokio::test(start_paused = true)]
async fn containers_account_for_what_they_use() {
    let node = Node::new();
    let idle = node.run("nginx", &[]);
    let busy = node.run("busybox", &["sh", "-c", "while :; do :; done"]);
    let stressed = node.run_with("polinux/stress", &["stress", "-c", "2"], |config| {
        config.cpu_limit = Some(0.5);
    });
    node.clock.sleep(Duration::from_secs(60)).await;
    assert!(idle.cpu_time() < Duration::from_secs(1));
    assert!(idle.memory_bytes() > MEGABYTE && idle.memory_bytes() < 20 * MEGABYTE);
    let spent = busy.cpu_time();
    assert!(
        spent > Duration::from_secs(30) && spent <= Duration::from_secs(61),
        "{spent:?}"
    );
    let spent = stressed.cpu_time();
    assert!(
        spent > Duration::from_secs(25) && spent < Duration::from_secs(32),
        "{spent:?}"
    );
}
