//! What a caller is told when an operation doesn't succeed, free of any protocol.
//!
//! Rooms and the front make these; how one looks on the wire is the protocol's affair
//! ([`crate::protocol::Protocol::error_body`]). Nothing in here may hold what only the log may read.

use std::borrow::Cow;

/// Whose fault an error is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The request was wrong: 4xx.
    Sender,
    /// We failed: 5xx.
    Receiver,
}

/// An error as the caller sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorAnswer {
    /// `NotFoundException`.
    pub code: Cow<'static, str>,
    /// The HTTP status.
    pub status: u16,
    /// The text; some errors of AWS have none at all.
    pub message: Option<String>,
    /// Whose fault it is.
    pub fault: Fault,
}

impl ErrorAnswer {
    /// An error of the sender's.
    pub fn sender(code: impl Into<Cow<'static, str>>, status: u16, message: Option<String>) -> Self {
        Self { code: code.into(), status, message, fault: Fault::Sender }
    }

    /// `ValidationException` with AWS's text; [`crate::protocol::query`] calls it `ValidationError`.
    pub fn validation(message: impl Into<String>) -> Self {
        Self::sender("ValidationException", 400, Some(message.into()))
    }

    /// `SerializationException`: the body isn't of the protocol's form, which needs no text.
    #[must_use]
    pub fn serialization() -> Self {
        Self::sender("SerializationException", 400, None)
    }

    /// `SerializationException` for a member of the wrong type.
    pub fn wrong_type(message: impl Into<String>) -> Self {
        Self::sender("SerializationException", 400, Some(message.into()))
    }

    /// `UnknownOperationException` for a target that no table knows.
    #[must_use]
    pub fn unknown_operation() -> Self {
        Self::sender("UnknownOperationException", 400, None)
    }

    /// `UnknownOperationException` for an operation of AWS that isn't served yet, which the text says.
    #[must_use]
    pub fn not_served(operation: &str) -> Self {
        let message = format!("The operation {operation} is not served by this version of Sealroom.");
        Self::sender("UnknownOperationException", 400, Some(message))
    }

    /// `InternalFailure`, 500: what happened stands in the log.
    #[must_use]
    pub fn internal_failure() -> Self {
        let message = "The request processing has failed because of an unknown error, exception or failure.";
        Self { code: "InternalFailure".into(), status: 500, message: Some(message.to_owned()), fault: Fault::Receiver }
    }

    /// `ServiceUnavailable`, 503: the caller may retry.
    #[must_use]
    pub fn service_unavailable() -> Self {
        let message = "The request has failed due to a temporary failure of the server.";
        Self {
            code: "ServiceUnavailable".into(),
            status: 503,
            message: Some(message.to_owned()),
            fault: Fault::Receiver,
        }
    }

    /// `ThrottlingException`: a queue is full, or a quota used up.
    #[must_use]
    pub fn throttling() -> Self {
        Self::sender("ThrottlingException", 400, Some("Rate exceeded".to_owned()))
    }

    /// `AccessDeniedException` with the text of the decision.
    pub fn access_denied(message: impl Into<String>) -> Self {
        Self::sender("AccessDeniedException", 400, Some(message.into()))
    }
}
