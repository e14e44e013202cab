//! Images that serve, and what they insist on.

use crate::node::{GRACE, Node};

#[tokio::test(start_paused = true)]
async fn databases_refuse_to_start_without_a_password() {
    let node = Node::new();
    let run = node.run("postgres:16", &[]);
    let (code, log) = run.outcome().await;
    assert_eq!(code, 1);
    assert!(
        log.starts_with(
            "Error: Database is uninitialized and superuser password is not specified.\n"
        ),
        "{log}"
    );
    let run = node.run("mysql:8", &[]);
    let (code, log) = run.outcome().await;
    assert_eq!(code, 1);
    assert!(
        log.contains(
            "[ERROR] [Entrypoint]: Database is uninitialized and password option is not specified\n"
        ),
        "{log}"
    );
    let run = node.run_with("postgres:16", &[], |config| {
        config.environment = vec![("POSTGRES_PASSWORD".to_owned(), "secret".to_owned())];
    });
    run.logs("database system is ready to accept connections")
        .await;
    let (code, out, _) = run.sh("pg_isready -h localhost").await;
    assert_eq!(
        (code, out.as_str()),
        (0, "localhost:5432 - accepting connections\n")
    );
    assert_eq!(run.stop(GRACE).await.code, 0);
}

#[tokio::test(start_paused = true)]
async fn redis_keeps_values() {
    let node = Node::new();
    let run = node.run("redis:7", &[]);
    run.logs("Ready to accept connections").await;
    let (code, out, _) = run
        .sh("redis-cli ping; redis-cli set greeting hello; redis-cli get greeting; redis-cli incr n; redis-cli incr n; redis-cli keys '*'")
        .await;
    assert_eq!(
        (code, out.as_str()),
        (0, "PONG\nOK\nhello\n1\n2\ngreeting\nn\n")
    );
    let (code, _, err) = run.sh("redis-cli -h localhost -p 1 ping").await;
    assert_eq!(
        (code, err.as_str()),
        (
            1,
            "Could not connect to Redis at localhost:1: Connection refused\n"
        )
    );
    let status = run.stop(GRACE).await;
    assert_eq!(status.code, 0);
    assert!(
        run.container
            .logs()
            .text()
            .contains("Redis is now ready to exit, bye bye...\n")
    );
}

#[tokio::test(start_paused = true)]
async fn described_servers_answer_as_their_data_says() {
    let node = Node::new();
    let client = node.run("curlimages/curl", &["sleep", "3600"]);
    for (image, port, path, answer) in [
        (
            "httpd:2.4",
            80,
            "/",
            "<html><body><h1>It works!</h1></body></html>\n".to_owned(),
        ),
        (
            "gcr.io/google-samples/hello-app:1.0",
            8080,
            "/any",
            "Hello, world!\nVersion: 1.0.0\nHostname: pod\n".to_owned(),
        ),
        (
            "gcr.io/kuar-demo/kuard-amd64:blue",
            8080,
            "/healthy",
            "ok".to_owned(),
        ),
        (
            "registry.k8s.io/e2e-test-images/agnhost:2.53",
            9376,
            "/",
            "pod".to_owned(),
        ),
        ("python:3.12", 8000, "/hello.txt", "hi\n".to_owned()),
    ] {
        let run = node.run_with(image, &[], |config| match image {
            image if image.contains("agnhost") => config.args = vec!["serve-hostname".to_owned()],
            image if image.contains("python") => {
                let script = "cd /tmp; echo hi > hello.txt; exec python -m http.server";
                config.command = ["sh", "-c", script].map(str::to_owned).to_vec();
            }
            _ => {}
        });
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        let url = format!("http://{}:{port}{path}", run.pod.ip());
        let (code, out, err) = client.sh(&format!("curl -sS {url}")).await;
        assert_eq!((code, out, err), (0, answer, String::new()), "{image}");
    }
}

