//! The bytes of a record, the same in this process, in Redis and in a snapshot.
//!
//! Little endian, of a fixed length for each kind; times in milliseconds since 1970. An empty place
//! of a list is zero.
//!
//! | offset | type | what |
//! |---|---|---|
//! | 0 | u8 | version of the layout, 1 |
//! | 1 | u8 | kind: 0 user, 1 instrument, 2 device, 3 ip, 4 merchant |
//! | 2 | u8 | level of the sample of different values |
//! | 3 | u8 | whether a place is known (users only): 0 or 1 |
//! | 4 | u32 | payments counted |
//! | 8 | u64 | time of the first payment |
//! | 16 | u64 | time of the last payment |
//! | 24 | u64 | amount of the last payment, in minor units |
//! | 32 | 4 f64 | decayed counts: 1 h, 24 h, 7 d, 30 d |
//! | 64 | 4 f64 | decayed sums of the amounts |
//! | 96 | 4 f64 | decayed sums of their squares |
//! | 128 | u64 | when the last label was known |
//! | 136 | 3 f64 | decayed labels: 24 h, 7 d, 30 d |
//! | 160 | 3 f64 | decayed frauds among them |
//! | 184 | 8 u32 | tags of the last payments |
//! | 216 | 4 u32 | tags of the last labels |
//! | 232 | 16 (u32, u32) | sample of different values: tag, minute last seen |
//! | 360 | 61 u16 | payments by minute, the present one first |
//! | 482 | 25 u16 | payments by hour, the present one first |
//! | 532 | u64 | users only, as all that follows: time of the last place |
//! | 540 | 2 f64 | latitude and longitude of the last place |
//! | 556 | 8 u32 | tags of the known devices, the latest first |
//! | 588 | 16 u32 | cells of the known places, the latest first |

use super::distinct::Distinct;
use super::geo::Place;
use super::kind::Kind;
use super::payment::{AMOUNT_MINOR_MAX, TIME_MS_MAX};
use super::recent::Recent;
use super::record::Record;
use crate::error::{Error, Result};

const VERSION: u8 = 1;
const LENGTH: usize = 532;
const USER_LENGTH: usize = 652;

impl Kind {
    /// How many bytes a record of this kind has.
    pub fn record_length(self) -> usize {
        if self == Self::User { USER_LENGTH } else { LENGTH }
    }
}

