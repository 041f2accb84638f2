//! Pages of documentation: their fenced blocks, and the paths in them led below a directory of a test's own.

use std::path::{Path, PathBuf};

/// A fenced block: the section it is in, its language, its text.
pub(crate) struct Block {
    pub(crate) section: usize,
    pub(crate) language: &'static str,
    pub(crate) text: &'static str,
}

/// Every fenced block of a page.
pub(crate) fn blocks(page: &'static str) -> Vec<Block> {
    let mut found = Vec::new();
    let mut section = 0;
    for (place, part) in page.split("\n```").enumerate() {
        if place % 2 == 0 {
            section += part.matches("\n## ").count();
            continue;
        }
        let (language, text) = part.split_once('\n').unwrap();
        found.push(Block {
            section,
            language,
            text,
        });
    }
    found
}

impl Block {
    /// The file that its first line says it is.
    pub(crate) fn file(&self) -> Option<String> {
        let first = self.text.lines().next()?;
        first.strip_prefix("# /").map(|name| format!("/{name}"))
    }

    /// The commands of a session, each with the answer that is shown.
    pub(crate) fn commands(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        let commands = self.text.split("$ ").skip(1);
        commands.map(|command| command.split_once('\n').unwrap_or((command, "")))
    }
}

/// Where the paths of pages lead: below a directory.
pub(crate) struct Moved(tempfile::TempDir);

const PATHS: [&str; 6] = [
    "/etc/socorro",
    "/run/secrets",
    "/run/socorro",
    "/var/lib/socorro",
    "/srv",
    "/mnt",
];

impl Moved {
    /// With every directory that pages take for granted.
    pub(crate) fn new() -> Self {
        let moved = Self(tempfile::tempdir().unwrap());
        for path in PATHS {
            std::fs::create_dir_all(moved.path(path)).unwrap();
        }
        moved
    }

    /// The directory itself.
    pub(crate) fn directory(&self) -> &Path {
        self.0.path()
    }

    /// Where a path of a page is.
    pub(crate) fn path(&self, path: &str) -> PathBuf {
        PathBuf::from(self.text(path))
    }

    /// The text with the page's paths led into the directory.
    pub(crate) fn text(&self, text: &str) -> String {
        let here = self.directory().display();
        PATHS.iter().fold(text.to_owned(), |text, path| {
            text.replace(path, &format!("{here}{path}"))
        })
    }

    /// What a program said, with the paths as the page has them.
    pub(crate) fn back(&self, said: &str) -> String {
        said.replace(&self.directory().display().to_string(), "")
    }
}
