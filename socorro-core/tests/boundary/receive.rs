//! What a source delivers to nobody is given back.

use std::num::NonZeroUsize;
use std::time::Duration;

use futures_util::poll;
use socorro_core::plugin::abi::{op, settlement};
use socorro_core::source::{NewCrashSource, Receive};
use socorro_core::{Context, ErrorKind};
use tokio::sync::mpsc::UnboundedReceiver;

use crate::raw::{self, Submitted};

const TWO: &str = r#"[
    {"id": "0bba929f-8721-460c-dead-a43c20071025", "token": 11},
    {"id": "0bba929f-8721-460c-dead-a43c20071026", "token": 12}
]"#;

fn request(max: usize) -> Receive {
    Receive {
        max: NonZeroUsize::new(max).unwrap(),
        wait: Duration::from_secs(5),
    }
}

async fn expect_given_back(operations: &mut UnboundedReceiver<Submitted>) {
    for token in [11, 12] {
        let settle = operations.recv().await.unwrap();
        assert_eq!(settle.operation, op::SETTLE);
        assert_eq!(settle.settlement, settlement::GIVE_BACK);
        assert_eq!(settle.token, token);
        settle.answer("");
    }
}

#[tokio::test]
async fn when_the_answer_comes_after_the_future_was_dropped() {
    let (source, mut operations) = raw::source("receive_after").await;
    let cx = Context::new();
    let mut receive = source.receive(&cx, request(2));
    assert!(poll!(&mut receive).is_pending());
    let submitted = operations.recv().await.unwrap();
    drop(receive);
    submitted.answer(TWO);
    expect_given_back(&mut operations).await;
    assert_eq!(source.plugin().stray_answers(), 0);
}

#[tokio::test]
async fn when_the_answer_came_but_the_future_was_dropped_without_seeing_it() {
    let (source, mut operations) = raw::source("receive_unseen").await;
    let cx = Context::new();
    let mut receive = source.receive(&cx, request(2));
    assert!(poll!(&mut receive).is_pending());
    let submitted = operations.recv().await.unwrap();
    submitted.answer(TWO);
    drop(receive);
    expect_given_back(&mut operations).await;
    assert_eq!(submitted.buffers_released(), 1);
}

#[tokio::test]
async fn when_the_answer_comes_after_the_deadline() {
    let (source, mut operations) = raw::source("receive_deadline").await;
    let cx = Context::new().with_timeout(Duration::from_secs(2));
    let error = source.receive(&cx, request(2)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    operations.recv().await.unwrap().answer(TWO);
    expect_given_back(&mut operations).await;
}

#[tokio::test]
async fn when_more_came_than_was_asked_for() {
    let (source, mut operations) = raw::source("receive_too_many").await;
    let cx = Context::new();
    let mut receive = source.receive(&cx, request(1));
    assert!(poll!(&mut receive).is_pending());
    operations.recv().await.unwrap().answer(TWO);
    let (received, ()) = tokio::join!(receive, expect_given_back(&mut operations));
    let error = received.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Plugin);
    assert!(error.message().contains("at most 1"), "{error}");
}

#[tokio::test]
async fn but_not_what_was_received() {
    let (source, mut operations) = raw::source("receive_seen").await;
    let cx = Context::new();
    let mut receive = source.receive(&cx, request(2));
    assert!(poll!(&mut receive).is_pending());
    operations.recv().await.unwrap().answer(TWO);
    assert_eq!(receive.await.unwrap().len(), 2);
    assert!(operations.try_recv().is_err());
}
