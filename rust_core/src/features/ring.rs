/// The present minute and the sixty before it.
pub(super) const MINUTES: usize = 61;
/// The present hour and the twenty-four before it.
pub(super) const HOURS: usize = 25;

const TEN_MINUTES: usize = 11;
const MINUTE_MS: u64 = 60_000;
const HOUR_MS: u64 = 60 * MINUTE_MS;

/// Counts by minute and by hour, the present one first, so that time passing is one shift and a
/// window is a run of buckets.
///
/// A window of n buckets covers the present one and the n before it: it never misses a payment of
/// its time, and may count one that is older by less than a bucket. A bucket holds up to 65,535;
/// a full one means "at least".
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ring {
    pub(super) minutes: [u16; MINUTES],
    pub(super) hours: [u16; HOURS],
}

/// Counts in windows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) ten_minutes: u32,
    pub(super) hour: u32,
    pub(super) day: u32,
}

impl Ring {
    pub(super) const EMPTY: Self = Self { minutes: [0; MINUTES], hours: [0; HOURS] };

    /// Let time pass.
    pub(super) fn advance(&mut self, from_ms: u64, to_ms: u64) {
        shift(&mut self.minutes, (to_ms / MINUTE_MS).saturating_sub(from_ms / MINUTE_MS));
        shift(&mut self.hours, (to_ms / HOUR_MS).saturating_sub(from_ms / HOUR_MS));
    }

    /// Count a payment, late or not. One that is older than a day is not counted.
    pub(super) fn count(&mut self, at_ms: u64, last_ms: u64) {
        if let Some(bucket) = bucket(&mut self.minutes, MINUTE_MS, at_ms, last_ms) {
            *bucket = bucket.saturating_add(1);
        }
        if let Some(bucket) = bucket(&mut self.hours, HOUR_MS, at_ms, last_ms) {
            *bucket = bucket.saturating_add(1);
        }
    }

    /// The counts of the windows that end with the latest time seen.
    pub(super) fn counts(&self) -> Counts {
        let ten_minutes = sum(&self.minutes[..TEN_MINUTES]);
        Counts {
            ten_minutes,
            hour: ten_minutes + sum(&self.minutes[TEN_MINUTES..]),
            day: sum(&self.hours),
        }
    }
}

impl Counts {
    /// What one payment adds to each window.
    pub(super) fn of_one(at_ms: u64, last_ms: u64) -> Self {
        let minutes = (last_ms / MINUTE_MS).saturating_sub(at_ms / MINUTE_MS);
        let hours = (last_ms / HOUR_MS).saturating_sub(at_ms / HOUR_MS);
        Self {
            ten_minutes: u32::from(minutes < TEN_MINUTES as u64),
            hour: u32::from(minutes < MINUTES as u64),
            day: u32::from(hours < HOURS as u64),
        }
    }

    pub(super) fn and(self, other: Self) -> Self {
        Self {
            ten_minutes: self.ten_minutes + other.ten_minutes,
            hour: self.hour + other.hour,
            day: self.day + other.day,
        }
    }
}

fn shift<const N: usize>(buckets: &mut [u16; N], by: u64) {
    let by = usize::try_from(by).map_or(N, |by| by.min(N));
    buckets.copy_within(..N - by, by);
    buckets[..by].fill(0);
}

fn bucket(buckets: &mut [u16], width_ms: u64, at_ms: u64, last_ms: u64) -> Option<&mut u16> {
    let back = (last_ms / width_ms).saturating_sub(at_ms / width_ms);
    usize::try_from(back).ok().and_then(|back| buckets.get_mut(back))
}

fn sum(buckets: &[u16]) -> u32 {
    buckets.iter().map(|count| u32::from(*count)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Payments whose bucket is the present one or among so many before it.
    fn exact(times_ms: &[u64], width_ms: u64, buckets: u64) -> u32 {
        let now = times_ms.iter().max().map_or(0, |last| last / width_ms);
        let within = |time_ms: &&u64| *time_ms / width_ms + buckets >= now;
        u32::try_from(times_ms.iter().filter(within).count()).unwrap()
    }

    proptest! {
        #![proptest_config(crate::property::config())]

        #[test]
        fn counts_are_exact_to_a_bucket(gaps_ms in prop::collection::vec(0_u64..900_000, 1..300)) {
            let (mut ring, mut last_ms, mut times_ms) = (Ring::EMPTY, 0, vec![]);
            for gap_ms in gaps_ms {
                ring.advance(last_ms, last_ms + gap_ms);
                last_ms += gap_ms;
                times_ms.push(last_ms);
                ring.count(last_ms, last_ms);
                let counts = ring.counts();
                prop_assert_eq!(counts.ten_minutes, exact(&times_ms, MINUTE_MS, 10));
                prop_assert_eq!(counts.hour, exact(&times_ms, MINUTE_MS, 60));
                prop_assert_eq!(counts.day, exact(&times_ms, HOUR_MS, 24));
            }
        }

        #[test]
        fn the_order_of_arrival_does_not_matter(
            times_ms in prop::collection::vec(0_u64..90_000_000, 1..50),
        ) {
            let count = |times_ms: &[u64]| {
                let (mut ring, mut last_ms) = (Ring::EMPTY, 0);
                for time_ms in times_ms {
                    ring.advance(last_ms, (*time_ms).max(last_ms));
                    last_ms = last_ms.max(*time_ms);
                    ring.count(*time_ms, last_ms);
                }
                ring
            };
            let mut sorted = times_ms.clone();
            sorted.sort_unstable();
            prop_assert_eq!(count(&times_ms), count(&sorted));
        }
    }

    #[test]
    fn a_full_bucket_stays_full() {
        let mut ring = Ring::EMPTY;
        ring.minutes[0] = u16::MAX;
        ring.count(0, 0);
        assert_eq!(ring.counts().ten_minutes, 65_535);
    }
}
