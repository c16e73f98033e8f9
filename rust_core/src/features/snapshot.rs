//! The whole store as bytes: a mark, a version, for each kind the number of its entities and then
//! for each of them its key (16 bytes) and its record, in the order of the keys, and at last the
//! SHA-256 of all before. Equal memories have equal bytes. Numbers are little endian.

use super::codec::Reader;
use super::identity::Key;
use super::kind::Kind;
use super::record::Record;
use super::store::{Store, held};
use crate::error::{Error, Result};
use aws_lc_rs::digest::{SHA256, digest};
use std::cmp::Reverse;

const MARK: &[u8; 15] = b"sikka features\n";
const VERSION: u8 = 1;
const CHECKSUM_LENGTH: usize = 32;
const KEY_LENGTH: usize = 16;

impl Store {
    /// All that is remembered, as bytes. Payments may go on meanwhile: each record is whole, but
    /// of a payment that comes just now one record may have it and another not.
    pub fn snapshot(&self) -> Vec<u8> {
        let mut bytes = MARK.to_vec();
        bytes.push(VERSION);
        for kind in Kind::ALL {
            let mut entries = Vec::new();
            for pool in &self.pools[kind as usize] {
                entries.extend(held(pool).entries().map(|(key, record)| (key, record.encode())));
            }
            entries.sort_unstable_by_key(|(key, _)| *key);
            bytes.extend((entries.len() as u64).to_le_bytes());
            for (key, record) in entries {
                bytes.extend(key.0.to_le_bytes());
                bytes.extend(record);
            }
        }
        bytes.extend(digest(&SHA256, &bytes).as_ref());
        bytes
    }

    /// Forget everything and remember what a snapshot holds; on an error nothing has changed. Where
    /// the store has less room than the snapshot, the oldest are left out.
    pub fn restore(&self, snapshot: &[u8]) -> Result<()> {
        let mut entries = decode(snapshot)?;
        entries.sort_by_key(|(_, record)| Reverse(record.touched_ms()));
        for pool in self.pools.iter().flatten() {
            held(pool).clear();
        }
        for answers in &self.answers {
            held(answers).clear();
        }
        for (key, record) in entries {
            let spread = self.spread(key);
            let mut pool = self.pool(record.kind, spread);
            if !pool.is_full() && pool.find(spread).is_none() {
                pool.insert(spread, record);
            }
        }
        Ok(())
    }
}

fn decode(snapshot: &[u8]) -> Result<Vec<(Key, Record)>> {
    let (body, checksum) = snapshot
        .split_last_chunk::<CHECKSUM_LENGTH>()
        .ok_or(Error::malformed("snapshot ends too early"))?;
    let mut reader = Reader { rest: body, too_short: "snapshot ends too early" };
    if reader.bytes(MARK.len())? != MARK {
        return Err(Error::malformed("snapshot must begin with its mark"));
    }
    if reader.array()? != [VERSION] {
        return Err(Error::malformed("snapshot must be of version 1"));
    }
    if digest(&SHA256, body).as_ref() != checksum {
        return Err(Error::malformed("snapshot does not have its checksum"));
    }
    let mut entries = Vec::new();
    for kind in Kind::ALL {
        let count = u64::from_le_bytes(reader.array()?);
        // A number that the bytes cannot hold ends at the first entry that is not there.
        for _ in 0..count {
            let key = Key(u128::from_le_bytes(reader.array::<KEY_LENGTH>()?));
            entries.push((key, Record::decode(kind, reader.bytes(kind.record_length())?)?));
        }
    }
    if !reader.rest.is_empty() {
        return Err(Error::malformed("snapshot must end after its last entity"));
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::super::payment::{Fields, Payment};
    use super::*;
    use proptest::prelude::*;

    fn filled(entities_max: i64, payments: i64) -> Store {
        let store = Store::new(entities_max, 0).unwrap();
        for number in 0..payments {
            store.observe(&payment(number));
        }
        store
    }

    fn payment(number: i64) -> Payment {
        Payment::new(&Fields {
            payment_id: &format!("payment {number}"),
            time_ms: number * 1_000,
            amount_minor: number,
            entities: [Some(&format!("user {number}")), None, None, None, Some("merchant")],
            latitude: None,
            longitude: None,
        })
        .unwrap()
    }

    #[test]
    fn a_restored_store_goes_on_as_the_first() {
        let (first, second) = (filled(10_000, 50), Store::new(5_000, 0).unwrap());
        second.restore(&first.snapshot()).unwrap();
        assert_eq!(first.snapshot(), second.snapshot());
        assert_eq!(first.observe(&payment(60)), second.observe(&payment(60)));
        assert_eq!(first.snapshot(), second.snapshot());
    }

    #[test]
    fn a_smaller_store_keeps_the_latest() {
        let small = Store::new(10, 0).unwrap();
        small.restore(&filled(10_000, 50).snapshot()).unwrap();
        for number in 0..50 {
            let kept = small.record(Kind::User, &format!("user {number}")).is_some();
            assert_eq!(kept, number >= 40);
        }
    }

    #[test]
    fn every_changed_byte_and_every_cut_is_refused_and_changes_nothing() {
        let store = filled(10, 2);
        let snapshot = store.snapshot();
        for place in 0..snapshot.len() {
            let mut changed = snapshot.clone();
            changed[place] ^= 1;
            assert!(matches!(store.restore(&changed), Err(Error::Malformed(_))));
            assert!(matches!(store.restore(&snapshot[..place]), Err(Error::Malformed(_))));
        }
        assert_eq!(store.snapshot(), snapshot);
    }

    proptest! {
        #![proptest_config(crate::property::config())]

        #[test]
        fn any_bytes_under_a_right_checksum_are_an_error(
            body in prop::collection::vec(any::<u8>(), 0..2_000),
        ) {
            let mut bytes = [MARK.as_slice(), &[VERSION], &body].concat();
            bytes.extend(digest(&SHA256, &bytes).as_ref());
            let sizes_of_nothing = body.len() == 40 && body.iter().all(|byte| *byte == 0);
            prop_assert_eq!(decode(&bytes).is_ok(), sizes_of_nothing);
        }
    }
}
