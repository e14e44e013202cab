//! Hands out cluster IPs and node ports.
//!
//! What is taken is read off the stored Services, so nothing has to be given back when a Service
//! goes, and nothing can leak; only what is on its way into storage is kept here, until the write
//! has succeeded or failed. Mirrors `pkg/registry/core/service/{ipallocator,portallocator}` and
//! `storage/alloc.go` (v1.35), whose bitmaps this replaces.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::ops::RangeInclusive;
use std::sync::Arc;

use ipnet::Ipv4Net;
use parking_lot::Mutex;
use rand::Rng;
use serde_json::{Value, json};

use super::{
    LOAD_BALANCER, NODE_PORT, NONE, needs_cluster_ip, needs_health_check_port, needs_node_ports,
    type_of,
};
use crate::api::GroupResource;
use crate::api::field::{Error, ErrorList, Path};
use crate::api::names;
use crate::api::tree::{elements, integer, strings};
use crate::registry::{Objects, Reservation};

/// Where cluster IPs come from, as kubeadm and kind set it.
pub const CLUSTER_IP_RANGE: Ipv4Net = Ipv4Net::new_assert(Ipv4Addr::new(10, 96, 0, 0), 16);
/// Where node ports come from.
pub const NODE_PORT_RANGE: RangeInclusive<u16> = 30_000..=32_767;

/// The first addresses are left for those who ask for one by number.
const STATIC_ADDRESSES: u32 = 256;
const STATIC_PORTS: u16 = 86;

/// The pools of one cluster; clones share them.
#[derive(Clone, Default)]
pub(super) struct Allocator {
    on_the_way: Arc<Mutex<Taken>>,
}

#[derive(Clone, Default)]
struct Taken {
    addresses: BTreeSet<Ipv4Addr>,
    ports: BTreeSet<u16>,
}

/// Addresses and ports of a Service that is not stored yet.
pub(super) struct Allocation {
    on_the_way: Arc<Mutex<Taken>>,
    own: Taken,
}

impl Reservation for Allocation {
    /// The stored Service holds them from now on.
    fn keep(self: Box<Self>) {}
}

impl Drop for Allocation {
    fn drop(&mut self) {
        let mut on_the_way = self.on_the_way.lock();
        for address in &self.own.addresses {
            on_the_way.addresses.remove(address);
        }
        for port in &self.own.ports {
            on_the_way.ports.remove(port);
        }
    }
}

impl Allocator {
    /// Writes a cluster IP and node ports into `spec` where it needs some, and takes those that
    /// it asks for. What the Service had before (`old`) stays its own.
    pub(super) fn allocate(
        &self,
        spec: &mut Value,
        old: Option<&Value>,
        objects: &dyn Objects,
    ) -> Result<Allocation, ErrorList> {
        // The lock is held while storage is read: what leaves `on_the_way` has been stored before.
        let mut on_the_way = self.on_the_way.lock();
        let mut before = Taken::default();
        if let Some(old) = old {
            before.add(old);
        }
        let mut pool = Pool {
            taken: on_the_way.clone(),
            before,
            own: Taken::default(),
        };
        for service in objects.list(&GroupResource::new("", "services"), "") {
            pool.taken.add(&service.value()["spec"]);
        }
        // The address of a Service stays; validation refuses another one.
        if !old.is_some_and(needs_cluster_ip) {
            pool.take_cluster_ip(spec)?;
        }
        if needs_node_ports(spec) {
            pool.take_node_ports(spec)?;
        }
        if needs_health_check_port(spec) {
            pool.take_health_check_port(spec)?;
        }
        on_the_way.addresses.extend(&pool.own.addresses);
        on_the_way.ports.extend(&pool.own.ports);
        Ok(Allocation {
            on_the_way: self.on_the_way.clone(),
            own: pool.own,
        })
    }
}

impl Taken {
    fn add(&mut self, spec: &Value) {
        let addresses =
            strings(&spec["clusterIPs"]).filter_map(|text| text.parse::<Ipv4Addr>().ok());
        self.addresses.extend(addresses);
        let ports = elements(&spec["ports"])
            .iter()
            .map(|port| integer(port, "nodePort"));
        let all = ports.chain([integer(spec, "healthCheckNodePort")]);
        self.ports
            .extend(all.filter_map(|port| u16::try_from(port).ok().filter(|port| *port != 0)));
    }
}

