//! Rows and matrices of float32 or float64 that Python hands over, read where they lie.

use super::error::malformed;
use crate::trees::Matrix;
use pyo3::buffer::{Element, PyBuffer, PyUntypedBuffer};
use pyo3::exceptions::PyTypeError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList, PyMemoryView, PyTuple};
use std::ffi::CStr;

/// How many values of a row are kept without asking for memory.
const SMALL_ROW: usize = 64;

/// Do something with a row of `count` values, read from a buffer or a sequence of floats.
pub(super) fn with_row<R>(
    row: &Bound<'_, PyAny>,
    count: usize,
    use_row: impl FnOnce(&[f32]) -> R,
) -> PyResult<R> {
    if count <= SMALL_ROW {
        let mut values = [0.0; SMALL_ROW];
        read_row(row, &mut values[..count])?;
        Ok(use_row(&values[..count]))
    } else {
        let mut values = vec![0.0; count];
        read_row(row, &mut values)?;
        Ok(use_row(&values))
    }
}

fn read_row(row: &Bound<'_, PyAny>, places: &mut [f32]) -> PyResult<()> {
    if let Ok(tuple) = row.cast_exact::<PyTuple>() {
        return fill(places, tuple.len(), tuple.iter_borrowed().map(|item| item.extract()));
    }
    if let Ok(list) = row.cast_exact::<PyList>() {
        return fill(places, list.len(), list.iter().map(|item| item.extract()));
    }
    let buffer = PyUntypedBuffer::get(row).map_err(|_| {
        PyTypeError::new_err("row must be a buffer of float32 or float64, a list or a tuple")
    })?;
    let strided = Strided::of(&buffer, "row", 1)?;
    check_length(strided.row_count, places.len())?;
    for (place, value) in places.iter_mut().enumerate() {
        *value = strided.value(place, 0);
    }
    Ok(())
}

/// A value of float64 becomes the nearest float32.
#[allow(clippy::cast_possible_truncation)]
fn fill(
    places: &mut [f32],
    length: usize,
    values: impl Iterator<Item = PyResult<f64>>,
) -> PyResult<()> {
    check_length(length, places.len())?;
    for (place, value) in places.iter_mut().zip(values) {
        *place = value? as f32;
    }
    Ok(())
}

fn check_length(found: usize, count: usize) -> PyResult<()> {
    if found == count {
        Ok(())
    } else {
        Err(malformed(format!("row must have {count} values, one for each feature")))
    }
}

/// What the numbers of a buffer are.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Float32,
    Float64,
}

impl Kind {
    fn of(format: &CStr) -> Option<Self> {
        let text = format.to_bytes();
        let native = if cfg!(target_endian = "little") { b'<' } else { b'>' };
        match text {
            [b'f'] | [b'@' | b'=', b'f'] => Some(Self::Float32),
            [b'd'] | [b'@' | b'=', b'd'] => Some(Self::Float64),
            [order, b'f'] if *order == native => Some(Self::Float32),
            [order, b'd'] if *order == native => Some(Self::Float64),
            _ => None,
        }
    }
}

/// The numbers of a buffer of one or two dimensions, whatever its strides.
pub(super) struct Strided<'a> {
    start: *const u8,
    kind: Kind,
    row_count: usize,
    column_count: usize,
    row_stride: isize,
    column_stride: isize,
    /// The memory stays as long as the buffer is held.
    _buffer: &'a PyUntypedBuffer,
}

// SAFETY: The memory belongs to a buffer that is held meanwhile, and is only read.
#[allow(unsafe_code)]
unsafe impl Send for Strided<'_> {}
#[allow(unsafe_code)]
unsafe impl Sync for Strided<'_> {}

impl<'a> Strided<'a> {
    /// A buffer as rows and columns; one dimension is a column.
    pub(super) fn of(buffer: &'a PyUntypedBuffer, name: &str, dimensions: usize) -> PyResult<Self> {
        if buffer.dimensions() != dimensions || buffer.suboffsets().is_some() {
            let shape = if dimensions == 1 { "one dimension" } else { "two dimensions" };
            return Err(malformed(format!("{name} must have {shape}")));
        }
        let kind = Kind::of(buffer.format()).ok_or_else(|| {
            PyTypeError::new_err(format!("{name} must be of native float32 or float64"))
        })?;
        let (shape, strides) = (buffer.shape(), buffer.strides());
        Ok(Self {
            start: buffer.buf_ptr().cast(),
            kind,
            row_count: shape[0],
            column_count: shape.get(1).copied().unwrap_or(1),
            row_stride: strides[0],
            column_stride: strides.get(1).copied().unwrap_or(0),
            _buffer: buffer,
        })
    }

    pub(super) fn column_count(&self) -> usize {
        self.column_count
    }
}

impl Matrix for Strided<'_> {
    fn row_count(&self) -> usize {
        self.row_count
    }

    #[inline(always)]
    #[allow(unsafe_code, clippy::cast_possible_truncation, clippy::cast_possible_wrap)]
    fn value(&self, row: usize, column: usize) -> f32 {
        assert!(row < self.row_count && column < self.column_count, "outside of the matrix");
        let place = (row as isize)
            .wrapping_mul(self.row_stride)
            .wrapping_add((column as isize).wrapping_mul(self.column_stride));
        // SAFETY: The exporter of the buffer promises a number of this kind at every place of the
        // shape, aligned or not, for as long as the buffer is held; row and column are within the
        // shape. That nobody writes meanwhile, the stub demands of the caller.
        unsafe {
            let place = self.start.offset(place);
            match self.kind {
                Kind::Float32 => place.cast::<f32>().read_unaligned(),
                Kind::Float64 => place.cast::<f64>().read_unaligned() as f32,
            }
        }
    }
}

/// Numbers as a read-only memoryview of float32, which needs no other package to be read.
pub(super) fn view_of<'py>(py: Python<'py>, numbers: &[f32]) -> PyResult<Bound<'py, PyAny>> {
    let bytes = PyBytes::new_with(py, size_of_val(numbers), |bytes| {
        for (place, number) in bytes.as_chunks_mut().0.iter_mut().zip(numbers) {
            *place = number.to_ne_bytes();
        }
        Ok(())
    })?;
    PyMemoryView::from(&bytes)?.call_method1(intern!(py, "cast"), (intern!(py, "f"),))
}

/// The numbers of a buffer of one dimension.
pub(super) fn numbers<T: Element>(object: &Bound<'_, PyAny>, name: &str) -> PyResult<Vec<T>> {
    let buffer = PyBuffer::<T>::get(object).map_err(|_| {
        PyTypeError::new_err(format!("{name} must be a buffer of {}", std::any::type_name::<T>()))
    })?;
    if buffer.dimensions() != 1 {
        return Err(malformed(format!("{name} must have one dimension")));
    }
    buffer.to_vec(object.py())
}
