//! The wire protocols: how inputs are read and outputs and errors written, whatever the operation.
//!
//! A protocol is a serde `Deserializer` for inputs and a [`crate::encode::Sink`] for outputs; rest-xml, rest-json and
//! ec2 join as further modules.

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
}
