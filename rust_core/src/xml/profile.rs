//! The constants of UPI's signature profile.

/// The namespace of every root element.
pub const UPI_NAMESPACE: &str = "http://npci.org/upi/schema/";
/// The prefix with which we write it.
pub const UPI_PREFIX: &str = "upi";
/// The namespace of the Signature.
pub const SIGNATURE_NAMESPACE: &str = "http://www.w3.org/2000/09/xmldsig#";
/// The name of the Signature element, which nothing else may have.
pub const SIGNATURE: &str = "Signature";

/// Inclusive C14N 1.0 without comments.
pub const CANONICALISATION: &str = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315";
/// RSASSA-PKCS1-v1_5 with SHA-256.
pub const SIGNATURE_METHOD: &str = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";
/// The one transform: everything but the Signature itself.
pub const ENVELOPED: &str = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";
/// SHA-256.
pub const DIGEST_METHOD: &str = "http://www.w3.org/2001/04/xmlenc#sha256";

/// The longest message that is written or parsed.
pub const MESSAGE_BYTES_MAXIMUM: usize = 64 * 1024;
/// How many elements may stand in one another.
pub const DEPTH_MAXIMUM: usize = 16;
