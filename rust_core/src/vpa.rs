//! Virtual payment addresses, `local@handle`: one grammar, one normal form, one mask.

use crate::error::{Error, Result};

const LENGTH_MAXIMUM: usize = 255;
/// What a pseudo-handle of NPCI may end in, longest first.
const NPCI_ENDINGS: [&str; 4] = [".ifsc.npci", ".mmid.npci", ".iin.npci", ".npci"];

/// An address in lower case, in which it is compared and stored.
pub fn normalise_vpa(text: &str) -> Result<String> {
    if !(3..=LENGTH_MAXIMUM).contains(&text.len()) {
        return Err(Error::malformed("vpa must be of 3 to 255 characters"));
    }
    let lower = text.to_ascii_lowercase();
    let (local, handle) =
        lower.split_once('@').ok_or(Error::malformed("vpa must contain \"@\""))?;
    check_local(local)?;
    check_handle(handle)?;
    Ok(lower)
}

/// An address fit for logs: at most two characters of the local part, at most half of it.
pub fn mask_vpa(vpa: &str) -> String {
    let Ok(address) = normalise_vpa(vpa) else {
        return "***".to_owned();
    };
    match address.split_once('@') {
        Some((local, handle)) => format!("{}***@{handle}", &local[..2.min(local.len() / 2)]),
        None => "***".to_owned(),
    }
}

fn check_local(local: &str) -> Result<()> {
    let bytes = local.as_bytes();
    if !(2..=100).contains(&bytes.len()) {
        return Err(Error::malformed("vpa local part must be of 2 to 100 characters"));
    }
    if !bytes[0].is_ascii_alphanumeric() {
        return Err(Error::malformed("vpa local part must begin with a letter or digit"));
    }
    if !bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(byte)) {
        return Err(Error::malformed(
            "vpa local part may hold letters, digits, \".\", \"_\" and \"-\" only",
        ));
    }
    Ok(())
}

fn check_handle(handle: &str) -> Result<()> {
    let name = NPCI_ENDINGS.iter().find_map(|ending| handle.strip_suffix(ending)).unwrap_or(handle);
    if !(2..=64).contains(&name.len()) {
        return Err(Error::malformed("vpa handle must be of 2 to 64 characters"));
    }
    if !name.as_bytes()[0].is_ascii_alphabetic() {
        return Err(Error::malformed("vpa handle must begin with a letter"));
    }
    if !name.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Err(Error::malformed("vpa handle may hold letters and digits only"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn addresses_of_banks_and_of_npci_are_lowered() {
        assert_eq!(normalise_vpa("Asha.K@SimBank").unwrap(), "asha.k@simbank");
        assert_eq!(
            normalise_vpa("1234@SIMB0000001.IFSC.npci").unwrap(),
            "1234@simb0000001.ifsc.npci"
        );
        assert_eq!(normalise_vpa("1234@aadhaar.npci").unwrap(), "1234@aadhaar.npci");
    }

    #[test]
    fn a_mask_hides_at_least_half() {
        assert_eq!(mask_vpa("asha@simbank"), "as***@simbank");
        assert_eq!(mask_vpa("abc@simbank"), "a***@simbank");
        assert_eq!(mask_vpa("no address"), "***");
    }

    const ADDRESS: &str = "[A-Za-z0-9][A-Za-z0-9._-]{1,99}@[A-Za-z][A-Za-z0-9]{1,60}\
                           (\\.npci|\\.IFSC\\.npci|\\.mmid\\.npci)?";

    proptest! {
        #![proptest_config(crate::property::config())]

        #[test]
        fn any_text_is_an_address_or_an_error(text in "\\PC{0,20}(@\\PC{0,20})?") {
            let _ = normalise_vpa(&text);
            prop_assert!(mask_vpa(&text).contains("***"));
        }

        #[test]
        fn an_address_of_the_grammar_is_lowered_once(address in ADDRESS) {
            let normal = normalise_vpa(&address).unwrap();
            prop_assert_eq!(&normal, &address.to_ascii_lowercase());
            prop_assert_eq!(normalise_vpa(&normal), Ok(normal.clone()));
            let shown = mask_vpa(&address).find("***").unwrap();
            prop_assert!(shown <= 2 && 2 * shown <= normal.find('@').unwrap());
        }
    }
}
