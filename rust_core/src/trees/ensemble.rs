//! The checked form of a model, from which everything else is made.
//!
//! The nodes of a tree stand in breadth-first order, the two children of a node side by side. So
//! the place of every child follows from the kinds of the nodes before it: a tree that is written
//! like this has no cycle, no shared node and no node out of reach, and needs no further proof.

use super::link::Link;
use crate::error::{Error, Result};

/// The longest way from a root to a leaf.
pub(super) const DEPTH_MAXIMUM: usize = 256;
/// The most of each thing that a model may have. They bound the memory of a hostile one.
pub(super) const FEATURES_MAXIMUM: usize = 1 << 20;
pub(super) const TREES_MAXIMUM: usize = 1 << 20;
pub(super) const NODES_MAXIMUM: usize = 1 << 26;
/// XGBoost holds categories as float32, which counts without gaps up to here.
pub(super) const CATEGORIES_MAXIMUM: u32 = 1 << 24;
const CATEGORY_WORDS_MAXIMUM: usize = 1 << 24;

/// What a node does with a row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Test {
    /// End here with this value.
    Leaf(f32),
    /// Go left if the feature is less than this.
    Less(f32),
    /// Ask whether the category is in the set of this number.
    Listed(u32),
}

/// A node of a tree.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Node {
    pub(super) test: Test,
    /// Which feature is asked; 0 at a leaf.
    pub(super) feature: u32,
    /// Where a missing value goes.
    pub(super) default_left: bool,
    /// How much training weight reached the node.
    pub(super) cover: f32,
    /// The left child, counted from the root; the right one follows it. 0 at a leaf.
    pub(super) child: u32,
}

/// Categories, as bits.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct CategorySet {
    pub(super) words: Vec<u32>,
    /// Whether what is listed goes right; what is not listed goes the other way.
    pub(super) listed_right: bool,
}

impl CategorySet {
    pub(super) fn of(categories: &[i64], listed_right: bool) -> Result<Self> {
        let mut words = Vec::new();
        for category in categories {
            let category = u32::try_from(*category)
                .ok()
                .filter(|category| *category < CATEGORIES_MAXIMUM)
                .ok_or(Error::model("a category must be within 0..16777215"))?;
            let place = category as usize / 32;
            if words.len() <= place {
                words.resize(place + 1, 0);
            }
            words[place] |= 1 << (category % 32);
        }
        Ok(Self { words, listed_right })
    }

    /// Whether a value that is not missing goes right. Categories truncate to whole numbers; one
    /// that is negative or too large is not listed.
    #[inline]
    pub(super) fn goes_right(&self, value: f32) -> bool {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Checked just before.
        let listed = (0.0..16_777_216.0).contains(&value) && {
            let category = value as usize;
            self.words.get(category / 32).is_some_and(|word| word >> (category % 32) & 1 == 1)
        };
        listed == self.listed_right
    }
}

/// One node as other libraries have it: its children stand anywhere.
#[derive(Clone, Copy, Debug)]
pub(super) struct LooseNode {
    pub(super) node: Node,
    /// Both children, counted from the root, or None at a leaf.
    pub(super) children: Option<(usize, usize)>,
}

impl LooseNode {
    pub(super) fn leaf(value: f32, cover: f32) -> Self {
        let test = Test::Leaf(value);
        let node = Node { test, feature: 0, default_left: false, cover, child: 0 };
        Self { node, children: None }
    }

    /// A node with two children, whose numbers are as they were read.
    pub(super) fn split(
        test: Test,
        feature: i64,
        default_left: bool,
        cover: f32,
        children: (i64, i64),
    ) -> Result<Self> {
        let feature = u32::try_from(feature).map_err(|_| unknown_feature())?;
        let place = |child| {
            usize::try_from(child).map_err(|_| Error::model("a child is outside of its tree"))
        };
        let children = Some((place(children.0)?, place(children.1)?));
        Ok(Self { node: Node { test, feature, default_left, cover, child: 0 }, children })
    }
}

fn unknown_feature() -> Error {
    Error::model("a node asks for a feature that the model does not have")
}

/// What is known of a model besides its trees.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Head {
    pub(super) feature_count: u32,
    /// Where the sum of the leaves starts.
    pub(super) base_margin: f32,
    pub(super) link: Link,
    /// Empty when nobody named the features, else one for each.
    pub(super) feature_names: Vec<String>,
    /// The version of the feature schema the model was trained on, if it is bound to one.
    pub(super) schema_version: Option<u32>,
}

/// A tree, and the longest way from its root to a leaf.
#[derive(Clone, Copy, Debug)]
pub(super) struct MeasuredTree<'a> {
    pub(super) nodes: &'a [Node],
    pub(super) depth: usize,
}

/// A model whose rules hold.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Ensemble {
    pub(super) head: Head,
    /// Where the nodes of each tree start, and where the last one's end.
    starts: Vec<usize>,
    nodes: Vec<Node>,
    /// How deep each tree is.
    depths: Vec<usize>,
    sets: Vec<CategorySet>,
    category_words: usize,
}

