//! Private keys of pairs as the library wants them.

use sealroom_crypto::agreement::AgreementKey;
use sealroom_crypto::ec::EcKeyPair;
use sealroom_crypto::ml_dsa;
use sealroom_crypto::rsa::{DecryptingKey, SigningKey};

/// How many of them are kept: 4 MiB if all are RSA-4096, 6 MiB if all are ML-DSA-87.
pub(crate) const KEPT: usize = 256;

/// A loaded private key.
pub(crate) enum Object {
    RsaSigning(SigningKey),
    RsaDecrypting(DecryptingKey),
    Ec(EcKeyPair),
    Agreement(AgreementKey),
    MlDsa(ml_dsa::SigningKey),
}
