//! The network: Bitcoin's messages, and the managers that speak them.

pub mod limits;
pub mod message;
