//! An HTTP request from its first byte to its answer.
//!
//! The stages stand in the order in which a request meets them: authentication, impersonation,
//! request info, flow control, authorization, decoding, the verb's handler (which defaults, admits,
//! validates and stores), and the writing of the answer. Mirrors `DefaultBuildHandlerChain` in
//! `apiserver/pkg/server/config.go` (v1.35).

use std::sync::Arc;

use axum::body::Body;
use http::{Request as HttpRequest, Response, StatusCode};

use super::asked::Asked;
use super::body::read_body;
use super::call::{Call, Reply};
use super::negotiate::negotiate;
use super::query::Query;
use super::request::{Request, authorize};
use super::request_info::RequestInfo;
use super::respond;
use super::{
    ApiServer, aggregation, connect, create, delete, filters, get, list, nonresource, patch,
    review, scale, update, watching,
};
use crate::api::StatusError;
use crate::api::selector::FieldSelector;
use crate::authentication::UserInfo;
use crate::authorization::Attributes;
use crate::registry::{SubresourceKind, Verb};

impl ApiServer {
    /// Answers one request. Failures become a `Status`; nothing is left unanswered.
    pub async fn handle(&self, request: HttpRequest<Body>) -> Response<Body> {
        filters::answer(self, request).await
    }

    /// The way of a request from authentication to its answer.
    pub(super) async fn route(
        &self,
        request: HttpRequest<Body>,
        info: RequestInfo,
        query: Query,
    ) -> Result<Response<Body>, StatusError> {
        let user = self
            .authenticators()
            .authenticate(request.headers(), request.extensions())?;
        let user = self.impersonate(user, request.headers())?;
        self.users().named(&user.name).count_request();
        let admitted = match self.flow_control().admit(&user, &info).await {
            Ok(admitted) => admitted,
            Err(refusal) => return Ok(*refusal),
        };
        let asked = Asked::of(&info, &user.name, request.headers());
        let answer = self.serve(user, info, query, request).await;
        let mut response = answer.unwrap_or_else(|error| respond::error(&error));
        if let Some(asked) = asked {
            let code = response.status().as_u16();
            self.asked().add(Asked { code, ..asked });
        }
        admitted.mark(&mut response);
        Ok(response)
    }

    async fn serve(
        &self,
        user: Arc<UserInfo>,
        info: RequestInfo,
        query: Query,
        request: HttpRequest<Body>,
    ) -> Result<Response<Body>, StatusError> {
        let selector = field_selector(&info, &query);
        let selected = selector.as_ref();
        let selected = selected.and_then(|own| own.required_value("metadata.name"));
        authorize(
            self,
            &Attributes {
                user: &user,
                verb: &info.verb,
                is_resource: info.is_resource,
                group: &info.group,
                resource: &info.resource,
                subresource: &info.subresource,
                namespace: &info.namespace,
                name: selected.unwrap_or(&info.name),
                path: &info.path,
                field_selector: selector.as_ref(),
            },
        )?;
        if let Some(service) = aggregation::service_of(self, &info.path) {
            return aggregation::proxy(self, &service, &user, request).await;
        }
        if !info.is_resource {
            return nonresource::serve(self, &info, &request);
        }
        self.serve_resource(user, info, query, request).await
    }

