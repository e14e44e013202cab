//! The typed cache of one kind and the read-only views of it: lister and indexes.
//!
//! Objects are shared and never changed in place: a controller clones what it wants to change.
//! Mirrors `client-go/tools/cache/{thread_safe_store,listers}.go`.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use k8s_openapi::api::core::v1::Pod;
use parking_lot::RwLock;

use super::{Kind, ObjectKey, Selector};

type ValuesOf<K> = dyn Fn(&K) -> Vec<String> + Send + Sync;

/// Every object of a kind, by key and by the values of each index.
pub(super) struct Store<K> {
    objects: BTreeMap<ObjectKey, Arc<K>>,
    indexes: Vec<IndexEntries<K>>,
}

struct IndexEntries<K> {
    name: &'static str,
    values_of: Box<ValuesOf<K>>,
    by_value: HashMap<String, BTreeMap<ObjectKey, Arc<K>>>,
}

impl<K: Kind> Store<K> {
    pub(super) fn new() -> Self {
        Self {
            objects: BTreeMap::new(),
            indexes: Vec::new(),
        }
    }

    pub(super) fn get(&self, key: &ObjectKey) -> Option<&Arc<K>> {
        self.objects.get(key)
    }

    pub(super) fn objects(&self) -> impl Iterator<Item = &Arc<K>> {
        self.objects.values()
    }

    /// Adds or replaces an object; returns the one it replaces.
    pub(super) fn insert(&mut self, object: Arc<K>) -> Option<Arc<K>> {
        let key = object.key();
        let old = self.objects.insert(key.clone(), object.clone());
        for index in &mut self.indexes {
            if let Some(old) = &old {
                index.remove(&key, old);
            }
            index.insert(&key, &object);
        }
        old
    }

    pub(super) fn remove(&mut self, key: &ObjectKey) -> Option<Arc<K>> {
        let old = self.objects.remove(key)?;
        for index in &mut self.indexes {
            index.remove(key, &old);
        }
        Some(old)
    }

    /// The position of the index called `name`, which is built now if there is none.
    fn index(&mut self, name: &'static str, values_of: Box<ValuesOf<K>>) -> usize {
        if let Some(position) = self.indexes.iter().position(|index| index.name == name) {
            return position;
        }
        let mut index = IndexEntries {
            name,
            values_of,
            by_value: HashMap::new(),
        };
        for (key, object) in &self.objects {
            index.insert(key, object);
        }
        self.indexes.push(index);
        self.indexes.len() - 1
    }
}

impl<K> IndexEntries<K> {
    fn insert(&mut self, key: &ObjectKey, object: &Arc<K>) {
        for value in (self.values_of)(object) {
            let entries = self.by_value.entry(value).or_default();
            entries.insert(key.clone(), object.clone());
        }
    }

    fn remove(&mut self, key: &ObjectKey, object: &Arc<K>) {
        for value in (self.values_of)(object) {
            if let Some(entries) = self.by_value.get_mut(&value) {
                entries.remove(key);
                if entries.is_empty() {
                    self.by_value.remove(&value);
                }
            }
        }
    }
}

/// Reads the cache of a kind; clones are cheap.
pub struct Lister<K> {
    pub(super) store: Arc<RwLock<Store<K>>>,
}

impl<K> Clone for Lister<K> {
    fn clone(&self) -> Self {
        Self {
            store: self.store.clone(),
        }
    }
}

impl<K: Kind> Lister<K> {
    /// The object of that name; `namespace` is empty for cluster-scoped kinds.
    pub fn get(&self, namespace: &str, name: &str) -> Option<Arc<K>> {
        self.get_key(&ObjectKey::new(namespace, name))
    }

    pub fn get_key(&self, key: &ObjectKey) -> Option<Arc<K>> {
        self.store.read().get(key).cloned()
    }

    /// Every object of the cluster, in order of namespace and name.
    pub fn all(&self) -> Vec<Arc<K>> {
        self.store.read().objects().cloned().collect()
    }

    /// Every object of a namespace, in order of name.
    pub fn list(&self, namespace: &str) -> Vec<Arc<K>> {
        self.select(namespace, &Selector::everything())
    }

    /// The objects of a namespace whose labels match.
    pub fn select(&self, namespace: &str, selector: &Selector) -> Vec<Arc<K>> {
        let store = self.store.read();
        let from = ObjectKey::new(namespace, "");
        store
            .objects
            .range(from..)
            .take_while(|(key, _)| key.namespace == namespace)
            .filter(|(_, object)| selector.matches(object.labels()))
            .map(|(_, object)| object.clone())
            .collect()
    }

    pub fn len(&self) -> usize {
        self.store.read().objects.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// An index that finds objects by the values which `values_of` computes from them. Whoever
    /// asks first for a name builds the index; its function must depend on the object alone.
    pub fn index(
        &self,
        name: &'static str,
        values_of: impl Fn(&K) -> Vec<String> + Send + Sync + 'static,
    ) -> Index<K> {
        let position = self.store.write().index(name, Box::new(values_of));
        Index {
            store: self.store.clone(),
            position,
        }
    }

    /// The index by managing owner: look up the owner's uid, or [`orphans_of`] a namespace.
    pub fn by_controller(&self) -> Index<K> {
        self.index("controller", |object: &K| match object.controller() {
            Some(owner) => vec![owner.uid.clone()],
            None => vec![orphans_of(object.namespace())],
        })
    }
}

impl Lister<Pod> {
    /// The index of Pods by the node that they are bound to.
    pub fn by_node(&self) -> Index<Pod> {
        self.index("node", |pod: &Pod| {
            let node = pod.spec.as_ref().and_then(|spec| spec.node_name.clone());
            node.filter(|node| !node.is_empty()).into_iter().collect()
        })
    }
}

/// The value under which [`Lister::by_controller`] finds the objects that nobody manages.
fn orphans_of(namespace: &str) -> String {
    format!("orphans of {namespace}")
}

/// Finds objects by a value computed from each.
pub struct Index<K> {
    store: Arc<RwLock<Store<K>>>,
    position: usize,
}

impl<K> Clone for Index<K> {
    fn clone(&self) -> Self {
        Self {
            store: self.store.clone(),
            position: self.position,
        }
    }
}

impl<K: Kind> Index<K> {
    /// Every object with this value, in order of namespace and name.
    pub fn get(&self, value: &str) -> Vec<Arc<K>> {
        let store = self.store.read();
        let entries = store.indexes[self.position].by_value.get(value);
        entries
            .map(|entries| entries.values().cloned().collect())
            .unwrap_or_default()
    }

    /// How many objects have this value.
    pub fn count(&self, value: &str) -> usize {
        let store = self.store.read();
        let entries = store.indexes[self.position].by_value.get(value);
        entries.map_or(0, BTreeMap::len)
    }

    /// For the index [`Lister::by_controller`]: the objects of a namespace that nobody manages.
    pub fn orphans(&self, namespace: &str) -> Vec<Arc<K>> {
        self.get(&orphans_of(namespace))
    }
}
