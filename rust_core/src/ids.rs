//! Time-ordered ids that carry their shard bucket, and the ids of UPI made of the same bits.
//!
//! An id is a prefix, `_`, and 128 bits in Crockford base32: 48 bits of milliseconds, 12 bits of
//! bucket, 68 random bits. Base32 in its own order keeps the order of time.

use crate::error::{Error, Result};
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand;

/// How many shard buckets there are.
pub const BUCKETS: u16 = 1 << BUCKET_BITS;

const BUCKET_BITS: u32 = 12;
const TIME_BITS: u32 = 48;
const RANDOM_BITS: u32 = 128 - TIME_BITS - BUCKET_BITS;
const BASE32_LENGTH: usize = 26;
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const HEX_UPPER: &[u8; 16] = b"0123456789ABCDEF";
const NOT_IN_ALPHABET: u8 = 0xFF;

/// The value of each byte as a base32 digit.
const DIGITS: [u8; 256] = {
    let mut digits = [NOT_IN_ALPHABET; 256];
    let mut value: u8 = 0;
    while value < 32 {
        digits[ALPHABET[value as usize] as usize] = value;
        value += 1;
    }
    digits
};

/// The bucket of one merchant's idempotent request: the first 12 bits of a SHA-256.
pub fn bucket_of(merchant_id: &str, idempotency_key: &str) -> u16 {
    let mut input = Vec::with_capacity(16 + merchant_id.len() + idempotency_key.len());
    for part in [merchant_id, idempotency_key] {
        input.extend_from_slice(&(part.len() as u64).to_be_bytes());
        input.extend_from_slice(part.as_bytes());
    }
    let hash = digest(&SHA256, &input);
    first_twelve_bits(hash.as_ref()[0], hash.as_ref()[1])
}

/// A new id. `bucket` and `now_ms` are signed so that every out-of-range number is refused here.
pub fn new_id(prefix: &str, bucket: i64, now_ms: i64) -> Result<String> {
    check_prefix(prefix)?;
    let bucket = u128::try_from(bucket)
        .ok()
        .filter(|bucket| *bucket < u128::from(BUCKETS))
        .ok_or(Error::malformed("bucket must be within 0..4095"))?;
    let now_ms = u128::try_from(now_ms)
        .ok()
        .filter(|now_ms| now_ms >> TIME_BITS == 0)
        .ok_or(Error::malformed("now_ms must be within 0..2**48 - 1"))?;
    let random = random_bits()? >> (128 - RANDOM_BITS);
    let bits = (now_ms << (BUCKET_BITS + RANDOM_BITS)) | (bucket << RANDOM_BITS) | random;
    Ok(write_id(prefix, bits))
}

/// The bucket that an id carries.
pub fn bucket_of_id(id: &str) -> Result<u16> {
    let [_, _, _, _, _, _, high, low, ..] = bits_of_id(id)?.to_be_bytes();
    Ok(first_twelve_bits(high, low))
}

/// The milliseconds since 1970 that an id carries.
pub fn time_ms_of_id(id: &str) -> Result<u64> {
    Ok((bits_of_id(id)? >> (BUCKET_BITS + RANDOM_BITS)) as u64)
}

/// Whether a text has the grammar of an id with this prefix.
pub fn is_id(id: &str, prefix: &str) -> bool {
    check_prefix(prefix).is_ok()
        && id
            .strip_prefix(prefix)
            .and_then(|rest| rest.strip_prefix('_'))
            .and_then(read_base32)
            .is_some()
}

/// The UPI `Txn@id` of an id: three characters of the PSP and the id's bits in hex.
pub fn upi_transaction_id(psp_prefix: &str, id: &str) -> Result<String> {
    check_psp_prefix(psp_prefix)?;
    Ok(write_upi_id(psp_prefix, bits_of_id(id)?))
}