/// One allocation under way.
struct Pool {
    taken: Taken,
    before: Taken,
    own: Taken,
}

impl Pool {
    fn take_cluster_ip(&mut self, spec: &mut Value) -> Result<(), ErrorList> {
        if !needs_cluster_ip(spec) || spec["clusterIPs"][0] == json!(NONE) {
            return Ok(());
        }
        let wanted = spec["clusterIPs"][0].as_str().unwrap_or_default();
        if wanted.is_empty() {
            let address = self.any_address().ok_or_else(|| {
                vec![Error::internal(
                    Path::new("spec.clusterIPs"),
                    "failed to allocate a serviceIP: range is full",
                )]
            })?;
            self.own.addresses.insert(address);
            spec["clusterIP"] = json!(address.to_string());
            spec["clusterIPs"] = json!([address.to_string()]);
            return Ok(());
        }
        self.take_address(wanted).map_err(|why| {
            let why = format!("failed to allocate IP {wanted}: {why}");
            let value = spec["clusterIPs"].clone();
            vec![Error::invalid(Path::new("spec.clusterIPs"), value, &why)]
        })
    }

    fn take_address(&mut self, wanted: &str) -> Result<(), String> {
        let out_of_range = || {
            format!(
                "the provided IP ({wanted}) is not in the valid range. The range of valid IPs is {CLUSTER_IP_RANGE}"
            )
        };
        let Some(std::net::IpAddr::V4(address)) = names::parse_ip(wanted) else {
            return Err(out_of_range());
        };
        if self.before.addresses.contains(&address) {
            return Ok(());
        }
        let is_edge =
            address == CLUSTER_IP_RANGE.network() || address == CLUSTER_IP_RANGE.broadcast();
        if is_edge || !CLUSTER_IP_RANGE.contains(&address) {
            return Err(out_of_range());
        }
        if self.taken.addresses.contains(&address) {
            return Err("provided IP is already allocated".to_owned());
        }
        self.own.addresses.insert(address);
        Ok(())
    }

    fn any_address(&self) -> Option<Ipv4Addr> {
        let first = u32::from(CLUSTER_IP_RANGE.network()) + 1;
        let end = u32::from(CLUSTER_IP_RANGE.broadcast());
        let split = u32::from(CLUSTER_IP_RANGE.network()) + STATIC_ADDRESSES;
        let is_free = |number: &u32| !self.taken.addresses.contains(&Ipv4Addr::from(*number));
        random_free(split, end, is_free)
            .or_else(|| random_free(first, split, is_free))
            .map(Ipv4Addr::from)
    }

    /// Ports of one number share a node port, whatever their protocols.
    fn take_node_ports(&mut self, spec: &mut Value) -> Result<(), ErrorList> {
        let chooses = type_of(spec) == NODE_PORT
            || (type_of(spec) == LOAD_BALANCER
                && spec["allocateLoadBalancerNodePorts"] != json!(false));
        let count = elements(&spec["ports"]).len();
        let mut by_port: Vec<(i64, i64)> = Vec::new();
        for index in 0..count {
            let port = &spec["ports"][index];
            let (number, wanted) = (integer(port, "port"), integer(port, "nodePort"));
            if wanted == 0 && !chooses {
                continue;
            }
            let shared = by_port.iter().find(|(port, _)| *port == number);
            let node_port = match (shared, wanted) {
                (Some((_, shared)), 0) => *shared,
                (Some((_, shared)), wanted) if *shared == wanted => wanted,
                (Some(_), wanted) => self.take_port_for(wanted, index)?,
                (None, _) => {
                    let asked = elements(&spec["ports"])
                        .iter()
                        .filter(|port| integer(port, "port") == number)
                        .map(|port| integer(port, "nodePort"))
                        .find(|node_port| *node_port != 0);
                    let node_port = match asked {
                        Some(asked) => self.take_port_for(asked, index)?,
                        None => self.any_port()?,
                    };
                    by_port.push((number, node_port));
                    node_port
                }
            };
            if wanted == 0 {
                spec["ports"][index]["nodePort"] = node_port.into();
            }
        }
        Ok(())
    }

