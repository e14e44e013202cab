//! Pages and deeds on a real cluster: each reason is brought about, and the page says so.

use std::sync::Arc;
use std::time::Duration;

use kube::Client;
use tokio::sync::mpsc;

use super::page::{self, Page, Side};
use super::{Deed, Exec, Input, News, Order, Tools, editing, run_exec};
use crate::sandbox::{
    Embedded, EmbeddedOptions, Observer, Reference, Resource, Sandbox as _, Watched,
};

/// A page that has not said it by then never will.
const PATIENCE: Duration = Duration::from_secs(240);

struct Stage {
    embedded: Arc<Embedded>,
    client: Client,
    observer: Observer,
    folder: tempfile::TempDir,
}

impl Stage {
    async fn with(manifest: &str) -> Self {
        let options = EmbeddedOptions {
            speed: 10.0,
            ..EmbeddedOptions::default()
        };
        let embedded = Arc::new(Embedded::start(&options).await.expect("it starts"));
        let client = embedded.client();
        let stage = Self {
            observer: Observer::new(client.clone()),
            client,
            embedded,
            folder: tempfile::tempdir().expect("a folder"),
        };
        stage
            .apply("apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}")
            .await;
        stage.account().await;
        stage.apply(manifest).await;
        stage
    }

    /// Pods are refused in a namespace until its service account is there.
    async fn account(&self) {
        let watched = Watched {
            resource: Resource::known("ServiceAccount", None).expect("it is known"),
            namespace: Some("shop".to_owned()),
        };
        let mut feed = self.observer.changes(&watched);
        loop {
            let accounts = self.observer.list(&watched).await.expect("a list");
            if accounts.get("shop", "default").is_some() {
                return;
            }
            feed.changed().await.expect("the watch goes on");
        }
    }

    async fn apply(&self, manifest: &str) {
        let applied = editing::apply(&self.client, manifest, "shop").await;
        applied.expect("it is applied");
    }

    fn tools(&self) -> (Tools, mpsc::Receiver<News>) {
        let (news, heard) = mpsc::channel(64);
        let tools = Tools {
            observer: self.observer.clone(),
            clock: self.embedded.clock().clone(),
            namespace: "shop".to_owned(),
            folder: self.folder.path().to_owned(),
            news,
        };
        (tools, heard)
    }

    /// Waits until a side of an object says all of some words.
    async fn says(&self, of: &Reference, side: Side, words: &[&str]) {
        let (tools, mut news) = self.tools();
        let page = Page {
            number: 1,
            of: of.clone(),
            side,
            container: None,
            previous: false,
            unfolded: false,
            verdict: None,
        };
        let mut last = String::new();
        let read = async {
            while let Some(news) = news.recv().await {
                match news {
                    News::Page { document, .. } => last = document.text(),
                    News::Lines { lines, .. } => last.push_str(&lines.join("\n")),
                    _ => {}
                }
                if words.iter().all(|words| last.contains(words)) {
                    return true;
                }
            }
            false
        };
        let said = tokio::select! {
            said = read => said,
            // A log that has ended has sent all it has; what came is read on.
            () = async { page::follow(&tools, &page).await; std::future::pending().await } => false,
            () = tokio::time::sleep(PATIENCE) => false,
        };
        assert!(said, "{words:?} of {}:\n{last}", of.short());
    }

    async fn why(&self, kind: &str, name: &str, words: &[&str]) {
        let of = Reference::known(kind, "shop", name);
        self.says(&of, Side::Why, words).await;
    }

    async fn close(self) {
        drop(self.observer);
        self.embedded.close().await.expect("it closes");
    }
}

