//! Many rows, a block at a time.
//!
//! All thresholds of a model are known, so a value is first replaced by its rank among those of its
//! feature: the number of thresholds that are not greater. A rank fits 16 bits, and a comparison of
//! ranks says exactly what a comparison of floats says. A perfect tree is then evaluated without a
//! jump and without a look-up: every node compares its column for all rows of a block, and the
//! comparisons choose among the leaves' numbers from the last level up to the root.

use super::keys::{Columns, LEFT_COLUMN, key_of};
use super::lanes::{self, BLOCK, Cut, ROWS};
use super::row::PerfectTrees;
use super::simd::Simd;

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
    /// For each feature the keys of its thresholds in ascending order, each once.
    sorted: Vec<Vec<i32>>,
    /// The same keys as search trees.
    heaps: Vec<Heap>,
}

impl Cuts {
    /// The thresholds of all perfect trees, unless a feature has too many of them.
    pub(super) fn of<'a>(
        trees: impl Iterator<Item = &'a PerfectTrees>,
        columns: &Columns,
    ) -> Option<Self> {
        let mut sorted = vec![Vec::new(); columns.features().len()];
        for (column, key) in trees.flat_map(PerfectTrees::splits) {
            if column != LEFT_COLUMN {
                sorted[(column as usize - 1) / 2].push(key);
            }
        }
        for keys in &mut sorted {
            keys.sort_unstable();
            keys.dedup();
        }
        let fits = sorted.iter().all(|keys| keys.len() <= CUTS_MAXIMUM)
            && columns.count() <= usize::from(u16::MAX);
        fits.then(|| {
            let heaps = sorted.iter().map(|keys| Heap::of(keys)).collect();
            Self { sorted, heaps }
        })
    }

    fn cut_of(&self, column: u32, key: i32) -> Cut {
        if column == LEFT_COLUMN {
            return Cut::new(0, MISSING_RIGHT);
        }
        let keys = &self.sorted[(column as usize - 1) / 2];
        #[allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap)]
        let rank = keys.partition_point(|known| *known <= key) as i16; // At most CUTS_MAXIMUM.
        Cut::new(column as usize, rank)
    }
}

/// Sorted keys as a perfect search tree in the layout of a heap: the root is 1, the children of `n`
/// are `2n` and `2n + 1`. A search has no jumps and asks at most once for a line of the cache on
/// the upper levels.
#[derive(Clone, Debug)]
struct Heap(Vec<i32>);

impl Heap {
    fn of(sorted: &[i32]) -> Self {
        let size = (sorted.len() + 1).next_power_of_two();
        // No key of a number is as great, so what fills the tree up counts for nothing.
        let mut heap = vec![i32::MAX; size];
        for (place, key) in heap.iter_mut().enumerate().skip(1) {
            let level = place.ilog2();
            // The middle of the part of the sorted keys that lies below this node.
            let half = size >> (level + 1);
            let rank = (2 * (place - (1 << level)) + 1) * half - 1;
            *key = sorted.get(rank).copied().unwrap_or(i32::MAX);
        }
        Self(heap)
    }

    /// For each key, how many of the sorted ones are not greater. Several searches run in step, so
    /// that they wait for memory together.
    #[inline(always)]
    fn ranks<const N: usize>(&self, keys: &[i32; N]) -> [usize; N] {
        let heap = self.0.as_slice();
        let mask = heap.len() - 1;
        let mut at = [1_usize; N];
        for _ in 0..heap.len().ilog2() {
            for (at, key) in at.iter_mut().zip(keys) {
                *at = (*at << 1) | usize::from(heap[*at & mask] <= *key);
            }
        }
        at.map(|at| at & mask)
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
        let columns = &ranks.columns[..ranks.count * ranks.rows];
        let sums = &mut sums[..ranks.rows];
        let trees = self.cuts.chunks_exact(size).zip(self.leaves.chunks_exact(size));
        for (cuts, leaves) in trees.take(self.count) {
            lanes::add_tree(simd, cuts, leaves, columns, ranks.count, sums);
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
    /// How many rows the blocks in use have.
    rows: usize,
}

impl<'a> Ranks<'a> {
    /// Room for a number of rows, in whole blocks, up to a group of them.
    pub(super) fn new(columns: &Columns, cuts: &'a Cuts, rows: usize) -> Self {
        let count = columns.count();
        let rows = rows.min(ROWS).next_multiple_of(BLOCK);
        Self { cuts, columns: vec![MISSING_LEFT; count * rows], count, rows }
    }

    /// Rank the rows from `first` on; those beyond the end repeat the last one.
    pub(super) fn fill(&mut self, matrix: &impl Matrix, first: usize, columns: &Columns) {
        let last = matrix.row_count() - 1;
        self.rows = (last + 1 - first).min(ROWS).next_multiple_of(BLOCK);
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
                rank(&values, &self.cuts.heaps[place], pair);
            }
        }
    }
}

/// How many searches run in step.
const SEARCHES: usize = 8;

/// Write the ranks of the values into two columns, which differ where a value is missing.
fn rank(values: &[f32; BLOCK], heap: &Heap, pair: &mut [i16]) {
    let (left, right) = pair.split_at_mut(BLOCK);
    let places = left.chunks_exact_mut(SEARCHES).zip(right.chunks_exact_mut(SEARCHES));
    for (values, (left, right)) in values.as_chunks::<SEARCHES>().0.iter().zip(places) {
        let ranks = heap.ranks(&values.map(key_of));
        for lane in 0..SEARCHES {
            #[allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap)]
            let rank = ranks[lane] as i16; // At most CUTS_MAXIMUM.
            let missing = values[lane].is_nan();
            left[lane] = if missing { MISSING_LEFT } else { rank };
            right[lane] = if missing { MISSING_RIGHT } else { rank };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_heap_finds_the_ranks_of_its_keys() {
        for count in [0, 1, 2, 3, 7, 8, 100] {
            let sorted: Vec<i32> = (0..count).map(|number| 10 * number).collect();
            let heap = Heap::of(&sorted);
            for key in -1..1_001 {
                let expected = sorted.partition_point(|known| *known <= key);
                assert_eq!(heap.ranks(&[key, i32::MIN]), [expected, 0], "{count} {key}");
            }
        }
    }
}