    async fn serve_resource(
        &self,
        user: Arc<UserInfo>,
        info: RequestInfo,
        query: Query,
        http: HttpRequest<Body>,
    ) -> Result<Response<Body>, StatusError> {
        let resources = self.registry().resources();
        if !info.group.is_empty() && !resources.has_group_version(&info.group, &info.version) {
            // Upstream's aggregator answers for groups that nobody serves.
            return Ok(respond::text(StatusCode::NOT_FOUND, "404 page not found\n"));
        }
        let resource = resources
            .by_route(&info.group, &info.version, &info.resource)
            .ok_or_else(StatusError::no_such_path)?;
        let subresource = match info.subresource.as_str() {
            "" => None,
            name => Some(
                resource
                    .subresource(name)
                    .ok_or_else(StatusError::no_such_path)?,
            ),
        };
        let is_handler =
            subresource.is_some_and(|sub| matches!(sub.behaviour, SubresourceKind::Handler));
        if is_handler && connect::is_connection(&info.subresource) {
            return connect::serve(self, &user, &resource, &info, &query, http).await;
        }
        let verb = verb(&info.verb).ok_or_else(not_allowed)?;
        let supported = match subresource {
            Some(subresource) => subresource.verbs.contains(&verb),
            None => resource.verbs.contains(&verb),
        };
        if !supported || !fits_path(verb, &info) {
            return Err(not_allowed());
        }

        let media_type = negotiate(http.headers())?;
        let (parts, body) = http.into_parts();
        let options = query.call_options(verb, &parts.headers)?;
        let body = read_body(
            &resource,
            subresource,
            verb,
            &options,
            &query,
            &parts.headers,
            body,
        )
        .await?;
        let call = Call {
            verb,
            resource: resource.group_resource(),
            version: resource.version.to_string(),
            namespace: if resource.is_namespaced() {
                info.namespace
            } else {
                String::new()
            },
            name: info.name,
            subresource: info.subresource,
            body: body.value,
            options,
        };
        let asking = self.users().named(&user.name);
        let mut request = Request::new(self, &user, call)?;
        request.warn(body.warnings);
        if verb == Verb::Watch {
            return watching::serve(&request, &query, media_type, asking.watch());
        }
        asking.count_call(&request.call, resource.is_question);
        match dispatch(&mut request).await {
            Ok((reply, is_new)) => respond::reply(&request, &query, media_type, reply, is_new),
            Err(error) => Ok(respond::refusal(&request, &error)),
        }
    }
}

/// The handler of a verb. The flag says whether the object is new.
pub(super) async fn dispatch(request: &mut Request<'_>) -> Result<(Reply, bool), StatusError> {
    if let Some(subresource) = request.resource.subresource(&request.call.subresource) {
        match &subresource.behaviour {
            SubresourceKind::Status => {}
            SubresourceKind::Scale(paths) => return scale::serve(request, paths).await,
            SubresourceKind::Handler => return super::subresource::serve(request).await,
        }
    }
    if request.resource.is_question {
        return review::answer(request).await;
    }
    match request.call.verb {
        Verb::Create => Ok((create::create(request).await?, true)),
        Verb::Get => Ok((get::get(request).await?, false)),
        Verb::List => Ok((list::list(request).await?, false)),
        Verb::Update => update::update(request).await,
        Verb::Patch => patch::patch(request).await,
        Verb::Delete => Ok((delete::delete(request).await?, false)),
        Verb::DeleteCollection => Ok((delete::delete_collection(request).await?, false)),
        Verb::Watch => Err(StatusError::internal("a watch has no single reply")),
    }
}

/// What a list, watch or deletion of many is narrowed to. Where that is one object, rules for its
/// name count.
fn field_selector(info: &RequestInfo, query: &Query) -> Option<FieldSelector> {
    let is_about_many = matches!(info.verb.as_str(), "list" | "watch" | "deletecollection");
    let selector = query.text("fieldSelector");
    if !is_about_many || !info.name.is_empty() || selector.is_empty() {
        return None;
    }
    FieldSelector::parse(selector).ok()
}

fn verb(name: &str) -> Option<Verb> {
    crate::registry::ALL_VERBS
        .iter()
        .copied()
        .find(|verb| verb.as_str() == name)
}

/// Whether the path names what the verb works on: one object, or a collection.
fn fits_path(verb: Verb, info: &RequestInfo) -> bool {
    match verb {
        Verb::Update | Verb::Patch => !info.name.is_empty(),
        Verb::Create => info.name.is_empty() || !info.subresource.is_empty(),
        _ => true,
    }
}

fn not_allowed() -> StatusError {
    let mut error = StatusError::new(
        405,
        "MethodNotAllowed",
        "the server does not allow this method on the requested resource",
    );
    error.details = Some(Box::default());
    error
}
