//! BER made into DER, as far as private keys need it: definite and indefinite lengths, long forms of lengths, and octet
//! strings in pieces. It knows no key; `pkcs8` does.
//!
//! What would surprise: bit strings and text in pieces are refused, and so are tags above 30. No private key has them.

use zeroize::Zeroizing;

/// The longest input, in bytes. LIMIT: ours; an RSA-4096 key has about 2,400.
pub(crate) const MAX_INPUT: usize = 16 * 1_024;

/// How deep elements may stand in one another. LIMIT: ours; a private key needs four.
const MAX_DEPTH: u8 = 16;

pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const OCTET_STRING: u8 = 0x04;
pub(crate) const OBJECT_IDENTIFIER: u8 = 0x06;
pub(crate) const SEQUENCE: u8 = 0x30;

const CONSTRUCTED: u8 = 0x20;
const CONSTRUCTED_OCTETS: u8 = OCTET_STRING | CONSTRUCTED;
const SET: u8 = 0x31;
const CONTEXT: u8 = 0x80;

/// Bytes that are wiped when dropped. Whoever makes them reserves what they need, so that they never move.
pub(crate) type Wiped = Zeroizing<Vec<u8>>;

pub(crate) fn wiped(capacity: usize) -> Wiped {
    Zeroizing::new(Vec::with_capacity(capacity))
}

/// The one element that `ber` is, as DER; `None` for anything else, what follows it included.
pub(crate) fn to_der(ber: &[u8]) -> Option<Wiped> {
    if ber.len() > MAX_INPUT {
        return None;
    }
    let mut reader = Ber(ber);
    let mut der = wiped(ber.len());
    element(&mut reader, MAX_DEPTH, &mut der)?;
    reader.0.is_empty().then_some(der)
}

/// Appends an element. DER is never longer than the BER it was made of: at this limit a length takes three bytes at
/// most, and an indefinite one with its end takes as many as any header.
pub(crate) fn put(out: &mut Wiped, tag: u8, content: &[u8]) -> Option<()> {
    let length = u16::try_from(content.len()).ok()?;
    let [high, low] = length.to_be_bytes();
    out.push(tag);
    match length {
        0..0x80 => out.push(low),
        0x80..0x100 => out.extend_from_slice(&[0x81, low]),
        _ => out.extend_from_slice(&[0x82, high, low]),
    }
    out.extend_from_slice(content);
    Some(())
}

struct Ber<'a>(&'a [u8]);

impl<'a> Ber<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn byte(&mut self) -> Option<u8> {
        let (byte, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*byte)
    }

    /// The tag, and the length unless it is indefinite.
    fn header(&mut self) -> Option<(u8, Option<usize>)> {
        let tag = self.byte().filter(|tag| *tag != 0 && *tag & 0x1f != 0x1f)?;
        let length = match self.byte()? {
            0x80 => return (tag & CONSTRUCTED != 0).then_some((tag, None)),
            short @ 0..0x80 => usize::from(short),
            long => {
                let bytes = self.take(usize::from(long & 0x7f))?;
                bytes.iter().try_fold(0usize, |length, byte| {
                    length.checked_mul(256).map(|length| length | usize::from(*byte)).filter(|it| *it <= MAX_INPUT)
                })?
            }
        };
        Some((tag, Some(length)))
    }

    /// Takes the end of an indefinite length.
    fn end(&mut self) -> bool {
        let rest = self.0.strip_prefix(&[0, 0]);
        self.0 = rest.unwrap_or(self.0);
        rest.is_some()
    }
}

fn element(reader: &mut Ber<'_>, depth: u8, out: &mut Wiped) -> Option<()> {
    let (tag, length) = reader.header()?;
    match tag {
        CONSTRUCTED_OCTETS => {
            let mut content = wiped(reader.0.len());
            parts(reader, length, depth, &mut content, octets)?;
            put(out, OCTET_STRING, &content)
        }
        _ if tag & CONSTRUCTED == 0 => put(out, tag, reader.take(length?)?),
        _ if tag == SEQUENCE || tag == SET || tag & CONTEXT != 0 => {
            let mut content = wiped(reader.0.len());
            parts(reader, length, depth, &mut content, element)?;
            put(out, tag, &content)
        }
        _ => None,
    }
}

/// A piece of an octet string: its content only.
fn octets(reader: &mut Ber<'_>, depth: u8, out: &mut Wiped) -> Option<()> {
    match reader.header()? {
        (OCTET_STRING, Some(length)) => {
            out.extend_from_slice(reader.take(length)?);
            Some(())
        }
        (CONSTRUCTED_OCTETS, length) => parts(reader, length, depth, out, octets),
        _ => None,
    }
}

/// What stands in a constructed element, to its end.
fn parts(
    reader: &mut Ber<'_>,
    length: Option<usize>,
    depth: u8,
    out: &mut Wiped,
    part: fn(&mut Ber<'_>, u8, &mut Wiped) -> Option<()>,
) -> Option<()> {
    let depth = depth.checked_sub(1)?;
    if let Some(length) = length {
        let mut inner = Ber(reader.take(length)?);
        while !inner.0.is_empty() {
            part(&mut inner, depth, out)?;
        }
        return Some(());
    }
    while !reader.end() {
        part(reader, depth, out)?;
    }
    Some(())
}

/// Reads DER that [`to_der`] made.
pub(crate) struct Der<'a>(Ber<'a>);

impl<'a> Der<'a> {
    pub(crate) fn new(der: &'a [u8]) -> Self {
        Self(Ber(der))
    }

