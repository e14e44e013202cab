//! The cluster under test, and how a seed lives in it.
//!
//! One cluster serves many seeds, one after the other, each with a namespace of its own. Time
//! passes only when every task waits, so a millisecond of sleep is enough for everything that can
//! happen now to have happened.

use std::collections::VecDeque;
use std::time::Duration;

use futures::future::select_all;
use jiff::{SignedDuration, Timestamp};
use pocketkube::Cluster;
use pocketkube::api::StatusError;
use pocketkube::authentication::UserInfo;
use pocketkube::client::{Client, DeleteOptions, ResourceRef};
use pocketkube::clock::Clock;
use pocketkube::storage::Watcher;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};

use super::actions::{self, Action, User, tolerate};
use super::fleet::{Fleet, NODES};
use super::invariants::{self, Invariant};
use super::objects::{is_over, namespace, number, replicas};
use super::state::{Commit, State};
use super::workloads::{self, Focus, Workload, WorkloadKind};

/// What is watched.
const RESOURCES: [(&str, &str); 14] = [
    ("", "pods"),
    ("", "nodes"),
    ("", "services"),
    ("", "persistentvolumeclaims"),
    ("", "persistentvolumes"),
    ("apps", "deployments"),
    ("apps", "replicasets"),
    ("apps", "statefulsets"),
    ("apps", "daemonsets"),
    ("apps", "controllerrevisions"),
    ("batch", "jobs"),
    ("batch", "cronjobs"),
    ("policy", "poddisruptionbudgets"),
    ("discovery.k8s.io", "endpointslices"),
];
/// How long nothing may happen before a cluster counts as quiet, and how long that may take.
const QUIET: Duration = Duration::from_secs(90);
/// The same where a loop may be waiting before it tries again what has failed: a Job waits for ten
/// minutes at most, a queue for a thousand seconds.
const QUIET_OF_RETRIES: Duration = Duration::from_secs(1060);
const LONGEST: Duration = Duration::from_secs(3600);
/// How many lines the chronicle of a failure has.
const LINES: usize = 120;

pub struct World {
    pub cluster: Cluster,
    client: Client,
    watchers: Vec<(&'static str, Watcher)>,
    state: State,
    fleet: Fleet,
    rng: StdRng,
    invariants: Vec<Box<dyn Invariant>>,
    chronicle: VecDeque<String>,
    last_commit: Timestamp,
}

impl World {
    pub async fn new() -> Self {
        let start = "2026-01-02T03:04:05Z".parse().unwrap();
        let clock = Clock::starting_at(start, 1.0);
        let cluster = Cluster::builder().nodes(0).clock(clock);
        let cluster = cluster.start().await.unwrap();
        let server = std::sync::Arc::new(cluster.server().clone());
        let client = Client::new(server, UserInfo::admin(), "user");
        let mut world = Self {
            watchers: Vec::new(),
            fleet: Fleet::new(&client, start).await,
            state: State::default(),
            rng: StdRng::seed_from_u64(0),
            invariants: Vec::new(),
            chronicle: VecDeque::new(),
            last_commit: start,
            client,
            cluster,
        };
        world.watch_from(1);
        world
    }

    fn watch_from(&mut self, revision: u64) {
        let storage = self.cluster.server().registry().storage();
        let watchers = RESOURCES.iter().map(|(group, plural)| {
            let resource = ResourceRef::new(group, "", plural).resource;
            let revision = revision.max(2);
            (*plural, storage.watch(&resource.into(), revision).unwrap())
        });
        self.watchers = watchers.collect();
    }

    fn now(&self) -> Timestamp {
        self.cluster.clock().now()
    }

    /// What happened last, the oldest first.
    pub fn chronicle(&self) -> String {
        Vec::from_iter(self.chronicle.iter().map(String::as_str)).join("\n")
    }

    fn note(&mut self, line: String) {
        if self.chronicle.len() == LINES {
            self.chronicle.pop_front();
        }
        self.chronicle.push_back(line);
    }

