//! The core's own file of a model: little-endian, versioned, ended by a checksum.
//!
//! | part | bytes |
//! |---|---|
//! | magic, version | 8, 4 |
//! | link, features, base margin, schema version or 0, trees, nodes, sets, names | 4 each |
//! | nodes of each tree | 4 a tree |
//! | kind and default of each node | 1 a node |
//! | feature of each node | 4 a node |
//! | threshold, leaf value or number of a set | 4 a node |
//! | cover of each node | 4 a node |
//! | each set: direction, words; then the words | 8, 4 a word |
//! | each name: its length; then UTF-8 | 4, its length |
//! | SHA-256 of all that | 32 |
//!
//! Where the children of a node stand follows from the kinds (see `ensemble`), so nothing says it.
//! The same model is always the same bytes, so the checksum is its name.

use super::ensemble::{CategorySet, Ensemble, FEATURES_MAXIMUM, Head, Node, Test};
use super::link::Link;
use crate::error::{Error, Result};
use aws_lc_rs::digest::{SHA256, digest as hash};

const MAGIC: &[u8; 8] = b"SIKKTREE";
const VERSION: u32 = 1;
const DIGEST_BYTES: usize = 32;

const KIND_LEAF: u8 = 0;
const KIND_LESS: u8 = 1;
const KIND_LISTED: u8 = 2;
const KIND_MASK: u8 = 3;
const DEFAULT_LEFT: u8 = 4;

/// The SHA-256 at the end of a model's file.
pub(super) fn digest(ensemble: &Ensemble) -> [u8; DIGEST_BYTES] {
    hash_of(&body(ensemble))
}

/// A model as bytes.
pub(super) fn write(ensemble: &Ensemble) -> Vec<u8> {
    let mut data = body(ensemble);
    let digest = hash_of(&data);
    data.extend_from_slice(&digest);
    data
}

fn hash_of(data: &[u8]) -> [u8; DIGEST_BYTES] {
    let mut digest = [0; DIGEST_BYTES];
    digest.copy_from_slice(hash(&SHA256, data).as_ref());
    digest
}

fn body(ensemble: &Ensemble) -> Vec<u8> {
    let head = &ensemble.head;
    let nodes = ensemble.nodes();
    let mut data = Vec::with_capacity(128 + 4 * ensemble.tree_count() + 13 * nodes.len());
    data.extend_from_slice(MAGIC);
    put(&mut data, VERSION);
    put(&mut data, head.link.number());
    put(&mut data, head.feature_count);
    put(&mut data, head.base_margin.to_bits());
    put(&mut data, head.schema_version.unwrap_or(0));
    put_length(&mut data, ensemble.tree_count());
    put_length(&mut data, nodes.len());
    put_length(&mut data, ensemble.sets().len());
    put_length(&mut data, head.feature_names.len());
    for tree in ensemble.trees() {
        put_length(&mut data, tree.len());
    }
    data.extend(nodes.iter().map(|node| kind_of(node).0));
    nodes.iter().for_each(|node| put(&mut data, node.feature));
    nodes.iter().for_each(|node| put(&mut data, kind_of(node).1));
    nodes.iter().for_each(|node| put(&mut data, node.cover.to_bits()));
    for set in ensemble.sets() {
        put(&mut data, u32::from(set.listed_right));
        put_length(&mut data, set.words.len());
        set.words.iter().for_each(|word| put(&mut data, *word));
    }
    for name in &head.feature_names {
        put_length(&mut data, name.len());
        data.extend_from_slice(name.as_bytes());
    }
    data
}

fn put(data: &mut Vec<u8>, number: u32) {
    data.extend_from_slice(&number.to_le_bytes());
}

/// Lengths are far below 2^32: the maxima of an ensemble see to it.
fn put_length(data: &mut Vec<u8>, length: usize) {
    put(data, u32::try_from(length).unwrap_or(u32::MAX));
}

/// The kind and the number of a node.
fn kind_of(node: &Node) -> (u8, u32) {
    let (kind, number) = match node.test {
        Test::Leaf(value) => (KIND_LEAF, value.to_bits()),
        Test::Less(threshold) => (KIND_LESS, threshold.to_bits()),
        Test::Listed(set) => (KIND_LISTED, set),
    };
    (kind | if node.default_left { DEFAULT_LEFT } else { 0 }, number)
}

/// Read a model and its digest, and check all of it.
pub(super) fn read(data: &[u8]) -> Result<(Ensemble, [u8; DIGEST_BYTES])> {
    if !data.starts_with(MAGIC) {
        return Err(Error::model("the file is no model of sikka-core"));
    }
    let (body, digest) = data
        .split_last_chunk::<DIGEST_BYTES>()
        .ok_or(Error::model("the model's file ends too early"))?;
    let mut reader = Reader { data: body, at: MAGIC.len() };
    // The version comes first: another one may have another checksum.
    if reader.number()? != VERSION {
        return Err(Error::model("the model's file has a version that this core does not read"));
    }
    if hash_of(body) != *digest {
        return Err(Error::model("the model's file does not match its checksum"));
    }
    let ensemble = reader.ensemble()?;
    if reader.at < body.len() {
        return Err(Error::model("something follows the model in its file"));
    }
    Ok((ensemble, *digest))
}

