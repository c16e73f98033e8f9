//! Elements of UPI messages.

use super::text::{borrow, read_attributes, text_of};
use crate::xml::build::build;
use crate::xml::tree::{self, Index, Tree};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};
use std::sync::Arc;

#[pyclass(frozen, module = "sikka_core")]
pub(super) struct Element {
    tree: Arc<Tree>,
    index: Index,
}

impl Element {
    pub(super) fn root_of(tree: Tree) -> Self {
        let index = tree.root().index();
        Self { tree: Arc::new(tree), index }
    }

    fn view(&self) -> tree::Element<'_> {
        self.tree.element(self.index)
    }

    fn within(&self, element: tree::Element<'_>) -> Self {
        Self { tree: Arc::clone(&self.tree), index: element.index() }
    }
}

#[pymethods]
impl Element {
    #[new]
    #[pyo3(signature = (name, attributes=None, children=Vec::new(), text=""))]
    fn new(
        name: &Bound<'_, PyString>,
        attributes: Option<&Bound<'_, PyAny>>,
        children: Vec<PyRef<'_, Self>>,
        text: &str,
    ) -> PyResult<Self> {
        let attributes = attributes.map(read_attributes).transpose()?.unwrap_or_default();
        let children: Vec<_> = children.iter().map(|child| child.view()).collect();
        let tree = build(text_of(name)?, &mut borrow(&attributes)?, &children, text)?;
        Ok(Self::root_of(tree))
    }

    #[getter]
    fn name(&self) -> &str {
        self.view().name()
    }

    #[getter]
    fn text(&self) -> &str {
        self.view().text()
    }

    #[getter]
    fn attributes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let attributes = PyDict::new(py);
        for (name, value) in self.view().attributes() {
            attributes.set_item(name, value)?;
        }
        Ok(attributes)
    }

    #[pyo3(signature = (name, default=None))]
    fn get<'a>(&'a self, name: &str, default: Option<&'a str>) -> Option<&'a str> {
        self.view().get(name).or(default)
    }

    fn require(&self, name: &str) -> PyResult<&str> {
        Ok(self.view().require(name)?)
    }

    fn child(&self, name: &str) -> Option<Self> {
        self.view().child(name).map(|child| self.within(child))
    }

    fn require_child(&self, name: &str) -> PyResult<Self> {
        Ok(self.within(self.view().require_child(name)?))
    }

    #[pyo3(signature = (name=None))]
    fn children(&self, name: Option<&str>) -> Vec<Self> {
        self.view()
            .children()
            .filter(|child| name.is_none_or(|name| child.name() == name))
            .map(|child| self.within(child))
            .collect()
    }

    fn find(&self, path: &str) -> Option<Self> {
        self.view().find(path).map(|element| self.within(element))
    }

    fn __repr__(&self) -> String {
        format!("<Element {}>", self.view().name())
    }
}

pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Element>()
}
