//! Card numbers: one grammar, the brand, the mask, the keyed fingerprint, the expiry.
//!
//! A number lives on the heap in one place and is overwritten when it is dropped. No error and no
//! debug text holds one.

use crate::error::{Error, Result};
use crate::mac::{self, write_hex};
use std::fmt;
use zeroize::Zeroize;

const LENGTH_MINIMUM: usize = 12;
const LENGTH_MAXIMUM: usize = 19;
/// A number with its separators: at most one between two digits.
const TEXT_LENGTH_MAXIMUM: usize = 2 * LENGTH_MAXIMUM - 1;

/// What PCI DSS 3.4.1 lets be shown at most.
const SHOWN_FIRST: usize = 6;
const SHOWN_LAST: usize = 4;
/// How much of a short number stays hidden, so that the check digit does not give it away.
const HIDDEN_MINIMUM: usize = 5;

const FINGERPRINT_KEY_BYTES_MINIMUM: usize = 32;
/// What separates this HMAC from every other use of the same key.
const FINGERPRINT_DOMAIN: &[u8] = b"sikka card fingerprint 1\0";

/// A card number that holds its rules: 12 to 19 digits, the last of which is Luhn's check digit.
pub struct CardNumber {
    digits: Box<[u8; LENGTH_MAXIMUM]>,
    length: usize,
}

impl Drop for CardNumber {
    fn drop(&mut self) {
        self.digits.zeroize();
    }
}

impl fmt::Debug for CardNumber {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("CardNumber")
    }
}

impl CardNumber {
    /// Read a number as people write it: one space or dash may stand between two digits.
    pub fn parse(text: &str) -> Result<Self> {
        let not_a_number = || {
            Error::malformed(
                "card number must be digits 0-9, with at most one space or dash between two",
            )
        };
        if text.len() > TEXT_LENGTH_MAXIMUM {
            return Err(wrong_length());
        }
        let mut number = Self { digits: Box::default(), length: 0 };
        let mut after_digit = false;
        for byte in text.bytes() {
            match byte {
                b'0'..=b'9' => {
                    *number.digits.get_mut(number.length).ok_or_else(wrong_length)? = byte;
                    number.length += 1;
                    after_digit = true;
                }
                b' ' | b'-' if after_digit => after_digit = false,
                _ => return Err(not_a_number()),
            }
        }
        if number.length > 0 && !after_digit {
            return Err(not_a_number());
        }
        if number.length < LENGTH_MINIMUM {
            return Err(wrong_length());
        }
        if !luhn_holds(number.digits()) {
            return Err(Error::malformed("card number must end in its Luhn check digit"));
        }
        Ok(number)
    }

    /// The digits in ASCII.
    pub fn digits(&self) -> &[u8] {
        &self.digits[..self.length]
    }

    /// The digits as a text.
    pub fn as_str(&self) -> &str {
        // Only ASCII digits were ever put there.
        std::str::from_utf8(self.digits()).unwrap_or_default()
    }

    /// The first `count` digits as a number; a number always has at least 12.
    pub(crate) fn leading(&self, count: usize) -> u32 {
        self.digits[..count].iter().fold(0, |value, digit| 10 * value + u32::from(digit - b'0'))
    }

    /// The number fit for an operator: its first six and last four digits, or fewer.
    pub fn masked(&self) -> String {
        let last = self.length - SHOWN_LAST;
        let first = SHOWN_FIRST.min(last - HIDDEN_MINIMUM);
        let show = |(place, digit): (usize, &u8)| {
            if place < first || place >= last { char::from(*digit) } else { '*' }
        };
        self.digits().iter().enumerate().map(show).collect()
    }

    /// The last four digits, which a customer knows the card by.
    pub fn last_four(&self) -> &str {
        &self.as_str()[self.length - SHOWN_LAST..]
    }

    /// HMAC-SHA256 over the number as lower-case hex, by which equal cards are found.
    pub fn fingerprint(&self, key: &[u8]) -> Result<String> {
        if key.len() < FINGERPRINT_KEY_BYTES_MINIMUM {
            return Err(Error::KeyFormat("card fingerprint key must hold at least 32 bytes"));
        }
        Ok(write_hex(&mac::tag(key, &[FINGERPRINT_DOMAIN, self.digits()])?))
    }
}

/// A number fit for an operator; what is no card number shows nothing.
pub fn mask_card_number(text: &str) -> String {
    CardNumber::parse(text).map_or_else(|_| "***".to_owned(), |number| number.masked())
}

