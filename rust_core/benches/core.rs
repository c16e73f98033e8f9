//! What the core costs from Rust, without Python: signing, verifying, scoring.
//!
//! Criterion compares every run with the one before. Comparisons with other libraries stand in the
//! Python benches, where all of them take turns.

#![allow(clippy::unwrap_used, missing_docs)] // A bench that cannot go on stops, and tells nobody.

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use sikka_core::mac;
use sikka_core::rsa::SigningKey;
use sikka_core::trees::link::Link;
use sikka_core::trees::{Arrays, Matrix, Model};
use sikka_core::xml::keyring::{Entry, KeyRing};
use sikka_core::xml::sign::{open_message, sign};
use sikka_core::xml::verify::verify_message;
use sikka_core::xml::write::Name;
use std::hint::black_box;

const NOW_S: i64 = 1_800_000_000;
const ORG_ID: &str = "400011";
const TREES: usize = 100;
const DEPTH: u32 = 6;
const FEATURES: usize = 15;
const ROWS: usize = 10_000;

/// Numbers between -1 and 1 that are the same in every run (Lehmer's generator).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> f32 {
        self.0 = self.0 * 48_271 % 2_147_483_647;
        #[allow(clippy::cast_precision_loss)] // Any number will do.
        let number = self.0 as f32 / 1_073_741_824.0 - 1.0;
        number
    }
}

fn signing_key() -> SigningKey {
    let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
    let der: Pkcs8V1Der<'_> = pair.as_der().unwrap();
    let body = STANDARD.encode(der.as_ref());
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n");
    SigningKey::from_pem(pem.as_bytes()).unwrap()
}

fn message(key: &SigningKey) -> Vec<u8> {
    let mut writer = open_message("ReqPay", &mut []).unwrap();
    for (name, attributes) in [
        ("Head", &mut [("orgId", ORG_ID), ("ver", "2.0"), ("msgId", "SKA0192F00DF00D4A5B8C")]),
        (
            "Txn",
            &mut [("id", "SKA0192F00DF00D4A5B8C7D6E5F4A3"), ("type", "COLLECT"), ("note", "x")],
        ),
        ("Payer", &mut [("addr", "asha@simbank"), ("type", "PERSON"), ("seqNum", "1")]),
        ("Payee", &mut [("addr", "shop@sikka"), ("type", "ENTITY"), ("seqNum", "1")]),
    ] {
        writer.start(Name { prefix: "", local: name }, &mut [], attributes).unwrap();
        writer.end();
    }
    writer.end();
    sign(key, writer.finish().unwrap()).unwrap()
}

fn messages(criterion: &mut Criterion) {
    let key = signing_key();
    let ring = KeyRing::new(vec![Entry {
        org_id: ORG_ID.to_owned(),
        key: key.verifying_key().clone(),
        not_before_s: 0,
        not_after_s: 2 * NOW_S,
    }])
    .unwrap();
    let signed = message(&key);
    let mut group = criterion.benchmark_group("upi");
    group.bench_function("sign 600 bytes", |bencher| {
        let octets = vec![b'x'; 600];
        bencher.iter(|| key.sign(black_box(&octets)).unwrap());
    });
    group.bench_function("write and sign a message", |bencher| bencher.iter(|| message(&key)));
    group.bench_function("parse and verify a message", |bencher| {
        bencher.iter(|| verify_message(black_box(&signed), &ring, NOW_S).unwrap());
    });
    group.finish();
}

fn hmac(criterion: &mut Criterion) {
    let secrets = [b"k".repeat(32)];
    let body = b"b".repeat(256);
    let signature = mac::hmac_sha256_hex(&secrets[0], &body).unwrap();
    criterion.bench_function("hmac/verify 256 bytes", |bencher| {
        bencher.iter(|| {
            mac::hmac_sha256_hex_verify(&secrets, black_box(&signature), &body).unwrap();
        });
    });
}

/// Perfect trees, the nodes of each level side by side.
fn model() -> Model {
    let inner = 2_i32.pow(DEPTH) - 1;
    let size = 2 * inner + 1;
    let mut numbers = Numbers(7);
    let nodes: Vec<i32> = (0..TREES).flat_map(|_| 0..size).collect();
    let children = |offset: i32| -> Vec<i32> {
        nodes.iter().map(|node| if *node < inner { 2 * node + offset } else { -1 }).collect()
    };
    let features = i32::try_from(FEATURES).unwrap();
    let floats = |numbers: &mut Numbers| nodes.iter().map(|_| numbers.next()).collect::<Vec<_>>();
    Model::from_arrays(&Arrays {
        tree_sizes: &[size; TREES],
        left: &children(1),
        right: &children(2),
        feature: &nodes.iter().map(|node| node * 7 % features).collect::<Vec<_>>(),
        threshold: &floats(&mut numbers),
        default_left: &vec![1; nodes.len()],
        value: &floats(&mut numbers),
        cover: &vec![1.0; nodes.len()],
        categories: &[],
        feature_count: FEATURES,
        base_margin: 0.0,
        link: Link::Logistic,
        feature_names: Vec::new(),
        schema_version: None,
    })
    .unwrap()
}

/// Rows one after the other.
struct Table(Vec<f32>);

impl Matrix for Table {
    fn row_count(&self) -> usize {
        self.0.len() / FEATURES
    }

    fn value(&self, row: usize, feature: usize) -> f32 {
        self.0[row * FEATURES + feature]
    }
}

fn trees(criterion: &mut Criterion) {
    let model = model();
    let mut numbers = Numbers(11);
    let table = Table((0..ROWS * FEATURES).map(|_| numbers.next()).collect());
    let row = &table.0[..FEATURES];
    let mut margins = vec![0.0; ROWS];
    let mut group = criterion.benchmark_group("trees 100x6");
    group.bench_function("one row", |bencher| bencher.iter(|| model.margin_row(black_box(row))));
    group.bench_function("contributions of one row", |bencher| {
        bencher.iter(|| model.contributions(black_box(row)));
    });
    group.throughput(Throughput::Elements(ROWS as u64));
    group.bench_function("10,000 rows", |bencher| {
        bencher.iter(|| model.margins(black_box(&table), &mut margins));
    });
    group.finish();
}

criterion_group!(benches, messages, hmac, trees);
criterion_main!(benches);
