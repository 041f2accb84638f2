use super::{DUMPS, Stage, list_cases};
use crate::conformance::check::{ensure, fails_with};
use crate::conformance::verdict::{Doing, Verdict};
use crate::crash::{DumpName, Dumps, StoredId};
use crate::error::ErrorKind;
use crate::storage::Capabilities;

list_cases! {
    dumps_of_every_size_come_back, DUMPS, "dumps from nothing to 1 MiB, compressible or not, keep their bytes";
    dumps_of_every_name_come_back, DUMPS, "dump names of 64 bytes, with dots and dashes, or differing in case alone, do not collide";
    the_default_dump_has_three_names, DUMPS, "`dump`, the empty name and `upload_file_minidump` are one dump";
    no_dumps_are_an_empty_set, DUMPS, "a crash without dumps has an empty set of them, and is found";
    a_missing_dump_is_not_found, DUMPS, "a dump that an existing crash does not have is NotFound";
    declined_dumps_are_not_there, Capabilities::DECLINES_DUMPS.union(Capabilities::SAVE_RAW),
        "a storage that declines dumps takes the raw crash, and no dump is there";
}

async fn dumps_of_every_size_come_back(stage: &Stage<'_>) -> Verdict {
    let mut maker = stage.maker();
    let mut sample = maker.sample(stage.day(0)?).doing("making a crash")?;
    sample.dumps = maker.sized_dumps().doing("making dumps")?;
    stage.save(&sample).await?;
    stage.expect_saved(&sample).await
}

async fn dumps_of_every_name_come_back(stage: &Stage<'_>) -> Verdict {
    let mut maker = stage.maker();
    let mut sample = maker.sample(stage.day(0)?).doing("making a crash")?;
    sample.dumps = maker.named_dumps().doing("making dumps")?;
    stage.save(&sample).await?;
    stage.expect_saved(&sample).await
}

async fn the_default_dump_has_three_names(stage: &Stage<'_>) -> Verdict {
    let mut maker = stage.maker();
    for name in ["dump", "", DumpName::DEFAULT] {
        let name: DumpName = name.parse().doing("making a name")?;
        let mut sample = maker.sample(stage.day(0)?).doing("making a crash")?;
        let bytes = maker.bytes(50);
        sample.dumps = Dumps::new().with(name, bytes.clone());
        stage.save(&sample).await?;
        sample.dumps = Dumps::single(bytes);
        stage.expect_saved(&sample).await?;
    }
    Ok(())
}

async fn no_dumps_are_an_empty_set(stage: &Stage<'_>) -> Verdict {
    let mut sample = stage
        .maker()
        .sample(stage.day(0)?)
        .doing("making a crash")?;
    sample.dumps = Dumps::new();
    stage.save(&sample).await?;
    stage.expect_saved(&sample).await
}

async fn a_missing_dump_is_not_found(stage: &Stage<'_>) -> Verdict {
    let sample = stage.save_new(&mut stage.maker()).await?;
    let stored = StoredId::from(sample.id);
    for name in [
        "other",
        "upload_file_minidump_browse",
        "UPLOAD_FILE_MINIDUMP",
    ] {
        let name: DumpName = name.parse().doing("making a name")?;
        let read = stage.storage().get_dump(&stage.cx(), &stored, &name).await;
        let what = format!("get_dump of {stored}, {name:?}");
        fails_with(what, read, &[ErrorKind::NotFound])?;
    }
    stage.expect_saved(&sample).await
}

async fn declined_dumps_are_not_there(stage: &Stage<'_>) -> Verdict {
    let sample = stage.save_new(&mut stage.maker()).await?;
    let stored = StoredId::from(sample.id);
    if stage.has(Capabilities::GET_RAW) {
        stage.expect_raw(&sample.id, &sample.raw).await?;
    }
    if stage.has(Capabilities::CATALOG) {
        let catalog = stage.catalog(&stored).await?;
        ensure(catalog.dump_names().next().is_none(), || {
            format!("catalog of {stored}: expected no dumps, saw {catalog:?}")
        })?;
    }
    if stage.has(Capabilities::GET_DUMPS) {
        let dumps = stage.storage().get_dumps(&stage.cx(), &stored).await;
        let dumps = dumps.doing("get_dumps")?;
        ensure(dumps.is_empty(), || {
            format!("get_dumps of {stored}: expected none, saw {dumps:?}")
        })?;
    }
    Ok(())
}
