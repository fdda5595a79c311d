//! Announcing and running other programs.

use std::{
    ffi::OsStr,
    process::{Command, Stdio},
};

use crate::{Error, paths, tools};

/// Says what begins now, with how long it may take where that is more than some seconds.
pub(crate) fn announce(what: &str) {
    eprintln!("==> {what}");
}

/// `program`, to be run at the top of the repository with our tools first on PATH.
pub(crate) fn program(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.current_dir(paths::root()).env("PATH", tools::search_path());
    command
}

/// The cargo that runs xtask.
pub(crate) fn cargo() -> Command {
    program(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// Runs to the end; its output goes to the terminal.
pub(crate) fn run(command: &mut Command) -> Result<(), Error> {
    let status =
        command.status().map_err(|error| Error::io(format_args!("run {}", name(command)), &error))?;
    if status.success() { Ok(()) } else { Err(Error::new(format!("{} failed ({status})", name(command)))) }
}

/// What the program prints, or `None` where it cannot be run or fails.
pub(crate) fn output(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn name(command: &Command) -> String {
    let mut words = vec![command.get_program().to_string_lossy().into_owned()];
    words.extend(command.get_args().take(2).map(|word| word.to_string_lossy().into_owned()));
    words.join(" ")
}
