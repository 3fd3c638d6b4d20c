//! RSA pairs: generation, PKCS#8, OAEP, PKCS #1 v1.5 and PSS signatures.
