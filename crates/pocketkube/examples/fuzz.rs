//! Feeds arbitrary bytes to everything that reads what clients send: decoders, patches, selectors,
//! quantities. Whatever comes, the answer is a value or an error, never a panic.
//!
//! ```text
//! cargo run --release -p pocketkube --example fuzz -- [SECONDS] [SEED] [TARGET]
//! ```
//!
//! Inputs are valid bodies, cut, spliced and overwritten by a seeded generator, so that a finding
//! can be played again: it is printed with its seed and round before the program fails.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use pocketkube::api::decode::{self, FieldValidation, MediaType, Shape};
use pocketkube::api::managed_fields::{self, Force, Manager, ObjectSchema};
use pocketkube::api::quantity::Quantity;
use pocketkube::api::schema::{self, Message};
use pocketkube::api::selector::{FieldSelector, LabelSelector};
use pocketkube::api::{GroupVersionKind, patch};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::Value;

/// Reads bytes as one kind of input.
type Target = fn(&[u8], &mut StdRng);

const TARGETS: [(&str, Target); 7] = [
    ("decode-json", |bytes, random| {
        decode_object(MediaType::Json, bytes, random)
    }),
    ("decode-yaml", |bytes, random| {
        decode_object(MediaType::Yaml, bytes, random)
    }),
    ("decode-protobuf", |bytes, random| {
        decode_object(MediaType::Protobuf, bytes, random)
    }),
    ("patch", patches),
    ("apply", server_side_apply),
    ("selector", selectors),
    ("quantity", quantities),
];

const KINDS: [(&str, &str, &str); 6] = [
    ("", "v1", "ConfigMap"),
    ("", "v1", "Pod"),
    ("", "v1", "Service"),
    ("apps", "v1", "Deployment"),
    ("batch", "v1", "CronJob"),
    ("networking.k8s.io", "v1", "NetworkPolicy"),
];

const CORPUS: [&str; 9] = [
    r#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","labels":{"x":"y"}},"data":{"k":"v","k":"w"},"binaryData":{"b":"aGk="},"immutable":true}"#,
    r#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p","creationTimestamp":"2026-01-01T00:00:00Z"},"spec":{"containers":[{"name":"c","image":"nginx","ports":[{"containerPort":80}],"env":[{"name":"A","value":"1"}],"resources":{"limits":{"cpu":"500m","memory":"1Gi"}}}],"volumes":[{"name":"v","emptyDir":{}}]}}"#,
    "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\nspec:\n  replicas: 3\n  selector: {matchLabels: {a: b}}\n  template:\n    metadata: {labels: {a: b}}\n    spec:\n      containers:\n      - name: c\n        image: \"nginx:1.25\"\n",
    "apiVersion: batch/v1\nkind: CronJob\nmetadata:\n  name: &a x\n  labels: {y: *a}\nspec: {schedule: '*/5 * * * *', jobTemplate: {spec: {template: {}}}}\n--- \n",
    r#"[{"op":"add","path":"/spec/containers/-","value":{"name":"d"}},{"op":"test","path":"/metadata/name","value":"p"},{"op":"move","from":"/a~1b","path":"/c~0d"}]"#,
    r#"{"spec":{"containers":[{"name":"c","$patch":"delete"},{"name":"e","image":"x"}],"$setElementOrder/containers":[{"name":"e"}],"volumes":[{"$patch":"replace"}],"$retainKeys":["containers"]},"metadata":{"finalizers":["a"],"$deleteFromPrimitiveList/finalizers":["b"],"labels":null}}"#,
    "a=b,c!=d,e in (f,g),h notin (i),!j,k,l>1,m<2",
    "metadata.name=a,spec.nodeName!=b\\,c,status.phase==Running",
    "k8s\0\n\x0c\n\x02v1\x12\x06Secret\x12\x10\n\x0e\n\x01a\x12\x00\x1a\x00\"\x00*\x002\x008\x00B\x00\x1a\x00\"\x00",
];

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let seconds = arguments
        .next()
        .and_then(|text| text.parse().ok())
        .unwrap_or(10);
    let seed: u64 = arguments
        .next()
        .and_then(|text| text.parse().ok())
        .unwrap_or(1);
    let only = arguments.next();
    let targets: Vec<_> = TARGETS
        .iter()
        .filter(|(name, _)| only.as_deref().is_none_or(|only| only == *name))
        .collect();
    if targets.is_empty() {
        eprintln!(
            "no target of that name; there are {}",
            TARGETS.map(|(name, _)| name).join(", ")
        );
        return ExitCode::FAILURE;
    }
    let share = Duration::from_secs(seconds) / u32::try_from(targets.len()).unwrap_or(1);
    // A finding is told once, with its input.
    std::panic::set_hook(Box::new(|_| {}));
    for (name, target) in targets {
        match run(*target, seed, share) {
            Ok(rounds) => println!("{name}: {rounds} inputs, no finding"),
            Err((round, input)) => {
                println!(
                    "{name}: panicked with seed {seed} in round {round} on\n{}",
                    input.escape_ascii()
                );
                return ExitCode::FAILURE;
            }
        }
    }
    ExitCode::SUCCESS
}

