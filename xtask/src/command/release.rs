//! `cargo xtask release`: everything that is given to a school, in one folder, with checksums.

use std::{
    fs,
    io::{Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Stdio},
    thread,
    time::{Duration, Instant},
};

use super::{
    dist::write_single_file,
    relay::{PROFILE, build_with},
};
use crate::{
    Args, Error, executable, paths,
    process::{announce, output, program, run as run_program},
    tools,
    trunk::{self, Profile},
};

/// The page for any web server.
const SITE: &str = "terrarium-site.tar.gz";
/// The page as one file.
const SINGLE_FILE: &str = "terrarium.html";
/// What `sha256sum -c` reads.
const CHECKSUMS: &str = "SHA256SUMS";
/// How long the relay may take to answer for the first time.
const START: Duration = Duration::from_secs(10);

/// A machine that the relay is built for.
struct Machine {
    /// Rust's name of it.
    target: &'static str,
    /// The C compiler, which is the linker where Rust brings none, and the package that has it.
    compiler: (&'static str, &'static str),
    /// The variable by which crates with C in them find it.
    variable: &'static str,
    /// What cargo calls the program.
    built: &'static str,
    /// What the release calls it.
    file: &'static str,
    /// Whether a program is one for this machine, and complete.
    fits: fn(&[u8]) -> bool,
}

const MACHINES: [Machine; 2] = [
    Machine {
        target: "x86_64-unknown-linux-musl",
        compiler: ("musl-gcc", "musl-tools"),
        variable: "CC_x86_64_unknown_linux_musl",
        built: "terrarium-relay",
        file: "terrarium-relay-linux-x86_64",
        fits: executable::is_static_linux,
    },
    Machine {
        target: "x86_64-pc-windows-gnu",
        compiler: ("x86_64-w64-mingw32-gcc", "gcc-mingw-w64-x86-64"),
        variable: "CC_x86_64_pc_windows_gnu",
        built: "terrarium-relay.exe",
        file: "terrarium-relay-windows-x86_64.exe",
        fits: executable::is_windows,
    },
];

/// Builds the page once and everything that holds it, into target/release-files.
pub fn run(args: &mut Args) -> Result<(), Error> {
    args.finish()?;
    // What is missing is known before the minutes of building.
    for Machine { target, compiler: (compiler, package), .. } in &MACHINES {
        tools::ensure_target(target)?;
        tools::ensure_packaged(compiler, package)?;
    }
    let folder = paths::output().join("release-files");
    empty(&folder)?;
    let site = Profile::Release.site();
    trunk::build(Profile::Release, &site)?;
    for machine in &MACHINES {
        build(machine, &site, &folder)?;
    }
    announce("Starting the relay for Linux in an empty folder");
    try_out(&folder.join(MACHINES[0].file))?;
    write_single_file(Profile::Release, folder.join(SINGLE_FILE))?;
    announce("Packing the site");
    archive(&site, &folder.join(SITE))?;
    write_checksums(&folder, &files())?;
    println!("{}", folder.display());
    Ok(())
}

/// The names of all files that have a checksum.
fn files() -> Vec<&'static str> {
    MACHINES.iter().map(|machine| machine.file).chain([SITE, SINGLE_FILE]).collect()
}

fn empty(folder: &Path) -> Result<(), Error> {
    let failed = |error| Error::io(format_args!("empty {}", folder.display()), &error);
    if folder.exists() {
        fs::remove_dir_all(folder).map_err(failed)?;
    }
    fs::create_dir_all(folder).map_err(failed)
}

fn build(machine: &Machine, site: &Path, folder: &Path) -> Result<(), Error> {
    let Machine { target, compiler: (compiler, _), variable, built, file, fits } = machine;
    announce(&format!("Building the relay for {target} (about 3 minutes the first time)"));
    run_program(build_with(site).args(["--target", target]).env(variable, compiler))?;
    let built = paths::target().join(target).join(PROFILE).join(built);
    let failed = |error| Error::io(format_args!("copy {} to {}", built.display(), folder.display()), &error);
    if !fits(&fs::read(&built).map_err(failed)?) {
        return Err(Error::new(format!("{} is no complete program for {target}", built.display())));
    }
    fs::copy(&built, folder.join(file)).map(drop).map_err(failed)
}

