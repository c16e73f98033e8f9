//! Payments, and the records of those who take part in them.

use super::buffer::view_of;
use super::model::Model;
use super::number::Number;
use super::text::text_of;
use crate::features::{
    Fields, Kind, Label, Payment, Record, Vector, assess, check_model, checked_utc_offset_s,
    vector_of_records,
};
use crate::trees;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};

#[pyclass(frozen, module = "sikka_core")]
struct PaymentEvent(Payment);

#[pymethods]
impl PaymentEvent {
    #[new]
    #[pyo3(signature = (
        payment_id, time_ms, amount_minor, *, user=None, instrument=None, device=None, ip=None,
        merchant=None, latitude=None, longitude=None,
    ))]
    #[expect(clippy::too_many_arguments, reason = "one a field of a payment")]
    fn new<'py>(
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
    ) -> PyResult<Self> {
        let entities = [user, instrument, device, ip, merchant];
        payment_of(payment_id, time_ms, amount_minor, entities, latitude, longitude).map(Self)
    }

    fn pack<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.0.pack())
    }

    fn __repr__(&self) -> &'static str {
        "<PaymentEvent>"
    }
}

#[pyfunction]
fn update_record<'py>(
    py: Python<'py>,
    kind: &Bound<'py, PyString>,
    record: Option<&[u8]>,
    event: &PaymentEvent,
) -> PyResult<Bound<'py, PyBytes>> {
    let mut record = record_of(kind_of(kind)?, record)?;
    if !record.has_counted(&event.0) {
        let arrival = record.advance(&event.0);
        record.count(&event.0, &arrival);
    }
    Ok(PyBytes::new(py, &record.encode()))
}

#[pyfunction]
fn label_record<'py>(
    py: Python<'py>,
    kind: &Bound<'py, PyString>,
    record: Option<&[u8]>,
    payment_id: &Bound<'py, PyString>,
    known_ms: Number,
    fraud: bool,
) -> PyResult<Bound<'py, PyBytes>> {
    let mut record = record_of(kind_of(kind)?, record)?;
    record.label(&Label::new(text_of(payment_id)?, known_ms.named("known_ms")?, fraud)?);
    Ok(PyBytes::new(py, &record.encode()))
}

#[pyfunction]
#[pyo3(
    signature = (
        event, *, user=None, instrument=None, device=None, ip=None, merchant=None,
        utc_offset_s=Number::from(19_800),
    ),
    text_signature = "(event, *, user=None, instrument=None, device=None, ip=None, \
                      merchant=None, utc_offset_s=19800)"
)]
#[expect(clippy::too_many_arguments, reason = "one a kind of record")]
fn read_records<'py>(
    py: Python<'py>,
    event: &PaymentEvent,
    user: Option<&[u8]>,
    instrument: Option<&[u8]>,
    device: Option<&[u8]>,
    ip: Option<&[u8]>,
    merchant: Option<&[u8]>,
    utc_offset_s: Number,
) -> PyResult<Bound<'py, PyAny>> {
    let records = [user, instrument, device, ip, merchant];
    view_of(py, vector_of(event, records, utc_offset_s)?.as_slice())
}

#[pyfunction]
#[pyo3(
    signature = (
        model, event, *, user=None, instrument=None, device=None, ip=None, merchant=None,
        utc_offset_s=Number::from(19_800), top=3,
    ),
    text_signature = "(model, event, *, user=None, instrument=None, device=None, ip=None, \
                      merchant=None, utc_offset_s=19800, top=3)"
)]
#[expect(clippy::too_many_arguments, reason = "one a kind of record")]
fn assess_records<'py>(
    py: Python<'py>,
    model: &Model,
    event: &PaymentEvent,
    user: Option<&[u8]>,
    instrument: Option<&[u8]>,
    device: Option<&[u8]>,
    ip: Option<&[u8]>,
    merchant: Option<&[u8]>,
    utc_offset_s: Number,
    top: usize,
) -> PyResult<Assessed<'py>> {
    check_model(&model.0)?;
    let records = [user, instrument, device, ip, merchant];
    assessed(py, &model.0, &vector_of(event, records, utc_offset_s)?, top)
}

fn vector_of(
    event: &PaymentEvent,
    given: [Option<&[u8]>; Kind::COUNT],
    utc_offset_s: Number,
) -> PyResult<Vector> {
    let mut records = [None, None, None, None, None];
    for ((record, bytes), kind) in records.iter_mut().zip(given).zip(Kind::ALL) {
        *record = bytes.map(|bytes| Record::decode(kind, bytes)).transpose()?;
    }
    let utc_offset_s = checked_utc_offset_s(utc_offset_s.named("utc_offset_s")?)?;
    Ok(vector_of_records(&event.0, |kind| records[kind as usize].take(), utc_offset_s))
}

fn record_of(kind: Kind, record: Option<&[u8]>) -> PyResult<Record> {
    Ok(record.map_or_else(|| Ok(Record::new(kind)), |bytes| Record::decode(kind, bytes))?)
}

/// A text that may be left out.
pub(super) type Text<'a, 'py> = Option<&'a Bound<'py, PyString>>;
/// The ids of those who take part, in the order of the core.
pub(super) type Ids<'a, 'py> = [Text<'a, 'py>; Kind::COUNT];

/// A payment out of Python arguments.
pub(super) fn payment_of(
    payment_id: &Bound<'_, PyString>,
    time_ms: Number,
    amount_minor: Number,
    entities: Ids<'_, '_>,
    latitude: Option<f64>,
    longitude: Option<f64>,
) -> PyResult<Payment> {
    Ok(Payment::new(&Fields {
        payment_id: text_of(payment_id)?,
        time_ms: time_ms.named("time_ms")?,
        amount_minor: amount_minor.named("amount_minor")?,
        entities: texts_of(&entities)?,
        latitude,
        longitude,
    })?)
}

/// The texts of the ids, in the order of the core.
pub(super) fn texts_of<'a>(ids: &Ids<'a, '_>) -> PyResult<[Option<&'a str>; Kind::COUNT]> {
    let mut texts = [None; Kind::COUNT];
    for (text, id) in texts.iter_mut().zip(ids) {
        *text = id.map(text_of).transpose()?;
    }
    Ok(texts)
}

/// A vector, its score, and the features that moved it most.
pub(super) type Assessed<'py> = (Bound<'py, PyAny>, f32, Vec<(&'static str, f64)>);

/// What a model that was checked says of a vector.
pub(super) fn assessed<'py>(
    py: Python<'py>,
    model: &trees::Model,
    vector: &Vector,
    top: usize,
) -> PyResult<Assessed<'py>> {
    let assessment = assess(model, vector, top);
    Ok((view_of(py, vector.as_slice())?, assessment.score, assessment.top))
}

/// The kind of a name in Python.
pub(super) fn kind_of(name: &Bound<'_, PyString>) -> PyResult<Kind> {
    Ok(Kind::from_name(text_of(name)?)?)
}

pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PaymentEvent>()?;
    module.add_function(wrap_pyfunction!(update_record, module)?)?;
    module.add_function(wrap_pyfunction!(label_record, module)?)?;
    module.add_function(wrap_pyfunction!(read_records, module)?)?;
    module.add_function(wrap_pyfunction!(assess_records, module)?)
}
