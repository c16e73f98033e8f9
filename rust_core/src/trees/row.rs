//! One row through all trees.
//!
//! What takes time is waiting: each step down a tree depends on the one before. So several trees
//! are walked at once, and the processor waits for all of them together.

use super::ensemble::{CategorySet, MeasuredTree, Node, Test};
use super::keys::{Columns, LEFT_COLUMN, key_of};

/// How many trees are walked at once.
const WIDTH: usize = 8;

/// The deepest tree that is kept as a perfect one, with room for every node it could have.
pub(super) const PERFECT_DEPTH_MAXIMUM: usize = 6;

/// A test of a perfect tree: go right if the key in the column is not less than this one.
#[derive(Clone, Copy, Debug)]
struct Split {
    key: i32,
    column: u32,
}

/// A test that every row passes on the left.
const NEVER_RIGHT: Split = Split { key: i32::MAX, column: LEFT_COLUMN };

/// The keys of a row, by column.
pub(super) trait Keys: Copy {
    /// The key in a column that exists.
    fn of(self, column: u32) -> i32;
}

impl Keys for &[i32] {
    #[inline(always)]
    fn of(self, column: u32) -> i32 {
        self[column as usize]
    }
}

/// How many columns a small row has.
pub(super) const SMALL_ROW: usize = 256;

/// Every number of a byte is a column, so nothing has to ask whether it is.
impl Keys for &[i32; SMALL_ROW] {
    #[inline(always)]
    fn of(self, column: u32) -> i32 {
        self[(column & 255) as usize]
    }
}

/// Trees of one depth in which every way is equally long, so that no step asks whether it is over.
///
/// The tests of a tree are a heap: the root is 1, the children of `n` are `2n` and `2n + 1`.
#[derive(Clone, Debug)]
pub(super) struct PerfectTrees {
    depth: usize,
    count: usize,
    splits: Vec<Split>,
    leaves: Vec<f32>,
}

