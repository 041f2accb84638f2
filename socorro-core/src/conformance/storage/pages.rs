use super::list::{all, save_some};
use super::{RAW, Stage, list_cases};
use crate::conformance::check::equal;
use crate::conformance::verdict::{Doing, Verdict};
use crate::crash::{CrashId, StoredId};
use crate::storage::{Capabilities, ListRequest};

const LIST: Capabilities = RAW.union(Capabilities::LIST);

list_cases! {
    pages_of_any_size_are_one_list, LIST, "pages of 1, 2, 7 and many ids make the same list";
    the_cursor_is_exclusive, LIST, "after an id the next one follows, whether the cursor is stored or not";
    a_cursor_outside_the_days, LIST, "a cursor before the days leaves all of them, one after them nothing";
    a_deleted_cursor_still_works, LIST.union(Capabilities::DELETE), "listing goes on after an id that was deleted meanwhile";
    a_cursor_works_in_another_instance, LIST, "a list that began in one instance goes on in another";
    a_new_crash_does_not_disturb_a_list, LIST, "a crash saved while a list goes on makes none missing or double";
}

async fn pages_of_any_size_are_one_list(stage: &Stage<'_>) -> Verdict {
    let mut ids = Vec::new();
    for (day, count) in [(0, 9), (1, 1), (3, 14), (5, 2)] {
        ids.extend(save_some(stage, count, day).await?);
    }
    let expected = stored(&ids);
    for limit in [1, 2, 7, 26, 27, ListRequest::PAGE] {
        let request = ListRequest {
            limit,
            ..ListRequest::days(stage.day(0)?, stage.day(6)?)
        };
        let seen = all(stage, request).await?;
        equal(format_args!("list in pages of {limit}"), &seen, &expected)?;
    }
    Ok(())
}

async fn the_cursor_is_exclusive(stage: &Stage<'_>) -> Verdict {
    let ids = stored(&save_some(stage, 6, 0).await?);
    let unsaved = stage
        .maker()
        .neighbour(&first(&ids)?)
        .doing("making an id")?;
    let cursors = ids.iter().cloned().chain([unsaved.into()]);
    for cursor in cursors {
        let rest: Vec<_> = ids.iter().filter(|id| **id > cursor).cloned().collect();
        let what = format!("list after {cursor}");
        let request = ListRequest {
            after: Some(cursor),
            ..ListRequest::day(stage.day(0)?)
        };
        equal(what, &all(stage, request).await?, &rest)?;
    }
    Ok(())
}

async fn a_cursor_outside_the_days(stage: &Stage<'_>) -> Verdict {
    save_some(stage, 2, 0).await?;
    let ids = stored(&save_some(stage, 4, 5).await?);
    save_some(stage, 2, 9).await?;
    let mut maker = stage.maker();
    let days = ListRequest::days(stage.day(4)?, stage.day(6)?);
    for (day, expected) in [(1, ids.as_slice()), (8, &[])] {
        let request = ListRequest {
            after: Some(maker.id(stage.day(day)?).into()),
            ..days.clone()
        };
        let what = format!("list {request:?}");
        equal(what, &all(stage, request).await?, &expected.to_vec())?;
    }
    Ok(())
}

async fn a_deleted_cursor_still_works(stage: &Stage<'_>) -> Verdict {
    let ids = stored(&save_some(stage, 8, 0).await?);
    let request = ListRequest {
        limit: 3,
        ..ListRequest::day(stage.day(0)?)
    };
    let page = stage
        .storage()
        .list(&stage.cx(), &request)
        .await
        .doing("list")?;
    let Some(next) = request.next(&page) else {
        return equal("more after 3 of 8", &page.more, &true);
    };
    let listed = page.ids.len();
    for id in page.ids {
        stage.delete(id).await?;
    }
    let rest: Vec<_> = ids.into_iter().skip(listed).collect();
    equal("list after a deleted id", &all(stage, next).await?, &rest)
}

async fn a_cursor_works_in_another_instance(stage: &Stage<'_>) -> Verdict {
    let mut ids = stored(&save_some(stage, 5, 0).await?);
    ids.extend(stored(&save_some(stage, 5, 1).await?));
    let request = ListRequest {
        limit: 4,
        ..ListRequest::days(stage.day(0)?, stage.day(1)?)
    };
    let page = stage
        .storage()
        .list(&stage.cx(), &request)
        .await
        .doing("list")?;
    let Some(next) = request.next(&page) else {
        return equal("more after 4 of 10", &page.more, &true);
    };
    stage.reopen().await?;
    let rest: Vec<_> = ids.into_iter().skip(page.ids.len()).collect();
    equal("list in another instance", &all(stage, next).await?, &rest)
}

async fn a_new_crash_does_not_disturb_a_list(stage: &Stage<'_>) -> Verdict {
    let ids = stored(&save_some(stage, 6, 1).await?);
    let request = ListRequest {
        limit: 3,
        ..ListRequest::days(stage.day(0)?, stage.day(1)?)
    };
    let page = stage
        .storage()
        .list(&stage.cx(), &request)
        .await
        .doing("list")?;
    save_some(stage, 3, 0).await?;
    let Some(next) = request.next(&page) else {
        return equal("more after 3 of 6", &page.more, &true);
    };
    let mut seen = page.ids;
    seen.extend(all(stage, next).await?);
    equal("list with earlier crashes saved meanwhile", &seen, &ids)
}

fn stored(ids: &[CrashId]) -> Vec<StoredId> {
    ids.iter().map(StoredId::from).collect()
}

fn first(ids: &[StoredId]) -> Result<CrashId, super::Stop> {
    let first = ids.first().and_then(StoredId::crash_id);
    first.ok_or_else(|| super::Stop::Failed("the test saved nothing".to_owned()))
}
