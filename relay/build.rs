//! Puts the built page into the program: the folder `TERRARIUM_EMBED`, which `cargo xtask relay` sets; else none.

use std::fmt::Write;
use std::path::Path;
use std::{env, fs};

fn main() {
    println!("cargo::rerun-if-env-changed=TERRARIUM_EMBED");
    let mut entries = String::new();
    if let Some(folder) = env::var_os("TERRARIUM_EMBED") {
        println!("cargo::rerun-if-changed={}", folder.to_string_lossy());
        list(Path::new(&folder), "", &mut entries);
    }
    let source =
        format!("/// Paths and contents.\npub(crate) static FILES: &[(&str, &[u8])] = &[{entries}];\n");
    let out = env::var_os("OUT_DIR").expect("cargo sets it");
    fs::write(Path::new(&out).join("embedded.rs"), source).expect("cargo's folder can be written");
}

fn list(folder: &Path, prefix: &str, entries: &mut String) {
    let mut files: Vec<_> = fs::read_dir(folder)
        .expect("TERRARIUM_EMBED names a folder that can be read")
        .map(|entry| entry.expect("an entry of it").path())
        .collect();
    files.sort();
    for file in files {
        let name = format!("{prefix}{}", file.file_name().unwrap_or_default().to_string_lossy());
        if file.is_dir() {
            list(&file, &format!("{name}/"), entries);
        } else {
            // Writing to a String cannot fail.
            let _ = write!(entries, "({name:?}, include_bytes!({:?})),", file.display().to_string());
        }
    }
}
