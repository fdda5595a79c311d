//! Making blocks: the assembler fills a template from the mempool, the search finds the nonce that solves it. Knows
//! the chain and the mempool; who mines when, and at what rate, is for the node and its host to know.

mod assembler;
mod scanner;
mod search;
mod template;
#[cfg(test)]
mod tests;

pub use assembler::{BlockAssembler, RESERVED_SIGOPS_COST, RESERVED_WEIGHT};
pub use scanner::HeaderScanner;
pub use search::search;
pub use template::BlockTemplate;
