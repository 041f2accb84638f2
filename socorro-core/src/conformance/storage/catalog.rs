use super::{PROCESSED, RAW, Stage, list_cases};
use crate::conformance::data::Sample;
use crate::conformance::verdict::{Doing, Verdict};
use crate::crash::Dumps;
use crate::storage::{Capabilities, Part};

list_cases! {
    catalog_of_nothing_is_empty, Capabilities::CATALOG, "the catalog of a crash that is not there is empty, and no error";
    catalog_lists_the_raw_crash_and_its_dumps, RAW.union(Capabilities::CATALOG), "the catalog lists the raw crash and each dump once, and nothing else";
    catalog_lists_a_processed_crash_alone, PROCESSED.union(Capabilities::CATALOG), "the catalog lists a processed crash that is alone";
    catalog_follows_each_change, RAW.union(PROCESSED).union(Capabilities::CATALOG), "the catalog shows processing and replacement at once";
    catalog_is_empty_after_delete, RAW.union(Capabilities::CATALOG).union(Capabilities::DELETE), "the catalog of a deleted crash is empty";
}

async fn catalog_of_nothing_is_empty(stage: &Stage<'_>) -> Verdict {
    let id = stage.maker().id(stage.day(0)?);
    stage.expect_catalog(&id, Vec::new()).await
}

async fn catalog_lists_the_raw_crash_and_its_dumps(stage: &Stage<'_>) -> Verdict {
    let mut maker = stage.maker();
    for dumps in [Dumps::new(), maker.named_dumps().doing("making dumps")?] {
        let mut sample = maker.sample(stage.day(0)?).doing("making a crash")?;
        sample.dumps = dumps;
        stage.save(&sample).await?;
        stage.expect_catalog(&sample.id, parts(&sample)).await?;
    }
    Ok(())
}

async fn catalog_lists_a_processed_crash_alone(stage: &Stage<'_>) -> Verdict {
    let sample = stage
        .maker()
        .sample(stage.day(0)?)
        .doing("making a crash")?;
    stage.save_processed(&sample.id, &sample.processed).await?;
    stage
        .expect_catalog(&sample.id, vec![Part::ProcessedCrash])
        .await
}

async fn catalog_follows_each_change(stage: &Stage<'_>) -> Verdict {
    let mut maker = stage.maker();
    let mut sample = stage.save_new(&mut maker).await?;
    let with_processed = |sample: &Sample| {
        let mut parts = parts(sample);
        parts.push(Part::ProcessedCrash);
        parts
    };
    stage.expect_catalog(&sample.id, parts(&sample)).await?;
    stage.save_processed(&sample.id, &sample.processed).await?;
    stage
        .expect_catalog(&sample.id, with_processed(&sample))
        .await?;

    // Replaced before it is processed: what a replacement does to a processed crash is the store's own.
    sample = stage.save_new(&mut maker).await?;
    sample.dumps = Dumps::new().with("other".parse().doing("making a name")?, maker.bytes(9));
    stage.save(&sample).await?;
    stage.expect_catalog(&sample.id, parts(&sample)).await?;
    stage.save_processed(&sample.id, &sample.processed).await?;
    stage
        .expect_catalog(&sample.id, with_processed(&sample))
        .await
}

async fn catalog_is_empty_after_delete(stage: &Stage<'_>) -> Verdict {
    let sample = stage.save_new(&mut stage.maker()).await?;
    stage.expect_catalog(&sample.id, parts(&sample)).await?;
    stage.delete(sample.id).await?;
    stage.expect_catalog(&sample.id, Vec::new()).await
}

fn parts(sample: &Sample) -> Vec<Part> {
    let dumps = sample.dumps.names().cloned().map(Part::Dump);
    dumps.chain([Part::RawCrash]).collect()
}
