//! A test in a network of its own: the test binary runs itself once more, for that test alone, in a new network namespace in
//! which the machine has an address that is not loopback. The namespace goes with its last process, and nothing of it
//! shows outside.

use std::{
    env,
    net::Ipv4Addr,
    process::{Command, Output},
};

use libtest_mimic::{Completion, Failed};

/// The machine's address in there. Browsers take a page that comes from it by plain http for insecure.
pub const ADDRESS: Ipv4Addr = Ipv4Addr::new(10, 99, 0, 1);

/// Set for whoever is inside.
const INSIDE: &str = "TERRARIUM_OWN_NETWORK";

/// Whoever is not root has namespaces, where the machine lets them, as root of a user namespace.
const WAYS: [&[&str]; 2] = [&["--net"], &["--map-root-user", "--net"]];

/// Sets the network up, a card with a cable to another one, and becomes the program that it is given. Chromium tells others
/// the address from which it would reach the world, so there is a way there.
const SET_UP: &str = "ip link set lo up && ip link add card type veth peer name wire \
    && ip address add \"$1/24\" dev card && ip link set card up && ip link set wire up \
    && ip route add default dev card && shift && exec \"$@\"";

/// Whether this process has been started by [`run`].
pub(crate) fn is_inside() -> bool {
    env::var_os(INSIDE).is_some()
}

/// Runs the test of this name in a network of its own; ignored where the machine gives none.
pub(crate) fn run(test: &str) -> Result<Completion, Failed> {
    let program = env::current_exe()?;
    let mut refused = String::new();
    for way in WAYS {
        match inside(way).arg("true").output() {
            Err(error) => refused = format!("unshare: {error}"),
            Ok(output) if !output.status.success() => refused = said(&output),
            Ok(_) => {
                let output = inside(way).arg(program).args(["--exact", test]).env(INSIDE, "1").output()?;
                return if output.status.success() {
                    Ok(Completion::Completed)
                } else {
                    Err(Failed::from(said(&output)))
                };
            }
        }
    }
    Ok(Completion::ignored_with(format!("no network of its own is to be had: {}", refused.trim())))
}

/// What runs a program, named by the arguments that follow, in a network of its own.
fn inside(way: &[&str]) -> Command {
    let mut command = Command::new("unshare");
    command.args(way).args(["sh", "-c", SET_UP, "sh", &ADDRESS.to_string()]);
    command
}

/// Indented, or its results would be taken for those of who is outside.
fn said(output: &Output) -> String {
    let text = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes)).concat();
    text.lines().map(|line| format!("    {line}\n")).collect()
}
