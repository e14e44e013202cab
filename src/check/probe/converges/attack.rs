//! What an attack consists of, and what it leaves behind.

use std::sync::Arc;
use std::time::Duration;

use kube::api::{DeleteParams, Patch, PatchParams, PostParams};
use kube::core::DynamicObject;
use serde_json::Value;

use super::super::super::rule::judge_rule;
use super::super::super::scene::{Finding, Scene};
use super::super::super::spec::{Rule, take_rule};
use super::super::super::target::{Target, title_of};
use crate::course::Fields;
use crate::sandbox::chaos::Chaos;
use crate::sandbox::{ProgramControl, Resource, Watched, service_account_user, words_of};

const FIELD_MANAGER: &str = "kubekata-attack";

/// How long a program may take to stop or to start, and to ask its first question.
const RESTARTS_IN: Duration = Duration::from_secs(10 * 60);

/// How long what an attack waits for may take.
const COMES_TRUE_IN: Duration = Duration::from_secs(60);

/// How often it is looked whether a program has asked something.
const LOOK: Duration = Duration::from_millis(200);

/// One part of an attack.
#[derive(Debug)]
pub(super) enum Blow {
    Delete(Target),
    /// The object is made, unless it is there.
    Create(Box<Value>),
    /// It is waited until this is true.
    Await(Rule),
    /// Merged into the object.
    Patch(Target, Value),
    /// The watches of a service account are broken off.
    Cut(String),
    /// The program that acts as this service account is stopped and started again; in between
    /// come further blows.
    Restart(String, Vec<Blow>),
    /// Something happens to a node or a zone, or to the node of an object that is meant.
    Chaos(Chaos, Option<Target>),
}

/// What a blow did.
pub(super) enum Struck {
    Hit(Vec<Mark>),
    /// There was nothing to hit.
    Missed(Finding),
}

/// An object as the attack found or left it.
#[derive(Debug, Clone)]
pub(super) struct Mark {
    watched: Watched,
    name: String,
    pub(super) title: String,
    uid: String,
    /// Its version then; `None` where the attack deleted it.
    version: Option<u64>,
    is_changed: bool,
}

pub(super) fn read_blows(fields: &mut Fields<'_>, name: &'static str) -> Vec<Blow> {
    let mut blows = Vec::new();
    fields.each(name, |document, node, path, problems| {
        if let Some(fields) = Fields::of(document, node, path, problems) {
            blows.extend(read_blow(fields));
        }
    });
    blows
}

const BLOWS: [&str; 7] = [
    "delete", "create", "await", "patch", "cut", "restart", "chaos",
];

fn read_blow(mut fields: Fields<'_>) -> Option<Blow> {
    let given: Vec<_> = BLOWS
        .into_iter()
        .filter_map(|name| Some((name, fields.node(name)?)))
        .collect();
    let [(name, node)] = given.as_slice() else {
        let message = "expected exactly one of `delete`, `create`, `await`, `patch`, `cut`, \
                       `restart` and `chaos`";
        fields.refuse("", message);
        return None;
    };
    match *name {
        "create" => {
            let manifest = fields.required("create");
            fields.end();
            return manifest.map(Blow::Create);
        }
        "await" => {
            let rule = take_rule(&mut fields, "await");
            fields.end();
            return rule.map(Blow::Await);
        }
        _ => {}
    }
    let path = fields.path_of(name);
    let document = fields.document();
    let mut inner = Fields::of(document, node, &path, fields.problems())?;
    let blow = match *name {
        "delete" => Target::take(&mut inner).map(Blow::Delete),
        "patch" => {
            let target = Target::take(&mut inner);
            let merge = inner.required("merge");
            target.and_then(|target| Some(Blow::Patch(target, merge?)))
        }
        "cut" => inner.required("serviceAccount").map(Blow::Cut),
        "chaos" => read_chaos(&mut inner),
        _ => {
            let account = inner.required("serviceAccount");
            let during = read_blows(&mut inner, "during");
            account.map(|account| Blow::Restart(account, during))
        }
    };
    inner.end();
    fields.end();
    blow
}

/// `what` and `to`, a list of targets; or `of`, a Pod whose node is the target.
fn read_chaos(fields: &mut Fields<'_>) -> Option<Blow> {
    let what: Option<String> = fields.required("what");
    let mut targets: Vec<String> = fields.optional("to").unwrap_or_default();
    let off: bool = fields.optional("off").unwrap_or_default();
    let of = match fields.node("of") {
        None => None,
        Some(node) => {
            let (path, document) = (fields.path_of("of"), fields.document());
            let mut inner = Fields::of(document, node, &path, fields.problems())?;
            let target = Target::take(&mut inner);
            inner.end();
            targets.insert(0, String::new());
            Some(target?)
        }
    };
    match Chaos::new(&what?, targets, off) {
        Ok(chaos) => Some(Blow::Chaos(chaos, of)),
        Err(why) => {
            fields.refuse("what", &why);
            None
        }
    }
}

