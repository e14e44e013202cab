//! `dns`: a name leads somewhere, asked from inside a Pod.
//!
//! ```yaml
//! dns: {name: web, from: {name: client}}
//! dns: {name: web.harbor.svc.cluster.local, from: {labels: {app: client}}, answers: {$size: 3}}
//! dns: {name: old, from: {name: client}, answers: absent}
//! ```
//! `answers` matches the list of addresses; without it there is at least one. The Pod needs `dig`
//! or `nslookup`, and its search domains count.

use async_trait::async_trait;
use serde_json::Value;

use super::super::matcher::Matcher;
use super::super::scene::{Finding, Scene};
use super::super::target::Target;
use super::super::verdict::Difference;
use super::exec;
use super::object::take_matcher;
use super::pod::{behaviour, pods};
use super::{Probe, ProbeKind};
use crate::course::Fields;
use crate::sandbox::Watched;

pub(super) const KIND: ProbeKind = ProbeKind { name: "dns", read };

#[derive(Debug)]
struct Dns {
    name: String,
    from: Target,
    answers: Option<Matcher>,
}

fn read(mut fields: Fields<'_>) -> Option<Box<dyn Probe>> {
    let name = fields.required("name");
    let from = Target::take_from(&mut fields);
    if from.is_none() {
        fields.refuse("from", "names are asked for `from` a Pod");
    }
    let answers = take_matcher(&mut fields, "answers");
    fields.end();
    Some(Box::new(Dns {
        name: name?,
        from: from?,
        answers,
    }))
}

#[async_trait]
impl Probe for Dns {
    async fn reads(&self, scene: &Scene) -> Vec<Watched> {
        let own = self.from.namespace.as_deref();
        let mut reads = behaviour(scene, own);
        // The name may be one of another namespace.
        reads.extend(scene.watched_everywhere("Service"));
        reads.extend(scene.watched_everywhere("EndpointSlice"));
        reads
    }

    fn is_behaviour(&self) -> bool {
        true
    }

    fn title(&self) -> String {
        format!("the name {} in {}", self.name, self.from.title())
    }

    async fn judge(&self, scene: &Scene) -> Finding {
        let pods = match pods(&self.from, scene).await {
            Ok(pods) => pods,
            Err(reason) => return Finding::unknown(reason),
        };
        let Some(pod) = pods.first() else {
            return Finding::fails(self.from.title(), "it exists", "nothing")
                .look("kubectl get pods");
        };
        let name = shell_words::quote(&self.name);
        let script = format!(
            "if command -v dig >/dev/null 2>&1; then dig +search +short {name}; \
             else nslookup {name}; fi"
        );
        let words = ["sh".to_owned(), "-c".to_owned(), script];
        let look = format!("kubectl exec {} -- nslookup {}", pod.name, self.name);
        match exec::run(scene, pod, None, &words).await {
            Ok(output) => {
                let addresses = addresses(&output.stdout);
                let seen = (!addresses.is_empty()).then(|| Value::from(addresses));
                let field = format!("answers for {}", self.name);
                let differences = match (&self.answers, seen) {
                    (Some(matcher), seen) => matcher.differences(seen.as_ref(), &field),
                    (None, Some(_)) => Vec::new(),
                    (None, None) => vec![Difference::new(field, "an address", "nothing")],
                };
                Finding::of(differences, vec![look])
            }
            Err(reason) => {
                let field = format!("exec in pod \"{}\"", pod.name);
                Finding::fails(field, "an answer", reason).look(look)
            }
        }
    }
}

/// The addresses in what dig (`+short`) or nslookup prints. nslookup tells of the server first,
/// and busybox of old numbers the addresses and adds their names.
fn addresses(output: &str) -> Vec<String> {
    let is_address = |word: &&str| word.parse::<std::net::IpAddr>().is_ok();
    let answer = match output.trim_start().starts_with("Server:") {
        true => output.split_once("\n\n").map_or("", |(_, answer)| answer),
        false => output,
    };
    let found = answer.lines().filter_map(|line| {
        let line = match line.split_once(':') {
            Some((label, rest)) if label.starts_with("Address") => rest,
            _ => line,
        };
        line.split_whitespace().next().filter(is_address)
    });
    let mut addresses: Vec<String> = found.map(str::to_owned).collect();
    addresses.sort_unstable();
    addresses.dedup();
    addresses
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_addresses_are_found_in_what_every_tool_prints() {
        let dig = "10.244.1.3\n10.244.1.2\n";
        assert_eq!(addresses(dig), ["10.244.1.2", "10.244.1.3"]);
        let busybox = "Server:\t\t10.96.0.10\nAddress:\t10.96.0.10:53\n\n\
                       Name:\tweb.a.svc.cluster.local\nAddress: 10.96.7.7\n\n";
        assert_eq!(addresses(busybox), ["10.96.7.7"]);
        let old_busybox = "Server:    10.96.0.10\n\
                           Address 1: 10.96.0.10 kube-dns.kube-system.svc.cluster.local\n\n\
                           Name:      web\nAddress 1: 10.96.7.7 web.a.svc.cluster.local\n";
        assert_eq!(addresses(old_busybox), ["10.96.7.7"]);
        let bind = "Server:\t\t10.96.0.10\nAddress:\t10.96.0.10#53\n\n\
                    ** server can't find web: NXDOMAIN\n\n";
        assert_eq!(addresses(bind), [""; 0]);
    }
}
