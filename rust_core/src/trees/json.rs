//! JSON as XGBoost writes it (RFC 8259, and the words NaN, Infinity and -Infinity).
//!
//! Own code, because a float must become a float32 straight from its text.

use super::document::{DEPTH_MAXIMUM, Document};
use crate::error::{Error, Result};

/// Read one document that fills the whole text.
pub(super) fn read(data: &[u8]) -> Result<Document> {
    let text = std::str::from_utf8(data)
        .map_err(|_| Error::model("the model is neither JSON nor UBJ: it is not UTF-8"))?;
    let mut reader = Reader { text, at: 0 };
    let document = reader.value(0)?;
    reader.skip_space();
    if reader.at < text.len() {
        return Err(reader.wrong("something follows the document"));
    }
    Ok(document)
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn wrong(&self, what: &str) -> Error {
        Error::model(format!("the model's JSON is malformed at byte {}: {what}", self.at))
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    /// Take a byte after white space, when it is there.
    fn take(&mut self, byte: u8) -> bool {
        self.skip_space();
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn value(&mut self, depth: usize) -> Result<Document> {
        if depth > DEPTH_MAXIMUM {
            return Err(self.wrong("it is nested too deeply"));
        }
        self.skip_space();
        match self.peek() {
            Some(b'{') => self.table(depth),
            Some(b'[') => self.list(depth),
            Some(b'"') => Ok(Document::Text(self.string()?)),
            Some(_) => self.scalar(),
            None => Err(self.wrong("it ends too early")),
        }
    }

    fn table(&mut self, depth: usize) -> Result<Document> {
        self.at += 1;
        let mut entries = Vec::new();
        if self.take(b'}') {
            return Ok(Document::Table(entries));
        }
        loop {
            self.skip_space();
            let name = self.string()?;
            if !self.take(b':') {
                return Err(self.wrong("expected \":\""));
            }
            entries.push((name, self.value(depth + 1)?));
            if self.take(b'}') {
                return Ok(Document::Table(entries));
            }
            if !self.take(b',') {
                return Err(self.wrong("expected \",\" or \"}\""));
            }
        }
    }

    fn list(&mut self, depth: usize) -> Result<Document> {
        self.at += 1;
        let mut items = Vec::new();
        if self.take(b']') {
            return Ok(Document::List(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            if self.take(b']') {
                return Ok(Document::List(items));
            }
            if !self.take(b',') {
                return Err(self.wrong("expected \",\" or \"]\""));
            }
        }
    }

    fn scalar(&mut self) -> Result<Document> {
        let rest = &self.text[self.at..];
        let length = rest
            .bytes()
            .position(|byte| !(byte.is_ascii_alphanumeric() || b"+-.".contains(&byte)))
            .unwrap_or(rest.len());
        let word = &rest[..length];
        let document = match word {
            "null" => Document::Null,
            "true" => Document::Bool(true),
            "false" => Document::Bool(false),
            "NaN" => Document::Float(f32::NAN),
            "Infinity" => Document::Float(f32::INFINITY),
            "-Infinity" => Document::Float(f32::NEG_INFINITY),
            // Rust would also read "inf" and ".5", which are no JSON.
            _ if !starts_like_a_number(word) => return Err(self.wrong("expected a value")),
            // A whole number has no negative zero.
            "-0" => Document::Float(-0.0),
            _ => match (word.parse(), word.parse()) {
                (Ok(integer), _) => Document::Integer(integer),
                (_, Ok(float)) => Document::Float(float),
                _ => return Err(self.wrong("expected a number")),
            },
        };
        self.at += length;
        Ok(document)
    }

    fn string(&mut self) -> Result<String> {
        if self.peek() != Some(b'"') {
            return Err(self.wrong("expected a text"));
        }
        self.at += 1;
        let mut string = String::new();
        loop {
            let rest = &self.text[self.at..];
            let plain = rest.find(['"', '\\']).ok_or_else(|| self.wrong("a text does not end"))?;
            string.push_str(&rest[..plain]);
            self.at += plain + 1;
            if rest.as_bytes()[plain] == b'"' {
                return Ok(string);
            }
            string.push(self.escape()?);
        }
    }

    /// The character of an escape, after its backslash.
    fn escape(&mut self) -> Result<char> {
        let letter = self.peek().ok_or_else(|| self.wrong("a text does not end"))?;
        self.at += 1;
        Ok(match letter {
            b'"' => '"',
            b'\\' => '\\',
            b'/' => '/',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => return self.unicode(),
            _ => return Err(self.wrong("a text has an unknown escape")),
        })
    }

    fn unicode(&mut self) -> Result<char> {
        let high = self.hex()?;
        if !(0xD800..0xDC00).contains(&high) {
            return char::from_u32(high).ok_or_else(|| self.wrong("a text has half a surrogate"));
        }
        if !self.text[self.at..].starts_with("\\u") {
            return Err(self.wrong("a text has half a surrogate"));
        }
        self.at += 2;
        let low = self.hex()?;
        if !(0xDC00..0xE000).contains(&low) {
            return Err(self.wrong("a text has half a surrogate"));
        }
        let code = 0x1_0000 + ((high - 0xD800) << 10) + (low - 0xDC00);
        char::from_u32(code).ok_or_else(|| self.wrong("a text has half a surrogate"))
    }

    fn hex(&mut self) -> Result<u32> {
        let digits = self
            .text
            .get(self.at..self.at + 4)
            .filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
            .and_then(|digits| u32::from_str_radix(digits, 16).ok())
            .ok_or_else(|| self.wrong("an escape must have four hex digits"))?;
        self.at += 4;
        Ok(digits)
    }
}

fn starts_like_a_number(word: &str) -> bool {
    word.strip_prefix('-').unwrap_or(word).starts_with(|first: char| first.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_value_is_read() {
        let text = br#" {"a": [1, -2.5E-1, NaN, "x\"\u00e9\ud83d\ude00"], "b": {}, "c": null} "#;
        let Document::Table(entries) = read(text).unwrap() else { panic!("no table") };
        let Document::List(items) = &entries[0].1 else { panic!("no list") };
        assert_eq!(items[0], Document::Integer(1));
        assert_eq!(items[1], Document::Float(-0.25));
        assert!(matches!(items[2], Document::Float(number) if number.is_nan()));
        assert_eq!(items[3], Document::Text("x\"\u{e9}\u{1f600}".to_owned()));
        assert_eq!(entries[1].1, Document::Table(Vec::new()));
        assert_eq!(entries[2].1, Document::Null);
    }

    #[test]
    fn what_is_no_json_is_refused_with_its_place() {
        for text in [
            "",
            "{",
            "[1,]",
            "[1 2]",
            "{\"a\" 1}",
            "{\"a\":1,}",
            "\"a",
            "\"\\q\"",
            "\"\\ud800\"",
            "\"\\u12",
            "[inf]",
            "[.5]",
            "[+1]",
            "tru",
            "{} x",
            "[1e]",
            "\"\\ud800\\u0041\"",
        ] {
            let error = read(text.as_bytes()).unwrap_err().to_string();
            assert!(error.starts_with("the model's JSON is malformed at byte "), "{text}: {error}");
        }
    }

    #[test]
    fn nesting_is_bounded() {
        assert!(read("[".repeat(100_000).as_bytes()).is_err());
    }
}
