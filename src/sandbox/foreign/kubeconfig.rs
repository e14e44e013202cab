//! One context of the learner's kubeconfig, alone: what this program and the shell are given.

use anyhow::{Context, Result, bail};
use kube::config::{Kubeconfig, NamedCluster};

/// A kubeconfig with one context, and where that leads.
#[derive(Debug, Clone)]
pub(super) struct OneContext {
    pub config: Kubeconfig,
    pub server: String,
}

impl OneContext {
    /// The context `name` of the files that kubectl would read.
    pub fn of_learner(name: &str) -> Result<Self> {
        let config = Kubeconfig::read().context("no kubeconfig to find the context in")?;
        Self::of(config, name)
    }

    /// `name`, and what it refers to, out of `config`. Fails where there is no such context.
    pub fn of(mut config: Kubeconfig, name: &str) -> Result<Self> {
        let names: Vec<_> = config.contexts.iter().map(|it| it.name.clone()).collect();
        config.contexts.retain(|context| context.name == name);
        let Some(context) = config.contexts.first().and_then(|it| it.context.clone()) else {
            let known = match names.as_slice() {
                [] => "there is none".to_owned(),
                names => format!("there are {}", names.join(", ")),
            };
            bail!("no context {name} in the kubeconfig; {known}");
        };
        config.clusters.retain(|it| it.name == context.cluster);
        config
            .auth_infos
            .retain(|it| Some(&it.name) == context.user.as_ref());
        config.current_context = Some(name.to_owned());
        let server = config.clusters.first().and_then(server_of);
        let server = server.with_context(|| {
            format!(
                "the context {name} names the cluster {}, which has no server",
                context.cluster
            )
        })?;
        Ok(Self { config, server })
    }

    /// For a file that kubectl reads.
    pub fn text(&self) -> Result<String> {
        Ok(serde_yaml::to_string(&serde_json::to_value(&self.config)?)?)
    }
}

fn server_of(cluster: &NamedCluster) -> Option<String> {
    cluster.cluster.as_ref()?.server.clone()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: &str = "\
apiVersion: v1
kind: Config
current-context: prod
contexts:
- {name: prod, context: {cluster: far, user: boss}}
- {name: lab, context: {cluster: near, user: me, namespace: x}}
clusters:
- {name: far, cluster: {server: 'https://api.example.com'}}
- {name: near, cluster: {server: 'https://127.0.0.1:6443'}}
users:
- {name: boss, user: {token: secret}}
- {name: me, user: {token: mine}}
";

    #[test]
    fn one_context_is_taken_with_nothing_of_the_others() {
        let all = Kubeconfig::from_yaml(TWO).expect("it reads");
        let one = OneContext::of(all, "lab").expect("it is there");
        assert_eq!(one.server, "https://127.0.0.1:6443");
        let text = one.text().expect("it is written");
        assert!(text.contains("mine") && !text.contains("secret"), "{text}");
        let again = Kubeconfig::from_yaml(&text).expect("it reads again");
        assert_eq!(again.current_context.as_deref(), Some("lab"));
    }

    #[test]
    fn a_context_that_is_not_there_is_refused_with_those_that_are() {
        let all = Kubeconfig::from_yaml(TWO).expect("it reads");
        let error = OneContext::of(all, "lap")
            .expect_err("there is none")
            .to_string();
        assert_eq!(
            error,
            "no context lap in the kubeconfig; there are prod, lab"
        );
    }
}
