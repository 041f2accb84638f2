//! The guide, docs/configure.md, followed from its beginning to its end: each file is written and checked, each command
//! whose answer is shown is run.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use socorro_testkit::canary;
use socorro_testkit::plugins::{self, Profile};

use crate::support::{Done, finish};

const PAGE: &str = include_str!("../../../docs/configure.md");

/// Where the page's paths lead: below a directory of the test's own.
const PATHS: [&str; 5] = [
    "/etc/socorro",
    "/run/secrets",
    "/var/lib/socorro",
    "/srv",
    "/mnt",
];

/// A fenced block: the section it is in, its language, its text.
struct Block {
    section: usize,
    language: &'static str,
    text: &'static str,
}

fn blocks() -> Vec<Block> {
    let mut found = Vec::new();
    let mut section = 0;
    for (place, part) in PAGE.split("\n```").enumerate() {
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
    assert!(found.len() > 12);
    found
}

struct Reader {
    directory: tempfile::TempDir,
    /// The named files of a section, each over those before it.
    written: Vec<(usize, PathBuf)>,
}

impl Reader {
    /// With every secret that the page refers to where it says.
    fn new() -> Self {
        let reader = Self {
            directory: tempfile::tempdir().unwrap(),
            written: Vec::new(),
        };
        for path in PATHS {
            std::fs::create_dir_all(reader.real(path)).unwrap();
        }
        for after in PAGE.split("{ file = \"").skip(1) {
            reader.secret(&reader.real(after.split('"').next().unwrap()));
        }
        for after in PAGE.split("{ credential = \"").skip(1) {
            let name = after.split('"').next().unwrap();
            reader.secret(&reader.credentials().join(name));
        }
        reader
    }

    fn secret(&self, path: &Path) {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, canary::secret(20).unwrap()).unwrap();
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
    }

    fn credentials(&self) -> PathBuf {
        self.directory.path().join("credentials")
    }

    fn real(&self, path: &str) -> PathBuf {
        PathBuf::from(self.moved(path))
    }

    /// The text with the page's paths led into the directory.
    fn moved(&self, text: &str) -> String {
        let here = self.directory.path().display();
        PATHS.iter().fold(text.to_owned(), |text, path| {
            text.replace(path, &format!("{here}{path}"))
        })
    }

    fn run(&self, command: &mut Command) -> Done {
        let plugins = plugins::directory(&["filesystem"], Profile::Dev).unwrap();
        let binary = Path::new(env!("CARGO_BIN_EXE_socorro")).parent().unwrap();
        let path = std::env::var("PATH").unwrap();
        command
            .current_dir(self.directory.path())
            .env("PATH", format!("{}:{path}", binary.display()))
            .env("CREDENTIALS_DIRECTORY", self.credentials())
            .env(
                "SOCORRO__PLUGINS__PATH",
                format!("[{:?}]", plugins.display().to_string()),
            );
        for after in PAGE.split("{ env = \"").skip(1) {
            let name = after.split('"').next().unwrap();
            command.env(name, canary::secret(20).unwrap());
        }
        finish(command, b"")
    }

    /// Writes a file, and checks it over the files of its section that came before.
    fn file(&mut self, block: &Block) {
        let name = block
            .text
            .lines()
            .next()
            .and_then(|line| line.strip_prefix("# /"))
            .map(|name| format!("/{name}"));
        let path = match &name {
            Some(name) => self.real(name),
            None => self.directory.path().join("block.toml"),
        };
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, self.moved(block.text)).unwrap();
        let mut check = Command::new("socorro");
        if name.is_some() {
            let before = self.written.iter();
            for (_, path) in before.filter(|(section, _)| *section == block.section) {
                check.arg("--config").arg(path);
            }
            self.written.push((block.section, path.clone()));
        }
        check.arg("--config").arg(&path).args(["config", "check"]);
        let done = self.run(&mut check);
        let right = block.language == "toml";
        let code = if right { Some(0) } else { Some(2) };
        assert_eq!(done.code, code, "{}\n{}", block.text, done.err);
    }

    /// Runs the commands of a session whose answers are shown.
    fn session(&self, block: &Block) {
        for command in block.text.split("$ ").skip(1) {
            let (line, answer) = command.split_once('\n').unwrap_or((command, ""));
            if answer.is_empty() {
                continue;
            }
            let done = self.run(Command::new("sh").arg("-c").arg(self.moved(line)));
            let said = format!("{}{}", done.text(), done.err);
            let here = self.directory.path().display().to_string();
            assert_eq!(
                said.replace(&here, "").trim_end(),
                answer.trim_end(),
                "{line}"
            );
        }
    }
}

#[test]
fn every_example_of_the_guide_is_true() {
    let mut reader = Reader::new();
    for block in blocks() {
        match block.language {
            "toml" | "toml,wrong" => reader.file(&block),
            "console" => reader.session(&block),
            other => panic!("nobody checks {other:?}"),
        }
    }
}
