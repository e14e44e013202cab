//! How others learn to trust this cluster's service-account tokens: OpenID Connect discovery.
//!
//! Mirrors `pkg/routes/openidmetadata.go` and `pkg/serviceaccount/openidmetadata.go` (v1.35).

use axum::body::Body;
use http::header::CACHE_CONTROL;
use http::{HeaderValue, Response, StatusCode};
use serde_json::{Value, json};

use super::{ApiServer, respond};
use crate::authentication::ISSUER;

/// Where the API server says it is, as in the endpoints of its Service.
const KEYS: &str = "https://172.18.0.2:6443/openid/v1/jwks";

/// `/.well-known/openid-configuration`
pub(super) fn configuration() -> Response<Body> {
    let document = json!({
        "issuer": ISSUER,
        "jwks_uri": KEYS,
        "response_types_supported": ["id_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256"],
    });
    answer("application/json", &document)
}

/// `/openid/v1/jwks`
pub(super) fn keys(server: &ApiServer) -> Response<Body> {
    let key = server.tokens().verifying_key();
    let document = json!({"keys": [{
        "use": "sig", "kty": "EC", "kid": key.id, "crv": "P-256", "alg": "ES256",
        "x": key.x, "y": key.y,
    }]});
    answer("application/jwk-set+json", &document)
}

fn answer(content_type: &str, document: &Value) -> Response<Body> {
    let body = respond::encode(document);
    let mut response = respond::typed_response(StatusCode::OK, content_type, body);
    let an_hour = HeaderValue::from_static("public, max-age=3600");
    response.headers_mut().insert(CACHE_CONTROL, an_hour);
    response
}
