use std::time::Instant;

use super::{RAW, Stage, list_cases};
use crate::conformance::check::succeeds_or_fails_with;
use crate::conformance::runner::abandon;
use crate::conformance::verdict::{Doing, Verdict};
use crate::context::Context;
use crate::error::ErrorKind;
use crate::storage::Capabilities;

/// How an operation may fail whose time is over.
const OVER: [ErrorKind; 2] = [ErrorKind::Timeout, ErrorKind::Cancelled];

list_cases! {
    an_abandoned_save_is_whole_or_nothing, RAW, "a save that was dropped at any of its first moments left a whole crash or none, and the store usable";
    an_abandoned_read_harms_nothing, RAW, "a read that was dropped leaves the store usable";
    an_abandoned_delete_is_finished_by_another, RAW.union(Capabilities::DELETE), "a delete that was dropped is finished by the next";
    a_save_whose_time_is_over, RAW, "a save with a deadline that has passed is done or fails with Timeout or Cancelled, never half";
    a_read_whose_time_is_over, RAW, "a read with a deadline that has passed succeeds or fails with Timeout or Cancelled";
}

/// At how many of its first moments an operation is abandoned, in turn.
const MOMENTS: usize = 12;

async fn an_abandoned_save_is_whole_or_nothing(stage: &Stage<'_>) -> Verdict {
    let mut maker = stage.maker();
    for polls in 0..MOMENTS {
        let mut sample = maker.sample(stage.day(0)?).doing("making a crash")?;
        sample.dumps = maker.sized_dumps().doing("making dumps")?;
        let (storage, cx) = (stage.storage(), stage.cx());
        let save = storage.save_raw_crash(&cx, &sample.id, &sample.raw, &sample.dumps);
        abandon(save, polls)
            .await
            .unwrap_or(Ok(()))
            .doing("save_raw_crash")?;
        let read = stage
            .storage()
            .get_raw_crash(&stage.cx(), &sample.id.into())
            .await;
        let what = "get_raw_crash after an abandoned save";
        if succeeds_or_fails_with(what, read, &[ErrorKind::NotFound])?.is_some() {
            stage.expect_saved(&sample).await?;
        }
        stage.save(&sample).await?;
        stage.expect_saved(&sample).await?;
    }
    Ok(())
}

async fn an_abandoned_read_harms_nothing(stage: &Stage<'_>) -> Verdict {
    let sample = stage.save_new(&mut stage.maker()).await?;
    let (storage, stored, cx) = (stage.storage(), sample.id.into(), stage.cx());
    for polls in 0..MOMENTS {
        let read = abandon(storage.get_raw_crash(&cx, &stored), polls).await;
        read.transpose().doing("get_raw_crash")?;
        if stage.keeps_dumps() {
            let read = abandon(storage.get_dumps(&cx, &stored), polls).await;
            read.transpose().doing("get_dumps")?;
        }
    }
    stage.expect_saved(&sample).await
}

async fn an_abandoned_delete_is_finished_by_another(stage: &Stage<'_>) -> Verdict {
    let mut maker = stage.maker();
    let cx = stage.cx();
    for polls in 0..MOMENTS {
        let sample = stage.save_new(&mut maker).await?;
        let (storage, stored) = (stage.storage(), sample.id.into());
        let delete = abandon(storage.delete(&cx, &stored), polls).await;
        delete.unwrap_or(Ok(())).doing("delete")?;
        stage.delete(sample.id).await?;
        stage.expect_nothing(sample.id).await?;
    }
    Ok(())
}

async fn a_save_whose_time_is_over(stage: &Stage<'_>) -> Verdict {
    let mut maker = stage.maker();
    let sample = maker.sample(stage.day(0)?).doing("making a crash")?;
    let (storage, cx) = (
        stage.storage(),
        Context::new().with_deadline(Instant::now()),
    );
    let saved = storage
        .save_raw_crash(&cx, &sample.id, &sample.raw, &sample.dumps)
        .await;
    let done = succeeds_or_fails_with("save_raw_crash too late", saved, &OVER)?;
    let read = storage.get_raw_crash(&stage.cx(), &sample.id.into()).await;
    let what = "get_raw_crash after a save that was too late";
    let allowed: &[ErrorKind] = if done.is_some() {
        &[]
    } else {
        &[ErrorKind::NotFound]
    };
    if succeeds_or_fails_with(what, read, allowed)?.is_some() {
        stage.expect_saved(&sample).await?;
    }
    stage.save(&sample).await?;
    stage.expect_saved(&sample).await
}

async fn a_read_whose_time_is_over(stage: &Stage<'_>) -> Verdict {
    let sample = stage.save_new(&mut stage.maker()).await?;
    let (storage, cx) = (
        stage.storage(),
        Context::new().with_deadline(Instant::now()),
    );
    let read = storage.get_raw_crash(&cx, &sample.id.into()).await;
    if let Some(raw) = succeeds_or_fails_with("get_raw_crash too late", read, &OVER)? {
        crate::conformance::check::same_bytes(
            "get_raw_crash",
            raw.as_bytes(),
            sample.raw.as_bytes(),
        )?;
    }
    stage.expect_saved(&sample).await
}
