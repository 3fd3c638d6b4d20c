//! What a request asks of its service: the operation, its input's bytes, and the way through the generated code.
//!
//! The services differ in a handful of facts, which stand here side by side.

use http::request::Parts;
use http::{Method, header};
use sealroom_api::protocol::query;
use sealroom_api::sigv4::{Dialect, Rules};
use sealroom_api::{ErrorAnswer, Protocol, Served, Wire, iam, kms, operator, sts};
use sealroom_identity::Call;

use crate::house::Services;
use crate::metrics::{Counters, ServiceCounters};

/// LIMIT: bytes of a KMS request: 1 MiB of plaintext in base64, and room for the rest.
const KMS_BODY: usize = 2 * 1024 * 1024;
/// LIMIT: bytes of any other request.
const BODY: usize = 1024 * 1024;

/// What sets a service apart on the wire.
pub(super) struct Service {
    pub(super) protocol: Protocol,
    pub(super) rules: Rules<'static>,
    pub(super) dialect: Dialect,
    pub(super) body_limit: usize,
    /// Whether it is one for all Regions: then any Region is good, whichever are served.
    pub(super) global: bool,
    /// Whether method and content type are the protocol's.
    pub(super) admits: fn(&Parts) -> bool,
    /// Finds the operation.
    pub(super) ask: for<'a> fn(&'a Parts, &'a [u8]) -> Result<Asked<'a>, ErrorAnswer>,
    counters: fn(&Counters) -> &ServiceCounters,
}

/// The key service.
pub(super) const KMS: Service = Service {
    protocol: kms::PROTOCOL,
    rules: Rules::KMS,
    dialect: Dialect::Json,
    body_limit: KMS_BODY,
    global: false,
    admits: is_json,
    ask: ask_kms,
    counters: |counters| &counters.kms,
};

/// The security token service.
pub(super) const STS: Service = Service {
    protocol: sts::PROTOCOL,
    rules: Rules::STS,
    dialect: Dialect::Query,
    body_limit: BODY,
    global: false,
    admits: is_form_or_get,
    ask: ask_sts,
    counters: |counters| &counters.sts,
};

/// The service of users, groups, roles and policies.
pub(super) const IAM: Service = Service {
    protocol: iam::PROTOCOL,
    rules: Rules::IAM,
    dialect: Dialect::Query,
    body_limit: BODY,
    global: true,
    admits: is_form_or_get,
    ask: ask_iam,
    counters: |counters| &counters.iam,
};

/// The operator's service.
pub(super) const OPERATOR: Service = Service {
    protocol: operator::PROTOCOL,
    rules: Rules::SEALROOM,
    dialect: Dialect::Json,
    body_limit: BODY,
    global: false,
    admits: is_json,
    ask: ask_operator,
    counters: |counters| &counters.operator,
};

impl Service {
    pub(super) fn counters<'a>(&self, counters: &'a Counters) -> &'a ServiceCounters {
        (self.counters)(counters)
    }
}

/// An operation of one of the services.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operation {
    Iam(iam::Operation),
    Kms(kms::Operation),
    Sts(sts::Operation),
    Operator(operator::Operation),
}

impl Operation {
    /// AWS's name.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Iam(operation) => operation.name(),
            Self::Kms(operation) => operation.name(),
            Self::Sts(operation) => operation.name(),
            Self::Operator(operation) => operation.name(),
        }
    }

    /// `eventSource` in the journal.
    pub(super) fn source(self) -> &'static str {
        match self {
            Self::Iam(_) => "iam.amazonaws.com",
            Self::Kms(_) => "kms.amazonaws.com",
            Self::Sts(_) => "sts.amazonaws.com",
            Self::Operator(_) => "sealroom",
        }
    }

    /// Whether the journal calls it read-only.
    pub(super) fn read_only(self) -> bool {
        match self {
            Self::Iam(operation) => operation.read_only(),
            Self::Kms(operation) => operation.read_only(),
            Self::Sts(operation) => operation.read_only(),
            Self::Operator(operation) => operation.read_only(),
        }
    }

    /// Its place among the service's counters: that of its name in `Operation::ALL`.
    pub(super) fn number(self) -> usize {
        match self {
            Self::Iam(operation) => operation as usize,
            Self::Kms(operation) => operation as usize,
            Self::Sts(operation) => operation as usize,
            Self::Operator(operation) => operation as usize,
        }
    }
}

/// An operation and the bytes of its input.
pub(super) struct Asked<'a> {
    pub(super) operation: Operation,
    input: &'a [u8],
}

