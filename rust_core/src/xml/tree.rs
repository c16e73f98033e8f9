//! A parsed or built document: three lists and one pool of text, so that it costs few allocations.

use super::profile::DEPTH_MAXIMUM;
use super::write::Pair;
use crate::error::{Error, Result};
use std::ops::Range;

/// The place of a node in its tree. The root element is 0.
pub type Index = u32;

/// No node: the root is nobody's child and nobody's sibling.
const NONE: Index = 0;

/// A piece of a list or of the pool.
#[derive(Clone, Copy, Default)]
pub(super) struct Span {
    begin: u32,
    end: u32,
}

impl Span {
    pub(super) fn new(begin: usize, end: usize) -> Self {
        Self { begin: place(begin), end: place(end) }
    }

    fn range(self) -> Range<usize> {
        self.begin as usize..self.end as usize
    }

    pub(super) fn is_empty(self) -> bool {
        self.begin == self.end
    }
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
pub struct Tree {
    /// The document as it came, and behind it whatever means something else than it says.
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

    /// Take a child of the root out of the tree.
    pub(super) fn remove_child_of_root(&mut self, child: Index) {
        let after = self.nodes[child as usize].next_sibling;
        let root = &mut self.nodes[0];
        if root.first_child == child {
            root.first_child = after;
        } else if let Some(before) = self.nodes.iter_mut().find(|node| node.next_sibling == child) {
            before.next_sibling = after;
        }
    }

    /// The element at an index that this tree gave out.
    pub fn element(&self, index: Index) -> Element<'_> {
        Element { tree: self, index }
    }

    #[inline(always)]
    fn text(&self, span: Span) -> &str {
        &self.pool[span.range()]
    }

    #[inline(always)]
    fn pair(&self, pair: &(Span, Span)) -> Pair<'_> {
        (self.text(pair.0), self.text(pair.1))
    }
}

/// A node in a tree, as it stands in the document.
pub enum Content<'a> {
    /// An element.
    Element(Element<'a>),
    /// Text between tags.
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
        self.tree.namespaces[self.node().namespaces.range()].iter().map(|pair| self.tree.pair(pair))
    }

    /// Its attributes, in the order of the document.
    pub fn attributes(self) -> impl Iterator<Item = Pair<'a>> {
        self.tree.attributes[self.node().attributes.range()].iter().map(|pair| self.tree.pair(pair))
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
            Some(if node.name.is_empty() {
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

/// Builds a tree from the start, the content and the end of elements, as they come in a document.
pub(super) struct Builder<'a> {
    input: &'a str,
    /// What goes behind the input into the pool.
    decoded: String,
    nodes: Vec<Node>,
    attributes: Vec<(Span, Span)>,
    namespaces: Vec<(Span, Span)>,
    /// The open elements, each with the last child that it got so far.
    open: Vec<(Index, Index)>,
}

/// Where the attributes and namespaces of an element begin.
pub(super) struct Mark {
    namespaces: usize,
    attributes: usize,
}

impl<'a> Builder<'a> {
    /// A builder for a document. Spans are places in it, or come from `keep`.
    pub(super) fn of(input: &'a str) -> Self {
        // A tag is seldom shorter than 32 bytes.
        let likely = input.len() / 32;
        Self {
            input,
            decoded: String::new(),
            nodes: Vec::with_capacity(likely),
            attributes: Vec::with_capacity(likely),
            namespaces: Vec::new(),
            open: Vec::with_capacity(DEPTH_MAXIMUM),
        }
    }

    /// What a span says.
    pub(super) fn text(&self, span: Span) -> &str {
        let Range { start, end } = span.range();
        match start.checked_sub(self.input.len()) {
            Some(start) => &self.decoded[start..end - self.input.len()],
            None => &self.input[start..end],
        }
    }

    /// Take in a text that the document does not hold literally.
    pub(super) fn keep(&mut self, text: &str) -> Span {
        let begin = self.input.len() + self.decoded.len();
        self.decoded.push_str(text);
        Span::new(begin, begin + text.len())
    }

    /// Where the attributes and namespaces of the next element begin.
    pub(super) fn mark(&self) -> Mark {
        Mark { namespaces: self.namespaces.len(), attributes: self.attributes.len() }
    }

    /// Give the next element a namespace declaration.
    pub(super) fn namespace(&mut self, prefix: Span, uri: Span) {
        self.namespaces.push((prefix, uri));
    }

    /// Give the next element an attribute.
    pub(super) fn attribute(&mut self, name: Span, value: Span) {
        self.attributes.push((name, value));
    }

    /// Start an element in the innermost open one. It has what was given since the mark.
    pub(super) fn start(&mut self, prefix: Span, name: Span, mark: &Mark) {
        let namespaces = Span::new(mark.namespaces, self.namespaces.len());
        let attributes = Span::new(mark.attributes, self.attributes.len());
        let index = self.append(Node { prefix, name, namespaces, attributes, ..Node::default() });
        self.open.push((index, NONE));
    }

    /// Put text into the innermost open element.
    pub(super) fn content(&mut self, text: Span) {
        self.append(Node { text, ..Node::default() });
    }

    /// End the innermost open element.
    pub(super) fn end(&mut self) {
        self.open.pop();
    }

    /// The tree, which has a root as soon as one element was started.
    pub(super) fn finish(self) -> Tree {
        let Self { input, decoded, nodes, attributes, namespaces, .. } = self;
        Tree { pool: [input, &decoded].concat(), nodes, attributes, namespaces }
    }

    fn append(&mut self, node: Node) -> Index {
        let index = place(self.nodes.len());
        self.nodes.push(node);
        if let Some((parent, last_child)) = self.open.last_mut() {
            if *last_child == NONE {
                self.nodes[*parent as usize].first_child = index;
            } else {
                self.nodes[*last_child as usize].next_sibling = index;
            }
            *last_child = index;
        }
        index
    }
}

/// A length as it is stored. The parser takes 64 KiB at most, so that none is ever cut.
fn place(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use crate::xml::parse::parse;

    #[test]
    fn a_child_of_the_root_is_taken_out_wherever_it_stands() {
        for (place, left) in [(0, ["B", "C"]), (1, ["A", "C"]), (2, ["A", "B"])] {
            let mut tree = parse(b"<root><A><x/></A> <B><x/></B><C><x/></C></root>").unwrap();
            let child = tree.root().children().nth(place).unwrap().index();
            tree.remove_child_of_root(child);
            let names: Vec<_> = tree.root().children().map(|child| child.name()).collect();
            assert_eq!(names, left);
            assert!(tree.root().children().all(|child| child.child("x").is_some()));
        }
    }
}
