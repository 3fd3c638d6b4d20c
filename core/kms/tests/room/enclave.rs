//! A maker of attestation documents: a PKI of the tests' own, made in each run, with a root, a certificate between, and
//! leaves. It stands in for the hypervisor, and for those who would like to be it.

use std::sync::OnceLock;

use ciborium::Value as Cbor;
use coset::iana::Algorithm;
use coset::{CborSerializable as _, CoseSign1Builder, HeaderBuilder};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, PKCS_ECDSA_P384_SHA384, SigningKey as _,
    date_time_ymd,
};
use sealroom_crypto::rsa::{self, DecryptingKey, OaepHash};
use sealroom_kms::AttestationRoots;
use serde_json::{Value, json};

type Ca = CertifiedIssuer<'static, KeyPair>;

/// Who issues leaves.
pub(crate) struct Pki {
    root: Ca,
    between: Ca,
    /// The pair of the recipient: PKCS#8, and DER `SubjectPublicKeyInfo`.
    private: DecryptingKey,
    pub(crate) public: Vec<u8>,
}

fn parameters(name: &str, is_ca: IsCa, years: (i32, i32)) -> CertificateParams {
    let mut parameters = CertificateParams::new(Vec::new()).unwrap();
    parameters.distinguished_name.push(rcgen::DnType::CommonName, name);
    parameters.not_before = date_time_ymd(years.0, 1, 1);
    parameters.not_after = date_time_ymd(years.1, 1, 1);
    parameters.is_ca = is_ca;
    parameters
}

fn key() -> KeyPair {
    KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384).unwrap()
}

impl Pki {
    fn new() -> Self {
        let ca = |name| parameters(name, IsCa::Ca(BasicConstraints::Unconstrained), (1970, 2000));
        let root = CertifiedIssuer::self_signed(ca("root"), key()).unwrap();
        let between = CertifiedIssuer::signed_by(ca("between"), key(), &root).unwrap();
        let pair = rsa::generate(2_048).unwrap();
        let private = DecryptingKey::from_pkcs8(pair.pkcs8.expose()).unwrap();
        Self { root, between, private, public: pair.spki }
    }

    /// The one whose root the houses trust.
    pub(crate) fn trusted() -> &'static Self {
        static PKI: OnceLock<Pki> = OnceLock::new();
        PKI.get_or_init(Self::new)
    }

    pub(crate) fn roots(&self) -> AttestationRoots {
        AttestationRoots::from_der([self.root.der().as_ref()]).unwrap()
    }

    /// A document as it should be, of an enclave whose register `n` holds 48 bytes `n`, from the clock's first second.
    pub(crate) fn document(&'static self) -> Document {
        Document {
            pki: self,
            millis: 1_000,
            registers: "pcrs",
            leaf_years: (1970, 2000),
            leaf_key: None,
            bundle: vec![self.root.der().to_vec(), self.between.der().to_vec()],
            public_key: Cbor::Bytes(self.public.clone()),
            algorithm: Algorithm::ES384,
        }
    }

    /// The length of the key that a message for the recipient is under, which only the recipient learns.
    pub(crate) fn opens(&self, message: &[u8]) -> Option<usize> {
        let wrapped = message.get(131..131 + 256)?;
        self.private.decrypt_oaep(OaepHash::Sha256, wrapped).map(|key| key.len())
    }
}

/// What is said in a document, and by whom.
pub(crate) struct Document {
    pki: &'static Pki,
    pub(crate) millis: u64,
    /// The name of the member that holds the registers.
    pub(crate) registers: &'static str,
    leaf_years: (i32, i32),
    /// Another key than the leaf's own that signs.
    leaf_key: Option<KeyPair>,
    bundle: Vec<Vec<u8>>,
    pub(crate) public_key: Cbor,
    algorithm: Algorithm,
}

