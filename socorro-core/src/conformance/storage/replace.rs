use super::{DUMPS, RAW, Stage, list_cases};
use crate::conformance::data::{Maker, Sample};
use crate::conformance::verdict::{Doing, Stop, Verdict};
use crate::crash::{DumpName, Dumps};
use crate::storage::Capabilities;

list_cases! {
    saving_again_changes_nothing, RAW, "saving the same crash again succeeds, and it is still there, once";
    another_raw_crash_replaces, RAW, "saving the same id with another raw crash replaces it";
    fewer_dumps_replace, DUMPS, "a replacement with fewer dumps takes away those that it does not have";
    no_dumps_replace, DUMPS, "a replacement without dumps takes all of them away";
    more_dumps_replace, DUMPS, "a replacement with more dumps adds them";
    other_dumps_replace, DUMPS, "a replacement with other names leaves none of the old";
    other_bytes_replace, DUMPS, "a replacement with dumps of the same names and sizes has the new bytes";
    only_a_dump_differs, DUMPS, "a replacement that differs in one dump alone takes place";
}

async fn saving_again_changes_nothing(stage: &Stage<'_>) -> Verdict {
    let sample = stage.save_new(&mut stage.maker()).await?;
    for _ in 0..3 {
        stage.save(&sample).await?;
        stage.expect_saved(&sample).await?;
    }
    if stage.has(Capabilities::LIST) {
        super::list::expect(stage, stage.day(0)?, stage.day(0)?, &[sample.id]).await?;
    }
    Ok(())
}

async fn another_raw_crash_replaces(stage: &Stage<'_>) -> Verdict {
    let mut maker = stage.maker();
    let mut sample = stage.save_new(&mut maker).await?;
    for _ in 0..3 {
        sample.raw = maker.raw().doing("making a raw crash")?;
        stage.save(&sample).await?;
        stage.expect_saved(&sample).await?;
    }
    Ok(())
}

async fn fewer_dumps_replace(stage: &Stage<'_>) -> Verdict {
    replace(stage, &["a", "b", "c"], &["b"]).await
}

async fn no_dumps_replace(stage: &Stage<'_>) -> Verdict {
    replace(stage, &["dump", "b"], &[]).await
}

async fn more_dumps_replace(stage: &Stage<'_>) -> Verdict {
    replace(stage, &["a"], &["dump", "a", "b", "c"]).await
}

async fn other_dumps_replace(stage: &Stage<'_>) -> Verdict {
    replace(stage, &["dump", "Flash"], &["flash", "b"]).await
}

async fn other_bytes_replace(stage: &Stage<'_>) -> Verdict {
    replace(stage, &["dump", "b"], &["dump", "b"]).await
}

/// Saves a crash with the dumps `before`, then another raw crash with the dumps `after`.
async fn replace(stage: &Stage<'_>, before: &[&str], after: &[&str]) -> Verdict {
    let mut maker = stage.maker();
    let mut sample = maker.sample(stage.day(0)?).doing("making a crash")?;
    sample.dumps = named(&mut maker, before)?;
    stage.save(&sample).await?;
    let replacement = Sample {
        raw: maker.raw().doing("making a raw crash")?,
        dumps: named(&mut maker, after)?,
        ..sample
    };
    stage.save(&replacement).await?;
    stage.expect_saved(&replacement).await
}

async fn only_a_dump_differs(stage: &Stage<'_>) -> Verdict {
    let mut maker = stage.maker();
    let mut sample = stage.save_new(&mut maker).await?;
    sample.dumps.insert(DumpName::default(), maker.bytes(400));
    stage.save(&sample).await?;
    stage.expect_saved(&sample).await
}

fn named(maker: &mut Maker, names: &[&str]) -> Result<Dumps, Stop> {
    let mut dumps = Dumps::new();
    for name in names {
        dumps.insert(name.parse().doing("making a name")?, maker.bytes(64));
    }
    Ok(dumps)
}
