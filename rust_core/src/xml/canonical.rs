//! Inclusive Canonical XML 1.0 without comments, for documents of the profile.
//!
//! The profile has no attribute with a prefix, so attributes sort by name alone and no xml:
//! attribute is inherited; a namespace is rendered where it first comes into scope.

use super::tree::{Content, Element};
use super::write::{Name, Pair, Writer};
use crate::error::Result;

/// The canonical form of an element.
///
/// `inherited` are the namespaces that come into scope above a subset's apex; a whole document has
/// none.
pub(super) fn canonicalise(apex: Element<'_>, inherited: &[Pair<'_>]) -> Result<String> {
    let mut writer = Writer::new();
    write(&mut writer, apex, inherited, &mut Vec::new())?;
    writer.finish()
}

/// Write an element and what is in it. `scratch` saves allocations.
pub(super) fn write<'a>(
    writer: &mut Writer,
    element: Element<'a>,
    inherited: &[Pair<'_>],
    scratch: &mut Vec<Pair<'a>>,
) -> Result<()> {
    let name = Name { prefix: element.prefix(), local: element.name() };
    let mut namespaces: Vec<Pair<'_>> = inherited.to_vec();
    namespaces.extend(element.namespaces());
    scratch.clear();
    // Extending would take every pair through memory once more.
    element.attributes().for_each(|pair| scratch.push(pair));
    writer.start(name, &mut namespaces, scratch)?;
    for content in element.contents() {
        match content {
            Content::Element(child) => write(writer, child, &[], scratch)?,
            Content::Text(text) => writer.text(text)?,
        }
    }
    writer.end();
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::canonicalise;
    use crate::xml::parse::parse;

    #[test]
    fn a_document_is_brought_into_canonical_form() {
        let document = "<?xml version='1.0'?>\n<z:A xmlns:z='urn:z' xmlns:b='urn:b' \
                        b='&lt;&#9;\"'  a = '>'>\r\n<B/>&gt;&#13;</z:A>\n";
        let tree = parse(document.as_bytes()).unwrap();
        assert_eq!(
            canonicalise(tree.root(), &[]).unwrap(),
            "<z:A xmlns:b=\"urn:b\" xmlns:z=\"urn:z\" a=\">\" b=\"&lt;&#x9;&quot;\">\n\
             <B></B>&gt;&#xD;</z:A>"
        );
    }

    #[test]
    fn a_subset_shows_the_namespaces_that_it_inherits() {
        let tree = parse(b"<a><b c='d'/></a>").unwrap();
        let apex = tree.root().require_child("b").unwrap();
        assert_eq!(
            canonicalise(apex, &[("upi", "urn:upi"), ("", "urn:own")]).unwrap(),
            "<b xmlns=\"urn:own\" xmlns:upi=\"urn:upi\" c=\"d\"></b>"
        );
    }
}
