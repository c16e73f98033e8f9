//! RSA keys.

use crate::rsa;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

#[pyclass(frozen, module = "sikka_core")]
pub(super) struct SigningKey(pub(super) rsa::SigningKey);

#[pymethods]
impl SigningKey {
    #[staticmethod]
    fn from_pem(pem: &[u8]) -> PyResult<Self> {
        Ok(Self(rsa::SigningKey::from_pem(pem)?))
    }

    fn sign<'py>(&self, py: Python<'py>, message: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
        let signature = py.detach(|| self.0.sign(message))?;
        Ok(PyBytes::new(py, &signature))
    }

    fn verifying_key(&self) -> VerifyingKey {
        VerifyingKey(self.0.verifying_key().clone())
    }

    fn __repr__(&self) -> &'static str {
        "<SigningKey>"
    }
}

#[pyclass(frozen, module = "sikka_core")]
pub(super) struct VerifyingKey(pub(super) rsa::VerifyingKey);

#[pymethods]
impl VerifyingKey {
    #[staticmethod]
    fn from_pem(pem: &[u8]) -> PyResult<Self> {
        Ok(Self(rsa::VerifyingKey::from_pem(pem)?))
    }

    fn verify(&self, message: &[u8], signature: &[u8]) -> PyResult<()> {
        Ok(self.0.verify(message, signature)?)
    }

    fn fingerprint(&self) -> &str {
        self.0.fingerprint()
    }

    fn __repr__(&self) -> String {
        format!("<VerifyingKey {}>", self.0.fingerprint())
    }
}

pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<SigningKey>()?;
    module.add_class::<VerifyingKey>()
}
