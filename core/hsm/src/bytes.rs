//! Reading and writing byte formats: fixed fields, blocks behind their length, and key ids, without ever panicking.

use sealroom_foundation::{AccountId, KeyId, Secret};

/// An account in twelve bytes: its text, padded with zeros.
pub(crate) fn account_bytes(account: &AccountId) -> [u8; 12] {
    let mut bytes = [0u8; 12];
    let text = account.as_str().as_bytes();
    // INVARIANT: an account has twelve characters at most.
    if let Some(start) = bytes.get_mut(..text.len()) {
        start.copy_from_slice(text);
    }
    bytes
}

/// The account of [`account_bytes`]: twelve digits, or `platform`.
pub(crate) fn account_of(bytes: &[u8; 12]) -> Option<AccountId> {
    if *bytes == account_bytes(&AccountId::platform()) {
        return Some(AccountId::platform());
    }
    std::str::from_utf8(bytes).ok()?.parse().ok()
}

/// A key id in seventeen bytes: whether it is a multi-Region one, and the sixteen of the id.
pub(crate) fn key_bytes(key: KeyId) -> [u8; 17] {
    let mut bytes = [0u8; 17];
    let [form, id @ ..] = &mut bytes;
    *form = u8::from(key.is_multi_region());
    *id = key.to_bytes();
    bytes
}

/// The key id of [`key_bytes`].
pub(crate) fn key_of(bytes: &[u8; 17]) -> Option<KeyId> {
    let (form, id) = bytes.split_first()?;
    let multi_region = match form {
        0 => false,
        1 => true,
        _ => return None,
    };
    Some(KeyId::from_bytes(multi_region, *id.first_chunk()?))
}

/// What hasn't been read yet.
pub(crate) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(crate) fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Option<&'a [u8; N]> {
        let (taken, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(taken)
    }

    pub(crate) fn u8(&mut self) -> Option<u8> {
        self.array::<1>().map(|[byte]| *byte)
    }

    pub(crate) fn u16(&mut self) -> Option<u16> {
        self.array().map(|bytes| u16::from_be_bytes(*bytes))
    }

    pub(crate) fn u32(&mut self) -> Option<u32> {
        self.array().map(|bytes| u32::from_be_bytes(*bytes))
    }

    pub(crate) fn bool(&mut self) -> Option<bool> {
        match self.u8()? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }

    /// A block behind its length in four bytes.
    pub(crate) fn block(&mut self) -> Option<&'a [u8]> {
        let length = self.u32()?;
        self.take(usize::try_from(length).ok()?)
    }

    pub(crate) fn rest(self) -> &'a [u8] {
        self.0
    }

    /// Nothing may be left.
    pub(crate) fn end(self) -> Option<()> {
        self.0.is_empty().then_some(())
    }
}

/// Where [`assemble`]'s caller puts its pieces.
pub(crate) struct Pieces<'o>(&'o mut dyn FnMut(&[u8]));

impl Pieces<'_> {
    pub(crate) fn put(&mut self, bytes: &[u8]) {
        (self.0)(bytes);
    }

    pub(crate) fn u8(&mut self, byte: u8) {
        self.put(&[byte]);
    }

    /// A block behind its length in four bytes.
    ///
    /// LIMIT: 4 GiB; the lengths of commands and replies are bounded far below.
    pub(crate) fn block(&mut self, bytes: &[u8]) {
        self.put(&u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
        self.put(bytes);
    }
}

/// Lets `write` put its pieces one behind the other. It is called twice, first to measure: so the secret bytes are
/// written once, into memory that is wiped, and never moved.
pub(crate) fn assemble(write: impl Fn(&mut Pieces<'_>)) -> Secret<[u8]> {
    let mut length = 0usize;
    write(&mut Pieces(&mut |piece| length += piece.len()));
    Secret::filled_slice(length, |out| {
        let mut rest = out;
        write(&mut Pieces(&mut |piece| {
            // INVARIANT: both calls put the same pieces, so the buffer is long enough.
            if let Some((into, left)) = std::mem::take(&mut rest).split_at_mut_checked(piece.len()) {
                into.copy_from_slice(piece);
                rest = left;
            }
        }));
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_and_key_ids_come_back() {
        for account in ["000000000000".parse().unwrap(), AccountId::platform()] {
            assert_eq!(account_of(&account_bytes(&account)), Some(account));
        }
        assert_eq!(account_of(b"12345678901x"), None);
        for key in ["1234abcd-12ab-34cd-56ef-1234567890ab", "mrk-1234abcd12ab34cd56ef1234567890ab"] {
            let key: KeyId = key.parse().unwrap();
            assert_eq!(key_of(&key_bytes(key)), Some(key));
        }
        assert_eq!(key_of(&[2; 17]), None);
    }

    #[test]
    fn a_reader_gives_what_is_there_and_no_more() {
        let written = assemble(|out| {
            out.u8(1);
            out.block(b"block");
            out.put(&[0, 9]);
        });
        let mut reader = Reader::new(written.expose());
        assert_eq!(reader.bool(), Some(true));
        assert_eq!(reader.block(), Some(&b"block"[..]));
        assert_eq!(reader.u16(), Some(9));
        assert_eq!(reader.u8(), None);
        assert_eq!(reader.end(), Some(()));
        assert_eq!(Reader::new(&[0, 0, 0, 2, 1]).block(), None);
        assert_eq!(Reader::new(&[0]).end(), None);
    }
}
