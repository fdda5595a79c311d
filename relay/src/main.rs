//! The relay's command.

mod args;

use args::Wish;
use std::path::Path;
use std::process::ExitCode;
use terrarium_relay::{Options, Relay, Site};

mod embedded {
    include!(concat!(env!("OUT_DIR"), "/embedded.rs"));
}

fn main() -> ExitCode {
    let (options, log) = match args::read(std::env::args().skip(1)) {
        Ok(Wish::Serve { options, log }) => (options, log),
        Ok(Wish::Help) => {
            print!("{}", args::HELP);
            return ExitCode::SUCCESS;
        }
        Err(error) => return fail(&error),
    };
    if log {
        terrarium_relay::log::turn_on();
    }
    match run(*options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

fn fail(error: &str) -> ExitCode {
    eprintln!("terrarium-relay: {error}");
    ExitCode::FAILURE
}

fn run(options: Options) -> Result<(), String> {
    let runtime = tokio::runtime::Runtime::new().map_err(|error| error.to_string())?;
    let site = site()?;
    runtime.block_on(async {
        let relay = Relay::bind(options, site).await.map_err(|error| error.to_string())?;
        greet(&relay)?;
        relay.serve(interrupted()).await;
        Ok(())
    })
}

/// The page in this program, or, for development, that of the folder `TERRARIUM_SITE`.
fn site() -> Result<Site, String> {
    let site = match std::env::var_os("TERRARIUM_SITE") {
        Some(folder) => Site::of_folder(Path::new(&folder)).map_err(|error| error.to_string())?,
        None => Site::of(embedded::FILES.iter().map(|(path, body)| ((*path).to_owned(), (*body).into()))),
    };
    if site.is_empty() {
        return Err("built without a page: use cargo xtask relay".to_owned());
    }
    Ok(site)
}

fn greet(relay: &Relay) -> Result<(), String> {
    let (code, link) = relay.teachers_room().map_err(|error| error.to_string())?;
    let first = relay.urls().first().cloned().unwrap_or_default();
    println!("Terrarium's relay   (Ctrl-C ends it)\n");
    println!("Teacher (keep this link to yourself):");
    println!("  {first}{link}\n");
    println!("Students, room {code}:");
    for url in relay.urls() {
        println!("  {url}#room={code}");
    }
    println!("{}", terrarium_relay::qr(&format!("{first}#room={code}")));
    Ok(())
}

/// Ctrl-C, or what ends a service.
async fn interrupted() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    // A console that is closed, and a machine that is shut down.
    #[cfg(windows)]
    {
        use tokio::signal::windows::{ctrl_close, ctrl_shutdown};
        if let (Ok(mut close), Ok(mut shutdown)) = (ctrl_close(), ctrl_shutdown()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = close.recv() => {}
                _ = shutdown.recv() => {}
            }
            return;
        }
    }
    // Where even this cannot be listened for, the relay ends at once.
    let _ = tokio::signal::ctrl_c().await;
}
