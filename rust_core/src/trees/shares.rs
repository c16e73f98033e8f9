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
    /// The margin of no features: what the trees say on the average of their training weight.
    expected: f64,
}

/// How many points there may be; a path with twice as many features is still exact.
const SIZES: [usize; 5] = [4, 8, 16, 32, DEPTH_MAXIMUM / 2];

impl Shares {
    /// None when not every node has a training weight.
    pub(super) fn of(ensemble: &Ensemble, deepest: usize) -> Option<Self> {
        if !ensemble.covers_are_known() {
            return None;
        }
        // No path asks for more features than there are.
        let features = deepest.min(ensemble.head.feature_count as usize);
        let size = SIZES.into_iter().find(|size| features <= 2 * size).unwrap_or(SIZES[4]);
        let trees = ensemble.trees().map(|tree| expected(tree, 0)).sum::<f64>();
        let expected = f64::from(ensemble.head.base_margin) + trees;
        Some(Self { points: quadrature(size), expected })
    }

    /// The share of each feature in the margin of a row, and last the margin of no features.
    pub(super) fn of_row(&self, ensemble: &Ensemble, row: &[f32]) -> Vec<f64> {
        match self.points.len() {
            4 => self.compute::<4>(ensemble, row),
            8 => self.compute::<8>(ensemble, row),
            16 => self.compute::<16>(ensemble, row),
            32 => self.compute::<32>(ensemble, row),
            _ => self.compute::<{ DEPTH_MAXIMUM / 2 }>(ensemble, row),
        }
    }

    fn compute<const N: usize>(&self, ensemble: &Ensemble, row: &[f32]) -> Vec<f64> {
        let mut points = [0.0; N];
        let mut weights = [0.0; N];
        for (place, (point, weight)) in self.points.iter().enumerate() {
            points[place] = *point;
            weights[place] = *weight;
        }
        let mut walk = Walk {
            ensemble,
            row,
            points,
            knowledge: vec![Knowledge::none(); row.len()],
            shares: vec![0.0; row.len() + 1],
        };
        for tree in ensemble.trees() {
            walk.below(tree, 0, weights);
        }
        walk.shares[row.len()] = self.expected;
        walk.shares
    }
}

/// A share of the training weight whose inverse is out of reach of float64, or nearly.
const NOTHING: f64 = 1e-290;

/// What a path has said of a feature so far.
#[derive(Clone, Copy)]
struct Knowledge<const N: usize> {
    /// Whether the row goes this way.
    one: bool,
    /// The share of the training weight that went this way.
    zero: f64,
    /// How much the feature stands in the way of the path, at each point.
    factor: [f64; N],
    inverse: [f64; N],
}

impl<const N: usize> Knowledge<N> {
    /// Nothing was said: the row and all of the training weight are still here.
    fn none() -> Self {
        Self { one: true, zero: 1.0, factor: [1.0; N], inverse: [1.0; N] }
    }

    fn new(one: bool, zero: f64, points: &[f64; N]) -> Self {
        let known = f64::from(u8::from(one));
        let factor = points.map(|point| point * known + (1.0 - point) * zero);
        Self { one, zero, factor, inverse: factor.map(|factor| 1.0 / factor) }
    }

    /// What knowing the feature changes, of all that is below.
    fn share(&self, below: &[f64; N]) -> f64 {
        let difference = f64::from(u8::from(self.one)) - self.zero;
        let sum: f64 =
            below.iter().zip(&self.inverse).map(|(below, inverse)| below * inverse).sum();
        difference * sum
    }
}

struct Walk<'a, const N: usize> {
    ensemble: &'a Ensemble,
    row: &'a [f32],
    points: [f64; N],
    knowledge: Vec<Knowledge<N>>,
    shares: Vec<f64>,
}

impl<const N: usize> Walk<'_, N> {
    /// The sum over the leaves below a node of their values, each times the factors of its path
    /// and the weights of the points.
    fn below(&mut self, tree: &[Node], place: usize, path: [f64; N]) -> [f64; N] {
        let node = &tree[place];
        if let Test::Leaf(value) = node.test {
            return path.map(|factors| factors * f64::from(value));
        }
        let child = node.child as usize;
        let right = goes_right(node, self.ensemble.sets(), self.row);
        let mut sum = [0.0; N];
        for (child, taken) in [(child, !right), (child + 1, right)] {
            let share = share_of(node, &tree[child]);
            let below = self.edge(tree, node.feature as usize, child, share, taken, path);
            for (sum, below) in sum.iter_mut().zip(below) {
                *sum += below;
            }
        }
        sum
    }

    fn edge(
        &mut self,
        tree: &[Node],
        feature: usize,
        child: usize,
        share: f64,
        taken: bool,
        mut path: [f64; N],
    ) -> [f64; N] {
        let before = self.knowledge[feature];
        let (one, zero) = (before.one && taken, before.zero * share);
        if !one && zero < NOTHING {
            // Neither the row nor any of the training weight came here.
            return [0.0; N];
        }
        let after = Knowledge::new(one, zero, &self.points);
        for (path, (factor, inverse)) in
            path.iter_mut().zip(after.factor.iter().zip(&before.inverse))
        {
            *path *= factor * inverse;
        }
        self.knowledge[feature] = after;
        let below = self.below(tree, child, path);
        self.knowledge[feature] = before;
        // What is below counts with what is known of the feature here, and no longer with what was
        // known of it above.
        self.shares[feature] += after.share(&below) - before.share(&below);
        below
    }
}

/// The share of a node's training weight that went to a child. Where none came, it is half.
fn share_of(node: &Node, child: &Node) -> f64 {
    if node.cover > 0.0 { (f64::from(child.cover) / f64::from(node.cover)).min(1.0) } else { 0.5 }
}

fn expected(tree: &[Node], place: usize) -> f64 {
    let node = &tree[place];
    match node.test {
        Test::Leaf(value) => f64::from(value),
        _ => {
            let child = node.child as usize;
            [child, child + 1]
                .map(|child| share_of(node, &tree[child]) * expected(tree, child))
                .iter()
                .sum()
        }
    }
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
