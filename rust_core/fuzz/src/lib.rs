//! What is tried with hostile bytes, one function a target of the fuzzer.
//!
//! The functions know nothing of the fuzzer: the test `rust_core/tests/corpus.rs` calls them too,
//! with every file of the corpus.

mod messages;
mod models;
mod nodes;

pub use messages::message;
pub use models::{model_arrays, model_file, model_xgboost};
