//! Spreads endpoints over slices so that as few slices as possible change.
//!
//! Pure. Endpoints stay in the slice they are in; new ones go where something changes anyway, then
//! into the fullest slice with enough room, then into new slices. Mirrors
//! `staging/src/k8s.io/endpointslice/reconciler.go` (v1.35).

use std::collections::HashMap;
use std::sync::Arc;

use k8s_openapi::api::discovery::v1::{Endpoint, EndpointPort, EndpointSlice};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::client::Kind;

/// How many endpoints a slice holds at most.
pub(super) const CAPACITY: usize = 100;

/// Endpoints with the same ports and family of addresses.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Group {
    pub(super) address_type: String,
    pub(super) ports: Vec<EndpointPort>,
    pub(super) endpoints: Vec<Endpoint>,
}

/// What has to be done to the slices of one Service.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) create: Vec<EndpointSlice>,
    pub(super) update: Vec<EndpointSlice>,
    pub(super) delete: Vec<Arc<EndpointSlice>>,
}

/// A slice on its way to what it shall be.
struct Draft {
    slice: EndpointSlice,
    /// As it is stored; `None` for a new one.
    stored: Option<Arc<EndpointSlice>>,
}

impl Draft {
    fn is_changed(&self) -> bool {
        self.stored
            .as_ref()
            .is_none_or(|stored| stored.endpoints != self.slice.endpoints)
    }

    fn room(&self) -> usize {
        CAPACITY.saturating_sub(self.slice.endpoints.len())
    }
}

/// Plans the slices for `groups`, of which an empty one asks for an empty slice. `metadata` gives
/// new slices their name, labels and owner; its labels are brought to the others too. Slices that
/// change get the annotations `changed`; an empty value removes one.
pub(super) fn plan(
    existing: &[Arc<EndpointSlice>],
    groups: &[Group],
    metadata: &ObjectMeta,
    changed: &[(&str, String)],
) -> Plan {
    let mut plan = Plan::default();
    let mut unused: Vec<Arc<EndpointSlice>> = existing.to_vec();
    for group in groups {
        let (own, others) = unused.into_iter().partition(|slice| serves(slice, group));
        unused = others;
        for draft in pack(own, group, metadata) {
            plan.take(draft, group, metadata, changed);
        }
    }
    plan.delete.extend(unused);
    plan
}

fn serves(slice: &EndpointSlice, group: &Group) -> bool {
    slice.address_type == group.address_type
        && port_keys(slice.ports.as_deref().unwrap_or_default()) == port_keys(&group.ports)
}

/// Ports in an order of their own, for comparing.
pub(super) fn port_keys(ports: &[EndpointPort]) -> Vec<(String, i32, String, String)> {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let mut keys: Vec<_> = ports
        .iter()
        .map(|port| {
            let (name, protocol) = (text(&port.name), text(&port.protocol));
            (
                name,
                port.port.unwrap_or(0),
                protocol,
                text(&port.app_protocol),
            )
        })
        .collect();
    keys.sort();
    keys
}

/// What makes an endpoint the same one while its conditions change.
fn identity(endpoint: &Endpoint) -> (Vec<String>, String) {
    let target = endpoint.target_ref.as_ref();
    let uid = target.and_then(|target| target.uid.clone());
    (endpoint.addresses.clone(), uid.unwrap_or_default())
}

fn pack(existing: Vec<Arc<EndpointSlice>>, group: &Group, metadata: &ObjectMeta) -> Vec<Draft> {
    let mut wanted: HashMap<_, &Endpoint> = group
        .endpoints
        .iter()
        .map(|endpoint| (identity(endpoint), endpoint))
        .collect();
    let mut drafts: Vec<Draft> = existing
        .into_iter()
        .map(|stored| {
            let kept = stored.endpoints.iter();
            let kept = kept.filter_map(|old| wanted.remove(&identity(old)).cloned());
            let slice = EndpointSlice {
                endpoints: kept.collect(),
                ..(*stored).clone()
            };
            Draft {
                slice,
                stored: Some(stored),
            }
        })
        .collect();
    // In the order given, so that the same Pods always make the same slices.
    let mut new = group.endpoints.iter();
    let mut new: std::collections::VecDeque<Endpoint> = new
        .by_ref()
        .filter(|endpoint| wanted.remove(&identity(endpoint)).is_some())
        .cloned()
        .collect();
    for draft in drafts.iter_mut().filter(|draft| draft.is_changed()) {
        let fits = draft.room().min(new.len());
        draft.slice.endpoints.extend(new.drain(..fits));
    }
    while !new.is_empty() {
        let open = drafts
            .iter_mut()
            .filter(|draft| draft.room() >= new.len().min(CAPACITY));
        if let Some(draft) = open.min_by_key(|draft| draft.room()) {
            let fits = draft.room().min(new.len());
            draft.slice.endpoints.extend(new.drain(..fits));
            continue;
        }
        let fits = CAPACITY.min(new.len());
        drafts.push(new_slice(group, metadata, new.drain(..fits).collect()));
    }
    if drafts.is_empty() && group.endpoints.is_empty() {
        drafts.push(new_slice(group, metadata, Vec::new()));
    }
    drafts
}

fn new_slice(group: &Group, metadata: &ObjectMeta, endpoints: Vec<Endpoint>) -> Draft {
    let slice = EndpointSlice {
        metadata: metadata.clone(),
        address_type: group.address_type.clone(),
        ports: Some(group.ports.clone()),
        endpoints,
    };
    Draft {
        slice,
        stored: None,
    }
}