impl Record {
    /// The bytes of the record.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.kind.record_length());
        self.encode_into(&mut bytes);
        bytes
    }

    /// Append the bytes of the record.
    pub(super) fn encode_into(&self, bytes: &mut Vec<u8>) {
        bytes.extend([VERSION, self.kind as u8, self.distinct.level]);
        bytes.push(u8::from(self.place.is_some()));
        bytes.extend(self.payments.to_le_bytes());
        for number in [self.first_ms, self.last_ms, self.last_amount_minor] {
            bytes.extend(number.to_le_bytes());
        }
        for number in [self.counts, self.sums, self.squares].iter().flatten() {
            bytes.extend(number.to_le_bytes());
        }
        bytes.extend(self.label_ms.to_le_bytes());
        for number in [self.labels, self.frauds].iter().flatten() {
            bytes.extend(number.to_le_bytes());
        }
        write_tags(bytes, &self.counted);
        write_tags(bytes, &self.labelled);
        for (tag, minute) in self.distinct.tags.iter().zip(&self.distinct.minutes) {
            bytes.extend(tag.to_le_bytes());
            bytes.extend(minute.to_le_bytes());
        }
        for count in self.ring.minutes.iter().chain(&self.ring.hours) {
            bytes.extend(count.to_le_bytes());
        }
        if self.kind == Kind::User {
            let (latitude, longitude, place_ms) = self
                .place
                .map_or((0.0, 0.0, 0), |(place, at_ms)| (place.latitude, place.longitude, at_ms));
            bytes.extend(place_ms.to_le_bytes());
            bytes.extend(f64::to_le_bytes(latitude));
            bytes.extend(f64::to_le_bytes(longitude));
            write_tags(bytes, &self.devices);
            write_tags(bytes, &self.places);
        }
    }

    /// The record of some bytes, which may come from anywhere.
    pub fn decode(kind: Kind, bytes: &[u8]) -> Result<Self> {
        if bytes.len() != kind.record_length() {
            return Err(Error::malformed("record must have the length of its kind"));
        }
        let mut reader = Reader { rest: bytes, too_short: "record ends too early" };
        let [version, kind_read, level, has_place] = reader.array()?;
        if version != VERSION {
            return Err(Error::malformed("record must be of version 1"));
        }
        if kind_read != kind as u8 {
            return Err(Error::malformed("record must be of the kind that is asked for"));
        }
        if level > Distinct::LEVEL_MAX {
            return Err(Error::malformed("record: level of the sample must be within 0..31"));
        }
        let mut record = Self {
            payments: u32::from_le_bytes(reader.array()?),
            first_ms: reader.within(TIME_MS_MAX, "record: time must be within 0..2**47 - 1")?,
            last_ms: reader.within(TIME_MS_MAX, "record: time must be within 0..2**47 - 1")?,
            last_amount_minor: reader
                .within(AMOUNT_MINOR_MAX, "record: amount must be within 0..2**53 - 1")?,
            counts: reader.weighed()?,
            sums: reader.weighed()?,
            squares: reader.weighed()?,
            label_ms: reader.within(TIME_MS_MAX, "record: time must be within 0..2**47 - 1")?,
            labels: reader.weighed()?,
            frauds: reader.weighed()?,
            counted: reader.tags()?,
            labelled: reader.tags()?,
            ..Self::new(kind)
        };
        record.distinct.level = level;
        let Distinct { tags, minutes, .. } = &mut record.distinct;
        for (tag, minute) in tags.iter_mut().zip(minutes) {
            *tag = u32::from_le_bytes(reader.array()?);
            *minute = u32::from_le_bytes(reader.array()?);
        }
        for count in record.ring.minutes.iter_mut().chain(&mut record.ring.hours) {
            *count = u16::from_le_bytes(reader.array()?);
        }
        record.read_place(&mut reader, has_place)?;
        Ok(record)
    }

    fn read_place(&mut self, reader: &mut Reader<'_>, has_place: u8) -> Result<()> {
        if has_place > u8::from(self.kind == Kind::User) {
            return Err(Error::malformed("record: only a user's may have one place"));
        }
        if self.kind != Kind::User {
            return Ok(());
        }
        let at_ms = reader.within(TIME_MS_MAX, "record: time must be within 0..2**47 - 1")?;
        let latitude = f64::from_le_bytes(reader.array()?);
        let place = Place::new(latitude, f64::from_le_bytes(reader.array()?))
            .map_err(|_| Error::malformed("record: a place must be in degrees"))?;
        self.place = (has_place == 1).then_some((place, at_ms));
        self.devices = reader.tags()?;
        self.places = reader.tags()?;
        Ok(())
    }
}

fn write_tags<const N: usize>(bytes: &mut Vec<u8>, tags: &Recent<N>) {
    bytes.extend(tags.0.iter().flat_map(|tag| tag.to_le_bytes()));
}

/// Reads numbers one after the other.
pub(super) struct Reader<'a> {
    pub(super) rest: &'a [u8],
    /// What to say when there are too few bytes.
    pub(super) too_short: &'static str,
}

