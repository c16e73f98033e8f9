//! The features' shares of a margin: Shapley values of the path-dependent game (TreeSHAP).
//!
//! Lundberg, Erion and Lee, "Consistent Individualized Feature Attribution for Tree Ensembles"
//! (2018), define the game: a feature that is not known goes both ways at a node, by the training
//! weight that went there. The Shapley value averages over all orders in which features become
//! known. A feature that is known from time `t` on, `t` uniform in 0..1, is known before another
//! with even chance, so that average is an integral over `t`; along a path it is one of a
//! polynomial, `∏ (t·one + (1 - t)·zero)`, with `one` whether the row goes this way and `zero` the
//! share of weight that did. Gauss-Legendre quadrature with n points is exact up to degree 2n - 1.
//! So a tree is walked once, with a handful of numbers for every node, and all of them positive:
//! nothing cancels.

use super::ensemble::{DEPTH_MAXIMUM, Ensemble, Node, Test};
use super::row::goes_right;

/// What is computed once for a model.
#[derive(Clone, Debug)]
pub(super) struct Shares {
    /// Points and weights of the quadrature.
    points: Vec<(f64, f64)>,
    /// The way to each node, for the nodes of all trees.
    ways: Vec<Way>,
    /// How many nodes the largest tree has.
    largest: usize,
    /// The margin of no features: what the trees say on the average of their training weight.
    expected: f64,
}

/// How a node is come to.
#[derive(Clone, Copy, Debug)]
struct Way {
    /// The last node above, if it is not the root, that was come to by the same feature; else 0.
    before: u32,
    /// The share of the training weight that the feature let through, here and before.
    zero: f64,
}

/// How many points there may be; a path with twice as many features is still exact.
const SIZES: [usize; 5] = [4, WIDTH, 16, 32, DEPTH_MAXIMUM / 2];

/// How many points are taken at once, if there are not fewer; of all other sizes it is a part.
const WIDTH: usize = 8;

/// A share of the training weight whose inverse is out of reach of float64, or nearly.
const NOTHING: f64 = 1e-290;

impl Shares {
    /// None when not every node has a training weight.
    pub(super) fn of(ensemble: &Ensemble) -> Option<Self> {
        if !ensemble.covers_are_known() {
            return None;
        }
        // No path asks for more features than there are.
        let features = ensemble.depth().min(ensemble.head.feature_count as usize);
        let size = SIZES.into_iter().find(|size| features <= 2 * size).unwrap_or(SIZES[4]);
        let mut ways = Vec::with_capacity(ensemble.nodes().len());
        let mut expected = f64::from(ensemble.head.base_margin);
        for tree in ensemble.trees() {
            ways.extend(ways_of(tree));
            expected += expected_of(tree);
        }
        let largest = ensemble.trees().map(<[Node]>::len).max().unwrap_or(0);
        Some(Self { points: quadrature(size), ways, largest, expected })
    }

    /// The share of each feature in the margin of a row, and last the margin of no features.
    ///
    /// A tree is passed once for every few points, so that the visits of a large one are not many
    /// times as long as the tree itself, however deep it is.
    pub(super) fn of_row(&self, ensemble: &Ensemble, row: &[f32]) -> Vec<f64> {
        let mut shares = vec![0.0; row.len() + 1];
        match self.points.as_chunks::<WIDTH>() {
            ([], points) => self.add::<{ SIZES[0] }>(points, ensemble, row, &mut shares),
            (chunks, _) => {
                for points in chunks {
                    self.add::<WIDTH>(points, ensemble, row, &mut shares);
                }
            }
        }
        shares[row.len()] = self.expected;
        shares
    }

    /// Add to the shares what they are at some of the points.
    fn add<const N: usize>(
        &self,
        quadrature: &[(f64, f64)],
        ensemble: &Ensemble,
        row: &[f32],
        shares: &mut [f64],
    ) {
        let mut points = [0.0; N];
        let mut weights = [0.0; N];
        for (place, (point, weight)) in quadrature.iter().enumerate() {
            points[place] = *point;
            weights[place] = *weight;
        }
        let root = Visit { one: true, inverse: [1.0; N], sum: weights };
        let mut visits = vec![root; self.largest];
        let mut start = 0;
        for tree in ensemble.trees() {
            let ways = &self.ways[start..start + tree.len()];
            start += tree.len();
            // At the root nothing was asked, so nothing stands in the way.
            visits[0] = root;
            go_down(tree, ways, &points, &mut visits, |node| {
                goes_right(node, ensemble.sets(), row)
            });
            come_back(tree, ways, &mut visits, shares);
        }
    }
}

/// What a row makes of a node, at each point.
#[derive(Clone, Copy)]
struct Visit<const N: usize> {
    /// Whether the row goes all ways of the same feature, here and before.
    one: bool,
    /// The inverse of how much the feature stands in the way: `1 / (t·one + (1 - t)·zero)`.
    inverse: [f64; N],
    /// On the way down the product of the factors of the path and the weight of the point; on the
    /// way back the sum of that over the leaves below, each times its value.
    sum: [f64; N],
}

/// Visit every node after its parent.
fn go_down<const N: usize>(
    tree: &[Node],
    ways: &[Way],
    points: &[f64; N],
    visits: &mut [Visit<N>],
    goes_right: impl Fn(&Node) -> bool,
) {
    for (place, node) in tree.iter().enumerate() {
        let child = node.child as usize;
        if child == 0 {
            continue;
        }
        let right = goes_right(node);
        let above = visits[place].sum;
        for (child, taken) in [(child, !right), (child + 1, right)] {
            let Way { before, zero } = ways[child];
            let before = &visits[before as usize];
            let one = taken && before.one;
            let mut visit = Visit { one, inverse: [0.0; N], sum: [0.0; N] };
            // Else neither the row nor any of the training weight came here.
            if one || zero >= NOTHING {
                let known = f64::from(u8::from(one));
                for point in 0..N {
                    let factor = points[point] * known + (1.0 - points[point]) * zero;
                    visit.inverse[point] = 1.0 / factor;
                    visit.sum[point] = above[point] * factor * before.inverse[point];
                }
            }
            visits[child] = visit;
        }
    }
}

