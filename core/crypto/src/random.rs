//! The generator of the library (CTR-DRBG per thread, reseeded, safe after fork). Only `hsm` and `roots` may call
//! it: the first root key is made before there is an HSM; and `client`, for a file that is sealed far from any HSM.

/// Fills `out` with random bytes fit for keys.
pub fn fill(out: &mut [u8]) {
    if aws_lc_rs::rand::fill(out).is_err() {
        // INVARIANT: aws-lc aborts rather than fail here; going on without randomness would be worse than stopping.
        std::process::abort();
    }
}