impl Plan {
    fn take(
        &mut self,
        mut draft: Draft,
        group: &Group,
        metadata: &ObjectMeta,
        changed: &[(&str, String)],
    ) {
        let slice = &mut draft.slice;
        // The one slice of a group without endpoints stays, as a sign that there are none.
        let is_placeholder = group.endpoints.is_empty() && self.count(group) == 0;
        if let Some(stored) = &draft.stored
            && slice.endpoints.is_empty()
            && !is_placeholder
        {
            return self.delete.push(stored.clone());
        }
        slice.metadata.labels.clone_from(&metadata.labels);
        let same = draft.stored.as_ref().is_some_and(|stored| {
            stored.endpoints == slice.endpoints && stored.labels() == slice.labels()
        });
        if same {
            return;
        }
        let annotations = slice.metadata.annotations.get_or_insert_default();
        for (key, value) in changed {
            match value.is_empty() {
                true => annotations.remove(*key),
                false => annotations.insert((*key).to_owned(), value.clone()),
            };
        }
        match draft.stored {
            Some(_) => self.update.push(draft.slice),
            None => self.create.push(draft.slice),
        }
    }

    /// How many slices of a group are kept so far.
    fn count(&self, group: &Group) -> usize {
        let kept = self.create.iter().chain(&self.update);
        kept.filter(|slice| serves(slice, group)).count()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn endpoint(number: usize) -> Endpoint {
        Endpoint {
            addresses: vec![format!("10.0.{}.{}", number / 256, number % 256)],
            ..Endpoint::default()
        }
    }

    fn group(numbers: impl IntoIterator<Item = usize>) -> Group {
        Group {
            address_type: "IPv4".to_owned(),
            ports: vec![EndpointPort {
                port: Some(80),
                ..EndpointPort::default()
            }],
            endpoints: numbers.into_iter().map(endpoint).collect(),
        }
    }

    /// The slices after a plan has been carried out, and how many writes that took.
    fn carry_out(
        existing: Vec<Arc<EndpointSlice>>,
        plan: Plan,
        next: &mut usize,
    ) -> (Vec<Arc<EndpointSlice>>, usize) {
        let writes = plan.create.len() + plan.update.len() + plan.delete.len();
        let gone = |slice: &EndpointSlice| plan.delete.iter().any(|own| own.name() == slice.name());
        let mut slices: Vec<_> = existing.into_iter().filter(|slice| !gone(slice)).collect();
        for update in plan.update {
            for slice in slices
                .iter_mut()
                .filter(|slice| slice.name() == update.name())
            {
                *slice = Arc::new(update.clone());
            }
        }
        for mut slice in plan.create {
            *next += 1;
            slice.metadata.name = Some(format!("slice-{next}"));
            slices.push(Arc::new(slice));
        }
        (slices, writes)
    }

    fn numbers(slices: &[Arc<EndpointSlice>]) -> Vec<usize> {
        slices.iter().map(|slice| slice.endpoints.len()).collect()
    }

    #[test]
    fn endpoints_fill_slices_of_a_hundred_and_stay_where_they_are() {
        let metadata = ObjectMeta::default();
        let next = &mut 0;
        let first = plan(&[], &[group(0..250)], &metadata, &[]);
        let (slices, _) = carry_out(Vec::new(), first, next);
        assert_eq!(numbers(&slices), [100, 100, 50]);
        // One leaves the first slice and one comes: it takes the free place.
        let second = plan(&slices, &[group((1..250).chain([900]))], &metadata, &[]);
        assert_eq!((second.create.len(), second.update.len()), (0, 1));
        assert_eq!(second.update[0].name(), "slice-1");
        let (slices, _) = carry_out(slices, second, next);
        // Nothing left of the last one: it goes.
        let third = plan(&slices, &[group(1..200)], &metadata, &[]);
        assert_eq!(third.delete.len(), 1);
    }

    #[test]
    fn a_service_without_endpoints_keeps_one_empty_slice() {
        let metadata = ObjectMeta::default();
        let empty = Group {
            ports: Vec::new(),
            ..group([])
        };
        let first = plan(&[], std::slice::from_ref(&empty), &metadata, &[]);
        let (slices, _) = carry_out(Vec::new(), first, &mut 0);
        assert_eq!(numbers(&slices), [0]);
        let again = plan(&slices, &[empty], &metadata, &[]);
        assert!(again.create.is_empty() && again.update.is_empty() && again.delete.is_empty());
    }

    proptest! {
        #[test]
        fn every_endpoint_is_in_exactly_one_slice_and_nothing_changes_twice(
            steps in prop::collection::vec(prop::collection::btree_set(0..400_usize, 0..300), 1..6),
        ) {
            let metadata = ObjectMeta::default();
            let (mut slices, mut next) = (Vec::new(), 0);
            for wanted in steps {
                let group = group(wanted.iter().copied());
                let change = plan(&slices, std::slice::from_ref(&group), &metadata, &[]);
                slices = carry_out(slices, change, &mut next).0;
                let mut packed: Vec<_> = slices.iter().flat_map(|slice| &slice.endpoints).map(identity).collect();
                let mut expected: Vec<_> = group.endpoints.iter().map(identity).collect();
                packed.sort();
                expected.sort();
                prop_assert_eq!(packed, expected);
                prop_assert!(slices.iter().all(|slice| slice.endpoints.len() <= CAPACITY));
                let again = plan(&slices, &[group], &metadata, &[]);
                prop_assert_eq!(carry_out(slices.clone(), again, &mut next).1, 0);
            }
        }
    }
}
