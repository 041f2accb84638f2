use std::sync::Arc;

use super::{Stage, list_cases};
use crate::conformance::runner::at_once;
use crate::conformance::verdict::{Doing, Verdict};
use crate::crash::StoredId;
use crate::error::Error;
use crate::source::{Delivery, Settlement, Token};

list_cases! {
    acknowledged_is_forgotten, "an acknowledged crash is handed out no more, by no instance";
    acks_are_flushed_by_close, "an ack just before close is not lost";
    nacked_is_kept, "a crash that could not be dealt with does not hold up others, and another instance hands it out again";
    given_back_comes_again, "a crash given back is handed out again by the same instance";
    close_gives_back, "what is out at close, and only that, is handed out by the next instance";
    settled_in_any_order, "tokens are settled in any order, by many tasks at once";
    settled_twice, "settling again is no error and changes nothing";
    an_unknown_token, "a token that was never given, or by an instance before, is no error";
}

fn nack() -> Settlement {
    Settlement::Nack {
        reason: "the test says so".to_owned(),
    }
}

async fn acknowledged_is_forgotten(stage: &Stage<'_>) -> Verdict {
    let ids = stage.feed(6).await?;
    let taken = stage.take(&ids).await?;
    stage.ack_all(&taken).await?;
    stage.expect_empty().await?;
    stage.reopen().await?;
    stage.expect_empty().await
}

async fn acks_are_flushed_by_close(stage: &Stage<'_>) -> Verdict {
    for _ in 0..4 {
        let ids = stage.feed(5).await?;
        let taken = stage.take(&ids).await?;
        stage.ack_all(&taken).await?;
        stage.reopen().await?;
    }
    stage.expect_empty().await
}

async fn nacked_is_kept(stage: &Stage<'_>) -> Verdict {
    let ids = stage.feed(3).await?;
    let taken = stage.take(&ids).await?;
    let mut kept = Vec::new();
    for (number, delivery) in taken.into_iter().enumerate() {
        if number == 1 {
            kept.push(delivery.id);
            stage.settle(delivery.token, nack()).await?;
        } else {
            stage.settle(delivery.token, Settlement::Ack).await?;
        }
    }
    let others = stage.feed(2).await?;
    // This instance may hand out the kept one again at any time, or never.
    let mut waiting: Vec<StoredId> = others.clone();
    while !waiting.is_empty() {
        let came = stage.receive(1, stage.long()).await?;
        crate::conformance::check::ensure(!came.is_empty(), || {
            format!("receive after a nack: {waiting:?} did not come")
        })?;
        for Delivery { id, token } in came {
            let settlement = if kept.contains(&id) {
                nack()
            } else {
                Settlement::Ack
            };
            waiting.retain(|other| *other != id);
            stage.settle(token, settlement).await?;
        }
    }
    stage.reopen().await?;
    let again = stage.take(&kept).await?;
    stage.ack_all(&again).await?;
    stage.reopen().await?;
    stage.expect_empty().await
}

async fn given_back_comes_again(stage: &Stage<'_>) -> Verdict {
    let ids = stage.feed(4).await?;
    for _ in 0..3 {
        for delivery in stage.take(&ids).await? {
            stage.settle(delivery.token, Settlement::GiveBack).await?;
        }
    }
    let taken = stage.take(&ids).await?;
    stage.ack_all(&taken).await?;
    stage.expect_empty().await
}

async fn close_gives_back(stage: &Stage<'_>) -> Verdict {
    let ids = stage.feed(6).await?;
    let taken = stage.take(&ids).await?;
    let (done, out) = taken.split_at(2);
    stage.ack_all(done).await?;
    let out: Vec<_> = out.iter().map(|delivery| delivery.id.clone()).collect();
    stage.reopen().await?;
    let again = stage.take(&out).await?;
    stage.expect_empty().await?;
    stage.ack_all(&again).await
}

async fn settled_in_any_order(stage: &Stage<'_>) -> Verdict {
    let ids = stage.feed(48).await?;
    let mut taken = stage.take(&ids).await?;
    stage.shuffle(&mut taken);
    let settles = taken.chunks(6).map(|chunk| {
        let (source, cx, chunk) = (stage.source(), stage.cx(), chunk.to_vec());
        async move {
            for delivery in chunk {
                let source = Arc::clone(&source);
                source.settle(&cx, delivery.token, Settlement::Ack).await?;
            }
            Ok::<_, Error>(())
        }
    });
    for settled in at_once(settles).await? {
        settled.doing("settle, many at once")?;
    }
    stage.expect_empty().await?;
    stage.reopen().await?;
    stage.expect_empty().await
}

async fn settled_twice(stage: &Stage<'_>) -> Verdict {
    let ids = stage.feed(3).await?;
    let taken = stage.take(&ids).await?;
    stage.ack_all(&taken).await?;
    for (delivery, again) in taken
        .iter()
        .zip([Settlement::Ack, Settlement::GiveBack, nack()])
    {
        stage.settle(delivery.token, again).await?;
    }
    stage.expect_empty().await?;
    stage.reopen().await?;
    stage.expect_empty().await
}

async fn an_unknown_token(stage: &Stage<'_>) -> Verdict {
    for settlement in [Settlement::Ack, nack(), Settlement::GiveBack] {
        for token in [Token(u64::MAX), Token(u64::MAX / 3)] {
            stage.settle(token, settlement.clone()).await?;
        }
    }
    let ids = stage.feed(2).await?;
    let old = stage.take(&ids).await?;
    stage.reopen().await?;
    stage.ack_all(&old).await?;
    let taken = stage.take(&ids).await?;
    stage.ack_all(&taken).await?;
    stage.expect_empty().await
}
