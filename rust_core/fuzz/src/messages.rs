//! A message is parsed or refused, and never verified unless it was signed.

use sikka_core::error::{Error, Result};
use sikka_core::rsa::VerifyingKey;
use sikka_core::xml::keyring::{Entry, KeyRing};
use sikka_core::xml::parse::parse;
use sikka_core::xml::profile::{DEPTH_MAXIMUM, MESSAGE_BYTES_MAXIMUM};
use sikka_core::xml::tree::Element;
use sikka_core::xml::verify::{parse_unsigned, verify_message};
use std::sync::LazyLock;

const NOW_S: i64 = 1_800_000_000;
/// Who signed the one message of the corpus whose signature holds.
const ORG_ID: &str = "400011";

static RING: LazyLock<KeyRing> = LazyLock::new(|| {
    let key = VerifyingKey::from_pem(include_bytes!("messages.pem"));
    let key = key.unwrap_or_else(|error| panic!("messages.pem: {error}"));
    let org_id = ORG_ID.to_owned();
    let entry = Entry { org_id, key, not_before_s: NOW_S - 60, not_after_s: NOW_S + 60 };
    KeyRing::new(vec![entry]).unwrap_or_else(|error| panic!("the ring: {error}"))
});

/// The bytes of a message from a participant.
pub fn message(data: &[u8]) {
    let parsed = judge(parse(data));
    let unsigned = judge(parse_unsigned(data));
    let verified = judge(verify_message(data, &RING, NOW_S));
    assert!(parsed.is_some() || (unsigned.is_none() && verified.is_none()));
    // The same bytes are never a signed message to one reader and an unsigned one to the other.
    assert!(unsigned.is_none() || verified.is_none());
    if let Some(tree) = &parsed {
        assert!(data.len() <= MESSAGE_BYTES_MAXIMUM);
        assert!(visit(tree.root()) <= DEPTH_MAXIMUM);
    }
    if let Some(message) = &verified {
        assert_eq!(message.org_id, ORG_ID);
        assert!(message.tree.root().child("Signature").is_none());
        assert!(judge(verify_message(data, &RING, NOW_S + 61)).is_none(), "the key has ended");
    }
}

fn judge<T>(outcome: Result<T>) -> Option<T> {
    match outcome {
        Ok(value) => Some(value),
        Err(error) => {
            let expected = matches!(error, Error::Malformed(_) | Error::Signature(_));
            assert!(expected && !error.to_string().is_empty(), "another refusal: {error:?}");
            None
        }
    }
}

/// Ask an element for all that it says; how many levels it has.
fn visit(element: Element<'_>) -> usize {
    assert!(!element.name().is_empty());
    for (name, value) in element.attributes() {
        assert_eq!(element.get(name), Some(value), "an attribute is there once");
    }
    let _ = element.text();
    1 + element.children().map(visit).max().unwrap_or(0)
}
