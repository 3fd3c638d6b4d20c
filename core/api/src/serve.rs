//! What a call through a service needs besides its body, and how it can end.

use sealroom_foundation::RequestId;

use crate::error::ErrorAnswer;

/// The one switch for where Sealroom is wider than AWS; chosen at start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compat {
    /// AWS's limits.
    Aws,
    /// The overlay's wider limits.
    Extended,
}

/// What encoding and decoding need to know of a request besides its body.
#[derive(Debug, Clone, Copy)]
pub struct Wire {
    /// Which limits hold.
    pub compat: Compat,
    /// The request's id; the query protocol writes it into the body.
    pub id: RequestId,
}

/// How a call ended.
#[derive(Debug)]
pub enum Served {
    /// Recorded; the body of a 200.
    Answer(Vec<u8>),
    /// Recorded; the service refused.
    Refused(ErrorAnswer),
    /// The body can't be decoded, or breaks a constraint. Nobody has recorded that yet.
    Undecodable(ErrorAnswer),
}

impl Served {
    /// From a service's answer and the way to encode it.
    pub(crate) fn of<T>(answer: Result<T, ErrorAnswer>, encode: impl FnOnce(&T) -> Vec<u8>) -> Self {
        match answer {
            Ok(output) => Self::Answer(encode(&output)),
            Err(error) => Self::Refused(error),
        }
    }
}

/// A call's way through decode, service and encode; generated code says which. A macro, because a function generic over
/// "a method that borrows its input and answers a future" can't be written.
macro_rules! call {
    ($decoded:expr, $service:ident.$method:ident($cx:ident), $encode:expr) => {
        match $decoded {
            Ok(input) => $crate::serve::Served::of($service.$method($cx, &input).await, $encode),
            Err(error) => $crate::serve::Served::Undecodable(error),
        }
    };
}
pub(crate) use call;
