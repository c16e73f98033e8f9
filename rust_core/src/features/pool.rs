use super::identity::Key;
use super::kind::Kind;
use super::record::Record;
use hashbrown::HashTable;

/// Among so many the one that is to be forgotten is chosen.
const CANDIDATES: usize = 8;

/// The entities of one kind in one shard, at most `most` of them.
///
/// When there is no room, the hand moves on over eight of them, and the one of these that was
/// touched the longest ago is forgotten: an approximation of the oldest of all, in constant time
/// and without a list to maintain.
pub(super) struct Pool {
    kind: Kind,
    most: usize,
    /// Places in `entries`, which hold the keys: a look-up then waits for memory twice.
    places: HashTable<u32>,
    entries: Vec<(Spread, Record)>,
    hand: usize,
}

/// A key with its hash under the key of this process, which no stranger can choose collisions for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Spread {
    pub(super) hash: u64,
    pub(super) key: Key,
}

impl Pool {
    /// `most` is below 2^32.
    pub(super) fn new(kind: Kind, most: usize) -> Self {
        Self { kind, most, places: HashTable::new(), entries: Vec::new(), hand: 0 }
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn is_full(&self) -> bool {
        self.entries.len() >= self.most
    }

    pub(super) fn find(&self, spread: Spread) -> Option<&Record> {
        self.place(spread).map(|place| &self.entries[place].1)
    }

    /// The record of an entity, a new one when it is not known.
    pub(super) fn entry(&mut self, spread: Spread) -> &mut Record {
        let place = match self.place(spread) {
            Some(place) => place,
            None => self.insert(spread, Record::new(self.kind)),
        };
        let record = &mut self.entries[place].1;
        record.fetch();
        record
    }

    /// Put in a record that is not there, and return its place.
    pub(super) fn insert(&mut self, spread: Spread, record: Record) -> usize {
        let place = if self.is_full() {
            let place = self.oldest_near_hand();
            self.forget(place);
            self.entries[place] = (spread, record);
            place
        } else {
            self.entries.push((spread, record));
            self.entries.len() - 1
        };
        let entries = &self.entries;
        let hash_of = |place: &u32| entries[*place as usize].0.hash;
        self.places.insert_unique(spread.hash, u32::try_from(place).unwrap_or(u32::MAX), hash_of);
        place
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = (Key, &Record)> {
        self.entries.iter().map(|(spread, record)| (spread.key, record))
    }

    pub(super) fn clear(&mut self) {
        *self = Self::new(self.kind, self.most);
    }

    fn place(&self, spread: Spread) -> Option<usize> {
        let same = |place: &u32| self.entries[*place as usize].0 == spread;
        self.places.find(spread.hash, same).map(|place| *place as usize)
    }

    fn forget(&mut self, place: usize) {
        let same = |other: &u32| *other as usize == place;
        if let Ok(entry) = self.places.find_entry(self.entries[place].0.hash, same) {
            entry.remove();
        }
    }

    fn oldest_near_hand(&mut self) -> usize {
        let length = self.entries.len();
        let candidates = (0..CANDIDATES.min(length)).map(|step| (self.hand + step) % length);
        let oldest = candidates.min_by_key(|place| self.entries[*place].1.touched_ms());
        self.hand = (self.hand + CANDIDATES) % length;
        oldest.unwrap_or(0)
    }
}
