use super::answers::Answers;
use super::identity::{Key, halves};
use super::kind::Kind;
use super::payment::{Entities, Label, Payment, checked_utc_offset_s};
use super::pool::{Pool, Spread};
use super::record::Record;
use super::vector::{Vector, vector_of_records};
use crate::error::{Error, Result};
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};

const SHARDS_MAX: usize = 16;
/// A shard of fewer entities would fill long before its neighbours.
const SHARD_ENTITIES_MIN: usize = 1_024;
const ANSWER_SHARDS: u64 = 64;
const ENTITIES_MAX: usize = 1 << 28;

/// The records of all entities in this process, for any number of threads.
///
/// A lock holds one shard of one kind, and is held for one record. A payment's repetition waits
/// for the first to be answered, and gets the same vector as long as it is among the last four
/// thousand or so; later it is recognised by the tag in the records, is not counted again, and
/// gets the vector of the records as they are by then.
pub struct Store {
    pub(super) pools: [Box<[Mutex<Pool>]>; Kind::COUNT],
    pub(super) answers: Box<[Mutex<Answers>]>,
    secrets: [u64; 2],
    utc_offset_s: i32,
}

impl Store {
    /// An empty store for at most `entities_max` of each kind. Hours and days of payments are
    /// those of a clock that is `utc_offset_s` ahead of UTC.
    pub fn new(entities_max: i64, utc_offset_s: i64) -> Result<Self> {
        let entities_max = usize::try_from(entities_max)
            .ok()
            .filter(|most| (1..=ENTITIES_MAX).contains(most))
            .ok_or(Error::malformed("entities_max must be within 1..2**28"))?;
        let utc_offset_s = checked_utc_offset_s(utc_offset_s)?;
        let shards = (entities_max / SHARD_ENTITIES_MIN).clamp(1, SHARDS_MAX);
        let random = RandomState::new();
        let pools = |kind| {
            (0..shards).map(|_| Mutex::new(Pool::new(kind, entities_max / shards))).collect()
        };
        Ok(Self {
            pools: Kind::ALL.map(pools),
            answers: (0..ANSWER_SHARDS).map(|_| Mutex::new(Answers::new())).collect(),
            secrets: [random.hash_one(0), random.hash_one(1)],
            utc_offset_s,
        })
    }

    /// Count a payment with all who take part, and return its vector.
    pub fn observe(&self, payment: &Payment) -> Vector {
        let mut answers = held(&self.answers[answer_shard(payment.id)]);
        if let Some(vector) = answers.find(payment.id) {
            return vector.clone();
        }
        let vector = self.count(payment).unwrap_or_else(|| self.look(payment));
        answers.remember(payment.id, vector.clone());
        vector
    }

    /// The vector that `observe` would return, without counting anything.
    pub fn read(&self, payment: &Payment) -> Vector {
        if let Some(vector) = held(&self.answers[answer_shard(payment.id)]).find(payment.id) {
            return vector.clone();
        }
        self.look(payment)
    }

    /// Count a payment and return its vector; None when the narrowest of those who take part has
    /// counted it before.
    fn count(&self, payment: &Payment) -> Option<Vector> {
        let mut vector = Vector::of_payment(payment, self.utc_offset_s);
        for (place, (kind, key)) in payment.entities.known().enumerate() {
            let spread = self.spread(key);
            let mut pool = self.pool(kind, spread);
            let record = pool.entry(spread);
            if place == 0 && record.has_counted(payment) {
                return None;
            }
            let arrival = record.advance(payment);
            vector.read(record, payment, &arrival);
            record.count(payment, &arrival);
        }
        vector.conclude();
        Some(vector)
    }

    /// The vector of a payment beside the records as they are.
    fn look(&self, payment: &Payment) -> Vector {
        let record_of = |kind| {
            let spread = self.spread(payment.entities.of(kind)?);
            self.pool(kind, spread).find(spread).cloned()
        };
        vector_of_records(payment, record_of, self.utc_offset_s)
    }

    /// Count a label with all who took part. Returns whether it was new, as the narrowest of them
    /// remembers.
    pub fn label(&self, label: &Label, entities: &Entities) -> bool {
        for (place, (kind, key)) in entities.known().enumerate() {
            let spread = self.spread(key);
            let new = self.pool(kind, spread).entry(spread).label(label);
            if place == 0 && !new {
                return false;
            }
        }
        true
    }

    /// What is remembered of an entity.
    pub fn record(&self, kind: Kind, id: &str) -> Option<Record> {
        let spread = self.spread(Key::of(id));
        self.pool(kind, spread).find(spread).cloned()
    }

    /// How many entities of all kinds are remembered.
    pub fn len(&self) -> usize {
        self.pools.iter().flatten().map(|pool| held(pool).len()).sum()
    }

