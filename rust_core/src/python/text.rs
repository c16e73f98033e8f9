//! Python strings on their way into the core. One with a lone surrogate has no UTF-8.

use crate::error::Error;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyMapping, PyString};

/// The text of a string that breaks a rule when it is not Unicode.
pub(super) fn text_of<'a>(string: &'a Bound<'_, PyString>) -> PyResult<&'a str> {
    string.to_str().map_err(|_| Error::malformed("a text is not valid Unicode").into())
}

/// The text of a received header. Bytes that are not UTF-8 may reach Python as lone surrogates.
pub(super) fn header_of<'a>(string: &'a Bound<'_, PyString>) -> PyResult<&'a str> {
    string.to_str().map_err(|_| Error::Signature("a header is not valid Unicode").into())
}

/// An attribute of an element.
pub(super) type Attribute<'py> = (Bound<'py, PyString>, Bound<'py, PyString>);

/// The attributes of a mapping, without those whose value is None.
pub(super) fn read_attributes<'py>(mapping: &Bound<'py, PyAny>) -> PyResult<Vec<Attribute<'py>>> {
    let mut attributes = Vec::with_capacity(mapping.len()?);
    let mut keep = |name: Bound<'py, PyAny>, value: Bound<'py, PyAny>| -> PyResult<()> {
        if !value.is_none() {
            attributes.push((name.cast_into()?, value.cast_into()?));
        }
        Ok(())
    };
    if let Ok(dict) = mapping.cast::<PyDict>() {
        for (name, value) in dict {
            keep(name, value)?;
        }
    } else {
        for item in mapping.cast::<PyMapping>()?.items()? {
            let (name, value) = item.extract()?;
            keep(name, value)?;
        }
    }
    Ok(attributes)
}

/// The attributes as the core takes them.
pub(super) fn borrow<'a>(attributes: &'a [Attribute<'_>]) -> PyResult<Vec<(&'a str, &'a str)>> {
    attributes.iter().map(|(name, value)| Ok((text_of(name)?, text_of(value)?))).collect()
}
