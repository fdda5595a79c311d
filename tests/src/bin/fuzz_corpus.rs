//! Writes what fuzzers start from: `fuzz_corpus FOLDER` puts the inputs of each target into a folder of its name.

use std::{env, fs, io, path::Path, process::ExitCode};

use terrarium_core::fuzz::TARGETS;

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
        let own = folder.join(target.name);
        fs::create_dir_all(&own)?;
        for (number, input) in (target.corpus)().into_iter().enumerate() {
            fs::write(own.join(format!("from-the-tests-{number}")), input)?;
        }
    }
    Ok(())
}
