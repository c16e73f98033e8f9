//! A parsed or built document: three lists and one pool of text, so that it costs few allocations.

use super::write::Pair;
use crate::error::{Error, Result};

/// The place of a node in its tree. The root element is 0.
pub type Index = u32;

/// No node: the root is nobody's child and nobody's sibling.
const NONE: Index = 0;

#[derive(Clone, Copy, Default)]
struct Span {
    begin: u32,
    end: u32,
}

#[derive(Clone, Copy, Default)]
struct Node {
    prefix: Span,
    /// Empty for a text node.
    name: Span,
    text: Span,
    namespaces: Span,
    attributes: Span,
    first_child: Index,
    next_sibling: Index,
}

/// A document. Spans point into the pool, or into the list that their field names.
#[derive(Default)]
pub struct Tree {
    pool: String,
    nodes: Vec<Node>,
    attributes: Vec<(Span, Span)>,
    namespaces: Vec<(Span, Span)>,
}

impl Tree {
    /// The root element.
    pub fn root(&self) -> Element<'_> {
        self.element(0)
    }

    /// The element at an index that this tree gave out.
    pub fn element(&self, index: Index) -> Element<'_> {
        Element { tree: self, index }
    }

    fn text(&self, span: Span) -> &str {
        &self.pool[span.begin as usize..span.end as usize]
    }

    fn pair(&self, pair: &(Span, Span)) -> Pair<'_> {
        (self.text(pair.0), self.text(pair.1))
    }
}

/// A node in a tree, as it stands in the document.
pub enum Content<'a> {
    /// An element.
    Element(Element<'a>),
    /// Text between tags; never two in a row.
    Text(&'a str),
}

/// An element in a tree.
#[derive(Clone, Copy)]
pub struct Element<'a> {
    tree: &'a Tree,
    index: Index,
}

impl<'a> Element<'a> {
    /// Its place in the tree.
    pub fn index(self) -> Index {
        self.index
    }

    /// Its namespace prefix, or "".
    pub fn prefix(self) -> &'a str {
        self.tree.text(self.node().prefix)
    }

    /// Its name without the prefix.
    pub fn name(self) -> &'a str {
        self.tree.text(self.node().name)
    }

    /// The namespaces that it declares itself, prefix and URI, in the order of the document.
    pub fn namespaces(self) -> impl Iterator<Item = Pair<'a>> {
        let Span { begin, end } = self.node().namespaces;
        self.tree.namespaces[begin as usize..end as usize].iter().map(|pair| self.tree.pair(pair))
    }

    /// Its attributes, in the order of the document.
    pub fn attributes(self) -> impl Iterator<Item = Pair<'a>> {
        let Span { begin, end } = self.node().attributes;
        self.tree.attributes[begin as usize..end as usize].iter().map(|pair| self.tree.pair(pair))
    }

    /// An attribute.
    pub fn get(self, name: &str) -> Option<&'a str> {
        self.attributes().find_map(|(candidate, value)| (candidate == name).then_some(value))
    }

    /// An attribute that must be there.
    pub fn require(self, name: &str) -> Result<&'a str> {
        self.get(name)
            .ok_or_else(|| Error::malformed(format!("{} has no attribute {name}", self.name())))
    }

    /// Its elements and texts.
    pub fn contents(self) -> impl Iterator<Item = Content<'a>> {
        let mut next = self.node().first_child;
        std::iter::from_fn(move || {
            let index = (next != NONE).then_some(next)?;
            let node = &self.tree.nodes[index as usize];
            next = node.next_sibling;
            Some(if node.name.begin == node.name.end {
                Content::Text(self.tree.text(node.text))
            } else {
                Content::Element(self.tree.element(index))
            })
        })
    }

    /// Its child elements.
    pub fn children(self) -> impl Iterator<Item = Element<'a>> {
        self.contents().filter_map(|content| match content {
            Content::Element(element) => Some(element),
            Content::Text(_) => None,
        })
    }

    /// Its first child element of a name.
    pub fn child(self, name: &str) -> Option<Element<'a>> {
        self.children().find(|child| child.name() == name)
    }

    /// Its first child element of a name, which must be there.
    pub fn require_child(self, name: &str) -> Result<Element<'a>> {
        self.child(name)
            .ok_or_else(|| Error::malformed(format!("{} has no child {name}", self.name())))
    }

    /// The first element in document order to which a path of names leads.
    pub fn find(self, path: &str) -> Option<Element<'a>> {
        let (name, rest) = path.split_once('/').unwrap_or((path, ""));
        let mut named = self.children().filter(|child| child.name() == name);
        if rest.is_empty() { named.next() } else { named.find_map(|child| child.find(rest)) }
    }

    /// The text of an element without children.
    pub fn text(self) -> &'a str {
        match self.contents().next() {
            Some(Content::Text(text)) if self.children().next().is_none() => text,
            _ => "",
        }
    }

    fn node(self) -> &'a Node {
        &self.tree.nodes[self.index as usize]
    }
}