impl Blow {
    pub(super) fn title(&self) -> String {
        match self {
            Self::Delete(target) => format!("the deletion of {}", target.title()),
            Self::Create(manifest) => format!(
                "the creation of {} \"{}\"",
                Finding::text(manifest, "/kind").to_lowercase(),
                Finding::text(manifest, "/metadata/name")
            ),
            Self::Await(_) => "a while".to_owned(),
            Self::Patch(target, _) => format!("a change of {}", target.title()),
            Self::Cut(account) => format!("the watches of {account} were cut"),
            Self::Restart(account, during) if during.is_empty() => {
                format!("a restart of {account}")
            }
            Self::Restart(account, during) => {
                let blows: Vec<String> = during.iter().map(Self::title).collect();
                format!("{} while {account} was down", blows.join(" and "))
            }
            Self::Chaos(chaos, None) => format!("{} {}", chaos.what, chaos.targets.join(" ")),
            Self::Chaos(chaos, Some(of)) => {
                format!("{} of the node of {}", chaos.what, of.title())
            }
        }
    }

    /// The objects that are hit.
    pub(super) fn targets(&self) -> Vec<&Target> {
        match self {
            Self::Delete(target) | Self::Patch(target, _) => vec![target],
            Self::Create(_) | Self::Await(_) | Self::Cut(_) | Self::Chaos(..) => Vec::new(),
            Self::Restart(_, during) => during.iter().flat_map(Self::targets).collect(),
        }
    }

    pub(super) async fn strike(&self, scene: &Scene) -> Result<Struck, String> {
        match self {
            Self::Delete(target) => delete(target, scene).await,
            Self::Create(manifest) => create(manifest, scene).await,
            Self::Await(rule) => wait_for(rule, scene).await,
            Self::Patch(target, merge) => patch(target, merge, scene).await,
            Self::Cut(account) => {
                let user = service_account_user(&scene.namespace, account);
                let cut = scene.wire.cut(&user).await;
                cut.map_err(|error| format!("{error:#}"))?;
                Ok(Struck::Hit(Vec::new()))
            }
            Self::Restart(account, during) => restart(account, during, scene).await,
            Self::Chaos(chaos, of) => wreak(chaos, of.as_ref(), scene).await,
        }
    }
}

async fn delete(target: &Target, scene: &Scene) -> Result<Struck, String> {
    let mut marks = mark(target, scene).await?;
    for mark in &mut marks {
        let deleted = mark
            .api(scene)
            .delete(&mark.name, &DeleteParams::default())
            .await;
        deleted.map_err(|error| words_of(&error))?;
        mark.version = None;
    }
    Ok(hit(target, marks))
}

async fn create(manifest: &Value, scene: &Scene) -> Result<Struck, String> {
    let (api_version, kind) = (
        Finding::text(manifest, "/apiVersion"),
        Finding::text(manifest, "/kind"),
    );
    let resource = Resource::find(scene.client(), api_version, kind).await;
    let resource = resource.map_err(|error| words_of(&error))?;
    let object: DynamicObject =
        serde_json::from_value(manifest.clone()).map_err(|error| error.to_string())?;
    let namespace = object.metadata.namespace.clone();
    let namespace = namespace.as_deref().unwrap_or(&scene.namespace);
    let api = resource.api(scene.client(), Some(namespace));
    match api.create(&PostParams::default(), &object).await {
        Err(kube::Error::Api(status)) if status.reason == "AlreadyExists" => {}
        created => drop(created.map_err(|error| words_of(&error))?),
    }
    Ok(Struck::Hit(Vec::new()))
}

async fn wait_for(rule: &Rule, scene: &Scene) -> Result<Struck, String> {
    let until = super::after(scene.clock.now(), COMES_TRUE_IN);
    loop {
        let finding = judge_rule(rule, scene).await;
        if finding.is_true() {
            return Ok(Struck::Hit(Vec::new()));
        }
        if scene.clock.now() >= until {
            return Ok(Struck::Missed(finding));
        }
        scene.clock.sleep(LOOK).await;
    }
}

async fn patch(target: &Target, merge: &Value, scene: &Scene) -> Result<Struck, String> {
    let how = PatchParams {
        field_manager: Some(FIELD_MANAGER.to_owned()),
        ..PatchParams::default()
    };
    let mut marks = mark(target, scene).await?;
    for mark in &mut marks {
        let merge = Patch::Merge(merge);
        let patched = mark.api(scene).patch(&mark.name, &how, &merge).await;
        let patched = patched.map_err(|error| words_of(&error))?;
        let version = patched.metadata.resource_version.unwrap_or_default();
        let before = mark.version.replace(version.parse().unwrap_or_default());
        // What was so already is no attack, and nothing to make good.
        mark.is_changed = before != mark.version;
    }
    let mut struck = hit(target, marks);
    if let Struck::Hit(marks) = &mut struck {
        marks.retain(|mark| mark.is_changed);
    }
    Ok(struck)
}

