use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::backend::Backend;
use crate::digest;
use crate::fault::Fault;
use crate::operation::Operation;
use crate::service::{Desk, Service};
use crate::shelf::{Object, Shelf};

/// A running server, stopped when dropped. Plain HTTP on a free port of 127.0.0.1.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    shelf: Arc<Shelf>,
    desk: Arc<Mutex<Desk>>,
    /// Ends with the server.
    _listener: JoinSet<()>,
}

/// What the server does about `If-None-Match` of a write.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Conditions {
    /// What S3 does.
    #[default]
    Honoured,
    /// Carries out the write all the same, as some servers do.
    Ignored,
}

/// A request that the server saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// What it asked for.
    pub operation: Operation,
    /// The key it was about; empty for one about the bucket.
    pub key: String,
}

impl Server {
    /// The bucket that is there.
    pub const BUCKET: &str = "crashes";
    /// The id of the only key.
    pub const ACCESS_KEY: &str = "AKIATESTKIT";
    /// The only secret key.
    pub const SECRET_KEY: &str = "ca9a27ca9a27-testkit-secret";

    /// Starts one that does what S3 does.
    pub async fn start() -> io::Result<Self> {
        Self::start_with(Conditions::Honoured).await
    }

    /// Starts one.
    pub async fn start_with(conditions: Conditions) -> io::Result<Self> {
        let shelf = Arc::new(Shelf::with_bucket(Self::BUCKET));
        let desk = Arc::new(Mutex::new(Desk::default()));
        let mut builder = S3ServiceBuilder::new(Backend {
            shelf: Arc::clone(&shelf),
            conditions,
        });
        builder.set_auth(SimpleAuth::from_single(Self::ACCESS_KEY, Self::SECRET_KEY));
        let service = Service {
            s3: builder.build(),
            desk: Arc::clone(&desk),
        };
        let socket = TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0)).await?;
        let address = socket.local_addr()?;
        let mut listener = JoinSet::new();
        listener.spawn(listen(socket, service));
        Ok(Self {
            address,
            shelf,
            desk,
            _listener: listener,
        })
    }

    /// `http://127.0.0.1:PORT`
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Makes something go wrong. Of several faults that strike one request the earliest does.
    pub fn inject(&self, fault: Fault) {
        self.desk().faults.push(fault);
    }

    /// Makes nothing go wrong any more.
    pub fn clear_faults(&self) {
        self.desk().faults.clear();
    }

    /// What was asked since the start or the last [`forget_requests`](Self::forget_requests), in order.
    pub fn requests(&self) -> Vec<Request> {
        self.desk().requests.clone()
    }

    /// How often this was asked.
    pub fn count(&self, operation: Operation) -> usize {
        let desk = self.desk();
        desk.requests
            .iter()
            .filter(|request| request.operation == operation)
            .count()
    }

    /// Counts anew.
    pub fn forget_requests(&self) {
        self.desk().requests.clear();
    }

    /// The keys in the bucket, ascending.
    pub fn keys(&self) -> Vec<String> {
        let state = self.shelf.lock();
        let objects = state.buckets.get(Self::BUCKET);
        objects.map_or_else(Vec::new, |objects| objects.keys().cloned().collect())
    }

    /// The bytes of an object.
    pub fn object(&self, key: &str) -> Option<Bytes> {
        self.with(key, |object| object.bytes.clone())
    }

    /// The user metadata with this name of an object.
    pub fn metadata(&self, key: &str, name: &str) -> Option<String> {
        self.with(key, |object| object.metadata.get(name).cloned())?
    }

    /// The server-side encryption and the storage class that an object was written with.
    pub fn class(&self, key: &str) -> Option<(Option<String>, Option<String>)> {
        self.with(key, |object| {
            (object.sse.clone(), object.storage_class.clone())
        })
    }

    /// Puts an object there, without metadata, as another program might have.
    pub fn put(&self, key: &str, bytes: impl Into<Bytes>) {
        let bytes = bytes.into();
        let object = Object {
            etag: digest::etag(&bytes),
            bytes,
            metadata: Default::default(),
            crc32: None,
            sse: None,
            storage_class: None,
            modified: std::time::SystemTime::now(),
        };
        let mut state = self.shelf.lock();
        let bucket = state.buckets.entry(Self::BUCKET.to_owned()).or_default();
        bucket.insert(key.to_owned(), object);
    }

    /// Removes an object; false when it is not there.
    pub fn remove(&self, key: &str) -> bool {
        let mut state = self.shelf.lock();
        let bucket = state.buckets.get_mut(Self::BUCKET);
        bucket.is_some_and(|objects| objects.remove(key).is_some())
    }

    /// Adds an empty bucket.
    pub fn add_bucket(&self, name: &str) {
        let mut state = self.shelf.lock();
        state.buckets.entry(name.to_owned()).or_default();
    }

    /// The keys of uploads in parts that are neither completed nor aborted.
    pub fn open_uploads(&self) -> Vec<String> {
        let state = self.shelf.lock();
        let uploads = state.uploads.values();
        uploads
            .filter(|upload| upload.bucket == Self::BUCKET)
            .map(|upload| upload.key.clone())
            .collect()
    }

    fn with<T>(&self, key: &str, look: impl FnOnce(&Object) -> T) -> Option<T> {
        let state = self.shelf.lock();
        state.buckets.get(Self::BUCKET)?.get(key).map(look)
    }

    fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Serves every connection until it is dropped, and the connections with it.
async fn listen(socket: TcpListener, service: Service) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = socket.accept() => {
                let Ok((stream, _)) = accepted else { continue };
                let service = service.clone();
                connections.spawn(async move {
                    let each = hyper::service::service_fn(move |request| service.clone().call(request));
                    // How a connection ends is the client's business.
                    let _ = http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), each)
                        .await;
                });
            }
            Some(_) = connections.join_next() => {}
        }
    }
}
