//! A copy of storage on disk, so that a cluster can be left and found again.
//!
//! Commits are answered from memory; a writer follows them and puts each batch into one atomic
//! transaction. After a crash the disk holds some earlier moment of the cluster as a whole, at
//! most a few milliseconds old, never a mixture.

use std::path::Path;
use std::sync::Arc;

use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition};
use tokio::sync::mpsc;

use super::Key;
use crate::api::{GroupResource, ObjectRef};
use crate::tasks::Tasks;

const OBJECTS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("objects");
const NUMBERS: TableDefinition<'_, &str, u64> = TableDefinition::new("numbers");
const REVISION: &str = "revision";

/// The state on disk cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum DurableError {
    #[error("cannot open the cluster's state in {path}")]
    Open {
        path: String,
        #[source]
        source: Box<redb::Error>,
    },
    #[error("the cluster's state is damaged at {key:?}")]
    Damaged { key: String },
    #[error("the cluster's state cannot be read or written")]
    Database(#[source] Box<redb::Error>),
}

fn database(error: impl Into<redb::Error>) -> DurableError {
    DurableError::Database(Box::new(error.into()))
}

/// One commit on its way to disk.
pub(super) struct Entry {
    pub key: Key,
    /// `None` where the object was removed.
    pub object: Option<ObjectRef>,
    pub revision: u64,
}

/// Takes commits in; never blocks.
pub(super) type Journal = mpsc::UnboundedSender<Entry>;

/// Everything that was on disk.
pub(super) struct Saved {
    pub revision: u64,
    pub objects: Vec<(Key, serde_json::Value)>,
}

/// An open state file.
pub(super) struct Durable {
    database: Arc<Database>,
}

impl Durable {
    /// Opens the file, making it where it does not exist.
    pub fn open(path: &Path) -> Result<Self, DurableError> {
        let database = Database::create(path).map_err(|error| DurableError::Open {
            path: path.display().to_string(),
            source: Box::new(error.into()),
        })?;
        Ok(Self {
            database: Arc::new(database),
        })
    }

    /// Reads everything.
    pub fn load(&self) -> Result<Saved, DurableError> {
        let transaction = self.database.begin_write().map_err(database)?;
        {
            // Makes the tables of a new file.
            transaction.open_table(OBJECTS).map_err(database)?;
            transaction.open_table(NUMBERS).map_err(database)?;
        }
        transaction.commit().map_err(database)?;
        let transaction = self.database.begin_read().map_err(database)?;
        let numbers = transaction.open_table(NUMBERS).map_err(database)?;
        let revision = numbers.get(REVISION).map_err(database)?;
        let mut saved = Saved {
            revision: revision.map_or(0, |revision| revision.value()),
            objects: Vec::new(),
        };
        let table = transaction.open_table(OBJECTS).map_err(database)?;
        for row in table.iter().map_err(database)? {
            let (path, bytes) = row.map_err(database)?;
            let object = read_path(path.value())
                .zip(serde_json::from_slice(bytes.value()).ok())
                .ok_or_else(|| DurableError::Damaged {
                    key: path.value().to_owned(),
                })?;
            saved.objects.push(object);
        }
        Ok(saved)
    }

    /// Follows commits to disk until every journal is dropped or `tasks` end; what was committed
    /// by then is written first.
    pub fn follow(self, tasks: &Tasks) -> Journal {
        let (journal, mut commits) = mpsc::unbounded_channel();
        let token = tasks.token();
        tasks.spawn_cooperative("state writer", async move {
            loop {
                let first = tokio::select! {
                    biased;
                    entry = commits.recv() => entry,
                    () = token.cancelled() => None,
                };
                let Some(first) = first else {
                    return;
                };
                let mut batch = vec![first];
                while let Ok(entry) = commits.try_recv() {
                    batch.push(entry);
                }
                let database = self.database.clone();
                let written = tokio::task::spawn_blocking(move || write(&database, &batch)).await;
                if let Ok(Err(error)) = written {
                    tracing::error!(%error, "the cluster's state is no longer saved");
                    return;
                }
            }
        });
        journal
    }
}

fn write(database_file: &Database, batch: &[Entry]) -> Result<(), DurableError> {
    let transaction = database_file.begin_write().map_err(database)?;
    {
        let mut objects = transaction.open_table(OBJECTS).map_err(database)?;
        let mut numbers = transaction.open_table(NUMBERS).map_err(database)?;
        for entry in batch {
            let path = path(&entry.key);
            match &entry.object {
                Some(object) => {
                    let bytes = object.encoded().as_ref();
                    objects.insert(path.as_str(), bytes).map_err(database)?;
                }
                None => {
                    objects.remove(path.as_str()).map_err(database)?;
                }
            }
        }
        if let Some(last) = batch.last() {
            numbers.insert(REVISION, last.revision).map_err(database)?;
        }
    }
    transaction.commit().map_err(database)
}

/// No part of a key has a slash in it, except the names of some cluster-scoped objects.
fn path(key: &Key) -> String {
    let GroupResource { group, resource } = key.resource.as_ref();
    format!("{group}/{resource}/{}/{}", key.namespace, key.name)
}

fn read_path(path: &str) -> Option<Key> {
    let mut parts = path.splitn(4, '/');
    let (group, resource) = (parts.next()?, parts.next()?);
    let (namespace, name) = (parts.next()?, parts.next()?);
    let resource = std::sync::Arc::new(GroupResource::new(group, resource));
    Some(Key::new(&resource, namespace, name))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::super::{Origin, Storage};
    use super::*;

    #[tokio::test]
    async fn a_cluster_is_found_as_it_was_left() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.redb");
        let resource = Arc::new(GroupResource::new("", "configmaps"));
        let key = |name: &str| Key::new(&resource, "default", name);
        let object = |name: &str| json!({"metadata": {"namespace": "default", "name": name}});
        let revision = {
            let tasks = Tasks::new();
            let storage = Storage::open(&path, 8, &tasks).unwrap();
            for name in ["a", "b", "c"] {
                storage
                    .create(&key(name), object(name), Origin::default())
                    .unwrap();
            }
            let b = storage.get(&key("b")).unwrap();
            storage
                .delete(
                    &key("b"),
                    b.resource_version(),
                    object("b"),
                    Origin::default(),
                )
                .unwrap();
            tasks.shutdown(Duration::from_secs(5)).await.unwrap();
            storage.revision()
        };
        let tasks = Tasks::new();
        let storage = Storage::open(&path, 8, &tasks).unwrap();
        assert_eq!(storage.revision(), revision);
        let names: Vec<String> = storage
            .list(&resource, "")
            .items
            .iter()
            .map(|object| object.name().to_owned())
            .collect();
        assert_eq!(names, ["a", "c"]);
        assert!(storage.watch(&resource, 1).is_err(), "history is not kept");
        tasks.shutdown(Duration::from_secs(5)).await.unwrap();
    }
}
