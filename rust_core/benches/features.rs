//! What remembering a payment costs from Rust: four entities updated and read in one call.

#![allow(clippy::unwrap_used, missing_docs)] // A bench that cannot go on stops, and tells nobody.

use criterion::{BatchSize, BenchmarkId, Criterion, criterion_group, criterion_main};
use sikka_core::features::{Fields, Payment, Store};
use std::hint::black_box;

const NOW_MS: i64 = 1_800_000_000_000;
const ENTITIES_MAX: i64 = 400_000;
/// How many users there are; each has an instrument and a device of their own.
const USERS: [u32; 3] = [500, 5_000, 100_000];
const MERCHANTS: u32 = 50;

/// Payments of users in turn, a second apart, with the texts that a gateway would have.
struct Stream {
    users: u32,
    number: u32,
}

/// The raw fields of one payment, as they come in.
struct Raw {
    payment_id: String,
    texts: [String; 4],
    number: u32,
}

impl Stream {
    fn next(&mut self) -> Raw {
        self.number += 1;
        // A step that is prime to the number of users visits them in no order of memory.
        let user = self.number.wrapping_mul(7_919) % self.users;
        let merchant = self.number % MERCHANTS;
        Raw {
            payment_id: format!("pay_{:026}", self.number),
            texts: [
                format!("user_{user}"),
                format!("user{user}@simbank"),
                format!("device-{user}"),
                format!("mer_{merchant}"),
            ],
            number: self.number,
        }
    }
}

/// From raw fields to a vector.
fn observe(store: &Store, raw: &Raw) {
    let [user, instrument, device, merchant] = &raw.texts;
    let payment = Payment::new(&Fields {
        payment_id: &raw.payment_id,
        time_ms: NOW_MS + 1_000 * i64::from(raw.number),
        amount_minor: 10_000 + i64::from(raw.number % 1_000),
        entities: [Some(user), Some(instrument), Some(device), None, Some(merchant)],
        latitude: None,
        longitude: None,
    })
    .unwrap();
    black_box(store.observe(&payment));
}

fn four_entities(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("features");
    for users in USERS {
        let store = Store::new(ENTITIES_MAX, 19_800).unwrap();
        let mut stream = Stream { users, number: 0 };
        for _ in 0..2 * users {
            observe(&store, &stream.next());
        }
        let entities = 3 * users + MERCHANTS;
        group.bench_function(BenchmarkId::new("four entities of", entities), |bencher| {
            bencher.iter_batched(
                || stream.next(),
                |raw| {
                    observe(&store, &raw);
                    raw
                },
                BatchSize::LargeInput,
            );
        });
    }
    group.finish();
}

criterion_group!(benches, four_entities);
criterion_main!(benches);
