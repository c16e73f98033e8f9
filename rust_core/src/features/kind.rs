use crate::error::{Error, Result};

/// What a record is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Kind {
    /// The customer.
    User,
    /// What is paid with: a VPA or a card's fingerprint.
    Instrument,
    /// What the customer holds in their hand.
    Device,
    /// The address that the request came from.
    Ip,
    /// The one who is paid; a terminal where there are several.
    Merchant,
}

impl Kind {
    /// How many kinds there are.
    pub const COUNT: usize = 5;

    /// All kinds, the narrowest first: the first one that a payment names decides whether the
    /// payment was counted before, because its record keeps a payment's tag the longest.
    pub const ALL: [Self; Self::COUNT] =
        [Self::User, Self::Instrument, Self::Device, Self::Ip, Self::Merchant];

    /// The name in Python.
    pub fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Instrument => "instrument",
            Self::Device => "device",
            Self::Ip => "ip",
            Self::Merchant => "merchant",
        }
    }

    /// The kind of a name.
    pub fn from_name(name: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name).ok_or(Error::malformed(
            "kind must be one of user, instrument, device, ip and merchant",
        ))
    }

    /// The kind that is counted as different values within a day: whom a payer pays, who pays
    /// from here.
    pub(super) fn counts_distinct(self) -> Self {
        match self {
            Self::User | Self::Instrument => Self::Merchant,
            Self::Device | Self::Ip | Self::Merchant => Self::Instrument,
        }
    }
}
