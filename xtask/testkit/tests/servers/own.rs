use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::process::Command;
use std::time::Duration;

use serde_json::json;
use socorro_testkit::services::{self, Kind, Own, Server};

/// Ends the server in every way, and lets `check` see each time that what was there is there again.
fn ends(own: &mut Own, check: impl Fn(&Server)) {
    check(own.server());
    own.kill().unwrap();
    assert!(!own.server().accepts());
    own.start().unwrap();
    check(own.server());
    if matches!(own.server().kind, Kind::Elasticsearch | Kind::Opensearch) {
        // Each start takes half a minute on a small machine; the way in between is that of the others.
        return;
    }
    own.stop().unwrap();
    assert!(!own.server().accepts());
    own.start().unwrap();
    check(own.server());
}

/// A paused server answers nothing until it is resumed; `hello` is something it would answer.
fn pauses(own: &Own, hello: &[u8]) {
    own.pause().unwrap();
    // The system still accepts connections for it.
    let mut stream = TcpStream::connect(own.server().address().unwrap()).unwrap();
    stream.write_all(hello).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_millis(200)))
        .unwrap();
    let error = stream.read(&mut [0]).unwrap_err();
    assert!(matches!(
        error.kind(),
        ErrorKind::WouldBlock | ErrorKind::TimedOut
    ));
    own.resume();
    stream
        .set_read_timeout(Some(Duration::from_secs(60)))
        .unwrap();
    assert_eq!(stream.read(&mut [0]).unwrap(), 1);
}

fn sql(server: &Server, statement: &str) -> String {
    let url = format!("{}?sslmode=verify-full", server.url);
    let output = Command::new("psql")
        .args(["-X", "-A", "-t", "-U", &server.user, "-c", statement, &url])
        .env("PGPASSWORD", &server.password)
        .env("PGSSLROOTCERT", server.ca_file.as_ref().unwrap())
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn postgres_keeps_what_it_committed() {
    let mut own = services::own(Kind::Postgres).unwrap();
    sql(own.server(), "create table t as select 42 as answer");
    ends(&mut own, |server| {
        assert_eq!(sql(server, "select answer from t").trim(), "42");
    });
    // The request for TLS, which is answered with one byte.
    pauses(&own, &[0, 0, 0, 8, 4, 210, 22, 47]);
}

#[test]
fn rabbitmq_keeps_what_is_persistent() {
    let mut own = services::own(Kind::Rabbitmq).unwrap();
    let server = own.server();
    let queue = json!({ "durable": true });
    let made = server.request("PUT", "/api/queues/%2F/q", Some(&queue));
    made.unwrap().success().unwrap();
    let message = json!({
        "routing_key": "q", "payload": "kept", "payload_encoding": "string",
        "properties": { "delivery_mode": 2 },
    });
    let path = "/api/exchanges/%2F/amq.default/publish";
    let sent = server.request("POST", path, Some(&message)).unwrap();
    assert_eq!(sent.json().unwrap()["routed"], true);
    ends(&mut own, |server| {
        let get = json!({ "count": 1, "ackmode": "ack_requeue_true", "encoding": "auto" });
        let got = server.request("POST", "/api/queues/%2F/q/get", Some(&get));
        assert_eq!(got.unwrap().json().unwrap()[0]["payload"], "kept");
    });
    pauses(&own, b"AMQP\0\0\x09\x01");
}

#[test]
fn garage_keeps_its_buckets() {
    let mut own = services::own(Kind::Garage).unwrap();
    services::garage_key(own.server(), "kept").unwrap();
    ends(&mut own, |server| {
        let info = server.request("GET", "/v2/GetBucketInfo?globalAlias=kept", None);
        assert_eq!(info.unwrap().json().unwrap()["globalAliases"][0], "kept");
    });
    pauses(&own, b"GET / HTTP/1.0\r\n\r\n");
}

#[test]
fn ceph_keeps_its_users() {
    let mut own = services::own(Kind::Ceph).unwrap();
    services::ceph_user(own.server(), "kept").unwrap();
    ends(&mut own, |server| {
        let again = services::ceph_user(server, "kept").unwrap_err();
        assert!(again.to_string().contains("exist"), "{again}");
    });
    pauses(&own, b"GET / HTTP/1.0\r\n\r\n");
}

#[test]
fn elasticsearch_keeps_documents_and_users() {
    let mut own = services::own(Kind::Elasticsearch).unwrap();
    let server = own.server();
    let role = json!({ "indices": [{ "names": ["mine-*"], "privileges": ["all"] }] });
    let made = server.request("PUT", "/_security/role/mine", Some(&role));
    made.unwrap().success().unwrap();
    let user = json!({ "password": "a password", "roles": ["mine"] });
    let made = server.request("PUT", "/_security/user/me", Some(&user));
    made.unwrap().success().unwrap();
    let key = json!({ "name": "mine" });
    let made = server.request("POST", "/_security/api_key", Some(&key));
    made.unwrap().success().unwrap();
    let mut me = server.clone();
    me.user = "me".to_owned();
    me.password = "a password".to_owned();
    let document = json!({ "answer": 42 });
    let path = |index| format!("/{index}/_doc/1");
    let forbidden = me.request("PUT", &path("yours-1"), Some(&document));
    assert_eq!(forbidden.unwrap().status, 403);
    let allowed = me.request("PUT", &path("mine-1"), Some(&document));
    allowed.unwrap().success().unwrap();
    ends(&mut own, |_| {
        let got = me.request("GET", &path("mine-1"), None).unwrap();
        assert_eq!(got.json().unwrap()["_source"]["answer"], 42);
    });
    pauses(&own, b"GET / HTTP/1.0\r\n\r\n");
}

#[test]
fn opensearch_keeps_documents() {
    let mut own = services::own(Kind::Opensearch).unwrap();
    let document = json!({ "answer": 42 });
    let made = own.server().request("PUT", "/i/_doc/1", Some(&document));
    made.unwrap().success().unwrap();
    ends(&mut own, |server| {
        let got = server.request("GET", "/i/_doc/1", None).unwrap();
        assert_eq!(got.json().unwrap()["_source"]["answer"], 42);
    });
    pauses(&own, b"GET / HTTP/1.0\r\n\r\n");
}

#[test]
fn a_server_of_ones_own_is_gone_when_dropped() {
    let own = services::own(Kind::Postgres).unwrap();
    let server = own.server().clone();
    assert!(server.accepts());
    drop(own);
    assert!(!server.accepts());
    assert!(!server.directory.unwrap().exists());
}
