//! Roots of trust that need I/O: key file and passphrase.
