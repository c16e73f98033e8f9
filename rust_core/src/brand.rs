//! The brand of a card: by the caller's table of BINs first, by the brands' prefixes second.

use crate::card::CardNumber;
use crate::error::{Error, Result};
use std::ops::RangeInclusive;

/// A card network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Brand {
    /// American Express.
    Amex,
    /// Diners Club.
    Diners,
    /// Discover, and UnionPay's numbers that run on its network.
    Discover,
    /// JCB.
    Jcb,
    /// Maestro.
    Maestro,
    /// Mastercard.
    Mastercard,
    /// RuPay.
    Rupay,
    /// Visa.
    Visa,
}

impl Brand {
    const ALL: [Self; 8] = [
        Self::Amex,
        Self::Diners,
        Self::Discover,
        Self::Jcb,
        Self::Maestro,
        Self::Mastercard,
        Self::Rupay,
        Self::Visa,
    ];

    /// The name in lower case.
    pub fn name(self) -> &'static str {
        match self {
            Self::Amex => "amex",
            Self::Diners => "diners",
            Self::Discover => "discover",
            Self::Jcb => "jcb",
            Self::Maestro => "maestro",
            Self::Mastercard => "mastercard",
            Self::Rupay => "rupay",
            Self::Visa => "visa",
        }
    }

    fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|brand| brand.name() == name)
    }

    /// Whether the brand issues numbers of so many digits.
    fn issues(self, length: usize) -> bool {
        match self {
            Self::Amex => length == 15,
            Self::Diners => (14..=19).contains(&length),
            Self::Discover | Self::Jcb => (16..=19).contains(&length),
            Self::Maestro => (12..=19).contains(&length),
            Self::Mastercard | Self::Rupay => length == 16,
            Self::Visa => matches!(length, 13 | 16 | 19),
        }
    }
}

/// A range of prefixes of one length, and whose they are.
struct Rule {
    digits: usize,
    prefixes: RangeInclusive<u32>,
    brand: Brand,
}

const fn rule(digits: usize, first: u32, last: u32, brand: Brand) -> Rule {
    Rule { digits, prefixes: first..=last, brand }
}

/// The longest prefix wins, so the longest stand first; those of one length do not overlap.
///
/// RuPay shares 353 and 356 with JCB and much of 60 and 65 with Discover; only a table of BINs
/// tells those apart. The rest of 62 is UnionPay's and none of these brands'.
static RULES: [Rule; 24] = [
    rule(6, 622_126, 622_925, Brand::Discover),
    rule(6, 652_150, 653_149, Brand::Rupay),
    rule(4, 2221, 2720, Brand::Mastercard),
    rule(4, 3095, 3095, Brand::Diners),
    rule(4, 3528, 3589, Brand::Jcb),
    rule(4, 6011, 6011, Brand::Discover),
    rule(4, 6521, 6522, Brand::Rupay),
    rule(3, 300, 305, Brand::Diners),
    rule(3, 508, 508, Brand::Rupay),
    rule(3, 644, 649, Brand::Discover),
    rule(2, 34, 34, Brand::Amex),
    rule(2, 36, 36, Brand::Diners),
    rule(2, 37, 37, Brand::Amex),
    rule(2, 38, 39, Brand::Diners),
    rule(2, 50, 50, Brand::Maestro),
    rule(2, 51, 55, Brand::Mastercard),
    rule(2, 56, 58, Brand::Maestro),
    rule(2, 60, 60, Brand::Rupay),
    rule(2, 61, 61, Brand::Maestro),
    rule(2, 63, 64, Brand::Maestro),
    rule(2, 65, 65, Brand::Discover),
    rule(2, 66, 69, Brand::Maestro),
    rule(2, 81, 82, Brand::Rupay),
    rule(1, 4, 4, Brand::Visa),
];

/// How many digits a BIN may have.
const BIN_DIGITS: RangeInclusive<usize> = 6..=BIN_DIGITS_MAXIMUM;
const BIN_DIGITS_MAXIMUM: usize = 8;

/// A range of numbers by their first eight digits.
#[derive(Clone, Copy, Debug)]
struct BinRange {
    first: u32,
    last: u32,
    brand: Brand,
}

/// Which BINs are whose, as the caller's acquirer says; checked when it is made.
#[derive(Debug, Default)]
pub struct BinTable {
    /// In growing order; none overlaps another.
    ranges: Vec<BinRange>,
}

impl BinTable {
    /// Take ranges of BINs, both ends included, each with its brand.
    pub fn new<S: AsRef<str>>(entries: &[(S, S, S)]) -> Result<Self> {
        let mut ranges = Vec::with_capacity(entries.len());
        for (place, (first, last, brand)) in entries.iter().enumerate() {
            ranges.push((read_range(place, first.as_ref(), last.as_ref(), brand.as_ref())?, place));
        }
        ranges.sort_unstable_by_key(|(range, place)| (range.first, *place));
        for pair in ranges.windows(2) {
            let ((before, place), (after, other)) = (pair[0], pair[1]);
            if after.first <= before.last {
                let (place, other) = (place.min(other), place.max(other));
                return Err(Error::malformed(format!("bins[{place}] and bins[{other}] overlap")));
            }
        }
        Ok(Self { ranges: ranges.into_iter().map(|(range, _)| range).collect() })
    }

