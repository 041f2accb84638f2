use super::{RAW, Stage, list_cases};
use crate::conformance::check::{ensure, equal, fails_with};
use crate::conformance::scratch::Scratch;
use crate::conformance::verdict::{Doing, Stop, Verdict};
use crate::crash::{Redaction, StoredId};
use crate::error::{ErrorKind, Result};
use crate::storage::{Capabilities, ListRequest};

list_cases! {
    is_healthy, Capabilities::empty(), "a storage that works says that it is usable";
    capabilities_do_not_change, Capabilities::empty(), "capabilities are constant for the life of an instance";
    unsupported_is_said, Capabilities::empty(),
        "an operation without its capability answers Unsupported; a read may answer NotFound instead";
    supported_is_done, Capabilities::empty(), "no operation answers Unsupported whose capability is stated";
    reopened_has_everything, RAW, "what was acknowledged is there after close and reopen";
}

async fn is_healthy(stage: &Stage<'_>) -> Verdict {
    let health = stage.storage().health(&stage.cx()).await.doing("health")?;
    ensure(health.is_usable(), || {
        format!("health: expected a usable storage, saw {health}")
    })
}

async fn capabilities_do_not_change(stage: &Stage<'_>) -> Verdict {
    stage.storage().health(&stage.cx()).await.doing("health")?;
    let again = stage.storage().capabilities();
    equal("capabilities", &again, &stage.capabilities)
}

async fn unsupported_is_said(stage: &Stage<'_>) -> Verdict {
    let mut missing = 0;
    for (name, needed, kind) in every_operation(stage).await? {
        if stage.has(needed) {
            continue;
        }
        missing += 1;
        let is_read = Capabilities::GET_RAW | Capabilities::GET_DUMPS | Capabilities::GET_PROCESSED;
        let told = kind == Some(ErrorKind::Unsupported)
            || is_read.contains(needed) && kind == Some(ErrorKind::NotFound);
        ensure(told, || {
            format!(
                "{name} without {needed}: expected Unsupported, saw {}",
                shown(kind)
            )
        })?;
    }
    if missing == 0 {
        return Err(Stop::NotApplicable("it supports everything".to_owned()));
    }
    Ok(())
}

async fn supported_is_done(stage: &Stage<'_>) -> Verdict {
    for (name, needed, kind) in every_operation(stage).await? {
        let refused = kind == Some(ErrorKind::Unsupported);
        ensure(!(stage.has(needed) && refused), || {
            format!("{name}: its capability {needed} is stated, it answered Unsupported")
        })?;
    }
    Ok(())
}

fn shown(kind: Option<ErrorKind>) -> String {
    kind.map_or("a success".to_owned(), |kind| format!("{kind:?}"))
}

/// Calls every operation once, reads before there is anything: its name, what it needs, how it failed.
async fn every_operation(
    stage: &Stage<'_>,
) -> Result<Vec<(&'static str, Capabilities, Option<ErrorKind>)>, Stop> {
    fn kind<T>(result: Result<T>) -> Option<ErrorKind> {
        result.err().map(|error| error.kind())
    }
    let sample = stage
        .maker()
        .sample(stage.day(0)?)
        .doing("making a crash")?;
    let (cx, storage, scratch) = (&stage.cx(), stage.storage(), Scratch::new()?);
    let stored = StoredId::from(sample.id);
    let id = &stored;
    let both = Capabilities::SAVE_RAW | Capabilities::SAVE_PROCESSED;
    Ok(vec![
        (
            "get_raw_crash",
            Capabilities::GET_RAW,
            kind(storage.get_raw_crash(cx, id).await),
        ),
        (
            "get_dump",
            Capabilities::GET_DUMPS,
            kind(storage.get_dump(cx, id, &Default::default()).await),
        ),
        (
            "get_dumps",
            Capabilities::GET_DUMPS,
            kind(storage.get_dumps(cx, id).await),
        ),
        (
            "get_dumps_as_files",
            Capabilities::GET_DUMPS,
            kind(storage.get_dumps_as_files(cx, id, scratch.path()).await),
        ),
        (
            "get_unredacted_processed_crash",
            Capabilities::GET_PROCESSED,
            kind(storage.get_unredacted_processed_crash(cx, id).await),
        ),
        (
            "get_processed_crash",
            Capabilities::GET_PROCESSED,
            kind(
                storage
                    .get_processed_crash(cx, id, &Redaction::default())
                    .await,
            ),
        ),
        (
            "catalog",
            Capabilities::CATALOG,
            kind(storage.catalog(cx, id).await),
        ),
        (
            "list",
            Capabilities::LIST,
            kind(storage.list(cx, &ListRequest::day(sample.id.date())).await),
        ),
        (
            "save_raw_crash",
            Capabilities::SAVE_RAW,
            kind(
                storage
                    .save_raw_crash(cx, &sample.id, &sample.raw, &sample.dumps)
                    .await,
            ),
        ),
        (
            "save_processed_crash",
            Capabilities::SAVE_PROCESSED,
            kind(
                storage
                    .save_processed_crash(cx, &sample.id, &sample.processed)
                    .await,
            ),
        ),
        (
            "save_raw_and_processed",
            both,
            kind(
                storage
                    .save_raw_and_processed(
                        cx,
                        &sample.id,
                        &sample.raw,
                        &sample.dumps,
                        &sample.processed,
                    )
                    .await,
            ),
        ),
        (
            "delete",
            Capabilities::DELETE,
            kind(storage.delete(cx, id).await),
        ),
    ])
}

async fn reopened_has_everything(stage: &Stage<'_>) -> Verdict {
    let mut maker = stage.maker();
    let mut samples = Vec::new();
    for _ in 0..5 {
        samples.push(stage.save_new(&mut maker).await?);
    }
    let mut large = maker.sample(stage.day(1)?).doing("making a crash")?;
    large.dumps = maker.sized_dumps().doing("making dumps")?;
    stage.save(&large).await?;
    samples.push(large);
    if stage.has(Capabilities::DELETE) {
        let gone = stage.save_new(&mut maker).await?;
        stage.delete(gone.id).await?;
        stage.reopen().await?;
        let read = stage
            .storage()
            .get_raw_crash(&stage.cx(), &gone.id.into())
            .await;
        fails_with(
            "get_raw_crash of a deleted crash",
            read,
            &[ErrorKind::NotFound],
        )?;
    } else {
        stage.reopen().await?;
    }
    for sample in &samples {
        stage.expect_saved(sample).await?;
    }
    Ok(())
}
