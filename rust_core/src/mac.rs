//! HMAC-SHA256, and the webhook schemes of Standard Webhooks, Stripe and Razorpay.
//!
//! Verification compares in constant time and returns an error, never a flag.

use crate::error::{Error, Result};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{Context, SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

const NO_MATCH: Error = Error::Signature("no signature matches");
const HEX_LOWER: &[u8; 16] = b"0123456789abcdef";

/// What SHA-256 takes at a time, and what it gives.
const BLOCK_BYTES: usize = 64;
const TAG_BYTES: usize = 32;

/// An HMAC-SHA256.
pub type Tag = [u8; TAG_BYTES];

/// When a verifier lives, and how far from it a signed time may lie.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    /// Now, in seconds since 1970.
    pub now_s: i64,
    /// The greatest distance allowed, before and after.
    pub tolerance_s: i64,
}

impl Clock {
    fn check(self, timestamp_s: i64) -> Result<()> {
        let tolerance_s = u64::try_from(self.tolerance_s).unwrap_or(0);
        if self.now_s.abs_diff(timestamp_s) > tolerance_s {
            return Err(Error::Signature("the timestamp is outside of the tolerance"));
        }
        Ok(())
    }
}

/// The HMAC-SHA256 of the parts, one after the other (RFC 2104, section 2).
///
/// Half of the time of a webhook's HMAC would go into the copies of a keyed context that is used
/// once; so it is put together here from two hashes.
pub fn tag(secret: &[u8], parts: &[&[u8]]) -> Result<Tag> {
    if secret.is_empty() {
        return Err(Error::KeyFormat("secret must not be empty"));
    }
    let mut key = [0; BLOCK_BYTES];
    match key.get_mut(..secret.len()) {
        Some(place) => place.copy_from_slice(secret),
        None => key[..TAG_BYTES].copy_from_slice(digest(&SHA256, secret).as_ref()),
    }
    let mut inner = Context::new(&SHA256);
    inner.update(&key.map(|byte| byte ^ 0x36));
    for part in parts {
        inner.update(part);
    }
    let mut outer = [0; BLOCK_BYTES + TAG_BYTES];
    outer[..BLOCK_BYTES].copy_from_slice(&key.map(|byte| byte ^ 0x5C));
    outer[BLOCK_BYTES..].copy_from_slice(inner.finish().as_ref());
    let mut tag = Tag::default();
    tag.copy_from_slice(digest(&SHA256, &outer).as_ref());
    Ok(tag)
}

/// Accept when one of the candidates is the tag of the parts under one of the secrets.
fn verify_any<S: AsRef<[u8]>>(secrets: &[S], candidates: &[Tag], parts: &[&[u8]]) -> Result<()> {
    let mut matched = false;
    for secret in secrets {
        let expected = tag(secret.as_ref(), parts)?;
        for candidate in candidates {
            matched |= verify_slices_are_equal(&expected, candidate).is_ok();
        }
    }
    if matched { Ok(()) } else { Err(NO_MATCH) }
}

/// HMAC-SHA256 as lower-case hex.
pub fn hmac_sha256_hex(secret: &[u8], body: &[u8]) -> Result<String> {
    Ok(write_hex(&tag(secret, &[body])?))
}

/// Check a lower-case hex HMAC-SHA256 under any of the secrets.
pub fn hmac_sha256_hex_verify<S: AsRef<[u8]>>(
    secrets: &[S],
    signature: &str,
    body: &[u8],
) -> Result<()> {
    let candidate = read_hex(signature).ok_or(NO_MATCH)?;
    verify_any(secrets, &[candidate], &[body])
}

