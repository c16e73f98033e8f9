use super::decay::{LABEL_WINDOWS, WINDOWS, exact, label_weights, weights};
use super::distinct::Distinct;
use super::geo::Place;
use super::kind::Kind;
use super::payment::{Label, Payment};
use super::recent::Recent;
use super::ring::{Counts, Ring};

/// How many payments' tags a record keeps.
pub(super) const PAYMENTS_KEPT: usize = 8;
/// How many labels' tags a record keeps.
pub(super) const LABELS_KEPT: usize = 4;
/// How many devices of a user are known at a time.
pub(super) const DEVICES_KEPT: usize = 8;
/// How many places of a user are known at a time.
pub(super) const PLACES_KEPT: usize = 16;

/// All that is remembered of one entity, of a fixed size.
///
/// The decayed numbers stand as of `last_ms`, those of labels as of `label_ms`. What comes late,
/// with a time before these, is counted with the weight that its age deserves, and moves no time:
/// up to rounding, decayed numbers and exact counts do not depend on the order of arrival.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    pub(super) kind: Kind,
    pub(super) payments: u32,
    pub(super) first_ms: u64,
    pub(super) last_ms: u64,
    pub(super) last_amount_minor: u64,
    pub(super) counts: [f64; WINDOWS],
    pub(super) sums: [f64; WINDOWS],
    pub(super) squares: [f64; WINDOWS],
    pub(super) label_ms: u64,
    pub(super) labels: [f64; LABEL_WINDOWS],
    pub(super) frauds: [f64; LABEL_WINDOWS],
    pub(super) counted: Recent<PAYMENTS_KEPT>,
    pub(super) labelled: Recent<LABELS_KEPT>,
    pub(super) distinct: Distinct,
    pub(super) ring: Ring,
    pub(super) place: Option<(Place, u64)>,
    pub(super) devices: Recent<DEVICES_KEPT>,
    pub(super) places: Recent<PLACES_KEPT>,
}

/// How one payment meets a record: what it will add to each window, and what was before it.
#[derive(Clone, Debug)]
pub struct Arrival {
    pub(super) weights: [f64; WINDOWS],
    pub(super) counts: Counts,
    /// Since the payment before; None for the first one, 0 for a late one.
    pub(super) since_last_ms: Option<u64>,
}

impl Record {
    /// Nothing is known yet.
    pub fn new(kind: Kind) -> Self {
        Self {
            kind,
            payments: 0,
            first_ms: 0,
            last_ms: 0,
            last_amount_minor: 0,
            counts: [0.0; WINDOWS],
            sums: [0.0; WINDOWS],
            squares: [0.0; WINDOWS],
            label_ms: 0,
            labels: [0.0; LABEL_WINDOWS],
            frauds: [0.0; LABEL_WINDOWS],
            counted: Recent::EMPTY,
            labelled: Recent::EMPTY,
            distinct: Distinct::EMPTY,
            ring: Ring::EMPTY,
            place: None,
            devices: Recent::EMPTY,
            places: Recent::EMPTY,
        }
    }

    /// Ask memory for all of the record at once, rather than for each of its lines when it is
    /// needed: that takes a quarter of the time off an update where many entities are known.
    pub(super) fn fetch(&self) {
        let lines = u64::from(self.counted.0[0])
            ^ self.last_ms
            ^ self.squares[0].to_bits()
            ^ u64::from(self.distinct.tags[0])
            ^ u64::from(self.distinct.minutes[0])
            ^ u64::from(self.ring.minutes[0])
            ^ u64::from(self.ring.minutes[32])
            ^ u64::from(self.ring.hours[20])
            ^ u64::from(self.devices.0[0])
            ^ u64::from(self.places.0[8]);
        std::hint::black_box(lines);
    }

    /// Whether a payment of this id was counted, among the last eight.
    pub fn has_counted(&self, payment: &Payment) -> bool {
        self.counted.contains(payment.id.tag())
    }

