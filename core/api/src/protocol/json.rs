//! aws-json 1.0 and 1.1: one JSON object in, one out.
//!
//! A body that isn't JSON, or no object, is a `SerializationException` without a text; a value of the wrong type is one
//! with AWS's text. Where AWS's behaviour isn't known, Java's is taken as far as it is safe: numbers are cut to what they
//! are wanted as, unknown members are skipped, of two members of one name the later counts. Refused where Java's reader
//! isn't as strict: lone surrogates, anything after the object, more than 128 levels.
//!
//! AWS: `__type` is the bare name and the text is `message`, as KMS has it; front ends of other services write a name
//! space and `Message`. SDKs take either.

use std::io::Write as _;

use sealroom_foundation::Timestamp;
use serde::Deserialize;
use serde_json::error::Category;

use crate::draft::Draft;
use crate::encode::{Encode, Sink, room};
use crate::error::ErrorAnswer;
use crate::rules::{Findings, Path};
use crate::serve::Wire;

/// Reads and checks an input.
pub(crate) fn decode<'a, D: Draft + Deserialize<'a>>(body: &'a [u8], wire: Wire) -> Result<D::Input, ErrorAnswer> {
    let draft: D = if D::BARE && body.is_empty() { D::default() } else { read(body)? };
    let mut found = Findings::new(wire.compat);
    draft.finish(&Path::Root, &mut found).ok_or_else(|| found.answer())
}

fn read<'a, D: Deserialize<'a>>(body: &'a [u8]) -> Result<D, ErrorAnswer> {
    let text = std::str::from_utf8(body).map_err(|_| ErrorAnswer::serialization())?;
    if !text.trim_ascii_start().starts_with('{') {
        return Err(ErrorAnswer::serialization());
    }
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let draft = D::deserialize(&mut deserializer).and_then(|draft| deserializer.end().map(|()| draft));
    draft.map_err(|error| refusal(&error))
}

/// What a leaf said of a wrong type, without the place, which serde_json adds; nothing when it isn't JSON.
fn refusal(error: &serde_json::Error) -> ErrorAnswer {
    match error.classify() {
        Category::Data => {
            let text = error.to_string();
            ErrorAnswer::wrong_type(text.rsplit_once(" at line ").map_or(text.as_str(), |(said, _)| said))
        }
        Category::Syntax | Category::Eof | Category::Io => ErrorAnswer::serialization(),
    }
}

/// An output's body.
pub(crate) fn encode<T: Encode>(output: &T) -> Vec<u8> {
    let mut json = Json { out: Vec::with_capacity(room(output)), form: Form::Wire };
    output.encode(&mut json);
    json.out
}

/// An error's body.
pub(super) fn error_body(error: &ErrorAnswer) -> Vec<u8> {
    let text = error.message.as_deref();
    let mut json =
        Json { out: Vec::with_capacity(64 + error.code.len() + text.map_or(0, |t| t.len() + 16)), form: Form::Wire };
    json.structure(|json| {
        json.member("__type", error.code.as_ref());
        if let Some(text) = text {
            json.member("message", text);
        }
    });
    json.out
}

/// For whom JSON is written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// A client: names as the table has them, moments as seconds since the epoch.
    Wire,
    /// The journal's `requestParameters`: `keyId`, `May 21, 2025, 5:47:45 AM`, no blob and no secret.
    Parameters,
    /// The journal's `responseElements`: the same with `2026-09-12T06:21:24Z` (corrections 10.1).
    Elements,
}

/// Writes JSON.
pub(crate) struct Json {
    pub(crate) out: Vec<u8>,
    pub(crate) form: Form,
}

impl Json {
    /// A comma, unless something has just been opened.
    fn separate(&mut self) {
        if !matches!(self.out.last(), Some(b'{' | b'[')) {
            self.out.push(b',');
        }
    }

    fn name(&mut self, name: &'static str) {
        self.separate();
        self.out.push(b'"');
        match (self.form, name.as_bytes()) {
            (Form::Parameters | Form::Elements, [first, rest @ ..]) => {
                self.out.push(first.to_ascii_lowercase());
                self.out.extend_from_slice(rest);
            }
            (_, name) => self.out.extend_from_slice(name),
        }
        self.out.extend_from_slice(b"\":");
    }
}

