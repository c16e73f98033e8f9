//! Write canonical bytes directly: sorted attributes, no empty-element tags, C14N escapes.

use super::characters::{is_before, is_name, is_noncharacter_at};
use super::profile::{DEPTH_MAXIMUM, MESSAGE_BYTES_MAXIMUM, SIGNATURE};
use crate::error::{Error, Result};
use std::ops::Range;

/// A name and its value, or a namespace prefix and its URI.
pub type Pair<'a> = (&'a str, &'a str);

/// The name of an element.
#[derive(Clone, Copy)]
pub struct Name<'a> {
    /// The namespace prefix, or "".
    pub prefix: &'a str,
    /// The name behind the prefix.
    pub local: &'a str,
}

/// Writes one document. It refuses whatever the parser would refuse.
pub struct Writer {
    out: String,
    /// Where the qualified names of the open elements stand in `out`.
    open: Vec<Range<usize>>,
}

impl Writer {
    /// An empty document.
    pub fn new() -> Self {
        Self { out: String::with_capacity(4096), open: Vec::with_capacity(DEPTH_MAXIMUM) }
    }

    /// Start an element. Namespaces and attributes are brought into canonical order.
    pub fn start(
        &mut self,
        name: Name<'_>,
        namespaces: &mut [Pair<'_>],
        attributes: &mut [Pair<'_>],
    ) -> Result<()> {
        if self.open.len() == DEPTH_MAXIMUM {
            return Err(Error::malformed("the message is deeper than 16 elements"));
        }
        if !is_name(name.local) || !(name.prefix.is_empty() || is_name(name.prefix)) {
            return Err(Error::malformed("an element's name is not an ASCII name of XML"));
        }
        if name.local == SIGNATURE {
            return Err(Error::malformed("no element but the signature is named Signature"));
        }
        self.out.push('<');
        let begin = self.out.len();
        push_qualified(&mut self.out, name.prefix, name.local);
        self.open.push(begin..self.out.len());
        namespaces.sort_unstable();
        for (prefix, uri) in namespaces {
            match *prefix {
                "" => self.attribute("", "xmlns", uri)?,
                prefix => self.attribute("xmlns", prefix, uri)?,
            }
        }
        let grows =
            |left: &Pair<'_>, right: &Pair<'_>| is_before(left.0.as_bytes(), right.0.as_bytes());
        if !attributes.is_sorted_by(grows) {
            attributes.sort_unstable();
            if !attributes.is_sorted_by(grows) {
                return Err(self.malformed("an attribute occurs twice"));
            }
        }
        for (attribute, value) in attributes {
            // An attribute named xmlns would be the declaration of a namespace.
            if !is_name(attribute) || *attribute == "xmlns" {
                return Err(self.malformed("an attribute's name is not an ASCII name of XML"));
            }
            self.attribute("", attribute, value)?;
        }
        self.out.push('>');
        self.check_size()
    }

    /// Write text into the open element.
    pub fn text(&mut self, text: &str) -> Result<()> {
        push_escaped(&mut self.out, text, &ESCAPED_IN_TEXT)
            .map_err(|()| self.malformed("the text holds a character that XML 1.0 forbids"))?;
        self.check_size()
    }

    /// End the innermost open element.
    pub fn end(&mut self) {
        if let Some(name) = self.open.pop() {
            self.out.push_str("</");
            self.out.extend_from_within(name);
            self.out.push('>');
        }
    }

    /// The document, once every element is ended.
    pub fn finish(self) -> Result<String> {
        self.check_size()?;
        Ok(self.out)
    }

    fn attribute(&mut self, prefix: &str, local: &str, value: &str) -> Result<()> {
        self.out.push(' ');
        push_qualified(&mut self.out, prefix, local);
        self.out.push_str("=\"");
        push_escaped(&mut self.out, value, &ESCAPED_IN_ATTRIBUTE).map_err(|()| {
            self.malformed(&format!("attribute {local} holds a character that XML 1.0 forbids"))
        })?;
        self.out.push('"');
        Ok(())
    }

    fn check_size(&self) -> Result<()> {
        if self.out.len() > MESSAGE_BYTES_MAXIMUM {
            return Err(Error::malformed("the message is longer than 64 KiB"));
        }
        Ok(())
    }

    fn malformed(&self, rule: &str) -> Error {
        let element = self.open.last().map_or("", |name| &self.out[name.clone()]);
        Error::malformed(format!("{element}: {rule}"))
    }
}

impl Default for Writer {
    fn default() -> Self {
        Self::new()
    }
}

fn push_qualified(out: &mut String, prefix: &str, local: &str) {
    if !prefix.is_empty() {
        out.push_str(prefix);
        out.push(':');
    }
    out.push_str(local);
}

/// What a byte becomes: "" stays as it is, FORBIDDEN is refused, EXAMINE needs a closer look.
type Escapes = [&'static str; 256];

const FORBIDDEN: &str = "forbidden";
const EXAMINE: &str = "examine";

static ESCAPED_IN_TEXT: Escapes = escapes(b'>', "&gt;", false);
static ESCAPED_IN_ATTRIBUTE: Escapes = escapes(b'"', "&quot;", true);

/// The table of C14N 1.0, section 2.3: text and attribute nodes.
const fn escapes(delimiter: u8, reference: &'static str, white_space: bool) -> Escapes {
    let mut table = [""; 256];
    let mut control = 0;
    while control < 0x20 {
        table[control] = FORBIDDEN;
        control += 1;
    }
    table[b'\t' as usize] = if white_space { "&#x9;" } else { "" };
    table[b'\n' as usize] = if white_space { "&#xA;" } else { "" };
    table[b'\r' as usize] = "&#xD;";
    table[b'&' as usize] = "&amp;";
    table[b'<' as usize] = "&lt;";
    table[delimiter as usize] = reference;
    table[0xEF] = EXAMINE;
    table
}

fn push_escaped(out: &mut String, text: &str, escapes: &Escapes) -> std::result::Result<(), ()> {
    let bytes = text.as_bytes();
    let mut copied = 0;
    let mut position = 0;
    let special = |byte: &u8| !escapes[usize::from(*byte)].is_empty();
    while let Some(plain) = bytes[position..].iter().position(special) {
        position += plain;
        match escapes[usize::from(bytes[position])] {
            FORBIDDEN => return Err(()),
            EXAMINE if is_noncharacter_at(bytes, position) => return Err(()),
            EXAMINE => {}
            escape => {
                out.push_str(&text[copied..position]);
                out.push_str(escape);
                copied = position + 1;
            }
        }
        position += 1;
    }
    out.push_str(&text[copied..]);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Name, Writer};

    const ROOT: Name<'_> = Name { prefix: "", local: "A" };

    #[test]
    fn an_attribute_given_twice_is_refused() {
        let attributes = &mut [("b", "1"), ("a", ""), ("b", "2")];
        assert!(Writer::new().start(ROOT, &mut [], attributes).is_err());
    }

    #[test]
    fn characters_that_only_look_forbidden_are_written() {
        let mut writer = Writer::new();
        writer.start(ROOT, &mut [], &mut [("b", "\u{FFFD}\u{EFFF}\u{7F}")]).unwrap();
        writer.text("\u{FEFF}").unwrap();
        writer.end();
        assert_eq!(writer.finish().unwrap(), "<A b=\"\u{FFFD}\u{EFFF}\u{7F}\">\u{FEFF}</A>");
    }
}