    fn take_health_check_port(&mut self, spec: &mut Value) -> Result<(), ErrorList> {
        let wanted = integer(spec, "healthCheckNodePort");
        if wanted == 0 {
            spec["healthCheckNodePort"] = self.any_port()?.into();
            return Ok(());
        }
        self.take_port(wanted).map_err(|why| {
            let why = format!("failed to allocate requested HealthCheck NodePort {wanted}: {why}");
            vec![Error::invalid(
                Path::new("spec.healthCheckNodePort"),
                wanted,
                &why,
            )]
        })
    }

    fn take_port_for(&mut self, wanted: i64, index: usize) -> Result<i64, ErrorList> {
        let path = Path::new("spec.ports").index(index).child("nodePort");
        match self.take_port(wanted) {
            Ok(()) => Ok(wanted),
            Err(why) => Err(vec![Error::invalid(path, wanted, &why)]),
        }
    }

    fn take_port(&mut self, wanted: i64) -> Result<(), String> {
        let port = u16::try_from(wanted).unwrap_or_default();
        if self.before.ports.contains(&port) {
            return Ok(());
        }
        if !NODE_PORT_RANGE.contains(&port) {
            return Err(format!(
                "provided port is not in the valid range. The range of valid ports is {}-{}",
                NODE_PORT_RANGE.start(),
                NODE_PORT_RANGE.end()
            ));
        }
        if self.taken.ports.contains(&port) || !self.own.ports.insert(port) {
            return Err("provided port is already allocated".to_owned());
        }
        Ok(())
    }

    fn any_port(&mut self) -> Result<i64, ErrorList> {
        let (first, last) = (*NODE_PORT_RANGE.start(), *NODE_PORT_RANGE.end());
        let split = u32::from(first + STATIC_PORTS);
        let is_free = |number: &u32| {
            u16::try_from(*number).is_ok_and(|port| {
                !self.taken.ports.contains(&port) && !self.own.ports.contains(&port)
            })
        };
        let free = random_free(split, u32::from(last) + 1, is_free)
            .or_else(|| random_free(u32::from(first), split, is_free))
            .and_then(|number| u16::try_from(number).ok());
        let Some(port) = free else {
            return Err(vec![Error::internal(
                Path::new("spec.ports"),
                "failed to allocate a nodePort: range is full",
            )]);
        };
        self.own.ports.insert(port);
        Ok(port.into())
    }
}

