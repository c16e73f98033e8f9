//! XGBoost's models, as versions 1.7 to 3 save them in JSON and in UBJ.
//!
//! The document is described by XGBoost's doc/model.schema and doc/tutorials/saving_model.rst; what
//! the numbers mean, by its predictor (src/predictor/cpu_predictor.cc) and its objectives.

use super::document::Document;
use super::ensemble::{CategorySet, Ensemble, Head, LooseNode, Test};
use super::link::Link;
use super::{json, ubj};
use crate::error::{Error, Result};

/// The longest document. Reading one takes some thirty times as much memory.
const DOCUMENT_BYTES_MAXIMUM: usize = 256 << 20;

/// The attribute of a booster that binds it to a version of the feature schema.
const SCHEMA_ATTRIBUTE: &str = "sikka_schema_version";

/// How base_score, which is told as a score, becomes a margin.
#[derive(Clone, Copy)]
enum Base {
    Margin,
    Probability,
    Logarithm,
}

/// Every objective with one output: its link, and what its base_score is.
const OBJECTIVES: [(&str, Link, Base); 19] = [
    ("binary:hinge", Link::Hinge, Base::Margin),
    ("binary:logistic", Link::Logistic, Base::Probability),
    ("binary:logitraw", Link::Identity, Base::Margin),
    ("count:poisson", Link::Exponential, Base::Logarithm),
    ("rank:map", Link::Identity, Base::Margin),
    ("rank:ndcg", Link::Identity, Base::Margin),
    ("rank:pairwise", Link::Identity, Base::Margin),
    ("reg:absoluteerror", Link::Identity, Base::Margin),
    ("reg:expectileerror", Link::Identity, Base::Margin),
    ("reg:gamma", Link::Exponential, Base::Logarithm),
    ("reg:linear", Link::Identity, Base::Margin),
    ("reg:logistic", Link::Logistic, Base::Probability),
    ("reg:pseudohubererror", Link::Identity, Base::Margin),
    ("reg:quantileerror", Link::Identity, Base::Margin),
    ("reg:squarederror", Link::Identity, Base::Margin),
    ("reg:squaredlogerror", Link::Identity, Base::Margin),
    ("reg:tweedie", Link::Exponential, Base::Logarithm),
    ("survival:aft", Link::Exponential, Base::Logarithm),
    ("survival:cox", Link::Exponential, Base::Logarithm),
];

/// How many characters of an unknown objective an error repeats.
const OBJECTIVE_SHOWN: usize = 40;

/// What the caller may say about a model beyond its bytes.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Wishes {
    /// How many rounds of boosting to use, instead of those up to the best one.
    pub(super) iterations: Option<usize>,
    /// The version of the feature schema, instead of the one among the attributes.
    pub(super) schema_version: Option<u32>,
}

/// Read a model.
pub(super) fn read(data: &[u8], wishes: Wishes) -> Result<Ensemble> {
    let document = read_document(data)?;
    let learner = document.get("learner")?;
    let (trees, weights) = boosted(learner.get("gradient_booster")?)?;
    let mut ensemble = Ensemble::new(read_head(learner, clips_base_score(&document), wishes)?)?;
    let used = trees_used(learner, trees, wishes)?;
    let weights = weights.map(|table| table.floats("weight_drop")).transpose()?;
    for (number, tree) in trees.list("trees")?.iter().take(used).enumerate() {
        let weight = match &weights {
            Some(weights) => *weights
                .get(number)
                .ok_or(Error::model("\"weight_drop\" must be one for each tree"))?,
            None => 1.0,
        };
        add_tree(&mut ensemble, tree, weight)?;
    }
    Ok(ensemble)
}

fn read_document(data: &[u8]) -> Result<Document> {
    if data.len() > DOCUMENT_BYTES_MAXIMUM {
        return Err(Error::model("the model is longer than 256 MiB"));
    }
    match data {
        [b'{', b'"' | b'}' | b' ' | b'\n' | b'\r' | b'\t', ..] => json::read(data),
        [b'{', ..] => ubj::read(data),
        [b'b', b'i', b'n', b'f', ..] => Err(Error::model(
            "the model is in XGBoost's former binary form: save it as JSON or UBJ",
        )),
        _ => json::read(data),
    }
}

/// The table that holds the trees and, of DART, the one that holds their weights.
fn boosted(booster: &Document) -> Result<(&Document, Option<&Document>)> {
    match booster.text("name")? {
        "gbtree" => Ok((booster.get("model")?, None)),
        "dart" => Ok((booster.get("gbtree")?.get("model")?, Some(booster))),
        "gblinear" => Err(Error::model("the booster \"gblinear\" has no trees")),
        _ => Err(Error::model("the booster must be \"gbtree\" or \"dart\"")),
    }
}

