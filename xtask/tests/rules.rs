//! The tables of rules name tests that are there.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use xtask::paths;

#[test]
fn every_rule_of_the_tables_names_tests_that_exist() {
    let text = fs::read_to_string(paths::root().join("docs/rules.md")).expect("the tables of rules");
    let lines: Vec<&str> = text.lines().collect();
    let is_row = |at: &usize| {
        let is_head = lines.get(at + 1).is_some_and(|next| next.starts_with("| ---"));
        lines[*at].starts_with("| ") && !lines[*at].starts_with("| ---") && !is_head
    };
    let rows = (0..lines.len()).filter(is_row).map(|at| lines[at]);
    let folders = ["core/src", "tests/tests"].map(|folder| tests_in(&paths::root().join(folder)));
    let tests: BTreeSet<String> = folders.into_iter().flatten().collect();
    let mut rules = 0;
    for row in rows {
        let last = row.trim_end_matches(" |").rsplit(" | ").next().unwrap_or_default();
        let names: Vec<&str> = last.split('`').skip(1).step_by(2).collect();
        assert!(!names.is_empty(), "no test in: {row}");
        for name in names {
            assert!(tests.contains(name), "there is no test {name}");
        }
        rules += 1;
    }
    assert!(rules > 40, "{rules} rules");
}

/// The names of the test functions under a folder.
fn tests_in(folder: &Path) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for path in sources(folder) {
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        for (_, after) in text.match_indices("#[test]").map(|(at, mark)| text.split_at(at + mark.len())) {
            let name = after.split_once("fn ").and_then(|(_, rest)| rest.split_once('('));
            names.extend(name.map(|(name, _)| name.to_owned()));
        }
    }
    names
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let paths = entries.map(|entry| entry.expect("an entry").path());
    paths
        .flat_map(|path| match path.is_dir() {
            true => sources(&path),
            false => vec![path],
        })
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .collect()
}
