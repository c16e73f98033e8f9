//! A strict parser for the profile.
//!
//! It knows elements, attributes, text, the five predefined entities and character references.
//! Whatever else XML offers is refused, so that nothing can hide in it. What is not refused has
//! the meaning that XML 1.0 and Namespaces in XML 1.0 give it.

use super::characters::{
    NAME_BYTES, NAME_START_BYTES, is_allowed, is_before, is_noncharacter_at, is_whitespace,
};
use super::profile::{DEPTH_MAXIMUM, MESSAGE_BYTES_MAXIMUM};
use super::tree::{Builder, Span, Tree};
use crate::error::{Error, Result};

/// No UPI element comes near; it bounds the search for duplicates.
const ATTRIBUTES_MAXIMUM: usize = 64;

const DECLARATION: &str = "<?xml";

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
        attributes: Vec::with_capacity(ATTRIBUTES_MAXIMUM),
        growing: true,
        builder: Builder::of(input),
    }
    .document()
}

struct Parser<'a> {
    input: &'a str,
    position: usize,
    /// The qualified names of the open elements.
    open: Vec<&'a [u8]>,
    /// The qualified names of the attributes of the tag at hand.
    attributes: Vec<&'a [u8]>,
    /// Whether each of them is greater than the one before.
    growing: bool,
    builder: Builder<'a>,
}

/// A name as written, and where it was found.
struct Qualified<'a> {
    text: &'a [u8],
    prefix: Span,
    local: Span,
}

impl<'a> Parser<'a> {
    fn document(mut self) -> Result<Tree> {
        self.declaration()?;
        self.skip_whitespace();
        self.start_tag()?;
        while !self.open.is_empty() {
            match (self.peek(), self.bytes().get(self.position + 1)) {
                (Some(b'<'), Some(b'/')) => self.end_tag()?,
                (Some(b'<'), _) => self.start_tag()?,
                _ => self.text()?,
            }
        }
        self.skip_whitespace();
        match self.peek() {
            None => Ok(self.builder.finish()),
            Some(_) => Err(Error::malformed("something follows the root element")),
        }
    }

    /// `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>`; the last two may be missing.
    fn declaration(&mut self) -> Result<()> {
        let malformed = || Error::malformed("the XML declaration is not one of XML 1.0 in UTF-8");
        if !self.input.starts_with(DECLARATION) {
            return Ok(());
        }
        self.position = DECLARATION.len();
        let mut expected = [&b"version"[..], b"encoding", b"standalone"].into_iter();
        while self.skip_whitespace() && self.peek() != Some(b'?') {
            let name = self.qualified_name()?.text;
            let value = self.value()?;
            let value = self.builder.text(value);
            let acceptable = match name {
                b"version" => value == "1.0",
                b"encoding" => value.eq_ignore_ascii_case("UTF-8"),
                _ => value == "yes" || value == "no",
            };
            // The version comes first and may not be skipped; the others come in their order.
            let known = match expected.next() {
                Some(b"version") => name == b"version",
                Some(next) => name == next || expected.any(|next| next == name),
                None => false,
            };
            if !known || !acceptable {
                return Err(malformed());
            }
        }
        if expected.len() == 3 || !self.accept(b'?') || !self.accept(b'>') {
            return Err(malformed());
        }
        Ok(())
    }

    fn start_tag(&mut self) -> Result<()> {
        self.expect(b'<', "the message is not XML: an element is expected")?;
        match self.peek() {
            Some(b'!') => return Err(Error::malformed("DTDs, comments and CDATA are refused")),
            Some(b'?') => return Err(Error::malformed("processing instructions are refused")),
            _ => {}
        }
        if self.open.len() == DEPTH_MAXIMUM {
            return Err(Error::malformed("the message is deeper than 16 elements"));
        }
        let name = self.qualified_name()?;
        let mark = self.builder.mark();
        self.attributes.clear();
        self.growing = true;
        while self.skip_whitespace() {
            match self.peek() {
                Some(b'>' | b'/') => break,
                _ => self.attribute()?,
            }
        }
        self.builder.start(name.prefix, name.local, &mark);
        if self.accept(b'/') {
            self.builder.end();
        } else {
            self.open.push(name.text);
        }
        self.expect(b'>', "a start tag is not closed")
    }

