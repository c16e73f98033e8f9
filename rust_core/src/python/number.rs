//! Python integers on their way into the core.

use super::error::malformed;
use pyo3::exceptions::PyOverflowError;
use pyo3::prelude::*;

/// A number that the core judges. One that does not even fit is out of every range.
pub(super) struct Number(Option<i64>);

impl<'py> FromPyObject<'_, 'py> for Number {
    type Error = PyErr;

    fn extract(number: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        match number.extract() {
            Ok(number) => Ok(Self(Some(number))),
            Err(error) if error.is_instance_of::<PyOverflowError>(number.py()) => Ok(Self(None)),
            Err(error) => Err(error),
        }
    }
}

impl Number {
    pub(super) fn named(self, name: &str) -> PyResult<i64> {
        self.0.ok_or_else(|| malformed(format!("{name} is out of range")))
    }
}

/// A default of an argument.
impl From<i64> for Number {
    fn from(number: i64) -> Self {
        Self(Some(number))
    }
}
