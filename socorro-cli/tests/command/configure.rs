//! The guide, docs/configure.md, followed from its beginning to its end: each file is written and checked, each command
//! whose answer is shown is run.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use socorro_testkit::canary;
use socorro_testkit::plugins::{self, Profile};

use crate::page::{Block, Moved, blocks};
use crate::support::{Done, finish};

const PAGE: &str = include_str!("../../../docs/configure.md");

struct Reader {
    moved: Moved,
    /// The named files of a section, each over those before it.
    written: Vec<(usize, PathBuf)>,
}

impl Reader {
    /// With every secret that the page refers to where it says.
    fn new() -> Self {
        let reader = Self {
            moved: Moved::new(),
            written: Vec::new(),
        };
        for after in PAGE.split("{ file = \"").skip(1) {
            reader.secret(&reader.moved.path(after.split('"').next().unwrap()));
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
        self.moved.directory().join("credentials")
    }

    fn run(&self, command: &mut Command) -> Done {
        let plugins = plugins::directory(&["filesystem"], Profile::Dev).unwrap();
        let binary = Path::new(env!("CARGO_BIN_EXE_socorro")).parent().unwrap();
        let path = std::env::var("PATH").unwrap();
        command
            .current_dir(self.moved.directory())
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
        let name = block.file();
        let path = match &name {
            Some(name) => self.moved.path(name),
            None => self.moved.directory().join("block.toml"),
        };
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, self.moved.text(block.text)).unwrap();
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
        for (line, answer) in block.commands() {
            if answer.is_empty() {
                continue;
            }
            let done = self.run(Command::new("sh").arg("-c").arg(self.moved.text(line)));
            let said = format!("{}{}", done.text(), done.err);
            assert_eq!(
                self.moved.back(&said).trim_end(),
                answer.trim_end(),
                "{line}"
            );
        }
    }
}

#[test]
fn every_example_of_the_guide_is_true() {
    let mut reader = Reader::new();
    let blocks = blocks(PAGE);
    assert!(blocks.len() > 12);
    for block in blocks {
        match block.language {
            "toml" | "toml,wrong" => reader.file(&block),
            "console" => reader.session(&block),
            other => panic!("nobody checks {other:?}"),
        }
    }
}
