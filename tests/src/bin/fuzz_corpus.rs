//! Writes what fuzzers start from: `fuzz_corpus FOLDER` puts the inputs of each target into a folder of its name.

use std::{env, fs, io, path::Path, process::ExitCode};

use terrarium_core::fuzz::TARGETS;
use terrarium_link::fuzz::TARGETS as LINK_TARGETS;

fn main() -> ExitCode {
    let Some(folder) = env::args_os().nth(1) else {
        eprintln!("usage: fuzz_corpus FOLDER");
        return ExitCode::FAILURE;
    };
    match write(Path::new(&folder)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("cannot write {}: {error}", Path::new(&folder).display());
            ExitCode::FAILURE
        }
    }
}

fn write(folder: &Path) -> io::Result<()> {
    for target in TARGETS {
        write_target(folder, target.name, (target.corpus)())?;
    }
    for target in LINK_TARGETS {
        write_target(folder, target.name, (target.corpus)())?;
    }
    Ok(())
}

fn write_target(folder: &Path, name: &str, corpus: Vec<Vec<u8>>) -> io::Result<()> {
    let own = folder.join(name);
    fs::create_dir_all(&own)?;
    for (number, input) in corpus.into_iter().enumerate() {
        fs::write(own.join(format!("from-the-tests-{number}")), input)?;
    }
    Ok(())
}
