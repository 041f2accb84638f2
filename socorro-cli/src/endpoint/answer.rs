use std::sync::Arc;

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use serde_json::json;
use socorro_core::live::Socorro;
use socorro_core::telemetry::table::CONFIGURATION_INFO;
use tokio_util::sync::CancellationToken;

use super::recorder::Recorder;

/// What is answered to whom.
#[derive(Clone)]
pub(super) struct Answers(Arc<Inner>);

struct Inner {
    socorro: Socorro,
    recorder: Recorder,
    ending: CancellationToken,
}

type Answer = Response<Full<Bytes>>;

const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";
const JSON: &str = "application/json";

impl Answers {
    pub(super) fn new(socorro: Socorro, recorder: Recorder, ending: CancellationToken) -> Self {
        Self(Arc::new(Inner {
            socorro,
            recorder,
            ending,
        }))
    }

    /// The answer to this request, whose body nobody reads.
    pub(super) fn to<B>(&self, request: &Request<B>) -> Answer {
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            let mut answer = plain(StatusCode::METHOD_NOT_ALLOWED, "GET or HEAD\n");
            let allowed = HeaderValue::from_static("GET, HEAD");
            answer.headers_mut().insert(ALLOW, allowed);
            return answer;
        }
        match request.uri().path() {
            "/metrics" => answer(StatusCode::OK, TEXT, self.metrics()),
            "/healthz" => answer(StatusCode::OK, JSON, json!({ "live": true }).to_string()),
            "/readyz" => self.ready(),
            _ => plain(
                StatusCode::NOT_FOUND,
                "there are /metrics, /healthz and /readyz\n",
            ),
        }
    }

    fn metrics(&self) -> String {
        let Inner {
            socorro, recorder, ..
        } = &*self.0;
        socorro.measure();
        let mut text = recorder.render();
        // Written here, because a recorder keeps a series for ever, and each configuration is a new one.
        text.push_str(&info(&socorro.last_report().configuration));
        text
    }

    fn ready(&self) -> Answer {
        let status = self.0.socorro.status();
        let ready = status.generation > 0 && !self.0.ending.is_cancelled();
        let code = if ready {
            StatusCode::OK
        } else {
            StatusCode::SERVICE_UNAVAILABLE
        };
        let degraded: Vec<String> = status.degraded.keys().map(ToString::to_string).collect();
        let body = json!({
            "ready": ready,
            "generation": status.generation,
            "in_sync": status.in_sync,
            "degraded": degraded,
        });
        answer(code, JSON, body.to_string())
    }
}

/// The hash of the configuration as a metric; it is hexadecimal.
fn info(configuration: &str) -> String {
    let name = CONFIGURATION_INFO.name;
    let about = CONFIGURATION_INFO.about.trim();
    format!(
        "# HELP {name} {about}\n# TYPE {name} gauge\n{name}{{configuration=\"{configuration}\"}} 1\n"
    )
}

fn plain(code: StatusCode, body: &str) -> Answer {
    answer(code, "text/plain; charset=utf-8", body.to_owned())
}

fn answer(code: StatusCode, kind: &'static str, body: String) -> Answer {
    let mut answer = Response::new(Full::from(body));
    *answer.status_mut() = code;
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}
