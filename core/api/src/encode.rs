//! How outputs are written, whatever the protocol.
//!
//! Generated types say what they consist of ([`Encode`]), a [`Sink`] says how that looks: one for each protocol's
//! answers, and the journal's. What would surprise: a sink is first asked how much room an answer takes at most
//! ([`room`]), so that a secret in it is written once and never moved to a larger buffer.

use std::collections::BTreeMap;

use sealroom_foundation::{Secret, Timestamp};

use crate::shape::Enumeration;

/// What a value is written to.
pub(crate) trait Sink: Sized {
    /// A member of the structure that is being written.
    fn member<T: Encode + ?Sized>(&mut self, name: &'static str, value: &T);
    /// A list as a member whose items have a name of their own, where items have names.
    fn list_member<T: Encode>(&mut self, name: &'static str, item: &'static str, list: &[T]);
    /// A list as a member that stands without a frame around it, where there are frames.
    fn flat_member<T: Encode>(&mut self, name: &'static str, list: &[T]);
    /// A structure; `fill` writes its members.
    fn structure(&mut self, fill: impl FnOnce(&mut Self));
    /// A list in the place of a value.
    fn list<T: Encode>(&mut self, list: &[T]);
    /// A map.
    fn map<'m, T: Encode + 'm>(&mut self, entries: impl Iterator<Item = (&'m str, &'m T)>);
    /// A text.
    fn text(&mut self, text: &str);
    /// An integer.
    fn integer(&mut self, number: i64);
    /// A number with a fraction.
    fn float(&mut self, number: f64);
    /// A switch.
    fn flag(&mut self, value: bool);
    /// Bytes.
    fn blob(&mut self, bytes: &[u8]);
    /// A moment.
    fn moment(&mut self, moment: Timestamp);
}

/// What can be written.
pub(crate) trait Encode {
    /// Whether the journal never sees it: blobs and secrets.
    const UNRECORDED: bool = false;

    /// Writes the value.
    fn encode<S: Sink>(&self, sink: &mut S);
}

impl Encode for str {
    fn encode<S: Sink>(&self, sink: &mut S) {
        sink.text(self);
    }
}

impl Encode for String {
    fn encode<S: Sink>(&self, sink: &mut S) {
        sink.text(self);
    }
}

impl<E: Enumeration> Encode for E {
    fn encode<S: Sink>(&self, sink: &mut S) {
        sink.text(self.as_str());
    }
}

impl Encode for bool {
    fn encode<S: Sink>(&self, sink: &mut S) {
        sink.flag(*self);
    }
}

impl Encode for i32 {
    fn encode<S: Sink>(&self, sink: &mut S) {
        sink.integer(i64::from(*self));
    }
}

impl Encode for i64 {
    fn encode<S: Sink>(&self, sink: &mut S) {
        sink.integer(*self);
    }
}

impl Encode for f64 {
    fn encode<S: Sink>(&self, sink: &mut S) {
        sink.float(*self);
    }
}

impl Encode for Timestamp {
    fn encode<S: Sink>(&self, sink: &mut S) {
        sink.moment(*self);
    }
}

impl Encode for Vec<u8> {
    const UNRECORDED: bool = true;
    fn encode<S: Sink>(&self, sink: &mut S) {
        sink.blob(self);
    }
}

impl Encode for Secret<[u8]> {
    const UNRECORDED: bool = true;
    fn encode<S: Sink>(&self, sink: &mut S) {
        sink.blob(self.expose());
    }
}

/// A secret that is a text, to be written as one.
pub(crate) struct SecretText<'s>(pub(crate) &'s Secret<[u8]>);

impl Encode for SecretText<'_> {
    const UNRECORDED: bool = true;
    fn encode<S: Sink>(&self, sink: &mut S) {
        // INVARIANT: a secret that the table calls a text is one.
        sink.text(std::str::from_utf8(self.0.expose()).unwrap_or_default());
    }
}

