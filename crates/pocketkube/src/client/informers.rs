//! The informers of a process: one per kind, started when first asked for.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;

use super::{Client, Informer, Kind, Lister};
use crate::clock::Clock;
use crate::tasks::Tasks;

/// Hands out the shared informer of each kind; clones share them.
#[derive(Clone)]
pub struct Informers {
    shared: Arc<Shared>,
}

struct Shared {
    client: Client,
    clock: Clock,
    tasks: Tasks,
    by_kind: Mutex<HashMap<TypeId, Arc<dyn Any + Send + Sync>>>,
}

impl Informers {
    /// Informers that read in the name of `client`, who must be allowed to list and watch
    /// everything that is asked for.
    pub fn new(client: Client, clock: Clock, tasks: Tasks) -> Self {
        Self {
            shared: Arc::new(Shared {
                client,
                clock,
                tasks,
                by_kind: Mutex::default(),
            }),
        }
    }

    /// The informer of a kind. The first call starts its watch and must happen inside a runtime.
    pub fn get<K: Kind>(&self) -> Arc<Informer<K>> {
        let mut by_kind = self.shared.by_kind.lock();
        let informer = by_kind
            .entry(TypeId::of::<K>())
            .or_insert_with(|| self.start::<K>());
        let informer = informer.clone().downcast::<Informer<K>>();
        informer.expect("the entry of a type holds the informer of that type")
    }

    /// The lister of a kind, whose informer is started if it wasn't.
    pub fn lister<K: Kind>(&self) -> Lister<K> {
        self.get::<K>().lister()
    }

    fn start<K: Kind>(&self) -> Arc<dyn Any + Send + Sync> {
        let Shared {
            client,
            clock,
            tasks,
            ..
        } = &*self.shared;
        let informer = Arc::new(Informer::<K>::new());
        let run = informer.clone().run(client.clone(), clock.clone());
        tasks.spawn(format!("informer of {}", K::URL_PATH_SEGMENT), run);
        informer
    }
}