impl<'a> Reader<'a> {
    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let (array, rest) =
            self.rest.split_first_chunk().ok_or(Error::malformed(self.too_short))?;
        self.rest = rest;
        Ok(*array)
    }

    pub(super) fn bytes(&mut self, length: usize) -> Result<&'a [u8]> {
        let (bytes, rest) =
            self.rest.split_at_checked(length).ok_or(Error::malformed(self.too_short))?;
        self.rest = rest;
        Ok(bytes)
    }

    fn within(&mut self, most: u64, rule: &'static str) -> Result<u64> {
        let number = u64::from_le_bytes(self.array()?);
        if number > most { Err(Error::malformed(rule)) } else { Ok(number) }
    }

    /// Decayed numbers, which are neither negative nor infinite.
    fn weighed<const N: usize>(&mut self) -> Result<[f64; N]> {
        let mut numbers = [0.0; N];
        for number in &mut numbers {
            *number = f64::from_le_bytes(self.array()?);
            if !(number.is_sign_positive() && number.is_finite()) {
                return Err(Error::malformed("record: decayed numbers must be finite, 0 or more"));
            }
        }
        Ok(numbers)
    }

    fn tags<const N: usize>(&mut self) -> Result<Recent<N>> {
        let mut tags = [0; N];
        for tag in &mut tags {
            *tag = u32::from_le_bytes(self.array()?);
        }
        Ok(Recent(tags))
    }
}

#[cfg(test)]
mod tests {
    use super::super::payment::{Fields, Label, Payment};
    use super::*;
    use proptest::prelude::*;

    fn any_payment() -> impl Strategy<Value = Payment> {
        let names = prop::option::of(prop::sample::select(vec!["a", "b", "c", "d", "e", "f"]));
        let places = prop::option::of((-90.0..=90.0, -180.0..=180.0));
        let others = prop::array::uniform4(names);
        (0_i64..1 << 47, 0_i64..1 << 53, others, places, 0..1_000).prop_map(
            |(time_ms, amount_minor, others, place, id): (_, _, _, Option<(f64, f64)>, i32)| {
                let mut entities = [Some("user"), None, None, None, None];
                entities[1..].copy_from_slice(&others);
                Payment::new(&Fields {
                    payment_id: &id.to_string(),
                    time_ms,
                    amount_minor,
                    entities,
                    latitude: place.map(|place| place.0),
                    longitude: place.map(|place| place.1),
                })
                .unwrap()
            },
        )
    }

    proptest! {
        #![proptest_config(crate::property::config())]

        #[test]
        fn what_was_written_is_read_back(payments in prop::collection::vec(any_payment(), 0..30)) {
            for kind in Kind::ALL {
                let mut record = Record::new(kind);
                for payment in &payments {
                    let arrival = record.advance(payment);
                    record.count(payment, &arrival);
                    record.label(&Label::new("p", 1_000, true).unwrap());
                }
                let bytes = record.encode();
                prop_assert_eq!(bytes.len(), kind.record_length());
                prop_assert_eq!(&Record::decode(kind, &bytes).unwrap(), &record);
            }
        }

        #[test]
        fn any_bytes_are_a_record_or_an_error(
            kind in prop::sample::select(Kind::ALL.to_vec()),
            mut bytes in prop::collection::vec(any::<u8>(), USER_LENGTH),
            payment in any_payment(),
            sane in any::<bool>(),
        ) {
            bytes.truncate(kind.record_length());
            let level = bytes[2] % 32;
            bytes[..4].copy_from_slice(&[VERSION, kind as u8, level, 0]);
            if sane {
                // Times and decayed numbers within their rules, all else as it comes.
                for place in [8, 16, 24, 128] {
                    bytes[place + 5..place + 8].fill(0);
                }
                for place in (32..128).chain(136..184).step_by(8) {
                    bytes[place + 7] &= 0x3F;
                }
            }
            if kind == Kind::User {
                bytes[532..556].fill(0);
            }
            match Record::decode(kind, &bytes) {
                Ok(mut record) => {
                    let arrival = record.advance(&payment);
                    record.count(&payment, &arrival);
                    prop_assert_eq!(record.encode().len(), kind.record_length());
                }
                Err(error) => prop_assert!(!sane && matches!(error, Error::Malformed(_))),
            }
        }

        #[test]
        fn any_short_bytes_are_an_error(bytes in prop::collection::vec(any::<u8>(), 0..531)) {
            for kind in Kind::ALL {
                prop_assert!(Record::decode(kind, &bytes).is_err());
            }
        }
    }
}
