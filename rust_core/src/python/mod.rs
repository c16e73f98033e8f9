//! The Python module `sikka_core._native`; its documentation stands in `_native.pyi`.

/// Rows and matrices that Python hands over.
mod buffer;
/// Card numbers and the table of BINs.
mod card;
/// Elements of UPI messages.
mod element;
/// The exceptions, and the one crossing from the core's errors.
mod error;
/// The feature store and the schema of its vectors.
mod features;
/// Ids and their parts.
mod ids;
/// Webhook signatures.
mod mac;
/// UPI messages: signed, verified, written, parsed.
mod message;
/// Models of decision trees.
mod model;
/// Integers on their way into the core.
mod number;
/// Payments, and the records of those who take part in them.
mod payment;
/// RSA keys.
mod rsa;
/// Sealing keys and sealed bytes.
mod seal;
/// Strings and attributes on their way into the core.
mod text;
/// Virtual payment addresses.
mod vpa;

use crate::trees::simd::{self, Simd};
use pyo3::exceptions::PyImportError;
use pyo3::prelude::*;

#[pymodule]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let profile = if cfg!(debug_assertions) { "debug" } else { "release" };
    module.add("BUILD_PROFILE", profile)?;
    module.add("SIMD", simd_in_use()?.name())?;
    error::register(module)?;
    ids::register(module)?;
    vpa::register(module)?;
    mac::register(module)?;
    rsa::register(module)?;
    card::register(module)?;
    seal::register(module)?;
    element::register(module)?;
    message::register(module)?;
    model::register(module)?;
    payment::register(module)?;
    features::register(module)?;
    // The package re-exports by its own list; PyO3's second one would only repeat it.
    module.delattr("__all__")
}

/// The environment may force a path. It is asked once, at import, so that a typing error shows.
fn simd_in_use() -> PyResult<Simd> {
    let wish = std::env::var_os(simd::VARIABLE);
    let wish = wish.as_ref().map(|wish| wish.to_str().unwrap_or_default());
    simd::chosen(wish).map_err(|error| PyImportError::new_err(error.to_string()))
}
