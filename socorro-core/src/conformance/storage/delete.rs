use super::{PROCESSED, RAW, Stage, list_cases};
use crate::conformance::verdict::{Doing, Verdict};
use crate::crash::StoredId;
use crate::storage::Capabilities;

const DELETE: Capabilities = RAW.union(Capabilities::DELETE);

list_cases! {
    deleted_is_gone, DELETE, "of a deleted crash nothing is to be seen";
    deleting_again_succeeds, Capabilities::DELETE, "deleting what is not there, also by an old id, succeeds";
    deleting_takes_the_processed_crash, DELETE.union(PROCESSED), "a delete takes raw crash and processed crash, also where one is alone";
    deleting_spares_the_neighbours, DELETE, "a delete touches no crash with the same day and first characters";
    deleted_can_be_saved_again, DELETE, "an id that was deleted can be saved again, without its old dumps";
}

async fn deleted_is_gone(stage: &Stage<'_>) -> Verdict {
    let mut maker = stage.maker();
    for digit in 0..=9 {
        let id = maker
            .id_with_digit(stage.day(0)?, digit)
            .doing("making an id")?;
        let mut sample = maker.sample_of(id).doing("making a crash")?;
        sample.dumps = maker.named_dumps().doing("making dumps")?;
        stage.save(&sample).await?;
        stage.delete(id).await?;
        stage.expect_nothing(id).await?;
    }
    Ok(())
}

async fn deleting_again_succeeds(stage: &Stage<'_>) -> Verdict {
    let id = stage.maker().id(stage.day(0)?);
    let legacy: StoredId = "C0FFEE00-DEAD-4BEE-8BAD-F00D00010203"
        .parse()
        .doing("making an id")?;
    stage.delete(id).await?;
    stage.delete(id).await?;
    stage.delete(legacy).await
}

async fn deleting_takes_the_processed_crash(stage: &Stage<'_>) -> Verdict {
    let mut maker = stage.maker();
    let sample = stage.save_new(&mut maker).await?;
    stage.save_processed(&sample.id, &sample.processed).await?;
    stage.delete(sample.id).await?;
    stage.expect_nothing(sample.id).await?;
    let alone = maker.sample(stage.day(0)?).doing("making a crash")?;
    stage.save_processed(&alone.id, &alone.processed).await?;
    stage.delete(alone.id).await?;
    stage.expect_nothing(alone.id).await
}

async fn deleting_spares_the_neighbours(stage: &Stage<'_>) -> Verdict {
    let mut maker = stage.maker();
    for digit in [0, 1, 2, 4, 9] {
        let id = maker
            .id_with_digit(stage.day(0)?, digit)
            .doing("making an id")?;
        let sample = maker.sample_of(id).doing("making a crash")?;
        stage.save(&sample).await?;
        let mut neighbours = Vec::new();
        for _ in 0..3 {
            let id = maker.neighbour(&id).doing("making an id")?;
            neighbours.push(maker.sample_of(id).doing("making a crash")?);
        }
        neighbours.push(maker.sample(stage.day(0)?).doing("making a crash")?);
        neighbours.push(maker.sample(stage.day(1)?).doing("making a crash")?);
        for neighbour in &neighbours {
            stage.save(neighbour).await?;
        }
        stage.delete(sample.id).await?;
        stage.expect_nothing(sample.id).await?;
        for neighbour in &neighbours {
            stage.expect_saved(neighbour).await?;
        }
    }
    Ok(())
}

async fn deleted_can_be_saved_again(stage: &Stage<'_>) -> Verdict {
    let mut maker = stage.maker();
    let mut sample = maker.sample(stage.day(0)?).doing("making a crash")?;
    sample.dumps = maker.named_dumps().doing("making dumps")?;
    stage.save(&sample).await?;
    stage.delete(sample.id).await?;
    sample.dumps = maker.dumps().doing("making dumps")?;
    stage.save(&sample).await?;
    stage.expect_saved(&sample).await
}
