//! Which characters and names may occur.

/// Whether XML 1.0 allows a character at all (section 2.2, Char).
pub(super) fn is_allowed(character: char) -> bool {
    match character {
        '\t' | '\n' | '\r' => true,
        '\u{FFFE}' | '\u{FFFF}' => false,
        _ => character >= ' ',
    }
}

/// Whether the bytes at `position`, which hold 0xEF, are U+FFFE or U+FFFF.
pub(super) fn is_noncharacter_at(bytes: &[u8], position: usize) -> bool {
    matches!(bytes.get(position..position + 3), Some([0xEF, 0xBF, 0xBE | 0xBF]))
}

/// The bytes of which a name without a colon is made. UPI's names are ASCII; no other is taken.
pub(super) static NAME_BYTES: [bool; 256] = table(b"-.0123456789");

/// The bytes with which such a name begins.
pub(super) static NAME_START_BYTES: [bool; 256] = table(b"");

/// ASCII letters, the underscore, and more.
const fn table(more: &[u8]) -> [bool; 256] {
    let mut table = [false; 256];
    let mut byte: u8 = 0;
    while byte < 128 {
        table[byte as usize] = byte.is_ascii_alphabetic() || byte == b'_';
        byte += 1;
    }
    let mut index = 0;
    while index < more.len() {
        table[more[index] as usize] = true;
        index += 1;
    }
    table
}

/// Whether a text is a name without a colon.
pub(super) fn is_name(name: &str) -> bool {
    let bytes = name.as_bytes();
    bytes.first().is_some_and(|first| NAME_START_BYTES[usize::from(*first)])
        && bytes.iter().all(|byte| NAME_BYTES[usize::from(*byte)])
}

/// Whether a byte is white space of XML (section 2.3, S).
pub(super) fn is_whitespace(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

/// Whether a text is nothing but white space of XML.
pub(super) fn is_blank(text: &str) -> bool {
    text.bytes().all(is_whitespace)
}

/// Whether a name comes before another in the order of bytes, which is that of canonical XML.
pub(super) fn is_before(left: &[u8], right: &[u8]) -> bool {
    match (left.first(), right.first()) {
        // Most names differ here, which spares the call of memcmp.
        (Some(left), Some(right)) if left != right => left < right,
        _ => left < right,
    }
}

/// Whether two texts are equal, where either may well be empty.
///
/// Comparing slices ends in memcmp of the C library, which may read an empty text's address under
/// an all-zero mask; that is harmless but slow, as the address of "" is no mapped one.
pub(super) fn is_same(left: &str, right: &str) -> bool {
    left.bytes().eq(right.bytes())
}
