//! Digests, MACs, key derivation, AEAD, key pairs: the only room that names aws-lc.
