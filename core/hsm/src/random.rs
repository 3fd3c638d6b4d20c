//! Random bytes. Keys come straight from the generator; salts, nonces and ids from a pool per thread, because a draw
//! of a thousand bytes costs little more than one of twelve.
//!
//! The pool lies on a page that the kernel wipes in a forked child ([`WipedPage`]); the number of bytes left lies on
//! the same page, so that a child finds its pool empty and not its parent's bytes. What is handed out is erased.

use std::cell::RefCell;

use sealroom_crypto::random;

use crate::memory::WipedPage;

/// How many bytes are drawn at once.
const POOL: usize = 1_024;

/// Where the number of bytes left stands on the page.
const COUNT: usize = 2;

thread_local! {
    static PAGE: RefCell<Option<WipedPage>> = RefCell::new(WipedPage::new());
}

/// A salt and a nonce for a sealed value.
pub(crate) fn salt_nonce() -> [u8; 28] {
    pooled()
}

/// `N` bytes for salts, nonces and ids; not for keys.
pub(crate) fn pooled<const N: usize>() -> [u8; N] {
    let taken = PAGE.try_with(|page| page.try_borrow_mut().ok()?.as_mut().and_then(take::<N>));
    if let Ok(Some(bytes)) = taken {
        return bytes;
    }
    let mut bytes = [0u8; N];
    random::fill(&mut bytes);
    bytes
}

fn take<const N: usize>(page: &mut WipedPage) -> Option<[u8; N]> {
    let (count, rest) = page.bytes().split_first_chunk_mut::<COUNT>()?;
    let pool = rest.get_mut(..POOL)?;
    let mut left = usize::from(u16::from_ne_bytes(*count));
    if left < N {
        random::fill(pool);
        left = POOL;
    }
    let start = left.checked_sub(N)?;
    let source = pool.get_mut(start..left)?;
    let mut bytes = [0u8; N];
    bytes.copy_from_slice(source);
    source.fill(0);
    *count = u16::try_from(start).ok()?.to_ne_bytes();
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_two_draws_are_equal_over_many_refills() {
        let mut seen = HashSet::new();
        for _ in 0..10_000 {
            assert!(seen.insert(salt_nonce()));
        }
    }

    #[test]
    fn what_is_handed_out_is_erased() {
        let Some(mut page) = WipedPage::new() else { return };
        let bytes: [u8; 28] = take(&mut page).unwrap();
        assert!(bytes.iter().any(|byte| *byte != 0));
        assert!(!page.bytes().windows(28).any(|window| window == bytes));
    }

    #[test]
    fn a_wiped_page_is_an_empty_pool() {
        let Some(mut page) = WipedPage::new() else { return };
        let _: [u8; 28] = take(&mut page).unwrap();
        page.bytes().fill(0);
        let first: [u8; 28] = take(&mut page).unwrap();
        assert!(first.iter().any(|byte| *byte != 0));
    }
}