    fn attribute(&mut self) -> Result<()> {
        let Qualified { text, prefix, local } = self.qualified_name()?;
        if self.attributes.len() == ATTRIBUTES_MAXIMUM {
            return Err(Error::malformed("an element has more than 64 attributes"));
        }
        // While names only grow, as in canonical XML, none can have been there before.
        self.growing &= self.attributes.last().is_none_or(|last| is_before(last, text));
        if !self.growing && self.attributes.contains(&text) {
            return Err(Error::malformed("an attribute occurs twice"));
        }
        self.attributes.push(text);
        let value = self.value()?;
        if text.starts_with(b"xmlns") {
            match text.get(b"xmlns".len()) {
                None => return self.namespace(Span::default(), value),
                Some(b':') => return self.namespace(local, value),
                Some(_) => {}
            }
        }
        if !prefix.is_empty() {
            return Err(Error::malformed("an attribute has a prefix"));
        }
        self.builder.attribute(local, value);
        Ok(())
    }

    fn namespace(&mut self, prefix: Span, uri: Span) -> Result<()> {
        // Prefixes that begin with xml are reserved (Namespaces in XML 1.0, section 3).
        let start = self.builder.text(prefix).get(..3).unwrap_or_default();
        if start.eq_ignore_ascii_case("xml") || uri.is_empty() {
            return Err(Error::malformed("a namespace declaration is reserved or empty"));
        }
        self.builder.namespace(prefix, uri);
        Ok(())
    }

    /// `= "value"`, as it is meant.
    fn value(&mut self) -> Result<Span> {
        self.skip_whitespace();
        self.expect(b'=', "an attribute has no value")?;
        self.skip_whitespace();
        let (quote, special) = match self.peek() {
            Some(b'"') => (b'"', &IN_DOUBLE_QUOTES),
            Some(b'\'') => (b'\'', &IN_SINGLE_QUOTES),
            _ => return Err(Error::malformed("an attribute value is not in quotes")),
        };
        self.position += 1;
        let begin = self.position;
        let plain = self.count(|byte| !special[usize::from(byte)]);
        let more = self.distance(begin + plain, quote);
        let more = more.ok_or(Error::malformed("an attribute value is not closed"))?;
        self.position = begin + plain + more + 1;
        self.content(begin, plain, more, &Place::Attribute)
    }

    fn end_tag(&mut self) -> Result<()> {
        self.position += "</".len();
        let name = self.open.pop().unwrap_or_default();
        if !self.bytes()[self.position..].starts_with(name) {
            return Err(Error::malformed("an end tag does not fit its start tag"));
        }
        self.position += name.len();
        self.skip_whitespace();
        self.expect(b'>', "an end tag does not fit its start tag")?;
        self.builder.end();
        Ok(())
    }

    fn text(&mut self) -> Result<()> {
        let begin = self.position;
        let plain = self.count(|byte| !IN_TEXT[usize::from(byte)]);
        let more = self.distance(begin + plain, b'<');
        let more = more.ok_or(Error::malformed("the message ends before its root element does"))?;
        self.position = begin + plain + more;
        let text = self.content(begin, plain, more, &Place::Text)?;
        self.builder.content(text);
        Ok(())
    }

    /// What `plain` bytes that mean themselves, and `more` that are still to be looked at, mean.
    fn content(&mut self, begin: usize, plain: usize, more: usize, place: &Place) -> Result<Span> {
        let end = begin + plain + more;
        if more == 0 {
            return Ok(Span::new(begin, end));
        }
        let mut decoded = String::with_capacity(plain + more);
        decode(&self.input[begin..end], plain, place, &mut decoded)?;
        Ok(self.builder.keep(&decoded))
    }