    /// Whether nothing is remembered.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) fn spread(&self, key: Key) -> Spread {
        // The product of both halves, each under a secret: nobody who does not know the secrets
        // can tell which keys meet.
        let product =
            u128::from(key.low() ^ self.secrets[0]) * u128::from(key.high() ^ self.secrets[1]);
        let [low, high] = halves(product);
        Spread { hash: low ^ high, key }
    }

    pub(super) fn pool(&self, kind: Kind, spread: Spread) -> MutexGuard<'_, Pool> {
        let shards = &self.pools[kind as usize];
        // The table within the shard places by the lowest and the highest bits: these are others.
        let bits = usize::try_from((spread.hash >> 32) & 0xFFFF).unwrap_or(0);
        let shard = (bits * shards.len()) >> 16;
        held(&shards[shard])
    }
}

fn answer_shard(payment: Key) -> usize {
    ((payment.low() >> 32) % ANSWER_SHARDS) as usize
}

/// A lock. What it protects is whole between any two steps, so a panic elsewhere spoils nothing.
pub(super) fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::super::payment::Fields;
    use super::super::schema::Slot;
    use super::*;
    use std::thread;

    fn payment(id: &str, time_ms: i64, user: &str) -> Payment {
        Payment::new(&Fields {
            payment_id: id,
            time_ms,
            amount_minor: 100,
            entities: [Some(user), Some("vpa"), Some("device"), Some("10.0.0.1"), Some("merchant")],
            latitude: Some(19.0),
            longitude: Some(72.8),
        })
        .unwrap()
    }

    fn number(vector: &Vector, slot: Slot) -> f32 {
        vector.as_slice()[slot as usize]
    }

    #[test]
    fn a_repeated_payment_gets_the_same_vector_and_counts_once() {
        let store = Store::new(100, 0).unwrap();
        store.observe(&payment("1", 1_000, "user"));
        let first = store.observe(&payment("2", 2_000, "user"));
        store.observe(&payment("3", 3_000, "user"));
        let before = store.snapshot();
        assert_eq!(store.observe(&payment("2", 4_000, "user")), first);
        assert_eq!(store.read(&payment("2", 4_000, "user")), first);
        assert_eq!(store.snapshot(), before);
    }

    #[test]
    fn a_payment_that_only_the_records_remember_is_not_counted_again() {
        let store = Store::new(100, 0).unwrap();
        store.observe(&payment("1", 1_000, "user"));
        store.observe(&payment("2", 2_000, "user"));
        let snapshot = store.snapshot();
        store.restore(&snapshot).unwrap();
        let again = store.observe(&payment("1", 3_000, "user"));
        assert_eq!(number(&again, Slot::UserCount10m), 2.0);
        assert_eq!(number(&again, Slot::MerchantCount10m), 2.0);
        assert_eq!(store.snapshot(), snapshot);
    }

    #[test]
    fn reading_changes_nothing_and_foretells_the_vector() {
        let store = Store::new(100, 0).unwrap();
        for number in 0..20 {
            let next = payment(&number.to_string(), number * 70_000, "user");
            let before = store.snapshot();
            let foretold = store.read(&next);
            assert_eq!(store.snapshot(), before);
            assert_eq!(store.observe(&next), foretold);
        }
    }

    #[test]
    fn no_more_entities_are_kept_than_allowed_and_the_oldest_go() {
        let store = Store::new(2_048, 0).unwrap();
        for number in 0..10_000 {
            store.observe(&payment(&number.to_string(), number * 1_000, &number.to_string()));
        }
        assert!(store.len() <= 2_048 + 4);
        let kept = |numbers: std::ops::Range<i64>| {
            numbers.filter(|number| store.record(Kind::User, &number.to_string()).is_some()).count()
        };
        assert_eq!(kept(0..6_000), 0);
        assert!(kept(9_000..10_000) > 990);
    }

    #[test]
    fn threads_lose_no_payment_and_count_none_twice() {
        let store = Store::new(100_000, 0).unwrap();
        thread::scope(|scope| {
            for first in [0_usize, 0, 500, 500] {
                let store = &store;
                scope.spawn(move || {
                    for number in first..first + 1_000 {
                        let user = format!("user {}", number % 7);
                        store.observe(&payment(&number.to_string(), 1_000_000, &user));
                    }
                });
            }
        });
        let counted: u32 = (0..7)
            .filter_map(|number| store.record(Kind::User, &format!("user {number}")))
            .map(|record| record.payments)
            .sum();
        assert_eq!(counted, 1_500);
        assert_eq!(store.record(Kind::Merchant, "merchant").unwrap().payments, 1_500);
    }

    #[test]
    fn the_bounds_of_a_store_are_checked() {
        for (entities_max, utc_offset_s) in
            [(0, 0), (-1, 0), (1 << 29, 0), (1, 86_401), (1, i64::MIN)]
        {
            assert!(matches!(Store::new(entities_max, utc_offset_s), Err(Error::Malformed(_))));
        }
    }
}
