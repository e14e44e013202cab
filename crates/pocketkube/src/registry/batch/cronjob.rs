//! CronJobs: Jobs by the clock.
//!
//! Mirrors `pkg/registry/batch/cronjob/strategy.go`, `pkg/apis/batch/v1/defaults.go` and
//! `validateCronJobSpec` in `pkg/apis/batch/validation/validation.go` (v1.35).

use serde_json::{Value, json};

use super::job::{hard_to_track, job_spec};
use crate::api::cron::Schedule;
use crate::api::field::{Error, ErrorList, Path};
use crate::api::meta::{self, map_at};
use crate::api::names::{self, NameRule};
use crate::api::tree::{elements, fill, fill_absent, restore, text};
use crate::api::validate::semantically_equal;
use crate::printers::{
    Column, RowContext, TableDef, age_cell, container_cells, label_selector_cell, since_cell,
};
use crate::registry::core::pod::template;
use crate::registry::validation::Field;
use crate::registry::{HookContext, ResourceDef, Strategy};

/// A Job is called after its CronJob with eleven characters more.
const MAX_NAME: usize = 63 - 11;
/// The path says `spec` twice, as upstream's does.
const ZONE_WARNING: &str = "cannot use TZ or CRON_TZ in spec.spec.schedule, use timeZone instead, see https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details";

pub fn resource() -> ResourceDef {
    ResourceDef::namespaced("batch", "v1", "CronJob", "cronjobs", CronJobStrategy)
        .short_names(&["cj"])
        .in_all()
        .table(table())
        .with_status()
}

fn table() -> TableDef {
    let columns = vec![
        Column::name(),
        Column::text("Schedule"),
        Column::text("Timezone"),
        Column::text("Suspend"),
        Column::integer("Active"),
        Column::text("Last Schedule"),
        Column::age(),
        Column::text("Containers").wide(),
        Column::text("Images").wide(),
        Column::text("Selector").wide(),
    ];
    TableDef::new(columns, cells)
}

fn cells(cronjob: &Value, context: RowContext) -> Vec<Value> {
    let (spec, status) = (&cronjob["spec"], &cronjob["status"]);
    let job = &spec["jobTemplate"]["spec"];
    let [names, images] = container_cells(&job["template"]["spec"]["containers"]);
    let last = match status["lastScheduleTime"].as_str() {
        Some(time) => since_cell(time.parse().ok(), context.now),
        None => "<none>".to_owned(),
    };
    vec![
        json!(meta::name(cronjob)),
        json!(text(spec, "schedule")),
        json!(spec["timeZone"].as_str().unwrap_or("<none>")),
        json!(match spec["suspend"].as_bool() {
            Some(true) => "True",
            Some(false) => "False",
            None => "<unset>",
        }),
        json!(elements(&status["active"]).len()),
        json!(last),
        json!(age_cell(cronjob, context.now)),
        json!(names),
        json!(images),
        json!(label_selector_cell(&job["selector"])),
    ]
}

struct CronJobStrategy;

impl Strategy for CronJobStrategy {
    fn default(&self, cronjob: &mut Value) {
        map_at(cronjob, "spec");
        let spec = &mut cronjob["spec"];
        fill(spec, "concurrencyPolicy", "Allow");
        fill_absent(spec, "suspend", false);
        fill_absent(spec, "successfulJobsHistoryLimit", 3);
        fill_absent(spec, "failedJobsHistoryLimit", 1);
        map_at(spec, "jobTemplate");
        map_at(&mut spec["jobTemplate"], "spec");
        let job = &mut spec["jobTemplate"]["spec"];
        map_at(job, "template");
        template::default(&mut job["template"]);
    }

    fn name_rule(&self) -> NameRule {
        names::name_is_dns_subdomain
    }

    fn prepare_for_create(&self, cronjob: &mut Value, _context: &HookContext<'_>) {
        cronjob["status"] = json!({});
    }

    fn validate(&self, cronjob: &Value, _context: &HookContext<'_>) -> ErrorList {
        let mut errors = spec(&Field::new(&cronjob["spec"], "spec"), &Value::Null);
        let name = meta::name(cronjob);
        if name.len() > MAX_NAME {
            let detail = format!("must be no more than {MAX_NAME} characters");
            errors.push(Error::invalid(Path::new("metadata.name"), name, &detail));
        }
        errors
    }

    fn prepare_for_update(&self, new: &mut Value, old: &Value, _context: &HookContext<'_>) {
        restore(new, old, "status");
    }

    fn validate_update(&self, new: &Value, old: &Value, _context: &HookContext<'_>) -> ErrorList {
        spec(&Field::new(&new["spec"], "spec"), &old["spec"])
    }

    fn prepare_for_status_update(&self, new: &mut Value, old: &Value, _context: &HookContext<'_>) {
        restore(new, old, "spec");
    }

