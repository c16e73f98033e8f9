use super::decay::{LABEL_WINDOWS, exact};
use super::geo::speed_km_h;
use super::kind::Kind;
use super::payment::Payment;
use super::record::{Arrival, Record};
use super::schema::{FEATURES, Slot};

/// The windows of a record by their place.
const HOUR: usize = 0;
const DAY: usize = 1;
const WEEK: usize = 2;
const MONTH: usize = 3;
/// The month among the windows of labels.
const LABEL_MONTH: usize = LABEL_WINDOWS - 1;

const HOUR_S: i64 = 3_600;
const DAY_S: i64 = 86_400;
/// 1970 began on a Thursday; Monday is 0.
const FIRST_WEEKDAY: i64 = 3;
const WEEK_DAYS: i64 = 7;

/// Below this weight, that of an age of 460 windows, the numbers run out of exponents.
const WEIGHT_MIN: f64 = 1e-200;
/// Fewer payments have no spread.
const SPREAD_PAYMENTS_MIN: u32 = 2;
/// The least standard deviation, as a share of the average: of equal amounts it would be 0.
const SPREAD_SHARE_MIN: f64 = 0.01;

/// What `velocity_violation` allows in ten minutes.
const VELOCITY_LIMITS: [(Slot, f32); 4] = [
    (Slot::UserCount10m, 30.0),
    (Slot::InstrumentCount10m, 30.0),
    (Slot::DeviceCount10m, 60.0),
    (Slot::IpCount10m, 600.0),
];
/// What `suspicious_pattern` allows.
const DEVICE_INSTRUMENTS_MAX: f32 = 10.0;
const SPEED_KM_H_MAX: f32 = 1_000.0;
/// Below this a distance is noise of the positioning.
const DISTANCE_KM_MIN: f32 = 100.0;

/// The features of a payment, in the order of the schema; what is missing is NaN.
#[derive(Clone, Debug)]
pub struct Vector([f32; FEATURES.len()]);

/// Vectors are equal to the bit, so that what is missing equals what is missing.
impl PartialEq for Vector {
    fn eq(&self, other: &Self) -> bool {
        self.0.map(f32::to_bits) == other.0.map(f32::to_bits)
    }
}

/// The vector of a payment beside the records as they were before it. Records that are not there
/// are new. When the narrowest has counted the payment before, it is not added once more.
pub fn vector_of_records(
    payment: &Payment,
    mut record_of: impl FnMut(Kind) -> Option<Record>,
    utc_offset_s: i32,
) -> Vector {
    let mut vector = Vector::of_payment(payment, utc_offset_s);
    let mut counted_before = None;
    for (kind, _) in payment.entities.known() {
        let record = record_of(kind).unwrap_or_else(|| Record::new(kind));
        let counted_before = *counted_before.get_or_insert_with(|| record.has_counted(payment));
        vector.look(record, payment, counted_before);
    }
    vector.conclude();
    vector
}

impl Vector {
    /// The numbers, in the order of the schema.
    pub fn as_slice(&self) -> &[f32] {
        &self.0
    }

    /// What the payment says by itself.
    pub(super) fn of_payment(payment: &Payment, utc_offset_s: i32) -> Self {
        let mut vector = Self([f32::NAN; FEATURES.len()]);
        let local_s = (payment.time_ms / 1_000).cast_signed() + i64::from(utc_offset_s);
        let hour = local_s.div_euclid(HOUR_S).rem_euclid(24);
        let weekday = (local_s.div_euclid(DAY_S) + FIRST_WEEKDAY).rem_euclid(WEEK_DAYS);
        vector.set(Slot::Amount, exact(payment.amount_minor));
        vector.set(Slot::TransactionHour, exact(hour.cast_unsigned()));
        vector.set(Slot::DayOfWeek, exact(weekday.cast_unsigned()));
        if let Some(place) = payment.place {
            vector.set(Slot::LocationLat, place.latitude);
            vector.set(Slot::LocationLng, place.longitude);
        }
        vector
    }

    /// What a record says of a payment, without changing the one that is kept.
    fn look(&mut self, mut record: Record, payment: &Payment, counted_before: bool) {
        let mut arrival = record.advance(payment);
        if counted_before {
            arrival = arrival.counted_before();
        }
        self.read(&record, payment, &arrival);
    }

    /// What a record, at the time of the payment and before counting it, says of the payment.
    pub(super) fn read(&mut self, record: &Record, payment: &Payment, arrival: &Arrival) {
        let reading = Reading { record, payment, arrival };
        match record.kind {
            Kind::User => self.read_user(&reading),
            Kind::Instrument => self.read_instrument(&reading),
            Kind::Device => self.read_device(&reading),
            Kind::Ip => self.read_ip(&reading),
            Kind::Merchant => self.read_merchant(&reading),
        }
    }

