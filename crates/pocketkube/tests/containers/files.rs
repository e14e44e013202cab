//! Volumes, mounts and permissions.

use std::collections::BTreeMap;

use pocketkube::kubelet::runtime::MountConfig;
use pocketkube::kubelet::runtime::filesystem::{PublishedFile, Volume};

use crate::node::Node;

fn config_map(pairs: &[(&str, &str)]) -> BTreeMap<String, PublishedFile> {
    let pairs = pairs.iter().map(|(name, content)| {
        let content = content.as_bytes().to_vec();
        (
            (*name).to_owned(),
            PublishedFile {
                content,
                mode: 0o644,
            },
        )
    });
    pairs.collect()
}

#[tokio::test(start_paused = true)]
async fn containers_of_a_pod_share_an_empty_dir() {
    let node = Node::new();
    let pod = node.pod("pod");
    let volume = Volume::empty();
    let mount = |path: &str| vec![MountConfig::new(path, &volume)];
    let writer = node.create(
        &pod,
        "writer",
        "busybox",
        &["sh", "-c", "echo hello > /out/greeting"],
        |config| {
            config.mounts = mount("/out");
        },
    );
    writer.start().unwrap();
    assert_eq!(writer.wait().await.code, 0);
    let reader = node.create(
        &pod,
        "reader",
        "busybox",
        &["cat", "/in/greeting"],
        |config| {
            config.mounts = mount("/in");
        },
    );
    reader.start().unwrap();
    assert_eq!(reader.wait().await.code, 0);
    assert_eq!(reader.logs().text(), "hello\n");
}

#[tokio::test(start_paused = true)]
async fn a_mounted_config_map_changes_in_place_but_not_under_a_sub_path() {
    let node = Node::new();
    let volume = Volume::empty();
    volume.publish(
        &config_map(&[("color", "red"), ("size", "big")]),
        (0, 0),
        node.clock.now(),
    );
    let run = node.run_with("busybox", &["sleep", "3600"], |config| {
        config.mounts = vec![
            MountConfig::new("/etc/config", &volume).read_only(),
            MountConfig::new("/etc/color", &volume)
                .sub_path("color")
                .read_only(),
        ];
    });
    let (_, out, _) = run
        .sh("ls /etc/config; cat /etc/config/color /etc/color; readlink /etc/config/color")
        .await;
    assert_eq!(out, "color\nsize\nredred..data/color\n");
    node.clock.advance(std::time::Duration::from_secs(60));
    assert!(volume.publish(&config_map(&[("color", "blue")]), (0, 0), node.clock.now()));
    let (_, out, _) = run
        .sh("ls /etc/config; cat /etc/config/color /etc/color")
        .await;
    assert_eq!(out, "color\nbluered");
    let (code, _, err) = run.sh("echo green > /etc/config/color").await;
    assert_ne!(code, 0);
    assert!(err.contains("Read-only file system"), "{err}");
}

#[tokio::test(start_paused = true)]
async fn nginx_serves_what_is_mounted() {
    let node = Node::new();
    let volume = Volume::empty();
    volume.publish(
        &config_map(&[("index.html", "mounted\n")]),
        (0, 0),
        node.clock.now(),
    );
    let conf = Volume::empty();
    let text = "server { listen 8080; location /status { return 200 \"ok from $hostname\\n\"; } location / { root /site; } }";
    conf.publish(
        &config_map(&[("default.conf", text)]),
        (0, 0),
        node.clock.now(),
    );
    let run = node.run_with("nginx", &[], |config| {
        config.mounts = vec![
            MountConfig::new("/site", &volume),
            MountConfig::new("/etc/nginx/conf.d", &conf),
        ];
    });
    run.logs("start worker process 30").await;
    let (_, out, _) = run.sh("curl -s localhost:8080; curl -s localhost:8080/status; curl -s -o /dev/null -w '%{http_code}' localhost:8080/x").await;
    assert_eq!(out, "mounted\nok from pod\n404");
    let (_, _, err) = run.sh("nginx -t").await;
    assert_eq!(
        err,
        "nginx: the configuration file /etc/nginx/nginx.conf syntax is ok\nnginx: configuration file /etc/nginx/nginx.conf test is successful\n"
    );
    let broken = text.replace("listen", "lisen");
    conf.publish(
        &config_map(&[("default.conf", &broken)]),
        (0, 0),
        node.clock.now(),
    );
    let (code, _, err) = run.sh("nginx -t").await;
    assert_eq!(code, 1);
    assert!(
        err.contains("[emerg] unknown directive \"lisen\" in /etc/nginx/conf.d/default.conf:1"),
        "{err}"
    );
}

#[tokio::test(start_paused = true)]
async fn permissions_hold_for_users_that_are_not_root() {
    let node = Node::new();
    let run = node.run_with("busybox", &["sleep", "3600"], |config| {
        config.user = Some(1000);
        config.group = Some(3000);
        config.supplemental_groups = vec![2000];
    });
    let (_, out, _) = run
        .sh("id; touch /tmp/mine && stat -c %u:%g /tmp/mine")
        .await;
    assert_eq!(out, "uid=1000 gid=3000 groups=3000,2000\n1000:3000\n");
    let (code, _, err) = run.sh("echo x > /etc/passwd").await;
    assert_ne!(code, 0);
    assert!(err.contains("Permission denied"), "{err}");
    let read_only = node.run_with("busybox", &["sleep", "3600"], |config| {
        config.read_only_root = true
    });
    let (_, _, err) = read_only.sh("touch /tmp/x").await;
    assert!(err.contains("Read-only file system"), "{err}");
}

#[tokio::test(start_paused = true)]
async fn every_container_knows_its_pod() {
    let node = Node::new();
    let run = node.run("busybox", &["sleep", "3600"]);
    let (_, out, _) = run
        .sh("cat /etc/hostname /etc/resolv.conf; tail -n 1 /etc/hosts; env | grep HOSTNAME")
        .await;
    let ip = run.pod.ip();
    assert_eq!(
        out,
        format!(
            "pod\nsearch default.svc.cluster.local svc.cluster.local cluster.local\nnameserver 10.96.0.10\noptions ndots:5\n{ip}\tpod\nHOSTNAME=pod\n"
        )
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_written_to_the_first_process_output_is_in_the_log() {
    let node = Node::new();
    let run = node.run("busybox", &["sh", "-c", "echo one > /dev/stdout; echo two > /dev/stderr; echo bye > /dev/termination-log; sleep 3600"]);
    run.logs("two").await;
    run.sh("echo three > /proc/1/fd/1").await;
    run.logs("three").await;
    assert_eq!(run.container.logs().text(), "one\ntwo\nthree\n");
    assert_eq!(run.termination_message(), "bye\n");
}
