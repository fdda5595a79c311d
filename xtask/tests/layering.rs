//! The arrows between crates and between core's modules, as the architecture draws them.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use xtask::paths;

/// What each crate may know of the others, in its code and in its tests.
const CRATES: [(&str, &[&str]); 11] = [
    ("collections", &[]),
    ("lanes", &[]),
    ("core", &["terrarium-collections", "terrarium-lanes"]),
    ("link", &["terrarium-collections"]),
    ("console", &["terrarium-core"]),
    ("verifier", &[]),
    ("worker", &["terrarium-core", "terrarium-console", "terrarium-link"]),
    ("web", &["terrarium-core", "terrarium-console", "terrarium-link"]),
    ("relay", &["terrarium-link"]),
    (
        "tests",
        &[
            "terrarium-core",
            "terrarium-console",
            "terrarium-link",
            "terrarium-relay",
            "terrarium-verifier",
            "terrarium-worker",
            "xtask",
        ],
    ),
    ("xtask", &[]),
];

/// Types and their encoding describe each other; everything else points one way.
const MAY_KNOW_EACH_OTHER: (&str, &str) = ("encode", "primitives");

/// What a pure state machine has no use for.
const NOT_IN_CORE: [&str; 11] = [
    "js_sys",
    "web_sys",
    "wasm_bindgen",
    "getrandom",
    "std::fs",
    "TcpStream",
    "TcpListener",
    "UdpSocket",
    "std::thread",
    "std::time::Instant",
    "std::time::SystemTime",
];

#[test]
fn crates_depend_only_along_the_arrows() {
    for (name, allowed) in CRATES {
        let manifest = read(&paths::root().join(name).join("Cargo.toml"));
        let known = manifest.lines().filter_map(dependency).filter(|name| is_ours(name));
        let wrong: Vec<_> = known.filter(|dependency| !allowed.contains(dependency)).collect();
        assert!(wrong.is_empty(), "{name} must not depend on {wrong:?}");
    }
}

#[test]
fn cores_modules_form_no_cycle() {
    let mut graph = core_graph();
    let (first, second) = MAY_KNOW_EACH_OTHER;
    if let Some(edges) = graph.get_mut(second) {
        edges.remove(first);
    }
    // Takes away modules that know no other that is left; what remains in the end are cycles.
    while let Some(free) = graph
        .iter()
        .find(|(_, knows)| knows.iter().all(|other| !graph.contains_key(other)))
        .map(|(name, _)| name.clone())
    {
        graph.remove(&free);
    }
    assert!(graph.is_empty(), "modules of core that know each other in a circle: {graph:#?}");
}

#[test]
fn core_is_free_of_clocks_randomness_and_io() {
    for file in sources(&paths::root().join("core/src")) {
        let text = without_tests_and_comments(&file);
        for word in NOT_IN_CORE {
            assert!(!text.contains(word), "{} uses {word}", file.display());
        }
    }
    assert!(read(&paths::root().join("core/src/lib.rs")).contains("#![forbid(unsafe_code)]"));
}

#[test]
fn the_page_knows_only_cores_interface_types() {
    // Data, its texts and containers; nothing of how a node works.
    const FACE: [&str; 7] =
        ["interface", "primitives", "encode", "time", "consensus", "crypto", "collections"];
    for file in sources(&paths::root().join("web/src")) {
        let text = without_tests_and_comments(&file);
        for module in modules_after(&text, "terrarium_core::") {
            assert!(FACE.contains(&module.as_str()), "{} uses terrarium_core::{module}", file.display());
        }
    }
}

/// For each top-level module of core, the others that its code (not its tests) names.
fn core_graph() -> BTreeMap<String, BTreeSet<String>> {
    let top = paths::root().join("core/src");
    let mut graph: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for file in sources(&top) {
        let module = file
            .strip_prefix(&top)
            .ok()
            .and_then(|path| path.components().next())
            .expect("found below the top");
        let module = module.as_os_str().to_string_lossy().trim_end_matches(".rs").to_owned();
        if module == "lib" {
            continue;
        }
        let text = without_tests_and_comments(&file);
        let mut known = modules_after(&text, "crate::");
        known.remove(&module);
        graph.entry(module).or_default().extend(known);
    }
    let modules: BTreeSet<String> = graph.keys().cloned().collect();
    for known in graph.values_mut() {
        known.retain(|name| modules.contains(name));
    }
    graph
}

/// The first path segments behind `prefix`, also in `prefix{a::X, b::Y}`.
fn modules_after(text: &str, prefix: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (at, _) in text.match_indices(prefix) {
        let rest = &text[at + prefix.len()..];
        match rest.strip_prefix('{') {
            None => found.insert(identifier(rest)),
            Some(group) => {
                found.extend(group_members(group));
                true
            }
        };
    }
    found.retain(|name| name.starts_with(|c: char| c.is_ascii_lowercase()));
    found
}

/// The first segments of a use group's members, nested groups skipped over.
fn group_members(group: &str) -> Vec<String> {
    let mut members = Vec::new();
    let (mut depth, mut at_start) = (0, true);
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => at_start = true,
            c if at_start && !c.is_whitespace() => {
                members.push(identifier(&group[at..]));
                at_start = false;
            }
            _ => {}
        }
    }
    members
}

fn identifier(text: &str) -> String {
    text.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect()
}

fn without_tests_and_comments(file: &Path) -> String {
    let is_tests =
        |name: Option<&std::ffi::OsStr>| name.is_some_and(|name| name == "tests" || name == "testing");
    if is_tests(file.file_stem()) || is_tests(file.parent().and_then(Path::file_name)) {
        return String::new();
    }
    let text = read(file);
    let code = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
    code.lines().filter(|line| !line.trim_start().starts_with("//")).map(|line| format!("{line}\n")).collect()
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder of sources") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The name that a line of a manifest's dependency table begins with.
fn dependency(line: &str) -> Option<&str> {
    let name = line.split(['.', ' ', '=']).next()?;
    (line.contains('=') && !name.is_empty()).then_some(name)
}

fn is_ours(name: &str) -> bool {
    name.starts_with("terrarium-") || name == "xtask"
}

fn read(file: &Path) -> String {
    fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}