    fn warnings(&self, cronjob: &Value, old: Option<&Value>) -> Vec<String> {
        let template = |cronjob: &Value| cronjob["spec"]["jobTemplate"]["spec"]["template"].clone();
        let now = template(cronjob);
        // A zone in the schedule is refused at creation, and only warned of where it stood before.
        let zone = (old.is_some() && text(&cronjob["spec"], "schedule").contains("TZ"))
            .then(|| ZONE_WARNING.to_owned());
        if old.is_some_and(|old| semantically_equal(&now, &template(old))) {
            return zone.into_iter().collect();
        }
        let name = if old.is_none() {
            meta::name(cronjob)
        } else {
            ""
        };
        let job = &cronjob["spec"]["jobTemplate"]["spec"];
        let mut warnings: Vec<String> = hard_to_track(job, "spec.jobTemplate.spec")
            .into_iter()
            .collect();
        warnings.extend(template::warnings(
            name,
            &now,
            &Path::new("spec.jobTemplate.spec.template"),
        ));
        warnings.extend(zone);
        warnings
    }

    fn counts_generation(&self) -> bool {
        true
    }

    fn is_new_generation(&self, new: &Value, old: &Value) -> bool {
        !semantically_equal(&new["spec"], &old["spec"])
    }
}

fn spec(spec: &Field<'_>, old: &Value) -> ErrorList {
    let mut errors = ErrorList::new();
    errors.extend(schedule(spec, old));
    errors.extend(spec.child("startingDeadlineSeconds").must_not_be_negative());
    let zone = spec.child("timeZone");
    if *zone.value != old["timeZone"] {
        errors.extend(time_zone(&zone));
    }
    errors.extend(
        spec.child("concurrencyPolicy")
            .must_be_set_to_one_of(&["Allow", "Forbid", "Replace"]),
    );
    errors.extend(job_template(&spec.child("jobTemplate").child("spec")));
    errors.extend(
        spec.child("successfulJobsHistoryLimit")
            .must_not_be_negative(),
    );
    errors.extend(spec.child("failedJobsHistoryLimit").must_not_be_negative());
    errors
}

fn schedule(spec: &Field<'_>, old: &Value) -> ErrorList {
    let schedule = spec.child("schedule");
    if let Some(missing) = schedule.must_be_set() {
        return vec![missing];
    }
    let mut errors = ErrorList::new();
    let words = schedule.text();
    let names_zone = words.contains("TZ");
    let (location, fields) = match words.split_once(' ') {
        Some((zone, fields)) if zone.starts_with("TZ=") || zone.starts_with("CRON_TZ=") => {
            (zone.split_once('=').map(|(_, location)| location), fields)
        }
        _ => (None, words),
    };
    if let Some(location) = location.filter(|location| !is_location(location)) {
        let detail = format!("provided bad location {location}: unknown time zone {location}");
        errors.push(schedule.invalid(&detail));
    } else if let Err(why) = Schedule::parse(fields.trim()) {
        errors.push(schedule.invalid(&why));
    }
    // A zone in the schedule is let through only where it stood before.
    let stood_before = text(old, "schedule").contains("TZ");
    if names_zone && !stood_before {
        let detail = "cannot use TZ or CRON_TZ in schedule, use timeZone field instead";
        errors.push(schedule.invalid(detail));
    } else if names_zone && spec.child("timeZone").is_set() {
        let detail = "cannot use both timeZone field and TZ or CRON_TZ in schedule";
        errors.push(schedule.invalid(detail));
    }
    errors
}

fn time_zone(zone: &Field<'_>) -> ErrorList {
    if !zone.is_set() {
        return ErrorList::new();
    }
    let name = zone.text();
    if name.is_empty() {
        return vec![zone.invalid("timeZone must be nil or non-empty string")];
    }
    let unknown = || zone.invalid(&format!("unknown time zone {name}"));
    if !name.split('/').all(is_zone_part) {
        return vec![unknown()];
    }
    if name.eq_ignore_ascii_case("local") {
        let detail =
            "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones";
        return vec![zone.invalid(detail)];
    }
    if is_location(name) {
        ErrorList::new()
    } else {
        vec![unknown()]
    }
}

/// Go knows the place: by the name of a file, so its case counts.
fn is_location(name: &str) -> bool {
    matches!(name, "" | "UTC" | "Local")
        || jiff::tz::TimeZone::get(name).is_ok_and(|zone| zone.iana_name() == Some(name))
}

fn is_zone_part(part: &str) -> bool {
    (1..=14).contains(&part.len())
        && part != "."
        && part != ".."
        && !part.starts_with('-')
        && part
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b".-_+".contains(&byte))
}