impl Ensemble {
    /// A model without trees yet.
    pub(super) fn new(head: Head) -> Result<Self> {
        let features = head.feature_count as usize;
        if !(1..=FEATURES_MAXIMUM).contains(&features) {
            return Err(Error::model("feature_count must be within 1..1048576"));
        }
        if !head.base_margin.is_finite() {
            return Err(Error::model("base_margin must be finite"));
        }
        if !head.feature_names.is_empty() && head.feature_names.len() != features {
            return Err(Error::model("feature_names must be one for each feature"));
        }
        if head.schema_version == Some(0) {
            return Err(Error::model("schema_version must be at least 1"));
        }
        Ok(Self {
            head,
            starts: vec![0],
            nodes: Vec::new(),
            depths: Vec::new(),
            sets: Vec::new(),
            category_words: 0,
        })
    }

    pub(super) fn tree_count(&self) -> usize {
        self.starts.len() - 1
    }

    pub(super) fn trees(&self) -> impl ExactSizeIterator<Item = &[Node]> + '_ {
        self.starts.windows(2).map(|ends| &self.nodes[ends[0]..ends[1]])
    }

    pub(super) fn tree(&self, number: usize) -> &[Node] {
        &self.nodes[self.starts[number]..self.starts[number + 1]]
    }

    /// The trees with their depths.
    pub(super) fn measured_trees(&self) -> impl Iterator<Item = MeasuredTree<'_>> {
        let measured = |(nodes, depth): (_, &usize)| MeasuredTree { nodes, depth: *depth };
        self.trees().zip(&self.depths).map(measured)
    }

    /// The depth of the deepest tree.
    pub(super) fn depth(&self) -> usize {
        self.depths.iter().copied().max().unwrap_or(0)
    }

    pub(super) fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    pub(super) fn sets(&self) -> &[CategorySet] {
        &self.sets
    }

    /// Whether every node tells how much training weight reached it. Boosting on labels that its
    /// objective cannot hold leaves NaN behind.
    pub(super) fn covers_are_known(&self) -> bool {
        self.nodes.iter().all(|node| node.cover.is_finite() && node.cover >= 0.0)
    }

    /// Keep a set of categories; the number by which a node asks for it.
    pub(super) fn add_set(&mut self, set: CategorySet) -> Result<u32> {
        self.category_words += set.words.len();
        if self.category_words > CATEGORY_WORDS_MAXIMUM {
            return Err(Error::model("the categories of the model take more than 64 MiB"));
        }
        let number = u32::try_from(self.sets.len())
            .map_err(|_| Error::model("the model has too many sets of categories"))?;
        self.sets.push(set);
        Ok(number)
    }

    /// Add a tree whose nodes stand in any order, the root first. Nodes out of reach are left out.
    pub(super) fn add_loose_tree(&mut self, loose: &[LooseNode]) -> Result<()> {
        if loose.is_empty() {
            return Err(Error::model("a tree has no nodes"));
        }
        let mut reached = vec![false; loose.len()];
        reached[0] = true;
        let mut order = vec![0];
        let mut tree = Vec::with_capacity(loose.len());
        while let Some(place) = order.get(tree.len()) {
            let LooseNode { mut node, children } = loose[*place];
            node.child = 0;
            if let Some((left, right)) = children {
                node.child = u32::try_from(order.len())
                    .map_err(|_| Error::model("a tree has too many nodes"))?;
                for child in [left, right] {
                    let seen = reached
                        .get_mut(child)
                        .ok_or(Error::model("a child is outside of its tree"))?;
                    if std::mem::replace(seen, true) {
                        return Err(Error::model("a tree has a cycle or a node with two parents"));
                    }
                    order.push(child);
                }
            }
            tree.push(node);
        }
        self.add_tree(&tree)
    }

    /// Add a tree in breadth-first order, after checking every rule that scoring relies on.
    pub(super) fn add_tree(&mut self, tree: &[Node]) -> Result<()> {
        if self.tree_count() >= TREES_MAXIMUM {
            return Err(Error::model("the model has more than 1048576 trees"));
        }
        if self.nodes.len() + tree.len() > NODES_MAXIMUM {
            return Err(Error::model("the model has more than 67108864 nodes"));
        }
        // The children of every inner node come after those of the inner nodes before it.
        let mut next = 1;
        for (place, node) in tree.iter().enumerate() {
            // Else a root that is a leaf could be followed by nodes that lead to themselves.
            if place >= next {
                return Err(Error::model("a tree has nodes that nothing leads to"));
            }
            self.check_node(node)?;
            if matches!(node.test, Test::Leaf(_)) {
                if node.child != 0 {
                    return Err(Error::model("a leaf has children"));
                }
            } else {
                if node.child as usize != next {
                    return Err(Error::model("the nodes of a tree are not in their order"));
                }
                next += 2;
            }
        }
        if next != tree.len() {
            return Err(Error::model("a tree has fewer nodes than it leads to"));
        }
        let depth = depth_of(tree);
        if depth > DEPTH_MAXIMUM {
            return Err(Error::model("a tree is deeper than 256"));
        }
        self.nodes.extend_from_slice(tree);
        self.starts.push(self.nodes.len());
        self.depths.push(depth);
        Ok(())
    }

    fn check_node(&self, node: &Node) -> Result<()> {
        match node.test {
            Test::Leaf(value) if value.is_nan() => Err(Error::model("a leaf is not a number")),
            Test::Leaf(_) => Ok(()),
            _ if node.feature >= self.head.feature_count => Err(unknown_feature()),
            Test::Less(threshold) if threshold.is_nan() => {
                Err(Error::model("a threshold is not a number"))
            }
            Test::Listed(set) if set as usize >= self.sets.len() => {
                Err(Error::model("a node asks for categories that the model does not have"))
            }
            _ => Ok(()),
        }
    }
}