/// A free number from `start` up to `end`: the first one after a random place, round and round.
fn random_free(start: u32, end: u32, is_free: impl Fn(&u32) -> bool) -> Option<u32> {
    let begin = rand::rng().random_range(start..end);
    (begin..end).chain(start..begin).find(is_free)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::testing::{StoredObjects, texts};

    fn store(objects: &StoredObjects, name: &str, spec: &Value) {
        objects.put(
            "services",
            json!({"metadata": {"name": name}, "spec": spec}),
        );
    }

    fn cluster_ip_spec() -> Value {
        json!({"type": "ClusterIP", "ports": [{"port": 80}]})
    }

    #[test]
    fn a_free_address_is_found_and_held_until_it_is_stored() {
        let (allocator, objects) = (Allocator::default(), StoredObjects::default());
        let mut spec = cluster_ip_spec();
        let allocation = allocator.allocate(&mut spec, None, &objects).unwrap();
        let address = spec["clusterIP"].clone();
        assert_eq!(spec["clusterIPs"], json!([address]));

        let mut same = json!({"type": "ClusterIP", "clusterIP": address, "clusterIPs": [address]});
        let taken = |spec: &mut Value| {
            let error = allocator.allocate(spec, None, &objects).err().unwrap();
            texts(&error).remove(0)
        };
        assert!(taken(&mut same).ends_with("provided IP is already allocated"));

        store(&objects, "web", &spec);
        Box::new(allocation).keep();
        assert!(taken(&mut same).ends_with("provided IP is already allocated"));
    }

    #[test]
    fn what_a_failed_write_took_is_free_again() {
        let (allocator, objects) = (Allocator::default(), StoredObjects::default());
        let mut spec = json!({"type": "NodePort", "clusterIP": "10.96.0.9", "clusterIPs": ["10.96.0.9"], "ports": [{"port": 80, "nodePort": 30123}]});
        drop(allocator.allocate(&mut spec, None, &objects).unwrap());
        assert!(allocator.allocate(&mut spec, None, &objects).is_ok());
    }

    #[test]
    fn addresses_come_from_the_range() {
        let (allocator, objects) = (Allocator::default(), StoredObjects::default());
        for outside in ["203.0.113.9", "10.96.0.0", "10.96.255.255"] {
            let mut spec =
                json!({"type": "ClusterIP", "clusterIP": outside, "clusterIPs": [outside]});
            let errors = allocator.allocate(&mut spec, None, &objects).err().unwrap();
            assert_eq!(
                texts(&errors),
                [format!(
                    "spec.clusterIPs: Invalid value: [\"{outside}\"]: failed to allocate IP {outside}: the provided IP ({outside}) is not in the valid range. The range of valid IPs is 10.96.0.0/16"
                )]
            );
        }
    }

    #[test]
    fn node_ports_are_in_range_and_free() {
        let (allocator, objects) = (Allocator::default(), StoredObjects::default());
        let errors = |node_port: i64| {
            let mut spec =
                json!({"type": "NodePort", "ports": [{"port": 80, "nodePort": node_port}]});
            let errors = allocator.allocate(&mut spec, None, &objects).err();
            texts(&errors.unwrap_or_default())
        };
        assert_eq!(
            errors(80),
            [
                "spec.ports[0].nodePort: Invalid value: 80: provided port is not in the valid range. The range of valid ports is 30000-32767"
            ]
        );
        store(&objects, "a", &json!({"ports": [{"nodePort": 30080}]}));
        assert_eq!(
            errors(30080),
            ["spec.ports[0].nodePort: Invalid value: 30080: provided port is already allocated"]
        );
        objects.remove("services", "", "a");
        assert!(errors(30080).is_empty());
    }

    #[test]
    fn one_port_in_two_protocols_shares_its_node_port() {
        let (allocator, objects) = (Allocator::default(), StoredObjects::default());
        let mut spec = json!({"type": "NodePort", "ports": [
            {"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP", "nodePort": 30053}, {"port": 54}]});
        let _allocation = allocator.allocate(&mut spec, None, &objects).unwrap();
        assert_eq!(spec["ports"][0]["nodePort"], 30053);
        assert_ne!(spec["ports"][2]["nodePort"], 30053);
        assert!(NODE_PORT_RANGE.contains(&(integer(&spec["ports"][2], "nodePort") as u16)));
    }

    #[test]
    fn a_load_balancer_may_do_without_node_ports() {
        let (allocator, objects) = (Allocator::default(), StoredObjects::default());
        let mut spec = json!({"type": "LoadBalancer", "allocateLoadBalancerNodePorts": false, "ports": [{"port": 80}]});
        let _allocation = allocator.allocate(&mut spec, None, &objects).unwrap();
        assert!(spec["ports"][0]["nodePort"].is_null());

        let mut local = json!({"type": "LoadBalancer", "externalTrafficPolicy": "Local", "ports": [{"port": 80}]});
        let _allocation = allocator.allocate(&mut local, None, &objects).unwrap();
        assert_ne!(integer(&local, "healthCheckNodePort"), 0);
    }

    #[test]
    fn an_update_keeps_what_the_service_has() {
        let (allocator, objects) = (Allocator::default(), StoredObjects::default());
        let mut spec = json!({"type": "NodePort", "ports": [{"port": 80}]});
        drop(allocator.allocate(&mut spec, None, &objects).unwrap());
        store(&objects, "web", &spec);
        let mut new = spec.clone();
        drop(allocator.allocate(&mut new, Some(&spec), &objects).unwrap());
        assert_eq!(new, spec);
    }

    #[test]
    fn headless_and_external_names_take_no_address() {
        let (allocator, objects) = (Allocator::default(), StoredObjects::default());
        for spec in [
            json!({"type": "ClusterIP", "clusterIP": "None", "clusterIPs": ["None"]}),
            json!({"type": "ExternalName", "externalName": "example.com"}),
        ] {
            let mut allocated = spec.clone();
            drop(allocator.allocate(&mut allocated, None, &objects).unwrap());
            assert_eq!(allocated, spec);
        }
    }
}
