//! Inclusive Canonical XML 1.0 without comments, for documents of the profile.
//!
//! The profile has no attribute with a prefix, so attributes sort by name alone and no xml:
//! attribute is inherited; a namespace is rendered where it first comes into scope.

use super::tree::{Content, Element, Index};
use super::write::{Name, Pair, Writer};
use crate::error::Result;

/// The canonical form of an element, without one of its children.
///
/// `inherited` are the namespaces that come into scope above a subset's apex; a whole document has
/// none.
pub(super) fn canonicalise(
    apex: Element<'_>,
    inherited: &[Pair<'_>],
    without: Option<Index>,
) -> Result<String> {
    let mut writer = Writer::new();
    write(&mut writer, apex, inherited, without, &mut Vec::new())?;
    writer.finish()
}

/// Write an element and what is in it, without one of its children. `scratch` saves allocations.
pub(super) fn write<'a>(
    writer: &mut Writer,
    element: Element<'a>,
    inherited: &[Pair<'_>],
    without: Option<Index>,
    scratch: &mut Vec<Pair<'a>>,
) -> Result<()> {
    let name = Name { prefix: element.prefix(), local: element.name() };
    let mut namespaces: Vec<Pair<'_>> = inherited.to_vec();
    namespaces.extend(element.namespaces());
    scratch.clear();
    scratch.extend(element.attributes());
    writer.start(name, &mut namespaces, scratch)?;
    for content in element.contents() {
        match content {
            Content::Element(child) if Some(child.index()) == without => {}
            Content::Element(child) => write(writer, child, &[], without, scratch)?,
            Content::Text(text) => writer.text(text)?,
        }
    }
    writer.end();
    Ok(())
}
