//! Sealing: AES-256-GCM under a data key of its own for each payload, which a sealing key wraps.
//!
//! The sealed form, in bytes:
//!
//! ```text
//! 4  "SKSL"            magic                    -+
//! 1  1                 version                   | the header: what the wrapped key is bound to
//! 1  n, 1 to 64        length of the key id      |
//! n  key id            A-Z a-z 0-9 . _ -        -+
//! 12 nonce, random     of the wrapping
//! 48 the data key, encrypted under the sealing key with the header as associated data, and its tag
//! 12 nonce, random     of the payload
//! .. the payload, encrypted under the data key with magic, version and the caller's associated
//!    data as associated data, and its tag of 16
//! ```
//!
//! A data key seals once. A sealing key wraps once for each payload and each re-wrapping, always 32
//! bytes, and must do so at most 2^32 times with random nonces (NIST SP 800-38D, section 8.3): how
//! long the payloads are does not count against it.

use crate::error::{Error, Result};
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::rand;
use std::fmt;
use zeroize::Zeroizing;

const MAGIC: &[u8; 5] = b"SKSL\x01";
const KEY_BYTES: usize = 32;
const TAG_BYTES: usize = 16;
const WRAPPED_BYTES: usize = KEY_BYTES + TAG_BYTES;
const KEY_ID_LENGTH_MAXIMUM: usize = 64;

/// A key that wraps the keys of payloads, and the id by which they name it.
pub struct SealingKey {
    id: String,
    /// The cipher keeps its key in memory that it overwrites when it is freed.
    cipher: LessSafeKey,
}

impl SealingKey {
    /// Take an id and 32 random bytes.
    pub fn new(id: &str, secret: &[u8]) -> Result<Self> {
        if !is_key_id(id.as_bytes()) {
            return Err(Error::KeyFormat(
                "sealing key id must be 1 to 64 of letters, digits, \".\", \"_\" and \"-\"",
            ));
        }
        if secret.len() != KEY_BYTES {
            return Err(Error::KeyFormat("sealing key must hold 32 bytes"));
        }
        Ok(Self { id: id.to_owned(), cipher: cipher_of(secret)? })
    }

    /// The id, which is no secret.
    pub fn id(&self) -> &str {
        &self.id
    }
}

impl fmt::Debug for SealingKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "SealingKey({})", self.id)
    }
}

/// Seal a payload. What `associated_data` says is not kept, but must be said again to open it.
pub fn seal(key: &SealingKey, plaintext: &[u8], associated_data: &[u8]) -> Result<Vec<u8>> {
    // The generator takes longer to start than to go on, so it is asked once.
    let mut random = Zeroizing::new([0; KEY_BYTES + 2 * NONCE_LEN]);
    fill(random.as_mut())?;
    let (data_key, nonces) = random.split_at(KEY_BYTES);
    let (wrap_nonce, nonce) = nonces.split_at(NONCE_LEN);
    let overhead = MAGIC.len() + 1 + key.id.len() + 2 * NONCE_LEN + WRAPPED_BYTES + TAG_BYTES;
    let mut sealed = Vec::with_capacity(overhead + plaintext.len());
    wrap(key, wrap_nonce, data_key, &mut sealed)?;
    let bound = payload_bound_to(associated_data);
    encrypt(&cipher_of(data_key)?, nonce, &bound, plaintext, &mut sealed)?;
    Ok(sealed)
}

/// How long the payload is that `open` gives.
pub fn plaintext_length(sealed: &[u8]) -> Result<usize> {
    Ok(Sealed::read(sealed)?.payload.len() - NONCE_LEN - TAG_BYTES)
}

/// Open a sealed payload with whichever of the keys it names, into a place of its very length.
pub fn open<'a>(
    keys: impl IntoIterator<Item = &'a SealingKey>,
    sealed: &[u8],
    associated_data: &[u8],
    plaintext: &mut [u8],
) -> Result<()> {
    let sealed = Sealed::read(sealed)?;
    let data_key = sealed.unwrap(keys)?;
    let bound = payload_bound_to(associated_data);
    decrypt(&cipher_of(data_key.as_ref())?, &bound, sealed.payload, plaintext)
}

