//! End-to-end tests: the built page in headless Chromium, through `window.terrarium` and the keyboard.

mod first_minute;
mod keyboard;
mod kills;
mod network;
mod screenshots;
mod scripting;
mod seeds;
mod single_file;
mod storage;
mod tabs;

use std::process::ExitCode;

use terrarium_tests::browser;

fn main() -> ExitCode {
    let tests = [
        first_minute::tests(),
        seeds::tests(),
        network::tests(),
        scripting::tests(),
        storage::tests(),
        kills::tests(),
        tabs::tests(),
        keyboard::tests(),
        single_file::tests(),
        screenshots::tests(),
    ];
    browser::run(tests.into_iter().flatten().collect())
}
