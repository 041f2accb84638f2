use std::time::Duration;

use super::{Stage, list_cases};
use crate::conformance::check::{ensure, equal, same_set};
use crate::conformance::verdict::{Stop, Verdict};

list_cases! {
    an_empty_source_says_so, "without new crashes receive gives nothing, with and without a wait";
    each_is_handed_out_once, "every new crash is handed out, once until it is settled";
    at_most_max_come, "receive gives no more than it was asked for, and the rest later";
    no_wait_drains_the_present, "receives without a wait give all there is, what was just added included";
    a_wait_ends_when_one_comes, "a receive that waits gives what comes meanwhile";
    tokens_are_different, "no two deliveries of an instance have the same token";
    many_come, "300 new crashes are all handed out";
}

async fn an_empty_source_says_so(stage: &Stage<'_>) -> Verdict {
    stage.expect_empty().await?;
    let waited = stage.receive(5, Duration::from_millis(30)).await?;
    equal("receive from an empty source", &waited, &Vec::new())?;
    stage.expect_empty().await
}

async fn each_is_handed_out_once(stage: &Stage<'_>) -> Verdict {
    let ids = stage.feed(20).await?;
    let taken = stage.take(&ids).await?;
    stage.expect_empty().await?;
    stage.ack_all(&taken).await?;
    stage.expect_empty().await
}

async fn at_most_max_come(stage: &Stage<'_>) -> Verdict {
    let ids = stage.feed(7).await?;
    let mut taken = Vec::new();
    for max in [1, 2, 3] {
        let more = stage.receive(max, stage.long()).await?;
        ensure(!more.is_empty(), || {
            format!(
                "receive of at most {max}: nothing came, {} are left",
                7 - taken.len()
            )
        })?;
        taken.extend(more.into_iter().map(|delivery| delivery.id));
    }
    let rest: Vec<_> = ids
        .iter()
        .filter(|id| !taken.contains(id))
        .cloned()
        .collect();
    equal("crashes left", &rest.len(), &(ids.len() - taken.len()))?;
    stage.take(&rest).await?;
    stage.expect_empty().await
}

async fn no_wait_drains_the_present(stage: &Stage<'_>) -> Verdict {
    for count in [1, 10, 3] {
        let ids = stage.feed(count).await?;
        let mut taken = Vec::new();
        loop {
            let more = stage.receive(4, Duration::ZERO).await?;
            if more.is_empty() {
                break;
            }
            stage.ack_all(&more).await?;
            taken.extend(more.into_iter().map(|delivery| delivery.id));
        }
        same_set("receive without a wait until it is empty", taken, ids)?;
    }
    Ok(())
}

async fn a_wait_ends_when_one_comes(stage: &Stage<'_>) -> Verdict {
    let (received, fed) = tokio::join!(stage.receive(5, stage.long()), async {
        // Lets the receive begin its wait; whichever comes first, it has to end with a crash.
        tokio::task::yield_now().await;
        stage.feed(1).await
    });
    let received = received?.into_iter().map(|delivery| delivery.id);
    same_set("receive that waited", received, fed?)
}

async fn tokens_are_different(stage: &Stage<'_>) -> Verdict {
    let mut tokens = Vec::new();
    for _ in 0..3 {
        let ids = stage.feed(5).await?;
        let taken = stage.take(&ids).await?;
        tokens.extend(taken.iter().map(|delivery| delivery.token));
        stage.ack_all(&taken).await?;
    }
    let count = tokens.len();
    tokens.sort();
    tokens.dedup();
    equal("different tokens", &tokens.len(), &count)
}

async fn many_come(stage: &Stage<'_>) -> Verdict {
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.extend(stage.feed(100).await?);
    }
    let taken = stage.take(&ids).await?;
    stage.ack_all(&taken).await?;
    stage.expect_empty().await?;
    stage.reopen().await?;
    stage.expect_empty().await.map_err(|stop| match stop {
        Stop::Failed(why) => Stop::Failed(format!("after all was acknowledged: {why}")),
        other => other,
    })
}