impl Document {
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let leaf_key = key();
        let leaf = parameters("leaf", IsCa::NoCa, self.leaf_years).signed_by(&leaf_key, &self.pki.between).unwrap();
        let registers = (0..24_u8).map(|index| (Cbor::from(index), Cbor::Bytes(vec![index; 48]))).collect();
        let payload = [
            ("module_id", Cbor::from("i-1234567890abcdef0-enc1234567890abcde")),
            ("timestamp", Cbor::from(self.millis)),
            ("digest", Cbor::from("SHA384")),
            (self.registers, Cbor::Map(registers)),
            ("certificate", Cbor::Bytes(leaf.der().to_vec())),
            ("cabundle", Cbor::Array(self.bundle.iter().cloned().map(Cbor::Bytes).collect())),
            ("public_key", self.public_key.clone()),
            ("user_data", Cbor::Null),
            ("nonce", Cbor::Null),
        ];
        let payload = Cbor::Map(payload.map(|(name, value)| (Cbor::from(name), value)).to_vec());
        let mut bytes = Vec::new();
        ciborium::into_writer(&payload, &mut bytes).unwrap();
        let signer = self.leaf_key.as_ref().unwrap_or(&leaf_key);
        CoseSign1Builder::new()
            .protected(HeaderBuilder::new().algorithm(self.algorithm).build())
            .payload(bytes)
            .create_signature(b"", |message| raw(&signer.sign(message).unwrap()))
            .build()
            .to_vec()
            .unwrap()
    }

    /// As the member `Recipient` of a request.
    pub(crate) fn recipient(&self) -> Value {
        recipient(&self.bytes())
    }
}

fn recipient(document: &[u8]) -> Value {
    json!({
        "KeyEncryptionAlgorithm": "RSAES_OAEP_SHA_256",
        "AttestationDocument": base64_simd::STANDARD.encode_to_string(document),
    })
}

/// An ECDSA signature as COSE has it (r ‖ s), from DER.
fn raw(der: &[u8]) -> Vec<u8> {
    let (r, s) = der[2..].split_at(2 + usize::from(der[3]));
    [r, s]
        .iter()
        .flat_map(|integer| {
            let digits = integer[2..].iter().skip_while(|byte| **byte == 0).copied().collect::<Vec<u8>>();
            [vec![0; 48 - digits.len()], digits].concat()
        })
        .collect()
}

/// The `Recipient` that a table names.
pub(crate) fn named(name: &str) -> Value {
    let pki = Pki::trusted();
    let good = pki.document();
    match name {
        "an enclave" => good.recipient(),
        "a TPM" => Document { registers: "nitrotpm_pcrs", ..good }.recipient(),
        "of another root" => {
            static FOREIGN: OnceLock<Pki> = OnceLock::new();
            let foreign = FOREIGN.get_or_init(Pki::new);
            foreign.document().recipient()
        }
        "without the certificate between" => {
            let bundle = vec![pki.root.der().to_vec()];
            Document { bundle, ..good }.recipient()
        }
        "an expired leaf" => Document { leaf_years: (1970, 1970), ..good }.recipient(),
        "a leaf of tomorrow" => Document { leaf_years: (1971, 2000), ..good }.recipient(),
        "signed by another key" => Document { leaf_key: Some(key()), ..good }.recipient(),
        "another signature" => {
            let mut bytes = good.bytes();
            *bytes.last_mut().unwrap() ^= 1;
            recipient(&bytes)
        }
        "a changed register" => {
            let mut bytes = good.bytes();
            let at = bytes.windows(48).position(|window| window == [7; 48]).unwrap();
            bytes[at] ^= 1;
            recipient(&bytes)
        }
        "ES256 in its header" => Document { algorithm: Algorithm::ES256, ..good }.recipient(),
        "a list for a document" => recipient(&[0x80]),
        "something behind it" => recipient(&[good.bytes(), vec![0]].concat()),
        "more than a document holds" => recipient(&[good.bytes(), vec![0; 20_480]].concat()),
        "from ahead" => Document { millis: 301_001, ..good }.recipient(),
        "no public key" => Document { public_key: Cbor::Null, ..good }.recipient(),
        "a public key on a curve" => {
            let key = rcgen::PublicKeyData::subject_public_key_info(&key());
            Document { public_key: Cbor::Bytes(key), ..good }.recipient()
        }
        "no document" => json!({"KeyEncryptionAlgorithm": "RSAES_OAEP_SHA_256"}),
        "an empty document" => recipient(b""),
        "no algorithm" => {
            let mut recipient = good.recipient();
            recipient.as_object_mut().unwrap().remove("KeyEncryptionAlgorithm");
            recipient
        }
        "another algorithm" => {
            let mut recipient = good.recipient();
            recipient["KeyEncryptionAlgorithm"] = json!("RSAES_OAEP_SHA_1");
            recipient
        }
        unknown => panic!("no recipient `{unknown}`"),
    }
}

/// `members`, with a recipient in place of its name.
pub(crate) fn with_recipient(mut members: Value) -> Value {
    if let Some(name) = members["Recipient"].as_str() {
        members["Recipient"] = named(name);
    }
    members
}

/// The bytes of the member `CiphertextForRecipient`.
pub(crate) fn message_of(answer: &Value) -> Vec<u8> {
    base64_simd::STANDARD.decode_to_vec(answer["CiphertextForRecipient"].as_str().unwrap()).unwrap()
}
