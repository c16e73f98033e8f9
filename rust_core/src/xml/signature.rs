//! Read a Signature element, refusing whatever is not the profile.

use super::canonical::canonicalise;
use super::characters::{is_same, is_whitespace};
use super::profile::{
    CANONICALISATION, DIGEST_METHOD, ENVELOPED, SIGNATURE, SIGNATURE_METHOD, SIGNATURE_NAMESPACE,
};
use super::shape::{check_descendant, check_mixed, namespace_of};
use super::tree::{Element, Index};
use super::write::Pair;
use crate::error::{Error, Result};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::iter::Peekable;
use std::vec;

/// What a Signature says. The key in it is never read: the peer's key is pinned.
pub(super) struct Signature {
    /// Where it stands in the document.
    pub(super) index: Index,
    /// SHA-256 of the canonical document without the Signature.
    pub(super) digest: Vec<u8>,
    /// The canonical SignedInfo, which holds the digest.
    pub(super) signed_info: String,
    /// RSA over the canonical SignedInfo.
    pub(super) value: Vec<u8>,
}

impl Signature {
    /// Read the Signature of a root element, which must be its last child.
    pub(super) fn of(root: Element<'_>) -> Result<Self> {
        let element = root
            .children()
            .last()
            .filter(|last| last.name() == SIGNATURE)
            .ok_or(Error::malformed("the last child of the root element is not a Signature"))?;
        check_names(root, element)?;
        let mut children = Children::of(element);
        children.attributes(&[])?;
        let signed_info = children.next("SignedInfo")?;
        let value = read_base64(children.next("SignatureValue")?)?;
        children.optional("KeyInfo");
        children.end()?;
        Ok(Self {
            index: element.index(),
            digest: read_signed_info(signed_info)?,
            signed_info: canonicalise(signed_info, &in_scope(root, element))?,
            value,
        })
    }
}

/// The namespaces in scope inside of the Signature, each of which SignedInfo inherits.
fn in_scope<'a>(root: Element<'a>, signature: Element<'a>) -> Vec<Pair<'a>> {
    let own = |prefix| namespace_of(signature, prefix).is_some();
    let mut namespaces: Vec<_> = root.namespaces().filter(|(prefix, _)| !own(prefix)).collect();
    namespaces.extend(signature.namespaces());
    namespaces
}

/// Everything in a Signature is in its namespace, by the one prefix that it declares or inherits.
fn check_names(root: Element<'_>, signature: Element<'_>) -> Result<()> {
    let prefix = signature.prefix();
    let declared = namespace_of(signature, prefix);
    let foreign = signature.namespaces().any(|(candidate, _)| !is_same(candidate, prefix));
    if declared.or_else(|| namespace_of(root, prefix)) != Some(SIGNATURE_NAMESPACE) || foreign {
        return Err(Error::malformed("the Signature is not in the namespace of XML signatures"));
    }
    check_mixed(signature)?;
    signature.children().try_for_each(|child| check_descendant(child, prefix))
}

fn read_signed_info(signed_info: Element<'_>) -> Result<Vec<u8>> {
    let mut children = Children::of(signed_info);
    children.attributes(&[])?;
    children.algorithm("CanonicalizationMethod", CANONICALISATION)?;
    children.algorithm("SignatureMethod", SIGNATURE_METHOD)?;
    let reference = children.next("Reference")?;
    children.end()?;

    let mut children = Children::of(reference);
    children.attributes(&[("URI", "")])?;
    let transforms = children.next("Transforms")?;
    children.algorithm("DigestMethod", DIGEST_METHOD)?;
    let digest = read_base64(children.next("DigestValue")?)?;
    children.end()?;

    let mut children = Children::of(transforms);
    children.attributes(&[])?;
    children.algorithm("Transform", ENVELOPED)?;
    children.end()?;
    Ok(digest)
}

/// Walks over the children of an element, each of which must be the expected one.
struct Children<'a> {
    parent: Element<'a>,
    rest: Peekable<vec::IntoIter<Element<'a>>>,
}

impl<'a> Children<'a> {
    fn of(parent: Element<'a>) -> Self {
        let children: Vec<_> = parent.children().collect();
        Self { parent, rest: children.into_iter().peekable() }
    }

    fn attributes(&self, expected: &[Pair<'_>]) -> Result<()> {
        check_attributes(self.parent, expected)
    }

    fn next(&mut self, name: &str) -> Result<Element<'a>> {
        self.optional(name).ok_or_else(|| {
            Error::malformed(format!("{} has no {name} where it belongs", self.parent.name()))
        })
    }

    fn optional(&mut self, name: &str) -> Option<Element<'a>> {
        self.rest.next_if(|child| child.name() == name)
    }

    fn algorithm(&mut self, name: &str, expected: &str) -> Result<()> {
        let element = self.next(name)?;
        Children::of(element).end()?;
        check_attributes(element, &[("Algorithm", expected)])
    }

    fn end(&mut self) -> Result<()> {
        match self.rest.next() {
            None => Ok(()),
            Some(_) => Err(Error::malformed(format!("{} holds too much", self.parent.name()))),
        }
    }
}

fn check_attributes(element: Element<'_>, expected: &[Pair<'_>]) -> Result<()> {
    let same =
        |left: Pair<'_>, right: &Pair<'_>| is_same(left.0, right.0) && is_same(left.1, right.1);
    let mut attributes = element.attributes();
    let begin = expected.iter().all(|pair| attributes.next().is_some_and(|own| same(own, pair)));
    if begin && attributes.next().is_none() {
        return Ok(());
    }
    Err(Error::malformed(format!("{} has attributes outside of the profile", element.name())))
}

/// Base64 with line breaks in it, as Java writes it.
fn read_base64(element: Element<'_>) -> Result<Vec<u8>> {
    let text = element.text();
    let decoded = if text.bytes().any(is_whitespace) {
        STANDARD.decode(text.bytes().filter(|byte| !is_whitespace(*byte)).collect::<Vec<_>>())
    } else {
        STANDARD.decode(text)
    };
    decoded.map_err(|_| Error::malformed(format!("{} is not base64", element.name())))
}
