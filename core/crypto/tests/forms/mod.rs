//! Keys as the vectors have them, put into the forms that the room takes: what both suites of vectors need.

/// A curve's `AlgorithmIdentifier`, and how long its scalars are.
pub(crate) struct Named(&'static [u8], pub(crate) usize);

pub(crate) const P256: Named =
    Named(b"\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07", 32);
pub(crate) const P384: Named = Named(b"\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\x22", 48);
pub(crate) const P521: Named = Named(b"\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\x23", 66);

/// `SubjectPublicKeyInfo` around a point.
pub(crate) fn spki(named: &Named, point: &[u8]) -> Vec<u8> {
    der(0x30, &[named.0, &der(0x03, &[&[0], point].concat())].concat())
}

/// PKCS#8 around a scalar, which the vectors write with more or fewer zeros in front.
pub(crate) fn pkcs8(named: &Named, scalar: &[u8]) -> Vec<u8> {
    let key = der(0x30, &[b"\x02\x01\x01".as_slice(), &der(0x04, &padded(scalar, named.1))].concat());
    der(0x30, &[b"\x02\x01\x00", named.0, &der(0x04, &key)].concat())
}

/// A number in `length` bytes.
pub(crate) fn padded(number: &[u8], length: usize) -> Vec<u8> {
    let digits = significant(number);
    [vec![0; length - digits.len()], digits.to_vec()].concat()
}

/// A number without zeros in front.
pub(crate) fn significant(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    &number[zeros..]
}

/// One DER value.
pub(crate) fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let head = match length {
        0..0x80 => vec![tag, u8::try_from(length).unwrap()],
        0x80..0x100 => vec![tag, 0x81, u8::try_from(length).unwrap()],
        _ => [&[tag, 0x82], &u16::try_from(length).unwrap().to_be_bytes()[..]].concat(),
    };
    [head.as_slice(), content].concat()
}
