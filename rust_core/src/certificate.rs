//! The SubjectPublicKeyInfo inside an X.509 certificate (RFC 5280, section 4.1).
//!
//! The certificate is a container of a pinned key here, so nothing else in it is judged.

const SEQUENCE: u8 = 0x30;
const EXPLICIT_VERSION: u8 = 0xA0;
/// serialNumber, signature, issuer, validity and subject stand before the key.
const FIELDS_BEFORE_KEY: usize = 5;

/// The DER of the SubjectPublicKeyInfo, or None when the bytes are no certificate.
pub(crate) fn subject_public_key_info(certificate: &[u8]) -> Option<&[u8]> {
    let outer = Value::read(certificate)?;
    let to_be_signed = Value::read(outer.sequence()?)?;
    let mut fields = to_be_signed.sequence()?;
    if fields.first() == Some(&EXPLICIT_VERSION) {
        fields = Value::read(fields)?.after;
    }
    for _ in 0..FIELDS_BEFORE_KEY {
        fields = Value::read(fields)?.after;
    }
    let key = Value::read(fields)?;
    key.sequence().map(|_| key.whole)
}

/// One DER value and what follows it.
struct Value<'a> {
    tag: u8,
    content: &'a [u8],
    whole: &'a [u8],
    after: &'a [u8],
}

impl<'a> Value<'a> {
    fn read(input: &'a [u8]) -> Option<Self> {
        let (&tag, rest) = input.split_first()?;
        let (&first, mut rest) = rest.split_first()?;
        let mut length = usize::from(first);
        if first & 0x80 != 0 {
            let count = usize::from(first & 0x7F);
            // Four bytes of length are more than any certificate needs.
            if !(1..=4).contains(&count) {
                return None;
            }
            let (digits, content) = rest.split_at_checked(count)?;
            length = digits.iter().fold(0, |length, byte| (length << 8) | usize::from(*byte));
            rest = content;
        }
        let (content, after) = rest.split_at_checked(length)?;
        Some(Self { tag, content, whole: &input[..input.len() - after.len()], after })
    }

    fn sequence(&self) -> Option<&'a [u8]> {
        (self.tag == SEQUENCE).then_some(self.content)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lengths_beyond_the_input_are_refused() {
        assert!(subject_public_key_info(&[0x30, 0x84, 0xFF, 0xFF, 0xFF, 0xFF, 0]).is_none());
        assert!(subject_public_key_info(&[0x30, 0x80]).is_none());
        assert!(subject_public_key_info(&[]).is_none());
    }

    proptest! {
        #![proptest_config(crate::property::config())]

        #[test]
        fn any_bytes_are_a_certificate_or_none(
            header in prop::sample::select(vec![&[][..], &[0x30, 0x20, 0x30], &[0x30, 0x81, 0x90]]),
            bytes in prop::collection::vec(any::<u8>(), 0..200),
        ) {
            let _ = subject_public_key_info(&[header, &bytes].concat());
        }
    }
}
