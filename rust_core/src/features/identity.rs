use siphasher::sip128::{Hasher128, SipHasher13};
use std::hash::Hasher;

/// Both halves of the hash's key. It is fixed and no secret: every process and Redis must come to
/// the same bytes. Where a stranger's choice of ids could do harm, in the tables of the store, the
/// hash is hashed again under a key of the process.
const KEY: (u64, u64) = (0x7369_6b6b_612d_636f, 0x7265_2f66_6561_7401);

/// What an entity or a payment is known by: SipHash-1-3 (Aumasson and Bernstein, 2012) of its id,
/// in 128 bits. Two ids of a thousand million share one with a probability of 10^-21.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(pub(super) u128);

impl Key {
    /// The key of an id.
    pub fn of(id: &str) -> Self {
        let mut hasher = SipHasher13::new_with_keys(KEY.0, KEY.1);
        hasher.write(id.as_bytes());
        Self(hasher.finish128().as_u128())
    }

    /// The upper 32 bits, under which other records remember it. None of them is 0, which stands
    /// for nothing; a record mistakes one of n remembered tags for another in n of 2^32 cases.
    pub(super) fn tag(self) -> u32 {
        let [.., a, b, c, d] = self.0.to_le_bytes();
        u32::from_le_bytes([a, b, c, d]).max(1)
    }

    /// The lower half, for placing.
    pub(super) fn low(self) -> u64 {
        halves(self.0)[0]
    }

    /// The upper half.
    pub(super) fn high(self) -> u64 {
        halves(self.0)[1]
    }
}

/// The lower and the upper half of a number.
pub(super) fn halves(number: u128) -> [u64; 2] {
    #[expect(clippy::cast_possible_truncation, reason = "the lower half is what is asked for")]
    let low = number as u64;
    [low, (number >> 64) as u64]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is stored holds keys and tags, so they may never change.
    #[test]
    fn keys_and_tags_are_the_same_for_ever() {
        assert_eq!(Key::of("user_1").0, 204_874_599_816_059_037_998_514_437_746_121_817_780);
        assert_eq!(Key::of("user_1").tag(), 2_585_880_996);
        assert_ne!(Key::of(""), Key::of("\0"));
    }

    #[test]
    fn no_tag_stands_for_nothing() {
        assert_eq!(Key(0).tag(), 1);
        assert_eq!(Key(7 << 96).tag(), 7);
    }

    #[test]
    fn a_number_is_its_halves() {
        assert_eq!(halves(3 << 64 | 5), [5, 3]);
    }
}
