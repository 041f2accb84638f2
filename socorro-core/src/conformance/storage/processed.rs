use super::{PROCESSED, RAW, Stage, list_cases};
use crate::conformance::check::{equal, fails_with, same_bytes};
use crate::conformance::data::Sample;
use crate::conformance::verdict::{Doing, Verdict};
use crate::crash::{Redaction, StoredId};
use crate::error::ErrorKind;
use crate::storage::Capabilities;

list_cases! {
    processed_needs_no_raw_crash, PROCESSED, "a processed crash alone is saved and read, and makes no raw crash";
    processed_is_overwritten, PROCESSED, "saving another processed crash replaces the first; saving it again changes nothing";
    raw_and_processed_come_back, RAW.union(PROCESSED), "a crash saved with its processed crash is read back whole";
    processed_may_come_first, RAW.union(PROCESSED), "a raw crash saved after its processed crash leaves it there";
    processed_leaves_the_raw_crash, RAW.union(PROCESSED), "saving a processed crash changes neither raw crash nor dumps";
    redaction_is_on_a_copy, PROCESSED, "a redacted read is redacted as the host does it, and the store keeps every field";
}

async fn processed_needs_no_raw_crash(stage: &Stage<'_>) -> Verdict {
    let sample = stage
        .maker()
        .sample(stage.day(0)?)
        .doing("making a crash")?;
    stage.save_processed(&sample.id, &sample.processed).await?;
    stage
        .expect_processed(&sample.id, &sample.processed)
        .await?;
    if stage.has(Capabilities::GET_RAW) {
        let read = stage
            .storage()
            .get_raw_crash(&stage.cx(), &sample.id.into())
            .await;
        let what = "get_raw_crash where only the processed crash is";
        fails_with(what, read, &[ErrorKind::NotFound])?;
    }
    Ok(())
}

async fn processed_is_overwritten(stage: &Stage<'_>) -> Verdict {
    let mut maker = stage.maker();
    let id = maker.id(stage.day(0)?);
    for _ in 0..3 {
        let processed = maker.processed().doing("making a processed crash")?;
        stage.save_processed(&id, &processed).await?;
        stage.expect_processed(&id, &processed).await?;
        stage.save_processed(&id, &processed).await?;
        stage.expect_processed(&id, &processed).await?;
    }
    Ok(())
}

async fn raw_and_processed_come_back(stage: &Stage<'_>) -> Verdict {
    let sample = stage
        .maker()
        .sample(stage.day(0)?)
        .doing("making a crash")?;
    for _ in 0..2 {
        save_both(stage, &sample).await?;
        stage.expect_saved(&sample).await?;
        stage
            .expect_processed(&sample.id, &sample.processed)
            .await?;
    }
    Ok(())
}

async fn save_both(stage: &Stage<'_>, sample: &Sample) -> Verdict {
    let Sample {
        id,
        raw,
        dumps,
        processed,
    } = sample;
    let storage = stage.storage();
    let saved = storage
        .save_raw_and_processed(&stage.cx(), id, raw, dumps, processed)
        .await;
    saved.doing(format_args!("save_raw_and_processed of {id}"))
}

async fn processed_may_come_first(stage: &Stage<'_>) -> Verdict {
    let sample = stage
        .maker()
        .sample(stage.day(0)?)
        .doing("making a crash")?;
    stage.save_processed(&sample.id, &sample.processed).await?;
    stage.save(&sample).await?;
    stage.expect_saved(&sample).await?;
    stage.expect_processed(&sample.id, &sample.processed).await
}

async fn processed_leaves_the_raw_crash(stage: &Stage<'_>) -> Verdict {
    let mut maker = stage.maker();
    let sample = stage.save_new(&mut maker).await?;
    for _ in 0..2 {
        let processed = maker.processed().doing("making a processed crash")?;
        stage.save_processed(&sample.id, &processed).await?;
        stage.expect_processed(&sample.id, &processed).await?;
        stage.expect_saved(&sample).await?;
    }
    Ok(())
}

async fn redaction_is_on_a_copy(stage: &Stage<'_>) -> Verdict {
    let sample = stage
        .maker()
        .sample(stage.day(0)?)
        .doing("making a crash")?;
    let redaction = Redaction::new(["email", "json_dump.sensitive", "not_there"])
        .doing("making a redaction")?;
    stage.save_processed(&sample.id, &sample.processed).await?;
    let (storage, stored) = (stage.storage(), StoredId::from(sample.id));
    let what = format!("get_processed_crash of {stored}");
    let seen = storage
        .get_processed_crash(&stage.cx(), &stored, &redaction)
        .await;
    let expected = redaction.apply(&sample.processed).doing("redacting")?;
    same_bytes(&what, seen.doing(&what)?.as_bytes(), expected.as_bytes())?;
    equal("the redacted email", &expected.field("email"), &None)?;
    stage.expect_processed(&sample.id, &sample.processed).await
}