/// Runs one target for a while; the error is the round and input that it panicked on.
fn run(target: Target, seed: u64, share: Duration) -> Result<u64, (u64, Vec<u8>)> {
    let mut random = StdRng::seed_from_u64(seed);
    let begun = Instant::now();
    let mut round = 0;
    while begun.elapsed() < share {
        let bytes = input(&mut random);
        let outcome = catch_unwind(AssertUnwindSafe(|| target(&bytes, &mut random)));
        if outcome.is_err() {
            return Err((round, bytes));
        }
        round += 1;
    }
    Ok(round)
}

/// A body from the corpus, or two of them, with some bytes changed; or nothing but noise.
fn input(random: &mut StdRng) -> Vec<u8> {
    if random.random_ratio(1, 20) {
        let length = random.random_range(0..200);
        return (0..length).map(|_| random.random()).collect();
    }
    let pick = |random: &mut StdRng| CORPUS[random.random_range(0..CORPUS.len())].as_bytes();
    let mut bytes = pick(random).to_vec();
    for _ in 0..random.random_range(0..6) {
        let place = random.random_range(0..=bytes.len());
        match random.random_range(0..6) {
            0 => bytes.truncate(place),
            1 => {
                let other = pick(random);
                let (from, to) = (
                    random.random_range(0..other.len()),
                    random.random_range(0..=other.len()),
                );
                let piece = other[from.min(to)..from.max(to)].to_vec();
                bytes.splice(place..place, piece);
            }
            2 if place < bytes.len() => bytes[place] = random.random(),
            3 if place < bytes.len() => {
                const TELLING: &[u8] = b"{}[]\",:\\-+.0e~/$*&!\n \0\xff";
                bytes[place] = TELLING[random.random_range(0..TELLING.len())];
            }
            4 if place < bytes.len() => {
                let end = (place + random.random_range(1..8)).min(bytes.len());
                bytes.drain(place..end);
            }
            _ => {
                const WORDS: [&str; 8] = [
                    "null",
                    "1e999",
                    "-0",
                    "\\ud800",
                    "[[[[[[[[",
                    "18446744073709551616",
                    "{\"a\":",
                    "\u{feff}",
                ];
                let word = WORDS[random.random_range(0..WORDS.len())];
                bytes.splice(place..place, word.bytes());
            }
        }
    }
    bytes
}

// === Targets ===

/// A kind that the bytes name, most of the time.
fn kind(bytes: &[u8], random: &mut StdRng) -> (GroupVersionKind, &'static Message) {
    let is_named = |kind: &str| {
        let mut windows = bytes.windows(kind.len());
        windows.any(|found| found == kind.as_bytes())
    };
    let named = KINDS.iter().find(|(_, _, kind)| is_named(kind));
    let any = &KINDS[random.random_range(0..KINDS.len())];
    let chosen = named.filter(|_| random.random_ratio(9, 10)).unwrap_or(any);
    let (group, version, kind) = *chosen;
    let message = schema::message_for(group, version, kind).expect("the kind is built in");
    (GroupVersionKind::new(group, version, kind), message)
}

