//! What a path and method ask for.
//!
//! Mirrors `apiserver/pkg/endpoints/request/requestinfo.go` (v1.35).

use http::Method;

/// A request as authorization sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RequestInfo {
    pub path: String,
    /// A resource verb such as `list`, or the method in lower case for other paths.
    pub verb: String,
    pub is_resource: bool,
    pub group: String,
    pub version: String,
    pub namespace: String,
    pub resource: String,
    pub name: String,
    pub subresource: String,
    /// What follows the subresource: the path that a proxy passes on.
    pub rest: String,
    /// `?watch=true`, or the old `/watch/` in the path.
    pub is_watch: bool,
}

impl RequestInfo {
    /// Reads a request line. Never fails: what is no resource path is a non-resource request.
    pub fn parse(method: &Method, path: &str, is_watch: bool) -> Self {
        let mut info = Self {
            path: path.to_owned(),
            verb: method.as_str().to_ascii_lowercase(),
            is_watch,
            ..Self::default()
        };
        let segments: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        let mut rest = match segments.as_slice() {
            ["api", version, rest @ ..] => {
                info.version = (*version).to_owned();
                rest
            }
            ["apis", group, version, rest @ ..] => {
                info.group = (*group).to_owned();
                info.version = (*version).to_owned();
                rest
            }
            _ => return info,
        };
        if rest.is_empty() {
            return info;
        }
        if let ["watch", after @ ..] = rest {
            info.is_watch = true;
            rest = after;
        }
        rest = match rest {
            // `/namespaces/web/pods` is about pods; `/namespaces/web/status` is about the namespace.
            ["namespaces", namespace, kind, after @ ..]
                if !matches!(*kind, "status" | "finalize") =>
            {
                info.namespace = decoded(namespace);
                info.resource = (*kind).to_owned();
                after
            }
            [kind, after @ ..] => {
                info.resource = (*kind).to_owned();
                if *kind == "namespaces"
                    && let Some(name) = after.first()
                {
                    info.namespace = decoded(name);
                }
                after
            }
            [] => return info,
        };
        if let [name, after @ ..] = rest {
            info.name = decoded(name);
            if let [subresource, after @ ..] = after {
                info.subresource = (*subresource).to_owned();
                info.rest = after.join("/");
                if path.ends_with('/') && !after.is_empty() {
                    info.rest.push('/');
                }
            }
        }
        info.is_resource = true;
        info.verb = info.resource_verb(method).to_owned();
        info
    }

    fn resource_verb(&self, method: &Method) -> &'static str {
        let is_collection = self.name.is_empty();
        match *method {
            Method::POST => "create",
            Method::GET | Method::HEAD if self.is_watch && self.subresource.is_empty() => "watch",
            Method::GET | Method::HEAD if is_collection => "list",
            Method::GET | Method::HEAD => "get",
            Method::PUT => "update",
            Method::PATCH => "patch",
            Method::DELETE if is_collection => "deletecollection",
            Method::DELETE => "delete",
            _ => "",
        }
    }
}

fn decoded(segment: &str) -> String {
    percent_encoding::percent_decode_str(segment)
        .decode_utf8_lossy()
        .into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(method: Method, path: &str) -> (String, String, String, String, String) {
        let info = RequestInfo::parse(&method, path, false);
        (
            info.verb,
            info.namespace,
            info.resource,
            info.name,
            info.subresource,
        )
    }

    fn row(fields: [&str; 5]) -> (String, String, String, String, String) {
        let [a, b, c, d, e] = fields.map(str::to_owned);
        (a, b, c, d, e)
    }

    #[test]
    fn paths_lead_to_resources() {
        for (method, path, expected) in [
            (Method::GET, "/api/v1/pods", ["list", "", "pods", "", ""]),
            (
                Method::GET,
                "/api/v1/namespaces/web/pods/a/log",
                ["get", "web", "pods", "a", "log"],
            ),
            (
                Method::PUT,
                "/api/v1/namespaces/web/finalize",
                ["update", "web", "namespaces", "web", "finalize"],
            ),
            (
                Method::GET,
                "/api/v1/namespaces/web",
                ["get", "web", "namespaces", "web", ""],
            ),
            (
                Method::DELETE,
                "/apis/apps/v1/namespaces/web/deployments",
                ["deletecollection", "web", "deployments", "", ""],
            ),
            (
                Method::GET,
                "/api/v1/watch/namespaces/web/pods",
                ["watch", "web", "pods", "", ""],
            ),
            (Method::GET, "/healthz", ["get", "", "", "", ""]),
        ] {
            assert_eq!(parse(method, path), row(expected), "{path}");
        }
    }

    #[test]
    fn a_proxy_keeps_the_rest_of_its_path() {
        let path = "/api/v1/namespaces/web/services/a:80/proxy/x/y/";
        let info = RequestInfo::parse(&Method::GET, path, false);
        assert_eq!((info.name.as_str(), info.rest.as_str()), ("a:80", "x/y/"));
    }
}
