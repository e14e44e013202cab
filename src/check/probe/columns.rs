//! `columns`: what `kubectl get` shows of an object.
//!
//! ```yaml
//! columns: {kind: Bowl, apiVersion: example.com/v1, name: soup, cells: {Size: 3, Color: red}}
//! columns: {kind: Bowl, apiVersion: example.com/v1, name: soup, wide: true, cells: {Owner: exists}}
//! ```
//! Asked for as a Table, as kubectl does. Names of columns count as kubectl writes them, in any
//! case; columns of a lower priority are there with `wide` only.

use std::collections::BTreeMap;

use async_trait::async_trait;
use http::header::ACCEPT;
use kube::Error;
use serde_json::Value;

use super::super::matcher::Matcher;
use super::super::scene::{Finding, Scene};
use super::super::target::Target;
use super::super::verdict::Difference;
use super::{Probe, ProbeKind};
use crate::course::{Fields, NodeValue};
use crate::sandbox::{Watched, words_of};

pub(super) const KIND: ProbeKind = ProbeKind {
    name: "columns",
    read,
};

const TABLE: &str = "application/json;as=Table;v=v1;g=meta.k8s.io";

#[derive(Debug)]
struct Columns {
    target: Target,
    name: String,
    wide: bool,
    cells: Vec<(String, Matcher)>,
}

fn read(mut fields: Fields<'_>) -> Option<Box<dyn Probe>> {
    let target = Target::take(&mut fields);
    let name = target.as_ref().and_then(|target| target.name.clone());
    if name.is_none() {
        fields.refuse("name", "say which object");
    }
    let wide = fields.optional("wide").unwrap_or_default();
    let cells = take_cells(&mut fields);
    fields.end();
    Some(Box::new(Columns {
        target: target?,
        name: name?,
        wide,
        cells,
    }))
}

fn take_cells(fields: &mut Fields<'_>) -> Vec<(String, Matcher)> {
    let entries = match fields.node("cells").map(|node| &node.value) {
        Some(NodeValue::Map(entries)) => entries,
        _ => {
            fields.refuse("cells", "expected a mapping of column to what it shows");
            return Vec::new();
        }
    };
    let (document, path) = (fields.document(), fields.path_of("cells"));
    let cells = entries.iter().map(|(name, _, node)| {
        let path = format!("{path}.{name}");
        let matcher = Matcher::read(document, node, &path, fields.problems());
        (name.clone(), matcher)
    });
    cells.collect()
}

#[async_trait]
impl Probe for Columns {
    async fn reads(&self, scene: &Scene) -> Vec<Watched> {
        let mut reads = self.target.reads(scene).await;
        // Columns can change without any object changing.
        reads.extend(scene.watched("CustomResourceDefinition", None));
        reads
    }

    fn title(&self) -> String {
        let columns: Vec<&str> = self.cells.iter().map(|(name, _)| name.as_str()).collect();
        format!("columns {} of {}", columns.join(", "), self.target.title())
    }

    async fn judge(&self, scene: &Scene) -> Finding {
        let row = match self.row(scene).await {
            Ok(Some(row)) => row,
            Ok(None) => return Finding::fails(self.target.title(), "it exists", "nothing"),
            Err(reason) => return Finding::unknown(reason),
        };
        let mut differences: Vec<Difference> = Vec::new();
        for (column, matcher) in &self.cells {
            let field = format!("column {}", column.to_uppercase());
            match row.get(&column.to_lowercase()) {
                Some(cell) => differences.extend(matcher.differences(Some(cell), &field)),
                None => differences.push(Difference::new(field, "a column", "no such column")),
            }
        }
        let wide = if self.wide { " -o wide" } else { "" };
        let look = format!("kubectl get {}{wide}", self.target.arguments());
        Finding::of(differences, vec![look])
    }
}

impl Columns {
    /// The cells of the object by the names of their columns, in small letters; `None` where the
    /// object is not there.
    async fn row(&self, scene: &Scene) -> Result<Option<BTreeMap<String, Value>>, String> {
        let watched = self.target.watched(scene).await?;
        let api = watched
            .resource
            .api(scene.client(), watched.namespace.as_deref());
        let request = http::Request::get(format!("{}/{}", api.resource_url(), self.name))
            .header(ACCEPT, TABLE)
            .body(Vec::new())
            .map_err(|error| error.to_string())?;
        let table: Value = match scene.client().request(request).await {
            Ok(table) => table,
            Err(Error::Api(status)) if status.code == 404 => return Ok(None),
            Err(error) => return Err(words_of(&error)),
        };
        let list = |pointer: &str| table.pointer(pointer).and_then(Value::as_array);
        let (Some(columns), Some(cells)) = (list("/columnDefinitions"), list("/rows/0/cells"))
        else {
            return Err("the cluster did not answer with a table".to_owned());
        };
        let shown = columns.iter().zip(cells).filter(|(column, _)| {
            self.wide || column["priority"].as_i64().unwrap_or_default() == 0
        });
        let named = shown.map(|(column, cell)| {
            let name = column["name"].as_str().unwrap_or_default();
            (name.to_lowercase(), cell.clone())
        });
        Ok(Some(named.collect()))
    }
}