fn read_head(learner: &Document, clips: bool, wishes: Wishes) -> Result<Head> {
    let param = learner.get("learner_model_param")?;
    let objective = learner.get("objective")?.text("name")?;
    let (_, link, base) =
        *OBJECTIVES.iter().find(|(name, ..)| *name == objective).ok_or_else(|| {
            // The name may be as long as the file.
            let shown: String = objective.chars().take(OBJECTIVE_SHOWN).collect();
            Error::model(format!("the objective {shown:?} is not supported"))
        })?;
    let classes = param.count("num_class")?;
    let targets = if param.find("num_target").is_some() { param.count("num_target")? } else { 1 };
    if classes > 1 || targets > 1 {
        return Err(Error::model("a model must have one output, not several classes or targets"));
    }
    let feature_count = u32::try_from(param.count("num_feature")?)
        .map_err(|_| Error::model("\"num_feature\" is too large"))?;
    Ok(Head {
        feature_count,
        base_margin: base_margin(base_score(param)?, base, clips)?,
        link,
        feature_names: feature_names(learner)?,
        schema_version: schema_version(learner, wishes)?,
    })
}

/// Since 3.2 a base_score that is hardly a probability is moved to where it is one.
fn clips_base_score(document: &Document) -> bool {
    let version = document.integers("version").unwrap_or_default();
    version.as_slice() >= [3, 2].as_slice()
}

/// The text is a number, and since 3.1 a list with one number for each output.
fn base_score(param: &Document) -> Result<f32> {
    let text = match param.get("base_score")? {
        Document::Text(text) => text.trim_matches(['[', ']']),
        other => return other.as_float().ok_or(Error::model("\"base_score\" must be a number")),
    };
    text.parse().map_err(|_| Error::model("\"base_score\" must be one number"))
}

fn base_margin(score: f32, base: Base, clips: bool) -> Result<f32> {
    let margin = match base {
        Base::Margin => score,
        Base::Probability if clips => {
            let score = score.clamp(1e-6, 1.0 - 1e-6);
            -(1.0 / score - 1.0).ln()
        }
        Base::Probability => -(1.0 / score - 1.0).ln(),
        Base::Logarithm => score.ln(),
    };
    if margin.is_finite() {
        Ok(margin)
    } else {
        Err(Error::model("\"base_score\" is not possible with this objective"))
    }
}

fn feature_names(learner: &Document) -> Result<Vec<String>> {
    let Some(Document::List(names)) = learner.find("feature_names") else {
        return Ok(Vec::new());
    };
    let name = |name: &Document| match name {
        Document::Text(text) => Ok(text.clone()),
        _ => Err(Error::model("\"feature_names\" must hold texts")),
    };
    names.iter().map(name).collect()
}

fn attribute<'a>(learner: &'a Document, name: &str) -> Option<&'a Document> {
    learner.find("attributes").and_then(|attributes| attributes.find(name))
}

fn schema_version(learner: &Document, wishes: Wishes) -> Result<Option<u32>> {
    let told = attribute(learner, SCHEMA_ATTRIBUTE).map(|value| match value {
        Document::Text(text) => text
            .parse()
            .map_err(|_| Error::model("the attribute \"sikka_schema_version\" must be a count")),
        _ => Err(Error::model("the attribute \"sikka_schema_version\" must be a text")),
    });
    Ok(wishes.schema_version.or(told.transpose()?))
}

/// How many trees belong to the rounds that count: those that the caller wishes, else those up to
/// the best round of early stopping, else all.
fn trees_used(learner: &Document, trees: &Document, wishes: Wishes) -> Result<usize> {
    let present = trees.list("trees")?.len();
    let best = match attribute(learner, "best_iteration") {
        Some(Document::Text(text)) => text
            .parse::<usize>()
            .ok()
            .and_then(|round| round.checked_add(1))
            .map(Some)
            .ok_or(Error::model("the attribute \"best_iteration\" must be a count"))?,
        _ => None,
    };
    let Some(rounds) = wishes.iterations.or(best) else {
        return Ok(present);
    };
    let used = match trees.find("iteration_indptr") {
        Some(_) => trees
            .integers("iteration_indptr")?
            .get(rounds)
            .and_then(|end| usize::try_from(*end).ok()),
        None => {
            let param = trees.get("gbtree_model_param")?;
            rounds.checked_mul(param.count("num_parallel_tree")?)
        }
    };
    used.filter(|used| *used <= present)
        .ok_or(Error::model("the model has fewer rounds than iterations asks for"))
}

/// The lists of one tree, one item a node.
struct NodeLists {
    left: Vec<i64>,
    right: Vec<i64>,
    features: Vec<i64>,
    conditions: Vec<f32>,
    default_left: Vec<i64>,
    covers: Vec<f32>,
    categorical: Vec<i64>,
}

