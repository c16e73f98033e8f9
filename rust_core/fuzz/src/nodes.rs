//! Flat arrays out of bytes.
//!
//! The layout is our own and fixed, so that a file of the corpus means the same for ever. The head
//! has 12 bytes: the features (2, and by how many bits they are shifted), the link, the version of
//! the schema, which array is one item short, which tree claims one node more, a spare one and the
//! base margin (4). Then 16 bytes a node: flags, left, right, feature, threshold, value, cover.

use sikka_core::trees::Arrays;
use sikka_core::trees::arrays::Categories;
use sikka_core::trees::link::Link;

const LINKS: [Link; 4] = [Link::Identity, Link::Logistic, Link::Exponential, Link::Hinge];

const STARTS_TREE: u8 = 1;
const DEFAULT_LEFT: u8 = 2;
const CATEGORICAL: u8 = 4;
const LISTED_GOES_RIGHT: u8 = 8;
const ELSEWHERE: u8 = 16;

/// The arrays, kept for a model that borrows them.
pub struct Nodes {
    tree_sizes: Vec<i32>,
    left: Vec<i32>,
    right: Vec<i32>,
    feature: Vec<i32>,
    threshold: Vec<f32>,
    default_left: Vec<u8>,
    value: Vec<f32>,
    cover: Vec<f32>,
    categories: Vec<Categories>,
    feature_count: usize,
    base_margin: f32,
    link: Link,
    schema_version: Option<u32>,
}

impl Nodes {
    /// The arrays that these bytes mean, if there are enough for the head.
    pub fn of(data: &[u8]) -> Option<Self> {
        let (head, records) = data.split_first_chunk::<12>()?;
        let [low, high, shift, link, schema, short, claim, _, base @ ..] = *head;
        let mut nodes = Self {
            tree_sizes: Vec::new(),
            left: Vec::new(),
            right: Vec::new(),
            feature: Vec::new(),
            threshold: Vec::new(),
            default_left: Vec::new(),
            value: Vec::new(),
            cover: Vec::new(),
            categories: Vec::new(),
            feature_count: usize::from(u16::from_le_bytes([low, high])) << (shift % 8),
            base_margin: f32::from_le_bytes(base),
            link: LINKS[usize::from(link % 4)],
            schema_version: Some(u32::from(schema)).filter(|version| *version < 8),
        };
        records.as_chunks::<16>().0.iter().for_each(|record| nodes.push(record));
        nodes.shorten(short);
        if let Some(size) = nodes.tree_sizes.get_mut(usize::from(claim)) {
            *size += 1;
        }
        Some(nodes)
    }

    fn push(&mut self, record: &[u8; 16]) {
        let [flags, left, right, feature, a, b, c, d, value @ .., e, f, g, h] = *record;
        let place = |byte: u8| i32::from(byte.cast_signed());
        let threshold = [a, b, c, d];
        match self.tree_sizes.last_mut() {
            Some(size) if flags & STARTS_TREE == 0 => *size += 1,
            _ => self.tree_sizes.push(1),
        }
        if flags & CATEGORICAL != 0 {
            self.categories.push(Categories {
                node: self.left.len() + if flags & ELSEWHERE == 0 { 0 } else { 50 },
                listed_goes_right: flags & LISTED_GOES_RIGHT != 0,
                listed: vec![a.into(), b.into(), i32::from_le_bytes(threshold).into()],
            });
        }
        self.left.push(place(left));
        self.right.push(place(right));
        self.feature.push(place(feature));
        self.threshold.push(f32::from_le_bytes(threshold));
        self.default_left.push(flags & DEFAULT_LEFT);
        self.value.push(f32::from_le_bytes(value));
        self.cover.push(f32::from_le_bytes([e, f, g, h]));
    }

    fn shorten(&mut self, array: u8) {
        match array {
            1 => drop(self.tree_sizes.pop()),
            2 => drop(self.left.pop()),
            3 => drop(self.right.pop()),
            4 => drop(self.feature.pop()),
            5 => drop(self.threshold.pop()),
            6 => drop(self.default_left.pop()),
            7 => drop(self.value.pop()),
            8 => drop(self.cover.pop()),
            _ => {}
        }
    }

    /// The same as the core takes them.
    pub fn arrays(&self) -> Arrays<'_> {
        Arrays {
            tree_sizes: &self.tree_sizes,
            left: &self.left,
            right: &self.right,
            feature: &self.feature,
            threshold: &self.threshold,
            default_left: &self.default_left,
            value: &self.value,
            cover: &self.cover,
            categories: &self.categories,
            feature_count: self.feature_count,
            base_margin: self.base_margin,
            link: self.link,
            feature_names: Vec::new(),
            schema_version: self.schema_version,
        }
    }
}
