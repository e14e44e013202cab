//! Prefers nodes that already hold the Pod's images.
//!
//! Mirrors `plugins/imagelocality` (v1.35).

use std::collections::HashMap;

use crate::scheduler::framework::{MAX_SCORE, Plugin, Score, Snapshot};
use crate::scheduler::node_info::{NodeInfo, normalized_image};
use crate::scheduler::pod_info::PodInfo;

const MEGABYTE: i64 = 1024 * 1024;
const LEAST: i64 = 23 * MEGABYTE;
const MOST_PER_CONTAINER: i64 = 1000 * MEGABYTE;

pub struct ImageLocality;

impl Plugin for ImageLocality {
    fn name(&self) -> &'static str {
        "ImageLocality"
    }

    fn score<'a>(
        &self,
        pod: &'a PodInfo,
        snapshot: &'a Snapshot,
        _feasible: &[&'a NodeInfo],
    ) -> Option<Box<dyn Score + 'a>> {
        let spec = pod.spec();
        let containers = spec
            .containers
            .iter()
            .chain(spec.init_containers.iter().flatten());
        let images: Vec<String> = containers
            .filter_map(|container| container.image.as_deref())
            .map(normalized_image)
            .collect();
        let holders = |image: &String| {
            let nodes = snapshot.nodes.iter();
            nodes.filter(|node| node.images.contains_key(image)).count()
        };
        let spread: HashMap<String, f64> = images
            .iter()
            .map(|image| (image, holders(image)))
            .filter(|(_, holders)| *holders > 0)
            .map(|(image, holders)| (image.clone(), holders as f64 / snapshot.nodes.len() as f64))
            .collect();
        if spread.is_empty() {
            return None;
        }
        let containers = i64::try_from(images.len()).unwrap_or(1);
        Some(Box::new(Locality {
            most: MOST_PER_CONTAINER.saturating_mul(containers),
            images,
            spread,
        }))
    }
}

struct Locality {
    images: Vec<String>,
    /// The share of nodes that hold an image: a rare one must not draw every Pod to its node.
    spread: HashMap<String, f64>,
    most: i64,
}

impl Score for Locality {
    fn score(&self, node: &NodeInfo) -> i64 {
        let bytes: i64 = self
            .images
            .iter()
            .filter_map(|image| {
                let size = *node.images.get(image)?;
                let share = self.spread.get(image).copied().unwrap_or_default();
                #[allow(clippy::cast_possible_truncation, reason = "no larger than the image")]
                let counted = (size as f64 * share) as i64;
                Some(counted)
            })
            .sum();
        let bytes = bytes.clamp(LEAST, self.most);
        MAX_SCORE * (bytes - LEAST) / (self.most - LEAST)
    }
}
