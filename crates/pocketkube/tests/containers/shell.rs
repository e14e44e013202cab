//! Scripts as manifests have them.

use std::time::Duration;

use crate::node::Node;

#[tokio::test(start_paused = true)]
async fn scripts_from_manifests_run() {
    let node = Node::new();
    for (script, code, log) in [
        (
            "i=0; while [ $i -lt 3 ]; do echo tick $i; i=$((i+1)); sleep 1; done",
            0,
            "tick 0\ntick 1\ntick 2\n",
        ),
        ("set -e; false; echo unreachable", 1, ""),
        ("echo \"$GREETING, ${NAME:-nobody}\"", 0, "hello, nobody\n"),
        (
            "date +%Y-%m-%d; date -u",
            0,
            "2025-01-02\nThu Jan  2 03:04:05 UTC 2025\n",
        ),
        (
            "mkdir -p /data/a && echo x > /data/a/f && cat /data/a/f && rm -r /data && ls /data",
            1,
            "x\nls: /data: No such file or directory\n",
        ),
        ("exec sleep 1", 0, ""),
        (
            "f() { echo in f $1; return 3; }; f arg; echo $?",
            0,
            "in f arg\n3\n",
        ),
        ("cat <<EOF\nhere $GREETING\nEOF", 0, "here hello\n"),
        ("echo a b c | awk '{print $2}' | sed 's/b/B/'", 0, "B\n"),
        ("trap 'echo cleanup' EXIT; echo work", 0, "work\ncleanup\n"),
        (
            "sleep 2 & sleep 1; echo first; wait; echo both",
            0,
            "first\nboth\n",
        ),
        ("yes | head -n 2", 0, "y\ny\n"),
        ("timeout 2 sleep 10; echo $?", 0, "Terminated\n143\n"),
        ("timeout 2 sleep 10", 143, ""),
        ("timeout 5 sh -c 'exit 3'; echo $?", 0, "3\n"),
        ("set -e; timeout 2 echo quick; echo on", 0, "quick\non\n"),
        ("echo piped | timeout 5 cat", 0, "piped\n"),
        (
            "timeout 3 sh -c 'while true; do echo tick; sleep 2; done'; echo $?",
            0,
            "tick\ntick\nTerminated\n143\n",
        ),
        (
            "[ -f /etc/passwd ] && [[ $GREETING == h* ]] && echo yes",
            0,
            "yes\n",
        ),
        ("which ls; type cd", 0, "/bin/ls\ncd is a shell builtin\n"),
        ("/bin/echo by path; /bin/ls -d /tmp", 0, "by path\n/tmp\n"),
        ("whoami; id -u; hostname", 0, "root\n0\npod\n"),
        ("sh -c 'echo nested $0 $1' name arg", 0, "nested name arg\n"),
    ] {
        let run = node.run_with("busybox:1.36", &["sh", "-c", script], |config| {
            config.environment = vec![("GREETING".to_owned(), "hello".to_owned())];
        });
        let (found_code, found) = run.outcome().await;
        // Time passes between the scripts.
        let found = if script.starts_with("date") {
            let mut lines = found.lines();
            let (day, time) = (lines.next().unwrap(), lines.next().unwrap());
            assert!(
                time.starts_with("Thu Jan  2 03:") && time.ends_with("UTC 2025"),
                "{time}"
            );
            format!("{day}\nThu Jan  2 03:04:05 UTC 2025\n")
        } else {
            found
        };
        assert_eq!((found_code, found.as_str()), (code, log), "{script}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_mounted_script_runs_by_its_first_line() {
    let node = Node::new();
    let volume = pocketkube::kubelet::runtime::filesystem::Volume::empty();
    let file = |content: &str, mode| pocketkube::kubelet::runtime::filesystem::PublishedFile {
        content: content.as_bytes().to_vec(),
        mode,
    };
    let files = [
        (
            "run.sh".to_owned(),
            file("#!/bin/sh\necho \"run $1\"\n", 0o755),
        ),
        ("plain.sh".to_owned(), file("#!/bin/sh\necho no\n", 0o644)),
        ("bad.sh".to_owned(), file("#!/bin/bash\necho no\n", 0o755)),
    ];
    volume.publish(&files.into(), (0, 0), node.clock.now());
    let mount = |config: &mut pocketkube::kubelet::runtime::ContainerConfig| {
        config.mounts = vec![pocketkube::kubelet::runtime::MountConfig::new(
            "/scripts", &volume,
        )];
    };
    let run = node.run_with("busybox", &["/scripts/run.sh", "it"], mount);
    assert_eq!(run.outcome().await, (0, "run it\n".to_owned()));
    let run = node.run_with("busybox", &["/scripts/bad.sh"], mount);
    assert_eq!(
        run.outcome().await,
        (
            255,
            "exec /scripts/bad.sh: no such file or directory\n".to_owned()
        )
    );
    let pod = node.pod("pod");
    let container = node.create(&pod, "main", "busybox", &["/scripts/plain.sh"], mount);
    let error = container.start().unwrap_err().to_string();
    assert!(
        error.ends_with("exec: \"/scripts/plain.sh\": permission denied"),
        "{error}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_followed_file_streams_into_the_log() {
    let node = Node::new();
    let run = node.run("busybox", &["sh", "-c", "touch /log; tail -f /log"]);
    tokio::time::sleep(Duration::from_secs(2)).await;
    run.sh("echo first >> /log; echo second >> /log").await;
    run.logs("second").await;
    assert_eq!(run.container.logs().text(), "first\nsecond\n");
}

#[tokio::test(start_paused = true)]
async fn timeout_ends_as_the_one_in_the_image_does() {
    let node = Node::new();
    for (image, script, code, log) in [
        ("debian:12", "timeout 2 sleep 10; echo $?", 0, "124\n"),
        (
            "debian:12",
            "timeout -s KILL 2 sleep 10; echo $?",
            0,
            "137\n",
        ),
        (
            "alpine",
            "timeout 2 sleep 10; echo $?",
            0,
            "Terminated\n143\n",
        ),
        (
            "busybox:1.28",
            "timeout -t 2 sleep 10; echo $?",
            0,
            "Terminated\n143\n",
        ),
    ] {
        let run = node.run(image, &["sh", "-c", script]);
        assert_eq!(
            run.outcome().await,
            (code, log.to_owned()),
            "{image}: {script}"
        );
    }
}