impl Asked<'_> {
    /// Decodes, asks the service, encodes.
    pub(super) async fn serve(&self, services: &Services, call: &Call, wire: Wire) -> Served {
        match self.operation {
            Operation::Iam(operation) => iam::serve(&services.identity, call, operation, self.input, wire).await,
            Operation::Kms(operation) => kms::serve(&services.kms, call, operation, self.input, wire).await,
            Operation::Sts(operation) => sts::serve(&services.identity, call, operation, self.input, wire).await,
            Operation::Operator(operation) => {
                operator::serve(&services.operator, call, operation, self.input, wire).await
            }
        }
    }
}

fn ask_kms<'a>(head: &'a Parts, body: &'a [u8]) -> Result<Asked<'a>, ErrorAnswer> {
    let operation = kms::Operation::from_name(target(head, kms::operations::TARGET)?)?;
    Ok(Asked { operation: Operation::Kms(operation), input: body })
}

fn ask_operator<'a>(head: &'a Parts, body: &'a [u8]) -> Result<Asked<'a>, ErrorAnswer> {
    let operation = operator::Operation::from_name(target(head, operator::operations::TARGET)?)?;
    Ok(Asked { operation: Operation::Operator(operation), input: body })
}

fn ask_iam<'a>(head: &'a Parts, body: &'a [u8]) -> Result<Asked<'a>, ErrorAnswer> {
    ask_query(head, body, iam::operations::VERSION, |name| iam::Operation::from_name(name).map(Operation::Iam))
}

fn ask_sts<'a>(head: &'a Parts, body: &'a [u8]) -> Result<Asked<'a>, ErrorAnswer> {
    ask_query(head, body, sts::operations::VERSION, |name| sts::Operation::from_name(name).map(Operation::Sts))
}

/// `Action` and all that goes with it stand in the body, or, for a GET, in the query.
fn ask_query<'a>(
    head: &'a Parts,
    body: &'a [u8],
    served: &str,
    find: impl FnOnce(&str) -> Result<Operation, ErrorAnswer>,
) -> Result<Asked<'a>, ErrorAnswer> {
    let input = if head.method == Method::GET { head.uri.query().unwrap_or_default().as_bytes() } else { body };
    let (action, version) = query::action(input).ok_or_else(missing_action)?;
    if version.as_deref() != Some(served) {
        return Err(no_such_action(&action, version.as_deref().unwrap_or("NO_VERSION_SPECIFIED")));
    }
    let operation = find(&action).map_err(|error| match error.message {
        Some(_) => error,
        None => no_such_action(&action, served),
    })?;
    Ok(Asked { operation, input })
}

// AWS: the two texts of the query services' common front end, as IAM and STS answer them.
fn missing_action() -> ErrorAnswer {
    ErrorAnswer::sender("MissingAction", 400, Some("The request must contain the parameter Action.".to_owned()))
}

fn no_such_action(action: &str, version: &str) -> ErrorAnswer {
    ErrorAnswer::sender("InvalidAction", 400, Some(format!("Could not find operation {action} for version {version}")))
}

/// The operation's name in `X-Amz-Target`.
fn target<'a>(head: &'a Parts, prefix: &str) -> Result<&'a str, ErrorAnswer> {
    let target = head.headers.get("x-amz-target").and_then(|target| target.to_str().ok());
    let named = target.and_then(|target| target.strip_prefix(prefix)).and_then(|rest| rest.strip_prefix('.'));
    named.ok_or_else(ErrorAnswer::unknown_operation)
}

fn is_json(head: &Parts) -> bool {
    head.method == Method::POST && content_type(head).starts_with(b"application/x-amz-json-1.1")
}

fn is_form_or_get(head: &Parts) -> bool {
    match head.method {
        Method::GET => true,
        Method::POST => content_type(head).starts_with(b"application/x-www-form-urlencoded"),
        _ => false,
    }
}

fn content_type(head: &Parts) -> &[u8] {
    head.headers.get(header::CONTENT_TYPE).map_or(b"", http::HeaderValue::as_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operations_number_is_its_place_among_all() {
        for (number, operation) in iam::Operation::ALL.iter().enumerate() {
            assert_eq!(Operation::Iam(*operation).number(), number);
        }
        for (number, operation) in kms::Operation::ALL.iter().enumerate() {
            assert_eq!(Operation::Kms(*operation).number(), number);
        }
        for (number, operation) in sts::Operation::ALL.iter().enumerate() {
            assert_eq!(Operation::Sts(*operation).number(), number);
        }
        for (number, operation) in operator::Operation::ALL.iter().enumerate() {
            assert_eq!(Operation::Operator(*operation).number(), number);
        }
    }
}