    /// Let time pass until a payment, and tell how it meets the record.
    pub fn advance(&mut self, payment: &Payment) -> Arrival {
        let at_ms = payment.time_ms;
        let since_last_ms = (self.payments > 0).then(|| at_ms.saturating_sub(self.last_ms));
        let mut late = [1.0; WINDOWS];
        if at_ms > self.last_ms {
            let passed = weights(at_ms - self.last_ms);
            scale(&mut self.counts, &passed);
            scale(&mut self.sums, &passed);
            scale(&mut self.squares, &passed);
            self.ring.advance(self.last_ms, at_ms);
            self.distinct.advance(at_ms);
            self.last_ms = at_ms;
        } else if at_ms < self.last_ms {
            late = weights(self.last_ms - at_ms);
        }
        Arrival { weights: late, counts: Counts::of_one(at_ms, self.last_ms), since_last_ms }
    }

    /// Count a payment, after `advance` let time pass until it.
    pub fn count(&mut self, payment: &Payment, arrival: &Arrival) {
        let amount = exact(payment.amount_minor);
        add(&mut self.counts, &arrival.weights, 1.0);
        add(&mut self.sums, &arrival.weights, amount);
        add(&mut self.squares, &arrival.weights, amount * amount);
        if self.payments == 0 || payment.time_ms < self.first_ms {
            self.first_ms = payment.time_ms;
        }
        self.payments = self.payments.saturating_add(1);
        if payment.time_ms >= self.last_ms {
            self.last_amount_minor = payment.amount_minor;
        }
        self.ring.count(payment.time_ms, self.last_ms);
        if let Some(value) = payment.entities.of(self.kind.counts_distinct()) {
            self.distinct.count(value.tag(), payment.time_ms, self.last_ms);
        }
        self.counted.touch(payment.id.tag());
        if self.kind == Kind::User {
            self.recognise(payment);
        }
    }

    /// Count a label. Returns whether it was new: a payment is labelled once, as far as the last
    /// four tell.
    pub fn label(&mut self, label: &Label) -> bool {
        if self.labelled.contains(label.id.tag()) {
            return false;
        }
        let mut late = [1.0; LABEL_WINDOWS];
        if label.known_ms > self.label_ms {
            let passed = label_weights(label.known_ms - self.label_ms);
            scale(&mut self.labels, &passed);
            scale(&mut self.frauds, &passed);
            self.label_ms = label.known_ms;
        } else if label.known_ms < self.label_ms {
            late = label_weights(self.label_ms - label.known_ms);
        }
        add(&mut self.labels, &late, 1.0);
        add(&mut self.frauds, &late, f64::from(u8::from(label.fraud)));
        self.labelled.touch(label.id.tag());
        true
    }

    /// The labels and the frauds among them, as they weigh when time has passed until `now_ms`.
    pub(super) fn labels_at(&self, now_ms: u64) -> ([f64; LABEL_WINDOWS], [f64; LABEL_WINDOWS]) {
        let (mut labels, mut frauds) = (self.labels, self.frauds);
        if now_ms > self.label_ms && !self.labelled.is_empty() {
            let passed = label_weights(now_ms - self.label_ms);
            scale(&mut labels, &passed);
            scale(&mut frauds, &passed);
        }
        (labels, frauds)
    }

    /// When anything was last learnt of the entity.
    pub(super) fn touched_ms(&self) -> u64 {
        self.last_ms.max(self.label_ms)
    }

    fn recognise(&mut self, payment: &Payment) {
        if let Some(device) = payment.entities.of(Kind::Device) {
            self.devices.touch(device.tag());
        }
        if let Some(place) = payment.place {
            self.places.touch(place.cell());
            if self.place.is_none_or(|(_, place_ms)| payment.time_ms >= place_ms) {
                self.place = Some((place, payment.time_ms));
            }
        }
    }
}

impl Arrival {
    /// The same payment when the record holds it already.
    pub(super) fn counted_before(self) -> Self {
        Self { weights: [0.0; WINDOWS], counts: Counts::default(), ..self }
    }
}

fn scale<const N: usize>(values: &mut [f64; N], weights: &[f64; N]) {
    for (value, weight) in values.iter_mut().zip(weights) {
        *value *= weight;
    }
}

