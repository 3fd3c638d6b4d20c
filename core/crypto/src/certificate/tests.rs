//! Chains made for the tests: what is accepted, and each way of being none.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, PKCS_ECDSA_P256_SHA256,
    PKCS_ECDSA_P384_SHA384, SignatureAlgorithm, date_time_ymd,
};

use super::*;

/// 2026-01-15.
const NOW: u64 = 1_768_435_200;
const DAY: u64 = 86_400;

/// Valid from the first to the last day of January 2026.
fn parameters(name: &str, is_ca: IsCa) -> CertificateParams {
    let mut parameters = CertificateParams::new(Vec::new()).unwrap();
    parameters.distinguished_name.push(rcgen::DnType::CommonName, name);
    parameters.not_before = date_time_ymd(2026, 1, 1);
    parameters.not_after = date_time_ymd(2026, 2, 1);
    parameters.is_ca = is_ca;
    parameters
}

type Ca = CertifiedIssuer<'static, KeyPair>;

fn key(algorithm: &'static SignatureAlgorithm) -> KeyPair {
    KeyPair::generate_for(algorithm).unwrap()
}

fn root(algorithm: &'static SignatureAlgorithm) -> Ca {
    let is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(parameters("root", is_ca), key(algorithm)).unwrap()
}

fn issuer(name: &str, is_ca: IsCa, by: &Ca) -> Ca {
    CertifiedIssuer::signed_by(parameters(name, is_ca), key(&PKCS_ECDSA_P384_SHA384), by).unwrap()
}

fn leaf(algorithm: &'static SignatureAlgorithm, by: &Ca) -> (Vec<u8>, KeyPair) {
    let key = key(algorithm);
    (parameters("leaf", IsCa::NoCa).signed_by(&key, by).unwrap().der().to_vec(), key)
}

fn trusting(root: &Ca) -> Roots {
    Roots::from_der([root.der().as_ref()]).unwrap()
}

fn ca() -> IsCa {
    IsCa::Ca(BasicConstraints::Unconstrained)
}

#[test]
fn a_chain_to_a_trusted_root_gives_the_leafs_key() {
    let root = root(&PKCS_ECDSA_P384_SHA384);
    let (one, roots) = (issuer("one", ca(), &root), trusting(&root));
    let two = issuer("two", ca(), &one);
    let (der, key) = leaf(&PKCS_ECDSA_P384_SHA384, &two);
    let issuers: [&[u8]; 3] = [root.der(), one.der(), two.der()];
    let found = roots.leaf_key(&der, &issuers, NOW).unwrap();
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P384_SHA384_FIXED_SIGNING, key.serialized_der()).unwrap();
    let signature = pair.sign(&SystemRandom::new(), b"message").unwrap();
    assert!(found.verifies(b"message", signature.as_ref()));
    assert!(!found.verifies(b"another", signature.as_ref()));
    assert!(!found.verifies(b"message", &signature.as_ref()[1..]));
    let reversed: [&[u8]; 2] = [two.der(), one.der()];
    assert!(roots.leaf_key(&der, &reversed, NOW).is_some());
    assert!(Roots::from_der([two.der().as_ref(), root.der().as_ref()]).unwrap().leaf_key(&der, &[], NOW).is_some());
}

#[test]
fn a_chain_is_good_within_its_time_only() {
    let root = root(&PKCS_ECDSA_P384_SHA384);
    let (roots, (der, _)) = (trusting(&root), leaf(&PKCS_ECDSA_P384_SHA384, &root));
    let first = NOW - 14 * DAY;
    for (at, good) in [(0, false), (first - 1, false), (first, true), (NOW, true), (NOW + 17 * DAY + 1, false)] {
        assert_eq!(roots.leaf_key(&der, &[], at).is_some(), good, "{at}");
    }
}

#[test]
fn other_chains_are_none() {
    let root = root(&PKCS_ECDSA_P384_SHA384);
    let (roots, one) = (trusting(&root), issuer("one", ca(), &root));
    let (der, _) = leaf(&PKCS_ECDSA_P384_SHA384, &one);
    let none = |der: &[u8], issuers: &[&[u8]]| assert!(roots.leaf_key(der, issuers, NOW).is_none());
    none(&der, &[]);
    none(&der[1..], &[one.der()]);
    none(&[&der[..], &[0]].concat(), &[one.der()]);
    let mut changed = der.clone();
    *changed.last_mut().unwrap() ^= 1;
    none(&changed, &[one.der()]);
    // Somebody else's root of the same name.
    let (foreign, _) = leaf(&PKCS_ECDSA_P384_SHA384, &self::root(&PKCS_ECDSA_P384_SHA384));
    none(&foreign, &[]);
    // An issuer that isn't one, and a path that is longer than its issuer allows.
    let no_ca = issuer("no ca", IsCa::ExplicitNoCa, &root);
    none(&leaf(&PKCS_ECDSA_P384_SHA384, &no_ca).0, &[no_ca.der()]);
    let short = issuer("short", IsCa::Ca(BasicConstraints::Constrained(0)), &root);
    let below = issuer("below", ca(), &short);
    none(&leaf(&PKCS_ECDSA_P384_SHA384, &below).0, &[short.der(), below.der()]);
    // Signed on another curve.
    let weak = self::root(&PKCS_ECDSA_P256_SHA256);
    let (der, _) = leaf(&PKCS_ECDSA_P384_SHA384, &weak);
    assert!(trusting(&weak).leaf_key(&der, &[], NOW).is_none());
}

#[test]
fn a_ca_is_no_leaf() {
    let root = root(&PKCS_ECDSA_P384_SHA384);
    let (roots, ca) = (trusting(&root), issuer("ca", ca(), &root));
    assert!(roots.leaf_key(ca.der(), &[], NOW).is_none());
    assert!(roots.leaf_key(root.der(), &[], NOW).is_none());
}

#[test]
fn a_leaf_on_another_curve_verifies_nothing() {
    let root = root(&PKCS_ECDSA_P384_SHA384);
    let (der, _) = leaf(&PKCS_ECDSA_P256_SHA256, &root);
    assert!(!trusting(&root).leaf_key(&der, &[], NOW).unwrap().verifies(b"message", &[1; 96]));
}

#[test]
fn as_many_issuers_as_the_limit_are_looked_at_and_no_more() {
    let root = root(&PKCS_ECDSA_P384_SHA384);
    let (roots, (der, _)) = (trusting(&root), leaf(&PKCS_ECDSA_P384_SHA384, &root));
    let issuers = vec![root.der().as_ref(); MAX_ISSUERS + 1];
    assert!(roots.leaf_key(&der, &issuers[..MAX_ISSUERS], NOW).is_some());
    assert!(roots.leaf_key(&der, &issuers, NOW).is_none());
}

#[test]
fn roots_are_certificates_and_at_least_one() {
    let root = root(&PKCS_ECDSA_P384_SHA384);
    assert!(Roots::from_der([]).is_none());
    assert!(Roots::from_der([b"none".as_slice()]).is_none());
    assert!(Roots::from_der([root.der().as_ref(), b"none"]).is_none());
}
