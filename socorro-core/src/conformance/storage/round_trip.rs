use super::{PROCESSED, RAW, Stage, list_cases};
use crate::conformance::data::{DOCUMENTS, Maker};
use crate::conformance::verdict::{Doing, Stop, Verdict};
use crate::crash::{CrashDate, Dumps, Limits, ProcessedCrash, RawCrash};
use crate::storage::{Capabilities, ListRequest};

list_cases! {
    saved_crash_comes_back, RAW, "a saved raw crash and its dumps are read back byte for byte";
    odd_raw_crashes_keep_their_bytes, RAW, "raw crashes are not parsed and written again";
    odd_processed_crashes_keep_their_bytes, PROCESSED, "processed crashes are not parsed and written again";
    a_large_document_comes_back, RAW, "a raw crash of 1 MiB is read back byte for byte";
    every_digit_comes_back, RAW, "ids with each of the digits 0 to 9 are saved and read";
    the_first_the_last_and_this_day_come_back, RAW, "crashes of 2000-01-01, 2099-12-31 and today are kept and listed";
}

async fn saved_crash_comes_back(stage: &Stage<'_>) -> Verdict {
    let sample = stage.save_new(&mut stage.maker()).await?;
    stage.expect_saved(&sample).await
}

async fn odd_raw_crashes_keep_their_bytes(stage: &Stage<'_>) -> Verdict {
    let mut maker = stage.maker();
    for (odd, document) in DOCUMENTS {
        let id = maker.id(stage.day(0)?);
        let raw = RawCrash::new(document, &Limits::default()).doing(odd)?;
        stage
            .save_raw(&id, &raw, &Dumps::new())
            .await
            .map_err(|stop| with(odd, stop))?;
        stage
            .expect_raw(&id, &raw)
            .await
            .map_err(|stop| with(odd, stop))?;
    }
    Ok(())
}

async fn odd_processed_crashes_keep_their_bytes(stage: &Stage<'_>) -> Verdict {
    let mut maker = stage.maker();
    for (odd, document) in DOCUMENTS {
        let id = maker.id(stage.day(0)?);
        let processed = ProcessedCrash::new(document, &Limits::default()).doing(odd)?;
        stage
            .save_processed(&id, &processed)
            .await
            .map_err(|stop| with(odd, stop))?;
        stage
            .expect_processed(&id, &processed)
            .await
            .map_err(|stop| with(odd, stop))?;
    }
    Ok(())
}

fn with(odd: &str, stop: Stop) -> Stop {
    match stop {
        Stop::Failed(why) => Stop::Failed(format!("a document with {odd}: {why}")),
        other => other,
    }
}

async fn a_large_document_comes_back(stage: &Stage<'_>) -> Verdict {
    let id = stage.maker().id(stage.day(0)?);
    let document = format!(r#"{{"text": "{}"}}"#, "é\\n".repeat(1 << 18));
    let raw = RawCrash::new(document, &Limits::default()).doing("making a raw crash")?;
    stage.save_raw(&id, &raw, &Dumps::new()).await?;
    stage.expect_raw(&id, &raw).await
}

async fn every_digit_comes_back(stage: &Stage<'_>) -> Verdict {
    let mut maker = stage.maker();
    let mut samples = Vec::new();
    for digit in 0..=9 {
        let id = maker
            .id_with_digit(stage.day(0)?, digit)
            .doing("making an id")?;
        let sample = maker.sample_of(id).doing("making a crash")?;
        stage.save(&sample).await?;
        samples.push(sample);
    }
    for sample in &samples {
        stage.expect_saved(sample).await?;
    }
    Ok(())
}

async fn the_first_the_last_and_this_day_come_back(stage: &Stage<'_>) -> Verdict {
    let today = CrashDate::of(std::time::SystemTime::now());
    let mut maker = stage.maker();
    for day in [CrashDate::FIRST, CrashDate::LAST, today] {
        save_and_find(stage, &mut maker, day).await?;
    }
    Ok(())
}

async fn save_and_find(stage: &Stage<'_>, maker: &mut Maker, day: CrashDate) -> Verdict {
    let sample = maker.sample(day).doing("making a crash")?;
    stage.save(&sample).await?;
    stage.expect_saved(&sample).await?;
    if !stage.has(Capabilities::LIST) {
        return Ok(());
    }
    let ids = super::list::all(stage, ListRequest::day(day)).await?;
    if ids.contains(&sample.id.into()) {
        return Ok(());
    }
    Err(Stop::Failed(format!(
        "list of {day}: {} is missing",
        sample.id
    )))
}
