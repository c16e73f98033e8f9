//! Sealing keys and sealed bytes.

use super::text::text_of;
use crate::seal;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};

#[pyclass(frozen, module = "sikka_core")]
struct SealingKey(seal::SealingKey);

#[pymethods]
impl SealingKey {
    #[new]
    fn new(key_id: &Bound<'_, PyString>, secret: &[u8]) -> PyResult<Self> {
        Ok(Self(seal::SealingKey::new(text_of(key_id)?, secret)?))
    }

    #[getter]
    fn key_id(&self) -> &str {
        self.0.id()
    }

    fn __repr__(&self) -> String {
        format!("<SealingKey {}>", self.0.id())
    }
}

/// One key, or several of which the right one is taken.
struct Keys<'py>(Vec<Bound<'py, SealingKey>>);

impl<'py> FromPyObject<'_, 'py> for Keys<'py> {
    type Error = PyErr;

    fn extract(keys: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        match keys.cast::<SealingKey>() {
            Ok(key) => Ok(Self(vec![key.to_owned()])),
            Err(_) => Ok(Self(keys.extract()?)),
        }
    }
}

impl Keys<'_> {
    fn iter(&self) -> impl Iterator<Item = &seal::SealingKey> {
        self.0.iter().map(|key| &key.get().0)
    }
}

#[pyfunction(name = "seal")]
fn seal_bytes<'py>(
    py: Python<'py>,
    key: &Bound<'py, SealingKey>,
    plaintext: &[u8],
    associated_data: &[u8],
) -> PyResult<Bound<'py, PyBytes>> {
    Ok(PyBytes::new(py, &seal::seal(&key.get().0, plaintext, associated_data)?))
}

#[pyfunction]
fn unseal<'py>(
    py: Python<'py>,
    keys: Keys<'py>,
    sealed: &[u8],
    associated_data: &[u8],
) -> PyResult<Bound<'py, PyBytes>> {
    // The plaintext is written where Python keeps it, and there is no other copy to overwrite.
    PyBytes::new_with(py, seal::plaintext_length(sealed)?, |plaintext| {
        Ok(seal::open(keys.iter(), sealed, associated_data, plaintext)?)
    })
}

#[pyfunction]
fn rewrap<'py>(
    py: Python<'py>,
    old_keys: Keys<'py>,
    new_key: &Bound<'py, SealingKey>,
    sealed: &[u8],
) -> PyResult<Bound<'py, PyBytes>> {
    Ok(PyBytes::new(py, &seal::rewrap(old_keys.iter(), &new_key.get().0, sealed)?))
}

#[pyfunction]
fn sealed_key_id(sealed: &[u8]) -> PyResult<&str> {
    Ok(seal::sealed_key_id(sealed)?)
}

pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<SealingKey>()?;
    module.add_function(wrap_pyfunction!(seal_bytes, module)?)?;
    module.add_function(wrap_pyfunction!(unseal, module)?)?;
    module.add_function(wrap_pyfunction!(rewrap, module)?)?;
    module.add_function(wrap_pyfunction!(sealed_key_id, module)?)
}