/// The `webhook-signature` of Standard Webhooks.
pub fn standard_webhooks_sign(
    secret: &[u8],
    message_id: &str,
    timestamp_s: i64,
    body: &[u8],
) -> Result<String> {
    // A dot would let the boundary between id, time and body move.
    if message_id.is_empty() || message_id.contains(['.', ' ']) {
        return Err(Error::malformed("message_id must not be empty nor contain \".\" or a space"));
    }
    let timestamp = write_timestamp(timestamp_s)?;
    let parts = [message_id.as_bytes(), b".", timestamp.as_bytes(), b".", body];
    Ok(format!("v1,{}", STANDARD.encode(tag(secret, &parts)?)))
}

/// Check the headers of a Standard Webhooks delivery.
pub fn standard_webhooks_verify<S: AsRef<[u8]>>(
    secrets: &[S],
    message_id: &str,
    timestamp: &str,
    signatures: &str,
    body: &[u8],
    clock: Clock,
) -> Result<()> {
    if message_id.is_empty() || message_id.contains('.') {
        return Err(Error::Signature("the message id is not acceptable"));
    }
    clock.check(read_timestamp(timestamp)?)?;
    let candidates: Vec<Tag> = signatures
        .split(' ')
        .filter_map(|signature| signature.strip_prefix("v1,"))
        .filter_map(|base64| STANDARD.decode(base64).ok()?.try_into().ok())
        .collect();
    let parts = [message_id.as_bytes(), b".", timestamp.as_bytes(), b".", body];
    verify_any(secrets, &candidates, &parts)
}

/// The key of a `whsec_` secret.
pub fn webhook_secret_bytes(secret: &str) -> Result<Vec<u8>> {
    let base64 = secret
        .strip_prefix("whsec_")
        .ok_or(Error::KeyFormat("webhook secret must begin with \"whsec_\""))?;
    let key = STANDARD
        .decode(base64)
        .map_err(|_| Error::KeyFormat("webhook secret must be base64 after \"whsec_\""))?;
    if !(24..=64).contains(&key.len()) {
        return Err(Error::KeyFormat("webhook secret must hold 24 to 64 bytes"));
    }
    Ok(key)
}

/// A `Stripe-Signature` header.
pub fn stripe_sign(secret: &str, timestamp_s: i64, body: &[u8]) -> Result<String> {
    let timestamp = write_timestamp(timestamp_s)?;
    let tag = tag(secret.as_bytes(), &[timestamp.as_bytes(), b".", body])?;
    Ok(format!("t={timestamp},v1={}", write_hex(&tag)))
}

/// Check a `Stripe-Signature` header.
pub fn stripe_verify<S: AsRef<[u8]>>(
    secrets: &[S],
    header: &str,
    body: &[u8],
    clock: Clock,
) -> Result<()> {
    let mut timestamp = None;
    let mut candidates = Vec::new();
    for item in header.split(',') {
        match item.split_once('=') {
            Some(("t", value)) => {
                if timestamp.replace(value).is_some() {
                    return Err(Error::Signature("the header has more than one \"t\""));
                }
            }
            Some(("v1", value)) => candidates.extend(read_hex(value)),
            Some(_) => {}
            None => return Err(Error::Signature("the header is not a list of key=value")),
        }
    }
    let timestamp = timestamp.ok_or(Error::Signature("the header has no \"t\""))?;
    clock.check(read_timestamp(timestamp)?)?;
    verify_any(secrets, &candidates, &[timestamp.as_bytes(), b".", body])
}

fn write_timestamp(timestamp_s: i64) -> Result<String> {
    if timestamp_s < 0 {
        return Err(Error::malformed("timestamp_s must not be negative"));
    }
    Ok(timestamp_s.to_string())
}

/// Only plain digits: `parse` alone would also take a sign.
fn read_timestamp(text: &str) -> Result<i64> {
    Some(text)
        .filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))
        .and_then(|text| text.parse().ok())
        .ok_or(Error::Signature("the timestamp is not a number of seconds"))
}

/// Bytes as lower-case hex.
pub(crate) fn write_hex(bytes: &[u8]) -> String {
    let mut hex = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        hex.push(char::from(HEX_LOWER[usize::from(byte >> 4)]));
        hex.push(char::from(HEX_LOWER[usize::from(byte & 15)]));
    }
    hex
}

