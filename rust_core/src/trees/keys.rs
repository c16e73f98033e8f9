//! Rows on their way in, as whole numbers that compare like the floats they came from.
//!
//! A missing value goes left at some nodes and right at others. Every feature that is asked for has
//! therefore two columns of keys, alike but for missing values: in one they are less than every
//! threshold, in the other they are not. So a node is one comparison, whatever the row holds.

use super::ensemble::{Node, Test};

/// The column whose key is less than every threshold, whatever the row.
pub(super) const LEFT_COLUMN: u32 = 0;

/// Less than the key of every number and of every threshold.
const MISSING_LEFT: i32 = i32::MIN;
/// Not less than the key of any threshold.
const MISSING_RIGHT: i32 = i32::MAX;

/// The order of float32 as whole numbers: the bits of a float order as its magnitude does, and
/// those of negative ones the other way round. Both zeros have one key.
#[inline(always)]
pub(super) fn key_of(number: f32) -> i32 {
    // Adding zero makes -0.0 positive and changes nothing else.
    let bits = (number + 0.0).to_bits().cast_signed();
    bits ^ ((bits >> 31) & i32::MAX)
}

/// Which features the trees ask for, and which column each test reads.
#[derive(Clone, Debug)]
pub(super) struct Columns {
    /// The features that are asked for, in ascending order.
    features: Vec<u32>,
    /// The place of each feature in that list.
    places: Vec<u32>,
}

impl Columns {
    pub(super) fn of(nodes: &[Node], feature_count: usize) -> Self {
        let mut places = vec![u32::MAX; feature_count];
        for node in nodes {
            if matches!(node.test, Test::Less(_)) {
                places[node.feature as usize] = 0;
            }
        }
        let mut features = Vec::new();
        for (feature, place) in (0..).zip(&mut places) {
            if *place == 0 {
                #[allow(clippy::cast_possible_truncation)] // There are at most 2^20 features.
                let next = features.len() as u32;
                *place = next;
                features.push(feature);
            }
        }
        Self { features, places }
    }

    pub(super) fn features(&self) -> &[u32] {
        &self.features
    }

    /// How many columns there are: two a feature, and the one in which all is less.
    pub(super) fn count(&self) -> usize {
        1 + 2 * self.features.len()
    }

    /// The column that a numeric test reads.
    pub(super) fn column_of(&self, node: &Node) -> u32 {
        1 + 2 * self.places[node.feature as usize] + u32::from(!node.default_left)
    }

    /// Fill the keys of one row, one for each column.
    #[inline]
    pub(super) fn fill(&self, row: &[f32], keys: &mut [i32]) {
        keys[LEFT_COLUMN as usize] = MISSING_LEFT;
        for (pair, feature) in keys[1..].chunks_exact_mut(2).zip(&self.features) {
            let number = row[*feature as usize];
            let missing = number.is_nan();
            let key = key_of(number);
            pair[0] = if missing { MISSING_LEFT } else { key };
            pair[1] = if missing { MISSING_RIGHT } else { key };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_ordered_like_their_numbers() {
        let numbers = [
            f32::NEG_INFINITY,
            f32::MIN,
            -1.0,
            -f32::MIN_POSITIVE,
            -1e-45,
            0.0,
            1e-45,
            f32::MIN_POSITIVE,
            1.0,
            f32::MAX,
            f32::INFINITY,
        ];
        for pair in numbers.windows(2) {
            assert!(key_of(pair[0]) < key_of(pair[1]), "{pair:?}");
        }
        assert_eq!(key_of(-0.0), key_of(0.0));
        assert!(key_of(f32::NEG_INFINITY) > MISSING_LEFT);
        assert!(key_of(f32::INFINITY) < MISSING_RIGHT);
    }
}
