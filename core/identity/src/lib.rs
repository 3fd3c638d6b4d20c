//! Who is calling: accounts, access keys, sessions; the STS operations.
