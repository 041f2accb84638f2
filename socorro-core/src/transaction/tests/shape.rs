//! What must compile: executors chosen at run time, and futures that a multi-threaded runtime takes.

use async_trait::async_trait;

use super::*;

const fn object_safe<T: ?Sized>() {}

const _: () = {
    object_safe::<dyn TransactionExecutor>();
    object_safe::<dyn Decider>();
    object_safe::<dyn Clock>();
    object_safe::<dyn Jitter>();
    object_safe::<dyn Connections<Connection = ()>>();
    object_safe::<dyn ConnectionSource<Connection = ()>>();
    object_safe::<dyn BlockingConnectionSource<Connection = ()>>();
};

#[async_trait]
trait Store: Send + Sync {
    async fn save(&self, name: &str) -> Result<usize>;
}

struct Leaf;

#[async_trait]
impl Store for Leaf {
    async fn save(&self, name: &str) -> Result<usize> {
        Ok(name.len())
    }
}

/// A handle as live programs have it: trait methods with borrowed arguments in front of an executor.
struct Handle {
    executor: Arc<dyn TransactionExecutor>,
    instance: Arc<dyn Store>,
    drain: Drain,
}

impl Handle {
    async fn generic<'a, T, F, Fut>(&'a self, mut attempt: F) -> Result<T>
    where
        F: FnMut(&'a dyn Store) -> Fut,
        Fut: Future<Output = Result<T>> + Send,
    {
        let call = SAVE.with_drain(&self.drain);
        run(&*self.executor, &call, |_| attempt(&*self.instance)).await
    }
}

#[async_trait]
impl Store for Handle {
    async fn save(&self, name: &str) -> Result<usize> {
        let call = SAVE.with_drain(&self.drain);
        let one = run(&*self.executor, &call, |_| self.instance.save(name)).await?;
        let two = run(&*self.executor, &call, async |_| {
            self.instance.save(name).await
        })
        .await?;
        let three = self.generic(|store| store.save(name)).await?;
        Ok(one + two + three)
    }
}

#[tokio::test]
async fn a_handle_runs_through_an_executor_behind_a_trait_object() {
    let handle: Arc<dyn Store> = Arc::new(Handle {
        executor: Bench::limited(&[1]).executor,
        instance: Arc::new(Leaf),
        drain: Drain::new(),
    });
    let saved = tokio::spawn(async move { handle.save("four").await });
    assert_eq!(saved.await.unwrap(), Ok(12));
}

#[test]
fn an_operation_takes_little_room() {
    let bench = Bench::limited(&[1]);
    let operation = run(&*bench.executor, &SAVE, async |_| Ok(()));
    let size = size_of_val(&operation);
    assert!(size <= 640, "{size} bytes");
}
