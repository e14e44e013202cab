//! The course inside the binary: every kata can be made and judged for any learner.

use kubekata::{check, course};

#[test]
fn every_kata_can_be_made_and_read_for_many_learners() {
    let course = course::embedded().unwrap_or_else(|problems| panic!("{problems}"));
    for kata in course.katas.values() {
        for seed in 0..50 {
            let kata = kata
                .instance(seed)
                .unwrap_or_else(|problems| panic!("seed {seed}: {problems}"));
            check::read(&kata.checks).unwrap_or_else(|problems| panic!("seed {seed}: {problems}"));
        }
    }
}

#[test]
fn no_two_katas_share_a_namespace() {
    let course = course::embedded().unwrap_or_else(|problems| panic!("{problems}"));
    let mut taken = std::collections::BTreeMap::new();
    for kata in course.katas.values() {
        let instance = kata
            .instance(1)
            .unwrap_or_else(|problems| panic!("{problems}"));
        for namespace in instance.namespaces {
            let before = taken.insert(namespace.clone(), kata.id.clone());
            assert_eq!(before, None, "{namespace} belongs to two katas");
        }
    }
}
