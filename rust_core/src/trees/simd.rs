//! Which instructions the processor has, and which are used.
//!
//! Every path gives the same bits: they compare whole numbers and add float32 in one order. Which
//! one runs is chosen once; the environment variable [`VARIABLE`] overrules the choice.

use crate::error::{Error, Result};
use std::sync::OnceLock;

/// The environment variable that forces a path, by its name.
pub const VARIABLE: &str = "SIKKA_CORE_SIMD";

/// A path through many rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Simd {
    /// AVX-512 F and BW: 32 rows an instruction.
    Avx512,
    /// AVX2: 16 rows an instruction.
    Avx2,
    /// What every processor has.
    Portable,
}

/// The paths, best first. Where AVX-512 could be measured (AMD's Zen 4, which does its 512 bits in
/// two halves and gathers slowly) AVX2 was the faster one by a fifth.
pub const PATHS: [Simd; 3] = [Simd::Avx2, Simd::Avx512, Simd::Portable];

impl Simd {
    /// The name of the path.
    pub fn name(self) -> &'static str {
        match self {
            Self::Avx512 => "avx512",
            Self::Avx2 => "avx2",
            Self::Portable => "portable",
        }
    }

    /// Whether the processor can run it.
    pub fn is_available(self) -> bool {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => {
                is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512bw")
            }
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => is_x86_feature_detected!("avx2"),
            #[cfg(not(target_arch = "x86_64"))]
            Self::Avx512 | Self::Avx2 => false,
            Self::Portable => true,
        }
    }

    fn choose(wish: Option<&str>) -> Result<Self> {
        let Some(wish) = wish else {
            return Ok(PATHS
                .into_iter()
                .find(|path| path.is_available())
                .unwrap_or(Self::Portable));
        };
        let path = PATHS.into_iter().find(|path| path.name() == wish).ok_or(Error::malformed(
            "SIKKA_CORE_SIMD must be \"avx512\", \"avx2\" or \"portable\"",
        ))?;
        if path.is_available() {
            Ok(path)
        } else {
            Err(Error::malformed("SIKKA_CORE_SIMD asks for what this processor does not have"))
        }
    }
}

static CHOSEN: OnceLock<Simd> = OnceLock::new();

/// The path in use: the best that the processor has, or the one that `wish` names.
///
/// The first call decides for the life of the process.
pub fn chosen(wish: Option<&str>) -> Result<Simd> {
    if let Some(path) = CHOSEN.get() {
        return Ok(*path);
    }
    let path = Simd::choose(wish)?;
    Ok(*CHOSEN.get_or_init(|| path))
}

/// The path in use, without a wish.
pub(super) fn in_use() -> Simd {
    chosen(None).unwrap_or(Simd::Portable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wish_is_followed_or_refused() {
        assert_eq!(Simd::choose(Some("portable")), Ok(Simd::Portable));
        assert!(Simd::choose(Some("sse")).is_err());
        for path in PATHS {
            assert_eq!(Simd::choose(Some(path.name())).is_ok(), path.is_available());
        }
        assert!(Simd::choose(None).unwrap().is_available());
    }
}
