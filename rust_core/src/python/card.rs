//! Card numbers and the table of BINs.

use super::number::Number;
use super::text::text_of;
use crate::brand;
use crate::card::{self, CardNumber};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedStr;
use pyo3::types::PyString;

#[pyclass(frozen, module = "sikka_core")]
struct BinTable(brand::BinTable);

#[pymethods]
impl BinTable {
    #[new]
    fn new(entries: Vec<(PyBackedStr, PyBackedStr, PyBackedStr)>) -> PyResult<Self> {
        Ok(Self(brand::BinTable::new(&entries)?))
    }

    fn __len__(&self) -> usize {
        self.0.len()
    }

    fn __repr__(&self) -> String {
        format!("<BinTable of {}>", self.0.len())
    }
}

fn read(number: &Bound<'_, PyString>) -> PyResult<CardNumber> {
    Ok(CardNumber::parse(text_of(number)?)?)
}

#[pyfunction]
fn normalise_card_number<'py>(
    py: Python<'py>,
    text: &Bound<'py, PyString>,
) -> PyResult<Bound<'py, PyString>> {
    Ok(PyString::new(py, read(text)?.as_str()))
}

#[pyfunction]
#[pyo3(signature = (number, bins=None))]
fn card_brand(
    number: &Bound<'_, PyString>,
    bins: Option<&Bound<'_, BinTable>>,
) -> PyResult<Option<&'static str>> {
    let brand = brand::card_brand(&read(number)?, bins.map(|bins| &bins.get().0));
    Ok(brand.map(brand::Brand::name))
}

#[pyfunction]
fn mask_card_number(number: &Bound<'_, PyString>) -> String {
    card::mask_card_number(number.to_str().unwrap_or_default())
}

#[pyfunction]
fn card_last_four<'py>(
    py: Python<'py>,
    number: &Bound<'py, PyString>,
) -> PyResult<Bound<'py, PyString>> {
    Ok(PyString::new(py, read(number)?.last_four()))
}

#[pyfunction]
fn card_fingerprint(key: &[u8], number: &Bound<'_, PyString>) -> PyResult<String> {
    Ok(read(number)?.fingerprint(key)?)
}

#[pyfunction]
fn check_card_expiry(
    month: Number,
    year: Number,
    now_month: Number,
    now_year: Number,
) -> PyResult<()> {
    Ok(card::check_card_expiry(
        month.named("card expiry month")?,
        year.named("card expiry year")?,
        now_month.named("the present month")?,
        now_year.named("the present year")?,
    )?)
}

pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<BinTable>()?;
    module.add_function(wrap_pyfunction!(normalise_card_number, module)?)?;
    module.add_function(wrap_pyfunction!(card_brand, module)?)?;
    module.add_function(wrap_pyfunction!(mask_card_number, module)?)?;
    module.add_function(wrap_pyfunction!(card_last_four, module)?)?;
    module.add_function(wrap_pyfunction!(card_fingerprint, module)?)?;
    module.add_function(wrap_pyfunction!(check_card_expiry, module)?)
}
