//! A browser profile on disk, and the end of the browser that uses it.

use std::{
    collections::BTreeMap,
    env, fs, io,
    path::{Path, PathBuf},
    process::{self, Command},
    sync::atomic::{AtomicU32, Ordering},
    thread,
    time::Duration,
};

/// How often it is looked whether killed processes are gone.
const DEATH_POLL: Duration = Duration::from_millis(5);
/// So often, half a minute at least: what cannot be killed by then is left to the machine.
const MAX_DEATH_POLLS: u32 = 6_000;

/// A fresh profile; dropping it ends its browser and deletes it.
#[derive(Debug)]
pub(crate) struct Profile(PathBuf);

impl Profile {
    pub(crate) fn create() -> io::Result<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let folder = env::temp_dir().join(format!("terrarium-profile-{}-{count}-", process::id()));
        fs::create_dir_all(&folder)?;
        Ok(Self(folder))
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.0
    }

    /// Kills the browser as a power cut would, and returns once its last process has let go of the profile. Only processes
    /// that name this profile on their command line are touched, and those that they started.
    pub(crate) fn kill_browser(&self) {
        for _ in 0..MAX_DEATH_POLLS {
            let Ok(alive) = self.processes() else { return };
            if alive.is_empty() {
                return;
            }
            // One that has gone by itself is as dead as it should be.
            drop(Command::new("kill").arg("-9").args(alive.keys().map(u32::to_string)).output());
            thread::sleep(DEATH_POLL);
        }
    }

    /// This profile's browser with all that it started, by process id.
    fn processes(&self) -> io::Result<BTreeMap<u32, Process>> {
        let mut all = BTreeMap::new();
        for entry in fs::read_dir("/proc")?.flatten() {
            let id = entry.file_name().to_string_lossy().parse::<u32>();
            // A process that ends meanwhile is none of the browser's.
            if let (Ok(id), Some(process)) = (id, Process::read(&entry.path())) {
                all.insert(id, process);
            }
        }
        let mine = self.0.to_string_lossy();
        let is_mine = |process: &Process| {
            let parents = std::iter::successors(Some(process), |process| all.get(&process.parent));
            parents.take(16).any(|process| process.command.contains(mine.as_ref()))
        };
        let ids: Vec<u32> = all.iter().filter(|(_, process)| is_mine(process)).map(|(id, _)| *id).collect();
        Ok(ids.into_iter().filter_map(|id| all.remove_entry(&id)).collect())
    }

    /// Resident bytes of the largest renderer process below this profile's browser.
    pub(crate) fn largest_renderer(&self) -> io::Result<Option<u64>> {
        let processes = self.processes()?;
        let renderers = processes.values().filter(|process| process.command.contains("--type=renderer"));
        Ok(renderers.map(|process| process.resident).max())
    }
}

/// What `/proc` says about a process.
struct Process {
    parent: u32,
    command: String,
    resident: u64,
}

impl Process {
    fn read(folder: &Path) -> Option<Self> {
        let status = fs::read_to_string(folder.join("status")).ok()?;
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            line.split_whitespace().next()?.parse::<u64>().ok()
        };
        let command = fs::read(folder.join("cmdline")).ok()?;
        Some(Self {
            parent: u32::try_from(field("PPid:")?).ok()?,
            command: String::from_utf8_lossy(&command).into_owned(),
            resident: field("VmRSS:")? * 1024,
        })
    }
}

impl Drop for Profile {
    fn drop(&mut self) {
        self.kill_browser();
        // What is left is in the machine's temporary folder.
        drop(fs::remove_dir_all(&self.0));
    }
}
