//! Whatever happens to a Site, to its page or to the zone: the controller calls `reconcile` for the
//! Site, which looks, compares, and writes what differs.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{ObjectMeta, Patch, PatchParams};
use kube::core::NamespaceResourceScope;
use kube::runtime::controller::{Action, Controller};
use kube::runtime::finalizer::{self, Event, finalizer};
use kube::runtime::reflector::ObjectRef;
use kube::runtime::watcher;
use kube::{Api, Client, Resource, ResourceExt};
use serde::{Deserialize, Serialize};
use serde_json::json;

const FINALIZER: &str = "pages.example.com/zone";
const FIELD_MANAGER: &str = "operator";

/// `#[derive(kube::CustomResource)]` would write most of this.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Site {
    metadata: ObjectMeta,
    spec: SiteSpec,
    #[serde(default)]
    status: Option<SiteStatus>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct SiteSpec {
    host: String,
    text: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct SiteStatus {
    #[serde(default)]
    ready: bool,
    observed_generation: Option<i64>,
}

impl Resource for Site {
    type DynamicType = ();
    type Scope = NamespaceResourceScope;

    fn kind((): &()) -> Cow<'_, str> {
        "Site".into()
    }

    fn group((): &()) -> Cow<'_, str> {
        "pages.example.com".into()
    }

    fn version((): &()) -> Cow<'_, str> {
        "v1".into()
    }

    fn plural((): &()) -> Cow<'_, str> {
        "sites".into()
    }

    fn meta(&self) -> &ObjectMeta {
        &self.metadata
    }

    fn meta_mut(&mut self) -> &mut ObjectMeta {
        &mut self.metadata
    }
}

type Error = finalizer::Error<kube::Error>;

struct Operator {
    sites: Api<Site>,
    maps: Api<ConfigMap>,
}

#[tokio::main]
async fn main() -> Result<(), kube::Error> {
    let client = Client::try_default().await?;
    let operator = Arc::new(Operator {
        sites: Api::default_namespaced(client.clone()),
        maps: Api::default_namespaced(client),
    });
    let all = watcher::Config::default;
    let controller = Controller::new(operator.sites.clone(), all());
    let known = controller.store();
    // Who bends the zone may have bent the line of any Site.
    let zone_of_all = move |map: ConfigMap| {
        let is_zone = map.name_any() == "zone";
        let sites = known.state().into_iter().filter(move |_| is_zone);
        sites.map(|site| ObjectRef::from_obj(&*site))
    };
    controller
        .owns(operator.maps.clone(), all())
        .watches(operator.maps.clone(), all(), zone_of_all)
        .shutdown_on_signal()
        .run(reconcile, try_again, operator)
        .for_each(|done| async {
            if let Err(error) = done {
                println!("not done: {error}");
            }
        })
        .await;
    Ok(())
}

/// The helper puts the finalizer on first, and takes it out once `leave` has succeeded.
async fn reconcile(site: Arc<Site>, operator: Arc<Operator>) -> Result<Action, Error> {
    finalizer(&operator.sites, FINALIZER, site, |event| async {
        match event {
            Event::Apply(site) => operator.settle(&site).await?,
            Event::Cleanup(site) => operator.leave(&site).await?,
        }
        Ok(Action::requeue(Duration::from_secs(300)))
    })
    .await
}

fn try_again(_: Arc<Site>, _: &Error, _: Arc<Operator>) -> Action {
    Action::requeue(Duration::from_secs(1))
}

impl Operator {
    async fn settle(&self, site: &Site) -> Result<(), kube::Error> {
        let name = site.name_any();
        let page_name = format!("{name}-page");
        let wanted = BTreeMap::from([("index.html".to_owned(), site.spec.text.clone())]);
        let page = self.maps.get_opt(&page_name).await?;
        if page.and_then(|page| page.data) != Some(wanted.clone()) {
            let page = json!({
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": {
                    "name": page_name,
                    "ownerReferences": [site.controller_owner_ref(&())],
                },
                "data": wanted,
            });
            let how = PatchParams::apply(FIELD_MANAGER).force();
            self.maps
                .patch(&page_name, &how, &Patch::Apply(page))
                .await?;
        }
        if self.line(&name).await?.as_deref() != Some(&site.spec.host) {
            self.write_line(&name, Some(&site.spec.host)).await?;
        }
        let done = SiteStatus {
            ready: true,
            observed_generation: site.metadata.generation,
        };
        if site.status.as_ref() != Some(&done) {
            let status = Patch::Merge(json!({"status": done}));
            let how = PatchParams::default();
            self.sites.patch_status(&name, &how, &status).await?;
        }
        Ok(())
    }

    async fn leave(&self, site: &Site) -> Result<(), kube::Error> {
        let name = site.name_any();
        if self.line(&name).await?.is_some() {
            self.write_line(&name, None).await?;
        }
        Ok(())
    }

    /// What the zone says of a Site.
    async fn line(&self, name: &str) -> Result<Option<String>, kube::Error> {
        let zone = self.maps.get("zone").await?;
        Ok(zone.data.and_then(|lines| lines.get(name).cloned()))
    }

    /// Touches this one line only; the others belong to others.
    async fn write_line(&self, name: &str, host: Option<&str>) -> Result<(), kube::Error> {
        let line = Patch::Merge(json!({"data": {name: host}}));
        self.maps
            .patch("zone", &PatchParams::default(), &line)
            .await?;
        Ok(())
    }
}