    fn qualified_name(&mut self) -> Result<Qualified<'a>> {
        let begin = self.position;
        let mut prefix = Span::default();
        let mut local = self.name()?;
        if self.accept(b':') {
            prefix = local;
            local = self.name()?;
        }
        Ok(Qualified { text: &self.bytes()[begin..self.position], prefix, local })
    }

    /// A name without a colon.
    fn name(&mut self) -> Result<Span> {
        let begin = self.position;
        if !self.peek().is_some_and(|byte| NAME_START_BYTES[usize::from(byte)]) {
            return Err(Error::malformed("a name is not an ASCII name of XML"));
        }
        self.position += self.count(|byte| NAME_BYTES[usize::from(byte)]);
        Ok(Span::new(begin, self.position))
    }

    /// Whether white space was there.
    fn skip_whitespace(&mut self) -> bool {
        let length = self.count(is_whitespace);
        self.position += length;
        length > 0
    }

    /// How far it is from a place to the next such byte.
    fn distance(&self, from: usize, to: u8) -> Option<usize> {
        self.bytes()[from..].iter().position(|byte| *byte == to)
    }

    /// How many bytes from here on are of a kind.
    fn count(&self, kind: impl Fn(u8) -> bool) -> usize {
        self.bytes()[self.position..].iter().take_while(|byte| kind(**byte)).count()
    }

    fn accept(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.position += usize::from(found);
        found
    }

    fn expect(&mut self, byte: u8, otherwise: &'static str) -> Result<()> {
        if self.accept(byte) { Ok(()) } else { Err(Error::malformed(otherwise)) }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes().get(self.position).copied()
    }

    fn bytes(&self) -> &'a [u8] {
        self.input.as_bytes()
    }
}

enum Place {
    Text,
    Attribute,
}

/// The bytes that may mean something else than themselves, or be forbidden.
static IN_TEXT: [bool; 256] = special(b'>', false);
static IN_DOUBLE_QUOTES: [bool; 256] = special(b'"', true);
static IN_SINGLE_QUOTES: [bool; 256] = special(b'\'', true);

const fn special(delimiter: u8, white_space: bool) -> [bool; 256] {
    let mut table = [false; 256];
    let mut control = 0;
    while control < 0x20 {
        table[control] = true;
        control += 1;
    }
    table[b'\t' as usize] = white_space;
    table[b'\n' as usize] = white_space;
    table[b'&' as usize] = true;
    table[b'<' as usize] = true;
    table[delimiter as usize] = true;
    table[0xEF] = true;
    table
}

/// Resolve references and normalise line ends and, in attributes, white space (XML 1.0, sections
/// 2.11, 3.3.3 and 4.1). The bytes before `position` mean themselves.
fn decode(raw: &str, mut position: usize, place: &Place, decoded: &mut String) -> Result<()> {
    let bytes = raw.as_bytes();
    let mut copied = 0;
    while let Some(byte) = bytes.get(position) {
        let (replacement, length) = match (byte, place) {
            (b'&', _) => reference(&raw[position..])?,
            (b'\r', _) if bytes.get(position + 1) == Some(&b'\n') => (place.line_end(), 2),
            (b'\r', _) => (place.line_end(), 1),
            (b'\n' | b'\t', Place::Attribute) => (' ', 1),
            (b'<', Place::Attribute) => {
                return Err(Error::malformed("an attribute value holds \"<\""));
            }
            (b'>', Place::Text) if bytes[..position].ends_with(b"]]") => {
                return Err(Error::malformed("text holds \"]]>\""));
            }
            (0..0x20, _) if !matches!(byte, b'\n' | b'\t') => return Err(forbidden()),
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
    decoded.push_str(&raw[copied..]);
    Ok(())
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