    /// One seed from its first workload to the end of its namespace.
    pub async fn live_through(&mut self, focus: Focus, seed: u64) -> Result<(), String> {
        self.rng = StdRng::seed_from_u64(seed);
        self.invariants = invariants::all();
        self.chronicle.clear();
        self.state.tidy();
        let home = format!("seed-{seed}");
        let namespaces = ResourceRef::new("", "v1", "namespaces");
        let object = json!({
            "apiVersion": "v1", "kind": "Namespace", "metadata": {"name": home},
        });
        let created = self.client.create_object(&namespaces, object).await;
        created.map_err(|error| error.to_string())?;
        self.settle().await?;

        let (workloads, others) = workloads::of_seed(focus, &mut self.rng);
        let client = self.client.clone();
        let user = User {
            client: &client,
            home: &home,
        };
        for (resource, object) in &others {
            self.expect(user.create(resource, object).await)?;
        }
        for workload in &workloads {
            let resource = workload.kind.resource();
            self.expect(user.create(&resource, &workload.object).await)?;
        }
        for _ in 0..self.rng.random_range(6..16) {
            // Users often do the next thing before the last one has come to its end.
            let longest = [0, 300, 3000, 30_000][self.rng.random_range(0..4)];
            let pause = Duration::from_millis(self.rng.random_range(0..=longest));
            self.pass(pause).await?;
            let action = actions::choose(&workloads, &self.state, &home, &mut self.rng);
            self.note(format!("{} THE USER: {action:?}", self.now()));
            self.perform(&user, &workloads, action).await?;
        }
        self.make_peace(&user, &workloads).await?;
        self.become_quiet().await?;
        for invariant in &mut self.invariants {
            invariant.quiet(&self.state)?;
        }
        self.leave(&home).await
    }

    fn expect(&self, outcome: Result<(), StatusError>) -> Result<(), String> {
        outcome.map_err(|error| format!("the user was refused: {error}"))
    }

    async fn perform(
        &mut self,
        user: &User<'_>,
        workloads: &[Workload],
        action: Action,
    ) -> Result<(), String> {
        let pods = ResourceRef::new("", "v1", "pods");
        let outcome = match action {
            Action::Patch(at, patch) => {
                let workload = &workloads[at];
                user.patch(&workload.kind.resource(), &workload.name, patch)
                    .await
            }
            Action::Delete(at, propagation, again) => {
                let (resource, name) = (workloads[at].kind.resource(), &workloads[at].name);
                let options = DeleteOptions::default().propagation(propagation);
                tolerate(user.delete(&resource, name, options).await).map_err(|e| e.to_string())?;
                match again {
                    true => user.create(&resource, &workloads[at].object).await,
                    false => Ok(()),
                }
            }
            Action::DeletePod { name, force } => {
                let options = DeleteOptions::default();
                let options = if force {
                    options.grace_period(0)
                } else {
                    options
                };
                user.delete(&pods, &name, options).await
            }
            Action::Evict(name) => user.evict(&name).await,
            Action::Relabel(name) => {
                let labels = json!({"metadata": {"labels": {"app": "loose"}}});
                user.patch(&pods, &name, labels).await
            }
            Action::Cordon(node, is_cordoned) => user.cordon(node, is_cordoned).await,
            Action::Drain(node) => user.drain(node, &self.state).await,
            Action::Lose(node) => {
                self.fleet.lose(node);
                Ok(())
            }
            Action::Find(node) => {
                self.fleet.find(node, &self.state, &mut self.rng);
                Ok(())
            }
            Action::CutWatches => {
                self.drain()?;
                self.cluster.expire_watches();
                self.state.blind(self.now());
                self.watch_from(self.cluster.server().registry().storage().revision());
                Ok(())
            }
            Action::RestartControllers => {
                let restarted = self.cluster.restart_controllers().await;
                restarted.map_err(|left| format!("these did not end: {left:?}"))?;
                self.state.blind(self.now());
                Ok(())
            }
        };
        self.expect(tolerate(outcome))
    }

    /// Ends everything that keeps workloads from being as they are wanted.
    async fn make_peace(&mut self, user: &User<'_>, workloads: &[Workload]) -> Result<(), String> {
        self.note(format!("{} THE USER MAKES PEACE", self.now()));
        for node in NODES {
            self.fleet.find(node, &self.state, &mut self.rng);
            self.expect(user.cordon(node, false).await)?;
        }
        for workload in workloads {
            let good = json!({"template": {"spec": {"containers": [
                {"name": "main", "image": "good:2"},
            ]}}});
            let mut spec = if workload.kind.rolls() {
                good
            } else {
                json!({})
            };
            if workload.kind.is_scaled() {
                spec["replicas"] = json!(2);
            }
            match workload.kind {
                WorkloadKind::Deployment => spec["paused"] = json!(false),
                WorkloadKind::StatefulSet => {
                    spec["updateStrategy"] = json!({"rollingUpdate": {"partition": 0}});
                }
                WorkloadKind::Job => {
                    spec["suspend"] = json!(false);
                    spec["parallelism"] = json!(2);
                }
                WorkloadKind::CronJob => spec["suspend"] = json!(true),
                WorkloadKind::DaemonSet => {}
            }
            let patch = json!({"spec": spec});
            let resource = workload.kind.resource();
            let patched = user.patch(&resource, &workload.name, patch).await;
            self.expect(tolerate(patched))?;
        }
        self.pass(Duration::from_secs(5)).await?;
        let cleared = user.clear(&self.state).await;
        self.expect(cleared)
    }