#[tokio::test(start_paused = true)]
async fn nginx_logs_its_start_its_requests_and_its_end() {
    let node = Node::new();
    let run = node.run("nginx:1.25", &[]);
    run.logs("start worker process 30").await;
    let (_, out, _) = run
        .sh("curl -s -o /dev/null -w '%{http_code}' localhost/missing")
        .await;
    assert_eq!(out, "404");
    run.stop(GRACE).await;
    let log = run.container.logs().text();
    for line in [
        "/docker-entrypoint.sh: Configuration complete; ready for start up\n",
        "[notice] 1#1: nginx/1.25.5\n",
        "[error] 29#29: *1 open() \"/usr/share/nginx/html/missing\" failed (2: No such file or directory), client: ",
        "\"GET /missing HTTP/1.1\" 404 153 \"-\" \"curl/7.88.1\" \"-\"\n",
        "[notice] 1#1: signal 3 (SIGQUIT) received, shutting down\n",
    ] {
        assert!(log.contains(line), "{line:?} is not in {log}");
    }
}

#[tokio::test(start_paused = true)]
async fn kube_system_images_run() {
    let node = Node::new();
    for image in [
        "registry.k8s.io/coredns/coredns:v1.13.1",
        "registry.k8s.io/kube-proxy:v1.35.0",
        "registry.k8s.io/metrics-server/metrics-server:v0.8.0",
        "docker.io/kindest/kindnetd:v20250512-df8de77b",
        "registry.k8s.io/etcd:3.6.5-0",
        "registry.k8s.io/kube-apiserver:v1.35.0",
        "registry.k8s.io/pause:3.10",
    ] {
        let run = node.run(image, &[]);
        tokio::time::sleep(std::time::Duration::from_secs(5)).await;
        assert_eq!(
            run.stop(GRACE).await.code,
            0,
            "{image}: {}",
            run.container.logs().text()
        );
    }
}

/// A certificate for `name` and its key, as PEM.
fn certificate(name: &str) -> (String, String) {
    let key = rcgen::KeyPair::generate().unwrap();
    let params = rcgen::CertificateParams::new(vec![name.to_owned()]).unwrap();
    let certificate = params.self_signed(&key).unwrap();
    (certificate.pem(), key.serialize_pem())
}

#[tokio::test(start_paused = true)]
async fn the_webhook_server_reviews_over_tls_with_the_certificate_it_is_given() {
    let node = Node::new();
    let (certificate, key) = certificate("hook.default.svc");
    let serve = "echo \"$CERT\" > /tmp/tls.crt; echo \"$KEY\" > /tmp/tls.key; \
                 exec /agnhost webhook --tls-cert-file=/tmp/tls.crt --tls-private-key-file=/tmp/tls.key --port=8443 --v=2";
    let image = "registry.k8s.io/e2e-test-images/agnhost:2.53";
    let run = node.run_with(image, &["sh", "-c", serve], |config| {
        config.environment = vec![
            ("CERT".to_owned(), certificate.clone()),
            ("KEY".to_owned(), key.clone()),
        ];
    });
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    let (code, out, err) = run.sh("curl -sSk https://localhost:8443/readyz").await;
    assert_eq!((code, out.as_str(), err.as_str()), (0, "ok", ""));
    let review =
        r#"{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"7"}}"#;
    let ask = format!(
        "curl -sSk -H 'Content-Type: application/json' -d '{review}' https://localhost:8443/always-deny"
    );
    let (_, out, _) = run.sh(&ask).await;
    let answer: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(answer["response"]["uid"], "7");
    assert_eq!(answer["response"]["allowed"], false);
    assert_eq!(
        answer["response"]["status"]["message"],
        "this webhook denies all requests"
    );
    run.logs("] calling always-deny\n").await;
    let (_, out, _) = run.sh("curl -sS http://localhost:8443/readyz").await;
    assert_eq!(out, "Client sent an HTTP request to an HTTPS server.\n");
    run.logs(": client sent an HTTP request to an HTTPS server\n")
        .await;
    let (code, _, _) = run.sh("curl -sS https://localhost:8443/readyz").await;
    assert_eq!(code, 60);
}

#[tokio::test(start_paused = true)]
async fn the_webhook_server_does_not_start_without_its_certificate() {
    let node = Node::new();
    let image = "registry.k8s.io/e2e-test-images/agnhost:2.53";
    let run = node.run(image, &["/agnhost", "webhook", "--tls-cert-file=/none"]);
    let (code, log) = run.outcome().await;
    assert_eq!(code, 255);
    assert!(
        log.ends_with("] open /none: no such file or directory\n"),
        "{log}"
    );
}
