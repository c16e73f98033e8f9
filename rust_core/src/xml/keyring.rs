//! The pinned keys of the participants.

use crate::error::{Error, Result};
use crate::rsa::VerifyingKey;
use std::collections::HashMap;

/// A key and when it may be used, both ends included.
pub struct Entry {
    /// The participant's `Head@orgId`.
    pub org_id: String,
    /// The participant's key.
    pub key: VerifyingKey,
    /// From when, in seconds since 1970.
    pub not_before_s: i64,
    /// Until when, in seconds since 1970.
    pub not_after_s: i64,
}

/// The keys of every participant. A participant may have several, for the days of a rotation.
pub struct KeyRing(HashMap<String, Vec<Entry>>);

impl KeyRing {
    /// A ring of these keys.
    pub fn new(entries: Vec<Entry>) -> Result<Self> {
        let mut ring: HashMap<String, Vec<Entry>> = HashMap::new();
        for entry in entries {
            if entry.org_id.is_empty() {
                return Err(Error::malformed("org_id must not be empty"));
            }
            if entry.not_after_s < entry.not_before_s {
                return Err(Error::malformed("not_after_s must not lie before not_before_s"));
            }
            ring.entry(entry.org_id.clone()).or_default().push(entry);
        }
        Ok(Self(ring))
    }

    /// Accept when a key of the participant that is valid now made the signature.
    pub(super) fn verify(
        &self,
        org_id: &str,
        now_s: i64,
        message: &[u8],
        signature: &[u8],
    ) -> Result<()> {
        let entries = self
            .0
            .get(org_id)
            .ok_or(Error::Signature("the organisation is not in the key ring"))?;
        let mut outcome = Err(Error::Signature("the organisation has no key that is valid now"));
        for entry in entries {
            if (entry.not_before_s..=entry.not_after_s).contains(&now_s) {
                outcome = entry.key.verify(message, signature);
                if outcome.is_ok() {
                    break;
                }
            }
        }
        outcome
    }
}
