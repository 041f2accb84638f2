//! A request on its way: logged, struck by a fault, carried out by `s3s`.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};
use hyper::body::Incoming;
use hyper::header::HeaderValue;
use s3s::dto::StreamingBlob;
use s3s::service::S3Service;
use s3s::{Body, HttpError};

use crate::fault::{Action, Fault};
use crate::operation::Operation;
use crate::server::Request;

/// What a test sees and says.
#[derive(Debug, Default)]
pub(crate) struct Desk {
    pub(crate) requests: Vec<Request>,
    pub(crate) faults: Vec<Fault>,
}

#[derive(Clone)]
pub(crate) struct Service {
    pub(crate) s3: S3Service,
    pub(crate) desk: Arc<Mutex<Desk>>,
}

type Response = hyper::Response<Body>;

impl Service {
    /// An error closes the connection without an answer.
    pub(crate) async fn call(
        self,
        request: hyper::Request<Incoming>,
    ) -> Result<Response, HttpError> {
        let (parts, body) = request.into_parts();
        let (operation, key) = Operation::of(&parts);
        let action = self.note(operation, key);
        let request = hyper::Request::from_parts(parts, Body::from(body));
        match action {
            None => self.s3.call(request).await,
            Some(action) => self.strike(action, request).await,
        }
    }

    fn note(&self, operation: Operation, key: String) -> Option<Action> {
        let mut desk = self.desk.lock().unwrap_or_else(PoisonError::into_inner);
        let action = desk
            .faults
            .iter_mut()
            .find_map(|fault| fault.strikes(operation, &key).then(|| fault.action.clone()));
        desk.requests.push(Request { operation, key });
        action
    }

    async fn strike(
        &self,
        action: Action,
        request: hyper::Request<Body>,
    ) -> Result<Response, HttpError> {
        match action {
            Action::Delay(delay) => {
                tokio::time::sleep(delay).await;
                self.s3.call(request).await
            }
            Action::Status {
                status,
                code,
                retry_after,
            } => {
                drain(request.into_body()).await;
                let mut response = answer(status, &code)?;
                if let Some(seconds) = retry_after {
                    response
                        .headers_mut()
                        .insert("retry-after", HeaderValue::from(seconds));
                }
                Ok(response)
            }
            Action::ErrorIn200(code) => {
                drain(request.into_body()).await;
                answer(200, &code)
            }
            Action::ResetAfter(bytes) => {
                let mut body = request.into_body();
                let mut seen = 0;
                while seen < bytes {
                    match body.next().await {
                        Some(Ok(chunk)) => seen += chunk.len() as u64,
                        _ => break,
                    }
                }
                Err(closed())
            }
            Action::LoseAnswer => {
                self.s3.call(request).await?;
                Err(closed())
            }
            Action::TruncateAnswer(bytes) => {
                let response = self.s3.call(request).await?;
                Ok(truncated(response, bytes as usize).await)
            }
            Action::Stall => std::future::pending().await,
            Action::WrongEtag(etag) => {
                let mut response = self.s3.call(request).await?;
                let value = HeaderValue::from_str(&format!("\"{etag}\""))
                    .map_err(|error| HttpError::new(Box::new(error)))?;
                response.headers_mut().insert("etag", value);
                Ok(response)
            }
        }
    }
}

/// Reads a body to its end, so that the client hears the answer.
async fn drain(mut body: Body) {
    while let Ok(Some(_)) = body.try_next().await {}
}

fn answer(status: u16, code: &str) -> Result<Response, HttpError> {
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>{code}</Code><Message>injected</Message></Error>"
    );
    hyper::Response::builder()
        .status(status)
        .header("content-type", "application/xml")
        .body(Body::from(body))
        .map_err(|error| HttpError::new(Box::new(error)))
}

fn closed() -> HttpError {
    HttpError::new(Box::new(io::Error::from(io::ErrorKind::ConnectionReset)))
}

/// The same head, and a body that breaks off.
async fn truncated(response: Response, len: usize) -> Response {
    let (parts, mut body) = response.into_parts();
    let mut bytes = Vec::new();
    while let Ok(Some(chunk)) = body.try_next().await {
        bytes.extend_from_slice(&chunk);
    }
    bytes.truncate(len);
    let broken = stream::iter([
        Ok(Bytes::from(bytes)),
        Err(io::Error::from(io::ErrorKind::ConnectionReset)),
    ]);
    hyper::Response::from_parts(parts, Body::from(s3s_stream(broken)))
}

fn s3s_stream(
    stream: impl futures_util::Stream<Item = io::Result<Bytes>> + Send + Sync + 'static,
) -> StreamingBlob {
    StreamingBlob::wrap(stream)
}
