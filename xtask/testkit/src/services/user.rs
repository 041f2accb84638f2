//! Who runs the servers: never root.

use std::fs;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

/// The user that runs the servers: the one who calls, or `nobody` when that is root.
#[derive(Clone, Copy, Debug)]
pub(super) struct User {
    other: Option<(u32, u32)>,
}

impl User {
    pub(super) fn ordinary() -> Result<Self> {
        let other = if is_root() { Some(nobody()?) } else { None };
        Ok(Self { other })
    }

    /// A command run as this user. Standard library: supplementary groups are cleared with it.
    pub(super) fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        if let Some((user, group)) = self.other {
            command.uid(user).gid(group);
        }
        command.stdin(Stdio::null());
        command
    }

    /// Makes the file or directory this user's.
    pub(super) fn give(&self, path: &Path) -> Result<()> {
        if let Some((user, group)) = self.other {
            chown(path, Some(user), Some(group))
                .with_context(|| format!("cannot give away {}", path.display()))?;
        }
        Ok(())
    }

    /// Makes the directory and all that is in it this user's.
    pub(super) fn give_all(&self, path: &Path) -> Result<()> {
        self.give(path)?;
        if path.is_dir() && !path.is_symlink() {
            for entry in fs::read_dir(path)? {
                self.give_all(&entry?.path())?;
            }
        }
        Ok(())
    }

    /// Whether this user can reach the directory and write into it.
    pub(super) fn can_use(&self, directory: &Path) -> bool {
        self.command("test")
            .arg("-w")
            .arg(directory)
            .arg("-a")
            .arg("-x")
            .arg(directory)
            .status()
            .is_ok_and(|status| status.success())
    }
}

/// Whether this process is root's.
pub(super) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

fn nobody() -> Result<(u32, u32)> {
    let users = fs::read_to_string("/etc/passwd").context("cannot read /etc/passwd")?;
    users
        .lines()
        .find_map(|line| {
            let mut fields = line.strip_prefix("nobody:")?.split(':');
            Some((fields.nth(1)?.parse().ok()?, fields.next()?.parse().ok()?))
        })
        .context("servers do not run as root, and there is no user `nobody` to run them")
}
