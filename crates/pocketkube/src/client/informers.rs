//! The informers of a process: one per kind, started when first asked for.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

use super::informer::SharedInformer;
use super::{Client, Informer, Kind, Lister};
use crate::clock::Clock;
use crate::tasks::Tasks;

/// Hands out the shared informer of each kind; clones share them.
#[derive(Clone)]
pub struct Informers {
    shared: Arc<Shared>,
    /// Ends what is subscribed through this handle.
    until: CancellationToken,
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
            until: tasks.token(),
            shared: Arc::new(Shared {
                client,
                clock,
                tasks,
                by_kind: Mutex::default(),
            }),
        }
    }

    /// The same informers for a part of the cluster that may end before the others: it hears of
    /// nothing once its `tasks` are shut down.
    pub fn of(&self, tasks: &Tasks) -> Self {
        Self {
            shared: self.shared.clone(),
            until: tasks.token(),
        }
    }

    /// The informer of a kind. The first call starts its watch and must happen inside a runtime.
    pub fn get<K: Kind>(&self) -> Informer<K> {
        let mut by_kind = self.shared.by_kind.lock();
        let informer = by_kind
            .entry(TypeId::of::<K>())
            .or_insert_with(|| self.start::<K>());
        let informer = informer.clone().downcast::<SharedInformer<K>>();
        let informer = informer.expect("the entry of a type holds the informer of that type");
        Informer::new(informer, self.until.clone())
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
        let informer = Arc::new(SharedInformer::<K>::new());
        let run = informer.clone().run(client.clone(), clock.clone());
        tasks.spawn(format!("informer of {}", K::URL_PATH_SEGMENT), run);
        informer
    }
}
