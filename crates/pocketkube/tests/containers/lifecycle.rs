//! Starting, exiting, stopping.

use std::time::Duration;

use pocketkube::kubelet::runtime::{ContainerState, Signal};

use crate::node::{GRACE, Node};

#[tokio::test(start_paused = true)]
async fn a_command_prints_and_exits_with_its_status() {
    let node = Node::new();
    for (script, code, log) in [
        ("echo hello", 0, "hello\n"),
        ("echo oops >&2; exit 3", 3, "oops\n"),
        ("for i in 1 2 3; do echo $i; done; false", 1, "1\n2\n3\n"),
        ("nope", 127, "sh: nope: not found\n"),
        (
            "x=$(echo inner); echo \"got $x\" | tr a-z A-Z",
            0,
            "GOT INNER\n",
        ),
    ] {
        let run = node.run("busybox", &["sh", "-c", script]);
        assert_eq!(run.outcome().await, (code, log.to_owned()), "{script}");
    }
}

#[tokio::test(start_paused = true)]
async fn sleep_takes_cluster_time_and_output_streams_meanwhile() {
    let node = Node::new();
    let script = "echo before; sleep 600; echo after";
    let run = node.run("busybox", &["sh", "-c", script]);
    run.logs("before").await;
    let started = node.clock.now();
    assert_eq!(run.outcome().await, (0, "before\nafter\n".to_owned()));
    let slept = node.clock.since(started);
    assert!(slept > Duration::from_secs(595) && slept < Duration::from_secs(601));
}

#[tokio::test(start_paused = true)]
async fn the_first_process_ignores_sigterm_unless_it_handles_it() {
    let node = Node::new();
    let run = node.run("busybox", &["sleep", "3600"]);
    let before = node.clock.now();
    let status = run.stop(GRACE).await;
    assert_eq!((status.code, status.signal), (137, Some(Signal::Kill)));
    assert_eq!(node.clock.since(before).as_secs(), 30);

    let run = node.run("nginx", &[]);
    let before = node.clock.now();
    let status = run.stop(GRACE).await;
    assert_eq!((status.code, status.reason), (0, "Completed"));
    assert!(node.clock.since(before) < Duration::from_secs(2));
}

#[tokio::test(start_paused = true)]
async fn a_missing_program_is_a_start_error() {
    let node = Node::new();
    let pod = node.pod("pod");
    let container = node.create(&pod, "main", "busybox", &["foo"], |_| {});
    assert_eq!(
        container.start().unwrap_err().to_string(),
        "failed to create containerd task: failed to create shim task: OCI runtime create failed: \
         runc create failed: unable to start container process: error during container init: \
         exec: \"foo\": executable file not found in $PATH"
    );
    let ContainerState::Exited(status) = container.state() else {
        panic!("it has not exited");
    };
    assert_eq!((status.code, status.reason), (128, "StartError"));
}

#[tokio::test(start_paused = true)]
async fn a_trap_runs_when_the_container_is_stopped() {
    let node = Node::new();
    for script in [
        "trap 'echo bye; exit 7' TERM; echo up; while true; do sleep 1; done",
        "trap 'echo bye; exit 7' TERM; echo up; sleep 3600 & wait",
        "trap 'echo bye; exit 7' TERM; echo up; while :; do :; done",
    ] {
        let run = node.run("busybox", &["sh", "-c", script]);
        run.logs("up").await;
        let status = run.stop(GRACE).await;
        assert_eq!(status.code, 7, "{script}");
        assert_eq!(run.container.logs().text(), "up\nbye\n", "{script}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_endless_loop_is_legal_and_can_be_killed() {
    let node = Node::new();
    let busy = node.run("busybox", &["sh", "-c", "while true; do x=1; done"]);
    let other = node.run("busybox", &["sh", "-c", "sleep 5; echo still here"]);
    assert_eq!(other.outcome().await, (0, "still here\n".to_owned()));
    assert!(matches!(busy.state(), ContainerState::Running { .. }));
    busy.kill();
    assert_eq!(busy.wait().await.code, 137);
}

#[tokio::test(start_paused = true)]
async fn many_containers_cost_little() {
    let node = Node::new();
    let pods: Vec<_> = (0..200)
        .map(|_| node.run("busybox", &["sh", "-c", "while true; do sleep 30; done"]))
        .collect();
    let started = std::time::Instant::now();
    node.clock.sleep(Duration::from_secs(600)).await;
    assert!(
        started.elapsed() < Duration::from_secs(2),
        "{:?}",
        started.elapsed()
    );
    assert!(
        pods.iter()
            .all(|pod| matches!(pod.state(), ContainerState::Running { .. }))
    );
}
