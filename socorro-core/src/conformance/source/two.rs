use std::time::Duration;

use super::stage::receive;
use super::{Stage, list_cases};
use crate::conformance::check::{ensure, same_set};
use crate::conformance::verdict::{Doing, Verdict};
use crate::crash::StoredId;
use crate::source::Settlement;

list_cases! {
    two_instances_share_the_work, "two instances on one queue hand out all crashes, none to both at the same time";
    one_takes_over_from_the_other, "what one instance gives back at its close, another that is open hands out";
}

/// How long one receive of two waits: the other one may have what it waits for.
const SHORT: Duration = Duration::from_millis(50);

async fn two_instances_share_the_work(stage: &Stage<'_>) -> Verdict {
    let (first, second) = (stage.source(), stage.second().await?);
    let ids = stage.feed(30).await?;
    let mut came: Vec<StoredId> = Vec::new();
    while came.len() < ids.len() {
        for source in [&first, &second] {
            let deliveries = receive(&**source, &stage.cx(), 4, SHORT).await?;
            for delivery in &deliveries {
                ensure(!came.contains(&delivery.id), || {
                    format!("{} is out and was handed out again", delivery.id)
                })?;
                came.push(delivery.id.clone());
            }
            // One of each batch stays out for as long as the case lasts.
            for delivery in deliveries.iter().skip(1) {
                let settled = source
                    .settle(&stage.cx(), delivery.token, Settlement::Ack)
                    .await;
                settled.doing("settle")?;
            }
        }
    }
    same_set("receive by two instances", &came, &ids)?;
    stage.expect_empty().await?;
    second.close(&stage.cx()).await.doing("close of the second")
}

async fn one_takes_over_from_the_other(stage: &Stage<'_>) -> Verdict {
    let second = stage.second().await?;
    let ids = stage.feed(5).await?;
    let mut out = Vec::new();
    while out.len() < ids.len() {
        let deliveries = receive(&*second, &stage.cx(), 5, stage.long()).await?;
        ensure(!deliveries.is_empty(), || {
            "receive of the second: nothing came".to_owned()
        })?;
        out.extend(deliveries);
    }
    stage.expect_empty().await?;
    second
        .close(&stage.cx())
        .await
        .doing("close of the second")?;
    let taken = stage.take(&ids).await?;
    stage.ack_all(&taken).await
}
