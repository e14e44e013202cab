//! The ground that every check stands on: the kata's namespace.
//!
//! Of a place that is not there many things are true (nothing is in it), and a cluster that says
//! yes to everything has no such place. So what is true counts only where the namespace is.

use std::future::Future;

use super::scene::{Finding, Scene};
use crate::sandbox::Watched;

/// What has to be watched for it.
pub(super) fn ground(scene: &Scene) -> Option<Watched> {
    scene.watched("Namespace", None)
}

/// The finding; one that is true of a namespace that is not there is turned into the reason.
pub(super) async fn on_ground(scene: &Scene, finding: impl Future<Output = Finding>) -> Finding {
    let finding = finding.await;
    let Some(watched) = ground(scene).filter(|_| finding.is_true()) else {
        return finding;
    };
    let name = &scene.namespace;
    match scene.list(&watched).await {
        Err(reason) => Finding::unknown(reason),
        Ok(namespaces) if namespaces.get("", name).is_some() => finding,
        Ok(_) => Finding::fails(format!("namespace \"{name}\""), "it exists", "nothing")
            .look("kubectl get namespaces"),
    }
}
