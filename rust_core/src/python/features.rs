//! The feature store and the schema of its vectors.

use super::buffer::view_of;
use super::model::Model;
use super::number::Number;
use super::payment::{Assessed, Text, assessed, kind_of, payment_of, texts_of};
use super::text::text_of;
use crate::features::{Entities, FEATURES, Label, SCHEMA_VERSION, Store, check_model};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString, PyTuple};

#[pyclass(frozen, module = "sikka_core")]
struct FeatureStore(Store);

#[pymethods]
impl FeatureStore {
    #[new]
    #[pyo3(
        signature = (*, entities_max=Number::from(200_000), utc_offset_s=Number::from(19_800)),
        text_signature = "(*, entities_max=200000, utc_offset_s=19800)",
    )]
    fn new(entities_max: Number, utc_offset_s: Number) -> PyResult<Self> {
        let utc_offset_s = utc_offset_s.named("utc_offset_s")?;
        Ok(Self(Store::new(entities_max.named("entities_max")?, utc_offset_s)?))
    }

    #[pyo3(signature = (
        payment_id, time_ms, amount_minor, *, user=None, instrument=None, device=None, ip=None,
        merchant=None, latitude=None, longitude=None,
    ))]
    #[expect(clippy::too_many_arguments, reason = "one a field of a payment")]
    fn observe<'py>(
        &self,
        py: Python<'py>,
        payment_id: &Bound<'py, PyString>,
        time_ms: Number,
        amount_minor: Number,
        user: Text<'_, 'py>,
        instrument: Text<'_, 'py>,
        device: Text<'_, 'py>,
        ip: Text<'_, 'py>,
        merchant: Text<'_, 'py>,
        latitude: Option<f64>,
        longitude: Option<f64>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let entities = [user, instrument, device, ip, merchant];
        let payment = payment_of(payment_id, time_ms, amount_minor, entities, latitude, longitude)?;
        view_of(py, self.0.observe(&payment).as_slice())
    }

    #[pyo3(signature = (
        payment_id, time_ms, amount_minor, *, user=None, instrument=None, device=None, ip=None,
        merchant=None, latitude=None, longitude=None,
    ))]
    #[expect(clippy::too_many_arguments, reason = "one a field of a payment")]
    fn read<'py>(
        &self,
        py: Python<'py>,
        payment_id: &Bound<'py, PyString>,
        time_ms: Number,
        amount_minor: Number,
        user: Text<'_, 'py>,
        instrument: Text<'_, 'py>,
        device: Text<'_, 'py>,
        ip: Text<'_, 'py>,
        merchant: Text<'_, 'py>,
        latitude: Option<f64>,
        longitude: Option<f64>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let entities = [user, instrument, device, ip, merchant];
        let payment = payment_of(payment_id, time_ms, amount_minor, entities, latitude, longitude)?;
        view_of(py, self.0.read(&payment).as_slice())
    }

    #[pyo3(signature = (
        model, payment_id, time_ms, amount_minor, *, user=None, instrument=None, device=None,
        ip=None, merchant=None, latitude=None, longitude=None, top=3,
    ))]
    #[expect(clippy::too_many_arguments, reason = "one a field of a payment")]
    fn assess<'py>(
        &self,
        py: Python<'py>,
        model: &Model,
        payment_id: &Bound<'py, PyString>,
        time_ms: Number,
        amount_minor: Number,
        user: Text<'_, 'py>,
        instrument: Text<'_, 'py>,
        device: Text<'_, 'py>,
        ip: Text<'_, 'py>,
        merchant: Text<'_, 'py>,
        latitude: Option<f64>,
        longitude: Option<f64>,
        top: usize,
    ) -> PyResult<Assessed<'py>> {
        let entities = [user, instrument, device, ip, merchant];
        let payment = payment_of(payment_id, time_ms, amount_minor, entities, latitude, longitude)?;
        check_model(&model.0)?;
        assessed(py, &model.0, &self.0.observe(&payment), top)
    }

    #[pyo3(signature = (
        payment_id, known_ms, fraud, *, user=None, instrument=None, device=None, ip=None,
        merchant=None,
    ))]
    #[expect(clippy::too_many_arguments, reason = "one a field of a label")]
    fn label<'py>(
        &self,
        payment_id: &Bound<'py, PyString>,
        known_ms: Number,
        fraud: bool,
        user: Text<'_, 'py>,
        instrument: Text<'_, 'py>,
        device: Text<'_, 'py>,
        ip: Text<'_, 'py>,
        merchant: Text<'_, 'py>,
    ) -> PyResult<bool> {
        let entities = [user, instrument, device, ip, merchant];
        let label = Label::new(text_of(payment_id)?, known_ms.named("known_ms")?, fraud)?;
        Ok(self.0.label(&label, &Entities::new(texts_of(&entities)?)?))
    }

    fn record<'py>(
        &self,
        py: Python<'py>,
        kind: &Bound<'py, PyString>,
        id: &Bound<'py, PyString>,
    ) -> PyResult<Option<Bound<'py, PyBytes>>> {
        let record = self.0.record(kind_of(kind)?, text_of(id)?);
        Ok(record.map(|record| PyBytes::new(py, &record.encode())))
    }

    fn snapshot<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        let snapshot = py.detach(|| self.0.snapshot());
        PyBytes::new(py, &snapshot)
    }

    fn restore(&self, py: Python<'_>, snapshot: &[u8]) -> PyResult<()> {
        Ok(py.detach(|| self.0.restore(snapshot))?)
    }

    fn __len__(&self) -> usize {
        self.0.len()
    }

    fn __repr__(&self) -> String {
        format!("<FeatureStore of {} entities>", self.0.len())
    }
}

/// The rows of the schema: place, name, unit, meaning, when it is missing.
fn schema_rows(py: Python<'_>) -> PyResult<Bound<'_, PyTuple>> {
    let rows = FEATURES.iter().enumerate().map(|(place, feature)| {
        (place, feature.name, feature.unit, feature.meaning, feature.missing)
    });
    PyTuple::new(py, rows.collect::<Vec<_>>())
}

pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let names = FEATURES.iter().map(|feature| feature.name).collect::<Vec<_>>();
    module.add("SCHEMA_VERSION", SCHEMA_VERSION)?;
    module.add("SCHEMA", schema_rows(module.py())?)?;
    module.add("FEATURE_NAMES", PyTuple::new(module.py(), names)?)?;
    module.add_class::<FeatureStore>()
}