impl PerfectTrees {
    /// How many places such trees take, most of which may be empty.
    pub(super) fn room_of(trees: &[MeasuredTree<'_>]) -> usize {
        // The last group is filled up with trees that nobody adds.
        trees.len().next_multiple_of(WIDTH) << Self::deepest_of(trees)
    }

    fn deepest_of(trees: &[MeasuredTree<'_>]) -> usize {
        trees.iter().map(|tree| tree.depth).max().unwrap_or(0).max(1)
    }

    /// Trees that are no deeper than `PERFECT_DEPTH_MAXIMUM` and ask for no categories.
    pub(super) fn of(trees: &[MeasuredTree<'_>], columns: &Columns) -> Self {
        let depth = Self::deepest_of(trees);
        let room = Self::room_of(trees);
        let mut perfect = Self {
            depth,
            count: trees.len(),
            splits: vec![NEVER_RIGHT; room],
            leaves: vec![0.0; room],
        };
        for (number, tree) in trees.iter().enumerate() {
            perfect.place(number << depth, tree.nodes, 0, 1, columns);
        }
        perfect
    }

    /// Put the part of a tree below `node` to where it belongs below `at` of the heap.
    fn place(&mut self, base: usize, tree: &[Node], node: usize, at: usize, columns: &Columns) {
        let first_leaf = 1 << self.depth;
        let Node { test, child, .. } = tree[node];
        match test {
            Test::Less(threshold) => {
                let column = columns.column_of(&tree[node]);
                self.splits[base + at] = Split { key: key_of(threshold), column };
                let child = child as usize;
                self.place(base, tree, child, 2 * at, columns);
                self.place(base, tree, child + 1, 2 * at + 1, columns);
            }
            // A leaf above the last level is below every test that could follow.
            Test::Leaf(_) if at < first_leaf => {
                self.place(base, tree, node, 2 * at, columns);
                self.place(base, tree, node, 2 * at + 1, columns);
            }
            Test::Leaf(value) => self.leaves[base + at - first_leaf] = value,
            Test::Listed(_) => {}
        }
    }

    pub(super) fn depth(&self) -> usize {
        self.depth
    }

    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// The column and the key of every place of every heap.
    pub(super) fn splits(&self) -> impl ExactSizeIterator<Item = (u32, i32)> + '_ {
        self.splits.iter().map(|split| (split.column, split.key))
    }

    pub(super) fn leaves(&self) -> &[f32] {
        &self.leaves
    }

    /// Add the leaves of all trees to the margin, in the order of the trees.
    pub(super) fn add(&self, keys: impl Keys, margin: f32) -> f32 {
        match self.depth {
            1 => self.add_deep::<1>(keys, margin),
            2 => self.add_deep::<2>(keys, margin),
            3 => self.add_deep::<3>(keys, margin),
            4 => self.add_deep::<4>(keys, margin),
            5 => self.add_deep::<5>(keys, margin),
            _ => self.add_deep::<PERFECT_DEPTH_MAXIMUM>(keys, margin),
        }
    }

    fn add_deep<const DEPTH: usize>(&self, keys: impl Keys, mut margin: f32) -> f32 {
        let mut left = self.count;
        let groups = self.splits.chunks_exact(WIDTH << DEPTH);
        for (splits, leaves) in groups.zip(self.leaves.chunks_exact(WIDTH << DEPTH)) {
            let places = walk::<DEPTH>(splits, keys);
            let real = left.min(WIDTH);
            for place in &places[..real] {
                margin += leaves[*place];
            }
            left -= real;
        }
        margin
    }
}

/// The places of the leaves of `WIDTH` trees, among the leaves of all of them.
#[inline(always)]
fn walk<const DEPTH: usize>(splits: &[Split], keys: impl Keys) -> [usize; WIDTH] {
    let mask = (1 << DEPTH) - 1;
    let mut at = [1; WIDTH];
    for _ in 0..DEPTH {
        for (tree, at) in at.iter_mut().enumerate() {
            let place = (tree << DEPTH) | (*at & mask);
            *at = (*at << 1) | right_of(splits, place, keys);
        }
    }
    let mut tree = 0;
    at.map(|at| {
        let place = (tree << DEPTH) | (at & mask);
        tree += 1;
        place
    })
}

#[inline(always)]
fn right_of(splits: &[Split], place: usize, keys: impl Keys) -> usize {
    let split = splits[place];
    usize::from(keys.of(split.column) >= split.key)
}

/// A node of a deeper tree. A leaf leads to itself, so that trees that end early can wait.
#[derive(Clone, Copy, Debug)]
struct Step {
    key: i32,
    column: u32,
    /// The left child among the nodes of all trees; the right one follows it.
    child: u32,
}

/// Trees of any depth that ask for no categories.
#[derive(Clone, Debug)]
pub(super) struct DeepTrees {
    steps: Vec<Step>,
    values: Vec<f32>,
    roots: Vec<u32>,
    depths: Vec<usize>,
}

impl DeepTrees {
    pub(super) fn of(trees: &[MeasuredTree<'_>], columns: &Columns) -> Self {
        let mut deep = Self {
            steps: Vec::new(),
            values: Vec::new(),
            roots: Vec::new(),
            depths: trees.iter().map(|tree| tree.depth).collect(),
        };
        for tree in trees {
            #[allow(clippy::cast_possible_truncation)] // A model has at most 2^26 nodes.
            let root = deep.steps.len() as u32;
            deep.roots.push(root);
            for (place, node) in (root..).zip(tree.nodes) {
                let (step, value) = match node.test {
                    Test::Less(threshold) => {
                        let column = columns.column_of(node);
                        (Step { key: key_of(threshold), column, child: root + node.child }, 0.0)
                    }
                    Test::Leaf(value) => {
                        (Step { key: i32::MAX, column: LEFT_COLUMN, child: place }, value)
                    }
                    Test::Listed(_) => continue,
                };
                deep.steps.push(step);
                deep.values.push(value);
            }
        }
        deep
    }

    /// Add the leaves of all trees to the margin, in the order of the trees.
    pub(super) fn add(&self, keys: impl Keys, mut margin: f32) -> f32 {
        for (roots, depths) in self.roots.chunks(WIDTH).zip(self.depths.chunks(WIDTH)) {
            let mut at = [0; WIDTH];
            at[..roots.len()].copy_from_slice(roots);
            let deepest = depths.iter().copied().max().unwrap_or(0);
            for _ in 0..deepest {
                for at in &mut at {
                    let step = self.steps[*at as usize];
                    *at = step.child + u32::from(keys.of(step.column) >= step.key);
                }
            }
            for at in &at[..roots.len()] {
                margin += self.values[*at as usize];
            }
        }
        margin
    }
}

/// The leaf of a tree, found as the tree is written. Trees with categories go this way, and the
/// tests hold the other ways against it.
pub(super) fn leaf_of(tree: &[Node], sets: &[CategorySet], row: &[f32]) -> f32 {
    let mut node = &tree[0];
    loop {
        if let Test::Leaf(value) = node.test {
            return value;
        }
        node = &tree[node.child as usize + usize::from(goes_right(node, sets, row))];
    }
}

/// Whether a row goes right at an inner node.
pub(super) fn goes_right(node: &Node, sets: &[CategorySet], row: &[f32]) -> bool {
    let value = row[node.feature as usize];
    if value.is_nan() {
        return !node.default_left;
    }
    match node.test {
        Test::Less(threshold) => value >= threshold,
        Test::Listed(set) => sets[set as usize].goes_right(value),
        Test::Leaf(_) => false,
    }
}
