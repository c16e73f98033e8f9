//! What a model may ask for is bounded by how long it is, whatever it claims.

// Counting what is allocated takes an allocator, whose trait is unsafe.
#![allow(unsafe_code, clippy::unwrap_used)]

use sikka_core::error::Result;
use sikka_core::trees::arrays::Categories;
use sikka_core::trees::link::Link;
use sikka_core::trees::{Arrays, Matrix, Model};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

thread_local! {
    /// What this thread holds, and the most that it held. Other tests have their own threads.
    static HELD: Cell<(isize, isize)> = const { Cell::new((0, 0)) };
}

struct Counter;

fn count(difference: isize) {
    HELD.with(|held| {
        let (now, most) = held.get();
        let now = now + difference;
        held.set((now, most.max(now)));
    });
}

// SAFETY: The system's allocator does all the work; counting allocates nothing.
unsafe impl GlobalAlloc for Counter {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size().cast_signed());
        // SAFETY: The caller's promises are those of the system's allocator.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        count(-layout.size().cast_signed());
        // SAFETY: The same.
        unsafe { System.dealloc(place, layout) }
    }
}

#[global_allocator]
static COUNTER: Counter = Counter;

const MEBIBYTE: isize = 1 << 20;

/// The most that was held at once while something was done, beyond what was held before.
fn peak<T>(action: impl FnOnce() -> T) -> (T, isize) {
    let (before, _) = HELD.get();
    HELD.set((before, before));
    let outcome = action();
    (outcome, HELD.get().1 - before)
}

/// Trees one after another, each of which is a leaf, a chain of splits, one split by category, or
/// as many leaves with a chain below the last.
#[derive(Default)]
struct Trees {
    sizes: Vec<i32>,
    left: Vec<i32>,
    right: Vec<i32>,
    feature: Vec<i32>,
    value: Vec<f32>,
    categories: Vec<Categories>,
}

impl Trees {
    fn chain(&mut self, depth: i32) {
        self.sizes.push(2 * depth + 1);
        self.chain_from(0, depth);
    }

    fn chain_from(&mut self, place: i32, depth: i32) {
        for step in 0..depth {
            self.node(place + 2 * step + 1, place + 2 * step + 2, step);
            self.node(-1, -1, 0);
        }
        self.node(-1, -1, 0);
    }

    fn bush(&mut self, levels: u32, depth: i32) {
        let inner = (1 << levels) - 1;
        self.sizes.push(2 * inner + 1 + 2 * depth);
        (0..inner).for_each(|place| self.node(2 * place + 1, 2 * place + 2, 0));
        (0..inner).for_each(|_| self.node(-1, -1, 0));
        self.chain_from(2 * inner, depth);
    }

    fn category(&mut self) {
        let node = self.left.len();
        self.categories.push(Categories { node, listed_goes_right: true, listed: vec![1, 2] });
        self.chain(1);
    }

    fn node(&mut self, left: i32, right: i32, feature: i32) {
        self.left.push(left);
        self.right.push(right);
        self.feature.push(feature);
        self.value.push(0.5);
    }

    fn model(&self, feature_count: usize) -> Result<Model> {
        Model::from_arrays(&Arrays {
            tree_sizes: &self.sizes,
            left: &self.left,
            right: &self.right,
            feature: &self.feature,
            threshold: &self.value,
            default_left: &vec![1; self.left.len()],
            value: &self.value,
            cover: &self.value,
            categories: &self.categories,
            feature_count,
            base_margin: 0.0,
            link: Link::Identity,
            feature_names: Vec::new(),
            schema_version: None,
        })
    }
}

/// Rows of ones that take no memory.
struct Ones(usize);

impl Matrix for Ones {
    fn row_count(&self) -> usize {
        self.0
    }

    fn value(&self, _: usize, _: usize) -> f32 {
        1.0
    }
}

const FEATURES_MAXIMUM: usize = 1 << 20;

#[test]
fn the_shares_of_a_deep_and_wide_model_take_as_much_as_a_few_rows() {
    let mut trees = Trees::default();
    trees.chain(256);
    let model = trees.model(FEATURES_MAXIMUM).unwrap();
    let row = vec![1.0; FEATURES_MAXIMUM];
    // The test's own stack has 2 MiB, which 256 levels must not fill.
    let (shares, held) = peak(|| model.contributions(&row).unwrap());
    assert_eq!(shares.len(), FEATURES_MAXIMUM + 1);
    assert!(held < 16 * MEBIBYTE, "{held}");
}

