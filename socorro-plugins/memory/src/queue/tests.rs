use std::time::Duration;

use super::*;

fn id(number: u8) -> CrashId {
    let day = "2020-01-02".parse().unwrap();
    CrashId::new(day, [number; 16])
}

fn take(queue: &Queue, instance: u64) -> Vec<CrashId> {
    let taken = queue.state().take(100, instance);
    taken
        .iter()
        .map(|delivery| delivery.id.crash_id().unwrap())
        .collect()
}

fn take_one(queue: &Queue, instance: u64) -> Token {
    queue.state().take(1, instance).first().unwrap().token
}

#[test]
fn one_name_is_one_queue_while_somebody_has_it() {
    let first = Queue::named("one_name").unwrap();
    let second = Queue::named("one_name").unwrap();
    let other = Queue::named("another_name").unwrap();
    assert!(Arc::ptr_eq(&first, &second));
    assert!(!Arc::ptr_eq(&first, &other));
    first.push(id(1));
    drop((first, second));
    assert_eq!(take(&Queue::named("one_name").unwrap(), 0), []);
}

#[test]
fn a_crash_waits_once_however_often_it_is_saved() {
    let queue = Queue::default();
    queue.push(id(1));
    queue.push(id(2));
    queue.push(id(1));
    assert_eq!(take(&queue, 0), [id(1), id(2)]);
}

#[test]
fn a_crash_replaced_while_it_is_out_comes_again_after_its_ack() {
    let queue = Queue::default();
    queue.push(id(1));
    let token = take_one(&queue, 7);
    queue.push(id(1));
    assert_eq!(take(&queue, 7), []);
    queue.settle(7, token, Settlement::Ack);
    assert_eq!(take(&queue, 7), [id(1)]);
}

#[test]
fn a_deleted_crash_is_forgotten_wherever_it_is() {
    let queue = Queue::default();
    for number in 1..=3 {
        queue.push(id(number));
    }
    let out = take_one(&queue, 7);
    let kept = take_one(&queue, 7);
    let reason = String::new();
    queue.settle(7, kept, Settlement::Nack { reason });
    for number in 1..=3 {
        queue.forget(&id(number));
    }
    queue.settle(7, out, Settlement::GiveBack);
    let next = queue.attach();
    assert_eq!(take(&queue, next), []);
    assert_eq!(queue.state().place.len(), 0);
}

#[test]
fn nobody_settles_what_another_instance_has() {
    let queue = Queue::default();
    queue.push(id(1));
    let token = take_one(&queue, 7);
    queue.settle(8, token, Settlement::GiveBack);
    assert_eq!(take(&queue, 8), []);
    queue.settle(7, token, Settlement::GiveBack);
    assert_eq!(take(&queue, 8), [id(1)]);
}

#[test]
fn what_is_given_back_keeps_its_place() {
    let queue = Queue::default();
    queue.push(id(1));
    queue.push(id(2));
    let token = take_one(&queue, 7);
    queue.settle(7, token, Settlement::GiveBack);
    assert_eq!(take(&queue, 7), [id(1), id(2)]);
}

#[test]
fn a_full_queue_says_so() {
    let queue = Queue::default();
    let day = "2020-01-02".parse().unwrap();
    for number in 0..MOST as u32 {
        let mut entropy = [0; 16];
        entropy[..4].copy_from_slice(&number.to_le_bytes());
        queue.push(CrashId::new(day, entropy));
    }
    let error = queue.check_room().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    take_one(&queue, 7);
    assert!(queue.check_room().is_err(), "what is out still counts");
    queue.forget(&CrashId::new(day, [0; 16]));
    assert!(queue.check_room().is_ok());
}

#[tokio::test]
async fn all_who_wait_see_what_arrives() {
    let queue = Arc::new(Queue::default());
    let wait = |queue: Arc<Queue>, instance| {
        tokio::spawn(async move {
            let taken = queue.take(1, instance);
            tokio::time::timeout(Duration::from_secs(20), taken).await
        })
    };
    let waits = [wait(queue.clone(), 1), wait(queue.clone(), 2)];
    tokio::task::yield_now().await;
    queue.push(id(1));
    queue.push(id(2));
    let mut came = Vec::new();
    for waited in waits {
        came.extend(waited.await.unwrap().unwrap().into_iter().map(|one| one.id));
    }
    came.sort();
    let mut expected = [id(1).into(), id(2).into()];
    expected.sort();
    assert_eq!(came, expected);
}
