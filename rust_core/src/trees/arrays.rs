//! Trees as flat arrays, the way in for other libraries' models.

use super::ensemble::{CategorySet, Ensemble, Head, LooseNode, Test};
use super::link::Link;
use crate::error::{Error, Result};

/// An ensemble as arrays with one item a node, the nodes of one tree after those of another.
#[derive(Clone, Debug)]
pub struct Arrays<'a> {
    /// How many nodes each tree has.
    pub tree_sizes: &'a [i32],
    /// The left child, counted from the root of its tree; -1 at a leaf.
    pub left: &'a [i32],
    /// The right child; -1 at a leaf.
    pub right: &'a [i32],
    /// Which feature a node asks for.
    pub feature: &'a [i32],
    /// A row goes left if its feature is less than this.
    pub threshold: &'a [f32],
    /// Where a missing value goes: 1 is left, 0 is right.
    pub default_left: &'a [u8],
    /// The value of a leaf.
    pub value: &'a [f32],
    /// How much training weight reached a node.
    pub cover: &'a [f32],
    /// What the categorical nodes ask for.
    pub categories: &'a [Categories],
    /// How many features a row has.
    pub feature_count: usize,
    /// The margin of no trees.
    pub base_margin: f32,
    /// How a score follows from a margin.
    pub link: Link,
    /// Empty, or a name for each feature.
    pub feature_names: Vec<String>,
    /// The version of the feature schema, if the model is bound to one.
    pub schema_version: Option<u32>,
}

/// What a categorical node asks for, instead of a threshold.
#[derive(Clone, Debug)]
pub struct Categories {
    /// The node, counted over all trees.
    pub node: usize,
    /// Whether the listed categories go right, and all others left.
    pub listed_goes_right: bool,
    /// The categories, each within 0..2^24 - 1.
    pub listed: Vec<i64>,
}

impl Arrays<'_> {
    pub(super) fn read(&self) -> Result<Ensemble> {
        self.check_lengths()?;
        let feature_count = u32::try_from(self.feature_count).unwrap_or(u32::MAX);
        let mut ensemble = Ensemble::new(Head {
            feature_count,
            base_margin: self.base_margin,
            link: self.link,
            feature_names: self.feature_names.clone(),
            schema_version: self.schema_version,
        })?;
        let sets = self.read_sets(&mut ensemble)?;
        let mut start = 0;
        for size in self.tree_sizes {
            // The sizes were found to be the number of nodes together.
            let end = start + usize::try_from(*size).unwrap_or(0);
            let loose: Result<Vec<_>> = (start..end).map(|place| self.node(place, &sets)).collect();
            ensemble.add_loose_tree(&loose?)?;
            start = end;
        }
        Ok(ensemble)
    }

    fn check_lengths(&self) -> Result<()> {
        let nodes = self.left.len();
        for (name, length) in [
            ("right", self.right.len()),
            ("feature", self.feature.len()),
            ("threshold", self.threshold.len()),
            ("default_left", self.default_left.len()),
            ("value", self.value.len()),
            ("cover", self.cover.len()),
        ] {
            if length != nodes {
                return Err(Error::model(format!("{name} must have as many items as left")));
            }
        }
        let sizes = self
            .tree_sizes
            .iter()
            .try_fold(0_usize, |sum, size| sum.checked_add(usize::try_from(*size).ok()?));
        if sizes == Some(nodes) {
            Ok(())
        } else {
            Err(Error::model("tree_sizes must add up to the number of nodes"))
        }
    }

    fn read_sets(&self, ensemble: &mut Ensemble) -> Result<Vec<Option<u32>>> {
        let mut sets = Vec::new();
        if self.categories.is_empty() {
            return Ok(sets);
        }
        sets.resize(self.left.len(), None);
        for categories in self.categories {
            let set = CategorySet::of(&categories.listed, categories.listed_goes_right)?;
            let place = sets
                .get_mut(categories.node)
                .ok_or(Error::model("categories name a node that is not there"))?;
            if place.replace(ensemble.add_set(set)?).is_some() {
                return Err(Error::model("categories name a node twice"));
            }
        }
        Ok(sets)
    }

    fn node(&self, place: usize, sets: &[Option<u32>]) -> Result<LooseNode> {
        let (left, right) = (self.left[place], self.right[place]);
        match (left == -1, right == -1) {
            (true, true) => return Ok(LooseNode::leaf(self.value[place], self.cover[place])),
            (false, false) => {}
            _ => return Err(Error::model("a node has one child")),
        }
        let test = match sets.get(place).copied().flatten() {
            Some(set) => Test::Listed(set),
            None => Test::Less(self.threshold[place]),
        };
        LooseNode::split(
            test,
            self.feature[place].into(),
            self.default_left[place] != 0,
            self.cover[place],
            (left.into(), right.into()),
        )
    }
}
