//! The tools that a build needs, and how each is installed where it is missing.

use std::{
    env,
    ffi::OsString,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    Error, paths,
    process::{announce, cargo, output, program, run},
};

/// Trunk bundles the page. 0.22 wants a newer compiler than `rust-version`.
const TRUNK: CargoTool = CargoTool { package: "trunk", binary: "trunk", version: "0.21.14", minutes: 4 };
/// Must equal the crate wasm-bindgen in Cargo.toml and `[tools]` in Trunk.toml.
const WASM_BINDGEN: CargoTool =
    CargoTool { package: "wasm-bindgen-cli", binary: "wasm-bindgen", version: "0.2.129", minutes: 2 };
/// Builds and runs fuzz targets.
const CARGO_FUZZ: CargoTool =
    CargoTool { package: "cargo-fuzz", binary: "cargo-fuzz", version: "0.13.2", minutes: 2 };
/// wasm-opt's version. Older ones, Debian's among them, do not read what today's rustc writes.
const BINARYEN: u32 = 132;
/// What page and worker are compiled for.
pub(crate) const WASM_TARGET: &str = "wasm32-unknown-unknown";

/// Names under which distributions install the browser.
pub const BROWSERS: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
/// Debian's and Ubuntu's packages.
const BROWSER_PACKAGES: [&str; 3] = ["chromium", "chromium-driver", "fonts-noto-cjk"];

struct CargoTool {
    package: &'static str,
    binary: &'static str,
    version: &'static str,
    minutes: u32,
}

/// PATH with our tools before everything else.
pub fn search_path() -> OsString {
    let own = [paths::tools().join("bin"), npm_folder().join("node_modules/.bin")];
    let inherited = env::var_os("PATH").unwrap_or_default();
    env::join_paths(own.into_iter().chain(env::split_paths(&inherited))).unwrap_or(inherited)
}

/// Finds a program on [`search_path`].
pub fn find(name: &str) -> Option<PathBuf> {
    env::split_paths(&search_path()).map(|folder| folder.join(name)).find(|file| file.is_file())
}

/// Everything that building the page takes; installs what is missing.
pub(crate) fn ensure_build_tools() -> Result<(), Error> {
    ensure_wasm_target()?;
    ensure_wasm_bindgen()?;
    ensure_cargo_tool(&TRUNK)?;
    ensure_wasm_opt()
}

/// Chromium and its driver, and a font that has Chinese, for tests.
///
/// # Errors
/// One line that says what to install, where apt-get cannot.
pub(crate) fn ensure_browser() -> Result<(), Error> {
    let missing = || BROWSERS.iter().all(|name| find(name).is_none()) || find("chromedriver").is_none();
    // The Chinese half of the page would be photographed as boxes. Where nobody can say, it is not asked for.
    let lacks_chinese =
        output(program("fc-list").args([":lang=zh", "family"])).is_some_and(|fonts| fonts.is_empty());
    if !missing() && !lacks_chinese {
        return Ok(());
    }
    if find("apt-get").is_some() {
        announce("Installing Chromium, chromedriver and a Chinese font with apt-get (about 2 minutes)");
        // What fails here shows in what is still missing afterwards.
        drop(run(apt_get().args(["update", "-qq"])));
        drop(run(apt_get().args(["install", "-y", "-qq", "--no-install-recommends"]).args(BROWSER_PACKAGES)));
    }
    if missing() {
        return Err(Error::new(
            "missing: Chromium and chromedriver of one version, on PATH; tests in a browser are skipped",
        ));
    }
    Ok(())
}

fn apt_get() -> Command {
    let is_root = output(program("id").arg("-u")).is_some_and(|id| id == "0");
    let mut command = if is_root { program("apt-get") } else { program("sudo") };
    if !is_root {
        command.args(["-n", "apt-get"]);
    }
    command.env("DEBIAN_FRONTEND", "noninteractive");
    command
}

/// wasm-bindgen's command line tools, its test runner among them.
pub(crate) fn ensure_wasm_bindgen() -> Result<(), Error> {
    ensure_cargo_tool(&WASM_BINDGEN)
}

/// What builds and runs fuzz targets.
pub(crate) fn ensure_cargo_fuzz() -> Result<(), Error> {
    ensure_cargo_tool(&CARGO_FUZZ)
}

/// The compiler's part for [`WASM_TARGET`].
pub(crate) fn ensure_wasm_target() -> Result<(), Error> {
    ensure_target(WASM_TARGET)
}

