//! Verify a signed message and read it from the verified bytes.

use super::canonical::canonicalise;
use super::keyring::KeyRing;
use super::parse::parse;
use super::profile::check_content;
use super::signature::Signature;
use super::tree::{Element, Tree};
use crate::error::{Error, Result};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};

/// A message whose signature held.
pub struct Message {
    /// The message without its Signature, parsed from the octets that the digest covers.
    pub tree: Tree,
    /// Who signed it.
    pub org_id: String,
}

/// Parse a signed message strictly and verify it under the pinned key of its sender.
pub fn verify_message(data: &[u8], ring: &KeyRing, now_s: i64) -> Result<Message> {
    let document = parse(data)?;
    let root = document.root();
    let signature = Signature::of(root)?;
    check_content(root, Some(signature.element))?;

    let content = canonicalise(root, &[], Some(signature.element.index()))?;
    // Who signed and what was signed are both read from here on, and from nowhere else.
    let tree = parse(content.as_bytes())?;
    let org_id = sender(tree.root())?.to_owned();

    let octets = signature.signed_octets(root)?;
    ring.verify(&org_id, now_s, octets.as_bytes(), &signature.value)?;
    verify_slices_are_equal(digest(&SHA256, content.as_bytes()).as_ref(), &signature.digest)
        .map_err(|_| Error::Signature("the digest is wrong: the content was changed"))?;
    Ok(Message { tree, org_id })
}

/// Parse an unsigned message as strictly.
pub fn parse_unsigned(data: &[u8]) -> Result<Tree> {
    let tree = parse(data)?;
    check_content(tree.root(), None)?;
    Ok(tree)
}

/// `Head@orgId` of the only Head.
fn sender(root: Element<'_>) -> Result<&str> {
    let mut heads = root.children().filter(|child| child.name() == "Head");
    let head = heads.next().ok_or(Error::malformed("the message has no Head"))?;
    if heads.next().is_some() {
        return Err(Error::malformed("the message has more than one Head"));
    }
    head.require("orgId")
}
