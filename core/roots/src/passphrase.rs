//! A root key derived from a passphrase by argon2id (RFC 9106).
//!
//! ```text
//! parameters: version (1) ‖ memory in KiB (4) ‖ passes (4) ‖ lanes (4) ‖ salt (16) ‖ check (32)
//! root key = KBKDF(argon2id(passphrase, salt), "sealroom root key")        check = the same with another label
//! ```
//!
//! The parameters are no secret and stand in clear. The check tells a wrong passphrase at once; it helps nobody guess
//! who couldn't guess with anything else that the root wrapped.

use argon2::{Algorithm, Argon2, Params, Version};
use sealroom_crypto::{ct_eq, kdf, random};
use sealroom_foundation::Secret;
use sealroom_foundation::ports::{Root, SealBroken};

use crate::error::RootError;
use crate::wrap;

const VERSION: u8 = 1;
const LENGTH: usize = 1 + 12 + 16 + 32;

/// RFC 9106's second recommendation, for where memory is short: 64 MiB and 3 passes.
const COST: Cost = Cost { memory_kib: 64 * 1_024, passes: 3, lanes: 4 };

/// LIMIT: what stored parameters may ask for, so that damaged ones don't ask for all memory: 1 GiB, 16 passes, 16 lanes.
const MOST: Cost = Cost { memory_kib: 1_024 * 1_024, passes: 16, lanes: 16 };

struct Cost {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

/// A root key derived from a passphrase.
pub struct Passphrase {
    key: Secret<[u8; 32]>,
}

impl Passphrase {
    /// Derives a root key with a new salt. Returns it with the parameters (no secret), to be stored in clear. Takes a
    /// tenth of a second and 64 MiB.
    ///
    /// # Errors
    /// [`RootError::EmptyPassphrase`].
    pub fn create(passphrase: &Secret<[u8]>) -> Result<(Self, Vec<u8>), RootError> {
        if passphrase.is_empty() {
            return Err(RootError::EmptyPassphrase);
        }
        let mut salt = [0u8; 16];
        random::fill(&mut salt);
        let (root, check) = derive(passphrase, &salt, &COST).ok_or(RootError::Parameters)?;
        let mut parameters = Vec::with_capacity(LENGTH);
        parameters.push(VERSION);
        for number in [COST.memory_kib, COST.passes, COST.lanes] {
            parameters.extend_from_slice(&number.to_be_bytes());
        }
        parameters.extend_from_slice(&salt);
        parameters.extend_from_slice(check.expose());
        Ok((root, parameters))
    }

    /// Derives the root key again.
    ///
    /// # Errors
    /// [`RootError::WrongPassphrase`], [`RootError::Parameters`].
    pub fn open(passphrase: &Secret<[u8]>, parameters: &[u8]) -> Result<Self, RootError> {
        let (cost, salt, expected) = parse(parameters).ok_or(RootError::Parameters)?;
        let (root, check) = derive(passphrase, salt, &cost).ok_or(RootError::Parameters)?;
        if !ct_eq(check.expose(), expected) {
            return Err(RootError::WrongPassphrase);
        }
        Ok(root)
    }
}

fn parse(parameters: &[u8]) -> Option<(Cost, &[u8; 16], &[u8; 32])> {
    let ([VERSION], rest) = parameters.split_first_chunk()? else { return None };
    let (numbers, rest) = rest.split_first_chunk::<12>()?;
    let (salt, rest) = rest.split_first_chunk::<16>()?;
    let check = rest.try_into().ok()?;
    let mut numbers = numbers.as_chunks::<4>().0.iter().map(|number| u32::from_be_bytes(*number));
    let cost = Cost { memory_kib: numbers.next()?, passes: numbers.next()?, lanes: numbers.next()? };
    let bounded = cost.memory_kib <= MOST.memory_kib && cost.passes <= MOST.passes && cost.lanes <= MOST.lanes;
    bounded.then_some((cost, salt, check))
}

fn derive(passphrase: &Secret<[u8]>, salt: &[u8; 16], cost: &Cost) -> Option<(Passphrase, Secret<[u8; 32]>)> {
    let parameters = Params::new(cost.memory_kib, cost.passes, cost.lanes, Some(32)).ok()?;
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, parameters);
    let stretched = filled(|out| argon2.hash_password_into(passphrase.expose(), salt, out).ok())?;
    let key = filled(|out| kdf::kbkdf(stretched.expose(), b"sealroom root key", b"", out).ok())?;
    let check = filled(|out| kdf::kbkdf(stretched.expose(), b"sealroom root check", b"", out).ok())?;
    Some((Passphrase { key }, check))
}

fn filled(fill: impl FnOnce(&mut [u8; 32]) -> Option<()>) -> Option<Secret<[u8; 32]>> {
    let mut done = None;
    let secret = Secret::filled(|out| done = fill(out));
    done.map(|()| secret)
}

impl Root for Passphrase {
    fn kind(&self) -> &'static str {
        "passphrase"
    }

    fn wrap(&self, aad: &[u8], secret: &[u8]) -> Vec<u8> {
        wrap::seal(&self.key, aad, secret)
    }

    fn unwrap(&self, aad: &[u8], wrapped: &[u8]) -> Result<Secret<[u8]>, SealBroken> {
        wrap::open(&self.key, aad, wrapped)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Secret<[u8]> {
        Secret::copy_of(text.as_bytes())
    }

    #[test]
    fn the_same_passphrase_opens_and_another_is_told_wrong() {
        let (root, parameters) = Passphrase::create(&text("correct horse")).unwrap();
        let wrapped = root.wrap(b"aad", b"secret");
        let again = Passphrase::open(&text("correct horse"), &parameters).unwrap();
        assert_eq!(again.unwrap(b"aad", &wrapped).unwrap().expose(), b"secret");
        assert!(again.unwrap(b"aae", &wrapped).is_err());
        let wrong = Passphrase::open(&text("correct horsf"), &parameters);
        assert!(matches!(wrong, Err(RootError::WrongPassphrase)));
    }

    #[test]
    fn two_roots_of_one_passphrase_differ() {
        let (first, first_parameters) = Passphrase::create(&text("same")).unwrap();
        let (second, second_parameters) = Passphrase::create(&text("same")).unwrap();
        assert_ne!(first_parameters, second_parameters);
        assert!(second.unwrap(b"", &first.wrap(b"", b"secret")).is_err());
    }

    #[test]
    fn an_empty_passphrase_is_refused() {
        assert!(matches!(Passphrase::create(&text("")), Err(RootError::EmptyPassphrase)));
    }

    #[test]
    fn parameters_that_ask_for_too_much_or_are_damaged_are_refused() {
        let good = |memory: u32, passes: u32, lanes: u32| {
            let numbers = [memory, passes, lanes].map(u32::to_be_bytes).concat();
            [&[VERSION][..], &numbers, &[1; 48]].concat()
        };
        assert!(parse(&good(MOST.memory_kib, MOST.passes, MOST.lanes)).is_some());
        for bad in [
            good(MOST.memory_kib + 1, 3, 4),
            good(65_536, MOST.passes + 1, 4),
            good(65_536, 3, MOST.lanes + 1),
            good(65_536, 3, 4)[1..].to_vec(),
            [&good(65_536, 3, 4)[..], &[0]].concat(),
            vec![],
        ] {
            assert!(parse(&bad).is_none());
            assert!(matches!(Passphrase::open(&text("any"), &bad), Err(RootError::Parameters)));
        }
        assert!(matches!(Passphrase::open(&text("any"), &good(0, 0, 0)), Err(RootError::Parameters)));
    }
}