/// Builds a tree from the start, the text and the end of elements, as they come in a document.
#[derive(Default)]
pub struct Builder {
    tree: Tree,
    /// The open elements, each with the last child that it got so far.
    open: Vec<(Index, Index)>,
}

impl Builder {
    /// Start an element in the innermost open one.
    pub fn start(&mut self, prefix: &str, name: &str) {
        let namespaces = empty_at(self.tree.namespaces.len());
        let attributes = empty_at(self.tree.attributes.len());
        let (prefix, name) = (self.keep(prefix), self.keep(name));
        let index = self.append(Node { prefix, name, namespaces, attributes, ..Node::default() });
        self.open.push((index, NONE));
    }

    /// Declare a namespace on the element just started.
    pub fn namespace(&mut self, prefix: &str, uri: &str) {
        let pair = (self.keep(prefix), self.keep(uri));
        self.tree.namespaces.push(pair);
        let end = place(self.tree.namespaces.len());
        self.innermost(|node| node.namespaces.end = end);
    }

    /// Give the element just started an attribute.
    pub fn attribute(&mut self, name: &str, value: &str) {
        let pair = (self.keep(name), self.keep(value));
        self.tree.attributes.push(pair);
        let end = place(self.tree.attributes.len());
        self.innermost(|node| node.attributes.end = end);
    }

    /// Put text into the innermost open element.
    pub fn text(&mut self, text: &str) {
        let text = self.keep(text);
        self.append(Node { text, ..Node::default() });
    }

    /// End the innermost open element.
    pub fn end(&mut self) {
        self.open.pop();
    }

    /// The tree, which has a root as soon as one element was started.
    pub fn finish(self) -> Tree {
        self.tree
    }

    fn keep(&mut self, text: &str) -> Span {
        let begin = place(self.tree.pool.len());
        self.tree.pool.push_str(text);
        Span { begin, end: place(self.tree.pool.len()) }
    }

    fn append(&mut self, node: Node) -> Index {
        let index = place(self.tree.nodes.len());
        self.tree.nodes.push(node);
        if let Some((parent, last_child)) = self.open.last_mut() {
            if *last_child == NONE {
                self.tree.nodes[*parent as usize].first_child = index;
            } else {
                self.tree.nodes[*last_child as usize].next_sibling = index;
            }
            *last_child = index;
        }
        index
    }

    fn innermost(&mut self, change: impl FnOnce(&mut Node)) {
        if let Some((index, _)) = self.open.last() {
            change(&mut self.tree.nodes[*index as usize]);
        }
    }
}

fn empty_at(length: usize) -> Span {
    Span { begin: place(length), end: place(length) }
}

/// A length as it is stored. The parser takes 64 KiB at most, so that none is ever cut.
fn place(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
