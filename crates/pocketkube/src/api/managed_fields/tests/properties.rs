//! What holds for any sequence of writes.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn any_data() -> impl Strategy<Value = Value> {
    prop::collection::btree_map("[abc]", "[12]", 0..4).prop_map(|data| json!({ "data": data }))
}

fn any_containers() -> impl Strategy<Value = Value> {
    let container = (
        prop::option::of("[xy]"),
        prop::collection::btree_map("[AB]", "[12]", 0..3),
    );
    prop::collection::btree_map("[abc]", container, 1..4).prop_map(|containers| {
        let containers: Vec<Value> = containers
            .into_iter()
            .map(|(name, (image, env))| {
                let mut container = json!({ "name": name });
                if let Some(image) = image {
                    container["image"] = image.into();
                }
                if !env.is_empty() {
                    let env = env
                        .into_iter()
                        .map(|(name, value)| json!({"name": name, "value": value}));
                    container["env"] = env.collect();
                }
                container
            })
            .collect();
        json!({"spec": {"containers": containers}})
    })
}

proptest! {
    #[test]
    fn a_lone_applier_gets_exactly_what_it_applies(first in any_containers(), second in any_containers()) {
        let mut world = World::new("", "Pod");
        world.apply("me", first);
        world.apply("me", second.clone());
        let wanted = normalize(&second, Shape::BuiltIn(world.message)).expect("fits").value;
        let key = |c: &Value| c["name"].to_string();
        let (mut found, mut wanted) = (world.get("/spec/containers"), wanted["spec"]["containers"].clone());
        found.as_array_mut().expect("list").sort_by_key(key);
        wanted.as_array_mut().expect("list").sort_by_key(key);
        prop_assert_eq!(found, wanted);
    }

    #[test]
    fn what_others_own_is_never_taken_without_force(first in any_containers(), second in any_containers(), third in any_containers()) {
        let mut world = World::new("", "Pod");
        world.apply("one", first.clone());
        let before = world.object.clone();
        if world.try_apply("two", second, Force::No).is_err() {
            prop_assert_eq!(&world.object, &before);
        }
        let _ = world.try_apply("two", third, Force::No);
        world.apply("one", first.clone());
        for container in first["spec"]["containers"].as_array().expect("list") {
            let containers = world.get("/spec/containers");
            let found = containers.as_array().expect("list").iter().find(|c| c["name"] == container["name"]).expect("still there").clone();
            if container.get("image").is_some() {
                prop_assert_eq!(&found["image"], &container["image"]);
            }
        }
    }

    #[test]
    fn applying_again_changes_nothing(data in any_data(), other in any_data()) {
        let mut world = config_map();
        world.update("one", other);
        world.try_apply("me", data.clone(), Force::Yes).expect("forced");
        let before = world.object.clone();
        world.apply("me", data);
        prop_assert_eq!(world.object, before);
    }

    #[test]
    fn every_field_of_an_updated_object_has_one_owner(writes in prop::collection::vec(("[xyz]", any_data()), 1..5)) {
        let mut world = config_map();
        world.update("creator", json!({"data": {"z": "0"}}));
        for (manager, mut object) in writes {
            object["data"]["z"] = "0".into();
            world.update(&manager, object);
        }
        let owners = world.owners();
        let data = world.get("/data");
        for (key, _) in crate::api::tree::entries(&data) {
            let field = format!("f:{key}");
            let count = crate::api::tree::entries(&owners).filter(|(_, fields)| fields["f:data"].get(&field).is_some()).count();
            prop_assert_eq!(count, 1, "{} of {}", field, owners);
        }
    }
}
