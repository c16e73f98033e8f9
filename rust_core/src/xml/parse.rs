//! A strict parser for the profile.
//!
//! It knows elements, attributes, text, the five predefined entities and character references.
//! Whatever else XML offers is refused, so that nothing can hide in it. What is not refused has
//! the meaning that XML 1.0 and Namespaces in XML 1.0 give it.

use super::characters::{is_allowed, is_name, is_name_byte, is_noncharacter_at, is_whitespace};
use super::profile::{DEPTH_MAXIMUM, MESSAGE_BYTES_MAXIMUM};
use super::tree::{Builder, Tree};
use crate::error::{Error, Result};
use std::borrow::Cow;

/// No UPI element comes near; it bounds the search for duplicates.
const ATTRIBUTES_MAXIMUM: usize = 64;

/// Parse a document.
pub fn parse(data: &[u8]) -> Result<Tree> {
    if data.len() > MESSAGE_BYTES_MAXIMUM {
        return Err(Error::malformed("the message is longer than 64 KiB"));
    }
    let input =
        std::str::from_utf8(data).map_err(|_| Error::malformed("the message is not UTF-8"))?;
    Parser {
        input,
        position: 0,
        open: Vec::with_capacity(DEPTH_MAXIMUM),
        builder: Builder::default(),
    }
    .document()
}

struct Parser<'a> {
    input: &'a str,
    position: usize,
    /// The qualified names of the open elements.
    open: Vec<&'a str>,
    builder: Builder,
}

impl<'a> Parser<'a> {
    fn document(mut self) -> Result<Tree> {
        self.declaration()?;
        self.skip_whitespace();
        self.start_tag()?;
        while !self.open.is_empty() {
            if self.rest().starts_with("</") {
                self.end_tag()?;
            } else if self.rest().starts_with('<') {
                self.start_tag()?;
            } else {
                self.text()?;
            }
        }
        self.skip_whitespace();
        if self.rest().is_empty() {
            Ok(self.builder.finish())
        } else {
            Err(Error::malformed("something follows the root element"))
        }
    }

    /// `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>`, with what is optional in it.
    fn declaration(&mut self) -> Result<()> {
        let malformed = Error::malformed("the XML declaration is not one of XML 1.0 in UTF-8");
        let Some(rest) = self.rest().strip_prefix("<?xml") else {
            return Ok(());
        };
        let (declaration, _) = rest.split_once("?>").ok_or_else(|| malformed.clone())?;
        let mut inner = Parser {
            input: declaration,
            position: 0,
            open: Vec::new(),
            builder: Builder::default(),
        };
        let mut expected = ["version", "encoding", "standalone"].iter();
        let mut first = true;
        while inner.skip_whitespace() && !inner.rest().is_empty() {
            let (name, value) = inner.attribute()?;
            let known = if first { name == "version" } else { expected.any(|next| *next == name) };
            first = false;
            let acceptable = match name {
                "version" => value == "1.0",
                "encoding" => value.eq_ignore_ascii_case("UTF-8"),
                _ => value == "yes" || value == "no",
            };
            if !known || !acceptable {
                return Err(malformed);
            }
        }
        if first || !inner.rest().is_empty() {
            return Err(malformed);
        }
        self.position = "<?xml".len() + declaration.len() + "?>".len();
        Ok(())
    }

    fn start_tag(&mut self) -> Result<()> {
        self.expect("<", "the message is not XML: an element is expected")?;
        match self.rest().as_bytes().first() {
            Some(b'!') => return Err(Error::malformed("DTDs, comments and CDATA are refused")),
            Some(b'?') => return Err(Error::malformed("processing instructions are refused")),
            _ => {}
        }
        if self.open.len() == DEPTH_MAXIMUM {
            return Err(Error::malformed("the message is deeper than 16 elements"));
        }
        let qualified = self.qualified_name();
        let (prefix, local) = split_name(qualified)?;
        self.builder.start(prefix, local);
        self.open.push(qualified);
        self.attributes()?;
        if self.accept("/>") {
            self.open.pop();
            self.builder.end();
            return Ok(());
        }
        self.expect(">", "a start tag is not closed")
    }

    fn attributes(&mut self) -> Result<()> {
        let mut names: [&str; ATTRIBUTES_MAXIMUM] = [""; ATTRIBUTES_MAXIMUM];
        let mut count = 0;
        while self.skip_whitespace() && !self.rest().starts_with(['/', '>']) {
            let (qualified, value) = self.attribute()?;
            if names[..count].contains(&qualified) {
                return Err(Error::malformed("an attribute occurs twice"));
            }
            *names
                .get_mut(count)
                .ok_or(Error::malformed("an element has more than 64 attributes"))? = qualified;
            count += 1;
            match split_name(qualified)? {
                ("", "xmlns") => self.namespace("", &value)?,
                ("", name) => self.builder.attribute(name, &value),
                ("xmlns", prefix) => self.namespace(prefix, &value)?,
                _ => return Err(Error::malformed("an attribute has a prefix")),
            }
        }
        Ok(())
    }

