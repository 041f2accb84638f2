//! The least-privileged account of docs/elasticsearch.md.

use serde_json::{Value, json};
use socorro_testkit::services::Server;

const PAGE: &str = include_str!("../../../../docs/elasticsearch.md");

/// The role as the page has it, for indices that begin with `prefix`.
pub(crate) fn role(prefix: &str) -> Value {
    let start = PAGE.find("```json\n").unwrap() + "```json\n".len();
    let text = &PAGE[start..];
    let text = &text[..text.find("```").unwrap()];
    let mut role: Value = serde_json::from_str(text).unwrap();
    assert_eq!(role["indices"][0]["names"], json!(["socorro20*"]));
    role["indices"][0]["names"] = json!([format!("{prefix}20*")]);
    role
}

/// Who the plugin is on this server: options to merge into its own.
pub(crate) fn user(server: &Server, prefix: &str) -> Value {
    if server.user.is_empty() {
        return json!({});
    }
    let password = format!("{}-{prefix}", socorro_testkit::canary::TOKEN);
    put(server, &format!("/_security/role/{prefix}"), &role(prefix));
    put(
        server,
        &format!("/_security/user/{prefix}"),
        &json!({ "password": password, "roles": [prefix] }),
    );
    json!({ "username": prefix, "password": password })
}

/// The same rights by an API key.
pub(crate) fn api_key(server: &Server, prefix: &str) -> Value {
    let body = json!({ "name": prefix, "expiration": "1d", "role_descriptors": { "socorro": role(prefix) } });
    let answer = server
        .request("POST", "/_security/api_key", Some(&body))
        .unwrap();
    answer.success().unwrap();
    json!({ "api_key": answer.json().unwrap()["encoded"] })
}

pub(crate) fn put(server: &Server, path: &str, body: &Value) {
    server
        .request("PUT", path, Some(body))
        .unwrap()
        .success()
        .unwrap();
}
