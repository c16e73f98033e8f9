//! From a margin, which the trees add up, to a score.

use crate::error::{Error, Result};

/// How a score follows from a margin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// The score is the margin.
    Identity,
    /// The score is a probability: the logistic function of the margin.
    Logistic,
    /// The score is the exponential of the margin.
    Exponential,
    /// The score is 1 above a margin of 0, else 0.
    Hinge,
}

const NAMES: [(&str, Link); 4] = [
    ("identity", Link::Identity),
    ("logistic", Link::Logistic),
    ("exponential", Link::Exponential),
    ("hinge", Link::Hinge),
];

impl Link {
    /// The link of a name.
    pub fn named(name: &str) -> Result<Self> {
        NAMES.iter().find(|(known, _)| *known == name).map(|(_, link)| *link).ok_or(Error::model(
            "link must be \"identity\", \"logistic\", \"exponential\" or \"hinge\"",
        ))
    }

    /// The name of the link.
    pub fn name(self) -> &'static str {
        NAMES.iter().find(|(_, link)| *link == self).map_or("", |(name, _)| name)
    }

    pub(super) fn number(self) -> u32 {
        match self {
            Self::Identity => 0,
            Self::Logistic => 1,
            Self::Exponential => 2,
            Self::Hinge => 3,
        }
    }

    pub(super) fn numbered(number: u32) -> Option<Self> {
        NAMES.iter().map(|(_, link)| *link).find(|link| link.number() == number)
    }

    /// The score of a margin, in the float32 steps of XGBoost (src/common/math.h, Sigmoid): the
    /// exponent stops where float32 would overflow, and the tiny addend keeps the sum from zero.
    #[inline]
    pub fn score(self, margin: f32) -> f32 {
        match self {
            Self::Identity => margin,
            Self::Logistic => {
                // Not `min`, which would make a number of NaN.
                let exponent = if -margin > 88.7 { 88.7 } else { -margin };
                let denominator = exponent.exp() + 1.0 + 1e-16;
                1.0 / denominator
            }
            Self::Exponential => margin.exp(),
            Self::Hinge => f32::from(u8::from(margin > 0.0)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_found_by_its_name_and_by_its_number() {
        for (name, link) in NAMES {
            assert_eq!(Link::named(name), Ok(link));
            assert_eq!(link.name(), name);
            assert_eq!(Link::numbered(link.number()), Some(link));
        }
        assert!(Link::named("softmax").is_err());
        assert_eq!(Link::numbered(4), None);
    }

    #[test]
    fn the_logistic_function_keeps_its_ends() {
        assert_eq!(Link::Logistic.score(0.0), 0.5);
        assert_eq!(Link::Logistic.score(f32::INFINITY), 1.0);
        assert!(Link::Logistic.score(f32::NEG_INFINITY) < 1e-38);
        assert!(Link::Logistic.score(f32::NAN).is_nan());
    }
}
