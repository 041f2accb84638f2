use std::time::Duration;

use futures_util::poll;

use super::*;

fn id(text: &str) -> StoredId {
    text.parse().unwrap()
}

#[tokio::test(start_paused = true)]
async fn one_crash_one_turn() {
    let (turns, cx) = (Turns::default(), Context::new());
    let one = id("0bba929f-8721-460c-dead-a43c20071025");
    let other = id("0bba929f-8721-460c-dead-a43c20071026");
    let first = turns.take(&cx, &one).await.unwrap();
    drop(turns.take(&cx, &other).await.unwrap());

    let mut second = Box::pin(turns.take(&cx, &one));
    assert!(poll!(&mut second).is_pending());
    let mut gone = Box::pin(turns.take(&cx, &one));
    assert!(poll!(&mut gone).is_pending());
    drop(gone);
    drop(first);
    let second = second.await.unwrap();

    let late = Context::new().with_deadline(Instant::now().into_std() + Duration::from_secs(5));
    let error = turns.take(&late, &one).await.err().unwrap();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert_eq!(error.crash_id(), Some(one.as_str()));

    assert_eq!(turns.queues().len(), 1);
    drop(second);
    assert!(
        turns.queues().is_empty(),
        "what nobody changes is forgotten"
    );
}
