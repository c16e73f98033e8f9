use super::decay::exact;
use super::geo::Place;
use super::identity::Key;
use super::kind::Kind;
use crate::error::{Error, Result};

/// The latest time, some four thousand years from now: its minutes fit 32 bits.
pub const TIME_MS_MAX: u64 = (1 << 47) - 1;
/// The greatest amount, below which a float of 64 bits holds every integer.
pub const AMOUNT_MINOR_MAX: u64 = (1 << 53) - 1;
const UTC_OFFSET_S_MAX: i32 = 86_400;
const PACKED_LENGTH: usize = 60;

/// A payment as it comes in. What is not known is None.
#[derive(Clone, Copy, Debug)]
pub struct Fields<'a> {
    /// What a repetition of the same payment is recognised by.
    pub payment_id: &'a str,
    /// When it is made, in milliseconds since 1970.
    pub time_ms: i64,
    /// What is to be paid, in minor units.
    pub amount_minor: i64,
    /// The ids of those who take part, in the order of `Kind::ALL`.
    pub entities: [Option<&'a str>; Kind::COUNT],
    /// Where it is made, in degrees north.
    pub latitude: Option<f64>,
    /// Where it is made, in degrees east.
    pub longitude: Option<f64>,
}

/// A payment that keeps the rules, with its ids hashed.
#[derive(Clone, Debug)]
pub struct Payment {
    pub(super) id: Key,
    pub(super) time_ms: u64,
    pub(super) amount_minor: u64,
    pub(super) entities: Entities,
    pub(super) place: Option<Place>,
}

/// Who takes part, by kind.
#[derive(Clone, Debug)]
pub struct Entities([Option<Key>; Kind::COUNT]);

impl Payment {
    /// Check the fields of a payment.
    pub fn new(fields: &Fields<'_>) -> Result<Self> {
        let place = match (fields.latitude, fields.longitude) {
            (Some(latitude), Some(longitude)) => Some(Place::new(latitude, longitude)?),
            (None, None) => None,
            _ => return Err(Error::malformed("latitude and longitude must be given together")),
        };
        Ok(Self {
            id: payment_key(fields.payment_id)?,
            time_ms: checked_time_ms(fields.time_ms, "time_ms must be within 0..2**47 - 1")?,
            amount_minor: within(fields.amount_minor, AMOUNT_MINOR_MAX)
                .ok_or(Error::malformed("amount_minor must be within 0..2**53 - 1"))?,
            entities: Entities::new(fields.entities)?,
            place,
        })
    }

    /// All that a record takes from a payment, for whoever keeps records elsewhere: the tag of its
    /// id (u32), time and amount (two f64), the tags of those who take part in the order of
    /// `Kind::ALL` (5 u32), the cell of its place (u32), latitude and longitude (two f64), little
    /// endian. What is not known is 0. A script of Redis has only floats to count with.
    pub fn pack(&self) -> [u8; PACKED_LENGTH] {
        let mut packed = [0; PACKED_LENGTH];
        let mut rest = packed.as_mut_slice();
        let mut put = |bytes: &[u8]| {
            let (place, after) = std::mem::take(&mut rest).split_at_mut(bytes.len());
            place.copy_from_slice(bytes);
            rest = after;
        };
        put(&self.id.tag().to_le_bytes());
        put(&exact(self.time_ms).to_le_bytes());
        put(&exact(self.amount_minor).to_le_bytes());
        for kind in Kind::ALL {
            put(&self.entities.of(kind).map_or(0, Key::tag).to_le_bytes());
        }
        put(&self.place.map_or(0, Place::cell).to_le_bytes());
        put(&self.place.map_or(0.0, |place| place.latitude).to_le_bytes());
        put(&self.place.map_or(0.0, |place| place.longitude).to_le_bytes());
        packed
    }
}

impl Entities {
    /// Hash the ids, in the order of `Kind::ALL`.
    pub fn new(ids: [Option<&str>; Kind::COUNT]) -> Result<Self> {
        let mut keys = [None; Kind::COUNT];
        for (kind, id) in Kind::ALL.into_iter().zip(ids) {
            keys[kind as usize] = match id {
                Some("") => {
                    return Err(Error::malformed(format!("{} must not be empty", kind.name())));
                }
                Some(id) => Some(Key::of(id)),
                None => None,
            };
        }
        if keys == [None; Kind::COUNT] {
            return Err(Error::malformed(
                "at least one of user, instrument, device, ip and merchant must be given",
            ));
        }
        Ok(Self(keys))
    }

    pub(super) fn of(&self, kind: Kind) -> Option<Key> {
        self.0[kind as usize]
    }

    /// Those who are known, the narrowest kind first.
    pub(super) fn known(&self) -> impl Iterator<Item = (Kind, Key)> {
        Kind::ALL.into_iter().filter_map(|kind| Some((kind, self.of(kind)?)))
    }
}

/// What became of a payment, once it is known.
#[derive(Clone, Debug)]
pub struct Label {
    pub(super) id: Key,
    pub(super) known_ms: u64,
    pub(super) fraud: bool,
}

impl Label {
    /// Check the fields of a label. `known_ms` is when it became known, not when the payment was
    /// made: nothing may be learnt before its time.
    pub fn new(payment_id: &str, known_ms: i64, fraud: bool) -> Result<Self> {
        Ok(Self {
            id: payment_key(payment_id)?,
            known_ms: checked_time_ms(known_ms, "known_ms must be within 0..2**47 - 1")?,
            fraud,
        })
    }
}

fn payment_key(payment_id: &str) -> Result<Key> {
    if payment_id.is_empty() {
        return Err(Error::malformed("payment_id must not be empty"));
    }
    Ok(Key::of(payment_id))
}

fn checked_time_ms(time_ms: i64, rule: &'static str) -> Result<u64> {
    within(time_ms, TIME_MS_MAX).ok_or(Error::malformed(rule))
}

fn within(number: i64, most: u64) -> Option<u64> {
    u64::try_from(number).ok().filter(|number| *number <= most)
}

/// How far a clock may be ahead of UTC, or behind it.
pub fn checked_utc_offset_s(utc_offset_s: i64) -> Result<i32> {
    i32::try_from(utc_offset_s)
        .ok()
        .filter(|offset| (-UTC_OFFSET_S_MAX..=UTC_OFFSET_S_MAX).contains(offset))
        .ok_or(Error::malformed("utc_offset_s must be within -86400..86400"))
}
