//! PKCS#8 from outside: each form that is taken, each that isn't, and no panic over any bytes.

use proptest::prelude::*;

use super::*;

const CURVES: [Curve; 4] = [Curve::P256, Curve::P384, Curve::P521, Curve::P256K1];

/// A key of each kind, with the function that reads it.
type Row = (&'static str, Vec<u8>, Vec<u8>, fn(&[u8]) -> Option<NewPair>);

fn rows() -> Vec<Row> {
    let made: [(&str, NewPair, fn(&[u8]) -> Option<NewPair>); 7] = [
        ("P-256", EcKeyPair::generate(Curve::P256).unwrap().export().unwrap(), |key| ec(key, Curve::P256)),
        ("P-384", EcKeyPair::generate(Curve::P384).unwrap().export().unwrap(), |key| ec(key, Curve::P384)),
        ("P-521", EcKeyPair::generate(Curve::P521).unwrap().export().unwrap(), |key| ec(key, Curve::P521)),
        ("secp256k1", EcKeyPair::generate(Curve::P256K1).unwrap().export().unwrap(), |key| ec(key, Curve::P256K1)),
        ("SM2", sm2::KeyPair::generate().unwrap().export().unwrap(), sm2),
        ("RSA", rsa::generate(2048).unwrap(), |key| rsa(key, 2048)),
        ("Ed25519", outside(&ed25519::PrivateKey::from_seed(&[9; 32]).unwrap()), |key| {
            ed25519(key).map(|key| outside(&key))
        }),
    ];
    made.into_iter().map(|(name, pair, read)| (name, pair.pkcs8.expose().to_vec(), pair.spki, read)).collect()
}

fn outside(key: &ed25519::PrivateKey) -> NewPair {
    NewPair { pkcs8: key.pkcs8(), spki: key.public_spki() }
}

/// The same element with indefinite lengths, and octet strings in pieces of 10 bytes.
fn indefinite(der: &[u8]) -> Vec<u8> {
    let (mut rest, mut out) = (der, Vec::new());
    while !rest.is_empty() {
        let tag = rest[0];
        let mut reader = Der::new(rest);
        let content = reader.value(tag).unwrap();
        rest = reader.rest();
        match tag {
            OCTET_STRING => {
                out.extend_from_slice(&[0x24, 0x80]);
                for piece in content.chunks(10) {
                    out.extend_from_slice(&[&[0x04, u8::try_from(piece.len()).unwrap()], piece].concat());
                }
                out.extend_from_slice(&[0, 0]);
            }
            _ if tag & 0x20 != 0 => out.extend_from_slice(&[&[tag, 0x80][..], &indefinite(content), &[0, 0]].concat()),
            _ => out.extend_from_slice(&rest_of(tag, content)),
        }
    }
    out
}

fn rest_of(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = ber::wiped(content.len() + 4);
    ber::put(&mut out, tag, content).unwrap();
    out.to_vec()
}

/// The content of the bit string in a `SubjectPublicKeyInfo`.
fn public_bits(spki: &[u8]) -> Vec<u8> {
    let mut outer = Der::new(Der::new(spki).value(SEQUENCE).unwrap());
    outer.value(SEQUENCE).unwrap();
    outer.value(BIT_STRING).unwrap().to_vec()
}

fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    rest_of(SEQUENCE, &parts.concat())
}

#[test]
fn every_kind_is_read_as_der_and_as_ber_and_written_the_same() {
    for (name, der, spki, read) in rows() {
        for form in [der.clone(), indefinite(&der)] {
            let pair = read(&form).unwrap_or_else(|| panic!("{name}"));
            assert!(pair.pkcs8.ct_eq(&der) && pair.spki == spki, "{name}");
        }
        assert!(read(&[der.as_slice(), &[0]].concat()).is_none(), "{name}: a byte behind the end");
        assert!(read(&indefinite(&der)[..indefinite(&der).len() - 2]).is_none(), "{name}: no end");
    }
}

#[test]
fn a_key_is_of_its_own_kind_only() {
    let rows = rows();
    for (name, der, _, _) in &rows {
        for (other, _, _, read) in &rows {
            assert_eq!(read(der).is_some(), name == other, "{name} as {other}");
        }
    }
    let (_, key, _, _) = rows.iter().find(|row| row.0 == "RSA").unwrap();
    assert!(rsa(key, 3072).is_none() && rsa(key, 4096).is_none() && rsa(key, 2040).is_none());
}

