//! The KMS operations: resolve, decide, act.