/// The compiler's part for a target.
pub(crate) fn ensure_target(target: &str) -> Result<(), Error> {
    let libraries = output(program("rustc").args(["--print", "target-libdir", "--target", target]));
    if libraries.is_some_and(|folder| Path::new(&folder).is_dir()) {
        return Ok(());
    }
    announce(&format!("Installing Rust's target {target} (some seconds)"));
    run(program("rustup").args(["target", "add", target])).map_err(|_| {
        Error::new(format!("missing: the Rust target {target}; run: rustup target add {target}"))
    })
}

/// A program of a package of Debian's and Ubuntu's.
pub(crate) fn ensure_packaged(binary: &str, package: &str) -> Result<(), Error> {
    if find(binary).is_some() {
        return Ok(());
    }
    if find("apt-get").is_some() {
        announce(&format!("Installing {package} with apt-get (about a minute)"));
        // What fails here shows in what is still missing afterwards.
        drop(run(apt_get().args(["update", "-qq"])));
        drop(run(apt_get().args(["install", "-y", "-qq", "--no-install-recommends", package])));
    }
    match find(binary) {
        Some(_) => Ok(()),
        None => Err(Error::new(format!(
            "missing: {binary}; install the package that has it ({package} on Debian)"
        ))),
    }
}

fn ensure_cargo_tool(tool: &CargoTool) -> Result<(), Error> {
    let CargoTool { package, binary, version, minutes } = tool;
    if version_of(binary).is_some_and(|found| found == *version) {
        return Ok(());
    }
    let mut install = if output(cargo().args(["binstall", "-V"])).is_some() {
        announce(&format!("Installing {package} {version} with cargo-binstall (up to a minute)"));
        let mut install = cargo();
        install.args(["binstall", "--no-confirm", "--locked"]);
        install
    } else {
        announce(&format!("Installing {package} {version} (about {minutes} minutes on two cores, once)"));
        let mut install = cargo();
        install.args(["install", "--locked"]);
        install
    };
    install.arg("--root").arg(paths::tools()).args([package, "--version", version]);
    // They run for seconds and take minutes to build: the half of that goes into optimising across crates.
    install.env("CARGO_PROFILE_RELEASE_LTO", "off").env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16");
    install.env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1");
    // Tools are built apart from this workspace: neither its target folder nor its flags concern them.
    install.env_remove("CARGO_TARGET_DIR").env_remove("RUSTFLAGS").current_dir(env::temp_dir());
    run(&mut install).map_err(|_| {
        Error::new(format!(
            "missing: {binary} {version}; run: cargo install --locked {package} --version {version}"
        ))
    })
}

fn ensure_wasm_opt() -> Result<(), Error> {
    let found = version_of("wasm-opt").and_then(|version| version.parse::<u32>().ok());
    if found.is_some_and(|found| found >= BINARYEN) {
        return Ok(());
    }
    announce(&format!("Installing wasm-opt from npm's binaryen {BINARYEN} (some seconds)"));
    npm_install(&npm_folder(), &[&format!("binaryen@{BINARYEN}.0.0")]).map_err(|_| {
        Error::new(format!("missing: wasm-opt {BINARYEN}; install node with npm, or binaryen itself"))
    })
}

/// Installs npm packages (`name@version`) into `folder/node_modules`.
pub(crate) fn npm_install(folder: &Path, packages: &[&str]) -> Result<(), Error> {
    std::fs::create_dir_all(folder)
        .map_err(|error| Error::io(format_args!("create {}", folder.display()), &error))?;
    let mut npm = program("npm");
    npm.args(["install", "--silent", "--no-audit", "--no-fund", "--prefix"]).arg(folder).args(packages);
    run(&mut npm)
}

fn npm_folder() -> PathBuf {
    paths::tools().join("npm")
}

fn version_of(binary: &str) -> Option<String> {
    let text = output(Command::new(find(binary)?).arg("--version"))?;
    version_in(&text).map(String::from)
}

/// The number in `NAME 1.2.3` or `NAME version 132 (…)`.
fn version_in(text: &str) -> Option<&str> {
    text.split_whitespace().find(|word| word.starts_with(|c: char| c.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::version_in;

    #[test]
    fn versions_are_read_as_the_tools_print_them() {
        assert_eq!(version_in("wasm-bindgen 0.2.129"), Some("0.2.129"));
        assert_eq!(version_in("wasm-opt version 132 (version_132)"), Some("132"));
        assert_eq!(version_in("trunk"), None);
    }
}
