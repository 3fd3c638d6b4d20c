//! Writes XML as AWS's query services do: two blanks a level, lists framed by `member`, moments in ISO 8601.
//!
//! What XML 1.0 can't hold at all (most control characters) becomes U+FFFD.

use std::io::Write as _;

use sealroom_foundation::Timestamp;

use crate::encode::{Encode, Sink, room};

/// LIMIT: levels that are indented; deeper ones stand under each other.
const BLANKS: &[u8] = &[b' '; 64];
/// What an answer holds besides its output: names, name space, request id.
const AROUND: usize = 512;

/// Writes XML.
pub(super) struct Xml {
    out: Vec<u8>,
    depth: usize,
    /// Nothing but text stands in the element that was opened last.
    fresh: bool,
}

impl Xml {
    /// A writer that holds `content` and what stands around it without growing.
    pub(super) fn with_room_for<T: Encode + ?Sized>(content: &T) -> Self {
        Self { out: Vec::with_capacity(room(content) + AROUND), depth: 0, fresh: false }
    }

    /// The outermost element.
    pub(super) fn root(&mut self, name: &str, namespace: &str, fill: impl FnOnce(&mut Self)) {
        self.out.push(b'<');
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b" xmlns=\"");
        self.text(namespace);
        self.out.extend_from_slice(b"\">");
        (self.depth, self.fresh) = (1, true);
        fill(self);
        self.close(name);
    }

    /// An element.
    pub(super) fn element(&mut self, name: &str, fill: impl FnOnce(&mut Self)) {
        self.line();
        self.out.push(b'<');
        self.out.extend_from_slice(name.as_bytes());
        self.out.push(b'>');
        self.depth += 1;
        self.fresh = true;
        fill(self);
        self.close(name);
    }

    /// An element that holds a text.
    pub(super) fn text_element(&mut self, name: &str, text: &str) {
        self.element(name, |xml| xml.text(text));
    }

    /// What was written.
    pub(super) fn finish(self) -> Vec<u8> {
        self.out
    }

    /// Begins a line for a tag.
    fn line(&mut self) {
        if std::mem::take(&mut self.fresh) {
            self.out.push(b'\n');
        }
        self.out.extend_from_slice(BLANKS.get(..2 * self.depth).unwrap_or(BLANKS));
    }

    fn close(&mut self, name: &str) {
        self.depth -= 1;
        if !std::mem::take(&mut self.fresh) {
            self.line();
        }
        self.out.extend_from_slice(b"</");
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b">\n");
    }
}

impl Sink for Xml {
    fn member<T: Encode + ?Sized>(&mut self, name: &'static str, value: &T) {
        self.element(name, |xml| value.encode(xml));
    }

    fn list_member<T: Encode>(&mut self, name: &'static str, item: &'static str, list: &[T]) {
        self.element(name, |xml| xml.flat_member(item, list));
    }

    fn flat_member<T: Encode>(&mut self, name: &'static str, list: &[T]) {
        for value in list {
            self.member(name, value);
        }
    }

    fn structure(&mut self, fill: impl FnOnce(&mut Self)) {
        fill(self);
    }

    fn list<T: Encode>(&mut self, list: &[T]) {
        self.flat_member("member", list);
    }

    fn map<'m, T: Encode + 'm>(&mut self, entries: impl Iterator<Item = (&'m str, &'m T)>) {
        for (key, value) in entries {
            self.element("entry", |xml| {
                xml.text_element("key", key);
                xml.member("value", value);
            });
        }
    }

    fn text(&mut self, text: &str) {
        for c in text.chars() {
            let escaped: &[u8] = match c {
                '&' => b"&amp;",
                '<' => b"&lt;",
                '>' => b"&gt;",
                '"' => b"&quot;",
                '\r' => b"&#13;",
                '\t' | '\n' => &[],
                '\0'..' ' | '\u{fffe}' | '\u{ffff}' => "\u{fffd}".as_bytes(),
                _ => &[],
            };
            if escaped.is_empty() {
                self.out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            } else {
                self.out.extend_from_slice(escaped);
            }
        }
    }

    fn integer(&mut self, number: i64) {
        // INVARIANT: writing to a vector doesn't fail.
        let _ = write!(self.out, "{number}");
    }

    fn float(&mut self, number: f64) {
        if number.is_infinite() {
            self.text(if number > 0.0 { "Infinity" } else { "-Infinity" });
        } else {
            let _ = write!(self.out, "{number}");
        }
    }

    fn flag(&mut self, value: bool) {
        self.text(if value { "true" } else { "false" });
    }

    fn blob(&mut self, bytes: &[u8]) {
        base64_simd::STANDARD.encode_append(bytes, &mut self.out);
    }

    fn moment(&mut self, moment: Timestamp) {
        let _ = write!(self.out, "{}", moment.iso_seconds());
    }
}
