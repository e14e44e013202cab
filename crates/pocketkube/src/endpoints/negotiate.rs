//! Which form of an answer the client asked for.
//!
//! Mirrors `apiserver/pkg/endpoints/handlers/negotiation/negotiate.go` (v1.35).

use http::HeaderMap;
use http::header::ACCEPT;

use crate::api::StatusError;

/// How a body is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    Json,
    Yaml,
}

/// What the body holds instead of the object itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transform {
    None,
    /// `meta.k8s.io/v1` Table, as `kubectl get` asks for.
    Table,
    /// Only `metadata`.
    PartialMetadata,
}

/// The form of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MediaType {
    pub encoding: Encoding,
    pub transform: Transform,
}

const SUPPORTED: &str = "application/json, application/yaml, application/vnd.kubernetes.protobuf";

/// The first form in the `Accept` header that the server can write. Clients that accept protobuf
/// name JSON as well, and get that.
pub fn negotiate(headers: &HeaderMap) -> Result<MediaType, StatusError> {
    let accepted = headers
        .get_all(ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .filter(|clause| !clause.is_empty());
    let mut asked = false;
    for clause in accepted {
        asked = true;
        if let Some(media_type) = media_type(clause) {
            return Ok(media_type);
        }
    }
    if asked {
        return Err(StatusError::not_acceptable(SUPPORTED));
    }
    Ok(MediaType {
        encoding: Encoding::Json,
        transform: Transform::None,
    })
}

fn media_type(clause: &str) -> Option<MediaType> {
    let mut parts = clause.split(';').map(str::trim);
    let encoding = match parts.next()? {
        "application/json" | "application/*" | "*/*" => Encoding::Json,
        "application/yaml" => Encoding::Yaml,
        _ => return None,
    };
    let mut transform = Transform::None;
    for parameter in parts {
        match parameter.split_once('=')? {
            ("as", "Table") => transform = Transform::Table,
            ("as", "PartialObjectMetadata" | "PartialObjectMetadataList") => {
                transform = Transform::PartialMetadata;
            }
            ("as", _) => return None,
            ("g", group) if group != "meta.k8s.io" => return None,
            ("v", version) if version != "v1" => return None,
            _ => {}
        }
    }
    Some(MediaType {
        encoding,
        transform,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn negotiated(accept: &str) -> Option<(Encoding, Transform)> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, accept.parse().expect("a valid header"));
        let media_type = negotiate(&headers).ok()?;
        Some((media_type.encoding, media_type.transform))
    }

    #[test]
    fn the_first_form_that_can_be_written_wins() {
        for (accept, expected) in [
            (
                "application/json;as=Table;v=v1;g=meta.k8s.io,application/json",
                Some((Encoding::Json, Transform::Table)),
            ),
            (
                "application/vnd.kubernetes.protobuf,application/json",
                Some((Encoding::Json, Transform::None)),
            ),
            (
                "application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/yaml",
                Some((Encoding::Yaml, Transform::None)),
            ),
            ("text/html, */*", Some((Encoding::Json, Transform::None))),
            ("text/html", None),
        ] {
            assert_eq!(negotiated(accept), expected, "{accept}");
        }
    }
}
