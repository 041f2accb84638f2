use std::sync::Arc;

use super::{DUMPS, RAW, Stage, list_cases};
use crate::conformance::check::same_set;
use crate::conformance::data::Sample;
use crate::conformance::runner::at_once;
use crate::conformance::verdict::{Doing, Stop, Verdict};
use crate::crash::Dumps;
use crate::error::{ErrorKind, Result};
use crate::storage::{Capabilities, CrashStorage};

list_cases! {
    many_saves_at_once, RAW, "64 crashes saved at once are all there";
    equal_saves_at_once, RAW, "16 equal saves of one id at once all succeed, and it is there";
    different_saves_at_once, RAW, "different saves of one id at once end as one of them, whole";
    the_raw_crash_comes_last, DUMPS, "whoever finds the raw crash finds all its dumps";
    reads_and_deletes_at_once, RAW.union(Capabilities::DELETE), "crashes deleted and read at once do not disturb others";
}

async fn many_saves_at_once(stage: &Stage<'_>) -> Verdict {
    let mut maker = stage.maker();
    let mut samples = Vec::new();
    for number in 0..64 {
        samples.push(
            maker
                .sample(stage.day(number % 3)?)
                .doing("making a crash")?,
        );
    }
    save_at_once(stage, &samples).await?;
    for sample in &samples {
        stage.expect_saved(sample).await?;
    }
    Ok(())
}

async fn equal_saves_at_once(stage: &Stage<'_>) -> Verdict {
    let sample = stage
        .maker()
        .sample(stage.day(0)?)
        .doing("making a crash")?;
    save_at_once(stage, &vec![sample.clone(); 16]).await?;
    stage.expect_saved(&sample).await
}

async fn different_saves_at_once(stage: &Stage<'_>) -> Verdict {
    let mut maker = stage.maker();
    for _ in 0..4 {
        let id = maker.id(stage.day(0)?);
        let mut samples = Vec::new();
        for number in 0..8 {
            let mut sample = maker.sample_of(id).doing("making a crash")?;
            let name = format!("only_{number}").parse().doing("making a name")?;
            sample.dumps.insert(name, maker.bytes(2000));
            samples.push(sample);
        }
        save_at_once(stage, &samples).await?;
        let raw = stage.storage().get_raw_crash(&stage.cx(), &id.into()).await;
        let raw = raw.doing("get_raw_crash")?;
        let Some(winner) = samples.iter().find(|sample| sample.raw == raw) else {
            let why = format!("get_raw_crash of {id}: expected one of the saved, saw {raw:?}");
            return Err(Stop::Failed(why));
        };
        stage.expect_saved(winner).await?;
    }
    Ok(())
}

async fn save_at_once(stage: &Stage<'_>, samples: &[Sample]) -> Verdict {
    let saves = samples.iter().cloned().map(|sample| {
        let (storage, cx) = (stage.storage(), stage.cx());
        async move {
            let Sample { id, raw, dumps, .. } = sample;
            storage.save_raw_crash(&cx, &id, &raw, &dumps).await
        }
    });
    for saved in at_once(saves).await? {
        saved.doing("save_raw_crash, many at once")?;
    }
    Ok(())
}

async fn the_raw_crash_comes_last(stage: &Stage<'_>) -> Verdict {
    let mut maker = stage.maker();
    for _ in 0..4 {
        let mut sample = maker.sample(stage.day(0)?).doing("making a crash")?;
        sample.dumps = maker.sized_dumps().doing("making dumps")?;
        let (storage, cx, saved) = (stage.storage(), stage.cx(), sample.clone());
        let save = tokio::spawn(async move {
            storage
                .save_raw_crash(&cx, &saved.id, &saved.raw, &saved.dumps)
                .await
        });
        let found = loop {
            let is_over = save.is_finished();
            match dumps_behind_raw(stage, &sample).await? {
                Some(dumps) => break Some(dumps),
                None if is_over => break None,
                None => tokio::task::yield_now().await,
            }
        };
        save.await
            .doing("the saving task")?
            .doing("save_raw_crash")?;
        let dumps = found.ok_or_else(|| {
            Stop::Failed(format!(
                "get_raw_crash of {}: NotFound after its save",
                sample.id
            ))
        })?;
        same_set(
            "get_dumps of a raw crash that was found",
            dumps.names(),
            sample.dumps.names(),
        )?;
    }
    Ok(())
}

/// The dumps, once the raw crash is there.
async fn dumps_behind_raw(stage: &Stage<'_>, sample: &Sample) -> Result<Option<Dumps>, Stop> {
    let (storage, id) = (stage.storage(), sample.id.into());
    match storage.get_raw_crash(&stage.cx(), &id).await {
        Ok(_) => {
            let dumps = storage.get_dumps(&stage.cx(), &id).await;
            dumps
                .doing("get_dumps of a raw crash that was found")
                .map(Some)
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).doing("get_raw_crash"),
    }
}

async fn reads_and_deletes_at_once(stage: &Stage<'_>) -> Verdict {
    let mut maker = stage.maker();
    let mut samples = Vec::new();
    for _ in 0..32 {
        samples.push(stage.save_new(&mut maker).await?);
    }
    let work = samples.iter().cloned().enumerate().map(|(number, sample)| {
        let (storage, cx) = (stage.storage(), stage.cx());
        async move {
            if number % 2 == 0 {
                storage.delete(&cx, &sample.id.into()).await
            } else {
                read(storage, cx, sample).await
            }
        }
    });
    for done in at_once(work).await? {
        done.doing("delete and get_raw_crash, many at once")?;
    }
    for (number, sample) in samples.iter().enumerate() {
        if number % 2 == 0 {
            stage.expect_nothing(sample.id).await?;
        } else {
            stage.expect_saved(sample).await?;
        }
    }
    Ok(())
}

async fn read(
    storage: Arc<dyn CrashStorage>,
    cx: crate::context::Context,
    sample: Sample,
) -> Result<()> {
    storage
        .get_raw_crash(&cx, &sample.id.into())
        .await
        .map(drop)
}