impl NodeLists {
    fn read(tree: &Document) -> Result<Self> {
        let param = tree.get("tree_param")?;
        if param.find("size_leaf_vector").is_some() && param.count("size_leaf_vector")? > 1 {
            return Err(Error::model("a tree has vector leaves, which are not supported"));
        }
        let left = tree.integers("left_children")?;
        // Models without categorical features may leave the types out.
        let categorical = match tree.find("split_type") {
            Some(_) => tree.integers("split_type")?,
            None => vec![0; left.len()],
        };
        let lists = Self {
            right: tree.integers("right_children")?,
            features: tree.integers("split_indices")?,
            conditions: tree.floats("split_conditions")?,
            default_left: tree.integers("default_left")?,
            covers: tree.floats("sum_hessian")?,
            categorical,
            left,
        };
        let lengths = [
            lists.right.len(),
            lists.features.len(),
            lists.conditions.len(),
            lists.default_left.len(),
            lists.covers.len(),
            lists.categorical.len(),
        ];
        if lengths.iter().any(|length| *length != lists.left.len()) {
            return Err(Error::model("the arrays of a tree have different lengths"));
        }
        Ok(lists)
    }
}

fn add_tree(ensemble: &mut Ensemble, tree: &Document, weight: f32) -> Result<()> {
    let lists = NodeLists::read(tree)?;
    let mut sets = vec![None; lists.left.len()];
    if lists.categorical.contains(&1) {
        read_sets(ensemble, tree, &mut sets)?;
    }
    let mut loose = Vec::with_capacity(lists.left.len());
    for place in 0..lists.left.len() {
        loose.push(node_at(&lists, place, &sets, weight)?);
    }
    ensemble.add_loose_tree(&loose)
}

fn node_at(
    lists: &NodeLists,
    place: usize,
    sets: &[Option<u32>],
    weight: f32,
) -> Result<LooseNode> {
    let (condition, cover) = (lists.conditions[place], lists.covers[place]);
    let children = (lists.left[place], lists.right[place]);
    if children.0 == -1 {
        // The weight of DART is multiplied in float32, as the predictor does.
        return Ok(LooseNode::leaf(condition * weight, cover));
    }
    let test = if lists.categorical[place] == 1 {
        Test::Listed(sets[place].ok_or(Error::model("a categorical node has no categories"))?)
    } else {
        Test::Less(condition)
    };
    let default_left = lists.default_left[place] != 0;
    LooseNode::split(test, lists.features[place], default_left, cover, children)
}

/// The categories of a tree stand in one list; each categorical node has a segment of it.
fn read_sets(ensemble: &mut Ensemble, tree: &Document, sets: &mut [Option<u32>]) -> Result<()> {
    let categories = tree.integers("categories")?;
    let nodes = tree.integers("categories_nodes")?;
    let segments = tree.integers("categories_segments")?;
    let sizes = tree.integers("categories_sizes")?;
    if segments.len() != nodes.len() || sizes.len() != nodes.len() {
        return Err(Error::model("the categories of a tree have different lengths"));
    }
    let mut end = 0;
    for ((node, start), size) in nodes.iter().zip(&segments).zip(&sizes) {
        // XGBoost writes the segments one after another. If they could overlap, a few lines of
        // numbers would ask for as many sets of as many categories.
        let start = usize::try_from(*start).ok().filter(|start| *start >= end);
        let bounds = start.zip(usize::try_from(*size).ok());
        let listed = bounds
            .and_then(|(start, size)| categories.get(start..start.checked_add(size)?))
            .ok_or(Error::model("\"categories_segments\" overlap or end too late"))?;
        end = bounds.map_or(end, |(start, size)| start + size);
        let place = usize::try_from(*node)
            .ok()
            .and_then(|node| sets.get_mut(node))
            .ok_or(Error::model("\"categories_nodes\" lie outside of their tree"))?;
        if place.replace(ensemble.add_set(CategorySet::of(listed, true)?)?).is_some() {
            return Err(Error::model("\"categories_nodes\" name a node twice"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_that_is_too_long_is_refused_unread() {
        let error = read(&vec![0; DOCUMENT_BYTES_MAXIMUM + 1], Wishes::default()).unwrap_err();
        assert_eq!(error.to_string(), "the model is longer than 256 MiB");
    }

    #[test]
    fn a_former_binary_form_is_told_from_what_is_malformed() {
        let error = read(b"binf\0\0\0\0", Wishes::default()).unwrap_err();
        assert!(error.to_string().contains("save it as JSON or UBJ"), "{error}");
    }

    #[test]
    fn a_base_score_becomes_a_margin() {
        assert_eq!(base_margin(0.5, Base::Probability, true), Ok(0.0));
        assert_eq!(base_margin(-2.5, Base::Margin, true), Ok(-2.5));
        assert_eq!(base_margin(1.0, Base::Logarithm, true), Ok(0.0));
        // Since 3.2 what is hardly a probability is moved to where it is one.
        assert!(base_margin(0.0, Base::Probability, false).is_err());
        assert_eq!(
            base_margin(0.0, Base::Probability, true),
            base_margin(1e-6, Base::Probability, false)
        );
    }
}
