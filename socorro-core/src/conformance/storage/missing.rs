use super::{RAW, Stage, list_cases};
use crate::conformance::verdict::{Doing, Verdict};
use crate::crash::StoredId;
use crate::storage::Capabilities;

list_cases! {
    missing_is_not_found, Capabilities::empty(), "each read of a crash that is not there answers NotFound, an empty catalog";
    legacy_ids_are_not_found, Capabilities::empty(), "reads by an id that only old data bears answer NotFound, no other error";
    alike_is_not_the_same, RAW, "reads by an id that is like a saved one answer NotFound";
}

async fn missing_is_not_found(stage: &Stage<'_>) -> Verdict {
    let mut maker = stage.maker();
    stage.expect_nothing(maker.id(stage.day(0)?)).await?;
    for digit in 0..=9 {
        let id = maker
            .id_with_digit(stage.day(1)?, digit)
            .doing("making an id")?;
        stage.expect_nothing(id).await?;
    }
    Ok(())
}

async fn legacy_ids_are_not_found(stage: &Stage<'_>) -> Verdict {
    for id in [
        "C0FFEE00-DEAD-4BEE-8BAD-F00D00010203",
        "c0ffee00-dead-4bee-8bad-f00d00993399",
        "c0ffee00-dead-4bee-8bad-f00dxx010203",
        "zzzzzzzz-zzzz-zzzz-zzzz-zzzzzzzzzzzz",
    ] {
        let id: StoredId = id.parse().doing("making an id")?;
        stage.expect_nothing(id).await?;
    }
    Ok(())
}

async fn alike_is_not_the_same(stage: &Stage<'_>) -> Verdict {
    let mut maker = stage.maker();
    let id = maker
        .id_with_digit(stage.day(0)?, 2)
        .doing("making an id")?;
    let sample = maker.sample_of(id).doing("making a crash")?;
    stage.save(&sample).await?;
    let neighbour = maker.neighbour(&id).doing("making an id")?;
    stage.expect_nothing(neighbour).await?;
    let (start, _) = id.as_str().split_at(29);
    let date = id.date().compact();
    let other_digit = format!("{start}3{}", date.get(2..).unwrap_or_default());
    stage
        .expect_nothing(other_digit.parse::<StoredId>().doing("making an id")?)
        .await?;
    let other_day = stage.day(1)?.compact();
    let other_day = format!("{start}2{}", other_day.get(2..).unwrap_or_default());
    stage
        .expect_nothing(other_day.parse::<StoredId>().doing("making an id")?)
        .await?;
    stage.expect_saved(&sample).await
}
