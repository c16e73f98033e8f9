//! Many rows, a block at a time.
//!
//! All thresholds of a model are known, so a value is first replaced by its rank among those of its
//! feature: the number of thresholds that are not greater. A rank fits 16 bits, and a comparison of
//! ranks says exactly what a comparison of floats says. A perfect tree is then evaluated without a
//! jump and without a look-up: every node compares its column for all rows of a block, and the
//! comparisons choose among the leaves' numbers from the last level up to the root.

use super::keys::{Columns, LEFT_COLUMN, key_of};
use super::lanes::{self, BLOCK, Cut};
use super::row::PerfectTrees;
use super::simd::Simd;

/// How many rows pass the trees together: their ranks fit the first-level cache beside a tree.
pub(super) const ROWS: usize = 8 * BLOCK;

/// The most thresholds of one feature of which ranks can tell.
const CUTS_MAXIMUM: usize = 32_000;
const MISSING_LEFT: i16 = -1;
const MISSING_RIGHT: i16 = i16::MAX;

/// A table of numbers, wherever and however it lies.
pub trait Matrix {
    /// How many rows it has.
    fn row_count(&self) -> usize;

    /// The value of a feature in a row, as float32. Both are within the table.
    fn value(&self, row: usize, feature: usize) -> f32;
}

/// The thresholds of every feature that is asked for.
#[derive(Clone, Debug)]
pub(super) struct Cuts {
    /// Their keys in ascending order, each once, one feature after the other.
    keys: Vec<i32>,
    /// Where those of each feature start, and where the last one's end.
    starts: Vec<usize>,
}

impl Cuts {
    /// The thresholds of all perfect trees, unless a feature has too many of them.
    pub(super) fn of<'a>(
        trees: impl Iterator<Item = &'a PerfectTrees>,
        columns: &Columns,
    ) -> Option<Self> {
        let mut by_feature = vec![Vec::new(); columns.features().len()];
        for (column, key) in trees.flat_map(PerfectTrees::splits) {
            if column != LEFT_COLUMN {
                by_feature[(column as usize - 1) / 2].push(key);
            }
        }
        let mut cuts = Self { keys: Vec::new(), starts: vec![0] };
        for mut keys in by_feature {
            keys.sort_unstable();
            keys.dedup();
            if keys.len() > CUTS_MAXIMUM {
                return None;
            }
            cuts.keys.append(&mut keys);
            cuts.starts.push(cuts.keys.len());
        }
        // The number of a column in a cut is of 16 bits as well.
        (columns.count() <= usize::from(u16::MAX)).then_some(cuts)
    }

    fn of_feature(&self, place: usize) -> &[i32] {
        &self.keys[self.starts[place]..self.starts[place + 1]]
    }

    fn cut_of(&self, column: u32, key: i32) -> Cut {
        if column == LEFT_COLUMN {
            return Cut::new(0, MISSING_RIGHT);
        }
        let keys = self.of_feature((column as usize - 1) / 2);
        #[allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap)]
        let rank = keys.partition_point(|known| *known < key) as i16; // At most CUTS_MAXIMUM.
        Cut::new(column as usize, rank)
    }
}

/// Perfect trees with ranks in the place of thresholds.
#[derive(Clone, Debug)]
pub(super) struct RankedTrees {
    depth: usize,
    count: usize,
    cuts: Vec<Cut>,
    leaves: Vec<f32>,
}

impl RankedTrees {
    pub(super) fn of(trees: &PerfectTrees, cuts: &Cuts) -> Self {
        let ranked = trees.splits().map(|(column, key)| cuts.cut_of(column, key)).collect();
        let leaves = trees.leaves().to_vec();
        Self { depth: trees.depth(), count: trees.count(), cuts: ranked, leaves }
    }

    /// Add the leaves of all trees to the sums of all rows, in the order of the trees.
    pub(super) fn add(&self, simd: Simd, ranks: &Ranks<'_>, sums: &mut [f32; ROWS]) {
        let size = 1 << self.depth;
        let trees = self.cuts.chunks_exact(size).zip(self.leaves.chunks_exact(size));
        for (cuts, leaves) in trees.take(self.count) {
            lanes::add_tree(simd, cuts, leaves, &ranks.columns, ranks.count, sums);
        }
    }
}

/// The ranks of a group of rows: for each block of them all columns, each a rank a row.
#[derive(Debug)]
pub(super) struct Ranks<'a> {
    cuts: &'a Cuts,
    columns: Vec<i16>,
    /// How many columns a block has.
    count: usize,
}

impl<'a> Ranks<'a> {
    pub(super) fn new(columns: &Columns, cuts: &'a Cuts) -> Self {
        let count = columns.count();
        Self { cuts, columns: vec![MISSING_LEFT; count * ROWS], count }
    }

    /// Rank the rows from `first` on; those beyond the end repeat the last one.
    pub(super) fn fill(&mut self, matrix: &impl Matrix, first: usize, columns: &Columns) {
        let last = matrix.row_count() - 1;
        for (number, block) in self.columns.chunks_exact_mut(self.count * BLOCK).enumerate() {
            let start = first + number * BLOCK;
            if start > last {
                break;
            }
            // The first column is the one in which all is less.
            let pairs = block[BLOCK..].chunks_exact_mut(2 * BLOCK);
            for (place, (pair, feature)) in pairs.zip(columns.features()).enumerate() {
                let mut values = [0.0; BLOCK];
                for (lane, value) in values.iter_mut().enumerate() {
                    *value = matrix.value((start + lane).min(last), *feature as usize);
                }
                rank(&values, self.cuts.of_feature(place), pair);
            }
        }
    }
}

/// Write the ranks of the values into two columns, which differ where a value is missing.
fn rank(values: &[f32; BLOCK], cuts: &[i32], pair: &mut [i16]) {
    let keys = values.map(key_of);
    let mut ranks = [0_usize; BLOCK];
    // A binary search in step for all rows: it has no jumps, and the rows do not wait in turn.
    let mut size = cuts.len();
    while size > 1 {
        let half = size / 2;
        for (rank, key) in ranks.iter_mut().zip(&keys) {
            *rank += if cuts[*rank + half - 1] <= *key { half } else { 0 };
        }
        size -= half;
    }
    let (left, right) = pair.split_at_mut(BLOCK);
    for lane in 0..BLOCK {
        let rank =
            ranks[lane] + usize::from(cuts.get(ranks[lane]).is_some_and(|c| *c <= keys[lane]));
        #[allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap)]
        let rank = rank as i16; // At most CUTS_MAXIMUM.
        let missing = values[lane].is_nan();
        left[lane] = if missing { MISSING_LEFT } else { rank };
        right[lane] = if missing { MISSING_RIGHT } else { rank };
    }
}
