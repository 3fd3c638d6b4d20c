//! Messages that AWS's SDK for Python made, messages of our own, and everything that can be done to either.
//!
//! `tests/sdk.json` has messages of `aws-encryption-sdk` 3.3.1, one of every suite with and without frames. Their data
//! key is the bytes 0, 1, 2 …, as long as the suite wants it.

use proptest::prelude::*;
use sealroom_crypto::ec::{Curve, EcKeyPair};
use sealroom_foundation::Secret;
use serde::Deserialize;

use super::*;

const SDK: &str = include_str!("tests/sdk.json");
const POLICY: CommitmentPolicy = CommitmentPolicy::RequireEncryptRequireDecrypt;
const ARN: &str = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";

#[derive(Deserialize)]
struct SdkMessage {
    suite: String,
    frame_length: u32,
    plaintext: String,
    message: String,
}

impl SdkMessage {
    fn suite(&self) -> Suite {
        Suite::from_id(u16::from_str_radix(&self.suite, 16).unwrap()).unwrap()
    }

    fn bytes(&self) -> Vec<u8> {
        let digit = |byte: u8| u8::try_from(char::from(byte).to_digit(16).unwrap()).unwrap();
        self.message.as_bytes().chunks(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
    }
}

fn sdk() -> Vec<SdkMessage> {
    serde_json::from_str(SDK).unwrap()
}

fn data_key(length: usize) -> Secret<[u8]> {
    Secret::from_vec((0u8..).take(length).collect())
}

/// What comes out of a message whose bytes come in pieces of `step`; what was released before a failure is in `out`.
fn open_in_steps(message: &[u8], step: usize, out: &mut Vec<u8>) -> Result<(), MessageError> {
    let (header, length) = Header::read(message, 16)?.ok_or(MessageError::BreaksOff)?;
    let mut opener = Opener::start(&header, &data_key(header.suite().key_bytes()))?;
    for piece in message[length..].chunks(step) {
        opener.push(piece, out)?;
    }
    opener.finish()
}

fn open(message: &[u8]) -> Result<Vec<u8>, MessageError> {
    let mut out = Vec::new();
    open_in_steps(message, usize::MAX, &mut out).map(|()| out)
}

fn encrypted_data_key() -> EncryptedDataKey {
    EncryptedDataKey {
        provider: KMS_PROVIDER.into(),
        provider_info: ARN.into(),
        ciphertext: b"encrypted data key".to_vec(),
    }
}

fn draft(signed: bool, frame_length: u32) -> Draft {
    let context = EncryptionContext::from_pairs(["stage=test", "a=é"]).unwrap();
    let frame_length = FrameLength::new(frame_length).unwrap();
    if signed {
        return Draft::signed(EcKeyPair::generate(Curve::P384).unwrap(), context, frame_length).unwrap();
    }
    Draft::unsigned(context, frame_length)
}

fn seal(signed: bool, frame_length: u32, plaintext: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let draft = draft(signed, frame_length);
    let mut sealer = draft.start([7; 32], &[encrypted_data_key()], &data_key(32), &mut out).unwrap();
    sealer.push(plaintext, &mut out).unwrap();
    sealer.finish(&mut out).unwrap();
    out
}

#[test]
fn every_message_of_the_sdk_opens_in_pieces_of_any_size() {
    let mut seen = std::collections::BTreeSet::new();
    for row in sdk() {
        let message = row.bytes();
        for step in [1, 7, usize::MAX] {
            let mut out = Vec::new();
            assert_eq!(open_in_steps(&message, step, &mut out), Ok(()), "{} {}", row.suite, row.frame_length);
            assert_eq!(out, row.plaintext.as_bytes());
        }
        let (header, _) = Header::read(&message, 1).unwrap().unwrap();
        assert_eq!((header.suite(), header.data_keys()), (row.suite(), &[encrypted_data_key()][..]));
        if row.frame_length < 4096 {
            let wanted = EncryptionContext::from_pairs(["stage=test", "a=é"]).unwrap();
            assert_eq!(header.context().lacks(&wanted), None);
        }
        seen.insert((row.suite, row.frame_length));
    }
    assert_eq!(seen.len(), 11 * 3);
}

#[test]
fn what_does_not_commit_is_for_the_policy_to_allow() {
    for row in sdk() {
        let (header, _) = Header::read(&row.bytes(), 1).unwrap().unwrap();
        let id = header.suite().id();
        let wanted = if [0x0478, 0x0578].contains(&id) { Ok(()) } else { Err(MessageError::Uncommitted(id)) };
        assert_eq!(header.check(POLICY), wanted);
        assert_eq!(header.check(CommitmentPolicy::RequireEncryptAllowDecrypt), Ok(()));
    }
}

#[test]
fn a_message_with_any_bit_flipped_is_refused() {
    let ours = [seal(true, 8, b"twelve bytes"), seal(false, 8, b"twelve bytes"), seal(false, 8, b"")];
    let theirs = sdk().into_iter().filter(|row| row.plaintext == "twelve bytes").map(|row| row.bytes());
    for message in ours.into_iter().chain(theirs) {
        for at in 0..message.len() {
            let mut damaged = message.clone();
            damaged[at] ^= 1 << (at % 8);
            let opened = open(&damaged);
            assert!(opened.is_err(), "byte {at} of {message:02x?}");
        }
    }
}

#[test]
fn a_message_cut_anywhere_is_refused_and_so_is_one_with_more_behind() {
    let ours = [seal(true, 8, b"twelve bytes"), seal(false, 8, b"")];
    for message in ours.into_iter().chain(sdk().into_iter().map(|row| row.bytes())) {
        for length in 0..message.len() {
            assert_eq!(open(&message[..length]), Err(MessageError::BreaksOff), "{length} of {}", message.len());
        }
        assert_eq!(open(&[message.as_slice(), &[0]].concat()), Err(MessageError::Trailing));
    }
}

#[test]
fn frames_that_are_swapped_dropped_or_repeated_are_refused_and_not_released() {
    let message = seal(false, 4, b"aaaabbbbccccd");
    let (_, body) = Header::read(&message, 1).unwrap().unwrap();
    let frame = 4 + 12 + 4 + 16;
    let (head, frames) = message.split_at(body);
    let (first, rest) = frames.split_at(frame);
    let (second, rest) = rest.split_at(frame);
    let rows: [(&[&[u8]], &str); 4] = [
        (&[head, second, first, rest], ""),
        (&[head, second, rest], ""),
        (&[head, first, first, second, rest], "aaaa"),
        (&[head, first, rest], "aaaa"),
    ];
    for (parts, released) in rows {
        let mut out = Vec::new();
        assert_eq!(open_in_steps(&parts.concat(), 5, &mut out), Err(MessageError::Broken));
        assert_eq!(out, released.as_bytes());
    }
}

#[test]
fn nothing_comes_out_after_a_failure() {
    let message = seal(false, 4, b"aaaabbbbcccc");
    let (header, body) = Header::read(&message, 1).unwrap().unwrap();
    let mut opener = Opener::start(&header, &data_key(32)).unwrap();
    let mut damaged = message[body..body + 36].to_vec();
    damaged[20] ^= 1;
    let mut out = Vec::new();
    assert_eq!(opener.push(&damaged, &mut out), Err(MessageError::Broken));
    assert_eq!(opener.push(&message[body..], &mut out), Err(MessageError::Broken));
    assert!(out.is_empty());
    assert_eq!(opener.finish(), Err(MessageError::BreaksOff));
}

#[test]
fn another_data_key_opens_nothing() {
    for row in sdk() {
        let (header, _) = Header::read(&row.bytes(), 1).unwrap().unwrap();
        let length = header.suite().key_bytes();
        let mut other = data_key(length);
        other.expose_mut()[0] ^= 1;
        for key in [other, data_key(length - 1), data_key(length + 8), data_key(0)] {
            assert_eq!(Opener::start(&header, &key).err(), Some(MessageError::Broken), "{}", row.suite);
        }
    }
}

#[test]
fn a_commitment_to_another_key_is_refused_though_the_tag_is_right() {
    let message = seal(false, 8, b"plaintext");
    let (mut header, _) = Header::read(&message, 1).unwrap().unwrap();
    assert!(Opener::start(&header, &data_key(32)).is_ok());
    header.commitment = header.commitment.map(|commitment| commitment.map(|byte| byte ^ 1));
    assert_eq!(Opener::start(&header, &data_key(32)).err(), Some(MessageError::Broken));
}

#[test]
fn as_many_data_keys_as_are_allowed_and_no_more() {
    let mut message = Vec::new();
    let data_keys = vec![encrypted_data_key(); 3];
    draft(false, 8).start([7; 32], &data_keys, &data_key(32), &mut message).unwrap();
    assert_eq!(Header::read(&message, 3).unwrap().unwrap().0.data_keys(), data_keys);
    assert_eq!(Header::read(&message, 2), Err(MessageError::DataKeys { found: 3, limit: 2 }));
    assert_eq!(draft(false, 8).start([7; 32], &[], &data_key(32), &mut message).err(), Some(MessageError::Unwritable));
}

#[test]
fn a_header_may_be_as_long_as_the_limit_and_no_longer() {
    let long = |ciphertext: usize| {
        let mut data_keys = vec![EncryptedDataKey { ciphertext: vec![0; 65_535], ..encrypted_data_key() }; 3];
        data_keys.push(EncryptedDataKey { ciphertext: vec![0; ciphertext], ..encrypted_data_key() });
        let mut out = Vec::new();
        draft(false, 8).start([7; 32], &data_keys, &data_key(32), &mut out).map(|_| out)
    };
    let shorter = MAX_HEADER - long(0).unwrap().len();
    let longest = long(shorter).unwrap();
    assert_eq!(longest.len(), MAX_HEADER);
    assert_eq!(Header::read(&longest, 9).unwrap().unwrap().1, MAX_HEADER);
    assert_eq!(Header::read(&longest[..MAX_HEADER - 1], 9), Ok(None));
    assert_eq!(long(shorter + 1), Err(MessageError::Unwritable));
    // One that somebody else made.
    let mut endless = longest;
    let at = endless.windows(4).position(|bytes| bytes == [0, 4, 0, 7]).unwrap();
    endless[at + 1] = 9;
    assert_eq!(Header::read(&endless, 9), Err(MessageError::LongHeader));
}

#[test]
fn frames_may_be_as_long_as_the_limit_and_no_longer() {
    let limit = u32::try_from(MAX_FRAME).unwrap();
    assert!(FrameLength::new(limit).is_some() && FrameLength::new(1).is_some());
    assert!(FrameLength::new(limit + 1).is_none() && FrameLength::new(0).is_none());
    let message = seal(false, 8, b"");
    let at = Header::read(&message, 1).unwrap().unwrap().1 - 16 - 32 - 4;
    let with = |length: u32| {
        let mut message = message.clone();
        message[at..at + 4].copy_from_slice(&length.to_be_bytes());
        Header::read(&message, 1).map(|read| read.is_some())
    };
    assert_eq!((with(limit), with(limit + 1)), (Ok(true), Err(MessageError::LongFrame(u64::from(limit) + 1))));
    assert!(matches!(with(0), Err(MessageError::Header(_))));
}

#[test]
fn a_body_without_frames_is_refused_by_its_length_before_it_comes() {
    let row = sdk().into_iter().find(|row| row.suite == "0478" && row.frame_length == 0).unwrap();
    let (header, body) = Header::read(&row.bytes(), 1).unwrap().unwrap();
    let limit = u64::try_from(MAX_FRAME).unwrap();
    for (length, wanted) in [(limit, Ok(())), (limit + 1, Err(MessageError::LongFrame(limit + 1)))] {
        let mut opener = Opener::start(&header, &data_key(32)).unwrap();
        let head = [&row.bytes()[body..body + 12], &length.to_be_bytes()].concat();
        assert_eq!(opener.push(&head, &mut Vec::new()), wanted);
    }
}

#[test]
fn frames_are_numbered_to_the_formats_end_and_not_beyond() {
    let mut out = Vec::new();
    let mut sealer = draft(false, 1).start([7; 32], &[encrypted_data_key()], &data_key(32), &mut out).unwrap();
    sealer.number = u32::MAX - 1;
    sealer.push(b"a", &mut out).unwrap();
    assert_eq!(sealer.push(b"b", &mut out), Err(MessageError::TooLong));
}

#[test]
fn the_last_frame_is_never_full() {
    let (frame, last) = (4 + 12 + 16, 4 + 4 + 12 + 4 + 16);
    for (length, frames, rest) in [(0, 0, 0), (3, 0, 3), (4, 1, 0), (5, 1, 1), (8, 2, 0)] {
        let message = seal(false, 4, &b"aaaabbbb"[..length]);
        let (_, body) = Header::read(&message, 1).unwrap().unwrap();
        assert_eq!(message.len() - body, frames * (frame + 4) + last + rest, "{length}");
        assert_eq!(open(&message).unwrap(), &b"aaaabbbb"[..length]);
    }
}

#[test]
fn what_is_no_message_is_told_by_its_first_bytes() {
    let rows: [(&[u8], MessageError); 6] = [
        (b"\x00", MessageError::NotAMessage),
        (b"hello", MessageError::NotAMessage),
        (b"\x01\x81", MessageError::NotAMessage),
        (b"\x02\x12\x34", MessageError::UnknownSuite(0x1234)),
        (b"\x02\x03\x78", MessageError::Header("the algorithm suite is one of another version")),
        (b"\x01\x80\x05\x78", MessageError::Header("the algorithm suite is one of another version")),
    ];
    for (bytes, wanted) in rows {
        assert_eq!(Header::read(bytes, 1), Err(wanted), "{bytes:?}");
    }
    assert_eq!(Header::read(b"", 1), Ok(None));
}

#[test]
fn a_signature_needs_its_public_key_and_a_public_key_its_signature() {
    let mut context = EncryptionContext::default();
    context.insert(context::PUBLIC_KEY, "AA==").unwrap();
    let mut message = Vec::new();
    let draft = Draft::unsigned(context, DEFAULT_FRAME_LENGTH);
    draft.start([7; 32], &[encrypted_data_key()], &data_key(32), &mut message).unwrap();
    assert!(matches!(Header::read(&message, 1), Err(MessageError::Header(_))));
    let mut message = seal(false, 8, b"");
    message[1..3].copy_from_slice(&[0x05, 0x78]);
    assert!(matches!(Header::read(&message, 1), Err(MessageError::Header(_))));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_sealed_in_pieces_opens_in_pieces(
        plaintext in prop::collection::vec(any::<u8>(), 0..300),
        frame_length in 1u32..100,
        step in 1usize..120,
        signed: bool,
    ) {
        let mut message = Vec::new();
        let draft = draft(signed, frame_length);
        let mut sealer = draft.start([9; 32], &[encrypted_data_key()], &data_key(32), &mut message).unwrap();
        for piece in plaintext.chunks(step) {
            sealer.push(piece, &mut message).unwrap();
        }
        sealer.finish(&mut message).unwrap();
        let mut out = Vec::new();
        open_in_steps(&message, step, &mut out).unwrap();
        prop_assert_eq!(out, plaintext);
    }

    #[test]
    fn any_bytes_are_read_without_harm(bytes in prop::collection::vec(any::<u8>(), 0..200), version in 1u8..3) {
        let bytes = [&[version, 0x80][..usize::from(3 - version)], &[0x05, 0x78], &bytes].concat();
        let _ = open(&bytes);
    }
}