    /// What follows from the rest of the vector. A comparison with what is missing is false.
    pub(super) fn conclude(&mut self) {
        let velocity = VELOCITY_LIMITS.iter().any(|(slot, most)| self.get(*slot) > *most);
        let shared = self.get(Slot::DeviceInstruments24h) > DEVICE_INSTRUMENTS_MAX;
        let travel = self.get(Slot::SpeedKmH) > SPEED_KM_H_MAX
            && self.get(Slot::DistanceKm) >= DISTANCE_KM_MIN;
        self.set_flag(Slot::VelocityViolation, velocity);
        self.set_flag(Slot::SuspiciousPattern, shared || travel);
    }

    fn read_user(&mut self, reading: &Reading<'_>) {
        let Reading { record, payment, arrival } = reading;
        let counts = record.ring.counts().and(arrival.counts);
        self.set(Slot::UserCount10m, f64::from(counts.ten_minutes));
        self.set(Slot::TransactionFrequency1h, f64::from(counts.hour));
        self.set(Slot::TransactionFrequency24h, f64::from(counts.day));
        self.set(Slot::UserCount7d, reading.count(WEEK));
        self.set(Slot::UserCount30d, reading.count(MONTH));
        self.set(Slot::UserSum24h, reading.sum(DAY));
        self.set_known(Slot::UserMean24h, reading.mean(DAY));
        self.set_known(Slot::UserMean7d, reading.mean(WEEK));
        self.set_known(Slot::AvgTransactionAmount, reading.mean(MONTH));
        self.set_known(Slot::AmountToMean24h, reading.to_mean(DAY));
        self.set_known(Slot::AmountToMean7d, reading.to_mean(WEEK));
        self.set_known(Slot::AmountToMean30d, reading.to_mean(MONTH));
        self.set_known(Slot::AmountDeviation, reading.deviation());
        self.set(Slot::UniqueMerchants24h, reading.distinct());
        self.set(Slot::UserAgeS, reading.age_s());
        self.set(Slot::UserFrauds30d, reading.frauds_30d());
        if let Some(since_last_ms) = arrival.since_last_ms {
            self.set(Slot::UserGapS, exact(since_last_ms) / 1_000.0);
            self.set(Slot::AmountToLast, reading.amount_to(exact(record.last_amount_minor)));
        }
        self.read_place(record, payment);
        if let Some(device) =
            payment.entities.of(Kind::Device).filter(|_| !record.devices.is_empty())
        {
            self.set_flag(Slot::NewDevice, !record.devices.contains(device.tag()));
        }
    }

    fn read_place(&mut self, record: &Record, payment: &Payment) {
        let (Some(here), Some((there, there_ms))) = (payment.place, record.place) else { return };
        let distance_km = here.distance_km(there);
        self.set(Slot::DistanceKm, distance_km);
        let elapsed_ms = exact(payment.time_ms.abs_diff(there_ms));
        self.set(Slot::SpeedKmH, speed_km_h(distance_km, elapsed_ms));
        self.set_flag(Slot::NewLocation, !record.places.contains(here.cell()));
    }

    fn read_instrument(&mut self, reading: &Reading<'_>) {
        let counts = reading.record.ring.counts().and(reading.arrival.counts);
        self.set(Slot::InstrumentCount10m, f64::from(counts.ten_minutes));
        self.set(Slot::InstrumentCount24h, f64::from(counts.day));
        self.set(Slot::InstrumentCount7d, reading.count(WEEK));
        self.set(Slot::InstrumentSum24h, reading.sum(DAY));
        self.set(Slot::InstrumentMerchants24h, reading.distinct());
        self.set(Slot::InstrumentAgeS, reading.age_s());
        self.set(Slot::InstrumentFrauds30d, reading.frauds_30d());
    }

    fn read_device(&mut self, reading: &Reading<'_>) {
        let counts = reading.record.ring.counts().and(reading.arrival.counts);
        self.set_flag(Slot::DeviceFingerprint, reading.record.payments > 0);
        self.set(Slot::DeviceAgeS, reading.age_s());
        self.set(Slot::DeviceCount10m, f64::from(counts.ten_minutes));
        self.set(Slot::DeviceCount24h, f64::from(counts.day));
        self.set(Slot::DeviceInstruments24h, reading.distinct());
        self.set(Slot::DeviceFrauds30d, reading.frauds_30d());
    }