fn add<const N: usize>(values: &mut [f64; N], weights: &[f64; N], addend: f64) {
    for (value, weight) in values.iter_mut().zip(weights) {
        *value += weight * addend;
    }
}

#[cfg(test)]
mod tests {
    use super::super::payment::Fields;
    use super::*;

    const HOUR_MS: i64 = 3_600_000;

    fn payment(id: &str, time_ms: i64, amount_minor: i64) -> Payment {
        let entities = [Some("user"), None, None, None, Some("merchant")];
        let (latitude, longitude) = (None, None);
        let fields =
            Fields { payment_id: id, time_ms, amount_minor, entities, latitude, longitude };
        Payment::new(&fields).unwrap()
    }

    fn counted(payments: &[Payment]) -> Record {
        let mut record = Record::new(Kind::User);
        for payment in payments {
            let arrival = record.advance(payment);
            record.count(payment, &arrival);
        }
        record
    }

    fn label(id: &str, known_ms: i64, fraud: bool) -> Label {
        Label::new(id, known_ms, fraud).unwrap()
    }

    #[test]
    fn a_late_payment_counts_as_its_age_deserves_and_moves_no_time() {
        let early = payment("1", 5 * HOUR_MS, 300);
        let late = payment("2", 7 * HOUR_MS, 500);
        let (in_order, swapped) =
            (counted(&[early.clone(), late.clone()]), counted(&[late.clone(), early.clone()]));
        assert_eq!(in_order.ring, swapped.ring);
        assert_eq!((in_order.first_ms, in_order.last_ms), (swapped.first_ms, swapped.last_ms));
        assert_eq!(swapped.last_amount_minor, 500);
        for (one, other) in in_order.sums.into_iter().zip(swapped.sums) {
            assert!((one - other).abs() < 1e-9);
        }
    }

    #[test]
    fn the_last_eight_payments_are_recognised() {
        let payments: Vec<_> =
            (0..9).map(|number| payment(&number.to_string(), HOUR_MS, 1)).collect();
        let record = counted(&payments);
        assert!(!record.has_counted(&payments[0]));
        assert!(payments[1..].iter().all(|payment| record.has_counted(payment)));
    }

    #[test]
    fn a_payment_is_labelled_once() {
        let mut record = Record::new(Kind::Merchant);
        assert!(record.label(&label("1", HOUR_MS, true)));
        let once = record.clone();
        assert!(!record.label(&label("1", 2 * HOUR_MS, false)));
        assert_eq!(record, once);
        assert!(record.label(&label("2", HOUR_MS, false)));
        let (labels, frauds) = record.labels_at(1);
        assert_eq!((labels, frauds), ([2.0; LABEL_WINDOWS], [1.0; LABEL_WINDOWS]));
    }

    #[test]
    fn labels_fade_and_the_share_of_frauds_does_not() {
        let mut record = Record::new(Kind::Merchant);
        record.label(&label("1", 0, true));
        record.label(&label("2", HOUR_MS, false));
        record.label(&label("3", 0, false));
        let (young_labels, young_frauds) = record.labels_at(3_600_000);
        let (old_labels, old_frauds) = record.labels_at(90_000_000);
        for window in 0..LABEL_WINDOWS {
            assert!(old_labels[window] < young_labels[window]);
            let young = young_frauds[window] / young_labels[window];
            let old = old_frauds[window] / old_labels[window];
            assert!((young - old).abs() < 1e-12);
        }
    }

    #[test]
    fn the_last_place_and_the_known_ones_are_kept() {
        let mut here = payment("1", 2 * HOUR_MS, 1);
        here.place = Some(Place::new(19.0, 72.0).unwrap());
        let mut there = payment("2", HOUR_MS, 1);
        there.place = Some(Place::new(28.0, 77.0).unwrap());
        let record = counted(&[here.clone(), there.clone()]);
        assert_eq!(record.place, Some((here.place.unwrap(), 7_200_000)));
        for payment in [here, there] {
            assert!(record.places.contains(payment.place.unwrap().cell()));
        }
    }
}