/// Wrap the data key of a sealed payload under another key. The payload stays as it is, unopened.
pub fn rewrap<'a>(
    old_keys: impl IntoIterator<Item = &'a SealingKey>,
    new_key: &SealingKey,
    sealed: &[u8],
) -> Result<Vec<u8>> {
    let sealed = Sealed::read(sealed)?;
    let data_key = sealed.unwrap(old_keys)?;
    let mut nonce = [0; NONCE_LEN];
    fill(&mut nonce)?;
    let mut rewrapped = Vec::with_capacity(sealed.length + new_key.id.len());
    wrap(new_key, &nonce, data_key.as_ref(), &mut rewrapped)?;
    rewrapped.extend_from_slice(sealed.payload);
    Ok(rewrapped)
}

/// The id of the key that a sealed payload names. Nothing vouches for it before it is opened.
pub fn sealed_key_id(sealed: &[u8]) -> Result<&str> {
    std::str::from_utf8(Sealed::read(sealed)?.key_id).map_err(|_| Error::Sealed)
}

/// The parts of the sealed form.
struct Sealed<'a> {
    length: usize,
    header: &'a [u8],
    key_id: &'a [u8],
    /// The wrapped data key after its nonce.
    wrapped: &'a [u8],
    /// The ciphertext after its nonce.
    payload: &'a [u8],
}

impl<'a> Sealed<'a> {
    fn read(sealed: &'a [u8]) -> Result<Self> {
        let rest = sealed.strip_prefix(MAGIC).ok_or(Error::Sealed)?;
        let (id_length, rest) = rest.split_first().ok_or(Error::Sealed)?;
        let (key_id, rest) = rest.split_at_checked((*id_length).into()).ok_or(Error::Sealed)?;
        let header = &sealed[..sealed.len() - rest.len()];
        let (wrapped, payload) =
            rest.split_at_checked(NONCE_LEN + WRAPPED_BYTES).ok_or(Error::Sealed)?;
        if !is_key_id(key_id) || payload.len() < NONCE_LEN + TAG_BYTES {
            return Err(Error::Sealed);
        }
        Ok(Self { length: sealed.len(), header, key_id, wrapped, payload })
    }

    fn unwrap<'k>(
        &self,
        keys: impl IntoIterator<Item = &'k SealingKey>,
    ) -> Result<Zeroizing<[u8; KEY_BYTES]>> {
        let mut data_key = Zeroizing::new([0; KEY_BYTES]);
        keys.into_iter()
            .filter(|key| key.id.as_bytes() == self.key_id)
            .find_map(|key| decrypt(&key.cipher, self.header, self.wrapped, data_key.as_mut()).ok())
            .ok_or(Error::Sealed)?;
        Ok(data_key)
    }
}

/// Write the header and the wrapped data key.
fn wrap(key: &SealingKey, nonce: &[u8], data_key: &[u8], sealed: &mut Vec<u8>) -> Result<()> {
    sealed.extend_from_slice(MAGIC);
    sealed.push(u8::try_from(key.id.len()).map_err(|_| Error::Sealed)?);
    sealed.extend_from_slice(key.id.as_bytes());
    let header = sealed.clone();
    encrypt(&key.cipher, nonce, &header, data_key, sealed)
}

fn payload_bound_to(associated_data: &[u8]) -> Vec<u8> {
    [MAGIC, associated_data].concat()
}

/// Append the nonce, the ciphertext and its tag. The nonce is fresh and random.
fn encrypt(
    cipher: &LessSafeKey,
    nonce: &[u8],
    bound: &[u8],
    plaintext: &[u8],
    to: &mut Vec<u8>,
) -> Result<()> {
    let refused = |_| Error::malformed("plaintext is too long to be sealed");
    to.extend_from_slice(nonce);
    let start = to.len();
    to.resize(start + plaintext.len() + TAG_BYTES, 0);
    let (ciphertext, tag) = to[start..].split_at_mut(plaintext.len());
    let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(refused)?;
    cipher
        .seal_out_of_place_scatter(nonce, Aad::from(bound), plaintext, ciphertext, &[], tag)
        .map_err(refused)
}

/// Open what `encrypt` appended. A place of another length than the plaintext's stays empty.
fn decrypt(cipher: &LessSafeKey, bound: &[u8], from: &[u8], plaintext: &mut [u8]) -> Result<()> {
    let (nonce, rest) = from.split_at_checked(NONCE_LEN).ok_or(Error::Sealed)?;
    let (ciphertext, tag) = rest.split_at_checked(plaintext.len()).ok_or(Error::Sealed)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| Error::Sealed)?;
    cipher
        .open_separate_gather(nonce, Aad::from(bound), ciphertext, tag, plaintext)
        .map_err(|_| Error::Sealed)
}

