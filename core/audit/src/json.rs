//! Writes JSON straight into a byte buffer: no tree, no formatter, no allocation of its own.

use sealroom_foundation::Timestamp;

const HEX: &[u8; 16] = b"0123456789abcdef";

/// `text` as a JSON string, quotes included.
pub(crate) fn string(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    let mut rest = text.as_bytes();
    while let Some(at) = rest.iter().position(|b| must_escape(*b)) {
        let (plain, tail) = rest.split_at(at);
        out.extend_from_slice(plain);
        let Some((byte, tail)) = tail.split_first() else { break };
        escape(out, *byte);
        rest = tail;
    }
    out.extend_from_slice(rest);
    out.push(b'"');
}

fn must_escape(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

fn escape(out: &mut Vec<u8>, byte: u8) {
    match byte {
        b'"' => out.extend_from_slice(br#"\""#),
        b'\\' => out.extend_from_slice(br"\\"),
        b'\n' => out.extend_from_slice(br"\n"),
        b'\r' => out.extend_from_slice(br"\r"),
        b'\t' => out.extend_from_slice(br"\t"),
        _ => {
            out.extend_from_slice(br"\u00");
            hex(out, &[byte]);
        }
    }
}

/// `bytes` in lower-case hex.
pub(crate) fn hex(out: &mut Vec<u8>, bytes: &[u8]) {
    for byte in bytes {
        out.extend([byte >> 4, byte & 15].map(hex_digit));
    }
}

fn hex_digit(nibble: u8) -> u8 {
    // INVARIANT: callers pass 0..=15, for which the table has an entry.
    HEX.get(usize::from(nibble)).copied().unwrap_or(b'?')
}

/// Sixteen bytes as a UUID: 8-4-4-4-12 hex digits.
pub(crate) fn uuid(out: &mut Vec<u8>, bytes: &[u8; 16]) {
    for (index, byte) in bytes.iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            out.push(b'-');
        }
        hex(out, std::slice::from_ref(byte));
    }
}

/// `number` in decimal, padded with zeros to `width` digits. LIMIT: twenty digits, which hold every `u64`.
pub(crate) fn decimal(out: &mut Vec<u8>, number: u64, width: usize) {
    let mut digits = [b'0'; 20];
    let (mut rest, mut used) = (number, 0);
    for digit in digits.iter_mut().rev() {
        if rest == 0 && used >= width.max(1) {
            break;
        }
        // INVARIANT: a remainder of ten fits a byte.
        *digit = b'0' + u8::try_from(rest % 10).unwrap_or(0);
        rest /= 10;
        used += 1;
    }
    out.extend_from_slice(digits.get(digits.len() - used..).unwrap_or_default());
}

/// `2026-09-12T06:21:24Z`.
pub(crate) fn time(out: &mut Vec<u8>, moment: Timestamp) {
    let civil = moment.civil();
    let parts = [
        (civil.year, 4, b'-'),
        (civil.month, 2, b'-'),
        (civil.day, 2, b'T'),
        (civil.hour, 2, b':'),
        (civil.minute, 2, b':'),
        (civil.second, 2, b'Z'),
    ];
    for (number, width, after) in parts {
        // INVARIANT: no part of a moment between the years 1 and 9999 is negative.
        decimal(out, number.unsigned_abs(), width);
        out.push(after);
    }
}

/// The longest beginning of `text` of at most `max` bytes that ends between characters.
pub(crate) fn head(text: &str, max: usize) -> &str {
    text.get(..text.floor_char_boundary(max)).unwrap_or_default()
}