/// The id of which a UPI `Txn@id` was made.
pub fn id_of_upi_transaction(transaction_id: &str, prefix: &str) -> Result<String> {
    check_prefix(prefix)?;
    let bits = transaction_id
        .split_at_checked(3)
        .filter(|(psp_prefix, _)| check_psp_prefix(psp_prefix).is_ok())
        .and_then(|(_, hex)| read_hex_upper(hex))
        .ok_or(Error::malformed(
            "transaction_id must be 3 of A-Z and 0-9 and 32 upper-case hex digits",
        ))?;
    Ok(write_id(prefix, bits))
}

/// A new UPI `Head@msgId`.
pub fn new_message_id(psp_prefix: &str) -> Result<String> {
    check_psp_prefix(psp_prefix)?;
    Ok(write_upi_id(psp_prefix, random_bits()?))
}

/// A retrieval reference number of 12 digits: year, day of the year, sequence.
pub fn rrn(year: i64, day_of_year: i64, sequence: i64) -> Result<String> {
    if !(1..=9999).contains(&year) {
        return Err(Error::malformed("year must be within 1..9999"));
    }
    if !(1..=366).contains(&day_of_year) {
        return Err(Error::malformed("day_of_year must be within 1..366"));
    }
    if sequence < 0 {
        return Err(Error::malformed("sequence must not be negative"));
    }
    Ok(format!("{}{:03}{:08}", year % 10, day_of_year, sequence % 100_000_000))
}

fn first_twelve_bits(high: u8, low: u8) -> u16 {
    u16::from_be_bytes([high, low]) >> (16 - BUCKET_BITS)
}

fn check_prefix(prefix: &str) -> Result<()> {
    let well_formed =
        (2..=6).contains(&prefix.len()) && prefix.bytes().all(|byte| byte.is_ascii_lowercase());
    if well_formed { Ok(()) } else { Err(Error::malformed("prefix must be 2 to 6 of a-z")) }
}

fn check_psp_prefix(psp_prefix: &str) -> Result<()> {
    let well_formed = psp_prefix.len() == 3
        && psp_prefix.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    if well_formed { Ok(()) } else { Err(Error::malformed("psp_prefix must be 3 of A-Z and 0-9")) }
}

fn random_bits() -> Result<u128> {
    let mut bytes = [0; 16];
    rand::fill(&mut bytes).map_err(|_| Error::malformed("the random generator failed"))?;
    Ok(u128::from_be_bytes(bytes))
}

fn write_id(prefix: &str, bits: u128) -> String {
    let mut id = String::with_capacity(prefix.len() + 1 + BASE32_LENGTH);
    id.push_str(prefix);
    id.push('_');
    for place in (0..BASE32_LENGTH).rev() {
        id.push(char::from(ALPHABET[(bits >> (5 * place)) as usize & 31]));
    }
    id
}

fn write_upi_id(psp_prefix: &str, bits: u128) -> String {
    let mut id = String::with_capacity(35);
    id.push_str(psp_prefix);
    for place in (0..32).rev() {
        id.push(char::from(HEX_UPPER[(bits >> (4 * place)) as usize & 15]));
    }
    id
}

fn bits_of_id(id: &str) -> Result<u128> {
    id.split_once('_')
        .filter(|(prefix, _)| check_prefix(prefix).is_ok())
        .and_then(|(_, digits)| read_base32(digits))
        .ok_or(Error::malformed(
            "id must be 2 to 6 of a-z, \"_\" and 26 characters of Crockford base32",
        ))
}

/// The 128 bits of 26 digits. The two bits too many of the first digit must be zero.
fn read_base32(digits: &str) -> Option<u128> {
    let digits: &[u8; BASE32_LENGTH] = digits.as_bytes().try_into().ok()?;
    if DIGITS[digits[0] as usize] > 7 {
        return None;
    }
    digits.iter().try_fold(0, |bits: u128, byte| match DIGITS[*byte as usize] {
        NOT_IN_ALPHABET => None,
        digit => Some((bits << 5) | u128::from(digit)),
    })
}

