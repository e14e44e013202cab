//! `cel`: an expression in the language that Kubernetes itself validates with.
//!
//! ```yaml
//! cel:
//!   kind: Deployment
//!   name: web
//!   expression: object.status.readyReplicas == object.spec.replicas
//!   show: object.status.readyReplicas        # what the learner sees where it is false
//! cel:
//!   kind: Pod
//!   labels: {app: web}
//!   with: {services: {kind: Service}}        # further lists by name
//!   expression: objects.size() == 3 && services.all(s, s.spec.type == 'ClusterIP')
//! ```
//! `object` is the named object, `objects` the list, `params` the kata's parameters; the
//! functions are those of Kubernetes. A learner reads what the check says, never the expression.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use async_trait::async_trait;
use kube_cel::KubeCelExt;
use kube_cel::cel::objects::{Key, Map};
use kube_cel::cel::{Context, ExecutionError, Program, Value as CelValue};
use serde_json::Value;

use super::super::scene::{Finding, Scene};
use super::super::target::{Objects, Target};
use super::{Probe, ProbeKind};
use crate::course::{Fields, NodeValue};
use crate::sandbox::Watched;

pub(super) const KIND: ProbeKind = ProbeKind { name: "cel", read };

struct Cel {
    target: Target,
    with: BTreeMap<String, Target>,
    text: String,
    expression: Program,
    show: Option<Program>,
}

impl std::fmt::Debug for Cel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Cel({:?})", self.text)
    }
}

fn read(mut fields: Fields<'_>) -> Option<Box<dyn Probe>> {
    let target = Target::take(&mut fields);
    let with = take_with(&mut fields);
    let text: Option<String> = fields.required("expression");
    let expression = text
        .as_deref()
        .and_then(|text| compile(&mut fields, "expression", text));
    let show: Option<String> = fields.optional("show");
    let show = show.and_then(|text| compile(&mut fields, "show", &text));
    fields.end();
    Some(Box::new(Cel {
        target: target?,
        with,
        text: text?,
        expression: expression?,
        show,
    }))
}

fn take_with(fields: &mut Fields<'_>) -> BTreeMap<String, Target> {
    let mut with = BTreeMap::new();
    let Some(node) = fields.node("with") else {
        return with;
    };
    let NodeValue::Map(entries) = &node.value else {
        fields.refuse("with", "expected a mapping of name to what is read");
        return with;
    };
    let path = fields.path_of("with");
    let document = fields.document();
    for (name, _, node) in entries {
        let path = format!("{path}.{name}");
        let Some(mut inner) = Fields::of(document, node, &path, fields.problems()) else {
            continue;
        };
        let target = Target::take(&mut inner);
        inner.end();
        if let Some(target) = target {
            with.insert(name.clone(), target);
        }
    }
    with
}

fn compile(fields: &mut Fields<'_>, name: &str, text: &str) -> Option<Program> {
    match Program::compile(text) {
        Ok(program) => Some(program),
        Err(errors) => {
            let message = errors.to_string();
            let first = message.lines().find(|line| !line.trim().is_empty());
            fields.refuse(name, format!("no CEL: {}", first.unwrap_or("not readable")));
            None
        }
    }
}

#[async_trait]
impl Probe for Cel {
    async fn reads(&self, scene: &Scene) -> Vec<Watched> {
        let mut reads = self.target.reads(scene).await;
        for target in self.with.values() {
            reads.extend(target.reads(scene).await);
        }
        reads
    }

    fn title(&self) -> String {
        format!("{}: {}", self.target.title(), self.text)
    }

    fn subject(&self) -> String {
        self.target.title()
    }

    fn is_formula(&self) -> bool {
        true
    }

    async fn judge(&self, scene: &Scene) -> Finding {
        let objects = match self.target.objects(scene).await {
            Ok(objects) => objects,
            Err(reason) => return Finding::unknown(reason),
        };
        let mut lists = BTreeMap::new();
        for (name, target) in &self.with {
            match target.objects(scene).await {
                Ok(objects) => lists.insert(name.as_str(), objects),
                Err(reason) => return Finding::unknown(reason),
            };
        }
        let look = format!("kubectl get {} -o yaml", self.target.arguments());
        if self.target.name.is_some() && objects.is_empty() {
            let list = format!("kubectl get {}", self.target.kind.to_lowercase());
            return Finding::fails(self.target.title(), "it exists", "nothing").look(list);
        }
        self.evaluate(&objects, &lists, scene).look(look)
    }
}

impl Cel {
    fn evaluate(
        &self,
        objects: &Objects,
        lists: &BTreeMap<&str, Objects>,
        scene: &Scene,
    ) -> Finding {
        let mut context = Context::default().with_all();
        let all = |objects: &Objects| {
            let list: Vec<CelValue> = objects.iter().map(|object| to_cel(object)).collect();
            CelValue::List(Arc::new(list))
        };
        if let (Some(_), Some(object)) = (&self.target.name, objects.first()) {
            context.add_variable_from_value("object", to_cel(object));
        }
        context.add_variable_from_value("objects", all(objects));
        for (name, objects) in lists {
            context.add_variable_from_value(*name, all(objects));
        }
        let params = scene
            .values
            .iter()
            .map(|(name, value)| (name.clone(), to_cel(value)));
        let params: HashMap<Key, CelValue> =
            params.map(|(name, value)| (name.into(), value)).collect();
        context.add_variable_from_value(
            "params",
            CelValue::Map(Map {
                map: Arc::new(params),
            }),
        );
        match self.expression.execute(&context) {
            Ok(CelValue::Bool(true)) => Finding::holds(),
            Ok(CelValue::Bool(false)) => {
                let seen = match self.show.as_ref().map(|show| show.execute(&context)) {
                    None => "not so".to_owned(),
                    Some(Ok(value)) => show(&value),
                    Some(Err(error)) => missing(&error),
                };
                Finding::fails(self.target.title(), &self.text, seen)
            }
            Ok(other) => Finding::unknown(format!(
                "{} is {}, not true or false",
                self.text,
                show(&other)
            )),
            // A field that is not there yet makes the expression untrue, not unknown.
            Err(error @ (ExecutionError::NoSuchKey(_) | ExecutionError::IndexOutOfBounds(_))) => {
                Finding::fails(self.target.title(), &self.text, missing(&error))
            }
            Err(error) => Finding::unknown(format!("{}: {error}", self.text)),
        }
    }
}

fn missing(error: &ExecutionError) -> String {
    match error {
        ExecutionError::NoSuchKey(key) => format!("no `{key}`"),
        other => other.to_string().to_lowercase(),
    }
}

fn show(value: &CelValue) -> String {
    match value.json() {
        Ok(json) => super::super::matcher::shown(Some(&json)),
        Err(_) => format!("{value:?}"),
    }
}

/// Whole numbers become `int`, as Kubernetes has them.
fn to_cel(value: &Value) -> CelValue {
    match value {
        Value::Null => CelValue::Null,
        Value::Bool(value) => CelValue::Bool(*value),
        Value::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(number), _) => CelValue::Int(number),
            (None, Some(number)) => CelValue::UInt(number),
            _ => CelValue::Float(number.as_f64().unwrap_or(f64::NAN)),
        },
        Value::String(text) => CelValue::String(Arc::new(text.clone())),
        Value::Array(items) => CelValue::List(Arc::new(items.iter().map(to_cel).collect())),
        Value::Object(fields) => {
            let map = fields
                .iter()
                .map(|(name, value)| (Key::from(name.clone()), to_cel(value)))
                .collect();
            CelValue::Map(Map { map: Arc::new(map) })
        }
    }
}
