//! A model, ready to score.

use super::arrays::Arrays;
use super::ensemble::{Ensemble, Node, Test, depth_of};
use super::file;
use super::keys::Columns;
use super::link::Link;
use super::row::{DeepTrees, PERFECT_DEPTH_MAXIMUM, PerfectTrees, leaf_of};
use super::rows::{Cuts, Matrix, ROWS, RankedTrees, Ranks};
use super::shares::Shares;
use super::simd::{self, Simd};
use super::xgboost::{self, Wishes};
use crate::error::Result;
use std::ops::Range;

/// How many keys of a row are kept without asking for memory.
const SMALL_ROW: usize = 256;

/// An ensemble of trees with one output, compiled. It never changes.
#[derive(Clone, Debug)]
pub struct Model {
    ensemble: Ensemble,
    columns: Columns,
    runs: Vec<Run>,
    /// The thresholds by which rows are ranked; none when they cannot be.
    cuts: Option<Cuts>,
    shares: Shares,
    digest: [u8; 32],
}

/// Fewer rows than this are not worth ranking.
const FEW_ROWS: usize = 8;

/// Trees that follow one another and go the same way.
#[derive(Clone, Debug)]
enum Run {
    /// None of them is deep; with ranks when the rows can be ranked.
    Perfect(PerfectTrees, Option<RankedTrees>),
    Deep(DeepTrees),
    /// The trees of these numbers ask for categories.
    Categorical(Range<usize>),
}

/// The ways on which a tree can go.
#[derive(Clone, Copy, PartialEq)]
enum Way {
    Perfect,
    Deep,
    Categorical,
}

impl Way {
    fn of(tree: &[Node]) -> Self {
        if tree.iter().any(|node| matches!(node.test, Test::Listed(_))) {
            Self::Categorical
        } else if depth_of(tree) <= PERFECT_DEPTH_MAXIMUM {
            Self::Perfect
        } else {
            Self::Deep
        }
    }
}

impl Model {
    /// A model as XGBoost 1.7 to 3 saves it, in JSON or UBJ.
    ///
    /// `iterations` is how many rounds of boosting to use, instead of those up to the best one.
    pub fn from_xgboost(
        data: &[u8],
        iterations: Option<usize>,
        schema_version: Option<u32>,
    ) -> Result<Self> {
        Ok(Self::compile(xgboost::read(data, Wishes { iterations, schema_version })?))
    }

    /// A model from flat arrays.
    pub fn from_arrays(arrays: &Arrays<'_>) -> Result<Self> {
        Ok(Self::compile(arrays.read()?))
    }

    /// A model as `to_bytes` wrote it.
    pub fn from_bytes(data: &[u8]) -> Result<Self> {
        Ok(Self::compile(file::read(data)?))
    }

