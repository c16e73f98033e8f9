use super::schema::{FEATURES, SCHEMA_VERSION};
use super::vector::Vector;
use crate::error::{Error, Result};
use crate::trees::Model;

/// What a model says of a payment.
#[derive(Clone, Debug)]
pub struct Assessment {
    /// The model's score; a probability where the model gives one.
    pub score: f32,
    /// The features that moved the margin most, the strongest first, and by how much.
    pub top: Vec<(&'static str, f64)>,
}

/// Check that a model can score these vectors. To be asked before a payment is counted, so that a
/// refusal changes nothing.
pub fn check_model(model: &Model) -> Result<()> {
    if model.schema_version() != Some(SCHEMA_VERSION) {
        let rule = format!("model must be trained on version {SCHEMA_VERSION} of the schema");
        return Err(Error::model(rule));
    }
    if model.feature_count() != FEATURES.len() {
        return Err(Error::model(format!("model must have {} features", FEATURES.len())));
    }
    let names = model.feature_names();
    let ours = FEATURES.iter().map(|feature| feature.name);
    if !names.is_empty() && !names.iter().map(String::as_str).eq(ours) {
        return Err(Error::model("model must name its features as the schema does, in its order"));
    }
    Ok(())
}

/// Score the vector of a payment. Without a top, no contribution is computed; of a model that has
/// none, there is none: a payment is not to fail because the reasons are unknown.
///
/// # Panics
/// When `check_model` refuses the model for its number of features.
pub fn assess(model: &Model, vector: &Vector, top: usize) -> Assessment {
    let row = vector.as_slice();
    let score = model.score_row(row);
    let contributions = match top {
        0 => Vec::new(),
        _ => model.contributions(row).unwrap_or_default(),
    };
    // The bias comes last and belongs to no feature.
    let mut moved: Vec<_> = FEATURES
        .iter()
        .map(|feature| feature.name)
        .zip(contributions)
        .filter(|(_, contribution)| *contribution != 0.0)
        .collect();
    moved.sort_by(|(_, one), (_, other)| other.abs().total_cmp(&one.abs()));
    moved.truncate(top);
    Assessment { score, top: moved }
}
