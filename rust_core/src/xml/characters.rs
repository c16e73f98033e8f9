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

/// Whether a text is a name without a colon. UPI's names are ASCII, so no other is taken.
pub(super) fn is_name(name: &str) -> bool {
    let bytes = name.as_bytes();
    bytes.first().is_some_and(|first| first.is_ascii_alphabetic() || *first == b'_')
        && bytes.iter().all(|byte| is_name_byte(*byte) && *byte != b':')
}

/// Whether a byte may occur in a name, or separates its prefix.
pub(super) fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b':')
}

/// Whether a byte is white space of XML (section 2.3, S).
pub(super) fn is_whitespace(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

/// Whether a text is nothing but white space of XML.
pub(super) fn is_blank(text: &str) -> bool {
    text.bytes().all(is_whitespace)
}