    /// The model in the core's own form: the same model, the same bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        file::write(&self.ensemble)
    }

    fn compile(ensemble: Ensemble) -> Self {
        let columns = Columns::of(ensemble.nodes(), ensemble.head.feature_count as usize);
        let trees: Vec<&[Node]> = ensemble.trees().collect();
        let ways: Vec<Way> = trees.iter().map(|tree| Way::of(tree)).collect();
        let mut runs = Vec::new();
        let mut start = 0;
        for same in ways.chunk_by(PartialEq::eq) {
            let numbers = start..start + same.len();
            start = numbers.end;
            runs.push(match same[0] {
                Way::Perfect => Run::Perfect(PerfectTrees::of(&trees[numbers], &columns), None),
                Way::Deep => Run::Deep(DeepTrees::of(&trees[numbers], &columns)),
                Way::Categorical => Run::Categorical(numbers),
            });
        }
        let perfect = runs.iter().filter_map(|run| match run {
            Run::Perfect(trees, _) => Some(trees),
            _ => None,
        });
        let cuts = Cuts::of(perfect, &columns);
        for run in &mut runs {
            if let (Run::Perfect(trees, ranked), Some(cuts)) = (run, &cuts) {
                *ranked = Some(RankedTrees::of(trees, cuts));
            }
        }
        let deepest = trees.iter().map(|tree| depth_of(tree)).max().unwrap_or(0);
        let shares = Shares::of(&ensemble, deepest);
        let digest = file::digest(&ensemble);
        Self { ensemble, columns, runs, cuts, shares, digest }
    }

    /// How many features a row has.
    pub fn feature_count(&self) -> usize {
        self.ensemble.head.feature_count as usize
    }

    /// How many trees are added up.
    pub fn tree_count(&self) -> usize {
        self.ensemble.tree_count()
    }

    /// How a score follows from a margin.
    pub fn link(&self) -> Link {
        self.ensemble.head.link
    }

    /// The margin of no trees.
    pub fn base_margin(&self) -> f32 {
        self.ensemble.head.base_margin
    }

    /// The names of the features, or none.
    pub fn feature_names(&self) -> &[String] {
        &self.ensemble.head.feature_names
    }

    /// The version of the feature schema that the model was trained on.
    pub fn schema_version(&self) -> Option<u32> {
        self.ensemble.head.schema_version
    }

    /// SHA-256 over what `to_bytes` gives, less that checksum itself.
    pub fn digest(&self) -> &[u8; 32] {
        &self.digest
    }

    /// The score of a margin.
    pub fn probability(&self, margin: f32) -> f32 {
        self.link().score(margin)
    }

    /// The margin of one row.
    ///
    /// # Panics
    /// When the row does not have `feature_count` values.
    pub fn margin_row(&self, row: &[f32]) -> f32 {
        assert_eq!(row.len(), self.feature_count(), "a row must have feature_count values");
        let count = self.columns.count();
        if count <= SMALL_ROW {
            self.margin_with(row, &mut [0; SMALL_ROW][..count])
        } else {
            self.margin_with(row, &mut vec![0; count])
        }
    }

    fn margin_with(&self, row: &[f32], keys: &mut [i32]) -> f32 {
        self.columns.fill(row, keys);
        self.runs
            .iter()
            .fold(self.base_margin(), |margin, run| self.add_run(run, row, keys, margin))
    }

    fn add_run(&self, run: &Run, row: &[f32], keys: &[i32], margin: f32) -> f32 {
        match run {
            Run::Perfect(trees, _) => trees.add(keys, margin),
            Run::Deep(trees) => trees.add(keys, margin),
            Run::Categorical(numbers) => self.add_plainly(numbers.clone(), row, margin),
        }
    }

    fn add_plainly(&self, numbers: Range<usize>, row: &[f32], margin: f32) -> f32 {
        numbers.fold(margin, |margin, number| {
            margin + leaf_of(self.ensemble.tree(number), self.ensemble.sets(), row)
        })
    }

    /// Write the margins of all rows.
    ///
    /// # Panics
    /// When `margins` does not have one place for each row.
    pub fn margins(&self, matrix: &impl Matrix, margins: &mut [f32]) {
        self.margins_by(simd::in_use(), matrix, margins);
    }

    fn margins_by(&self, simd: Simd, matrix: &impl Matrix, margins: &mut [f32]) {
        assert_eq!(margins.len(), matrix.row_count(), "margins must be one for each row");
        if margins.len() < FEW_ROWS {
            let mut row = vec![0.0; self.feature_count()];
            for (number, margin) in margins.iter_mut().enumerate() {
                read_row(matrix, number, &mut row);
                *margin = self.margin_row(&row);
            }
            return;
        }
        let mut ranks = self.cuts.as_ref().map(|cuts| Ranks::new(&self.columns, cuts));
        let mut group = Group::new(self);
        for (number, margins) in margins.chunks_mut(ROWS).enumerate() {
            let first = number * ROWS;
            if let Some(ranks) = &mut ranks {
                ranks.fill(matrix, first, &self.columns);
            }
            group.fill(self, matrix, first..first + margins.len());
            let mut sums = [self.base_margin(); ROWS];
            for run in &self.runs {
                match (run, &ranks) {
                    (Run::Perfect(_, Some(trees)), Some(ranks)) => {
                        trees.add(simd, ranks, &mut sums);
                    }
                    _ => group.add(self, run, &mut sums),
                }
            }
            margins.copy_from_slice(&sums[..margins.len()]);
        }
    }

    /// The features' shares of the margin of a row, and last the margin of no features.
    ///
    /// # Panics
    /// When the row does not have `feature_count` values.
    pub fn contributions(&self, row: &[f32]) -> Vec<f64> {
        assert_eq!(row.len(), self.feature_count(), "a row must have feature_count values");
        self.shares.of_row(&self.ensemble, row)
    }
}

/// Rows on their way through the trees that take one row at a time.
struct Group {
    rows: Vec<f32>,
    keys: Vec<i32>,
    count: usize,
}

impl Group {
    /// Without room when all trees take ranks.
    fn new(model: &Model) -> Self {
        let needed = model.runs.iter().any(|run| !matches!(run, Run::Perfect(_, Some(_))));
        let room = if needed { ROWS } else { 0 };
        Self {
            rows: vec![0.0; room * model.feature_count()],
            keys: vec![0; room * model.columns.count()],
            count: 0,
        }
    }

    fn fill(&mut self, model: &Model, matrix: &impl Matrix, numbers: Range<usize>) {
        self.count = numbers.len();
        let rows = self.rows.chunks_exact_mut(model.feature_count());
        let keys = self.keys.chunks_exact_mut(model.columns.count());
        for ((number, row), keys) in numbers.zip(rows).zip(keys) {
            read_row(matrix, number, row);
            model.columns.fill(row, keys);
        }
    }

    fn add(&self, model: &Model, run: &Run, sums: &mut [f32; ROWS]) {
        let rows = self.rows.chunks_exact(model.feature_count());
        let keys = self.keys.chunks_exact(model.columns.count());
        for ((row, keys), sum) in rows.zip(keys).zip(sums).take(self.count) {
            *sum = model.add_run(run, row, keys, *sum);
        }
    }
}

fn read_row(matrix: &impl Matrix, number: usize, row: &mut [f32]) {
    for (feature, value) in row.iter_mut().enumerate() {
        *value = matrix.value(number, feature);
    }
}
