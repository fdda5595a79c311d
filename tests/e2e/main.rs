//! End-to-end tests: the built page in headless Chromium, through `window.terrarium` and the keyboard.

mod accelerator;
mod bad_input;
mod browsers;
mod cards;
mod clock;
mod conditions;
mod crashes;
mod direct;
mod events;
mod first_minute;
mod full_disk;
mod garbage;
mod helpers;
mod keyboard;
mod kills;
mod loading;
mod map;
mod moving;
mod network;
mod pace;
mod peers;
mod plain_http;
mod room;
mod screenshots;
mod scripting;
mod seeds;
mod single_file;
mod storage;
mod tabs;
mod teacher;
mod terminals;
mod trace;
mod unfit;
mod wallet;

use std::process::ExitCode;

use terrarium_tests::browser;

fn main() -> ExitCode {
    let tests = [
        first_minute::tests(),
        loading::tests(),
        unfit::tests(),
        seeds::tests(),
        network::tests(),
        room::tests(),
        direct::tests(),
        plain_http::tests(),
        browsers::tests(),
        teacher::tests(),
        pace::tests(),
        scripting::tests(),
        bad_input::tests(),
        storage::tests(),
        full_disk::tests(),
        crashes::tests(),
        garbage::tests(),
        kills::tests(),
        helpers::tests(),
        accelerator::tests(),
        tabs::tests(),
        keyboard::tests(),
        cards::tests(),
        wallet::tests(),
        map::tests(),
        moving::tests(),
        trace::tests(),
        peers::tests(),
        terminals::tests(),
        clock::tests(),
        conditions::tests(),
        events::tests(),
        single_file::tests(),
        screenshots::tests(),
    ];
    browser::run(tests.into_iter().flatten().collect())
}
