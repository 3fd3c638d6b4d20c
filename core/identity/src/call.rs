//! [`Call`]: what every operation is given besides its input.

use std::net::IpAddr;
use std::sync::Arc;

use sealroom_audit::{Event, EventContext, Origin, TlsDetails};
use sealroom_foundation::{Region, RequestId, Timestamp};

use crate::caller::Caller;
use crate::service::Service;

/// What a call's events say about the request that carried it.
#[derive(Debug, Clone)]
pub struct RequestInfo {
    /// The answer's `x-amzn-RequestId`.
    pub id: RequestId,
    /// The peer's address.
    pub source_ip: IpAddr,
    /// `User-Agent` as sent; empty when there was none.
    pub user_agent: Arc<str>,
    /// What the journal says about TLS; `None` without.
    pub tls: Option<Arc<TlsDetails>>,
    /// Whether the request counts as sent over TLS (`aws:SecureTransport`).
    pub secure: bool,
}

/// One call: who, where, how and when. The context of every generated service trait.
#[derive(Debug, Clone)]
pub struct Call {
    caller: Caller,
    region: Region,
    request: RequestInfo,
    now: Timestamp,
    events: Arc<EventContext>,
}

impl Call {
    /// A call of `caller` in `region` at `now`, by the service clock.
    #[must_use]
    pub fn new(caller: Caller, region: Region, request: RequestInfo, now: Timestamp) -> Self {
        let origin = match caller.via().last() {
            Some(service) => Origin::Service(service.principal()),
            None => Origin::Address(request.source_ip),
        };
        let user_agent = match origin {
            // AWS: what a service does on somebody's behalf shows the service as address and as user agent.
            Origin::Service(name) => Arc::from(name),
            Origin::Address(_) => Arc::clone(&request.user_agent),
        };
        let (identity, identity_elsewhere) = caller.recorded();
        let events = Arc::new(EventContext {
            identity,
            identity_elsewhere,
            origin,
            user_agent,
            region,
            request: Some(request.id),
            tls: request.tls.clone(),
            time: now,
            recipient: caller.account(),
        });
        Self { caller, region, request, now, events }
    }

    /// The same call, made by `service` on the caller's behalf.
    #[must_use]
    pub fn through(&self, service: Service) -> Self {
        Self::new(self.caller.through(service), self.region, self.request.clone(), self.now)
    }

    /// The same call, as far as it reaches into another Region.
    #[must_use]
    pub fn in_region(&self, region: Region) -> Self {
        Self::new(self.caller.clone(), region, self.request.clone(), self.now)
    }

    /// Who calls.
    #[must_use]
    pub fn caller(&self) -> &Caller {
        &self.caller
    }

    /// The Region in which the call was made.
    #[must_use]
    pub fn region(&self) -> Region {
        self.region
    }

    /// The request that carried it.
    #[must_use]
    pub fn request(&self) -> &RequestInfo {
        &self.request
    }

    /// When it began, by the service clock.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// Begins the event of this call: operation `name` (`Encrypt`) of `source` (`kms.amazonaws.com`).
    #[must_use]
    pub fn event(&self, source: &'static str, name: &'static str, read_only: bool) -> Event {
        Event::call(&self.events, source, name, read_only)
    }

    /// What all events of this call share.
    #[must_use]
    pub fn event_context(&self) -> &Arc<EventContext> {
        &self.events
    }
}
