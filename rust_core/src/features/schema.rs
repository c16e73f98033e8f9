/// The version of the table below. A model names the one it was trained on and is refused on
/// another; whatever changes a number of a vector changes the version.
pub const SCHEMA_VERSION: u32 = 2;

/// What a feature is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Feature {
    /// The name, which is part of the contract.
    pub name: &'static str,
    /// What the number counts.
    pub unit: &'static str,
    /// What it says of the payment.
    pub meaning: &'static str,
    /// When it is missing, which is NaN.
    pub missing: &'static str,
}

/// Rules that are the same for many features.
const NEVER: &str = "never";
const NO_USER: &str = "without a user";
const NO_USER_PAYMENT: &str = "without a user, before the user's first payment";
const NO_DEVICE: &str = "without a device";
const NO_PLACE: &str = "without a place";
const NO_PLACE_BEFORE: &str = "without a user, without a place, before the user's first place";
const NO_MERCHANT: &str = "without a merchant";
const NO_MERCHANT_PAYMENT: &str = "without a merchant, before the merchant's first payment";
const NO_LABEL: &str = "without a merchant, before the merchant's first label";
const NO_INSTRUMENT: &str = "without an instrument";
const NO_IP: &str = "without an IP address";

macro_rules! features {
    ($($slot:ident $name:literal $unit:literal $meaning:literal $missing:expr;)*) => {
        /// The place of each feature in a vector.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(usize)]
        pub enum Slot {
            $(#[doc = $meaning] $slot,)*
        }

        /// Every feature, in the order of the vector.
        pub const FEATURES: &[Feature] = &[
            $(Feature { name: $name, unit: $unit, meaning: $meaning, missing: $missing },)*
        ];
    };
}

// Counts and sums include the payment itself. Averages, deviations, ages, novelty and risk are of
// what was before it. Windows called exact are counted by minute (10 m, 1 h) or by hour (24 h) and
// may reach back by one bucket more; the others are decayed so that under a steady stream they
// count what the plain window counts.
features! {
    Amount "amount" "minor units" "What is to be paid." NEVER;
    AmountDeviation "amount_deviation" "standard deviations"
        "Amount above the user's average of 30 days; the deviation is at least 1 % of the average."
        "without a user, before the user's third payment";
    TransactionHour "transaction_hour" "hours, 0 to 23" "Local hour of the day." NEVER;
    DayOfWeek "day_of_week" "days, 0 to 6" "Local day of the week; Monday is 0." NEVER;
    AvgTransactionAmount "avg_transaction_amount" "minor units"
        "The user's average amount, decayed over 30 days." NO_USER_PAYMENT;
    TransactionFrequency1h "transaction_frequency_1h" "payments"
        "The user's payments in 1 hour, exact." NO_USER;
    TransactionFrequency24h "transaction_frequency_24h" "payments"
        "The user's payments in 24 hours, exact." NO_USER;
    UniqueMerchants24h "unique_merchants_24h" "merchants"
        "Different merchants that the user paid in 24 hours." NO_USER;
    DeviceFingerprint "device_fingerprint" "0 or 1"
        "Whether anybody has paid with the device before." NO_DEVICE;
    DeviceAgeS "device_age_s" "seconds"
        "Since the device was first seen; 0 for the first time." NO_DEVICE;
    LocationLat "location_lat" "degrees" "Where the payment is made, north." NO_PLACE;
    LocationLng "location_lng" "degrees" "Where the payment is made, east." NO_PLACE;
    DistanceKm "distance_km" "km" "From the user's last place." NO_PLACE_BEFORE;
    SpeedKmH "speed_km_h" "km/h"
        "Needed to come from the user's last place in the time since." NO_PLACE_BEFORE;
    NewDevice "new_device" "0 or 1" "Whether the device is none of the user's last 8."
        "without a user, without a device, before the user's first device";
    NewLocation "new_location" "0 or 1"
        "Whether the place lies in none of the user's last 16 cells of a tenth of a degree."
        NO_PLACE_BEFORE;
    VelocityViolation "velocity_violation" "0 or 1"
        "Over 30 payments of user or instrument, 60 of device or 600 of IP address in 10 minutes."
        NEVER;
    SuspiciousPattern "suspicious_pattern" "0 or 1"
        "Over 10 instruments on the device in 24 hours, or over 1,000 km/h across 100 km or more."
        NEVER;
    UserCount10m "user_count_10m" "payments" "The user's payments in 10 minutes, exact." NO_USER;
    UserCount7d "user_count_7d" "payments" "The user's payments, decayed over 7 days." NO_USER;
    UserCount30d "user_count_30d" "payments" "The user's payments, decayed over 30 days." NO_USER;
    UserSum24h "user_sum_24h" "minor units" "What the user paid, decayed over 24 hours." NO_USER;
    UserMean24h "user_mean_24h" "minor units"
        "The user's average amount, decayed over 24 hours." NO_USER_PAYMENT;
    UserMean7d "user_mean_7d" "minor units"
        "The user's average amount, decayed over 7 days." NO_USER_PAYMENT;
    UserGapS "user_gap_s" "seconds"
        "Since the user's last payment; 0 when the payment comes late." NO_USER_PAYMENT;
    UserAgeS "user_age_s" "seconds" "Since the user's first payment; 0 for the first." NO_USER;
    AmountToLast "amount_to_last" "ratio"
        "Amount to that of the user's last payment, plus one each." NO_USER_PAYMENT;
    AmountToMean24h "amount_to_mean_24h" "ratio"
        "Amount to the user's average, decayed over 24 hours, plus one each." NO_USER_PAYMENT;
    AmountToMean7d "amount_to_mean_7d" "ratio"
        "Amount to the user's average, decayed over 7 days, plus one each." NO_USER_PAYMENT;
    AmountToMean30d "amount_to_mean_30d" "ratio"
        "Amount to the user's average, decayed over 30 days, plus one each." NO_USER_PAYMENT;
    UserFrauds30d "user_frauds_30d" "payments"
        "The user's payments that became known as fraud, decayed over 30 days." NO_USER;
    MerchantCount10m "merchant_count_10m" "payments"
        "The merchant's payments in 10 minutes, exact." NO_MERCHANT;
    MerchantCount1h "merchant_count_1h" "payments"
        "The merchant's payments in 1 hour, exact." NO_MERCHANT;
    MerchantCount24h "merchant_count_24h" "payments"
        "The merchant's payments in 24 hours, exact." NO_MERCHANT;
    MerchantCount7d "merchant_count_7d" "payments"
        "The merchant's payments, decayed over 7 days." NO_MERCHANT;
    MerchantCount30d "merchant_count_30d" "payments"
        "The merchant's payments, decayed over 30 days." NO_MERCHANT;
    MerchantSum1h "merchant_sum_1h" "minor units"
        "What the merchant was paid, decayed over 1 hour." NO_MERCHANT;
    MerchantMean30d "merchant_mean_30d" "minor units"
        "The merchant's average amount, decayed over 30 days." NO_MERCHANT_PAYMENT;
    MerchantAmountToMean30d "merchant_amount_to_mean_30d" "ratio"
        "Amount to the merchant's average, decayed over 30 days, plus one each."
        NO_MERCHANT_PAYMENT;
    MerchantDeviation "merchant_deviation" "standard deviations"
        "As amount_deviation, from the merchant's average."
        "without a merchant, before the merchant's third payment";
    MerchantInstruments24h "merchant_instruments_24h" "instruments"
        "Different instruments that paid the merchant in 24 hours, estimated beyond 16."
        NO_MERCHANT;
    MerchantAgeS "merchant_age_s" "seconds" "Since the merchant's first payment." NO_MERCHANT;
    MerchantLabels24h "merchant_labels_24h" "payments"
        "The merchant's payments whose label became known, decayed over 24 hours." NO_MERCHANT;
    MerchantLabels7d "merchant_labels_7d" "payments"
        "The merchant's payments whose label became known, decayed over 7 days." NO_MERCHANT;
    MerchantLabels30d "merchant_labels_30d" "payments"
        "The merchant's payments whose label became known, decayed over 30 days." NO_MERCHANT;
    MerchantRisk24h "merchant_risk_24h" "share"
        "Frauds among the merchant's labels, decayed over 24 hours." NO_LABEL;
    MerchantRisk7d "merchant_risk_7d" "share"
        "Frauds among the merchant's labels, decayed over 7 days." NO_LABEL;
    MerchantRisk30d "merchant_risk_30d" "share"
        "Frauds among the merchant's labels, decayed over 30 days." NO_LABEL;
    InstrumentCount10m "instrument_count_10m" "payments"
        "The instrument's payments in 10 minutes, exact." NO_INSTRUMENT;
    InstrumentCount24h "instrument_count_24h" "payments"
        "The instrument's payments in 24 hours, exact." NO_INSTRUMENT;
    InstrumentCount7d "instrument_count_7d" "payments"
        "The instrument's payments, decayed over 7 days." NO_INSTRUMENT;
    InstrumentSum24h "instrument_sum_24h" "minor units"
        "What was paid with the instrument, decayed over 24 hours." NO_INSTRUMENT;
    InstrumentMerchants24h "instrument_merchants_24h" "merchants"
        "Different merchants paid with the instrument in 24 hours, estimated beyond 16."
        NO_INSTRUMENT;
    InstrumentAgeS "instrument_age_s" "seconds" "Since the instrument's first payment."
        NO_INSTRUMENT;
    InstrumentFrauds30d "instrument_frauds_30d" "payments"
        "The instrument's payments that became known as fraud, decayed over 30 days."
        NO_INSTRUMENT;
    DeviceCount10m "device_count_10m" "payments"
        "The device's payments in 10 minutes, exact." NO_DEVICE;
    DeviceCount24h "device_count_24h" "payments"
        "The device's payments in 24 hours, exact." NO_DEVICE;
    DeviceInstruments24h "device_instruments_24h" "instruments"
        "Different instruments on the device in 24 hours, estimated beyond 16." NO_DEVICE;
    DeviceFrauds30d "device_frauds_30d" "payments"
        "The device's payments that became known as fraud, decayed over 30 days." NO_DEVICE;
    IpCount10m "ip_count_10m" "payments" "The address's payments in 10 minutes, exact." NO_IP;
    IpCount24h "ip_count_24h" "payments" "The address's payments in 24 hours, exact." NO_IP;
    IpInstruments24h "ip_instruments_24h" "instruments"
        "Different instruments from the address in 24 hours, estimated beyond 16." NO_IP;
    IpFrauds30d "ip_frauds_30d" "payments"
        "The address's payments that became known as fraud, decayed over 30 days." NO_IP;
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_feature_has_a_name_of_its_own_and_its_words() {
        let names: HashSet<_> = FEATURES.iter().map(|feature| feature.name).collect();
        assert_eq!(names.len(), FEATURES.len());
        for feature in FEATURES {
            assert!(
                feature
                    .name
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
            );
            assert!(!feature.unit.is_empty() && !feature.missing.is_empty());
            assert!(feature.meaning.ends_with('.'));
        }
    }

    #[test]
    fn places_are_those_of_the_table() {
        assert_eq!(FEATURES[Slot::Amount as usize].name, "amount");
        assert_eq!(FEATURES[Slot::MerchantRisk7d as usize].name, "merchant_risk_7d");
        assert_eq!(Slot::IpFrauds30d as usize, FEATURES.len() - 1);
    }
}
