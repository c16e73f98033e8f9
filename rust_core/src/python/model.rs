//! Models of decision trees.

use super::buffer::{Strided, numbers, view_of, with_row};
use super::error::malformed;
use crate::error::Error;
use crate::mac::write_hex;
use crate::trees::arrays::Categories;
use crate::trees::link::Link;
use crate::trees::{self, Arrays, Matrix};
use pyo3::buffer::{PyBuffer, PyUntypedBuffer};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyTuple};

/// Fewer rows than this are scored before another thread could have begun.
const ROWS_WITHOUT_GIL: usize = 32;

#[pyclass(frozen, module = "sikka_core")]
pub(super) struct Model(pub(super) trees::Model);

#[pymethods]
impl Model {
    #[staticmethod]
    #[pyo3(signature = (data, *, iterations=None, schema_version=None))]
    fn from_xgboost(
        py: Python<'_>,
        data: &Bound<'_, PyAny>,
        iterations: Option<usize>,
        schema_version: Option<u32>,
    ) -> PyResult<Self> {
        let data = bytes_of(data)?;
        let model = py.detach(|| trees::Model::from_xgboost(&data, iterations, schema_version))?;
        Ok(Self(model))
    }

    #[staticmethod]
    #[pyo3(signature = (*, tree_sizes, left, right, feature, threshold, default_left, value, cover,
                        feature_count, base_margin, link, categories=Vec::new(),
                        feature_names=None, schema_version=None))]
    #[allow(clippy::too_many_arguments)] // They are named at the call.
    fn from_nodes(
        tree_sizes: &Bound<'_, PyAny>,
        left: &Bound<'_, PyAny>,
        right: &Bound<'_, PyAny>,
        feature: &Bound<'_, PyAny>,
        threshold: &Bound<'_, PyAny>,
        default_left: &Bound<'_, PyAny>,
        value: &Bound<'_, PyAny>,
        cover: &Bound<'_, PyAny>,
        feature_count: usize,
        base_margin: f32,
        link: &str,
        categories: Vec<(usize, bool, Vec<i64>)>,
        feature_names: Option<Vec<String>>,
        schema_version: Option<u32>,
    ) -> PyResult<Self> {
        let categories: Vec<Categories> = categories
            .into_iter()
            .map(|(node, listed_goes_right, listed)| Categories { node, listed_goes_right, listed })
            .collect();
        let arrays = Arrays {
            tree_sizes: &numbers(tree_sizes, "tree_sizes")?,
            left: &numbers(left, "left")?,
            right: &numbers(right, "right")?,
            feature: &numbers(feature, "feature")?,
            threshold: &numbers(threshold, "threshold")?,
            default_left: &numbers(default_left, "default_left")?,
            value: &numbers(value, "value")?,
            cover: &numbers(cover, "cover")?,
            categories: &categories,
            feature_count,
            base_margin,
            link: Link::named(link)?,
            feature_names: feature_names.unwrap_or_default(),
            schema_version,
        };
        Ok(Self(trees::Model::from_arrays(&arrays)?))
    }

    #[staticmethod]
    fn from_bytes(py: Python<'_>, data: &Bound<'_, PyAny>) -> PyResult<Self> {
        let data = bytes_of(data)?;
        Ok(Self(py.detach(|| trees::Model::from_bytes(&data))?))
    }

    fn to_bytes<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.0.to_bytes())
    }

    fn score(&self, row: &Bound<'_, PyAny>) -> PyResult<f32> {
        let model = &self.0;
        with_row(row, model.feature_count(), |row| model.score_row(row))
    }

    fn margin(&self, row: &Bound<'_, PyAny>) -> PyResult<f32> {
        with_row(row, self.0.feature_count(), |row| self.0.margin_row(row))
    }

    #[pyo3(signature = (matrix, out=None, *, margin=false))]
    fn score_many<'py>(
        &self,
        matrix: &Bound<'py, PyAny>,
        out: Option<Bound<'py, PyAny>>,
        margin: bool,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = matrix.py();
        let buffer = PyUntypedBuffer::get(matrix)
            .map_err(|_| PyTypeError::new_err("matrix must be a buffer of float32 or float64"))?;
        let rows = Strided::of(&buffer, "matrix", 2)?;
        let count = rows.row_count();
        let features = self.0.feature_count();
        if rows.column_count() != features {
            return Err(malformed(format!("matrix must have {features} columns, one a feature")));
        }
        let place = out.as_ref().map(|out| writable(out, count)).transpose()?;
        let mut scores = vec![0.0; count];
        if count < ROWS_WITHOUT_GIL {
            self.fill(&rows, &mut scores, margin);
        } else {
            py.detach(|| self.fill(&rows, &mut scores, margin));
        }
        match (out, place) {
            (Some(out), Some(place)) => {
                place.copy_from_slice(py, &scores)?;
                Ok(out)
            }
            _ => view_of(py, &scores),
        }
    }

    fn contributions(&self, row: &Bound<'_, PyAny>) -> PyResult<Vec<f64>> {
        let shares = with_row(row, self.0.feature_count(), |row| self.0.contributions(row))?;
        Ok(shares?)
    }

    #[getter]
    fn feature_count(&self) -> usize {
        self.0.feature_count()
    }

    #[getter]
    fn tree_count(&self) -> usize {
        self.0.tree_count()
    }

    #[getter]
    fn link(&self) -> &'static str {
        self.0.link().name()
    }

    #[getter]
    fn base_margin(&self) -> f32 {
        self.0.base_margin()
    }

    #[getter]
    fn feature_names<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyTuple>>> {
        match self.0.feature_names() {
            [] => Ok(None),
            names => PyTuple::new(py, names).map(Some),
        }
    }

    #[getter]
    fn schema_version(&self) -> Option<u32> {
        self.0.schema_version()
    }

    #[getter]
    fn checksum(&self) -> String {
        write_hex(self.0.digest())
    }

    fn __repr__(&self) -> String {
        format!("<Model {} trees, {} features>", self.0.tree_count(), self.0.feature_count())
    }
}

impl Model {
    fn fill(&self, rows: &Strided<'_>, scores: &mut [f32], margin: bool) {
        self.0.margins(rows, scores);
        if !margin {
            for score in scores {
                *score = self.0.score_of(*score);
            }
        }
    }
}

/// The bytes of any buffer. They are copied: what is read later must not change meanwhile.
fn bytes_of(data: &Bound<'_, PyAny>) -> PyResult<Vec<u8>> {
    let buffer = PyBuffer::<u8>::get(data)
        .map_err(|_| PyTypeError::new_err("data must be a buffer of bytes"))?;
    buffer.to_vec(data.py())
}

/// A place for the scores.
fn writable(out: &Bound<'_, PyAny>, count: usize) -> PyResult<PyBuffer<f32>> {
    let place = PyBuffer::<f32>::get(out)
        .map_err(|_| PyTypeError::new_err("out must be a buffer of native float32"))?;
    if place.readonly() {
        return Err(PyTypeError::new_err("out must be writable"));
    }
    if place.dimensions() != 1 || place.item_count() != count || !place.is_c_contiguous() {
        return Err(Error::malformed("out must have one place a row, one after the other").into());
    }
    Ok(place)
}

pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Model>()
}
