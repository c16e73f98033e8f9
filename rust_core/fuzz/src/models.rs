//! A model is refused by name, or it scores.

use super::nodes::Nodes;
use aws_lc_rs::digest::{SHA256, digest};
use sikka_core::error::{Error, Result};
use sikka_core::trees::{Matrix, Model};

const DIGEST_BYTES: usize = 32;

/// Numbers at which something changes, the missing one among them.
const NUMBERS: [f32; 16] = [
    f32::NAN,
    0.0,
    1.0,
    -0.5,
    2.7,
    f32::INFINITY,
    -0.0,
    7.0,
    f32::NEG_INFINITY,
    1e-45,
    f32::MAX,
    -3.0,
    0.5,
    2.0,
    f32::MIN,
    16_777_216.0,
];

/// More rows than are scored together, if the model asks for few features.
const ROWS_MAXIMUM: usize = 300;
/// As few rows as are ranked.
const ROWS_MINIMUM: usize = 9;
const VALUES_MAXIMUM: usize = 1 << 12;

/// The bytes of a file of XGBoost.
pub fn model_xgboost(data: &[u8]) {
    judge(Model::from_xgboost(data, None, None));
    // Rounds that are asked for go another way than those up to the best one.
    judge(Model::from_xgboost(data, Some(1), Some(7)));
}

/// The bytes of a file of the core, less its checksum, which nobody would guess.
pub fn model_file(data: &[u8]) {
    judge(Model::from_bytes(data));
    let file = [data, digest(&SHA256, data).as_ref()].concat();
    let model = Model::from_bytes(&file);
    if let Ok(model) = &model {
        assert!(model.to_bytes() == file, "a model must be written as it was read");
    }
    judge(model);
}

/// Flat arrays.
pub fn model_arrays(data: &[u8]) {
    if let Some(nodes) = Nodes::of(data) {
        judge(Model::from_arrays(&nodes.arrays()));
    }
}

fn judge(model: Result<Model>) {
    match model {
        Ok(model) => {
            check_scores(&model);
            check_file(&model);
        }
        Err(error) => {
            assert!(matches!(error, Error::Model(_)), "a model is refused as a model: {error:?}");
            assert!(!error.to_string().is_empty());
        }
    }
}

/// Rows that are not held in memory, so that a wide model costs what the core asks for only.
struct Rows {
    count: usize,
}

impl Matrix for Rows {
    fn row_count(&self) -> usize {
        self.count
    }

    fn value(&self, row: usize, feature: usize) -> f32 {
        NUMBERS[(row * 5 + feature * 3 + row / 16) & 15]
    }
}

/// One row at a time and many together have the same bits, and every row has its shares.
fn check_scores(model: &Model) {
    let features = model.feature_count();
    let count = (VALUES_MAXIMUM / features).clamp(ROWS_MINIMUM, ROWS_MAXIMUM);
    let rows = Rows { count };
    let mut margins = vec![0.0; count];
    model.margins(&rows, &mut margins);
    // All rows of a wide model one by one would take seconds.
    let alone = if features > VALUES_MAXIMUM { 2 } else { count };
    for (number, margin) in margins.iter().take(alone).enumerate() {
        let row: Vec<f32> = (0..features).map(|feature| rows.value(number, feature)).collect();
        let alone = model.margin_row(&row);
        // Infinite leaves may add up to no number, whose bits say nothing.
        assert!(
            alone.to_bits() == margin.to_bits() || (alone.is_nan() && margin.is_nan()),
            "row {number}: {alone} alone, {margin} among others"
        );
        let _ = model.score_of(alone);
        if number < 2 {
            check_shares(model, &row);
        }
    }
}

/// Every feature has its share, and the margin of no features, unless the weights are unknown.
fn check_shares(model: &Model, row: &[f32]) {
    match model.contributions(row) {
        Ok(shares) => assert_eq!(shares.len(), row.len() + 1),
        Err(error) => assert!(matches!(error, Error::Model(_)), "another refusal: {error:?}"),
    }
}

/// A model comes back from its file as it was.
fn check_file(model: &Model) {
    let file = model.to_bytes();
    assert!(file.ends_with(model.digest()) && file.len() > DIGEST_BYTES);
    let again = Model::from_bytes(&file).unwrap_or_else(|error| panic!("not read back: {error}"));
    assert!(again.to_bytes() == file, "a model must be written as it was read");
    assert_eq!(again.digest(), model.digest());
}