/// Refuse a card whose last month is over. A card is good to the end of the month it names.
pub fn check_card_expiry(month: i64, year: i64, now_month: i64, now_year: i64) -> Result<()> {
    for (name, month, year) in [("card expiry", month, year), ("the present", now_month, now_year)]
    {
        if !(1..=12).contains(&month) {
            return Err(Error::malformed(format!("{name} month must be within 1..12")));
        }
        if !(2000..=2099).contains(&year) {
            return Err(Error::malformed(format!("{name} year must be within 2000..2099")));
        }
    }
    if (year, month) < (now_year, now_month) {
        return Err(Error::malformed("card expiry must not lie in the past"));
    }
    Ok(())
}

fn wrong_length() -> Error {
    Error::malformed("card number must be of 12 to 19 digits")
}

/// Luhn's rule (ISO/IEC 7812-1, annex B): every second digit from the right counts twice.
fn luhn_holds(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .zip([false, true].into_iter().cycle())
        .map(|(digit, twice)| match (u32::from(digit - b'0'), twice) {
            (value, false) => value,
            // The sum of the two digits of what was doubled.
            (value, true) => 2 * value - if value > 4 { 9 } else { 0 },
        })
        .sum();
    sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TEST_CARD: &str = "4242424242424242";

    /// The number that begins with these digits and ends in its check digit.
    fn completed(mut digits: String) -> String {
        for check in '0'..='9' {
            digits.push(check);
            if luhn_holds(digits.as_bytes()) {
                break;
            }
            digits.pop();
        }
        digits
    }

    #[test]
    fn separators_stand_alone_between_digits() {
        for text in [TEST_CARD, "4242 4242 4242 4242", "4242-4242-4242-4242", "42 42-424242424242"]
        {
            assert_eq!(CardNumber::parse(text).unwrap().as_str(), TEST_CARD);
        }
        for text in [" 4242424242424242", "4242424242424242-", "4242  4242 4242 4242", "-", "4_2"] {
            let message = CardNumber::parse(text).unwrap_err().to_string();
            assert!(message.contains("at most one space or dash"), "{message}");
        }
    }

    #[test]
    fn nothing_of_a_number_is_in_a_debug_text() {
        assert_eq!(format!("{:?}", CardNumber::parse(TEST_CARD)), "Ok(CardNumber)");
    }

    #[test]
    fn a_card_is_good_to_the_end_of_its_month() {
        check_card_expiry(2, 2026, 2, 2026).unwrap();
        check_card_expiry(1, 2027, 12, 2026).unwrap();
        assert!(check_card_expiry(1, 2026, 2, 2026).is_err());
        assert!(check_card_expiry(12, 2025, 1, 2026).is_err());
    }

    #[test]
    #[cfg_attr(miri, ignore = "calls foreign code")]
    fn a_short_key_makes_no_fingerprint() {
        let number = CardNumber::parse(TEST_CARD).unwrap();
        assert!(number.fingerprint(&[1; 31]).is_err());
        assert_eq!(number.fingerprint(&[1; 32]).unwrap().len(), 64);
    }

    proptest! {
        #![proptest_config(crate::property::config())]

        #[test]
        fn any_text_is_a_number_or_an_error(text in ".{0,40}") {
            let _ = CardNumber::parse(&text);
            prop_assert!(mask_card_number(&text).contains("***"));
        }

        #[test]
        fn one_changed_digit_is_always_noticed(
            head in "[0-9]{11,18}", place in 0_usize..11, change in 1_u8..10,
        ) {
            let mut digits = completed(head).into_bytes();
            prop_assert!(luhn_holds(&digits));
            digits[place] = b'0' + (digits[place] - b'0' + change) % 10;
            prop_assert!(!luhn_holds(&digits));
        }

        #[test]
        fn a_mask_shows_six_and_four_at_most_and_hides_five_at_least(head in "[0-9]{11,18}") {
            let number = completed(head);
            let masked = CardNumber::parse(&number).unwrap().masked();
            prop_assert_eq!(masked.len(), number.len());
            let hidden = masked.bytes().filter(|byte| *byte == b'*').count();
            prop_assert!(hidden >= HIDDEN_MINIMUM);
            prop_assert!(number.len() - hidden <= SHOWN_FIRST + SHOWN_LAST);
            for (shown, digit) in masked.bytes().zip(number.bytes()) {
                prop_assert!(shown == b'*' || shown == digit);
            }
        }
    }
}