/// The longest way from the root to a leaf, in steps. In breadth-first order parents come first.
fn depth_of(tree: &[Node]) -> usize {
    let mut depths = vec![0; tree.len()];
    let mut deepest = 0;
    for (place, node) in tree.iter().enumerate() {
        let depth = depths[place];
        deepest = deepest.max(depth);
        let child = node.child as usize;
        // A malformed tree may name a child that is not there; it is refused elsewhere.
        if child > place && child + 1 < tree.len() {
            depths[child] = depth + 1;
            depths[child + 1] = depth + 1;
        }
    }
    deepest
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(crate) fn head(feature_count: u32) -> Head {
        Head {
            feature_count,
            base_margin: 0.0,
            link: Link::Identity,
            feature_names: Vec::new(),
            schema_version: None,
        }
    }

    pub(crate) fn leaf(value: f32) -> Node {
        Node { test: Test::Leaf(value), feature: 0, default_left: false, cover: 1.0, child: 0 }
    }

    pub(crate) fn split(feature: u32, threshold: f32, child: u32) -> Node {
        Node { test: Test::Less(threshold), feature, default_left: true, cover: 2.0, child }
    }

    #[test]
    fn a_tree_in_any_order_is_put_in_breadth_first_order() {
        let mut ensemble = Ensemble::new(head(1)).unwrap();
        let loose = [
            LooseNode { node: split(0, 1.0, 0), children: Some((3, 1)) },
            LooseNode { node: leaf(2.0), children: None },
            LooseNode { node: leaf(9.0), children: None },
            LooseNode { node: leaf(1.0), children: None },
        ];
        ensemble.add_loose_tree(&loose).unwrap();
        assert_eq!(ensemble.nodes(), [split(0, 1.0, 1), leaf(1.0), leaf(2.0)]);
    }

    #[test]
    fn cycles_shared_nodes_and_children_outside_are_refused() {
        for children in [(0, 1), (1, 1), (1, 7)] {
            let mut ensemble = Ensemble::new(head(1)).unwrap();
            let loose = [
                LooseNode { node: split(0, 1.0, 0), children: Some(children) },
                LooseNode { node: leaf(2.0), children: None },
            ];
            assert!(ensemble.add_loose_tree(&loose).is_err(), "{children:?}");
            assert_eq!(ensemble.tree_count(), 0);
        }
    }

    #[test]
    fn a_tree_out_of_order_is_refused() {
        let trees = [
            vec![],
            vec![split(0, 1.0, 1), leaf(1.0)],
            vec![leaf(1.0), leaf(2.0)],
            vec![split(0, 1.0, 2), leaf(1.0), leaf(2.0)],
            vec![split(0, 1.0, 0), leaf(1.0), leaf(2.0)],
            vec![split(1, 1.0, 1), leaf(1.0), leaf(2.0)],
            vec![split(0, f32::NAN, 1), leaf(1.0), leaf(2.0)],
            vec![leaf(f32::NAN)],
            vec![leaf(1.0), split(0, 1.0, 1), leaf(2.0)],
        ];
        for tree in trees {
            let mut ensemble = Ensemble::new(head(1)).unwrap();
            assert!(ensemble.add_tree(&tree).is_err(), "{tree:?}");
        }
    }

    #[test]
    fn categories_truncate_and_what_is_not_listed_goes_the_other_way() {
        let set = CategorySet::of(&[0, 3, 40], true).unwrap();
        for value in [0.0, 0.9, 3.2, 40.0] {
            assert!(set.goes_right(value), "{value}");
        }
        for value in [-0.5, -1.0, 1.0, 41.0, 1e30, f32::INFINITY] {
            assert!(!set.goes_right(value), "{value}");
        }
        assert!(CategorySet::of(&[-1], true).is_err());
        assert!(CategorySet::of(&[1 << 24], true).is_err());
    }
}
