//! `cargo xtask dist`: what is published.

use std::{fs, path::PathBuf};

use crate::{
    Args, Error, paths,
    process::announce,
    single_file,
    trunk::{self, Profile},
};

/// Builds the static site into dist/, or with `--single-file` dist/terrarium.html alone.
pub fn run(args: &mut Args) -> Result<(), Error> {
    let single = args.flag("--single-file");
    args.finish()?;
    let folder = paths::root().join("dist");
    let result = if single {
        trunk::build(Profile::Release, &Profile::Release.site())?;
        write_single_file(Profile::Release, folder.join("terrarium.html"))?
    } else {
        trunk::build(Profile::Release, &folder)?;
        folder
    };
    println!("{}", result.display());
    Ok(())
}

/// Writes the built page of `profile` as one file and returns where.
pub(crate) fn write_single_file(profile: Profile, file: PathBuf) -> Result<PathBuf, Error> {
    announce("Putting the page into one file");
    let html = single_file::inline(&profile.site())?;
    let failed = |error| Error::io(format_args!("write {}", file.display()), &error);
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    fs::write(&file, html).map_err(failed)?;
    Ok(file)
}
