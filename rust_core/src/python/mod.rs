//! The Python module `sikka_core._native`; its documentation stands in `_native.pyi`.

/// Elements of UPI messages.
mod element;
/// The exceptions, and the one crossing from the core's errors.
mod error;
/// Ids and their parts.
mod ids;
/// Webhook signatures.
mod mac;
/// UPI messages: signed, verified, written, parsed.
mod message;
/// RSA keys.
mod rsa;
/// Strings and attributes on their way into the core.
mod text;
/// Virtual payment addresses.
mod vpa;

use pyo3::prelude::*;

#[pymodule]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let profile = if cfg!(debug_assertions) { "debug" } else { "release" };
    module.add("BUILD_PROFILE", profile)?;
    error::register(module)?;
    ids::register(module)?;
    vpa::register(module)?;
    mac::register(module)?;
    rsa::register(module)?;
    element::register(module)?;
    message::register(module)?;
    // The package re-exports by its own list; PyO3's second one would only repeat it.
    module.delattr("__all__")
}