    fn namespace(&mut self, prefix: &str, uri: &str) -> Result<()> {
        // Prefixes that begin with xml are reserved (Namespaces in XML 1.0, section 3).
        let reserved = prefix.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("xml"));
        if reserved || uri.is_empty() {
            return Err(Error::malformed("a namespace declaration is reserved or empty"));
        }
        self.builder.namespace(prefix, uri);
        Ok(())
    }

    /// `name = "value"`, with the name as written and the value as it is meant.
    fn attribute(&mut self) -> Result<(&'a str, Cow<'a, str>)> {
        let name = self.qualified_name();
        if name.is_empty() {
            return Err(Error::malformed("an attribute name is expected"));
        }
        self.skip_whitespace();
        self.expect("=", "an attribute has no value")?;
        self.skip_whitespace();
        let quote = match self.rest().as_bytes().first() {
            Some(b'"') => '"',
            Some(b'\'') => '\'',
            _ => return Err(Error::malformed("an attribute value is not in quotes")),
        };
        let (raw, _) = self.rest()[1..]
            .split_once(quote)
            .ok_or(Error::malformed("an attribute value is not closed"))?;
        self.position += raw.len() + 2;
        Ok((name, decode(raw, &Place::Attribute)?))
    }

    fn end_tag(&mut self) -> Result<()> {
        self.position += "</".len();
        let name = self.qualified_name();
        self.skip_whitespace();
        self.expect(">", "an end tag is not closed")?;
        if self.open.pop() != Some(name) {
            return Err(Error::malformed("an end tag does not fit its start tag"));
        }
        self.builder.end();
        Ok(())
    }

    fn text(&mut self) -> Result<()> {
        let length = self
            .rest()
            .find('<')
            .ok_or(Error::malformed("the message ends before its root element does"))?;
        let raw = &self.rest()[..length];
        self.position += length;
        self.builder.text(&decode(raw, &Place::Text)?);
        Ok(())
    }

    fn qualified_name(&mut self) -> &'a str {
        let rest = self.rest();
        let length = rest.bytes().take_while(|byte| is_name_byte(*byte)).count();
        self.position += length;
        &rest[..length]
    }

    /// Whether white space was there.
    fn skip_whitespace(&mut self) -> bool {
        let length = self.rest().bytes().take_while(|byte| is_whitespace(*byte)).count();
        self.position += length;
        length > 0
    }

    fn accept(&mut self, token: &str) -> bool {
        let found = self.rest().starts_with(token);
        if found {
            self.position += token.len();
        }
        found
    }

    fn expect(&mut self, token: &str, otherwise: &'static str) -> Result<()> {
        if self.accept(token) { Ok(()) } else { Err(Error::malformed(otherwise)) }
    }

    fn rest(&self) -> &'a str {
        &self.input[self.position..]
    }
}

fn split_name(qualified: &str) -> Result<(&str, &str)> {
    let (prefix, local) = match qualified.split_once(':') {
        Some((prefix, local)) if is_name(prefix) => (prefix, local),
        Some(_) => return Err(Error::malformed("a prefix is not an ASCII name of XML")),
        None => ("", qualified),
    };
    if is_name(local) {
        Ok((prefix, local))
    } else {
        Err(Error::malformed("a name is not an ASCII name of XML"))
    }
}

enum Place {
    Text,
    Attribute,
}

/// Resolve references and normalise line ends and, in attributes, white space (XML 1.0, sections
/// 2.11, 3.3.3 and 4.1).
fn decode<'a>(raw: &'a str, place: &Place) -> Result<Cow<'a, str>> {
    let bytes = raw.as_bytes();
    let mut decoded = String::new();
    let mut copied = 0;
    let mut position = 0;
    while let Some(byte) = bytes.get(position) {
        let (replacement, length) = match (byte, place) {
            (b'&', _) => reference(&raw[position..])?,
            (b'\r', _) if bytes.get(position + 1) == Some(&b'\n') => (place.line_end(), 2),
            (b'\r', _) => (place.line_end(), 1),
            (b'\n' | b'\t', Place::Attribute) => (' ', 1),
            (b'\n' | b'\t', Place::Text) => {
                position += 1;
                continue;
            }
            (b'<', _) => return Err(Error::malformed("an attribute value holds \"<\"")),
            (b'>', Place::Text) if raw[..position].ends_with("]]") => {
                return Err(Error::malformed("text holds \"]]>\""));
            }
            (0..0x20, _) => return Err(forbidden()),
            (0xEF, _) if is_noncharacter_at(bytes, position) => return Err(forbidden()),
            _ => {
                position += 1;
                continue;
            }
        };
        decoded.push_str(&raw[copied..position]);
        decoded.push(replacement);
        position += length;
        copied = position;
    }
    if copied == 0 {
        return Ok(Cow::Borrowed(raw));
    }
    decoded.push_str(&raw[copied..]);
    Ok(Cow::Owned(decoded))
}

impl Place {
    fn line_end(&self) -> char {
        match self {
            Self::Text => '\n',
            Self::Attribute => ' ',
        }
    }
}

/// The character that a reference at the start of `text` means, and how long the reference is.
fn reference(text: &str) -> Result<(char, usize)> {
    let (name, _) =
        text[1..].split_once(';').ok_or(Error::malformed("a reference is not closed"))?;
    let character = match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        _ => character_reference(name)?,
    };
    Ok((character, name.len() + 2))
}

fn character_reference(name: &str) -> Result<char> {
    let (digits, radix) = match name.strip_prefix("#x") {
        Some(digits) => (digits, 16),
        None => (name.strip_prefix('#').ok_or_else(unknown_reference)?, 10),
    };
    if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(unknown_reference());
    }
    u32::from_str_radix(digits, radix)
        .ok()
        .and_then(char::from_u32)
        .filter(|character| is_allowed(*character))
        .ok_or_else(unknown_reference)
}

fn unknown_reference() -> Error {
    Error::malformed("only the five predefined entities and references to characters are taken")
}

fn forbidden() -> Error {
    Error::malformed("the message holds a character that XML 1.0 forbids")
}