struct Reader<'a> {
    data: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8]> {
        let end = self.at.checked_add(length);
        let taken = end
            .and_then(|end| self.data.get(self.at..end))
            .ok_or(Error::model("the model's file ends too early"))?;
        self.at += length;
        Ok(taken)
    }

    fn number(&mut self) -> Result<u32> {
        Ok(self.numbers(1)?.next().unwrap_or(0))
    }

    fn length(&mut self) -> Result<usize> {
        Ok(self.number()? as usize)
    }

    /// Numbers that are known to be there before room is made for what they say.
    fn numbers(&mut self, count: usize) -> Result<impl Iterator<Item = u32> + use<'a>> {
        let bytes = self.take(count.saturating_mul(4))?;
        Ok(bytes.as_chunks::<4>().0.iter().map(|bytes| u32::from_le_bytes(*bytes)))
    }

    fn ensemble(&mut self) -> Result<Ensemble> {
        let link = Link::numbered(self.number()?)
            .ok_or(Error::model("the model's file has an unknown link"))?;
        let feature_count = self.number()?;
        let base_margin = f32::from_bits(self.number()?);
        let schema_version = Some(self.number()?).filter(|version| *version > 0);
        let [trees, nodes, sets, names] =
            [self.length()?, self.length()?, self.length()?, self.length()?];
        let sizes = self.numbers(trees)?;
        let kinds = self.take(nodes)?;
        let features = self.numbers(nodes)?;
        let numbers = self.numbers(nodes)?;
        let covers = self.numbers(nodes)?;
        let sets = self.sets(sets)?;
        let feature_names = self.names(names)?;
        let mut ensemble = Ensemble::new(Head {
            feature_count,
            base_margin,
            link,
            feature_names,
            schema_version,
        })?;
        for set in sets {
            ensemble.add_set(set)?;
        }
        let mut parts = kinds.iter().zip(features).zip(numbers).zip(covers);
        let mut tree = Vec::new();
        for size in sizes {
            tree.clear();
            let mut next = 1;
            for (((kind, feature), number), cover) in parts.by_ref().take(size as usize) {
                let node = node_of(*kind, feature, number, cover, next)?;
                next += if node.child == 0 { 0 } else { 2 };
                tree.push(node);
            }
            if tree.len() != size as usize {
                return Err(Error::model("the model's file has fewer nodes than its trees"));
            }
            ensemble.add_tree(&tree)?;
        }
        if parts.next().is_some() {
            return Err(Error::model("the model's file has more nodes than its trees"));
        }
        Ok(ensemble)
    }

    fn sets(&mut self, count: usize) -> Result<Vec<CategorySet>> {
        let mut sets = Vec::new();
        for _ in 0..count {
            let listed_right = match self.number()? {
                0 => false,
                1 => true,
                _ => return Err(Error::model("the model's file has a set without direction")),
            };
            let length = self.length()?;
            sets.push(CategorySet { words: self.numbers(length)?.collect(), listed_right });
        }
        Ok(sets)
    }

    fn names(&mut self, count: usize) -> Result<Vec<String>> {
        if count > FEATURES_MAXIMUM {
            return Err(Error::model("the model's file has too many names"));
        }
        let mut names = Vec::new();
        for _ in 0..count {
            let length = self.length()?;
            let name = String::from_utf8(self.take(length)?.to_vec())
                .map_err(|_| Error::model("a name in the model's file is not UTF-8"))?;
            names.push(name);
        }
        Ok(names)
    }
}

/// A node; `next` is where its children stand if it has any.
fn node_of(kind: u8, feature: u32, number: u32, cover: u32, next: u32) -> Result<Node> {
    let test = match kind & KIND_MASK {
        _ if kind & !(KIND_MASK | DEFAULT_LEFT) != 0 => None,
        KIND_LEAF => Some(Test::Leaf(f32::from_bits(number))),
        KIND_LESS => Some(Test::Less(f32::from_bits(number))),
        KIND_LISTED => Some(Test::Listed(number)),
        _ => None,
    };
    let test = test.ok_or(Error::model("the model's file has a node of an unknown kind"))?;
    let child = if matches!(test, Test::Leaf(_)) { 0 } else { next };
    let default_left = kind & DEFAULT_LEFT != 0;
    Ok(Node { test, feature, default_left, cover: f32::from_bits(cover), child })
}