#[test]
fn what_stands_around_the_key_is_read_strictly() {
    for (name, der, spki, read) in rows() {
        let key = Envelope::read(&der).unwrap();
        let (version, octets) = ([0x02, 0x01, 0x00], rest_of(OCTET_STRING, &key.key));
        let algorithm = rest_of(SEQUENCE, &key.algorithm);
        let attributes = [0xa0, 0x02, 0x30, 0x00];
        let bits = public_bits(&spki);
        let (public, mut other) = (rest_of(0x81, &bits), rest_of(0x81, &bits));
        *other.last_mut().unwrap() ^= 1;
        let (v0, v1) = (version, [0x02, 0x01, 0x01]);
        let rows: [(&str, Vec<u8>, bool); 12] = [
            ("plain", sequence(&[&version, &algorithm, &octets]), true),
            ("attributes", sequence(&[&version, &algorithm, &octets, &attributes]), true),
            ("version 1", sequence(&[&v1, &algorithm, &octets, &attributes, &public]), true),
            ("another public half", sequence(&[&v1, &algorithm, &octets, &other]), false),
            ("the end of the public half", sequence(&[&v1, &algorithm, &octets, &rest_of(0x81, &bits[1..])]), false),
            ("an empty public half", sequence(&[&v1, &algorithm, &octets, &[0x81, 0x00]]), false),
            ("version 0 with a public half", sequence(&[&v0, &algorithm, &octets, &public]), false),
            ("version 2", sequence(&[&[0x02, 0x01, 0x02], &algorithm, &octets]), false),
            ("more", sequence(&[&version, &algorithm, &octets, &[0x05, 0x00]]), false),
            ("no key", sequence(&[&version, &algorithm]), false),
            ("bare", key.key.to_vec(), false),
            ("another algorithm", sequence(&[&version, &sequence(&[&[0x06, 0x01, 0x2a]]), &octets]), false),
        ];
        for (what, form, expected) in rows {
            let read = read(&form);
            assert_eq!(read.is_some(), expected, "{name}: {what}");
            assert!(read.is_none_or(|pair| pair.spki == spki));
        }
    }
}

#[test]
fn the_parameters_inside_a_curve_key_are_those_outside() {
    for curve in CURVES {
        let der = EcKeyPair::generate(curve).unwrap().export().unwrap().pkcs8;
        let key = Envelope::read(der.expose()).unwrap();
        let mut outer = Der::new(&key.key);
        let mut inner = Der::new(outer.value(SEQUENCE).unwrap());
        let (version, scalar) = (inner.value(INTEGER).unwrap(), inner.value(OCTET_STRING).unwrap());
        let form = |inside: &[u8]| {
            let inner = [&rest_of(INTEGER, version), &rest_of(OCTET_STRING, scalar), inside].concat();
            let (algorithm, octets) = (rest_of(SEQUENCE, &key.algorithm), rest_of(OCTET_STRING, &sequence(&[&inner])));
            sequence(&[&[0x02, 0x01, 0x00], &algorithm, &octets])
        };
        let named = |curve| rest_of(0xa0, &rest_of(OBJECT_IDENTIFIER, curve_id(curve)));
        assert!(ec(&form(&[]), curve).is_some(), "without public half");
        for other in CURVES {
            assert_eq!(ec(&form(&named(other)), curve).is_some(), curve == other, "{other:?} inside {curve:?}");
        }
        assert!(ec(&form(&rest_of(0xa0, &[0x30, 0x00])), curve).is_none(), "explicit");
    }
}

#[test]
fn a_public_half_that_is_another_keys_is_refused() {
    for curve in CURVES {
        let pkcs8 = |pair: &EcKeyPair| pair.export().unwrap().pkcs8.expose().to_vec();
        let (mut der, other) =
            (pkcs8(&EcKeyPair::generate(curve).unwrap()), pkcs8(&EcKeyPair::generate(curve).unwrap()));
        let length = curve.digest().len();
        let from = der.len() - length;
        der[from..].copy_from_slice(&other[from..]);
        assert!(ec(&der, curve).is_none(), "{curve:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn arbitrary_bytes_are_no_key(bytes: Vec<u8>) {
        prop_assert!(rsa(&bytes, 2048).is_none() && sm2(&bytes).is_none() && ed25519(&bytes).is_none());
        prop_assert!(CURVES.iter().all(|curve| ec(&bytes, *curve).is_none()));
    }
}

/// Where to change what: a linear congruential generator, the same in every run.
struct Changes(u64);

impl Changes {
    fn next(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % below
    }
}

/// A changed file is refused, or is still the same key (a byte of what is dropped), or is another good one: where the
/// scalar itself was changed and no public half tells. Nothing panics.
#[test]
fn changed_keys_do_not_panic_and_keep_what_is_checked() {
    let mut random = Changes(1);
    for (name, der, spki, read) in rows() {
        let rounds = if name == "RSA" { 300 } else { 600 };
        for form in [&der, &indefinite(&der)] {
            for _ in 0..rounds {
                let mut changed = form.clone();
                let at = random.next(changed.len());
                changed[at] ^= 1 << random.next(8);
                let Some(pair) = read(&changed) else { continue };
                if name == "Ed25519" {
                    assert_eq!(pair.spki.len(), spki.len());
                    continue;
                }
                assert_eq!(pair.spki, spki, "{name}: a byte at {at} of {}", changed.len());
            }
        }
    }
}
