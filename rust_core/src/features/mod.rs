//! What is remembered of users, merchants, instruments, devices and addresses, and the vector of
//! features that a payment makes of it. Time is always an argument.

/// The last vectors handed out, so that a repeated payment gets the same one.
mod answers;
/// What a model says of a payment.
mod assessment;
/// The bytes of a record.
mod codec;
/// Exponential decay, to the bit the same on every machine.
mod decay;
/// How many different values were seen in a day.
mod distinct;
/// Distance on the globe, speed, and the cells that places are compared by.
mod geo;
/// What an entity or a payment is known by.
mod identity;
/// The kinds of entities.
mod kind;
/// A payment as the features see it, and the label that it gets later.
mod payment;
/// The entities of one kind in one shard.
mod pool;
/// A few values, the latest first.
mod recent;
/// All that is remembered of one entity.
mod record;
/// Exact counts by minute and by hour.
mod ring;
/// Every feature: its place, name, unit, meaning, and when it is missing.
mod schema;
/// The whole store as bytes.
mod snapshot;
/// The store in this process.
mod store;
/// The vector of a payment.
mod vector;

pub use assessment::{Assessment, assess, check_model};
pub use identity::Key;
pub use kind::Kind;
pub use payment::{Entities, Fields, Label, Payment, checked_utc_offset_s};
pub use record::{Arrival, Record};
pub use schema::{FEATURES, Feature, SCHEMA_VERSION, Slot};
pub use store::Store;
pub use vector::{Vector, vector_of_records};
