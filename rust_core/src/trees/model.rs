//! A model, ready to score.

use super::arrays::Arrays;
use super::ensemble::{Ensemble, MeasuredTree, Test};
use super::file;
use super::keys::Columns;
use super::lanes::ROWS;
use super::link::Link;
use super::row::{DeepTrees, Keys, PERFECT_DEPTH_MAXIMUM, PerfectTrees, SMALL_ROW, leaf_of};
use super::rows::{Cuts, Matrix, RankedTrees, Ranks};
use super::shares::Shares;
use super::simd::{self, Simd};
use super::xgboost::{self, Wishes};
use crate::error::{Error, Result};
use std::ops::Range;
use std::sync::OnceLock;

/// An ensemble of trees with one output, compiled. It never changes.
#[derive(Clone, Debug)]
pub struct Model {
    ensemble: Ensemble,
    columns: Columns,
    runs: Vec<Run>,
    /// The thresholds by which rows are ranked; none when they cannot be.
    cuts: Option<Cuts>,
    /// Made when contributions are first asked for; none when the model does not tell the training
    /// weight of every node.
    shares: OnceLock<Option<Shares>>,
    digest: [u8; 32],
}

/// Fewer rows than this are not worth ranking.
const FEW_ROWS: usize = 16;

/// How many places of perfect trees a model may have for each of its nodes. A tree as deep as they
/// may be has at most five; one deep tree among many that are nothing but a leaf would have more.
const PLACES_PER_NODE: usize = 8;
/// So many places a model may have in any case.
const FEW_PLACES: usize = 1 << 20;

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
    fn of(tree: &MeasuredTree<'_>) -> Self {
        if tree.nodes.iter().any(|node| matches!(node.test, Test::Listed(_))) {
            Self::Categorical
        } else if tree.depth <= PERFECT_DEPTH_MAXIMUM {
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
        Ok(Self::new(xgboost::read(data, Wishes { iterations, schema_version })?))
    }

    /// A model from flat arrays.
    pub fn from_arrays(arrays: &Arrays<'_>) -> Result<Self> {
        Ok(Self::new(arrays.read()?))
    }

    /// A model as `to_bytes` wrote it.
    pub fn from_bytes(data: &[u8]) -> Result<Self> {
        let (ensemble, digest) = file::read(data)?;
        Ok(Self::compile(ensemble, digest))
    }

    /// The model in the core's own form: the same model, the same bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        file::write(&self.ensemble)
    }

    fn new(ensemble: Ensemble) -> Self {
        let digest = file::digest(&ensemble);
        Self::compile(ensemble, digest)
    }

    fn compile(ensemble: Ensemble, digest: [u8; 32]) -> Self {
        let columns = Columns::of(ensemble.nodes(), ensemble.head.feature_count as usize);
        let trees: Vec<MeasuredTree<'_>> = ensemble.measured_trees().collect();
        let ways: Vec<Way> = trees.iter().map(Way::of).collect();
        let mut runs = Vec::new();
        let mut places = FEW_PLACES.max(PLACES_PER_NODE * ensemble.nodes().len());
        let mut start = 0;
        for same in ways.chunk_by(PartialEq::eq) {
            let numbers = start..start + same.len();
            start = numbers.end;
            let trees = &trees[numbers.clone()];
            runs.push(match same[0] {
                Way::Perfect if PerfectTrees::room_of(trees) <= places => {
                    places -= PerfectTrees::room_of(trees);
                    Run::Perfect(PerfectTrees::of(trees, &columns), None)
                }
                Way::Perfect | Way::Deep => Run::Deep(DeepTrees::of(trees, &columns)),
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
        Self { ensemble, columns, runs, cuts, shares: OnceLock::new(), digest }
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
    pub fn score_of(&self, margin: f32) -> f32 {
        self.link().score(margin)
    }

    /// The score of one row.
    ///
    /// # Panics
    /// When the row does not have `feature_count` values.
    pub fn score_row(&self, row: &[f32]) -> f32 {
        self.score_of(self.margin_row(row))
    }

    /// The margin of one row.
    ///
    /// # Panics
    /// When the row does not have `feature_count` values.
    pub fn margin_row(&self, row: &[f32]) -> f32 {
        assert_eq!(row.len(), self.feature_count(), "a row must have feature_count values");
        let count = self.columns.count();
        if count <= SMALL_ROW {
            let mut keys = [0; SMALL_ROW];
            self.columns.fill(row, &mut keys[..count]);
            self.add_runs(row, &keys)
        } else {
            let mut keys = vec![0; count];
            self.columns.fill(row, &mut keys);
            self.add_runs(row, keys.as_slice())
        }
    }

    fn add_runs(&self, row: &[f32], keys: impl Keys) -> f32 {
        self.runs
            .iter()
            .fold(self.base_margin(), |margin, run| self.add_run(run, row, keys, margin))
    }

    fn add_run(&self, run: &Run, row: &[f32], keys: impl Keys, margin: f32) -> f32 {
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
        let mut ranks =
            self.cuts.as_ref().map(|cuts| Ranks::new(&self.columns, cuts, margins.len()));
        let mut group = Group::new(self, ROWS.min(margins.len()));
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
    pub fn contributions(&self, row: &[f32]) -> Result<Vec<f64>> {
        assert_eq!(row.len(), self.feature_count(), "a row must have feature_count values");
        let unknown =
            || Error::model("the covers of the model are no weights, so contributions are unknown");
        let shares = self.shares.get_or_init(|| Shares::of(&self.ensemble));
        let shares = shares.as_ref().ok_or_else(unknown)?;
        Ok(shares.of_row(&self.ensemble, row))
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
    fn new(model: &Model, rows: usize) -> Self {
        let needed = model.runs.iter().any(|run| !matches!(run, Run::Perfect(_, Some(_))));
        let room = if needed { rows } else { 0 };
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::property;
    use crate::trees::ensemble::tests::head;
    use crate::trees::ensemble::{CategorySet, Head, LooseNode, Node};
    use crate::trees::simd::PATHS;
    use proptest::prelude::*;

    struct Table(Vec<Vec<f32>>);

    impl Matrix for Table {
        fn row_count(&self) -> usize {
            self.0.len()
        }

        fn value(&self, row: usize, feature: usize) -> f32 {
            self.0[row][feature]
        }
    }

    const FEATURES: u32 = 5;

    /// Numbers that meet one another often, and those at the ends of the line.
    fn number() -> impl Strategy<Value = f32> {
        prop_oneof![
            8 => (-4_i8..5).prop_map(|number| f32::from(number) / 2.0),
            1 => any::<f32>().prop_filter("a threshold is a number", |number| !number.is_nan()),
            1 => proptest::sample::select(vec![-0.0, f32::INFINITY, f32::NEG_INFINITY, f32::MAX]),
        ]
    }

    fn value() -> impl Strategy<Value = f32> {
        prop_oneof![9 => number(), 1 => Just(f32::NAN)]
    }

    fn leaf() -> impl Strategy<Value = Vec<LooseNode>> {
        (-1.0_f32..1.0, 0.0_f32..9.0).prop_map(|(value, cover)| vec![LooseNode::leaf(value, cover)])
    }

    /// A tree; one split in `categorical` asks for the only set of categories.
    fn tree(depth: u32, categorical: u32) -> impl Strategy<Value = Vec<LooseNode>> {
        leaf().prop_recursive(depth, 200, 2, move |below| {
            let split = (0..FEATURES, number(), any::<bool>(), 0..100_u32, 0.0_f32..9.0);
            (split, below.clone(), below).prop_map(move |(split, left, right)| {
                let (feature, threshold, default_left, kind, cover) = split;
                let test = match kind < categorical {
                    true => Test::Listed(0),
                    false => Test::Less(threshold),
                };
                let node = Node { test, feature, default_left, cover, child: 0 };
                let right_root = 1 + left.len();
                let mut tree = vec![LooseNode { node, children: Some((1, right_root)) }];
                for (offset, part) in [(1, left), (right_root, right)] {
                    tree.extend(part.into_iter().map(|LooseNode { node, children }| LooseNode {
                        node,
                        children: children.map(|(left, right)| (left + offset, right + offset)),
                    }));
                }
                tree
            })
        })
    }

    fn any_tree() -> impl Strategy<Value = Vec<LooseNode>> {
        prop_oneof![6 => tree(6, 0), 1 => tree(9, 0), 1 => tree(4, 30)]
    }

    fn model() -> impl Strategy<Value = Model> {
        proptest::collection::vec(any_tree(), 0..30).prop_map(|trees| {
            let mut ensemble = Ensemble::new(Head { base_margin: 0.25, ..head(FEATURES) }).unwrap();
            ensemble.add_set(CategorySet::of(&[0, 1, 7], true).unwrap()).unwrap();
            for tree in trees {
                ensemble.add_loose_tree(&tree).unwrap();
            }
            Model::new(ensemble)
        })
    }

    fn row() -> impl Strategy<Value = Vec<f32>> {
        proptest::collection::vec(value(), FEATURES as usize)
    }

    fn plainly(model: &Model, row: &[f32]) -> f32 {
        model.add_plainly(0..model.tree_count(), row, model.base_margin())
    }

    /// A case is a whole model and hundreds of rows.
    fn fewer_cases() -> ProptestConfig {
        let config = property::config();
        ProptestConfig { cases: config.cases / 4, ..config }
    }

    proptest! {
        #![proptest_config(fewer_cases())]

        #[test]
        fn every_path_gives_the_bits_of_the_trees_as_they_are_written(
            model in model(),
            rows in proptest::collection::vec(row(), 1..300),
        ) {
            let expected: Vec<u32> =
                rows.iter().map(|row| plainly(&model, row).to_bits()).collect();
            let one_by_one: Vec<u32> =
                rows.iter().map(|row| model.margin_row(row).to_bits()).collect();
            prop_assert_eq!(&one_by_one, &expected);
            let mut margins = vec![0.0; rows.len()];
            let table = Table(rows);
            for path in PATHS.into_iter().filter(|path| path.is_available()) {
                model.margins_by(path, &table, &mut margins);
                let bits: Vec<u32> = margins.iter().map(|margin| margin.to_bits()).collect();
                prop_assert_eq!(&bits, &expected, "{}", path.name());
            }
        }

        #[test]
        fn shares_add_up_to_the_margin(model in model(), row in row()) {
            let sum: f64 = model.contributions(&row).unwrap().iter().sum();
            prop_assert!((sum - f64::from(plainly(&model, &row))).abs() < 1e-4, "{sum}");
        }

        #[test]
        fn a_model_survives_its_file_and_no_damage_to_it(
            model in model(),
            place in any::<proptest::sample::Index>(),
            bit in 0..8_u8,
        ) {
            let mut data = model.to_bytes();
            let copy = Model::from_bytes(&data).unwrap();
            prop_assert_eq!(&copy.ensemble, &model.ensemble);
            prop_assert_eq!(copy.to_bytes(), data.clone());
            let cut = place.index(data.len());
            prop_assert!(Model::from_bytes(&data[..cut]).is_err());
            data[cut] ^= 1_u8 << bit;
            prop_assert!(Model::from_bytes(&data).is_err());
        }

        #[test]
        fn whatever_the_bytes_say_reading_them_ends(
            data in proptest::collection::vec(any::<u8>(), 0..200),
            start in proptest::sample::select(vec![&b""[..], b"{L", b"{\"", b"SIKKTREE\x01\0\0\0"]),
        ) {
            let data = [start, &data].concat();
            prop_assert!(Model::from_xgboost(&data, None, None).is_err());
            prop_assert!(Model::from_bytes(&data).is_err());
        }
    }
}
