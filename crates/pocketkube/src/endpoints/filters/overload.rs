//! How many requests are served at once, so that one client in a hurry does not starve the others.
//!
//! A request takes a seat; where none is free it waits, and where too many of its user's wait
//! already, or it waits for too long, it is answered 429 with `Retry-After`. Administrators and
//! components are exempt, like long-running requests. A simple stand-in for
//! `apiserver/pkg/util/flowcontrol`: FlowSchemas are served, but choose nothing.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use http::header::RETRY_AFTER;
use http::{HeaderValue, Response, StatusCode};
use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::is_long_running;
use crate::authentication::UserInfo;
use crate::endpoints::request_info::RequestInfo;
use crate::endpoints::respond;

/// Requests at a time: upstream's 400 that read and 200 that write.
const SEATS: usize = 600;
/// Requests of one user that may wait.
const QUEUE: usize = 300;
/// How long a request waits: a quarter of what it may take.
const PATIENCE: Duration = Duration::from_secs(15);

/// The seats of a server.
pub(in crate::endpoints) struct Overload {
    seats: Arc<Semaphore>,
    waiting: Mutex<HashMap<String, usize>>,
    queue: usize,
}

impl Default for Overload {
    fn default() -> Self {
        Self::new(SEATS, QUEUE)
    }
}

/// Taken until it is dropped; nothing for who needs none.
#[derive(Debug)]
pub(in crate::endpoints) struct Seat(
    #[expect(dead_code, reason = "held, not read")] Option<OwnedSemaphorePermit>,
);

impl Overload {
    fn new(seats: usize, queue: usize) -> Self {
        Self {
            seats: Arc::new(Semaphore::new(seats)),
            waiting: Mutex::default(),
            queue,
        }
    }

    /// Waits for a seat; the error is the answer that sends the client away.
    pub(in crate::endpoints) async fn seat(
        &self,
        user: &UserInfo,
        info: &RequestInfo,
    ) -> Result<Seat, Box<Response<Body>>> {
        let is_exempt = user.is_in("system:masters") || user.name.starts_with("system:kube-");
        if is_exempt || is_long_running(info) {
            return Ok(Seat(None));
        }
        if let Ok(seat) = self.seats.clone().try_acquire_owned() {
            return Ok(Seat(Some(seat)));
        }
        let Some(_place) = self.queue_up(&user.name) else {
            return Err(too_many_requests());
        };
        match tokio::time::timeout(PATIENCE, self.seats.clone().acquire_owned()).await {
            Ok(seat) => Ok(Seat(seat.ok())),
            Err(_) => Err(too_many_requests()),
        }
    }

    fn queue_up(&self, user: &str) -> Option<Place<'_>> {
        let mut waiting = self.waiting.lock();
        let of_user = waiting.entry(user.to_owned()).or_default();
        if *of_user >= self.queue {
            return None;
        }
        *of_user += 1;
        Some(Place {
            overload: self,
            user: user.to_owned(),
        })
    }
}

/// A place in a user's queue.
struct Place<'a> {
    overload: &'a Overload,
    user: String,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut waiting = self.overload.waiting.lock();
        if let Some(of_user) = waiting.get_mut(&self.user) {
            *of_user -= 1;
            if *of_user == 0 {
                waiting.remove(&self.user);
            }
        }
    }
}

fn too_many_requests() -> Box<Response<Body>> {
    let text = "Too many requests, please try again later.\n";
    let mut response = respond::text(StatusCode::TOO_MANY_REQUESTS, text);
    let one_second = HeaderValue::from_static("1");
    response.headers_mut().insert(RETRY_AFTER, one_second);
    Box::new(response)
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::*;

    fn list() -> RequestInfo {
        RequestInfo::parse(&Method::GET, "/api/v1/pods", false)
    }

    #[tokio::test(start_paused = true)]
    async fn who_finds_no_seat_waits_and_then_comes_again_later() {
        let overload = Overload::new(1, 1);
        let user = UserInfo::new("jane", &[]);
        let seat = overload.seat(&user, &list()).await.unwrap();
        let refusal = overload.seat(&user, &list()).await.unwrap_err();
        assert_eq!(refusal.status(), StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(refusal.headers()[RETRY_AFTER], "1");
        drop(seat);
        overload.seat(&user, &list()).await.unwrap();
        assert!(overload.waiting.lock().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn too_many_that_wait_are_sent_away_at_once() {
        let overload = Overload::new(1, 1);
        let user = UserInfo::new("jane", &[]);
        let seat = overload.seat(&user, &list()).await.unwrap();
        let started = tokio::time::Instant::now();
        let info = list();
        let (waits, goes) = tokio::join!(
            async {
                let found = overload.seat(&user, &info).await;
                (found.is_ok(), started.elapsed())
            },
            async {
                tokio::task::yield_now().await;
                let refused = overload.seat(&user, &info).await.is_err();
                let after = started.elapsed();
                tokio::time::sleep(Duration::from_secs(2)).await;
                drop(seat);
                (refused, after)
            },
        );
        assert_eq!(goes, (true, Duration::ZERO));
        assert_eq!(waits, (true, Duration::from_secs(2)));
    }

    #[tokio::test(start_paused = true)]
    async fn administrators_and_watches_need_no_seat() {
        let overload = Overload::new(0, 0);
        assert!(overload.seat(&UserInfo::admin(), &list()).await.is_ok());
        let watch = RequestInfo::parse(&Method::GET, "/api/v1/pods", true);
        let user = UserInfo::new("jane", &[]);
        assert!(overload.seat(&user, &watch).await.is_ok());
        assert!(overload.seat(&user, &list()).await.is_err());
    }
}
