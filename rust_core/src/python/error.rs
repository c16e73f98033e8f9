//! The exceptions, and the one crossing from the core's errors to them.

use crate::error::Error;
use pyo3::create_exception;
use pyo3::exceptions::{PyException, PyValueError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyType};

create_exception!(
    sikka_core,
    SikkaCoreError,
    PyException,
    "The base of every error that this package raises on purpose."
);
create_exception!(
    sikka_core,
    SignatureError,
    SikkaCoreError,
    "A signature, its time or its signer is not acceptable."
);
create_exception!(
    sikka_core,
    SealError,
    SikkaCoreError,
    "Sealed bytes do not open; nothing says why."
);

static MODEL: PyOnceLock<Py<PyType>> = PyOnceLock::new();
static MALFORMED: PyOnceLock<Py<PyType>> = PyOnceLock::new();
static KEY_FORMAT: PyOnceLock<Py<PyType>> = PyOnceLock::new();

impl From<Error> for PyErr {
    fn from(error: Error) -> Self {
        let message = error.to_string();
        match error {
            Error::Signature(_) => SignatureError::new_err(message),
            Error::Sealed => SealError::new_err(message),
            Error::Malformed(_) => crossed(malformed_error, message),
            Error::KeyFormat(_) => crossed(key_format_error, message),
            Error::Model(_) => crossed(model_error, message),
        }
    }
}

fn crossed(exception: fn(Python<'_>) -> PyResult<Bound<'_, PyType>>, message: String) -> PyErr {
    Python::attach(|py| match exception(py) {
        Ok(exception) => PyErr::from_type(exception, message),
        Err(failure) => failure,
    })
}

/// An error about a Python argument that breaks a rule.
pub(super) fn malformed(message: String) -> PyErr {
    Error::malformed(message).into()
}

fn malformed_error(py: Python<'_>) -> PyResult<Bound<'_, PyType>> {
    value_error(py, &MALFORMED, "MalformedError", "An input breaks a rule.")
}

fn key_format_error(py: Python<'_>) -> PyResult<Bound<'_, PyType>> {
    value_error(py, &KEY_FORMAT, "KeyFormatError", "A key or secret cannot be used.")
}

fn model_error(py: Python<'_>) -> PyResult<Bound<'_, PyType>> {
    value_error(py, &MODEL, "ModelError", "A model cannot be used.")
}

/// An exception with two bases, for which PyO3 has no macro.
fn value_error<'py>(
    py: Python<'py>,
    cell: &PyOnceLock<Py<PyType>>,
    name: &str,
    doc: &str,
) -> PyResult<Bound<'py, PyType>> {
    let exception = cell.get_or_try_init(py, || {
        let bases = (py.get_type::<SikkaCoreError>(), py.get_type::<PyValueError>());
        let namespace = PyDict::new(py);
        namespace.set_item("__module__", "sikka_core")?;
        namespace.set_item("__doc__", doc)?;
        let exception = py.get_type::<PyType>().call1((name, bases, namespace))?;
        Ok::<_, PyErr>(exception.cast_into::<PyType>()?.unbind())
    })?;
    Ok(exception.bind(py).clone())
}

pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    module.add("SikkaCoreError", py.get_type::<SikkaCoreError>())?;
    module.add("SignatureError", py.get_type::<SignatureError>())?;
    module.add("SealError", py.get_type::<SealError>())?;
    module.add("MalformedError", malformed_error(py)?)?;
    module.add("ModelError", model_error(py)?)?;
    module.add("KeyFormatError", key_format_error(py)?)
}
