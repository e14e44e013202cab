//! A beginning: it looks at everything, every few seconds, and says what it would have to do.
//! kube::runtime::Controller can do the looking for you.

use std::time::Duration;

use kube::core::{ApiResource, DynamicObject, GroupVersionKind};
use kube::{Api, Client, ResourceExt};

#[tokio::main]
async fn main() -> Result<(), kube::Error> {
    let client = Client::try_default().await?;
    let kind = GroupVersionKind::gvk("pages.example.com", "v1", "Site");
    let kind = ApiResource::from_gvk(&kind);
    let sites: Api<DynamicObject> = Api::default_namespaced_with(client, &kind);
    loop {
        for site in sites.list(&Default::default()).await? {
            let (name, spec) = (site.name_any(), &site.data["spec"]);
            println!("{name} wants the page {} and the line {}", spec["text"], spec["host"]);
            // Here is your work.
        }
        tokio::time::sleep(Duration::from_secs(5)).await;
    }
}
