//! A cluster that is none: it answers everything with 200, and passes no check.

use std::sync::Arc;

use kube::{Client, Config};
use kubekata::check::{Arena, Judge, Scene, read};
use kubekata::course;
use kubekata::sandbox::{Observer, wire_to};
use pocketkube::Cluster;
use pocketkube::tasks::Tasks;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// Serves the same answer to every question, on loopback.
async fn stub(answer: Value) -> Client {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let text = answer.to_string();
    let reply = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
         connection: close\r\n\r\n{text}",
        text.len()
    );
    let tasks = Tasks::new();
    tasks.clone().spawn("stub", async move {
        while let Ok((connection, _)) = listener.accept().await {
            tasks.spawn("stub connection", serve(connection, reply.clone()));
        }
    });
    let uri = format!("http://{address}").parse().expect("an address");
    Client::try_from(Config::new(uri)).expect("a client")
}

/// Reads one request to its end, and answers it.
async fn serve(connection: TcpStream, reply: String) {
    let mut connection = BufReader::new(connection);
    let mut body = 0;
    loop {
        let mut line = String::new();
        match connection.read_line(&mut line).await {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        if line.trim().is_empty() {
            break;
        }
        let header = line.to_lowercase();
        if let Some(length) = header.strip_prefix("content-length:") {
            body = length.trim().parse().unwrap_or(0);
        }
    }
    let mut read = vec![0; body];
    if connection.read_exact(&mut read).await.is_ok() {
        // Whether the client still listens is its own matter.
        let _ = connection.write_all(reply.as_bytes()).await;
        let _ = connection.shutdown().await;
    }
}

/// The checks of every kata that hold.
async fn held(answer: Value) -> Vec<String> {
    let course = course::embedded().unwrap_or_else(|problems| panic!("{problems}"));
    // Only for its clock and its wire: nobody asks it anything.
    let cluster = Cluster::start().await.expect("a cluster");
    let observer = Observer::new(stub(answer).await);
    let mut held = Vec::new();
    let mut judged = 0;
    for kata in course.katas.values() {
        let kata = kata.instance(7).expect("it fits");
        let checks = read(&kata.checks).expect("they read");
        let scene = Scene {
            observer: observer.clone(),
            namespace: kata.namespace().to_owned(),
            values: Arc::new(kata.values.clone()),
            clock: cluster.clock().clone(),
            wire: wire_to(&cluster),
            arena: Arena::default(),
        };
        for verdict in Judge::new(scene, checks).glance().await {
            judged += 1;
            if verdict.holds() {
                held.push(format!("{} {}", kata.id, verdict.check));
            }
        }
    }
    assert!(judged > 100, "only {judged} checks");
    cluster.shutdown().await.expect("it ends");
    held
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stub_that_answers_with_empty_objects_passes_no_check() {
    assert_eq!(held(json!({})).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stub_that_answers_with_empty_lists_passes_no_check() {
    let list = json!({"kind": "List", "apiVersion": "v1", "metadata": {}, "items": []});
    assert_eq!(held(list).await, Vec::<String>::new());
}