/// Starts the program where there is nothing beside it, and asks for the page.
fn try_out(relay: &Path) -> Result<(), Error> {
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        announce("It is for another machine than this, and not tried out");
        return Ok(());
    }
    let nothing = paths::output().join("release-nothing");
    empty(&nothing)?;
    let address = free_address()?;
    let mut command = program(relay);
    command.args(["--bind", "127.0.0.1", "--port", &address.port().to_string()]);
    command.env_clear().current_dir(&nothing).stdout(Stdio::null());
    let child =
        command.spawn().map_err(|error| Error::io(format_args!("run {}", relay.display()), &error))?;
    let _running = Running(child);
    let page = ask(address)?;
    if page.starts_with("HTTP/1.1 200") && page.contains("<title>Terrarium") {
        return Ok(());
    }
    Err(Error::new(format!("{} does not serve the page", relay.display())))
}

/// A program that ends with this value.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // One that has ended by itself need not be ended.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

fn free_address() -> Result<SocketAddr, Error> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .and_then(|listener| listener.local_addr())
        .map_err(|error| Error::io("find a free port", &error))
}

/// What a relay answers that may be starting yet.
fn ask(address: SocketAddr) -> Result<String, Error> {
    let failed = |error| Error::io(format_args!("ask http://{address}/"), &error);
    let began = Instant::now();
    let mut stream = loop {
        match TcpStream::connect(address) {
            Ok(stream) => break stream,
            Err(error) if began.elapsed() > START => return Err(failed(error)),
            Err(_) => thread::sleep(Duration::from_millis(20)),
        }
    };
    let request = format!("GET / HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    let mut answer = Vec::new();
    stream
        .set_read_timeout(Some(START))
        .and_then(|()| stream.write_all(request.as_bytes()))
        .and_then(|()| stream.read_to_end(&mut answer))
        .map_err(failed)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// Packs the site below `terrarium/`; equal sites make equal archives.
fn archive(site: &Path, file: &Path) -> Result<(), Error> {
    let mut tar = program("tar");
    tar.args(["--sort=name", "--owner=0", "--group=0", "--numeric-owner", "--mtime=@0"]);
    tar.args(["--transform", "s,^\\.,terrarium,", "-I", "gzip -n", "-C"]).arg(site);
    run_program(tar.arg("-cf").arg(file).arg("."))
}

/// Writes the checksums of files of a folder, as `sha256sum -c` reads them.
fn write_checksums(folder: &Path, files: &[&str]) -> Result<(), Error> {
    let sums = output(program("sha256sum").args(files).current_dir(folder));
    let sums = sums.ok_or_else(|| {
        Error::new(format!("cannot run sha256sum over {} in {}", files.join(", "), folder.display()))
    })?;
    let file: PathBuf = folder.join(CHECKSUMS);
    fs::write(&file, sums + "\n").map_err(|error| Error::io(format_args!("write {}", file.display()), &error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_say_what_they_are_and_what_machine_they_are_for() {
        let files = files();
        assert_eq!(
            files,
            [
                "terrarium-relay-linux-x86_64",
                "terrarium-relay-windows-x86_64.exe",
                "terrarium-site.tar.gz",
                "terrarium.html"
            ]
        );
        let readme = fs::read_to_string(paths::root().join("docs/relay.md")).unwrap();
        for file in files.into_iter().chain([CHECKSUMS]) {
            assert!(readme.contains(&format!("`{file}`")), "docs/relay.md does not name {file}");
        }
    }

    #[test]
    fn equal_sites_make_equal_archives_whenever_they_were_built() {
        let folder = std::env::temp_dir().join(format!("xtask-archive-{}", std::process::id()));
        let pack = |name: &str, built: u64| {
            let site = folder.join(name);
            empty(&site).unwrap();
            let page = fs::File::create(site.join("index.html")).unwrap();
            page.set_modified(std::time::UNIX_EPOCH + Duration::from_secs(built)).unwrap();
            let file = folder.join(format!("{name}.tar.gz"));
            archive(&site, &file).unwrap();
            fs::read(file).unwrap()
        };
        let archive = pack("one", 1_800_000_000);
        assert!(archive.starts_with(&[0x1f, 0x8b]) && archive == pack("two", 1_900_000_000));
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn checksums_are_those_of_the_files_and_a_missing_file_is_named() {
        let folder = std::env::temp_dir().join(format!("xtask-release-{}", std::process::id()));
        empty(&folder).unwrap();
        fs::write(folder.join("abc"), "abc").unwrap();
        fs::write(folder.join("nothing"), "").unwrap();
        write_checksums(&folder, &["abc", "nothing"]).unwrap();
        // FIPS 180-2's example, and the hash of nothing.
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  abc\n\
            e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  nothing\n";
        assert_eq!(fs::read_to_string(folder.join(CHECKSUMS)).unwrap(), expected);
        let error = write_checksums(&folder, &["missing"]).unwrap_err().to_string();
        assert!(error.contains("missing"), "{error}");
        fs::remove_dir_all(folder).unwrap();
    }
}