fn cipher_of(secret: &[u8]) -> Result<LessSafeKey> {
    UnboundKey::new(&AES_256_GCM, secret)
        .map(LessSafeKey::new)
        .map_err(|_| Error::KeyFormat("the key is not one of AES-256"))
}

fn fill(bytes: &mut [u8]) -> Result<()> {
    rand::fill(bytes).map_err(|_| Error::malformed("the random generator failed"))
}

fn is_key_id(id: &[u8]) -> bool {
    (1..=KEY_ID_LENGTH_MAXIMUM).contains(&id.len())
        && id.iter().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(byte))
}

// The cipher is foreign code, which Miri cannot run.
#[cfg(not(miri))]
#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key(id: &str, byte: u8) -> SealingKey {
        SealingKey::new(id, &[byte; KEY_BYTES]).unwrap()
    }

    fn open<'a>(
        keys: impl IntoIterator<Item = &'a SealingKey>,
        sealed: &[u8],
        associated_data: &[u8],
    ) -> Result<Vec<u8>> {
        let mut plaintext = vec![0; plaintext_length(sealed)?];
        super::open(keys, sealed, associated_data, &mut plaintext).map(|()| plaintext)
    }

    #[test]
    fn a_place_of_another_length_stays_empty() {
        let key = key("vault-1", 1);
        let sealed = seal(&key, b"payload", b"row 1").unwrap();
        for length in [0, 6, 8, 100] {
            let mut plaintext = vec![0; length];
            let opened = super::open([&key], &sealed, b"row 1", &mut plaintext);
            assert_eq!((opened, plaintext), (Err(Error::Sealed), vec![0; length]));
        }
    }

    #[test]
    fn what_was_sealed_opens_under_the_named_key_only() {
        let (old, new) = (key("vault-1", 1), key("vault-2", 2));
        let sealed = seal(&old, b"payload", b"row 1").unwrap();
        assert_eq!(sealed_key_id(&sealed), Ok("vault-1"));
        assert_eq!(open([&new, &old], &sealed, b"row 1").unwrap(), b"payload");
        assert_eq!(open([&old], &sealed, b"row 2"), Err(Error::Sealed));
        assert_eq!(open([&new], &sealed, b"row 1"), Err(Error::Sealed));
        assert_eq!(open([&key("vault-1", 3)], &sealed, b"row 1"), Err(Error::Sealed));
        assert_eq!(open([], &sealed, b"row 1"), Err(Error::Sealed));
    }

    #[test]
    fn rewrapping_leaves_the_payload_as_it_is() {
        let (old, new) = (key("vault-1", 1), key("a-longer-id", 2));
        let sealed = seal(&old, b"payload", b"row 1").unwrap();
        let rewrapped = rewrap([&old], &new, &sealed).unwrap();
        assert_eq!(
            Sealed::read(&rewrapped).unwrap().payload,
            Sealed::read(&sealed).unwrap().payload
        );
        assert_eq!(open([&new], &rewrapped, b"row 1").unwrap(), b"payload");
        assert_eq!(rewrap([&old], &new, &rewrapped), Err(Error::Sealed));
    }

    #[test]
    fn a_key_tells_its_id_and_nothing_else() {
        assert_eq!(format!("{:?}", key("vault-1", 1)), "SealingKey(vault-1)");
    }

    proptest! {
        #![proptest_config(crate::property::config())]

        #[test]
        fn a_changed_bit_or_a_missing_end_does_not_open(
            plaintext in prop::collection::vec(any::<u8>(), 0..100),
            place in any::<prop::sample::Index>(),
            bit in 0_u32..8,
        ) {
            let key = key("vault-1", 1);
            let sealed = seal(&key, &plaintext, b"row 1").unwrap();
            let place = place.index(sealed.len());
            let mut changed = sealed.clone();
            changed[place] ^= 1 << bit;
            prop_assert_eq!(open([&key], &changed, b"row 1"), Err(Error::Sealed));
            prop_assert_eq!(open([&key], &sealed[..place], b"row 1"), Err(Error::Sealed));
        }

        #[test]
        fn any_bytes_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let framed = [MAGIC.as_slice(), &bytes].concat();
            for sealed in [bytes, framed] {
                prop_assert_eq!(open([&key("vault-1", 1)], &sealed, b""), Err(Error::Sealed));
            }
        }
    }
}
