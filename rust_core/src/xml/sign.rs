//! Sign what a writer wrote.

use super::profile::{
    CANONICALISATION, DIGEST_METHOD, ENVELOPED, MESSAGE_BYTES_MAXIMUM, SIGNATURE_METHOD,
    SIGNATURE_NAMESPACE, UPI_NAMESPACE, UPI_PREFIX,
};
use super::write::{Name, Pair, Writer};
use crate::error::{Error, Result};
use crate::rsa::SigningKey;
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// A writer in which the root element of a message is open.
pub fn open_message(root: &str, attributes: &mut [Pair<'_>]) -> Result<Writer> {
    let mut writer = Writer::new();
    let name = Name { prefix: UPI_PREFIX, local: root };
    writer.start(name, &mut [(UPI_PREFIX, UPI_NAMESPACE)], attributes)?;
    Ok(writer)
}

/// Put the enveloped signature into a finished document, as the last child of its root.
pub fn sign(key: &SigningKey, document: String) -> Result<Vec<u8>> {
    let end_of_content =
        document.rfind("</").ok_or(Error::malformed("the document has no root element"))?;
    let info = signed_info(&STANDARD.encode(digest(&SHA256, document.as_bytes())));
    // On its own, SignedInfo shows every namespace in scope; in the document it inherits them.
    let octets = format!(
        "<SignedInfo xmlns=\"{SIGNATURE_NAMESPACE}\" xmlns:{UPI_PREFIX}=\"{UPI_NAMESPACE}\">\
         {info}</SignedInfo>"
    );
    let value = STANDARD.encode(key.sign(octets.as_bytes())?);
    let modulus = STANDARD.encode(key.verifying_key().modulus());
    let exponent = STANDARD.encode(key.verifying_key().exponent());
    let signature = format!(
        "<Signature xmlns=\"{SIGNATURE_NAMESPACE}\"><SignedInfo>{info}</SignedInfo>\
         <SignatureValue>{value}</SignatureValue><KeyInfo><KeyValue><RSAKeyValue>\
         <Modulus>{modulus}</Modulus><Exponent>{exponent}</Exponent>\
         </RSAKeyValue></KeyValue></KeyInfo></Signature>"
    );
    let mut signed = document.into_bytes();
    let root_end = signed.split_off(end_of_content);
    signed.extend_from_slice(signature.as_bytes());
    signed.extend_from_slice(&root_end);
    if signed.len() > MESSAGE_BYTES_MAXIMUM {
        return Err(Error::malformed("the message is longer than 64 KiB"));
    }
    Ok(signed)
}

/// The content of SignedInfo.
fn signed_info(digest: &str) -> String {
    format!(
        "<CanonicalizationMethod Algorithm=\"{CANONICALISATION}\"></CanonicalizationMethod>\
         <SignatureMethod Algorithm=\"{SIGNATURE_METHOD}\"></SignatureMethod>\
         <Reference URI=\"\"><Transforms><Transform Algorithm=\"{ENVELOPED}\"></Transform>\
         </Transforms><DigestMethod Algorithm=\"{DIGEST_METHOD}\"></DigestMethod>\
         <DigestValue>{digest}</DigestValue></Reference>"
    )
}