fn read_hex_upper(digits: &str) -> Option<u128> {
    if digits.len() != 32 {
        return None;
    }
    digits.bytes().try_fold(0, |bits: u128, byte| {
        let digit = match byte {
            b'0'..=b'9' => byte - b'0',
            b'A'..=b'F' => byte - b'A' + 10,
            _ => return None,
        };
        Some((bits << 4) | u128::from(digit))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    #[cfg_attr(miri, ignore = "calls foreign code")]
    fn an_id_gives_back_what_it_was_made_of() {
        let id = new_id("pay", 4095, (1 << 48) - 1).unwrap();
        assert_eq!(id.len(), 30);
        assert_eq!(bucket_of_id(&id), Ok(4095));
        assert_eq!(time_ms_of_id(&id), Ok((1 << 48) - 1));
        let transaction_id = upi_transaction_id("SKA", &id).unwrap();
        assert_eq!(id_of_upi_transaction(&transaction_id, "pay"), Ok(id));
    }

    #[test]
    #[cfg_attr(miri, ignore = "calls foreign code")]
    fn the_bucket_is_the_start_of_a_hash_over_length_prefixed_parts() {
        let mut input = vec![0, 0, 0, 0, 0, 0, 0, 1, b'a', 0, 0, 0, 0, 0, 0, 0, 2];
        input.extend_from_slice(b"bc");
        let hash = digest(&SHA256, &input);
        let expected = u16::from_be_bytes([hash.as_ref()[0], hash.as_ref()[1]]) >> 4;
        assert_eq!(bucket_of("a", "bc"), expected);
    }

    #[test]
    fn a_first_digit_over_seven_is_refused() {
        assert!(is_id(&format!("pay_7{}", "Z".repeat(25)), "pay"));
        assert!(!is_id(&format!("pay_8{}", "0".repeat(25)), "pay"));
    }

    #[test]
    fn a_multibyte_character_at_the_split_is_refused() {
        assert!(id_of_upi_transaction("SK\u{20ac}0", "pay").is_err());
    }

    proptest! {
        #![proptest_config(crate::property::config())]

        #[test]
        fn any_bits_come_back_from_both_forms(prefix in "[a-z]{2,6}", bits in any::<u128>()) {
            let id = write_id(&prefix, bits);
            prop_assert!(is_id(&id, &prefix));
            prop_assert_eq!(bits_of_id(&id), Ok(bits));
            prop_assert_eq!(u128::from(bucket_of_id(&id).unwrap()), (bits >> RANDOM_BITS) & 4095);
            prop_assert_eq!(u128::from(time_ms_of_id(&id).unwrap()), bits >> 80);
            let transaction_id = upi_transaction_id("SKA", &id).unwrap();
            prop_assert_eq!(id_of_upi_transaction(&transaction_id, &prefix), Ok(id));
        }

        #[test]
        fn ids_stand_in_the_order_of_their_bits(one in any::<u128>(), other in any::<u128>()) {
            prop_assert_eq!(write_id("pay", one).cmp(&write_id("pay", other)), one.cmp(&other));
        }

        #[test]
        fn any_text_is_an_id_or_an_error(text in "(pay_)?\\PC{0,30}|[A-Z]{3}\\PC{0,34}") {
            let reads = text.starts_with("pay_") && bits_of_id(&text).is_ok();
            prop_assert_eq!(is_id(&text, "pay"), reads);
            if let Ok(id) = id_of_upi_transaction(&text, "pay") {
                prop_assert_eq!(upi_transaction_id(&text[..3], &id), Ok(text));
            }
        }

        #[test]
        fn any_date_and_sequence_is_a_number_of_twelve_digits_or_an_error(
            year in -2_i64..10_002, day in -2_i64..370, sequence in any::<i64>(),
        ) {
            let lawful = (1..=9999).contains(&year) && (1..=366).contains(&day) && sequence >= 0;
            match rrn(year, day, sequence) {
                Ok(rrn) => {
                    prop_assert!(lawful && rrn.len() == 12);
                    prop_assert!(rrn.bytes().all(|byte| byte.is_ascii_digit()));
                }
                Err(_) => prop_assert!(!lawful),
            }
        }
    }
}
