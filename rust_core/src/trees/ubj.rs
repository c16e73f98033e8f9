//! Universal Binary JSON (draft 12) as XGBoost writes it: big-endian, typed lists with a length.

use super::document::{DEPTH_MAXIMUM, Document};
use crate::error::{Error, Result};

/// Read one document that fills all bytes.
pub(super) fn read(data: &[u8]) -> Result<Document> {
    let mut reader = Reader { data, at: 0 };
    let document = reader.value(0)?;
    if reader.at < data.len() {
        return Err(reader.wrong("something follows the document"));
    }
    Ok(document)
}

struct Reader<'a> {
    data: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn wrong(&self, what: &str) -> Error {
        Error::model(format!("the model's UBJ is malformed at byte {}: {what}", self.at))
    }

    fn take(&mut self, length: usize) -> Result<&[u8]> {
        let taken = self
            .at
            .checked_add(length)
            .and_then(|end| self.data.get(self.at..end))
            .ok_or_else(|| self.wrong("it ends too early"))?;
        self.at += length;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let mut bytes = [0; N];
        bytes.copy_from_slice(self.take(N)?);
        Ok(bytes)
    }

    fn marker(&mut self) -> Result<u8> {
        Ok(self.array::<1>()?[0])
    }

    /// Take a marker when it is there.
    fn skip(&mut self, marker: u8) -> bool {
        let found = self.data.get(self.at) == Some(&marker);
        self.at += usize::from(found);
        found
    }

    fn value(&mut self, depth: usize) -> Result<Document> {
        let marker = self.marker()?;
        self.value_of(marker, depth)
    }

    fn value_of(&mut self, marker: u8, depth: usize) -> Result<Document> {
        if depth > DEPTH_MAXIMUM {
            return Err(self.wrong("it is nested too deeply"));
        }
        Ok(match marker {
            b'Z' => Document::Null,
            b'T' => Document::Bool(true),
            b'F' => Document::Bool(false),
            b'd' => Document::Float(f32::from_be_bytes(self.array()?)),
            #[allow(clippy::cast_possible_truncation)] // Numbers of a model are float32.
            b'D' => Document::Float(f64::from_be_bytes(self.array()?) as f32),
            b'S' => Document::Text(self.string()?),
            b'C' => Document::Text(char::from(self.marker()?).to_string()),
            b'{' => self.table(depth)?,
            b'[' => self.list(depth)?,
            _ => Document::Integer(self.integer(marker)?),
        })
    }

    fn integer(&mut self, marker: u8) -> Result<i64> {
        Ok(match marker {
            b'i' => i64::from(i8::from_be_bytes(self.array()?)),
            b'U' => i64::from(u8::from_be_bytes(self.array()?)),
            b'I' => i64::from(i16::from_be_bytes(self.array()?)),
            b'l' => i64::from(i32::from_be_bytes(self.array()?)),
            b'L' => i64::from_be_bytes(self.array()?),
            _ => return Err(self.wrong("an unknown type")),
        })
    }

    fn length(&mut self) -> Result<usize> {
        let marker = self.marker()?;
        let length = self.integer(marker)?;
        usize::try_from(length).map_err(|_| self.wrong("a negative length"))
    }

    fn string(&mut self) -> Result<String> {
        let length = self.length()?;
        let bytes = self.take(length)?.to_vec();
        String::from_utf8(bytes).map_err(|_| self.wrong("a text is not UTF-8"))
    }

    fn table(&mut self, depth: usize) -> Result<Document> {
        if matches!(self.data.get(self.at), Some(b'$' | b'#')) {
            return Err(self.wrong("a table with a type or a length"));
        }
        let mut entries = Vec::new();
        while !self.skip(b'}') {
            let name = self.string()?;
            entries.push((name, self.value(depth + 1)?));
        }
        Ok(Document::Table(entries))
    }

    fn list(&mut self, depth: usize) -> Result<Document> {
        let item = if self.skip(b'$') { Some(self.marker()?) } else { None };
        if item.is_none() && self.data.get(self.at) != Some(&b'#') {
            let mut items = Vec::new();
            while !self.skip(b']') {
                items.push(self.value(depth + 1)?);
            }
            return Ok(Document::List(items));
        }
        if !self.skip(b'#') {
            return Err(self.wrong("a typed list must have a length"));
        }
        let length = self.length()?;
        // An item is at least one byte, so a length beyond the end is known before anything is
        // kept for it. Types without bytes would let a short text ask for any amount of memory.
        if matches!(item, Some(b'Z' | b'T' | b'F' | b'N')) || length > self.data.len() - self.at {
            return Err(self.wrong("a list is longer than the document"));
        }
        // Lists in lists could each claim the rest of the document, so only what is the last in
        // its branch has its room made at once.
        let room =
            if item.is_some_and(|marker| b"iUIlLdDC".contains(&marker)) { length } else { 0 };
        let mut items = Vec::with_capacity(room);
        for _ in 0..length {
            items.push(match item {
                Some(marker) => self.value_of(marker, depth + 1)?,
                None => self.value(depth + 1)?,
            });
        }
        Ok(Document::List(items))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typed_lists_and_tables_are_read() {
        let data =
            b"{L\0\0\0\0\0\0\0\x01a[$d#L\0\0\0\0\0\0\0\x02\x3f\x80\0\0\xbf\0\0\0i\x01b[TU\x05]}";
        let document = read(data).unwrap();
        assert_eq!(document.floats("a").unwrap(), [1.0, -0.5]);
        assert_eq!(document.integers("b").unwrap(), [1, 5]);
    }

    #[test]
    fn every_truncation_is_refused() {
        let data = b"{L\0\0\0\0\0\0\0\x01a[$d#L\0\0\0\0\0\0\0\x01\x3f\x80\0\0}";
        assert!(read(data).is_ok());
        for length in 0..data.len() {
            assert!(read(&data[..length]).is_err(), "{length}");
        }
    }

    #[test]
    fn a_length_beyond_the_end_asks_for_no_memory() {
        assert!(read(b"[$l#L\x7f\xff\xff\xff\xff\xff\xff\xff").is_err());
        assert!(read(b"[$Z#L\x00\x00\x00\x7f\xff\xff\xff\xff").is_err());
        assert!(read(b"SL\x7f\xff\xff\xff\xff\xff\xff\xff").is_err());
    }
}