fn pod(name: &str, labels: &str, script: &str, more: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, labels: {{{labels}}}}}\nspec:\n  containers:\n  - name: main\n    image: busybox:1.36\n    command: [sh, -c, '{script}']\n{more}"
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pod_that_asks_for_too_much_hears_every_nodes_objection() {
    let more = "    resources: {requests: {cpu: 900}}";
    let stage = Stage::with(&pod("big", "app: big", "sleep 1", more)).await;
    let words = [
        "0/3 nodes are available",
        "Taints | Resources",
        "Insufficient cpu: asks for 900",
    ];
    stage.why("Pod", "big", &words).await;
    stage.why("Pod", "big", &["set by: kubekata"]).await;
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crashing_container_tells_its_exit_code_and_its_last_words() {
    let stage = Stage::with(&pod("web", "app: web", "echo no config; exit 3", "")).await;
    stage
        .why("Pod", "web", &["exit code: 3", "no config"])
        .await;
    stage
        .why("Pod", "web", &["CrashLoopBackOff", "next start: "])
        .await;
    let of = Reference::known("Pod", "shop", "web");
    stage.says(&of, Side::Logs, &["no config"]).await;
    stage.says(&of, Side::Events, &["BackOff"]).await;
    stage
        .says(&of, Side::Describe, &["Image: busybox:1.36", "Conditions"])
        .await;
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_without_endpoints_names_the_label_that_differs() {
    let service = "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {selector: {app: web}, ports: [{port: 80}]}\n---\n";
    let manifest = format!("{service}{}", pod("web", "app: wbe", "sleep 3600", ""));
    let stage = Stage::with(&manifest).await;
    stage
        .why("Service", "web", &["app: wants web, has wbe"])
        .await;
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_quota_blocks_and_what_a_finalizer_holds_is_told() {
    let quota = "apiVersion: v1\nkind: ResourceQuota\nmetadata: {name: none}\nspec: {hard: {pods: 0}}\n---\n";
    let set = "apiVersion: apps/v1\nkind: ReplicaSet\nmetadata: {name: web}\nspec:\n  replicas: 1\n  selector: {matchLabels: {app: web}}\n  template:\n    metadata: {labels: {app: web}}\n    spec: {containers: [{name: main, image: nginx}]}\n---\n";
    let held =
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: held, finalizers: [demo.dev/backup]}\n";
    let stage = Stage::with(&format!("{quota}{set}{held}")).await;
    stage
        .why(
            "ReplicaSet",
            "web",
            &["A ResourceQuota is used up", "of 0 used"],
        )
        .await;
    let of = Reference::known("ConfigMap", "shop", "held");
    let (tools, mut news) = stage.tools();
    tools.perform(Order::Do(Deed::Delete(of))).await;
    let News::Done(said) = news.recv().await.expect("news") else {
        panic!("it is not refused");
    };
    assert!(said.contains("finalizers"), "{said}");
    stage
        .why("ConfigMap", "held", &["demo.dev/backup: only the program"])
        .await;
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deeds_are_done_and_refusals_keep_the_file() {
    let stage = Stage::with(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  replicas: 1\n  selector: {matchLabels: {app: web}}\n  template:\n    metadata: {labels: {app: web}}\n    spec: {containers: [{name: main, image: nginx}]}\n",
    )
    .await;
    let of = Reference::known("Deployment", "shop", "web");
    let told = async |order: Order| {
        let (tools, mut news) = stage.tools();
        tools.perform(order).await;
        news.recv().await.expect("news")
    };
    let replicas = 3;
    let scale = Deed::Scale {
        of: of.clone(),
        replicas,
    };
    assert_eq!(
        told(Order::Do(scale)).await,
        News::Done("deploy/web scaled to 3".to_owned())
    );
    let restart = told(Order::Do(Deed::Restart(of.clone()))).await;
    assert_eq!(restart, News::Done("deploy/web restarted".to_owned()));
    let News::Draft(draft) = told(Order::Checkout(of.clone())).await else {
        panic!("no draft");
    };
    assert!(draft.before.contains("restartedAt") && !draft.before.contains("managedFields"));
    let edited = draft.before.replace("replicas: 3", "replicas: -1");
    std::fs::write(&draft.path, edited).expect("it writes");
    let News::Draft(again) = told(Order::Submit(draft)).await else {
        panic!("it was not refused");
    };
    assert!(
        again.before.contains("# It was refused:"),
        "{}",
        again.before
    );
    assert!(again.before.contains("replicas: -1"));
    let left = told(Order::Submit(again.clone())).await;
    assert!(matches!(left, News::Done(said) if said.contains("is kept in")));
    let mended = again.before.replace("replicas: -1", "replicas: 2");
    std::fs::write(&again.path, mended).expect("it writes");
    let done = told(Order::Submit(again)).await;
    assert_eq!(done, News::Done("deploy/web edited".to_owned()));
    let nobody = Reference::known("Pod", "shop", "nobody");
    let refused = told(Order::Do(Deed::Delete(nobody))).await;
    assert_eq!(
        refused,
        News::Failed("pods \"nobody\" not found".to_owned())
    );
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shell_in_a_container_answers_without_kubectl() {
    let stage = Stage::with(&pod("web", "app: web", "sleep 3600", "")).await;
    let of = Reference::known("Pod", "shop", "web");
    stage.says(&of, Side::Describe, &["State: Running"]).await;
    let (tools, mut news) = stage.tools();
    let (keys, input) = mpsc::channel(8);
    let exec = Exec {
        life: 1,
        of,
        container: None,
        columns: 80,
        rows: 24,
    };
    let typed = Input::Bytes(b"echo answer-$((40+2))\n".to_vec());
    keys.send(typed).await.expect("it is taken");
    let mut said = String::new();
    let read = async {
        while let Some(news) = news.recv().await {
            match news {
                News::Output { bytes, .. } => said.push_str(&String::from_utf8_lossy(&bytes)),
                News::Ended { how, .. } => said.push_str(&how),
                _ => {}
            }
            if said.contains("answer-42") {
                return true;
            }
        }
        false
    };
    let answered = tokio::select! {
        answered = read => answered,
        () = async { run_exec(tools, exec, input).await; std::future::pending().await } => false,
        () = tokio::time::sleep(PATIENCE) => false,
    };
    assert!(answered, "{said}");
    drop(keys);
    stage.close().await;
}
