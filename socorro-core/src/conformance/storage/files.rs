//! Dumps that are asked for as files.

use std::path::Path;

use super::{DUMPS, Stage, list_cases};
use crate::conformance::check::{equal, fails_with, same_bytes, same_set};
use crate::conformance::data::Sample;
use crate::conformance::scratch::Scratch;
use crate::conformance::verdict::{Doing, Stop, Verdict};
use crate::crash::{Dump, Dumps, StoredId};
use crate::error::ErrorKind;

list_cases! {
    dumps_as_files_have_names_and_content, DUMPS, "dumps are written to files ID.NAME.dump, byte for byte";
    dumps_as_files_leave_nothing_else, DUMPS, "the directory gets these files, no others, and keeps what was in it";
    dump_files_belong_to_the_caller, DUMPS, "the caller may change and delete its files; the store keeps the dumps";
    dumps_as_files_of_nothing, DUMPS, "no dumps make no files; a missing crash is NotFound and makes none";
}

async fn dumps_as_files_have_names_and_content(stage: &Stage<'_>) -> Verdict {
    let (mut maker, scratch) = (stage.maker(), Scratch::new()?);
    let mut sample = maker.sample(stage.day(0)?).doing("making a crash")?;
    sample.dumps = maker.named_dumps().doing("making dumps")?;
    for (name, dump) in maker.sized_dumps().doing("making dumps")? {
        sample.dumps.insert(name, dump);
    }
    stage.save(&sample).await?;
    let files = get(stage, &sample, scratch.path()).await?;
    expect_files(&files, &sample, scratch.path())
}

async fn dumps_as_files_leave_nothing_else(stage: &Stage<'_>) -> Verdict {
    let scratch = Scratch::new()?;
    let sample = stage.save_new(&mut stage.maker()).await?;
    scratch.file("of the caller", b"mine")?;
    get(stage, &sample, scratch.path()).await?;
    let mut expected: Vec<String> = sample
        .dumps
        .names()
        .map(|name| file_name(&sample, name))
        .collect();
    expected.push("of the caller".to_owned());
    expected.sort();
    equal("files in the directory", &scratch.names()?, &expected)?;
    let kept = std::fs::read(scratch.path().join("of the caller")).doing("reading a file")?;
    same_bytes("the caller's file", &kept, b"mine")
}

async fn dump_files_belong_to_the_caller(stage: &Stage<'_>) -> Verdict {
    let scratch = Scratch::new()?;
    let sample = stage.save_new(&mut stage.maker()).await?;
    for (_, dump) in get(stage, &sample, scratch.path()).await? {
        let Dump::File(path) = dump else { continue };
        std::fs::write(&path, b"changed by the caller").doing("writing to a file")?;
        std::fs::remove_file(&path).doing("removing a file")?;
    }
    stage.expect_saved(&sample).await?;
    let again = get(stage, &sample, scratch.path()).await?;
    expect_files(&again, &sample, scratch.path())
}

async fn dumps_as_files_of_nothing(stage: &Stage<'_>) -> Verdict {
    let (mut maker, scratch) = (stage.maker(), Scratch::new()?);
    let mut sample = maker.sample(stage.day(0)?).doing("making a crash")?;
    sample.dumps = Dumps::new();
    stage.save(&sample).await?;
    let files = get(stage, &sample, scratch.path()).await?;
    equal("dumps as files of a crash without", &files.len(), &0)?;
    let missing = StoredId::from(maker.id(stage.day(0)?));
    let storage = stage.storage();
    let read = storage
        .get_dumps_as_files(&stage.cx(), &missing, scratch.path())
        .await;
    fails_with(
        "get_dumps_as_files of a missing crash",
        read,
        &[ErrorKind::NotFound],
    )?;
    equal("files in the directory", &scratch.names()?, &Vec::new())
}

async fn get(stage: &Stage<'_>, sample: &Sample, directory: &Path) -> Result<Dumps, Stop> {
    let (storage, id) = (stage.storage(), StoredId::from(sample.id));
    let files = storage
        .get_dumps_as_files(&stage.cx(), &id, directory)
        .await;
    files.doing(format_args!("get_dumps_as_files of {id}"))
}

fn file_name(sample: &Sample, name: &crate::crash::DumpName) -> String {
    format!("{}.{name}.dump", sample.id)
}

fn expect_files(files: &Dumps, sample: &Sample, directory: &Path) -> Verdict {
    same_set("dumps as files", files.names(), sample.dumps.names())?;
    for (name, dump) in sample.dumps.iter() {
        let path = directory.join(file_name(sample, name));
        equal(
            format_args!("file of dump {name:?}"),
            &files.get(name),
            &Some(&Dump::File(path.clone())),
        )?;
        let seen = std::fs::read(&path).doing(format_args!("reading {}", path.display()))?;
        let expected = dump.read().doing("reading the test's own dump")?;
        same_bytes(path.display(), &seen, &expected)?;
    }
    Ok(())
}
