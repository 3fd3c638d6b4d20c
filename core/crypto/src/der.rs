//! The few DER forms that stand around raw keys. What is longer than 65,535 bytes has none here.

use sealroom_foundation::Secret;

/// A `SubjectPublicKeyInfo`: the whole `AlgorithmIdentifier`, then the key as a bit string.
pub(crate) fn spki(algorithm: &[u8], key: &[u8]) -> Vec<u8> {
    let bits = [head(0x03, key.len() + 1), vec![0]].concat();
    let length = algorithm.len() + bits.len() + key.len();
    [&head(0x30, length), algorithm, &bits, key].concat()
}

/// The raw key of `length` bytes in a `SubjectPublicKeyInfo` that is, to the last byte, what [`spki`] writes. So there
/// is no other algorithm, no parameter, no other encoding and nothing behind it.
pub(crate) fn raw_key<'s>(algorithm: &[u8], length: usize, whole: &'s [u8]) -> Option<&'s [u8]> {
    let key = whole.get(whole.len().checked_sub(length)?..)?;
    (spki(algorithm, key) == whole).then_some(key)
}

/// A private key behind a constant head, as PKCS#8 has it where all lengths are known.
pub(crate) fn behind(head: &[u8], private: &[u8]) -> Secret<[u8]> {
    Secret::filled_slice(head.len() + private.len(), |out| {
        if let Some((front, back)) = out.split_at_mut_checked(head.len()) {
            front.copy_from_slice(head);
            back.copy_from_slice(private);
        }
    })
}

fn head(tag: u8, length: usize) -> Vec<u8> {
    let [.., high, low] = length.to_be_bytes();
    match length {
        0..=0x7f => vec![tag, low],
        0x80..=0xff => vec![tag, 0x81, low],
        _ => vec![tag, 0x82, high, low],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_around_each_border_are_written_in_their_shortest_form() {
        for (length, written) in [
            (0, vec![4, 0]),
            (127, vec![4, 127]),
            (128, vec![4, 0x81, 128]),
            (255, vec![4, 0x81, 255]),
            (256, vec![4, 0x82, 1, 0]),
            (65_535, vec![4, 0x82, 255, 255]),
        ] {
            assert_eq!(head(4, length), written);
        }
    }

    #[test]
    fn a_key_comes_out_of_its_own_form_only() {
        let whole = spki(b"algorithm", &[7; 300]);
        assert_eq!(raw_key(b"algorithm", 300, &whole), Some(&[7; 300][..]));
        assert_eq!(raw_key(b"Algorithm", 300, &whole), None);
        assert_eq!(raw_key(b"algorithm", 299, &whole), None);
        assert_eq!(raw_key(b"algorithm", 301, &whole), None);
        assert_eq!(raw_key(b"algorithm", 300, &[whole.as_slice(), &[7]].concat()), None);
        assert_eq!(raw_key(b"algorithm", 300, &whole[1..]), None);
        assert_eq!(raw_key(b"algorithm", 300, b""), None);
        let private = behind(b"head", b"private");
        assert_eq!(private.expose(), b"headprivate");
    }
}
