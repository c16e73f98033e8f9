//! What the fuzzer kept is tried with every test: it loads, or it is refused by name.

#![allow(clippy::unwrap_used, clippy::panic)] // All of this file is a test.

#[path = "../fuzz/src/lib.rs"]
mod fuzz;

use std::fs;
use std::path::Path;

/// Try every file of a target's corpus.
fn replay(target: &str, entry: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let mut count = 0;
    for file in fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        // A test that fails shows what it wrote: the last file is the culprit.
        println!("{}", path.display());
        entry(&fs::read(path).unwrap());
        count += 1;
    }
    assert!(count > 0, "the corpus of {target} is empty");
}

#[test]
fn models_of_xgboost_load_or_are_refused() {
    replay("model_xgboost", fuzz::model_xgboost);
}

#[test]
fn files_of_the_core_load_or_are_refused() {
    replay("model_file", fuzz::model_file);
}

#[test]
fn flat_arrays_load_or_are_refused() {
    replay("model_arrays", fuzz::model_arrays);
}

#[test]
fn messages_are_parsed_or_refused() {
    replay("message", fuzz::message);
}
