//! The operator's socket: whoever may open it is the operator. Its file's mode, and its folder's, are what
//! authenticates; nothing is signed.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use sealroom_foundation::{Region, RequestId};
use sealroom_identity::Call;

use super::answer::Answer;
use super::{answer_call, ask, info};
use crate::house::House;
use crate::metrics::Counters;
use crate::transport::{Handler, Peer, collect};

/// What answers on the operator's socket.
pub(crate) struct OperatorFront {
    pub(crate) house: House,
    pub(crate) counters: Arc<Counters>,
    /// The Region that the operator's calls are recorded in.
    pub(crate) region: Region,
    /// How long a body may take.
    pub(crate) patience: Duration,
}

impl Handler for OperatorFront {
    async fn handle(&self, peer: &Peer, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let id = RequestId::from_random(self.house.entropy().id_bytes());
        let answer = self.answer(peer, request, id).await;
        let service = &ask::OPERATOR;
        answer.count(service.protocol, service.counters(&self.counters));
        answer.respond(service.protocol, id)
    }
}

impl OperatorFront {
    async fn answer(&self, peer: &Peer, request: Request<Incoming>, id: RequestId) -> Answer {
        let (head, body) = request.into_parts();
        let service = &ask::OPERATOR;
        if !(service.admits)(&head) {
            return Answer::Nowhere;
        }
        let body = match collect(body, service.body_limit, self.patience).await {
            Ok(body) => body,
            Err(error) => return Answer::from(error),
        };
        let asked = match (service.ask)(&head, &body) {
            Ok(asked) => asked,
            Err(unknown) => return Answer::refusal(unknown),
        };
        let caller = self.house.identity.operator_caller();
        let call = Call::new(caller, self.region, info(peer, &head.headers, id), self.house.now());
        answer_call(&self.house, &call, &asked, id).await
    }
}