impl Sink for Json {
    fn member<T: Encode + ?Sized>(&mut self, name: &'static str, value: &T) {
        if T::UNRECORDED && self.form != Form::Wire {
            return;
        }
        self.name(name);
        value.encode(self);
    }

    fn list_member<T: Encode>(&mut self, name: &'static str, _: &'static str, list: &[T]) {
        self.flat_member(name, list);
    }

    fn flat_member<T: Encode>(&mut self, name: &'static str, list: &[T]) {
        if T::UNRECORDED && self.form != Form::Wire {
            return;
        }
        self.name(name);
        self.list(list);
    }

    fn structure(&mut self, fill: impl FnOnce(&mut Self)) {
        self.out.push(b'{');
        fill(self);
        self.out.push(b'}');
    }

    fn list<T: Encode>(&mut self, list: &[T]) {
        self.out.push(b'[');
        for value in list {
            self.separate();
            value.encode(self);
        }
        self.out.push(b']');
    }

    fn map<'m, T: Encode + 'm>(&mut self, entries: impl Iterator<Item = (&'m str, &'m T)>) {
        self.out.push(b'{');
        for (key, value) in entries {
            self.separate();
            self.text(key);
            self.out.push(b':');
            value.encode(self);
        }
        self.out.push(b'}');
    }

    fn text(&mut self, text: &str) {
        // Folding looks at many bytes at once, which a search that may stop doesn't; most texts need no escape.
        if text.bytes().fold(false, |special, b| special | (b < 0x20) | (b == b'"') | (b == b'\\')) {
            // INVARIANT: a text can be written, and to a vector.
            let _ = serde_json::to_writer(&mut self.out, text);
        } else {
            self.out.push(b'"');
            self.out.extend_from_slice(text.as_bytes());
            self.out.push(b'"');
        }
    }

    fn integer(&mut self, number: i64) {
        let _ = write!(self.out, "{number}");
    }

    fn float(&mut self, number: f64) {
        if number.is_finite() {
            let _ = write!(self.out, "{number}");
        } else if number.is_nan() {
            self.text("NaN");
        } else {
            self.text(if number > 0.0 { "Infinity" } else { "-Infinity" });
        }
    }

    fn flag(&mut self, value: bool) {
        self.out.extend_from_slice(if value { b"true" } else { b"false" });
    }

    fn blob(&mut self, bytes: &[u8]) {
        self.out.push(b'"');
        base64_simd::STANDARD.encode_append(bytes, &mut self.out);
        self.out.push(b'"');
    }

    fn moment(&mut self, moment: Timestamp) {
        let _ = match self.form {
            Form::Wire => write_seconds(&mut self.out, moment),
            Form::Parameters => write_long(&mut self.out, moment),
            Form::Elements => write!(self.out, "\"{}\"", moment.iso_seconds()),
        };
    }
}

/// Seconds since the epoch, with milliseconds when there are any.
fn write_seconds(out: &mut Vec<u8>, moment: Timestamp) -> std::io::Result<()> {
    let millis = moment.as_micros().div_euclid(1_000);
    let (sign, millis) = (if millis < 0 { "-" } else { "" }, millis.unsigned_abs());
    match millis % 1_000 {
        0 => write!(out, "{sign}{}", millis / 1_000),
        rest => write!(out, "{sign}{}.{rest:03}", millis / 1_000),
    }
}

/// `"May 21, 2025, 5:47:45 AM"`.
fn write_long(out: &mut Vec<u8>, moment: Timestamp) -> std::io::Result<()> {
    let at = moment.civil();
    let month = usize::try_from(at.month - 1).ok().and_then(|index| MONTHS.get(index)).copied().unwrap_or_default();
    let (hour, half) = ((at.hour + 11) % 12 + 1, if at.hour < 12 { "AM" } else { "PM" });
    write!(out, "\"{month} {}, {}, {hour}:{:02}:{:02} {half}\"", at.day, at.year, at.minute, at.second)
}

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
