//! aws-query: a form in (`Action`, `Version`, `Tags.member.1.Key`), XML out.
//!
//! Errors have other codes here than in JSON (`ValidationError`, `AccessDenied` with 403); rooms needn't know, this
//! module translates. A form that can't be read is `MalformedInput`, as STS has it for a number that is none.

mod form;

use std::borrow::Cow;

use sealroom_foundation::RequestId;
use serde::Deserialize;

use crate::draft::Draft;
use crate::encode::Encode;
use crate::error::{ErrorAnswer, Fault};
use crate::protocol::xml::Xml;
use crate::rules::{Findings, Path};
use crate::serve::Wire;

use form::Form;

/// `Action` and `Version` of a form: a POST's body, or what stands behind the `?` of a GET. `None` without an `Action`,
/// or when it isn't a form.
#[must_use]
pub fn action(body: &[u8]) -> Option<(String, Option<String>)> {
    let form = Form::parse(body).ok()?;
    Some((form.value("Action")?.to_owned(), form.value("Version").map(str::to_owned)))
}

/// Reads and checks an input.
pub(crate) fn decode<'a, D: Draft + Deserialize<'a>>(body: &[u8], wire: Wire) -> Result<D::Input, ErrorAnswer> {
    let form = Form::parse(body).map_err(|_| malformed())?;
    let draft = D::deserialize(form.root()).map_err(|_| malformed())?;
    let mut found = Findings::new(wire.compat);
    draft.finish(&Path::Root, &mut found).ok_or_else(|| {
        let error = found.answer();
        ErrorAnswer { code: code(&error), ..error }
    })
}

fn malformed() -> ErrorAnswer {
    ErrorAnswer::sender("MalformedInput", 400, None)
}

/// Names around an answer.
pub(crate) struct Frame {
    /// `GetCallerIdentityResponse`
    pub(crate) response: &'static str,
    /// `GetCallerIdentityResult`; operations without an output have none.
    pub(crate) result: Option<&'static str>,
    /// The service's name space.
    pub(crate) namespace: &'static str,
}

/// An output's body.
pub(crate) fn encode<T: Encode>(output: &T, frame: &Frame, id: RequestId) -> Vec<u8> {
    let mut xml = Xml::with_room_for(output);
    xml.root(frame.response, frame.namespace, |xml| {
        if let Some(result) = frame.result {
            xml.element(result, |xml| output.encode(xml));
        }
        xml.element("ResponseMetadata", |xml| xml.text_element("RequestId", id.encode(&mut [0; 36])));
    });
    xml.finish()
}

/// An error's code in this protocol.
fn code(error: &ErrorAnswer) -> Cow<'static, str> {
    match error.code.as_ref() {
        "ValidationException" => "ValidationError".into(),
        "AccessDeniedException" => "AccessDenied".into(),
        "UnknownOperationException" => "InvalidAction".into(),
        "SerializationException" => "MalformedInput".into(),
        "ThrottlingException" => "Throttling".into(),
        _ => error.code.clone(),
    }
}

/// An error's HTTP status in this protocol.
pub(super) fn status(error: &ErrorAnswer) -> u16 {
    if error.code == "AccessDeniedException" { 403 } else { error.status }
}

/// An error's body.
pub(super) fn error_body(error: &ErrorAnswer, namespace: &'static str, id: RequestId) -> Vec<u8> {
    let mut xml = Xml::with_room_for(error.message.as_deref().unwrap_or_default());
    xml.root("ErrorResponse", namespace, |xml| {
        xml.element("Error", |xml| {
            let kind = match error.fault {
                Fault::Sender => "Sender",
                Fault::Receiver => "Receiver",
            };
            xml.text_element("Type", kind);
            xml.text_element("Code", &code(error));
            if let Some(message) = &error.message {
                xml.text_element("Message", message);
            }
        });
        xml.text_element("RequestId", id.encode(&mut [0; 36]));
    });
    xml.finish()
}
