//! The definition of a kind's table.

use std::borrow::Cow;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::age_cell;

/// One column of a table.
#[derive(Clone, Debug)]
pub struct Column {
    pub name: Cow<'static, str>,
    /// An OpenAPI type: `string`, `integer`, `number`, `boolean` or `date`.
    pub column_type: Cow<'static, str>,
    /// An OpenAPI format; `name` marks the column that names the object.
    pub format: Cow<'static, str>,
    pub description: Cow<'static, str>,
    /// 0 shows always, 1 with `-o wide` only.
    pub priority: i32,
}

impl Column {
    /// A text column that always shows.
    pub fn text(name: impl Into<Cow<'static, str>>) -> Self {
        Self {
            name: name.into(),
            column_type: "string".into(),
            format: "".into(),
            description: "".into(),
            priority: 0,
        }
    }

    /// A column of whole numbers that always shows.
    pub fn integer(name: impl Into<Cow<'static, str>>) -> Self {
        Self {
            column_type: "integer".into(),
            ..Self::text(name)
        }
    }

    /// The column that names the object.
    pub fn name() -> Self {
        Self {
            format: "name".into(),
            ..Self::text("Name")
        }
    }

    /// The time since the object was created.
    pub fn age() -> Self {
        Self::text("Age")
    }

    /// Shows with `-o wide` only.
    pub fn wide(mut self) -> Self {
        self.priority = 1;
        self
    }

    pub fn described(mut self, description: impl Into<Cow<'static, str>>) -> Self {
        self.description = description.into();
        self
    }
}

/// What a row may need besides its object.
#[derive(Clone, Copy, Debug)]
pub struct RowContext {
    pub now: Timestamp,
}

type Cells = dyn Fn(&Value, RowContext) -> Vec<Value> + Send + Sync;

/// The columns of a kind and how an object fills them.
#[derive(Clone)]
pub struct TableDef {
    pub columns: Vec<Column>,
    cells: Arc<Cells>,
}

impl TableDef {
    /// `cells` returns one cell a column, in their order.
    pub fn new(
        columns: Vec<Column>,
        cells: impl Fn(&Value, RowContext) -> Vec<Value> + Send + Sync + 'static,
    ) -> Self {
        Self {
            columns,
            cells: Arc::new(cells),
        }
    }

    /// For kinds without columns of their own: name and creation time.
    pub fn name_and_created_at() -> Self {
        let created_at = Column {
            column_type: "date".into(),
            ..Column::text("Created At")
        };
        Self::new(vec![Column::name(), created_at], |object, _| {
            let metadata = &object["metadata"];
            vec![
                metadata["name"].clone(),
                metadata["creationTimestamp"].clone(),
            ]
        })
    }

    /// For kinds that show just their name and age.
    pub fn name_and_age() -> Self {
        Self::new(vec![Column::name(), Column::age()], |object, context| {
            vec![
                object["metadata"]["name"].clone(),
                json!(age_cell(object, context.now)),
            ]
        })
    }

    /// The cells of one object.
    pub fn cells(&self, object: &Value, context: RowContext) -> Vec<Value> {
        (self.cells)(object, context)
    }
}
