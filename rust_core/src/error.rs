//! The errors of the core, in five kinds. Messages name a field and a rule, never a value.

use std::borrow::Cow;
use std::fmt;

/// Why the core refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// A signature, its time or its signer is not acceptable.
    Signature(&'static str),
    /// An input breaks a rule.
    Malformed(Cow<'static, str>),
    /// A key or secret cannot be used.
    KeyFormat(&'static str),
    /// Sealed bytes do not open. There is one message for every reason, so that it says nothing.
    Sealed,
    /// A model cannot be used.
    Model(Cow<'static, str>),
}

/// What the functions of the core return.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// An input that breaks a rule, told in a sentence.
    pub fn malformed(message: impl Into<Cow<'static, str>>) -> Self {
        Self::Malformed(message.into())
    }

    /// A model that cannot be used, told in a sentence.
    pub fn model(message: impl Into<Cow<'static, str>>) -> Self {
        Self::Model(message.into())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Signature(message) | Self::KeyFormat(message) => formatter.write_str(message),
            Self::Malformed(message) | Self::Model(message) => formatter.write_str(message),
            Self::Sealed => formatter.write_str("the sealed bytes do not open"),
        }
    }
}

impl std::error::Error for Error {}
