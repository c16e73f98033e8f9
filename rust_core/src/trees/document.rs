//! What JSON and UBJ have in common once they are read: tables, lists, texts and numbers.

use crate::error::{Error, Result};

/// How deeply tables and lists may lie in one another.
pub(super) const DEPTH_MAXIMUM: usize = 32;

/// A value of a model's document.
#[derive(Debug, PartialEq)]
pub(super) enum Document {
    Null,
    Bool(bool),
    Integer(i64),
    /// A float is read as float32, straight from its text: by way of float64 it could be rounded
    /// twice.
    Float(f32),
    Text(String),
    List(Vec<Document>),
    Table(Vec<(String, Document)>),
}

impl Document {
    /// The value of a table under a name.
    pub(super) fn find(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Table(entries) => {
                entries.iter().find(|(key, _)| key == name).map(|(_, value)| value)
            }
            _ => None,
        }
    }

    /// The value of a table under a name, which the error repeats.
    pub(super) fn get(&self, name: &'static str) -> Result<&Self> {
        self.find(name).ok_or_else(|| Error::model(format!("the model has no \"{name}\"")))
    }

    pub(super) fn text(&self, name: &'static str) -> Result<&str> {
        match self.get(name)? {
            Self::Text(text) => Ok(text),
            _ => Err(Error::model(format!("\"{name}\" must be a text"))),
        }
    }

    pub(super) fn list(&self, name: &'static str) -> Result<&[Self]> {
        match self.get(name)? {
            Self::List(list) => Ok(list),
            _ => Err(Error::model(format!("\"{name}\" must be a list"))),
        }
    }

    /// A list of whole numbers, in which XGBoost also writes flags.
    pub(super) fn integers(&self, name: &'static str) -> Result<Vec<i64>> {
        let number = |item: &Self| match item {
            Self::Integer(number) => Some(*number),
            Self::Bool(flag) => Some(i64::from(*flag)),
            _ => None,
        };
        let numbers: Option<Vec<i64>> = self.list(name)?.iter().map(number).collect();
        numbers.ok_or_else(|| Error::model(format!("\"{name}\" must hold whole numbers")))
    }

    /// A list of numbers as float32.
    pub(super) fn floats(&self, name: &'static str) -> Result<Vec<f32>> {
        let numbers: Option<Vec<f32>> = self.list(name)?.iter().map(Self::as_float).collect();
        numbers.ok_or_else(|| Error::model(format!("\"{name}\" must hold numbers")))
    }

    pub(super) fn as_float(&self) -> Option<f32> {
        match self {
            Self::Float(number) => Some(*number),
            #[allow(clippy::cast_precision_loss)] // A whole number in the place of a float is one.
            Self::Integer(number) => Some(*number as f32),
            _ => None,
        }
    }

    /// A count, which XGBoost writes as a text of digits.
    pub(super) fn count(&self, name: &'static str) -> Result<usize> {
        let count = match self.get(name)? {
            Self::Text(text) => text.parse().ok(),
            Self::Integer(number) => usize::try_from(*number).ok(),
            _ => None,
        };
        count.ok_or_else(|| Error::model(format!("\"{name}\" must be a count")))
    }
}
