//! Containers that talk to each other: Services, DNS, and the tools' own words.

use std::net::IpAddr;
use std::time::Duration;

use pocketkube::network::{
    Endpoint, EndpointPort, EndpointSlice, Packet, PacketFilter, Service, ServicePort, Verdict,
};

use crate::node::{Node, Running};

/// A node with a web server behind the Service `web` in the namespace `default`.
fn web() -> (Node, Running) {
    let node = Node::new();
    let server = node.run("nginx:1.25", &[]);
    expose(
        &node,
        "web",
        &[server.pod.ip()],
        Some([10, 96, 0, 5].into()),
    );
    (node, server)
}

fn expose(node: &Node, name: &str, endpoints: &[IpAddr], ip: Option<IpAddr>) {
    node.network.set_service(Service {
        namespace: "default".to_owned(),
        name: name.to_owned(),
        cluster_ips: ip.into_iter().collect(),
        ports: vec![ServicePort {
            port: 80,
            ..ServicePort::default()
        }],
        ..Service::default()
    });
    let endpoints = endpoints.iter().map(|ip| Endpoint::ready(*ip)).collect();
    let slice = EndpointSlice {
        name: format!("{name}-abcde"),
        ports: vec![EndpointPort {
            port: 80,
            ..EndpointPort::default()
        }],
        endpoints,
    };
    node.network.set_endpoint_slice("default", name, slice);
}

async fn outcome(node: &Node, image: &str, script: &str) -> (i32, String) {
    let run = node.run(image, &["sh", "-c", script]);
    run.outcome().await
}

