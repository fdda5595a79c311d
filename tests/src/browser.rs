//! The built page in a real Chromium: a server, a driver, a fresh profile for each test, and the calls that tests make.
//!
//! [`run`] is the main function of a test binary. Where Chromium, chromedriver or a built page is missing, its tests are
//! reported as ignored with the reason, never as passed.

mod driver;
mod environment;
mod expect;
mod own_network;
mod page;
mod profile;
mod runner;
mod stage;
mod tabs;
mod workers;

pub use driver::Switches;
pub use environment::Environment;
pub use expect::{expect, expect_text};
pub use own_network::ADDRESS as OWN_NETWORK;
pub use page::{Page, Screen};
pub use runner::{Outcome, Test, run};
pub use stage::Stage;
