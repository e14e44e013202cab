//! Says of each FlowSchema whether the priority level that it names is there.
//!
//! The API server does so upstream; what requests meet is its business. Mirrors
//! `apiserver/pkg/util/flowcontrol/apf_controller.go` (v1.35).

use std::sync::Arc;

use async_trait::async_trait;
use k8s_openapi::api::flowcontrol::v1::{
    FlowSchema, FlowSchemaCondition, PriorityLevelConfiguration,
};

use super::conditions::{FALSE, TRUE};
use super::{Controller, ControllerContext, SyncError, run};
use crate::authentication::UserInfo;
use crate::client::{Client, Kind, Lister, time};
use crate::clock::Clock;

const NAME: &str = "api-priority-and-fairness-config-consumer-v1";
const DANGLING: &str = "Dangling";

struct FlowControl {
    schemas: Lister<FlowSchema>,
    levels: Lister<PriorityLevelConfiguration>,
    client: Client,
    clock: Clock,
}

pub(super) fn start(context: ControllerContext) {
    let schemas = context.informers.get::<FlowSchema>();
    let levels = context.informers.get::<PriorityLevelConfiguration>();
    let queue = context.queue();
    let enqueue = queue.clone();
    schemas.subscribe(move |change| enqueue.add(change.object().name().to_owned()));
    let (enqueue, lister) = (queue.clone(), schemas.lister());
    levels.subscribe(move |change| {
        let level = change.object().name();
        for schema in lister.list("") {
            if level_of(&schema) == level {
                enqueue.add(schema.name().to_owned());
            }
        }
    });
    // Upstream this is a part of the API server, which asks nobody for permission.
    let user = UserInfo::new("system:apiserver", &["system:masters"]);
    let controller = Arc::new(FlowControl {
        schemas: schemas.lister(),
        levels: levels.lister(),
        client: context.client.with_user(user),
        clock: context.clock.clone(),
    });
    run(&context, NAME, (queue, 1), controller, async move {
        schemas.wait_synced().await;
        levels.wait_synced().await;
    });
}

fn level_of(schema: &FlowSchema) -> &str {
    let spec = schema.spec.as_ref();
    spec.map_or("", |spec| spec.priority_level_configuration.name.as_str())
}

#[async_trait]
impl Controller for FlowControl {
    type Key = String;

    async fn sync(&self, name: &String) -> Result<(), SyncError> {
        let Some(schema) = self.schemas.get("", name) else {
            return Ok(());
        };
        let level = level_of(&schema);
        let named = format!(
            "This FlowSchema references the PriorityLevelConfiguration object named {level:?}"
        );
        let (status, reason, message) = match self.levels.get("", level) {
            Some(_) => (FALSE, "Found", format!("{named} and it exists")),
            None => (
                TRUE,
                "NotFound",
                format!("{named} but there is no such object"),
            ),
        };
        let mut changed = (*schema).clone();
        let conditions = changed
            .status
            .get_or_insert_default()
            .conditions
            .get_or_insert_default();
        let known = conditions
            .iter()
            .position(|own| own.type_.as_deref() == Some(DANGLING));
        let before = known.map(|at| conditions.remove(at));
        let stays = before
            .as_ref()
            .filter(|own| own.status.as_deref() == Some(status));
        let since = stays.and_then(|own| own.last_transition_time.clone());
        let condition = FlowSchemaCondition {
            type_: Some(DANGLING.to_owned()),
            status: Some(status.to_owned()),
            reason: Some(reason.to_owned()),
            message: Some(message),
            last_transition_time: Some(since.unwrap_or_else(|| time(self.clock.now()))),
        };
        if before.as_ref() == Some(&condition) {
            return Ok(());
        }
        conditions.push(condition);
        self.client.update_status(&changed).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::*;
    use crate::client::fake::Harness;

    async fn dangling(harness: &Harness) -> (String, String) {
        harness.pass(Duration::from_secs(1)).await;
        let schema: FlowSchema = harness.get("", "own").await;
        let condition = schema.status.unwrap().conditions.unwrap().remove(0);
        (condition.status.unwrap(), condition.message.unwrap())
    }

    #[tokio::test(start_paused = true)]
    async fn a_schema_dangles_until_its_level_is_there() {
        let harness = Harness::new();
        start(harness.context());
        harness
            .given::<FlowSchema>(json!({
                "metadata": {"name": "own"},
                "spec": {"priorityLevelConfiguration": {"name": "low"}, "rules": []},
            }))
            .await;
        let named =
            "This FlowSchema references the PriorityLevelConfiguration object named \"low\"";
        let missing = format!("{named} but there is no such object");
        assert_eq!(dangling(&harness).await, ("True".to_owned(), missing));
        harness
            .given::<PriorityLevelConfiguration>(json!({
                "metadata": {"name": "low"},
                "spec": {"type": "Limited", "limited": {"limitResponse": {"type": "Reject"}}},
            }))
            .await;
        let found = format!("{named} and it exists");
        assert_eq!(dangling(&harness).await, ("False".to_owned(), found));
    }
}
