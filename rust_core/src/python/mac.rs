//! Webhook signatures.

use super::text::{header_of, text_of};
use crate::mac::{self, Clock};
use pyo3::prelude::*;
use pyo3::pybacked::{PyBackedBytes, PyBackedStr};
use pyo3::types::{PyBytes, PyString};

#[pyfunction]
fn standard_webhooks_sign(
    secret: &[u8],
    message_id: &Bound<'_, PyString>,
    timestamp_s: i64,
    body: &[u8],
) -> PyResult<String> {
    Ok(mac::standard_webhooks_sign(secret, text_of(message_id)?, timestamp_s, body)?)
}

#[pyfunction]
fn standard_webhooks_verify(
    secrets: Vec<PyBackedBytes>,
    message_id: &Bound<'_, PyString>,
    timestamp: &Bound<'_, PyString>,
    signatures: &Bound<'_, PyString>,
    body: &[u8],
    now_s: i64,
    tolerance_s: i64,
) -> PyResult<()> {
    Ok(mac::standard_webhooks_verify(
        &secrets,
        header_of(message_id)?,
        header_of(timestamp)?,
        header_of(signatures)?,
        body,
        Clock { now_s, tolerance_s },
    )?)
}

#[pyfunction]
fn webhook_secret_bytes<'py>(py: Python<'py>, secret: &str) -> PyResult<Bound<'py, PyBytes>> {
    Ok(PyBytes::new(py, &mac::webhook_secret_bytes(secret)?))
}

#[pyfunction]
fn stripe_sign(secret: &str, timestamp_s: i64, body: &[u8]) -> PyResult<String> {
    Ok(mac::stripe_sign(secret, timestamp_s, body)?)
}

#[pyfunction]
fn stripe_verify(
    secrets: Vec<PyBackedStr>,
    header: &Bound<'_, PyString>,
    body: &[u8],
    now_s: i64,
    tolerance_s: i64,
) -> PyResult<()> {
    Ok(mac::stripe_verify(&secrets, header_of(header)?, body, Clock { now_s, tolerance_s })?)
}

#[pyfunction]
fn razorpay_sign(secret: &str, body: &[u8]) -> PyResult<String> {
    Ok(mac::hmac_sha256_hex(secret.as_bytes(), body)?)
}

#[pyfunction]
fn razorpay_verify(
    secrets: Vec<PyBackedStr>,
    signature: &Bound<'_, PyString>,
    body: &[u8],
) -> PyResult<()> {
    Ok(mac::hmac_sha256_hex_verify(&secrets, header_of(signature)?, body)?)
}

#[pyfunction]
fn hmac_sha256_hex(secret: &[u8], body: &[u8]) -> PyResult<String> {
    Ok(mac::hmac_sha256_hex(secret, body)?)
}

#[pyfunction]
fn hmac_sha256_hex_verify(
    secrets: Vec<PyBackedBytes>,
    signature: &Bound<'_, PyString>,
    body: &[u8],
) -> PyResult<()> {
    Ok(mac::hmac_sha256_hex_verify(&secrets, header_of(signature)?, body)?)
}

pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(standard_webhooks_sign, module)?)?;
    module.add_function(wrap_pyfunction!(standard_webhooks_verify, module)?)?;
    module.add_function(wrap_pyfunction!(webhook_secret_bytes, module)?)?;
    module.add_function(wrap_pyfunction!(stripe_sign, module)?)?;
    module.add_function(wrap_pyfunction!(stripe_verify, module)?)?;
    module.add_function(wrap_pyfunction!(razorpay_sign, module)?)?;
    module.add_function(wrap_pyfunction!(razorpay_verify, module)?)?;
    module.add_function(wrap_pyfunction!(hmac_sha256_hex, module)?)?;
    module.add_function(wrap_pyfunction!(hmac_sha256_hex_verify, module)?)
}
