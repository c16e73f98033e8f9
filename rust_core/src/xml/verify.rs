//! Verify a signed message.

use super::canonical::canonicalise;
use super::keyring::KeyRing;
use super::parse::parse;
use super::shape::check_content;
use super::signature::Signature;
use super::tree::{Element, Tree};
use crate::error::{Error, Result};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};

/// A message whose signature held.
pub struct Message {
    /// The tree whose canonical form is the one that was signed. The Signature is not in it.
    pub tree: Tree,
    /// Who signed it.
    pub org_id: String,
}

/// Parse a signed message strictly and verify it under the pinned key of its sender.
///
/// The Signature is read and taken out of the tree first. What is left is digested as it is and
/// handed out as it is, so that there is nothing in it that was not signed.
pub fn verify_message(data: &[u8], ring: &KeyRing, now_s: i64) -> Result<Message> {
    let mut tree = parse(data)?;
    let signature = Signature::of(tree.root())?;
    tree.remove_child_of_root(signature.index);
    check_content(tree.root())?;
    let org_id = sender(tree.root())?.to_owned();

    ring.verify(&org_id, now_s, signature.signed_info.as_bytes(), &signature.value)?;
    let content = canonicalise(tree.root(), &[])?;
    verify_slices_are_equal(digest(&SHA256, content.as_bytes()).as_ref(), &signature.digest)
        .map_err(|_| Error::Signature("the digest is wrong: the content was changed"))?;
    Ok(Message { tree, org_id })
}

/// Parse an unsigned message as strictly.
pub fn parse_unsigned(data: &[u8]) -> Result<Tree> {
    let tree = parse(data)?;
    check_content(tree.root())?;
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
