//! Dumps that are given as files.

use super::{DUMPS, Stage, list_cases};
use crate::conformance::check::{ensure, equal, fails_with};
use crate::conformance::data::Sample;
use crate::conformance::scratch::Scratch;
use crate::conformance::verdict::{Doing, Stop, Verdict};
use crate::crash::{Dump, DumpName, Dumps};
use crate::error::{Applied, Error, ErrorKind};

list_cases! {
    a_dump_given_as_a_file_is_kept, DUMPS, "a dump given as a file is stored by content, and the file is left alone";
    a_vanished_dump_file_is_refused, DUMPS, "a dump file that is not there is InvalidInput, named, and nothing is stored";
    a_refused_replacement_changes_nothing, DUMPS, "a replacement refused for a dump file leaves the crash as it was";
    a_directory_is_no_dump_file, DUMPS, "a dump that is a directory is InvalidInput";
}

async fn a_dump_given_as_a_file_is_kept(stage: &Stage<'_>) -> Verdict {
    let (mut maker, scratch) = (stage.maker(), Scratch::new()?);
    let mut sample = maker.sample(stage.day(0)?).doing("making a crash")?;
    let (small, large) = (maker.bytes(0), maker.bytes(600_000));
    let files = [
        scratch.file("small", &small)?,
        scratch.file("large", &large)?,
    ];
    let [in_file_1, in_file_2]: [DumpName; 2] = [name("in_file_1")?, name("in_file_2")?];
    let [small_file, large_file] = files;
    let saved = sample
        .dumps
        .clone()
        .with(in_file_1.clone(), small_file)
        .with(in_file_2.clone(), large_file);
    stage.save_raw(&sample.id, &sample.raw, &saved).await?;
    let left = scratch.names()?;
    equal(
        "files after the save",
        &left,
        &vec!["large".to_owned(), "small".to_owned()],
    )?;
    // What the caller does with its file afterwards is its own business.
    scratch.file("large", b"overwritten")?;
    drop(scratch);
    sample.dumps = sample.dumps.with(in_file_1, small).with(in_file_2, large);
    stage.expect_saved(&sample).await
}

async fn a_vanished_dump_file_is_refused(stage: &Stage<'_>) -> Verdict {
    let (mut maker, scratch) = (stage.maker(), Scratch::new()?);
    let sample = maker.sample(stage.day(0)?).doing("making a crash")?;
    let dumps = sample
        .dumps
        .clone()
        .with(name("vanished")?, scratch.path().join("gone"));
    let error = refused(stage, &sample, &dumps).await?;
    let text = error.to_string();
    ensure(text.contains("vanished") || text.contains("gone"), || {
        format!("save_raw_crash: expected an error that names the dump or its file, saw {text:?}")
    })?;
    stage.expect_nothing(sample.id).await
}

async fn a_refused_replacement_changes_nothing(stage: &Stage<'_>) -> Verdict {
    let (mut maker, scratch) = (stage.maker(), Scratch::new()?);
    let sample = stage.save_new(&mut maker).await?;
    let mut other = maker.sample_of(sample.id).doing("making a crash")?;
    other.dumps = other
        .dumps
        .with(name("vanished")?, scratch.path().join("gone"));
    let error = refused(stage, &other, &other.dumps).await?;
    equal("applied of the error", &error.applied(), &Applied::No)?;
    stage.expect_saved(&sample).await
}

async fn a_directory_is_no_dump_file(stage: &Stage<'_>) -> Verdict {
    let scratch = Scratch::new()?;
    let sample = stage
        .maker()
        .sample(stage.day(0)?)
        .doing("making a crash")?;
    let dumps = Dumps::single(Dump::File(scratch.path().to_owned()));
    refused(stage, &sample, &dumps).await?;
    stage.expect_nothing(sample.id).await
}

async fn refused(stage: &Stage<'_>, sample: &Sample, dumps: &Dumps) -> Result<Error, Stop> {
    let storage = stage.storage();
    let saved = storage
        .save_raw_crash(&stage.cx(), &sample.id, &sample.raw, dumps)
        .await;
    let what = "save_raw_crash with a dump file that cannot be read";
    fails_with(what, saved, &[ErrorKind::InvalidInput])
}

fn name(text: &str) -> Result<DumpName, Stop> {
    text.parse().doing("making a name")
}
