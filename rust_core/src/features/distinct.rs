const PLACES: usize = 16;
const MINUTE_MS: u64 = 60_000;
const DAY_MINUTES: u32 = 1_440;
/// With so few values left the sample is taken less sparsely again.
const SPARSE: u32 = 3;

/// How many different values were seen within a day.
///
/// It is exact up to 16. Beyond, it is the adaptive sampling of Wegman (Flajolet, "On adaptive
/// sampling", 1990): at level l only tags below 2^(32 - l) are kept, and each stands for 2^l
/// values. Its standard error is then some 30 %. When the values become fewer, the level falls by
/// one at a time and the estimate may lag behind by half until the values are seen again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Distinct {
    pub(super) level: u8,
    /// The tag of each value; 0 is an empty place.
    pub(super) tags: [u32; PLACES],
    /// The minute since 1970 in which the value was last seen; 0 in an empty place.
    pub(super) minutes: [u32; PLACES],
}

impl Distinct {
    pub(super) const EMPTY: Self = Self { level: 0, tags: [0; PLACES], minutes: [0; PLACES] };
    pub(super) const LEVEL_MAX: u8 = 31;

    /// Forget what has not been seen for a day.
    pub(super) fn advance(&mut self, to_ms: u64) {
        let oldest = minute_of(to_ms).saturating_sub(DAY_MINUTES);
        for (tag, minute) in self.tags.iter_mut().zip(&mut self.minutes) {
            let kept = u32::from(*minute >= oldest);
            *tag *= kept;
            *minute *= kept;
        }
        let live = self.live();
        if live == 0 {
            self.level = 0;
        } else if live <= SPARSE {
            self.level = self.level.saturating_sub(1);
        }
    }

    /// See a value. `at_ms` may lie before `last_ms`, the latest time seen.
    pub(super) fn count(&mut self, tag: u32, at_ms: u64, last_ms: u64) {
        let minute = minute_of(at_ms);
        if minute_of(last_ms).saturating_sub(minute) > DAY_MINUTES {
            return;
        }
        if let Some(place) = self.tags.iter().position(|known| *known == tag) {
            self.minutes[place] = self.minutes[place].max(minute);
            return;
        }
        while tag <= self.tag_max() {
            if let Some(place) = self.tags.iter().position(|known| *known == 0) {
                (self.tags[place], self.minutes[place]) = (tag, minute);
                return;
            }
            self.level = (self.level + 1).min(Self::LEVEL_MAX);
            let tag_max = self.tag_max();
            for (tag, minute) in self.tags.iter_mut().zip(&mut self.minutes) {
                if *tag > tag_max {
                    (*tag, *minute) = (0, 0);
                }
            }
        }
    }

    /// How many there were; with `tag`, how many there would be with it.
    pub(super) fn estimate(&self, tag: Option<u32>) -> f64 {
        let added = tag.is_some_and(|tag| tag <= self.tag_max() && !self.tags.contains(&tag));
        f64::from(self.live() + u32::from(added)) * f64::from(1_u32 << self.level)
    }

    fn live(&self) -> u32 {
        self.tags.iter().map(|tag| u32::from(*tag != 0)).sum()
    }

    /// The greatest tag that is sampled.
    fn tag_max(&self) -> u32 {
        u32::MAX >> self.level
    }
}

/// Times are below 2^47 ms, so their minutes fit.
fn minute_of(time_ms: u64) -> u32 {
    u32::try_from(time_ms / MINUTE_MS).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::super::identity::Key;
    use super::*;

    const HOUR_MS: u64 = 60 * MINUTE_MS;

    fn tag(value: u32) -> u32 {
        Key::of(&value.to_string()).tag()
    }

    #[test]
    fn up_to_sixteen_are_counted_exactly() {
        let mut distinct = Distinct::EMPTY;
        for value in 0..16 {
            assert_eq!(distinct.estimate(Some(tag(value))), f64::from(value + 1));
            for _ in 0..3 {
                distinct.count(tag(value), HOUR_MS, HOUR_MS);
            }
            assert_eq!(distinct.estimate(Some(tag(value))), f64::from(value + 1));
            assert_eq!(distinct.estimate(None), f64::from(value + 1));
        }
    }

    #[test]
    fn many_are_estimated_to_the_standard_error() {
        for many in [100_u32, 1_000, 10_000] {
            let mut squares = 0.0;
            for trial in 0..100 {
                let mut distinct = Distinct::EMPTY;
                for value in 0..many {
                    distinct.count(tag(trial * 100_000 + value), 0, 0);
                }
                squares += (distinct.estimate(None) / f64::from(many) - 1.0).powi(2);
            }
            let error = (squares / 100.0).sqrt();
            assert!((0.15..0.45).contains(&error), "{error} at {many}");
        }
    }

    #[test]
    fn what_was_not_seen_for_a_day_is_forgotten() {
        let mut distinct = Distinct::EMPTY;
        distinct.count(1, 0, 0);
        distinct.count(2, HOUR_MS, HOUR_MS);
        distinct.advance(24 * HOUR_MS);
        assert_eq!(distinct.estimate(None), 2.0);
        distinct.advance(24 * HOUR_MS + MINUTE_MS);
        assert_eq!(distinct.estimate(None), 1.0);
        distinct.count(3, 0, 24 * HOUR_MS + MINUTE_MS);
        assert_eq!(distinct.estimate(None), 1.0);
    }

    #[test]
    fn the_level_falls_again_when_the_values_become_few() {
        let mut distinct = Distinct::EMPTY;
        for value in 0..1_000 {
            distinct.count(tag(value), 0, 0);
        }
        assert!(distinct.level > 3);
        distinct.advance(48 * HOUR_MS);
        assert_eq!(distinct, Distinct::EMPTY);
    }

    #[test]
    fn the_highest_level_still_ends() {
        let mut distinct = Distinct::EMPTY;
        for tag in 1..=40 {
            distinct.count(tag, 0, 0);
        }
        assert!(distinct.level >= 26);
    }
}
