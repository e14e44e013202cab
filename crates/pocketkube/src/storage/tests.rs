//! Storage and its watch log against a model, with writers and watchers at the same time.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use parking_lot::Mutex;
use proptest::prelude::*;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};

use super::{Change, ChangeKind, Key, Origin, Storage, Watcher};
use crate::api::{GroupResource, ObjectRef};

const WRITERS: u64 = 4;
const WATCHERS: usize = 3;
const WRITES: usize = 150;
const END: &str = "the-end";

fn resources() -> [Arc<GroupResource>; 2] {
    ["configmaps", "secrets"].map(|plural| Arc::new(GroupResource::new("", plural)))
}

fn object(name: &str, data: u64) -> Value {
    json!({"metadata": {"namespace": "default", "name": name}, "data": data})
}

/// Writes at random, giving up where another writer was faster.
fn write(storage: &Storage, seed: u64) {
    let mut random = StdRng::seed_from_u64(seed);
    let resources = resources();
    for round in 0..WRITES {
        let resource = &resources[random.random_range(0..resources.len())];
        let name = format!("object-{}", random.random_range(0..6));
        let key = Key::new(resource, "default", &name);
        let value = object(&name, seed * 1000 + round as u64);
        let _ = match storage.get(&key) {
            None => storage.create(&key, value, Origin::default()),
            Some(found) if random.random_ratio(1, 3) => {
                let last = found.to_value();
                storage.delete(&key, found.resource_version(), last, Origin::default())
            }
            Some(found) => storage.update(&key, found.resource_version(), value, Origin::default()),
        };
    }
}

type State = BTreeMap<String, ObjectRef>;

/// Follows a resource to its end, and holds every change against what went before.
fn follow(mut state: State, mut watcher: Watcher, seen: &Mutex<BTreeSet<u64>>) -> State {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let mut last = watcher.position();
    loop {
        let batch = runtime
            .block_on(watcher.next())
            .expect("the log is long enough");
        for change in batch {
            assert!(change.revision > last, "changes come in order and once");
            last = change.revision;
            assert_eq!(change.object.resource_version(), change.revision);
            seen.lock().insert(change.revision);
            if change.object.name() == END {
                return state;
            }
            replay(&mut state, &change);
        }
    }
}

fn replay(state: &mut State, change: &Change) {
    let name = change.object.name().to_owned();
    let before = state.get(&name).map(|found| found.resource_version());
    let previous = change
        .previous
        .as_ref()
        .map(|found| found.resource_version());
    assert_eq!(
        before, previous,
        "no change of {name} is missing before {}",
        change.revision
    );
    match change.kind {
        ChangeKind::Created => assert_eq!(before, None),
        ChangeKind::Updated | ChangeKind::Deleted => assert!(before.is_some()),
    }
    if change.kind == ChangeKind::Deleted {
        state.remove(&name);
    } else {
        state.insert(name, change.object.clone());
    }
}

fn by_name(items: Vec<ObjectRef>) -> State {
    items
        .into_iter()
        .map(|item| (item.name().to_owned(), item))
        .collect()
}

fn run(seed: u64) {
    let storage = Storage::new(4096);
    write(&storage, seed);
    let begun = storage.revision();
    let seen = Mutex::new(BTreeSet::new());
    std::thread::scope(|scope| {
        let mut followers = Vec::new();
        for resource in resources() {
            for watcher in 0..WATCHERS {
                let (page, mut watching) = storage.list_and_watch(&resource, "");
                if watcher == 0 {
                    // A watch from a revision misses nothing either.
                    watching = storage.watch(&resource, page.revision).unwrap();
                }
                let (state, seen) = (by_name(page.items), &seen);
                let follower = scope.spawn(move || follow(state, watching, seen));
                followers.push((resource.clone(), follower));
            }
        }
        let writers: Vec<_> = (1..=WRITERS)
            .map(|writer| {
                let storage = &storage;
                scope.spawn(move || {
                    write(
                        storage,
                        seed.wrapping_mul(31).wrapping_add(writer) % 1_000_000,
                    )
                })
            })
            .collect();
        for writer in writers {
            writer.join().unwrap();
        }
        let finished: Vec<_> = resources()
            .iter()
            .map(|resource| by_name(storage.list(resource, "").items))
            .collect();
        for resource in resources() {
            let key = Key::new(&resource, "default", END);
            storage
                .create(&key, object(END, 0), Origin::default())
                .unwrap();
        }
        for (index, (resource, follower)) in followers.into_iter().enumerate() {
            let replayed = follower.join().unwrap();
            let expected = &finished[index / WATCHERS];
            let versions = |state: &State| -> Vec<(String, u64)> {
                state
                    .iter()
                    .map(|(name, item)| (name.clone(), item.resource_version()))
                    .collect()
            };
            assert_eq!(versions(&replayed), versions(expected), "{resource}");
        }
    });
    // Every revision was somebody's change: none is lost, and none counts twice.
    let expected: BTreeSet<u64> = (begun + 1..=storage.revision()).collect();
    assert_eq!(*seen.lock(), expected);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn watchers_replay_exactly_what_concurrent_writers_did(seed in 0..1_000_000_u64) {
        run(seed);
    }

    #[test]
    fn a_list_at_a_revision_is_what_was_there(seed in 0..1_000_000_u64) {
        let storage = Storage::new(4096);
        let resource = &resources()[0];
        let mut history = Vec::new();
        let mut random = StdRng::seed_from_u64(seed);
        for round in 0..40 {
            write_once(&storage, resource, &mut random, round);
            history.push((storage.revision(), by_name(storage.list(resource, "").items)));
        }
        for (revision, state) in history {
            let then = storage.list_at(resource, "", revision).unwrap();
            let names = |items: &mut dyn Iterator<Item = &ObjectRef>| -> Vec<(String, u64)> {
                items.map(|item| (item.name().to_owned(), item.resource_version())).collect()
            };
            prop_assert_eq!(names(&mut then.items.iter()), names(&mut state.values()));
        }
    }
}

fn write_once(storage: &Storage, resource: &Arc<GroupResource>, random: &mut StdRng, round: u64) {
    let name = format!("object-{}", random.random_range(0..4));
    let key = Key::new(resource, "default", &name);
    let outcome = match storage.get(&key) {
        None => storage.create(&key, object(&name, round), Origin::default()),
        Some(found) if random.random_ratio(1, 2) => {
            let last = found.to_value();
            storage.delete(&key, found.resource_version(), last, Origin::default())
        }
        Some(found) => {
            let value = object(&name, round);
            storage.update(&key, found.resource_version(), value, Origin::default())
        }
    };
    outcome.expect("nobody else writes");
}
