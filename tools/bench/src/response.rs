//! Where an HTTP/1.1 answer ends, and its status. Reads what both servers send (a `content-length`, no chunks) and
//! refuses the rest; it judges no content.

use std::ops::Range;

/// What stands in the buffer so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Parsed {
    /// The answer isn't there in full.
    Partial,
    /// It is.
    Whole {
        /// `200`.
        status: u16,
        /// Where the body stands.
        body: Range<usize>,
    },
    /// No answer that this client reads.
    Broken,
}

/// Reads an answer from its beginning.
pub(crate) fn parse(bytes: &[u8]) -> Parsed {
    let Some(head) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else { return Parsed::Partial };
    let mut lines = bytes.get(..head).unwrap_or_default().split(|byte| *byte == b'\n');
    let status = lines.next().and_then(status);
    let length = lines.find_map(length);
    let (Some(status), Some(length)) = (status, length) else { return Parsed::Broken };
    let body = head + 4..(head + 4).saturating_add(length);
    if bytes.len() < body.end { Parsed::Partial } else { Parsed::Whole { status, body } }
}

fn status(line: &[u8]) -> Option<u16> {
    number(line.strip_prefix(b"HTTP/1.1 ")?.get(..3)?)?.try_into().ok()
}

fn length(line: &[u8]) -> Option<usize> {
    let (name, value) = line.split_at_checked(15)?;
    if name.eq_ignore_ascii_case(b"content-length:") { number(value.trim_ascii()) } else { None }
}

fn number(digits: &[u8]) -> Option<usize> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_end_of_an_answer_and_nothing_that_is_none() {
        let whole = |status, body| Parsed::Whole { status, body };
        for (bytes, expected) in [
            ("", Parsed::Partial),
            ("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n", Parsed::Partial),
            ("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{", Parsed::Partial),
            ("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}", whole(200, 38..40)),
            ("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}HTTP", whole(200, 38..40)),
            ("HTTP/1.1 400 Bad Request\r\nA: b\r\nContent-Length:0\r\n\r\n", whole(400, 52..52)),
            ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", Parsed::Broken),
            ("HTTP/1.1 200 OK\r\ncontent-length: many\r\n\r\n", Parsed::Broken),
            ("SSH-2.0 200\r\ncontent-length: 0\r\n\r\n", Parsed::Broken),
        ] {
            assert_eq!(parse(bytes.as_bytes()), expected, "{bytes}");
        }
    }
}
