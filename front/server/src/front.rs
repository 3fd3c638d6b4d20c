//! The service's address: a request comes in, an answer goes out.
//!
//! ```text
//! route (head) ─> slot ─> operation ─> body ─> authenticate ─> decode ─> Through<room> ─> encode
//!    │              │         │          │          │             │
//!    └ 404          └ 503     └ 400      └ 413, 408 └ 400 or 403  └ 400, recorded
//! ```
//!
//! No rule of a service stands here. Everything up to the signature answers without a record, because there is nobody
//! to record it for; from then on whatever happens is journaled, what can't be decoded included. What would surprise: an
//! operation that doesn't exist is told before the signature is looked at, as AWS does.

mod answer;
mod ask;
mod clock;
mod operator;
mod refusals;
mod route;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, Request, Response, header};
use http_body_util::Full;
use hyper::body::Incoming;
use sealroom_api::sigv4::{self, Refusal, Regions};
use sealroom_api::{ErrorAnswer, Served, Wire};
use sealroom_crypto::digest::sha256;
use sealroom_foundation::{Region, RequestId};
use sealroom_identity::{Authenticated, Call, RequestInfo, Unauthenticated};

use crate::house::House;
use crate::metrics::Counters;
use crate::transport::{BodyError, Handler, Peer, Slots, collect};
use answer::Answer;
use ask::Asked;
pub(crate) use operator::OperatorFront;
use refusals::Refusals;
use route::{Route, route};

/// What answers on the service's address.
pub(crate) struct Front {
    pub(crate) house: House,
    pub(crate) counters: Arc<Counters>,
    /// Requests that are being served.
    pub(crate) requests: Arc<Slots>,
    /// The Regions that are served; `None`: every one.
    pub(crate) regions: Option<Vec<Region>>,
    /// How long a body may take.
    pub(crate) patience: Duration,
    /// Whether the dev clock answers.
    pub(crate) dev: bool,
    refusals: Refusals,
}

impl Front {
    pub(crate) fn new(
        house: House,
        counters: Arc<Counters>,
        requests: Arc<Slots>,
        regions: Option<Vec<Region>>,
        patience: Duration,
        dev: bool,
    ) -> Self {
        Self { house, counters, requests, regions, patience, dev, refusals: Refusals::default() }
    }
}

impl Handler for Front {
    async fn handle(&self, peer: &Peer, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let (head, body) = request.into_parts();
        let id = RequestId::from_random(self.house.entropy().id_bytes());
        match route(&head) {
            Route::Own if self.dev => clock::answer(self, &head, body).await,
            Route::Own | Route::Nowhere => {
                self.counters.elsewhere.unrouted().count(404);
                answer::nowhere(id)
            }
            Route::Iam => self.serve(peer, head, body, &ask::IAM, id).await,
            Route::Kms => self.serve(peer, head, body, &ask::KMS, id).await,
            Route::Sts => self.serve(peer, head, body, &ask::STS, id).await,
        }
    }
}

impl Front {
    /// One call of a service, from its slot to its answer.
    async fn serve(
        &self,
        peer: &Peer,
        head: Parts,
        body: Incoming,
        service: &ask::Service,
        id: RequestId,
    ) -> Response<Full<Bytes>> {
        let answer = match Slots::take(&*self.requests) {
            Some(_slot) => self.within(peer, &head, body, service, id).await,
            None => Answer::refusal(ErrorAnswer::service_unavailable()),
        };
        answer.count(service.protocol, service.counters(&self.counters));
        answer.respond(service.protocol, id)
    }

    async fn within(&self, peer: &Peer, head: &Parts, body: Incoming, service: &ask::Service, id: RequestId) -> Answer {
        if !(service.admits)(head) {
            return Answer::Nowhere;
        }
        let body = match collect(body, service.body_limit, self.patience).await {
            Ok(body) => body,
            Err(error) => return Answer::from(error),
        };
        let body_sha256 = sha256(&body);
        let asked = match (service.ask)(head, &body) {
            Ok(asked) => asked,
            Err(unknown) => return Answer::refusal(unknown),
        };
        let unauthenticated = Unauthenticated {
            request: sigv4::Request::from(head),
            body_sha256: &body_sha256,
            rules: self.rules(service),
        };
        match self.house.identity.authenticate(&unauthenticated).await {
            Ok(authenticated) => self.call(peer, head, authenticated, &asked, id).await,
            Err(refusal) => self.unknown(&refusal, service),
        }
    }

    fn rules(&self, service: &ask::Service) -> sigv4::Rules<'_> {
        let served = self.regions.as_deref().filter(|_| !service.global);
        let regions = served.map_or(Regions::Any, Regions::Only);
        sigv4::Rules { regions, ..service.rules }
    }

    /// A request whose signature holds.
    async fn call(
        &self,
        peer: &Peer,
        head: &Parts,
        authenticated: Authenticated,
        asked: &Asked<'_>,
        id: RequestId,
    ) -> Answer {
        let call =
            Call::new(authenticated.caller, authenticated.region, info(peer, &head.headers, id), self.house.now());
        answer_call(&self.house, &call, asked, id).await
    }

    /// Nobody to record it for: it is counted, and the log says so, not too often.
    fn unknown(&self, refusal: &Refusal, service: &ask::Service) -> Answer {
        self.counters.auth_failures.fetch_add(1, Ordering::Relaxed);
        if self.refusals.may_log(self.house.now()) {
            tracing::warn!(service = service.rules.service, reason = %refusal, "a request was not authenticated");
        }
        Answer::refusal(refusal.answer(service.dialect))
    }
}

/// Serves a call whose caller is known, and records what its service could not.
async fn answer_call(house: &House, call: &Call, asked: &Asked<'_>, id: RequestId) -> Answer {
    let wire = Wire { compat: house.compat, id };
    let number = asked.operation.number();
    match asked.serve(&house.services, call, wire).await {
        Served::Answer(body) => Answer::Body { number, body },
        Served::Refused(error) => Answer::Refusal { number: Some(number), error },
        Served::Undecodable(error) => {
            let event = call.event(asked.operation.source(), asked.operation.name(), asked.operation.read_only());
            let event = event.error(error.code.clone(), error.message.as_deref());
            let recorded = house.journal.record(event.into()).await;
            let error = recorded.map_or_else(|_| ErrorAnswer::internal_failure(), |()| error);
            Answer::Refusal { number: Some(number), error }
        }
    }
}

fn info(peer: &Peer, headers: &HeaderMap, id: RequestId) -> RequestInfo {
    RequestInfo {
        id,
        source_ip: peer.ip(),
        user_agent: peer.agent(headers.get(header::USER_AGENT)),
        tls: peer.tls().cloned(),
        secure: peer.tls().is_some(),
    }
}

impl From<BodyError> for Answer {
    fn from(error: BodyError) -> Self {
        match error {
            BodyError::TooLong => Self::TooLong,
            BodyError::TooSlow => Self::TooSlow,
            BodyError::Broken => Self::Broken,
        }
    }
}