    /// Waits until nothing happens any more.
    async fn become_quiet(&mut self) -> Result<(), String> {
        let longest = SignedDuration::try_from(LONGEST).unwrap();
        let deadline = self.now() + longest;
        loop {
            self.pass(Duration::from_secs(30)).await?;
            let still = self.now().duration_since(self.last_commit);
            let quiet = match self.may_retry() {
                true => QUIET_OF_RETRIES,
                false => QUIET,
            };
            if still > SignedDuration::try_from(quiet).unwrap() {
                return Ok(());
            }
            if self.now() > deadline {
                return Err("the cluster never becomes quiet".to_owned());
            }
        }
    }

    /// Whether there is something that has failed before: Jobs, and ordered sets whose Pods could not
    /// be created because of others of the same names.
    fn may_retry(&self) -> bool {
        let is_short = |set: &Value| number(set, "/status/replicas") < replicas(set);
        let mut jobs = self.state.all("jobs");
        !jobs.all(is_over) || self.state.all("statefulsets").any(is_short)
    }

    /// Deletes the seed's namespace, and waits for everything in it to be gone.
    async fn leave(&mut self, home: &str) -> Result<(), String> {
        let namespaces = ResourceRef::new("", "v1", "namespaces");
        let options = DeleteOptions::default();
        let deleted = self.client.delete_object(&namespaces, "", home, &options);
        self.expect(deleted.await)?;
        for _ in 0..60 {
            self.pass(Duration::from_secs(5)).await?;
            let found = self.client.get_object(&namespaces, "", home).await;
            if found.is_err_and(|error| error.is_not_found()) {
                let mut left = RESOURCES
                    .iter()
                    .flat_map(|(_, plural)| self.state.all(plural));
                return match left.find(|object| namespace(object) == home) {
                    Some(object) => Err(format!("this outlived its namespace: {object}")),
                    None => Ok(()),
                };
            }
        }
        Err("the namespace never goes".to_owned())
    }

    /// Lets cluster time pass.
    async fn pass(&mut self, span: Duration) -> Result<(), String> {
        let until = self.now() + SignedDuration::try_from(span).unwrap();
        loop {
            self.settle().await?;
            let now = self.now();
            let due = self.fleet.next_due();
            if due.is_some_and(|due| due <= now) {
                self.fleet.act(&self.state, now, &mut self.rng).await;
                continue;
            }
            if now >= until {
                return Ok(());
            }
            let next = due.map_or(until, |due| due.min(until));
            let sleep = self.cluster.clock().sleep_until(next);
            let news = select_all(
                self.watchers
                    .iter_mut()
                    .map(|(_, watcher)| Box::pin(watcher.wait())),
            );
            tokio::select! {
                () = sleep => {}
                _ = news => {}
            }
        }
    }

    /// Waits until everybody waits, and judges that moment.
    async fn settle(&mut self) -> Result<(), String> {
        loop {
            tokio::time::sleep(Duration::from_millis(1)).await;
            if !self.drain()? {
                break;
            }
        }
        self.state.now = self.now();
        for invariant in &mut self.invariants {
            invariant.settled(&self.state)?;
        }
        Ok(())
    }

    /// Takes in and judges what was committed; true where there was something.
    fn drain(&mut self) -> Result<bool, String> {
        let now = self.now();
        let mut commits = Vec::new();
        for (resource, watcher) in &mut self.watchers {
            let news = watcher.take_news().map_err(|gone| gone.to_string())?;
            commits.extend(news.into_iter().map(|change| Commit {
                revision: change.revision,
                at: now,
                resource,
                kind: change.kind,
                object: change.object,
                previous: change.previous,
                actor: change.origin.actor,
            }));
        }
        commits.sort_by_key(|commit| commit.revision);
        for commit in &commits {
            self.note(commit.to_string());
            self.state.apply(commit);
            self.fleet.saw(commit, &mut self.rng);
            for invariant in &mut self.invariants {
                invariant.commit(&self.state, commit)?;
            }
            if commit.resource != "nodes" {
                self.last_commit = now;
            }
        }
        Ok(!commits.is_empty())
    }
}
