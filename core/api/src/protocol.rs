//! The wire protocols: how inputs are read and outputs and errors written, whatever the operation.
//!
//! A protocol is a serde `Deserializer` for inputs and a `Sink` for outputs; rest-xml, rest-json and ec2 join as further
//! modules. Knows no operation: generated code names the module of its service's protocol.

pub(crate) mod json;
pub mod query;
#[cfg(test)]
mod tests;
mod xml;

use sealroom_foundation::RequestId;

use crate::error::ErrorAnswer;

/// How a service speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// aws-json 1.0
    AwsJson10,
    /// aws-json 1.1
    AwsJson11,
    /// aws-query: forms in, XML out.
    Query {
        /// The XML name space of answers.
        namespace: &'static str,
    },
}

impl Protocol {
    /// The answer's `Content-Type`.
    #[must_use]
    pub fn content_type(self) -> &'static str {
        match self {
            Self::AwsJson10 => "application/x-amz-json-1.0",
            Self::AwsJson11 => "application/x-amz-json-1.1",
            Self::Query { .. } => "text/xml",
        }
    }

    /// The HTTP status of an error: its own, but that query services refuse access with 403 (corrections 3).
    #[must_use]
    pub fn status(self, error: &ErrorAnswer) -> u16 {
        match self {
            Self::Query { .. } => query::status(error),
            Self::AwsJson10 | Self::AwsJson11 => error.status,
        }
    }

    /// An error's body. `id` is the request's; JSON carries it in a header only.
    #[must_use]
    pub fn error_body(self, error: &ErrorAnswer, id: RequestId) -> Vec<u8> {
        match self {
            Self::AwsJson10 | Self::AwsJson11 => json::error_body(error),
            Self::Query { namespace } => query::error_body(error, namespace, id),
        }
    }
}
