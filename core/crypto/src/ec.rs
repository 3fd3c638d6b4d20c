//! Elliptic curve pairs: P-256, P-384, P-521 and secp256k1.