async fn wreak(chaos: &Chaos, of: Option<&Target>, scene: &Scene) -> Result<Struck, String> {
    let mut chaos = chaos.clone();
    if let Some(target) = of {
        let objects = target.objects(scene).await?;
        let nodes = objects
            .iter()
            .map(|pod| Finding::text(pod, "/spec/nodeName"));
        let Some(node) = nodes.into_iter().find(|node| !node.is_empty()) else {
            let finding = Finding::fails(target.title(), "it is on a node", "it is on none");
            return Ok(Struck::Missed(finding));
        };
        node.clone_into(&mut chaos.targets[0]);
    }
    let done = scene.wire.wreak(&chaos).await;
    done.map_err(|error| format!("{error:#}"))?;
    Ok(Struck::Hit(Vec::new()))
}

fn hit(target: &Target, marks: Vec<Mark>) -> Struck {
    match marks.is_empty() {
        true => Struck::Missed(Finding::fails(target.title(), "it exists", "nothing")),
        false => Struck::Hit(marks),
    }
}

/// Stops the program, strikes, starts it again, and waits until it has asked something.
async fn restart(account: &str, during: &[Blow], scene: &Scene) -> Result<Struck, String> {
    let program = ProgramControl::new(&scene.observer, &scene.namespace, account);
    let limit = |what: &str| format!("the program did not {what} in time");
    let patient = |waiting| scene.clock.timeout(RESTARTS_IN, waiting);
    if !program.is_kept().await? {
        let seen = "nobody runs it: `kubekata run`";
        return Ok(Struck::Missed(Finding::fails(
            "your program",
            "it runs",
            seen,
        )));
    }
    patient(program.order(false))
        .await
        .ok_or_else(|| limit("stop"))??;
    let mut marks = Vec::new();
    let mut missed = None;
    for blow in during {
        match Box::pin(blow.strike(scene)).await {
            Ok(Struck::Hit(more)) => marks.extend(more),
            Ok(Struck::Missed(finding)) => missed = Some(Ok(finding)),
            Err(reason) => missed = Some(Err(reason)),
        }
    }
    let user = service_account_user(&scene.namespace, account);
    let before = requests_of(&user, scene).await?;
    // Whatever went wrong meanwhile: it shall run again.
    patient(program.order(true))
        .await
        .ok_or_else(|| limit("start"))??;
    match missed {
        Some(Ok(finding)) => return Ok(Struck::Missed(finding)),
        Some(Err(reason)) => return Err(reason),
        None => {}
    }
    let until = super::after(scene.clock.now(), RESTARTS_IN);
    while requests_of(&user, scene).await? == before {
        if scene.clock.now() >= until {
            return Ok(Struck::Missed(Finding::fails(
                "your program, started again",
                "it asks the cluster something",
                "nothing",
            )));
        }
        scene.clock.sleep(LOOK).await;
    }
    Ok(Struck::Hit(marks))
}

async fn requests_of(user: &str, scene: &Scene) -> Result<u64, String> {
    let traffic = scene.wire.traffic(user).await;
    let traffic = traffic.map_err(|error| format!("{error:#}"))?;
    Ok(traffic.requests)
}

/// The objects that are meant, as they are now.
pub(super) async fn mark(target: &Target, scene: &Scene) -> Result<Vec<Mark>, String> {
    let watched = target.watched(scene).await?;
    let objects = target.objects(scene).await?;
    let marks = objects.iter().map(|object| Mark {
        watched: Watched {
            namespace: object["metadata"]["namespace"].as_str().map(str::to_owned),
            ..watched.clone()
        },
        name: Finding::text(object, "/metadata/name").to_owned(),
        title: title_of(object),
        uid: Finding::text(object, "/metadata/uid").to_owned(),
        version: version_of(object),
        is_changed: true,
    });
    Ok(marks.collect())
}

fn version_of(object: &Value) -> Option<u64> {
    let version = Finding::text(object, "/metadata/resourceVersion");
    version.parse().ok()
}

/// The attacked objects that nobody has touched since.
pub(super) async fn still_marked(marks: &[Mark], scene: &Scene) -> Result<Vec<String>, String> {
    let mut titles = Vec::new();
    for mark in marks {
        let is_on = |seen: &Value| match mark.version {
            None => true,
            Some(version) => version_of(seen).is_some_and(|seen| seen <= version),
        };
        if mark.find(scene).await?.is_some_and(|seen| is_on(&seen)) {
            titles.push(mark.title.clone());
        }
    }
    Ok(titles)
}

impl Mark {
    fn api(&self, scene: &Scene) -> kube::Api<kube::core::DynamicObject> {
        let namespace = self.watched.namespace.as_deref();
        self.watched.resource.api(scene.client(), namespace)
    }

    /// The same object now, if it is still there.
    async fn find(&self, scene: &Scene) -> Result<Option<Arc<Value>>, String> {
        let listing = scene.list(&self.watched).await?;
        let same = |object: &&Arc<Value>| Finding::text(object, "/metadata/uid") == self.uid;
        Ok(listing.iter().find(same).cloned())
    }

    /// Whether nobody has written to it since.
    pub(super) async fn is_untouched(&self, scene: &Scene) -> Result<bool, String> {
        let seen = self.find(scene).await?;
        Ok(seen.is_some_and(|seen| version_of(&seen) == self.version))
    }
}