/// A map of secrets that are texts.
#[allow(dead_code, reason = "which wrappers occur depends on the operations that are served")]
pub(crate) struct SecretTexts<'s, K>(pub(crate) &'s BTreeMap<K, Secret<[u8]>>);

impl<K: Key> Encode for SecretTexts<'_, K> {
    const UNRECORDED: bool = true;
    fn encode<S: Sink>(&self, sink: &mut S) {
        let texts: Vec<(&str, SecretText<'_>)> =
            self.0.iter().map(|(key, secret)| (key.as_text(), SecretText(secret))).collect();
        sink.map(texts.iter().map(|(key, text)| (*key, text)));
    }
}

impl<T: Encode> Encode for Vec<T> {
    const UNRECORDED: bool = T::UNRECORDED;
    fn encode<S: Sink>(&self, sink: &mut S) {
        sink.list(self);
    }
}

impl<K: Key, T: Encode> Encode for BTreeMap<K, T> {
    const UNRECORDED: bool = T::UNRECORDED;
    fn encode<S: Sink>(&self, sink: &mut S) {
        sink.map(self.iter().map(|(key, value)| (key.as_text(), value)));
    }
}

/// A map's key.
pub(crate) trait Key {
    fn as_text(&self) -> &str;
}

impl Key for String {
    fn as_text(&self) -> &str {
        self
    }
}

impl<E: Enumeration> Key for E {
    fn as_text(&self) -> &str {
        self.as_str()
    }
}

/// The most bytes that `value` takes in any sink.
pub(crate) fn room<T: Encode + ?Sized>(value: &T) -> usize {
    let mut bound = Bound(0);
    value.encode(&mut bound);
    bound.0
}

/// Sums up an upper bound.
struct Bound(usize);

/// What a name costs at most: `<Name></Name>` and its indentation, or `"Name":,`.
const FRAME: usize = 64;

/// Whether some protocol escapes the byte.
fn is_special(byte: u8) -> bool {
    byte < 0x20 || matches!(byte, b'"' | b'\\' | b'&' | b'<' | b'>')
}

impl Sink for Bound {
    fn member<T: Encode + ?Sized>(&mut self, name: &'static str, value: &T) {
        self.0 += 2 * name.len() + FRAME;
        value.encode(self);
    }
    fn list_member<T: Encode>(&mut self, name: &'static str, item: &'static str, list: &[T]) {
        self.0 += 2 * name.len() + FRAME;
        for value in list {
            self.member(item, value);
        }
    }
    fn flat_member<T: Encode>(&mut self, name: &'static str, list: &[T]) {
        self.0 += FRAME;
        for value in list {
            self.member(name, value);
        }
    }
    fn structure(&mut self, fill: impl FnOnce(&mut Self)) {
        self.0 += FRAME;
        fill(self);
    }
    fn list<T: Encode>(&mut self, list: &[T]) {
        self.list_member("", "member", list);
    }
    fn map<'m, T: Encode + 'm>(&mut self, entries: impl Iterator<Item = (&'m str, &'m T)>) {
        for (key, value) in entries {
            self.0 += 3 * FRAME;
            self.text(key);
            value.encode(self);
        }
    }
    fn text(&mut self, text: &str) {
        // An escape makes six bytes of one at most: `\u001f`, `&quot;`.
        // Summed without a branch, so that it becomes vector instructions.
        let escaped = text.bytes().fold(0_usize, |sum, byte| sum.wrapping_add(usize::from(is_special(byte))));
        self.0 += 2 + text.len() + 5 * escaped;
    }
    fn integer(&mut self, _: i64) {
        self.0 += 20;
    }
    fn float(&mut self, _: f64) {
        // `{}` prints every digit of a double: 309 before the point, or 324 after it with 17 that count.
        self.0 += 350;
    }
    fn flag(&mut self, _: bool) {
        self.0 += 5;
    }
    fn blob(&mut self, bytes: &[u8]) {
        self.0 += bytes.len() / 3 * 4 + 6;
    }
    fn moment(&mut self, _: Timestamp) {
        self.0 += 32;
    }
}
