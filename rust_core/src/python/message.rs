//! UPI messages: signed, verified, written, parsed.

use super::element::Element;
use super::rsa::{SigningKey, VerifyingKey};
use super::text::{Attribute, borrow, read_attributes, text_of};
use crate::xml::keyring::{self, Entry};
use crate::xml::sign::{open_message, sign};
use crate::xml::verify::{parse_unsigned, verify_message as verify};
use crate::xml::write::{Name, Writer};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};

#[pyclass(frozen, module = "sikka_core")]
struct KeyRing(keyring::KeyRing);

#[pymethods]
impl KeyRing {
    #[new]
    fn new(entries: Vec<(String, PyRef<'_, VerifyingKey>, i64, i64)>) -> PyResult<Self> {
        let entries = entries
            .into_iter()
            .map(|(org_id, key, not_before_s, not_after_s)| Entry {
                org_id,
                key: key.0.clone(),
                not_before_s,
                not_after_s,
            })
            .collect();
        Ok(Self(keyring::KeyRing::new(entries)?))
    }
}

#[pyclass(frozen, module = "sikka_core")]
struct Message {
    element: Py<Element>,
    #[pyo3(get)]
    root: String,
    #[pyo3(get)]
    org_id: String,
}

#[pymethods]
impl Message {
    #[getter]
    fn element(&self, py: Python<'_>) -> Py<Element> {
        self.element.clone_ref(py)
    }

    fn __repr__(&self) -> String {
        format!("<Message {} of {}>", self.root, self.org_id)
    }
}

#[pyfunction]
fn sign_message<'py>(
    py: Python<'py>,
    key: &Bound<'py, SigningKey>,
    root: &Bound<'py, PyString>,
    children: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyBytes>> {
    let document = write_document(text_of(root)?, &[], children)?;
    let key = key.get();
    let signed = py.detach(|| sign(&key.0, document))?;
    Ok(PyBytes::new(py, &signed))
}

#[pyfunction]
fn write_message<'py>(
    py: Python<'py>,
    root: &Bound<'py, PyString>,
    attributes: &Bound<'py, PyAny>,
    children: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyBytes>> {
    let document = write_document(text_of(root)?, &read_attributes(attributes)?, children)?;
    Ok(PyBytes::new(py, document.as_bytes()))
}

#[pyfunction]
fn verify_message(
    py: Python<'_>,
    data: &[u8],
    keyring: &Bound<'_, KeyRing>,
    now_s: i64,
) -> PyResult<Message> {
    let message = verify(data, &keyring.get().0, now_s)?;
    let root = message.tree.root().name().to_owned();
    let element = Py::new(py, Element::root_of(message.tree))?;
    Ok(Message { element, root, org_id: message.org_id })
}

#[pyfunction]
fn parse_ack(data: &[u8]) -> PyResult<Element> {
    Ok(Element::root_of(parse_unsigned(data)?))
}

fn write_document(
    root: &str,
    attributes: &[Attribute<'_>],
    children: &Bound<'_, PyAny>,
) -> PyResult<String> {
    let mut writer = open_message(root, &mut borrow(attributes)?)?;
    write_children(&mut writer, children)?;
    writer.end();
    Ok(writer.finish()?)
}

/// Write nodes into the open element. The writer bounds the depth.
fn write_children(writer: &mut Writer, nodes: &Bound<'_, PyAny>) -> PyResult<()> {
    if nodes.is_instance_of::<PyString>() {
        return Err(not_nodes());
    }
    for node in nodes.try_iter()? {
        let node = node?;
        let (name, attributes, content) = node
            .extract::<(Bound<'_, PyString>, Bound<'_, PyAny>, Bound<'_, PyAny>)>()
            .map_err(|_| not_nodes())?;
        let name = Name { prefix: "", local: text_of(&name)? };
        let attributes = read_attributes(&attributes)?;
        writer.start(name, &mut [], &mut borrow(&attributes)?)?;
        match content.cast::<PyString>() {
            Ok(text) => writer.text(text_of(text)?)?,
            Err(_) => write_children(writer, &content)?,
        }
        writer.end();
    }
    Ok(())
}

fn not_nodes() -> PyErr {
    PyTypeError::new_err("children must be a sequence of (name, attributes, children or text)")
}

pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<KeyRing>()?;
    module.add_class::<Message>()?;
    module.add_function(wrap_pyfunction!(sign_message, module)?)?;
    module.add_function(wrap_pyfunction!(write_message, module)?)?;
    module.add_function(wrap_pyfunction!(verify_message, module)?)?;
    module.add_function(wrap_pyfunction!(parse_ack, module)?)
}
