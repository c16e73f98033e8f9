//! An element made of its parts.

use super::canonical;
use super::parse::parse;
use super::shape::check_mixed;
use super::tree::{Element, Tree};
use super::write::{Name, Pair, Writer};
use crate::error::Result;

/// Build an element. It is written and parsed, and so obeys the rules of every other one.
pub fn build(
    name: &str,
    attributes: &mut [Pair<'_>],
    children: &[Element<'_>],
    text: &str,
) -> Result<Tree> {
    let mut writer = Writer::new();
    writer.start(Name { prefix: "", local: name }, &mut [], attributes)?;
    writer.text(text)?;
    for child in children {
        canonical::write(&mut writer, *child, &[], &mut Vec::new())?;
    }
    writer.end();
    let tree = parse(writer.finish()?.as_bytes())?;
    check_mixed(tree.root())?;
    Ok(tree)
}