/// The Jobs' selectors are made for each of them.
fn job_template(job: &Field<'_>) -> ErrorList {
    let mut errors = job_spec(job);
    let selector = job.child("selector");
    if selector.is_set() {
        errors.push(selector.invalid("`selector` will be auto-generated"));
    }
    let manual = job.child("manualSelector");
    if manual.is_true() {
        errors.push(Error::not_supported(manual.path, true, &["nil", "false"]));
    }
    errors
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cronjob(schedule: &str, more: Value) -> Value {
        let mut cronjob = json!({"metadata": {"name": "c"}, "spec": {
            "schedule": schedule,
            "jobTemplate": {"spec": {"template": {"spec": {
                "restartPolicy": "OnFailure", "containers": [{"name": "c", "image": "busybox:1.36"}],
            }}}},
        }});
        for (field, value) in more.as_object().into_iter().flatten() {
            cronjob["spec"][field] = value.clone();
        }
        CronJobStrategy.default(&mut cronjob);
        cronjob
    }

    fn check(cronjob: &Value, expected: &[&str]) {
        let errors = spec(&Field::new(&cronjob["spec"], "spec"), &Value::Null);
        let texts: Vec<String> = errors.iter().map(ToString::to_string).collect();
        assert_eq!(texts, expected);
    }

    #[test]
    fn a_bare_cronjob_keeps_some_history() {
        let cronjob = cronjob("0 3 * * *", json!({}));
        let spec = &cronjob["spec"];
        assert_eq!(spec["concurrencyPolicy"], "Allow");
        assert_eq!(spec["successfulJobsHistoryLimit"], 3);
        assert_eq!(spec["failedJobsHistoryLimit"], 1);
        assert_eq!(spec["suspend"], false);
        assert!(spec["jobTemplate"]["spec"].get("completions").is_none());
        check(&cronjob, &[]);
    }

    #[test]
    fn schedules_and_policies_are_explained() {
        check(
            &cronjob("every day", json!({"concurrencyPolicy": "Sometimes"})),
            &[
                "spec.schedule: Invalid value: \"every day\": expected exactly 5 fields, found 2: [every day]",
                "spec.concurrencyPolicy: Unsupported value: \"Sometimes\": supported values: \"Allow\", \"Forbid\", \"Replace\"",
            ],
        );
        check(
            &cronjob(
                "@daily",
                json!({"successfulJobsHistoryLimit": -1, "startingDeadlineSeconds": -5}),
            ),
            &[
                "spec.startingDeadlineSeconds: Invalid value: -5: must be greater than or equal to 0",
                "spec.successfulJobsHistoryLimit: Invalid value: -1: must be greater than or equal to 0",
            ],
        );
    }

    #[test]
    fn the_time_zone_has_a_field_of_its_own() {
        check(
            &cronjob("TZ=UTC 0 * * * *", json!({})),
            &[
                "spec.schedule: Invalid value: \"TZ=UTC 0 * * * *\": cannot use TZ or CRON_TZ in schedule, use timeZone field instead",
            ],
        );
        check(
            &cronjob("0 * * * *", json!({"timeZone": "Middle/Earth"})),
            &["spec.timeZone: Invalid value: \"Middle/Earth\": unknown time zone Middle/Earth"],
        );
        check(&cronjob("0 * * * *", json!({"timeZone": "Etc/UTC"})), &[]);
        check(
            &cronjob("0 * * * *", json!({"timeZone": "europe/berlin"})),
            &["spec.timeZone: Invalid value: \"europe/berlin\": unknown time zone europe/berlin"],
        );
        check(
            &cronjob("CRON_TZ=Middle/Earth 0 * * * *", json!({})),
            &[
                "spec.schedule: Invalid value: \"CRON_TZ=Middle/Earth 0 * * * *\": provided bad location Middle/Earth: unknown time zone Middle/Earth",
                "spec.schedule: Invalid value: \"CRON_TZ=Middle/Earth 0 * * * *\": cannot use TZ or CRON_TZ in schedule, use timeZone field instead",
            ],
        );
    }

    #[test]
    fn a_zone_that_stood_in_the_schedule_is_warned_of() {
        let old = cronjob("TZ=UTC 0 * * * *", json!({}));
        let mut new = old.clone();
        new["spec"]["suspend"] = json!(true);
        let errors = spec(&Field::new(&new["spec"], "spec"), &old["spec"]);
        assert_eq!(errors.len(), 0);
        assert_eq!(CronJobStrategy.warnings(&new, Some(&old)), [ZONE_WARNING]);
    }

    #[test]
    fn the_table_shows_when_it_ran_last() {
        let mut cronjob = cronjob("*/5 * * * *", json!({}));
        let now = "2025-01-01T00:01:00Z".parse().unwrap();
        let row = cells(&cronjob, RowContext { now });
        assert_eq!(row[1..4], ["*/5 * * * *", "<none>", "False"]);
        assert_eq!(row[4..6], [json!(0), json!("<none>")]);
        cronjob["status"] = json!({"lastScheduleTime": "2025-01-01T00:00:00Z", "active": [{}]});
        let row = cells(&cronjob, RowContext { now });
        assert_eq!(row[4..6], [json!(1), json!("60s")]);
    }
}
