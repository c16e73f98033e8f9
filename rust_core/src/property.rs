//! How the properties of the core are tried.

use proptest::test_runner::Config;

/// Miri runs a hundred times slower, and a file of failures would be I/O.
pub(crate) fn config() -> Config {
    let cases = if cfg!(miri) { 8 } else { 256 };
    Config { cases, failure_persistence: None, ..Config::default() }
}
