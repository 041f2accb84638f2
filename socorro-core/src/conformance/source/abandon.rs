use std::num::NonZeroUsize;
use std::time::Instant;

use super::{Stage, list_cases};
use crate::conformance::check::{fails_with, same_set};
use crate::conformance::runner::abandon;
use crate::conformance::verdict::{Doing, Verdict};
use crate::context::Context;
use crate::crash::StoredId;
use crate::error::ErrorKind;
use crate::source::Receive;

list_cases! {
    an_abandoned_receive_loses_nothing, "what a dropped receive had taken is handed out by another";
    an_abandoned_wait_swallows_nothing, "a dropped receive that was waiting takes nothing that comes later";
    a_receive_whose_time_is_over, "a receive with a deadline that has passed answers, and nothing is lost";
}

async fn an_abandoned_receive_loses_nothing(stage: &Stage<'_>) -> Verdict {
    let mut ids = Vec::new();
    let mut came: Vec<StoredId> = Vec::new();
    let request = Receive {
        max: NonZeroUsize::MIN,
        wait: stage.long(),
    };
    let (source, cx) = (stage.source(), stage.cx());
    for polls in 0..12 {
        ids.extend(stage.feed(2).await?);
        let received = abandon(source.receive(&cx, request), polls).await;
        let received = received.unwrap_or(Ok(Vec::new())).doing("receive")?;
        came.extend(received.into_iter().map(|delivery| delivery.id));
    }
    let rest: Vec<_> = ids
        .iter()
        .filter(|id| !came.contains(id))
        .cloned()
        .collect();
    let taken = stage.take(&rest).await?;
    came.extend(taken.into_iter().map(|delivery| delivery.id));
    same_set("receive, some of them dropped", came, ids)
}

async fn an_abandoned_wait_swallows_nothing(stage: &Stage<'_>) -> Verdict {
    let request = Receive {
        max: NonZeroUsize::MIN,
        wait: stage.long(),
    };
    let (source, cx) = (stage.source(), stage.cx());
    for polls in 1..6 {
        let nothing = abandon(source.receive(&cx, request), polls).await;
        let nothing = nothing.unwrap_or(Ok(Vec::new())).doing("receive")?;
        same_set(
            "receive from an empty source",
            nothing.iter().map(|one| &one.id),
            [],
        )?;
        let ids = stage.feed(1).await?;
        let taken = stage.take(&ids).await?;
        stage.ack_all(&taken).await?;
    }
    stage.expect_empty().await
}

async fn a_receive_whose_time_is_over(stage: &Stage<'_>) -> Verdict {
    let ids = stage.feed(3).await?;
    let request = Receive {
        max: NonZeroUsize::MIN,
        wait: stage.long(),
    };
    let cx = Context::new().with_deadline(Instant::now());
    let mut came = Vec::new();
    match stage.source().receive(&cx, request).await {
        Ok(deliveries) => came.extend(deliveries.into_iter().map(|delivery| delivery.id)),
        late => {
            let over = [ErrorKind::Timeout, ErrorKind::Cancelled];
            fails_with("receive too late", late, &over)?;
        }
    }
    let rest: Vec<_> = ids.into_iter().filter(|id| !came.contains(id)).collect();
    stage.take(&rest).await.map(drop)
}
