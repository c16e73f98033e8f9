//! Ensembles of decision trees: loaded, checked once, compiled, and scored.
//!
//! The way of a model is one line: bytes of XGBoost ([`json`], [`ubj`], read by [`xgboost`]), flat
//! arrays ([`arrays`]) or our own file ([`file`]) become an [`ensemble`], whose rules are checked
//! there and nowhere else; a [`Model`] compiles it for one row ([`row`]) and for many ([`rows`]).

/// Trees as flat arrays, the way in for other libraries' models.
pub mod arrays;
/// What JSON and UBJ have in common once they are read.
mod document;
/// The checked form of a model, from which everything else is made.
mod ensemble;
/// The core's own file of a model.
mod file;
/// JSON as XGBoost writes it.
mod json;
/// Rows on their way in, as keys that compare like the numbers.
mod keys;
/// A perfect tree for a block of rows.
#[allow(unsafe_code)] // Every use proves its safety where it stands.
mod lanes;
/// From a margin to a score.
pub mod link;
/// A model, ready to score.
mod model;
/// One row through all trees.
mod row;
/// Many rows, a block at a time.
mod rows;
/// The features' shares of a margin (TreeSHAP).
mod shares;
/// Which instructions the processor has, and which are used.
pub mod simd;
/// Universal Binary JSON as XGBoost writes it.
mod ubj;
/// XGBoost's models.
mod xgboost;

pub use arrays::Arrays;
pub use model::Model;
pub use rows::Matrix;
