//! RSASSA-PKCS1-v1_5 with SHA-256. A key is parsed and checked once, and used many times.

use crate::certificate::subject_public_key_info;
use crate::error::{Error, Result};
use crate::mac::write_hex;
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, PublicKey};
use aws_lc_rs::signature::{
    KeyPair as _, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256,
};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, SubjectPublicKeyInfoDer};
use std::sync::Arc;

const MODULUS_BYTES_MINIMUM: usize = 256;
const TOO_SHORT: Error = Error::KeyFormat("the RSA key must have at least 2048 bits");

/// An RSA private key.
pub struct SigningKey {
    pair: KeyPair,
    public: VerifyingKey,
}

impl SigningKey {
    /// Read an unencrypted PKCS#8 or PKCS#1 PEM.
    pub fn from_pem(pem: &[u8]) -> Result<Self> {
        let der = PrivateKeyDer::from_pem_slice(pem)
            .map_err(|_| Error::KeyFormat("the private key is not an unencrypted PEM"))?;
        let pair = match &der {
            PrivateKeyDer::Pkcs8(der) => KeyPair::from_pkcs8(der.secret_pkcs8_der()),
            PrivateKeyDer::Pkcs1(der) => KeyPair::from_der(der.secret_pkcs1_der()),
            _ => return Err(Error::KeyFormat("the private key is neither PKCS#8 nor PKCS#1")),
        };
        let pair = pair.map_err(|_| {
            Error::KeyFormat("the private key is not an RSA key of 2048 to 8192 bits")
        })?;
        let public = VerifyingKey::new(pair.public_key().clone())?;
        Ok(Self { pair, public })
    }

    /// The signature of a message.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>> {
        let mut signature = vec![0; self.pair.public_modulus_len()];
        self.pair
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature)
            .map_err(|_| Error::Signature("the key could not sign"))?;
        Ok(signature)
    }

    /// The public half.
    pub fn verifying_key(&self) -> &VerifyingKey {
        &self.public
    }
}

/// An RSA public key; cheap to clone.
#[derive(Clone)]
pub struct VerifyingKey(Arc<Public>);

struct Public {
    key: PublicKey,
    parsed: ParsedPublicKey,
    fingerprint: String,
}

impl VerifyingKey {
    /// Read a `PUBLIC KEY` or the key of a `CERTIFICATE`.
    pub fn from_pem(pem: &[u8]) -> Result<Self> {
        if let Ok(der) = SubjectPublicKeyInfoDer::from_pem_slice(pem) {
            return Self::from_spki(&der);
        }
        let certificate = CertificateDer::from_pem_slice(pem).map_err(|_| {
            Error::KeyFormat("the public key is neither a PUBLIC KEY nor a CERTIFICATE PEM")
        })?;
        let der = subject_public_key_info(&certificate)
            .ok_or(Error::KeyFormat("the certificate cannot be parsed"))?;
        Self::from_spki(der)
    }

    fn from_spki(der: &[u8]) -> Result<Self> {
        let key = PublicKey::from_der(der)
            .map_err(|_| Error::KeyFormat("the public key is not an RSA key"))?;
        Self::new(key)
    }

    fn new(key: PublicKey) -> Result<Self> {
        if key.modulus_len() < MODULUS_BYTES_MINIMUM
            || key.modulus().big_endian_without_leading_zero()[0] < 0x80
        {
            return Err(TOO_SHORT);
        }
        let unusable = Error::KeyFormat("the public key is not usable");
        let spki = AsDer::as_der(&key).map_err(|_| unusable.clone())?;
        let fingerprint = write_hex(digest(&SHA256, spki.as_ref()).as_ref());
        let parsed = ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, spki.as_ref())
            .map_err(|_| unusable)?;
        Ok(Self(Arc::new(Public { key, parsed, fingerprint })))
    }

    /// Check the signature of a message.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<()> {
        self.0
            .parsed
            .verify_sig(message, signature)
            .map_err(|_| Error::Signature("the RSA signature is wrong"))
    }

    /// SHA-256 over the SubjectPublicKeyInfo, in hex.
    pub fn fingerprint(&self) -> &str {
        &self.0.fingerprint
    }

    /// The modulus, big-endian, without leading zeros.
    pub fn modulus(&self) -> &[u8] {
        self.0.key.modulus().big_endian_without_leading_zero()
    }

    /// The public exponent, big-endian, without leading zeros.
    pub fn exponent(&self) -> &[u8] {
        self.0.key.exponent().big_endian_without_leading_zero()
    }
}
