//! The errors of the core. Messages name a field and a rule, never a value.

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
}

/// What the functions of the core return.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// An input that breaks a rule, told in a sentence.
    pub fn malformed(message: impl Into<Cow<'static, str>>) -> Self {
        Self::Malformed(message.into())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Signature(message) | Self::KeyFormat(message) => formatter.write_str(message),
            Self::Malformed(message) => formatter.write_str(message),
        }
    }
}

impl std::error::Error for Error {}