/// Add up what is below every node, and give its feature what knowing it changes.
fn come_back<const N: usize>(
    tree: &[Node],
    ways: &[Way],
    visits: &mut [Visit<N>],
    shares: &mut [f64],
) {
    for (place, node) in tree.iter().enumerate().rev() {
        let child = node.child as usize;
        if let Test::Leaf(value) = node.test {
            visits[place].sum = visits[place].sum.map(|path| path * f64::from(value));
            continue;
        }
        let mut share = 0.0;
        for child in [child, child + 1] {
            let Way { before, zero } = ways[child];
            let (visit, earlier) = (&visits[child], &visits[before as usize]);
            share += change(visit.one, zero, &visit.inverse, &visit.sum);
            // What is below no longer counts with what was known of the feature above.
            if before > 0 {
                share -=
                    change(earlier.one, ways[before as usize].zero, &earlier.inverse, &visit.sum);
            }
        }
        shares[node.feature as usize] += share;
        for point in 0..N {
            visits[place].sum[point] = visits[child].sum[point] + visits[child + 1].sum[point];
        }
    }
}

/// What knowing a feature changes, of all that is below.
#[inline(always)]
fn change<const N: usize>(one: bool, zero: f64, inverse: &[f64; N], below: &[f64; N]) -> f64 {
    let sum: f64 = inverse.iter().zip(below).map(|(inverse, below)| inverse * below).sum();
    (f64::from(u8::from(one)) - zero) * sum
}

/// The way to each node of a tree.
fn ways_of(tree: &[Node]) -> Vec<Way> {
    let mut ways = vec![Way { before: 0, zero: 1.0 }; tree.len()];
    let mut parents = vec![0_usize; tree.len()];
    for (place, node) in tree.iter().enumerate() {
        let child = node.child as usize;
        if child == 0 {
            continue;
        }
        // The children are come to by this node's feature. Whether a node above was come to by the
        // same one, its parent tells.
        let mut before = place;
        while before > 0 && tree[parents[before]].feature != node.feature {
            before = parents[before];
        }
        #[allow(clippy::cast_possible_truncation)] // A model has at most 2^26 nodes.
        for child in [child, child + 1] {
            parents[child] = place;
            let zero = ways[before].zero * share_of(node, &tree[child]);
            ways[child] = Way { before: before as u32, zero };
        }
    }
    ways
}

/// The share of a node's training weight that went to a child. Where none came, it is half.
fn share_of(node: &Node, child: &Node) -> f64 {
    if node.cover > 0.0 { (f64::from(child.cover) / f64::from(node.cover)).min(1.0) } else { 0.5 }
}

/// What a tree says on the average of its training weight.
fn expected_of(tree: &[Node]) -> f64 {
    let mut below = vec![0.0; tree.len()];
    for (place, node) in tree.iter().enumerate().rev() {
        let child = node.child as usize;
        below[place] = match node.test {
            Test::Leaf(value) => f64::from(value),
            _ => [child, child + 1]
                .map(|child| share_of(node, &tree[child]) * below[child])
                .iter()
                .sum(),
        };
    }
    below[0]
}

/// Points and weights of Gauss-Legendre quadrature on 0..1: the roots of the Legendre polynomial,
/// by Newton's method from Chebyshev's (Abramowitz and Stegun, 25.4.30).
fn quadrature(size: usize) -> Vec<(f64, f64)> {
    #[allow(clippy::cast_precision_loss)] // Sizes are small.
    let (n, numbers) = (size as f64, (0..size).map(|number| number as f64));
    let mut points = Vec::with_capacity(size);
    for number in numbers {
        let mut x = (std::f64::consts::PI * (number + 0.75) / (n + 0.5)).cos();
        let mut slope = 1.0;
        for _ in 0..100 {
            let (value, derivative) = legendre(size, x);
            slope = derivative;
            let step = value / derivative;
            x -= step;
            if step.abs() < 1e-15 {
                break;
            }
        }
        points.push(((1.0 - x) / 2.0, 1.0 / ((1.0 - x * x) * slope * slope)));
    }
    points
}

/// The Legendre polynomial of a degree at `x`, and its derivative there.
fn legendre(degree: usize, x: f64) -> (f64, f64) {
    let (mut before, mut value) = (1.0, x);
    for k in 2..=degree {
        #[allow(clippy::cast_precision_loss)] // Degrees are small.
        let k = k as f64;
        (before, value) = (value, ((2.0 * k - 1.0) * x * value - (k - 1.0) * before) / k);
    }
    #[allow(clippy::cast_precision_loss)] // The same.
    let degree = degree as f64;
    (value, degree * (x * value - before) / (x * x - 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quadrature_is_exact_for_polynomials() {
        for size in SIZES {
            let points = quadrature(size);
            for degree in [0, 1, size, 2 * size - 1] {
                let power = i32::try_from(degree).unwrap();
                let sum: f64 = points.iter().map(|(t, weight)| weight * t.powi(power)).sum();
                assert!((sum * f64::from(power + 1) - 1.0).abs() < 1e-11, "{size} {degree} {sum}");
            }
        }
    }
}