#[tokio::test(start_paused = true)]
async fn wget_reaches_a_server_through_its_service() {
    let (node, _server) = web();
    for name in [
        "web",
        "web.default",
        "web.default.svc.cluster.local",
        "10.96.0.5",
    ] {
        let script = format!("wget -qO- http://{name} | grep title");
        let (code, log) = outcome(&node, "busybox:1.36", &script).await;
        assert_eq!(
            (code, log.as_str()),
            (0, "<title>Welcome to nginx!</title>\n"),
            "{name}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn busybox_wget_speaks_as_it_does() {
    let (node, _server) = web();
    let stars = "*".repeat(32);
    let saved = format!(
        "Connecting to web (10.96.0.5:80)\nsaving to 'index.html'\nindex.html           100% \
         |{stars}|   615  0:00:00 ETA\n'index.html' saved\n"
    );
    for (script, code, log) in [
        ("wget http://web", 0, saved.as_str()),
        ("wget -q http://web && wc -c < index.html", 0, "615\n"),
        (
            "wget -q http://web/nope",
            1,
            "wget: server returned error: HTTP/1.1 404 Not Found\n",
        ),
        ("wget http://nope", 1, "wget: bad address 'nope'\n"),
        (
            "wget http://web:81",
            1,
            "Connecting to web:81 (10.96.0.5:81)\nwget: can't connect to remote host \
             (10.96.0.5): Connection timed out\n",
        ),
        (
            "wget -T 2 http://10.244.1.99",
            1,
            "Connecting to 10.244.1.99 (10.244.1.99:80)\nwget: download timed out\n",
        ),
        ("wget -q --spider http://web && echo there", 0, "there\n"),
    ] {
        let found = outcome(&node, "busybox:1.36", script).await;
        assert_eq!(found, (code, log.to_owned()), "{script}");
    }
    let (_, log) = outcome(&node, "busybox:1.28", "wget -O- http://web >/dev/null").await;
    assert!(!log.contains("writing to stdout"), "{log}");
}

#[tokio::test(start_paused = true)]
async fn curl_speaks_as_it_does() {
    let (node, _server) = web();
    expose(&node, "empty", &[], Some([10, 96, 0, 6].into()));
    for (script, code, log) in [
        ("curl -s web | grep -c Welcome", 0, "2\n"),
        (
            "curl -s -o /dev/null -w '%{http_code} %{remote_ip}\\n' web/nope",
            0,
            "404 10.96.0.5\n",
        ),
        (
            "curl -sS nope",
            6,
            "curl: (6) Could not resolve host: nope\n",
        ),
        (
            "curl -sS empty",
            7,
            "curl: (7) Failed to connect to empty port 80 after 0 ms: Could not connect to \
             server\n",
        ),
        (
            "curl -sS -m 3 web:81",
            28,
            "curl: (28) Connection timed out after 3000 milliseconds\n",
        ),
        (
            "curl -sS --connect-timeout 2 web:81",
            28,
            "curl: (28) Connection timed out after 2000 milliseconds\n",
        ),
        (
            "curl -sSf web/nope",
            22,
            "curl: (22) The requested URL returned error: 404\n",
        ),
        ("curl -s empty", 7, ""),
    ] {
        let (found_code, found) = outcome(&node, "curlimages/curl:8.9.1", script).await;
        assert_eq!((found_code, found.as_str()), (code, log), "{script}");
    }
    let (_, log) = outcome(&node, "curlimages/curl:8.9.1", "curl -sI web").await;
    assert!(
        log.starts_with("HTTP/1.1 200 OK\r\nServer: nginx/1.25.5\r\nDate: Thu, 02 Jan 2025"),
        "{log}"
    );
    assert!(log.contains("\r\nContent-Length: 615\r\n"), "{log}");
    let (_, log) = outcome(
        &node,
        "curlimages/curl:8.9.1",
        "curl -sv web 2>&1 >/dev/null",
    )
    .await;
    for line in [
        "* Host web:80 was resolved.\n* IPv6: (none)\n* IPv4: 10.96.0.5\n",
        "*   Trying 10.96.0.5:80...\n* Connected to web (10.96.0.5) port 80\n",
        "> GET / HTTP/1.1\n> Host: web\n> User-Agent: curl/8.9.1\n> Accept: */*\n> \n",
        "< HTTP/1.1 200 OK\n< Server: nginx/1.25.5\n",
        "* Connection #0 to host web left intact\n",
    ] {
        assert!(log.contains(line), "{line:?} is not in {log}");
    }
}

#[tokio::test(start_paused = true)]
async fn nslookup_answers_as_the_version_in_the_image_does() {
    let (node, server) = web();
    let fqdn = "web.default.svc.cluster.local";
    let (code, log) = outcome(&node, "busybox:1.28", "nslookup web").await;
    assert_eq!(
        (code, log.as_str()),
        (
            0,
            "Server:    10.96.0.10\nAddress 1: 10.96.0.10\n\nName:      web\nAddress 1: 10.96.0.5 \
             web.default.svc.cluster.local\n"
        )
    );
    let (code, log) = outcome(&node, "busybox:1.28", "nslookup nope").await;
    assert_eq!(code, 1);
    assert!(log.contains("nslookup: can't resolve 'nope'\n"), "{log}");
    let (code, log) = outcome(&node, "busybox:1.36", &format!("nslookup {fqdn}")).await;
    assert_eq!(
        (code, log),
        (
            0,
            format!(
                "Server:\t\t10.96.0.10\nAddress:\t10.96.0.10:53\n\nName:\t{fqdn}\nAddress: \
                 10.96.0.5\n\n\n"
            )
        )
    );
    let (code, log) = outcome(&node, "busybox:1.36", "nslookup web.default").await;
    assert_eq!(code, 1);
    assert!(
        log.contains("** server can't find web.default: NXDOMAIN\n"),
        "{log}"
    );
    expose(&node, "headless", &[server.pod.ip()], None);
    let script = "dig +short headless.default.svc.cluster.local; dig +short +search web";
    let (_, log) = outcome(&node, "nicolaka/netshoot", script).await;
    assert_eq!(log, format!("{}\n10.96.0.5\n", server.pod.ip()));
    let (_, log) = outcome(
        &node,
        "registry.k8s.io/e2e-test-images/jessie-dnsutils:1.7",
        "nslookup web",
    )
    .await;
    assert_eq!(
        log,
        format!(
            "Server:\t\t10.96.0.10\nAddress:\t10.96.0.10#53\n\nName:\t{fqdn}\nAddress: 10.96.0.5\n\n"
        )
    );
}

#[tokio::test(start_paused = true)]
async fn a_service_spreads_connections_over_its_ready_endpoints() {
    let node = Node::new();
    let echo = |text: &'static str| {
        node.run_with("hashicorp/http-echo:1.0", &[], |config| {
            config.args = vec![format!("-text={text}"), "-listen=:80".to_owned()];
        })
    };
    let (red, blue) = (echo("red"), echo("blue"));
    let ips = [red.pod.ip(), blue.pod.ip()];
    expose(&node, "web", &ips, Some([10, 96, 0, 5].into()));
    let script = "for i in 1 2 3 4 5 6 7 8 9 10 11 12; do wget -qO- http://web; done | sort | uniq";
    let (_, log) = outcome(&node, "busybox", script).await;
    assert_eq!(log, "blue\nred\n");
    expose(&node, "web", &ips[..1], Some([10, 96, 0, 5].into()));
    let (_, log) = outcome(&node, "busybox", script).await;
    assert_eq!(log, "red\n");
    blue.kill();
}

#[tokio::test(start_paused = true)]
async fn containers_of_a_pod_share_localhost_and_its_ports() {
    let node = Node::new();
    let pod = node.pod("pod");
    let first = node.create(&pod, "first", "nginx", &[], |_| {});
    first.start().unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let client = node.create(
        &pod,
        "client",
        "busybox",
        &["sh", "-c", "wget -qO- localhost | wc -c; hostname"],
        |_| {},
    );
    client.start().unwrap();
    assert_eq!(client.wait().await.code, 0);
    assert_eq!(client.logs().text(), "615\npod\n");
    let second = node.create(&pod, "second", "nginx", &[], |_| {});
    second.start().unwrap();
    assert_eq!(second.wait().await.code, 1);
    assert!(
        second
            .logs()
            .text()
            .contains("nginx: [emerg] bind() to 0.0.0.0:80 failed (98: Address already in use)\n"),
        "{}",
        second.logs().text()
    );
}

#[tokio::test(start_paused = true)]
async fn a_dropped_connection_times_out_and_says_why() {
    struct DenyAll;
    impl PacketFilter for DenyAll {
        fn verdict(&self, packet: Packet) -> Verdict {
            if packet.port == 80 {
                let reason = "NetworkPolicy default/deny-all".to_owned();
                Verdict::Drop { reason }
            } else {
                Verdict::Allow
            }
        }
    }
    let (node, _server) = web();
    node.network
        .set_packet_filter(Some(std::sync::Arc::new(DenyAll)));
    let before = node.clock.now();
    let (code, log) = outcome(&node, "busybox:1.36", "wget -q -T 5 -O- http://web").await;
    assert_eq!((code, log.as_str()), (1, "wget: download timed out\n"));
    assert_eq!(node.clock.since(before).as_secs(), 5);
}

#[tokio::test(start_paused = true)]
async fn nc_and_ping_tell_what_is_there() {
    let (node, server) = web();
    let ip = server.pod.ip();
    for (script, code, log) in [
        ("nc -zv web 80", 0, "web (10.96.0.5:80) open\n".to_owned()),
        (
            &format!("nc -zv {ip} 81"),
            1,
            format!("nc: {ip} ({ip}:81): Connection refused\n"),
        ),
        ("nc -w 2 -z web 81", 1, "nc: timed out\n".to_owned()),
        (
            &format!("printf 'GET / HTTP/1.0\\r\\nHost: web\\r\\n\\r\\n' | nc {ip} 80 | head -n 1"),
            0,
            "HTTP/1.0 200 OK\r\n".to_owned(),
        ),
        (
            &format!("ping -c 2 {ip} | tail -n 3 | head -n 2"),
            0,
            format!(
                "--- {ip} ping statistics ---\n2 packets transmitted, 2 packets received, 0% packet loss\n"
            ),
        ),
        ("ping -c 1 nope", 1, "ping: bad address 'nope'\n".to_owned()),
        (
            "ping -c 1 web | grep loss",
            0,
            "1 packets transmitted, 0 packets received, 100% packet loss\n".to_owned(),
        ),
    ] {
        let found = outcome(&node, "busybox:1.36", script).await;
        assert_eq!(found, (code, log), "{script}");
    }
}

#[tokio::test(start_paused = true)]
async fn names_resolve_as_core_dns_would_answer() {
    let (node, server) = web();
    let dashed = server.pod.ip().to_string().replace('.', "-");
    expose(&node, "headless", &[server.pod.ip()], None);
    node.network.set_service(Service {
        namespace: "default".to_owned(),
        name: "outside".to_owned(),
        external_name: Some("web.default.svc.cluster.local".to_owned()),
        ..Service::default()
    });
    let answers = format!(
        "web.default.svc.cluster.local.\n10.96.0.5\n{0}\n{0}\nweb.default.svc.cluster.local.\n",
        server.pod.ip()
    );
    let script = format!(
        "dig +short outside.default.svc.cluster.local; \
         dig +short {dashed}.headless.default.svc.cluster.local; \
         dig +short {dashed}.default.pod.cluster.local; \
         dig +short -x 10.96.0.5"
    );
    let (_, log) = outcome(&node, "nicolaka/netshoot", &script).await;
    assert_eq!(log, answers);
}

#[tokio::test(start_paused = true)]
async fn without_ready_dns_endpoints_names_time_out() {
    let (node, _server) = web();
    node.network.set_service(Service {
        namespace: "kube-system".to_owned(),
        name: "kube-dns".to_owned(),
        cluster_ips: vec![[10, 96, 0, 10].into()],
        ports: vec![ServicePort {
            port: 53,
            ..ServicePort::default()
        }],
        ..Service::default()
    });
    let (code, log) = outcome(
        &node,
        "busybox:1.36",
        "nslookup web.default.svc.cluster.local",
    )
    .await;
    assert_eq!(
        (code, log.as_str()),
        (
            1,
            ";; connection timed out; no servers could be reached\n\n"
        )
    );
    let (code, log) = outcome(&node, "busybox:1.36", "wget -q web").await;
    assert_eq!((code, log.as_str()), (1, "wget: bad address 'web'\n"));
}