fn read_hex(text: &str) -> Option<Tag> {
    let digits: &[u8; 2 * TAG_BYTES] = text.as_bytes().try_into().ok()?;
    let mut tag = Tag::default();
    let mut all = 0;
    for (byte, pair) in tag.iter_mut().zip(digits.chunks_exact(2)) {
        let (high, low) = (HEX_VALUES[usize::from(pair[0])], HEX_VALUES[usize::from(pair[1])]);
        *byte = (high << 4) | (low & 15);
        all |= high | low;
    }
    (all != NOT_HEX).then_some(tag)
}

/// Above every digit, so that one such value shows in the union of all.
const NOT_HEX: u8 = 0xFF;

/// The value of each byte as a lower-case hex digit.
static HEX_VALUES: [u8; 256] = {
    let mut values = [NOT_HEX; 256];
    let mut value: u8 = 0;
    while value < 16 {
        values[HEX_LOWER[value as usize] as usize] = value;
        value += 1;
    }
    values
};

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const CLOCK: Clock = Clock { now_s: 1_000, tolerance_s: 300 };

    #[test]
    #[cfg_attr(miri, ignore = "calls foreign code")]
    fn hmac_agrees_with_rfc_4231() {
        assert_eq!(
            hmac_sha256_hex(b"Jefe", b"what do ya want for nothing?").unwrap(),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }

    #[test]
    #[cfg_attr(miri, ignore = "calls foreign code")]
    fn a_secret_longer_than_a_block_is_hashed_first() {
        assert_eq!(
            hmac_sha256_hex(
                &[0xAA; 131],
                b"Test Using Larger Than Block-Size Key - Hash Key First"
            )
            .unwrap(),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
        );
    }

    #[test]
    #[cfg_attr(miri, ignore = "calls foreign code")]
    fn any_secret_and_any_signature_of_the_list_suffice() {
        let signature = standard_webhooks_sign(b"new", "msg_1", 1_000, b"body").unwrap();
        let list = format!("v1,AAAA v2,x {signature}");
        let secrets: [&[u8]; 2] = [b"old", b"new"];
        standard_webhooks_verify(&secrets, "msg_1", "1000", &list, b"body", CLOCK).unwrap();
    }

    #[test]
    #[cfg_attr(miri, ignore = "calls foreign code")]
    fn times_before_and_after_the_tolerance_are_refused() {
        for timestamp_s in [699, 1_301] {
            let header = stripe_sign("secret", timestamp_s, b"body").unwrap();
            assert!(stripe_verify(&["secret"], &header, b"body", CLOCK).is_err());
        }
    }

    #[test]
    fn a_timestamp_with_a_sign_is_refused() {
        assert!(read_timestamp("+5").is_err());
        assert!(read_timestamp("").is_err());
    }

    proptest! {
        #![proptest_config(crate::property::config())]

        #[test]
        fn hex_gives_back_its_bytes_and_takes_no_other_spelling(tag in any::<Tag>()) {
            let hex = write_hex(&tag);
            prop_assert_eq!(read_hex(&hex), Some(tag));
            let upper = hex.to_ascii_uppercase();
            prop_assert_eq!(read_hex(&upper).is_some(), upper == hex);
            prop_assert_eq!(read_hex(&hex[1..]), None);
        }

        #[test]
        #[cfg_attr(miri, ignore = "calls foreign code")]
        fn any_header_is_refused(header in "(t=1000,)?(v1=[0-9a-f]{64}|\\PC{0,40}){1,2}") {
            prop_assert!(stripe_verify(&["secret"], &header, b"body", CLOCK).is_err());
            let verified =
                standard_webhooks_verify(&["secret"], "msg_1", "1000", &header, b"body", CLOCK);
            prop_assert!(verified.is_err());
        }
    }
}
