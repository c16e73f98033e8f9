//! The narrow XML of UPI: one qualified root, plain children, one enveloped signature.

/// An element made of its parts.
pub mod build;
/// Inclusive C14N 1.0 of a parsed document.
mod canonical;
/// Which characters and names may occur.
mod characters;
/// The pinned keys of the participants.
pub mod keyring;
/// A strict parser for the profile: no DTD, no comments, no processing instructions.
pub mod parse;
/// The constants of the profile.
pub mod profile;
/// What must hold of every message.
#[cfg(test)]
mod properties;
/// What a document of the profile looks like.
mod shape;
/// Sign what a writer wrote.
pub mod sign;
/// Read a Signature element, refusing whatever is not the profile.
mod signature;
/// A parsed or built document.
pub mod tree;
/// Verify a signed message.
pub mod verify;
/// Write canonical bytes directly.
pub mod write;
