use super::{PROCESSED, RAW, Stage, list_cases};
use crate::conformance::check::{ensure, equal};
use crate::conformance::data::Maker;
use crate::conformance::verdict::{Doing, Stop, Verdict};
use crate::crash::{CrashDate, CrashId, Dumps, StoredId};
use crate::storage::{Capabilities, ListRequest};

const LIST: Capabilities = RAW.union(Capabilities::LIST);

list_cases! {
    an_empty_day_lists_nothing, Capabilities::LIST, "a day without crashes is an empty last page";
    a_day_lists_its_crashes, LIST, "a day lists its crashes of every digit, once, ascending, and no others";
    days_are_inclusive, LIST, "the first and the last day asked for are listed, the days around are not";
    days_come_before_ids, LIST, "the order is by day first, then by id";
    nothing_lies_between_days_in_the_wrong_order, LIST, "from a later day to an earlier one is an empty page";
    a_processed_crash_alone_is_listed, PROCESSED.union(Capabilities::LIST), "a crash of which only the processed part is there is listed";
    a_crash_with_all_parts_is_listed_once, LIST.union(PROCESSED), "raw crash, dumps and processed crash are one id";
    a_deleted_crash_is_not_listed, LIST.union(Capabilities::DELETE), "what was deleted is not listed";
}

async fn an_empty_day_lists_nothing(stage: &Stage<'_>) -> Verdict {
    expect(stage, stage.day(0)?, stage.day(20)?, &[]).await
}

async fn a_day_lists_its_crashes(stage: &Stage<'_>) -> Verdict {
    let (mut maker, day) = (stage.maker(), stage.day(1)?);
    let mut ids = Vec::new();
    for digit in 0..=9 {
        let id = maker.id_with_digit(day, digit).doing("making an id")?;
        ids.push(id);
        ids.push(maker.neighbour(&id).doing("making an id")?);
    }
    maker.shuffle(&mut ids);
    for id in &ids {
        save(stage, &mut maker, *id).await?;
    }
    for other in [stage.day(0)?, stage.day(2)?] {
        let id = maker.id(other);
        save(stage, &mut maker, id).await?;
    }
    expect(stage, day, day, &ids).await
}

async fn days_are_inclusive(stage: &Stage<'_>) -> Verdict {
    let mut ids = Vec::new();
    for day in 0..8 {
        ids.extend(save_some(stage, 3, day).await?);
    }
    for (from, to) in [(0, 0), (7, 7), (2, 5), (0, 7), (3, 40)] {
        let (from, to) = (stage.day(from)?, stage.day(to)?);
        let within = |id: &&CrashId| (from..=to).contains(&id.date());
        let expected: Vec<_> = ids.iter().filter(within).copied().collect();
        expect(stage, from, to, &expected).await?;
    }
    Ok(())
}

async fn days_come_before_ids(stage: &Stage<'_>) -> Verdict {
    let mut maker = stage.maker();
    let starts = ["f", "8", "0"];
    let mut ids = Vec::new();
    for (number, start) in starts.into_iter().enumerate() {
        let id = maker.id(stage.day(number)?);
        let rest = id.as_str().get(1..).unwrap_or_default();
        ids.push(format!("{start}{rest}").parse().doing("making an id")?);
    }
    for id in ids.iter().rev() {
        save(stage, &mut maker, *id).await?;
    }
    expect(stage, stage.day(0)?, stage.day(2)?, &ids).await
}

async fn nothing_lies_between_days_in_the_wrong_order(stage: &Stage<'_>) -> Verdict {
    save_some(stage, 2, 1).await?;
    save_some(stage, 2, 2).await?;
    expect(stage, stage.day(2)?, stage.day(1)?, &[]).await
}

async fn a_processed_crash_alone_is_listed(stage: &Stage<'_>) -> Verdict {
    let sample = stage
        .maker()
        .sample(stage.day(0)?)
        .doing("making a crash")?;
    stage.save_processed(&sample.id, &sample.processed).await?;
    expect(stage, stage.day(0)?, stage.day(0)?, &[sample.id]).await
}

async fn a_crash_with_all_parts_is_listed_once(stage: &Stage<'_>) -> Verdict {
    let mut maker = stage.maker();
    let mut ids = Vec::new();
    for _ in 0..4 {
        let sample = stage.save_new(&mut maker).await?;
        stage.save_processed(&sample.id, &sample.processed).await?;
        ids.push(sample.id);
    }
    expect(stage, stage.day(0)?, stage.day(0)?, &ids).await
}

async fn a_deleted_crash_is_not_listed(stage: &Stage<'_>) -> Verdict {
    let mut ids = save_some(stage, 6, 0).await?;
    for _ in 0..3 {
        let gone = ids.remove(1);
        stage.delete(gone).await?;
        expect(stage, stage.day(0)?, stage.day(0)?, &ids).await?;
    }
    Ok(())
}

/// Saves small crashes of one of the case's days; gives their ids, ascending. Ids of different days differ
/// in nothing but the day.
pub(super) async fn save_some(
    stage: &Stage<'_>,
    count: usize,
    day: usize,
) -> Result<Vec<CrashId>, Stop> {
    let mut maker = stage.maker();
    let day = stage.day(day)?;
    let mut ids: Vec<_> = (0..count).map(|_| maker.id(day)).collect();
    for id in &ids {
        save(stage, &mut maker, *id).await?;
    }
    ids.sort();
    Ok(ids)
}

async fn save(stage: &Stage<'_>, maker: &mut Maker, id: CrashId) -> Verdict {
    let raw = maker.raw().doing("making a raw crash")?;
    stage.save_raw(&id, &raw, &Dumps::new()).await
}

/// The days list exactly these ids, in order.
pub(super) async fn expect(
    stage: &Stage<'_>,
    from: CrashDate,
    to: CrashDate,
    ids: &[CrashId],
) -> Verdict {
    let mut expected: Vec<StoredId> = ids.iter().map(StoredId::from).collect();
    expected.sort();
    let seen = all(stage, ListRequest::days(from, to)).await?;
    equal(format_args!("list from {from} to {to}"), &seen, &expected)
}

/// Every id from the request on, page by page; each page is checked by itself.
pub(super) async fn all(stage: &Stage<'_>, request: ListRequest) -> Result<Vec<StoredId>, Stop> {
    let storage = stage.storage();
    let mut ids = Vec::new();
    let mut next = Some(request);
    while let Some(request) = next {
        let page = storage.list(&stage.cx(), &request).await;
        let page = page.doing(format_args!("list {request:?}"))?;
        ensure(page.ids.len() <= request.limit as usize, || {
            format!("list {request:?}: a page of {} ids", page.ids.len())
        })?;
        ensure(!(page.more && page.ids.is_empty()), || {
            format!("list {request:?}: an empty page says that more follow")
        })?;
        let mut before = request.after.as_ref();
        for id in &page.ids {
            ensure(before < Some(id), || {
                format!("list {request:?}: {id} does not come after {before:?}")
            })?;
            let in_days = id
                .date()
                .is_some_and(|day| (request.from..=request.to).contains(&day));
            ensure(in_days, || {
                format!("list {request:?}: {id} is of another day")
            })?;
            before = Some(id);
        }
        next = request.next(&page);
        ids.extend(page.ids);
    }
    Ok(ids)
}
