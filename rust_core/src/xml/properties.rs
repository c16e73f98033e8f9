//! What must hold of every message, whatever is in it.

use super::canonical::canonicalise;
use super::characters::is_allowed;
use super::parse::parse;
use super::tree::Element;
use super::verify::parse_unsigned;
use super::write::{Name, Writer};
use crate::error::Result;
use crate::property::config;
use proptest::prelude::*;
use std::collections::BTreeMap;

/// An element by itself, to compare what was written with what was parsed.
#[derive(Clone, Debug, PartialEq)]
struct Node {
    name: String,
    attributes: BTreeMap<String, String>,
    text: String,
    children: Vec<Node>,
}

impl Node {
    fn write(&self, writer: &mut Writer) -> Result<()> {
        let mut attributes: Vec<_> =
            self.attributes.iter().rev().map(|(name, value)| (&**name, &**value)).collect();
        writer.start(Name { prefix: "", local: &self.name }, &mut [], &mut attributes)?;
        writer.text(&self.text)?;
        self.children.iter().try_for_each(|child| child.write(writer))?;
        writer.end();
        Ok(())
    }

    fn document(&self) -> String {
        let mut writer = Writer::new();
        self.write(&mut writer).unwrap();
        writer.finish().unwrap()
    }

    fn of(element: Element<'_>) -> Self {
        Self {
            name: element.name().to_owned(),
            attributes: element
                .attributes()
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
            text: element.text().to_owned(),
            children: element.children().map(Self::of).collect(),
        }
    }
}

fn texts() -> impl Strategy<Value = String> {
    let character = prop_oneof![
        prop::sample::select("&<>\"'\t\n\r ]\u{FFFD}".chars().collect::<Vec<_>>()),
        any::<char>().prop_filter("XML forbids it", |character| is_allowed(*character)),
    ];
    prop::collection::vec(character, 0..12).prop_map(String::from_iter)
}

fn attributes() -> impl Strategy<Value = BTreeMap<String, String>> {
    // A name of this form is never xmlns, which would declare a namespace.
    prop::collection::btree_map("[a-w][a-zA-Z0-9._-]{0,6}", texts(), 0..4)
}

fn nodes() -> impl Strategy<Value = Node> {
    let name = || "[A-R][a-zA-Z0-9._-]{0,6}";
    let leaf = (name(), attributes(), texts()).prop_map(|(name, attributes, text)| Node {
        name,
        attributes,
        text,
        children: vec![],
    });
    leaf.prop_recursive(8, 24, 4, move |inner| {
        let children = prop::collection::vec(inner, 1..4);
        (name(), attributes(), children).prop_map(|(name, attributes, children)| Node {
            name,
            attributes,
            text: String::new(),
            children,
        })
    })
}

/// Pieces of markup, in an order that now and then makes a document.
fn markup() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "<?xml version='1.0'?>",
        "<a>",
        "</a>",
        "<u:a xmlns:u='urn:u'>",
        "</u:a>",
        "<b ",
        "/>",
        ">",
        " c='&lt;&#9;'",
        " c=\"1\"",
        " d = '>' ",
        "&amp;",
        "&#x20AC;",
        "&#",
        ";",
        "]]>",
        "\r\n",
        "<!--",
        "<![CDATA[",
        "<!DOCTYPE a>",
        "\u{FFFE}",
        "\u{20AC}",
        "text",
        "<",
        "&",
        "'",
        "\"",
    ]);
    let body = prop::collection::vec(piece, 0..16).prop_map(|pieces| pieces.concat());
    prop_oneof![
        body.clone(),
        // Inside of a root, more of them are well-formed.
        body.prop_map(|body| format!("<r>{body}</r>")),
    ]
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn any_bytes_are_a_document_or_an_error(data in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = parse(&data);
        let _ = parse_unsigned(&data);
    }

    #[test]
    fn the_canonical_form_of_what_parses_is_its_own_canonical_form(document in markup()) {
        if let Ok(tree) = parse(document.as_bytes()) {
            let canonical = canonicalise(tree.root(), &[]).unwrap();
            let again = parse(canonical.as_bytes()).unwrap();
            prop_assert_eq!(canonicalise(again.root(), &[]).unwrap(), canonical);
        }
    }

    #[test]
    fn what_is_written_is_parsed_as_it_was_meant_and_is_canonical(node in nodes()) {
        let document = node.document();
        let tree = parse(document.as_bytes()).unwrap();
        prop_assert_eq!(Node::of(tree.root()), node);
        prop_assert_eq!(canonicalise(tree.root(), &[]).unwrap(), document);
    }

    #[test]
    fn a_document_that_is_cut_off_is_refused(
        node in nodes(), place in any::<prop::sample::Index>(),
    ) {
        let document = node.document();
        let cut = &document.as_bytes()[..place.index(document.len())];
        prop_assert!(parse(cut).is_err());
    }
}
