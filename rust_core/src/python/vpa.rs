//! Virtual payment addresses.

use super::text::text_of;
use crate::vpa;
use pyo3::prelude::*;
use pyo3::types::PyString;

#[pyfunction]
fn normalise_vpa(text: &Bound<'_, PyString>) -> PyResult<String> {
    Ok(vpa::normalise_vpa(text_of(text)?)?)
}

#[pyfunction]
fn mask_vpa(vpa: &Bound<'_, PyString>) -> String {
    vpa::mask_vpa(vpa.to_str().unwrap_or_default())
}

pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(normalise_vpa, module)?)?;
    module.add_function(wrap_pyfunction!(mask_vpa, module)?)
}
