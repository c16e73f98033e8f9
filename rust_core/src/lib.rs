//! The native core of Sikka: arithmetic over bytes, without I/O and without a clock.

/// The brand of a card: by a table of BINs first, by prefixes second.
pub mod brand;
/// Card numbers: grammar, mask, keyed fingerprint, expiry.
pub mod card;
/// The key inside an X.509 certificate.
mod certificate;
/// What can go wrong, in five kinds.
pub mod error;
/// What is remembered of those who pay and are paid, and the features of a payment.
pub mod features;
/// Time-ordered ids with their shard bucket, and the ids of UPI.
pub mod ids;
/// HMAC-SHA256 and the webhook schemes built on it.
pub mod mac;
/// How the properties are tried.
#[cfg(test)]
mod property;
/// RSA-SHA256 over bytes; keys parsed once.
pub mod rsa;
/// Sealing: a data key for each payload, wrapped under a key that can be changed.
pub mod seal;
/// Decision trees: models loaded, checked and scored.
pub mod trees;
/// The grammar and the masking of virtual payment addresses.
pub mod vpa;
/// UPI messages: written canonically, signed, parsed strictly, verified.
pub mod xml;

/// The Python module; the only place that knows PyO3.
#[cfg(feature = "python")]
mod python;
