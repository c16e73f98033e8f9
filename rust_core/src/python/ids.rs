//! Ids and their parts.

use super::number::Number;
use super::text::text_of;
use crate::ids;
use pyo3::prelude::*;
use pyo3::types::PyString;

#[pyfunction]
fn bucket_of(
    merchant_id: &Bound<'_, PyString>,
    idempotency_key: &Bound<'_, PyString>,
) -> PyResult<u16> {
    Ok(ids::bucket_of(text_of(merchant_id)?, text_of(idempotency_key)?))
}

#[pyfunction]
fn new_id(prefix: &Bound<'_, PyString>, bucket: Number, now_ms: Number) -> PyResult<String> {
    Ok(ids::new_id(text_of(prefix)?, bucket.named("bucket")?, now_ms.named("now_ms")?)?)
}

#[pyfunction]
fn bucket_of_id(id: &Bound<'_, PyString>) -> PyResult<u16> {
    Ok(ids::bucket_of_id(text_of(id)?)?)
}

#[pyfunction]
fn time_ms_of_id(id: &Bound<'_, PyString>) -> PyResult<u64> {
    Ok(ids::time_ms_of_id(text_of(id)?)?)
}

#[pyfunction]
fn is_id(id: &Bound<'_, PyString>, prefix: &Bound<'_, PyString>) -> bool {
    matches!((id.to_str(), prefix.to_str()), (Ok(id), Ok(prefix)) if ids::is_id(id, prefix))
}

#[pyfunction]
fn upi_transaction_id(
    psp_prefix: &Bound<'_, PyString>,
    id: &Bound<'_, PyString>,
) -> PyResult<String> {
    Ok(ids::upi_transaction_id(text_of(psp_prefix)?, text_of(id)?)?)
}

#[pyfunction]
fn id_of_upi_transaction(
    transaction_id: &Bound<'_, PyString>,
    prefix: &Bound<'_, PyString>,
) -> PyResult<String> {
    Ok(ids::id_of_upi_transaction(text_of(transaction_id)?, text_of(prefix)?)?)
}

#[pyfunction]
fn new_message_id(psp_prefix: &Bound<'_, PyString>) -> PyResult<String> {
    Ok(ids::new_message_id(text_of(psp_prefix)?)?)
}

#[pyfunction]
fn rrn(year: Number, day_of_year: Number, sequence: Number) -> PyResult<String> {
    let (year, day_of_year) = (year.named("year")?, day_of_year.named("day_of_year")?);
    Ok(ids::rrn(year, day_of_year, sequence.named("sequence")?)?)
}

pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("BUCKETS", ids::BUCKETS)?;
    module.add_function(wrap_pyfunction!(bucket_of, module)?)?;
    module.add_function(wrap_pyfunction!(new_id, module)?)?;
    module.add_function(wrap_pyfunction!(bucket_of_id, module)?)?;
    module.add_function(wrap_pyfunction!(time_ms_of_id, module)?)?;
    module.add_function(wrap_pyfunction!(is_id, module)?)?;
    module.add_function(wrap_pyfunction!(upi_transaction_id, module)?)?;
    module.add_function(wrap_pyfunction!(id_of_upi_transaction, module)?)?;
    module.add_function(wrap_pyfunction!(new_message_id, module)?)?;
    module.add_function(wrap_pyfunction!(rrn, module)?)
}
