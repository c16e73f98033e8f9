//! What a document of UPI's signature profile looks like.

use super::characters::{is_blank, is_same};
use super::profile::{SIGNATURE, UPI_NAMESPACE};
use super::tree::{Content, Element};
use crate::error::{Error, Result};

/// Check a document that has no Signature: the root is qualified with a prefix, nothing else is.
pub(super) fn check_content(root: Element<'_>) -> Result<()> {
    if root.prefix().is_empty() {
        return Err(Error::malformed("the root element has no prefix"));
    }
    if root.namespaces().any(|(prefix, _)| prefix.is_empty()) {
        return Err(Error::malformed("the root element declares a default namespace"));
    }
    if namespace_of(root, root.prefix()) != Some(UPI_NAMESPACE) {
        return Err(Error::malformed("the root element is not in the UPI namespace"));
    }
    check_mixed(root)?;
    root.children().try_for_each(|child| check_descendant(child, ""))
}

/// Check an element inside of the root or of the Signature: it has its parent's namespace.
pub(super) fn check_descendant(element: Element<'_>, prefix: &str) -> Result<()> {
    if element.name() == SIGNATURE {
        return Err(Error::malformed("there is a second Signature, or it is not the last child"));
    }
    if !is_same(element.prefix(), prefix) || element.namespaces().next().is_some() {
        return Err(Error::malformed("an element is qualified that must not be"));
    }
    check_mixed(element)?;
    element.children().try_for_each(|child| check_descendant(child, prefix))
}

/// Text stands in elements without children; between elements there is white space at most.
pub(super) fn check_mixed(element: Element<'_>) -> Result<()> {
    let stray = |content| matches!(content, Content::Text(text) if !is_blank(text));
    if element.children().next().is_some() && element.contents().any(stray) {
        return Err(Error::malformed(format!("{} has text beside its children", element.name())));
    }
    Ok(())
}

/// The namespace that an element itself binds to a prefix.
pub(super) fn namespace_of<'a>(element: Element<'a>, prefix: &str) -> Option<&'a str> {
    element.namespaces().find_map(|(candidate, uri)| is_same(candidate, prefix).then_some(uri))
}