    /// The content of the next element, which must have this tag.
    pub(crate) fn value(&mut self, tag: u8) -> Option<&'a [u8]> {
        let (found, length) = self.0.header()?;
        self.0.take(length?).filter(|_| found == tag)
    }

    /// [`Der::value`] if the next element has this tag, nothing taken otherwise.
    pub(crate) fn optional(&mut self, tag: u8) -> Option<Option<&'a [u8]>> {
        match self.0.0.first() {
            Some(next) if *next == tag => self.value(tag).map(Some),
            _ => Some(None),
        }
    }

    pub(crate) fn rest(self) -> &'a [u8] {
        self.0.0
    }

    /// Nothing may be left.
    pub(crate) fn end(self) -> Option<()> {
        self.0.0.is_empty().then_some(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn der(ber: &[u8]) -> Option<Vec<u8>> {
        to_der(ber).map(|der| der.to_vec())
    }

    #[test]
    fn each_form_of_a_length_becomes_the_shortest() {
        let rows: [(&[u8], &[u8]); 8] = [
            (&[0x30, 0x00], &[0x30, 0x00]),
            (&[0x30, 0x80, 0x02, 0x01, 0x05, 0, 0], &[0x30, 0x03, 0x02, 0x01, 0x05]),
            (&[0x30, 0x82, 0x00, 0x03, 0x02, 0x01, 0x05], &[0x30, 0x03, 0x02, 0x01, 0x05]),
            (&[0x04, 0x84, 0, 0, 0, 1, 9], &[0x04, 0x01, 9]),
            (&[0x24, 0x80, 0x04, 0x01, 7, 0x04, 0x02, 8, 9, 0, 0], &[0x04, 0x03, 7, 8, 9]),
            (&[0x24, 0x05, 0x24, 0x03, 0x04, 0x01, 7], &[0x04, 0x01, 7]),
            (&[0x24, 0x80, 0, 0], &[0x04, 0x00]),
            (&[0xa0, 0x80, 0x31, 0x80, 0, 0, 0, 0], &[0xa0, 0x02, 0x31, 0x00]),
        ];
        for (ber, expected) in rows {
            assert_eq!(der(ber).as_deref(), Some(expected), "{ber:02x?}");
        }
    }

    #[test]
    fn what_is_no_single_element_is_refused() {
        let rows: [&[u8]; 15] = [
            &[],
            &[0x30],
            &[0x30, 0x01],
            &[0x30, 0x00, 0x00],
            &[0x30, 0x80],
            &[0x30, 0x80, 0x00],
            &[0x02, 0x80, 0x00, 0x00],
            &[0x00, 0x00],
            &[0x30, 0x02, 0x00, 0x00],
            &[0x1f, 0x01, 0x00],
            &[0x23, 0x02, 0x03, 0x00],
            &[0x24, 0x03, 0x02, 0x01, 0x05],
            &[0x24, 0x80, 0x02, 0x01, 0x05, 0, 0],
            &[0x04, 0xff, 0x01],
            &[0x04, 0x85, 1, 0, 0, 0, 0],
        ];
        for ber in rows {
            assert_eq!(der(ber), None, "{ber:02x?}");
        }
    }

    #[test]
    fn limits_hold_at_and_past_them() {
        let nested = |depth: usize| [[0x30, 0x80].repeat(depth), [0, 0].repeat(depth)].concat();
        assert!(der(&nested(16)).is_some() && der(&nested(17)).is_none());
        let long = |length: u16| [&[0x04, 0x82][..], &length.to_be_bytes(), &vec![1; usize::from(length)]].concat();
        assert!(der(&long(16_380)).is_some_and(|der| der.len() == MAX_INPUT) && der(&long(16_381)).is_none());
    }

    /// A tree of elements, written in some form of BER.
    fn tree() -> impl Strategy<Value = Vec<u8>> {
        let leaf =
            (prop_oneof![Just(0x02u8), Just(0x04), Just(0x06), Just(0x81)], prop::collection::vec(any::<u8>(), 0..300));
        let leaf = leaf.prop_map(|(tag, content)| definite(tag, &content, 2));
        leaf.prop_recursive(4, 32, 4, |inner| {
            (prop_oneof![Just(0x30u8), Just(0x31), Just(0xa0)], prop::collection::vec(inner, 0..4), 0u8..5).prop_map(
                |(tag, parts, form)| match form {
                    0 => [&[tag, 0x80][..], &parts.concat(), &[0, 0]].concat(),
                    width => definite(tag, &parts.concat(), width),
                },
            )
        })
    }

    fn definite(tag: u8, content: &[u8], width: u8) -> Vec<u8> {
        let length = u32::try_from(content.len()).unwrap().to_be_bytes();
        let width = usize::from(width).max(2);
        [&[tag, 0x80 | u8::try_from(width).unwrap()], &length[4 - width..], content].concat()
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_do_not_panic(bytes: Vec<u8>) {
            let _ = to_der(&bytes);
        }

        #[test]
        fn der_is_never_longer_and_stays_as_it_is(ber in tree().prop_filter("too long", |ber| ber.len() <= MAX_INPUT)) {
            let once = der(&ber).unwrap();
            prop_assert!(once.len() <= ber.len());
            let twice = der(&once);
            prop_assert_eq!(twice.as_ref(), Some(&once));
            // A second parser agrees that it is one element.
            prop_assert!(matches!(Der::new(&once).value(once[0]), Some(content) if content.len() < once.len()));
        }
    }
}