fn decode_object(media_type: MediaType, bytes: &[u8], random: &mut StdRng) {
    let (kind, message) = kind(bytes, random);
    let shape = if random.random_ratio(1, 5) {
        Shape::Custom(None)
    } else {
        Shape::BuiltIn(message)
    };
    let Ok(decoded) = decode::object(media_type, bytes, &kind, shape, FieldValidation::Warn) else {
        return;
    };
    // What was read is in normal form: reading it again changes nothing.
    if let Shape::BuiltIn(_) = shape {
        let again =
            decode::normalize(&decoded.value, shape).expect("a decoded object is of its kind");
        assert_eq!(again.value, decoded.value, "the normal form is stable");
    }
}

/// An object of a kind, from the corpus or empty.
fn live(random: &mut StdRng) -> (GroupVersionKind, &'static Message, Value) {
    let body = CORPUS[random.random_range(0..4)];
    let (kind, message) = kind(body.as_bytes(), random);
    let read = decode::untyped(MediaType::Yaml, body.as_bytes());
    let object = read
        .ok()
        .and_then(|(tree, _)| decode::normalize(&tree, Shape::BuiltIn(message)).ok())
        .map_or_else(|| decode::empty(message), |normal| normal.value);
    (kind, message, object)
}

fn patches(bytes: &[u8], random: &mut StdRng) {
    let Ok((body, _)) = decode::untyped(MediaType::Json, bytes) else {
        return;
    };
    let (_, message, object) = live(random);
    let _ = patch::json::unknown_fields(&body);
    let _ = patch::json::apply(&object, &body);
    if let Ok(merged) = patch::merge::apply(&object, &body) {
        let difference = patch::merge::diff(&object, &merged);
        assert_eq!(patch::merge::apply(&object, &difference), Ok(merged));
    }
    if let Ok(merged) = patch::strategic::apply(&object, &body, message) {
        let _ = decode::normalize(&merged, Shape::BuiltIn(message));
    }
}

fn server_side_apply(bytes: &[u8], random: &mut StdRng) {
    let Ok((mut applied, _)) = decode::untyped(MediaType::Yaml, bytes) else {
        return;
    };
    let (kind, message, live) = live(random);
    if let Some(map) = applied.as_object_mut() {
        map.insert("apiVersion".to_owned(), kind.api_version().into());
        map.insert("kind".to_owned(), kind.kind.as_str().into());
    }
    let manager = Manager {
        name: "fuzz",
        kind: &kind,
        subresource: "",
        reset_fields: &[&["status"]],
        now: Timestamp::UNIX_EPOCH,
    };
    let schema = ObjectSchema::BuiltIn(message);
    let result = managed_fields::apply(schema, Some(&live), &applied, &manager, Force::Yes);
    if let Ok(once) = result {
        let twice = managed_fields::apply(schema, Some(&once), &applied, &manager, Force::No);
        assert_eq!(twice, Ok(once), "applying again changes nothing");
    }
}

fn selectors(bytes: &[u8], _random: &mut StdRng) {
    let text = String::from_utf8_lossy(bytes);
    if let Ok(selector) = LabelSelector::parse(&text) {
        let shown = selector.to_string();
        let again = LabelSelector::parse(&shown).expect("a printed selector can be read");
        assert_eq!(again.to_string(), shown);
    }
    let _ = FieldSelector::parse(&text);
    if let Ok(tree) = serde_json::from_slice::<Value>(bytes) {
        let _ = LabelSelector::from_value(&tree);
    }
}

fn quantities(bytes: &[u8], random: &mut StdRng) {
    let text = String::from_utf8_lossy(bytes);
    let digits: String = (0..random.random_range(0..12))
        .map(|_| char::from(b"0123456789.-+eEkKMGTPimnu"[random.random_range(0..25)]))
        .collect();
    for text in [text.as_ref(), &digits] {
        if let Ok(quantity) = Quantity::parse(text) {
            let shown = quantity.to_string();
            let again = Quantity::parse(&shown).expect("a printed quantity can be read");
            assert_eq!(again.to_string(), shown, "{text}");
        }
    }
}