    /// How many ranges there are.
    pub fn len(&self) -> usize {
        self.ranges.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    fn brand_of(&self, number: &CardNumber) -> Option<Brand> {
        let bin = number.leading(BIN_DIGITS_MAXIMUM);
        let place = self.ranges.partition_point(|range| range.last < bin);
        self.ranges.get(place).filter(|range| range.first <= bin).map(|range| range.brand)
    }
}

fn read_range(place: usize, first: &str, last: &str, brand: &str) -> Result<BinRange> {
    let wrong = |rule: &str| Error::malformed(format!("bins[{place}] {rule}"));
    let brand = Brand::named(brand).ok_or_else(|| wrong("must be of a known brand"))?;
    if first.len() != last.len() {
        return Err(wrong("must begin and end with as many digits"));
    }
    let (Some(low), Some(high)) = (read_bin(first), read_bin(last)) else {
        return Err(wrong("must begin and end with a BIN of 6 to 8 digits"));
    };
    if high < low {
        return Err(wrong("must not end before it begins"));
    }
    // A shorter BIN stands for all of eight digits that begin with it.
    let scale = (first.len()..BIN_DIGITS_MAXIMUM).fold(1, |scale, _| 10 * scale);
    Ok(BinRange { first: low * scale, last: high * scale + (scale - 1), brand })
}

fn read_bin(text: &str) -> Option<u32> {
    let is_bin = BIN_DIGITS.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_bin)
}

/// The brand of a number, or None when no brand issues numbers like it.
pub fn card_brand(number: &CardNumber, bins: Option<&BinTable>) -> Option<Brand> {
    let by_prefix = || {
        RULES
            .iter()
            .find(|rule| rule.prefixes.contains(&number.leading(rule.digits)))
            .map(|rule| rule.brand)
    };
    bins.and_then(|bins| bins.brand_of(number))
        .or_else(by_prefix)
        .filter(|brand| brand.issues(number.digits().len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const RUPAY_TEST_CARD: &str = "6527658900001005";

    fn brand_name(number: &str, bins: &[(&str, &str, &str)]) -> Option<&'static str> {
        let number = CardNumber::parse(number).unwrap();
        card_brand(&number, Some(&BinTable::new(bins).unwrap())).map(Brand::name)
    }

    #[test]
    fn longer_prefixes_stand_first_and_those_of_one_length_do_not_overlap() {
        for pair in RULES.windows(2) {
            let (before, after) = (&pair[0], &pair[1]);
            assert!(
                before.digits > after.digits
                    || (before.digits == after.digits
                        && before.prefixes.end() < after.prefixes.start())
            );
        }
    }

    #[test]
    fn the_table_is_asked_before_the_prefixes() {
        assert_eq!(brand_name(RUPAY_TEST_CARD, &[]), Some("rupay"));
        assert_eq!(
            brand_name(RUPAY_TEST_CARD, &[("652765", "652765", "discover")]),
            Some("discover")
        );
        assert_eq!(brand_name(RUPAY_TEST_CARD, &[("65276590", "65276599", "jcb")]), Some("rupay"));
    }

    #[test]
    fn a_brand_that_issues_no_such_length_is_none() {
        assert_eq!(brand_name("6527658900001005", &[("652765", "652765", "amex")]), None);
    }

    #[test]
    fn overlapping_ranges_are_refused_by_their_places() {
        let entries = [
            ("65276500", "65276509", "rupay"),
            ("400000", "400001", "visa"),
            ("652765", "652765", "rupay"),
        ];
        let error = BinTable::new(&entries).unwrap_err();
        assert_eq!(error.to_string(), "bins[0] and bins[2] overlap");
    }

    /// Ranges that begin at the given BINs, end before the next, and take turns at the brands.
    fn entries_from(starts: &[u32]) -> Vec<(String, String, String)> {
        let ends = starts.iter().skip(1).map(|next| next - 1).chain([99_999_999]);
        let brands = Brand::ALL.iter().cycle().map(|brand| brand.name().to_owned());
        starts
            .iter()
            .zip(ends)
            .zip(brands)
            .map(|((start, end), brand)| {
                (format!("{start:08}"), format!("{:08}", end.min(start + 1_000_000)), brand)
            })
            .collect()
    }

    proptest! {
        #![proptest_config(crate::property::config())]

        #[test]
        fn a_table_finds_what_a_walk_through_its_entries_finds(
            starts in prop::collection::btree_set(0_u32..100_000_000, 0..30),
            payload in "[0-9]{15}",
        ) {
            let entries = entries_from(&starts.into_iter().collect::<Vec<_>>());
            let bin = &payload[..BIN_DIGITS_MAXIMUM];
            let found = entries
                .iter()
                .find(|(first, last, _)| (first.as_str()..=last.as_str()).contains(&bin))
                .map(|(_, _, brand)| brand.as_str());
            let number = (0..10)
                .find_map(|check| CardNumber::parse(&format!("{payload}{check}")).ok())
                .unwrap();
            let table = BinTable::new(&entries).unwrap();
            prop_assert_eq!(table.brand_of(&number).map(Brand::name), found);
        }
    }
}
