//! Exponential decay, to the bit the same on every machine and in every language.
//!
//! A value of age a weighs 2^(-a / half-life). The half-life of a window w is w ln 2, so that
//! under a steady stream the decayed count is the count of the plain window w: the weights under
//! the curve add up to w.
//!
//! The power is made of additions, multiplications and one exact scaling, each rounded as IEEE 754
//! says, in a fixed order and never fused. The exponentials of C libraries differ in the last bit
//! between versions and processors; with them a record would depend on who wrote it.

use std::f64::consts::LN_2;

const MINUTE_MS: f64 = 60_000.0;
const HOUR_MS: f64 = 60.0 * MINUTE_MS;
const DAY_MS: f64 = 24.0 * HOUR_MS;

/// How many windows amounts are kept in.
pub(super) const WINDOWS: usize = 4;
/// How many windows labels are kept in: all but the first, since labels take days.
pub(super) const LABEL_WINDOWS: usize = 3;

/// An hour (a burst), a day (a habit), a week and a month (what is usual for whom).
const WINDOWS_MS: [f64; WINDOWS] = [HOUR_MS, DAY_MS, 7.0 * DAY_MS, 30.0 * DAY_MS];

/// Beyond so many half-lives nothing is left to tell apart, and the power stays a normal number.
const HALF_LIVES_MAX: f64 = 1_000.0;

/// 1/12!, 1/11!, ... 1/1!, 1/0!: the series of e^y to an error of 2 in 10^16 for |y| < 0.35.
const SERIES: [f64; 13] = [
    1.0 / 479_001_600.0,
    1.0 / 39_916_800.0,
    1.0 / 3_628_800.0,
    1.0 / 362_880.0,
    1.0 / 40_320.0,
    1.0 / 5_040.0,
    1.0 / 720.0,
    1.0 / 120.0,
    1.0 / 24.0,
    1.0 / 6.0,
    1.0 / 2.0,
    1.0,
    1.0,
];

/// What a value of this age weighs in each window.
pub(super) fn weights(age_ms: u64) -> [f64; WINDOWS] {
    let age_ms = exact(age_ms);
    WINDOWS_MS.map(|window_ms| weight(age_ms, window_ms))
}

/// What a label of this age weighs in each of its windows.
pub(super) fn label_weights(age_ms: u64) -> [f64; LABEL_WINDOWS] {
    let age_ms = exact(age_ms);
    let [_, windows_ms @ ..] = WINDOWS_MS;
    windows_ms.map(|window_ms| weight(age_ms, window_ms))
}

/// A time or an amount, all of which are below 2^53, as a float.
#[expect(clippy::cast_precision_loss, reason = "numbers below 2^53 lose nothing")]
pub(super) fn exact(number: u64) -> f64 {
    number as f64
}

fn weight(age_ms: f64, window_ms: f64) -> f64 {
    let half_lives = (age_ms / (window_ms * LN_2)).min(HALF_LIVES_MAX);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 1,000")]
    let whole = (half_lives + 0.5) as u32;
    let y = (f64::from(whole) - half_lives) * LN_2;
    let power = SERIES.iter().fold(0.0, |sum, coefficient| sum * y + coefficient);
    power * f64::from_bits(u64::from(1_023 - whole) << 52)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(crate::property::config())]

        #[test]
        fn a_weight_is_the_power_of_two(age_ms in 0_u64..200 * 86_400_000) {
            for (weight, window_ms) in weights(age_ms).into_iter().zip(WINDOWS_MS) {
                let power = (-(age_ms as f64) / window_ms).exp();
                prop_assert!((weight - power).abs() <= 1e-12 * power || weight.max(power) < 1e-290);
            }
        }

        #[test]
        fn weights_fall_with_age(age_ms in 0_u64..1 << 47, more_ms in 1_u64..1 << 40) {
            for (young, old) in weights(age_ms).into_iter().zip(weights(age_ms + more_ms)) {
                prop_assert!(0.0 <= old && old <= young && young <= 1.0);
            }
        }
    }

    #[test]
    fn what_has_no_age_weighs_one() {
        assert_eq!(weights(0), [1.0; WINDOWS]);
        assert_eq!(label_weights(0), [1.0; LABEL_WINDOWS]);
    }

    /// Another implementation, such as one in Lua, must come to these very bits.
    #[test]
    fn weights_have_these_bits() {
        let bits = weights(1_234_567).map(f64::to_bits);
        assert_eq!(
            bits,
            [
                0x3fe6_b5bb_84c4_4f8a,
                0x3fef_8bc6_ef4b_33ea,
                0x3fef_ef4b_7d26_2986,
                0x3fef_fc19_5dcf_99bf,
            ]
        );
    }
}
