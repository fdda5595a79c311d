//! A browser profile on disk, and the end of the browser that uses it.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
    process::{self, Command},
    sync::atomic::{AtomicU32, Ordering},
};

/// A fresh profile; dropping it ends its browser and deletes it.
#[derive(Debug)]
pub(crate) struct Profile(PathBuf);

impl Profile {
    pub(crate) fn create() -> io::Result<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let folder = env::temp_dir().join(format!("terrarium-profile-{}-{count}", process::id()));
        fs::create_dir_all(&folder)?;
        Ok(Self(folder))
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.0
    }

    /// Kills the browser as a power cut would. Only processes that name this profile on their command line are touched;
    /// a browser's helpers follow its main process.
    pub(crate) fn kill_browser(&self) {
        let mine = self.0.to_string_lossy();
        let Ok(processes) = fs::read_dir("/proc") else { return };
        for entry in processes.flatten() {
            let command = fs::read(entry.path().join("cmdline")).unwrap_or_default();
            if String::from_utf8_lossy(&command).contains(mine.as_ref()) {
                let id = entry.file_name();
                // One that has gone by itself is as dead as it should be.
                drop(Command::new("kill").arg("-9").arg(id).output());
            }
        }
    }
}

impl Drop for Profile {
    fn drop(&mut self) {
        self.kill_browser();
        // The browser's helpers may still be writing; what is left is in the machine's temporary folder.
        drop(fs::remove_dir_all(&self.0));
    }
}
