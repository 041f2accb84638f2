//! Packages of the distribution.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result, ensure};

use super::{in_path, run};
use crate::services::Kind;
use crate::services::user::is_root;

/// What to do about it.
pub(super) fn instruction(kind: Kind, missing: &[&str]) -> String {
    let packages = missing.join(" ");
    let variable = kind.variable("URL");
    if in_path("apt-get").is_some() {
        format!(
            "{kind} needs packages that are not installed; as root: \
             apt-get install --no-install-recommends {packages} (or name a server with {variable})"
        )
    } else {
        format!(
            "{kind} needs what Debian calls {packages}; install it in the way of this system, \
             or name a server with {variable} (services/compose.yaml has one)"
        )
    }
}

/// Installs what is missing when this is Debian and we are root; fails with the instruction otherwise.
pub(super) fn install(
    kind: Kind,
    missing: fn(Kind) -> Vec<&'static str>,
    say: &dyn Fn(&str),
) -> Result<()> {
    if missing(kind).is_empty() {
        return Ok(());
    }
    // One at a time, as the package manager wants it. Says whether the lists were brought up to date.
    static UPDATED: Mutex<bool> = Mutex::new(false);
    let mut updated = UPDATED.lock().unwrap_or_else(PoisonError::into_inner);
    let packages = missing(kind);
    if packages.is_empty() {
        return Ok(());
    }
    ensure!(
        is_root() && in_path("apt-get").is_some(),
        instruction(kind, &packages)
    );
    say(&format!("installing {}", packages.join(" ")));
    let units = units();
    let _quiet = NoServices::ensure()?;
    if !*updated {
        apt(&["update"]).context("cannot bring the lists of packages up to date")?;
        *updated = true;
    }
    let arguments = ["install", "--yes", "--no-install-recommends"];
    apt(&[&arguments[..], &packages].concat()).with_context(|| instruction(kind, &packages))?;
    disable(&units);
    Ok(())
}

fn apt(arguments: &[&str]) -> Result<()> {
    let mut command = Command::new("apt-get");
    command
        .args(["--quiet", "-o", "DPkg::Lock::Timeout=300"])
        .args(arguments)
        .env("DEBIAN_FRONTEND", "noninteractive");
    run(&mut command)
}

/// While it exists, packages do not start the services they bring.
struct NoServices(Option<PathBuf>);

impl NoServices {
    /// Leaves a policy alone that is there already: in a container it says the same.
    fn ensure() -> Result<Self> {
        let policy = Path::new("/usr/sbin/policy-rc.d");
        if policy.exists() {
            return Ok(Self(None));
        }
        fs::write(policy, "#!/bin/sh\nexit 101\n")?;
        fs::set_permissions(policy, fs::Permissions::from_mode(0o755))?;
        Ok(Self(Some(policy.to_owned())))
    }
}

impl Drop for NoServices {
    fn drop(&mut self) {
        if let Some(policy) = &self.0 {
            // It is ours; were it still there, services would not start when their packages are updated.
            let _ = fs::remove_file(policy);
        }
    }
}

/// The services that start with the system.
fn units() -> Vec<PathBuf> {
    let wanted = Path::new("/etc/systemd/system/multi-user.target.wants");
    crate::services::place::list(wanted)
}

/// Keeps services that were not there before from starting with the system.
fn disable(before: &[PathBuf]) {
    for unit in units().iter().filter(|unit| !before.contains(unit)) {
        if let Some(name) = unit.file_name() {
            // Without systemd nothing starts them anyway.
            let _ = Command::new("systemctl").arg("disable").arg(name).output();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_instruction_names_the_packages_and_the_way_around() {
        let text = instruction(Kind::Ceph, &["radosgw", "ceph-mon"]);
        assert!(text.contains("radosgw ceph-mon"), "{text}");
        assert!(text.contains("SOCORRO_TEST_CEPH_URL"), "{text}");
    }
}