    fn read_ip(&mut self, reading: &Reading<'_>) {
        let counts = reading.record.ring.counts().and(reading.arrival.counts);
        self.set(Slot::IpCount10m, f64::from(counts.ten_minutes));
        self.set(Slot::IpCount24h, f64::from(counts.day));
        self.set(Slot::IpInstruments24h, reading.distinct());
        self.set(Slot::IpFrauds30d, reading.frauds_30d());
    }

    fn read_merchant(&mut self, reading: &Reading<'_>) {
        let Reading { record, payment, arrival } = reading;
        let counts = record.ring.counts().and(arrival.counts);
        self.set(Slot::MerchantCount10m, f64::from(counts.ten_minutes));
        self.set(Slot::MerchantCount1h, f64::from(counts.hour));
        self.set(Slot::MerchantCount24h, f64::from(counts.day));
        self.set(Slot::MerchantCount7d, reading.count(WEEK));
        self.set(Slot::MerchantCount30d, reading.count(MONTH));
        self.set(Slot::MerchantSum1h, reading.sum(HOUR));
        self.set_known(Slot::MerchantMean30d, reading.mean(MONTH));
        self.set_known(Slot::MerchantAmountToMean30d, reading.to_mean(MONTH));
        self.set_known(Slot::MerchantDeviation, reading.deviation());
        self.set(Slot::MerchantInstruments24h, reading.distinct());
        self.set(Slot::MerchantAgeS, reading.age_s());
        let (labels, frauds) = record.labels_at(payment.time_ms);
        let slots = [
            (Slot::MerchantLabels24h, Slot::MerchantRisk24h),
            (Slot::MerchantLabels7d, Slot::MerchantRisk7d),
            (Slot::MerchantLabels30d, Slot::MerchantRisk30d),
        ];
        for ((count, risk), (labels, frauds)) in
            slots.into_iter().zip(labels.into_iter().zip(frauds))
        {
            self.set(count, labels);
            self.set_known(risk, (labels > WEIGHT_MIN).then(|| frauds / labels));
        }
    }

    fn get(&self, slot: Slot) -> f32 {
        self.0[slot as usize]
    }

    #[expect(clippy::cast_possible_truncation, reason = "features are floats of 32 bits")]
    fn set(&mut self, slot: Slot, number: f64) {
        self.0[slot as usize] = number as f32;
    }

    fn set_known(&mut self, slot: Slot, number: Option<f64>) {
        if let Some(number) = number {
            self.set(slot, number);
        }
    }

    fn set_flag(&mut self, slot: Slot, flag: bool) {
        self.0[slot as usize] = f32::from(u8::from(flag));
    }
}

/// A record at the time of a payment, before it is counted.
struct Reading<'a> {
    record: &'a Record,
    payment: &'a Payment,
    arrival: &'a Arrival,
}

impl Reading<'_> {
    fn count(&self, window: usize) -> f64 {
        self.record.counts[window] + self.arrival.weights[window]
    }

    fn sum(&self, window: usize) -> f64 {
        let added = self.arrival.weights[window] * exact(self.payment.amount_minor);
        self.record.sums[window] + added
    }

    fn mean(&self, window: usize) -> Option<f64> {
        let count = self.record.counts[window];
        (count > WEIGHT_MIN).then(|| self.record.sums[window] / count)
    }

    /// The amount beside another, as a ratio that no amount of nothing can break.
    fn amount_to(&self, other_minor: f64) -> f64 {
        (exact(self.payment.amount_minor) + 1.0) / (other_minor + 1.0)
    }

    fn to_mean(&self, window: usize) -> Option<f64> {
        self.mean(window).map(|mean| self.amount_to(mean))
    }

    fn deviation(&self) -> Option<f64> {
        let mean = self.mean(MONTH).filter(|_| self.record.payments >= SPREAD_PAYMENTS_MIN)?;
        let variance = self.record.squares[MONTH] / self.record.counts[MONTH] - mean * mean;
        let spread = variance.max(0.0).sqrt().max(SPREAD_SHARE_MIN * mean).max(1.0);
        Some((exact(self.payment.amount_minor) - mean) / spread)
    }

    /// How many different values there are with the payment's.
    fn distinct(&self) -> f64 {
        let value = self.payment.entities.of(self.record.kind.counts_distinct());
        self.record.distinct.estimate(value.map(|value| value.tag()))
    }

    fn age_s(&self) -> f64 {
        if self.record.payments == 0 {
            return 0.0;
        }
        exact(self.payment.time_ms.saturating_sub(self.record.first_ms)) / 1_000.0
    }

    fn frauds_30d(&self) -> f64 {
        // Most have none, and nothing fades to nothing without a power of two.
        if self.record.frauds[LABEL_MONTH] == 0.0 {
            return 0.0;
        }
        self.record.labels_at(self.payment.time_ms).1[LABEL_MONTH]
    }
}