#[test]
fn the_shares_of_a_large_and_deep_tree_take_little_more_than_the_tree() {
    let mut trees = Trees::default();
    trees.bush(15, 240);
    let model = trees.model(256).unwrap();
    let (shares, held) = peak(|| model.contributions(&[1.0; 256]).unwrap());
    assert_eq!(shares.len(), 257);
    assert!(held < 16 * MEBIBYTE, "{held}");
}

#[test]
fn a_few_rows_of_a_wide_model_take_as_much_as_they_are_long() {
    let mut trees = Trees::default();
    trees.chain(7);
    trees.category();
    let model = trees.model(FEATURES_MAXIMUM).unwrap();
    let mut margins = vec![0.0; 9];
    let ((), held) = peak(|| model.margins(&Ones(9), &mut margins));
    assert_eq!(margins, [1.0; 9]);
    assert!(held < 48 * MEBIBYTE, "{held}");
}

#[test]
fn one_deep_tree_among_leaves_makes_no_room_for_all_of_them() {
    let mut trees = Trees::default();
    trees.chain(6);
    for _ in 0..200_000 {
        trees.chain(0);
    }
    let (model, held) = peak(|| trees.model(6).unwrap());
    assert!(held < 64 * MEBIBYTE, "{held}");
    let mut margins = [0.0; 9];
    model.margins(&Ones(9), &mut margins);
    assert_eq!(margins, [100_000.5; 9]);
    assert_eq!(model.margin_row(&[1.0; 6]), 100_000.5);
}

#[test]
fn trees_that_alternate_make_no_room_for_more_than_they_are() {
    let mut trees = Trees::default();
    for _ in 0..20_000 {
        trees.chain(6);
        trees.category();
    }
    let (model, held) = peak(|| trees.model(6).unwrap());
    assert!(held < 160 * MEBIBYTE, "{held}");
    assert_eq!(model.margin_row(&[1.0; 6]), 20_000.0);
}

/// UBJ that is a list of lists, each of which claims to be as long as what is left.
fn nested_lengths(length: usize) -> Vec<u8> {
    let mut data = b"{U\x01a".to_vec();
    for _ in 0..30 {
        data.extend_from_slice(b"[#l");
        let claim = i32::try_from(length - data.len() - 4).unwrap();
        data.extend_from_slice(&claim.to_be_bytes());
    }
    data.resize(length, b'Z');
    data
}

#[test]
fn lists_that_claim_the_same_bytes_are_not_made_room_for() {
    let data = nested_lengths(1 << 20);
    let (outcome, held) = peak(|| Model::from_xgboost(&data, None, None));
    assert!(outcome.is_err());
    assert!(held < 96 * MEBIBYTE, "{held}");
}

/// A model in which every segment is all of the categories.
fn overlapping_segments(count: usize) -> String {
    let list = |item: &str, count: usize| vec![item; count].join(",");
    let (zeros, nodes) = (list("0", count), list("0", 3));
    let ones = list("1", 3);
    let all = list(&count.to_string(), count);
    format!(
        r#"{{"learner":{{"attributes":{{}},"feature_names":[],"gradient_booster":{{"model":{{
        "gbtree_model_param":{{"num_parallel_tree":"1"}},"trees":[{{"tree_param":{{}},
        "left_children":[1,-1,-1],"right_children":[2,-1,-1],"split_indices":[{nodes}],
        "split_conditions":[{ones}],"default_left":[{nodes}],"sum_hessian":[{ones}],
        "split_type":[1,0,0],"categories":[{zeros}],"categories_nodes":[{zeros}],
        "categories_segments":[{zeros}],"categories_sizes":[{all}]}}]}},"name":"gbtree"}},
        "learner_model_param":{{"base_score":"0.5","num_class":"0","num_feature":"1"}},
        "objective":{{"name":"reg:squarederror"}}}},"version":[3,2,0]}}"#
    )
}

#[test]
fn segments_of_categories_do_not_overlap() {
    assert!(Model::from_xgboost(overlapping_segments(1).as_bytes(), None, None).is_ok());
    // Each of as many sets would be of as many categories: a second megabyte asks for a day.
    let error = Model::from_xgboost(overlapping_segments(2).as_bytes(), None, None).unwrap_err();
    assert!(error.to_string().contains("categories_segments"), "{error}");
}
