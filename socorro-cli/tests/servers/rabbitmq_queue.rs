use serde_json::{Value, json};
use socorro_testkit::services::{self, Kind, Server};

use crate::several::{fill, place, share_and_lose_nothing, suffix};

/// A virtual host, removed when dropped.
struct Vhost {
    server: Server,
    name: String,
}

impl Vhost {
    fn new() -> Self {
        let server = services::shared(Kind::Rabbitmq).unwrap();
        let name = format!("several_{}", suffix());
        let vhost = Self { server, name };
        vhost.ask("PUT", &format!("/api/vhosts/{}", vhost.name), &json!({}));
        let all = json!({ "configure": ".*", "write": ".*", "read": ".*" });
        vhost.ask(
            "PUT",
            &format!("/api/permissions/{}/{}", vhost.name, vhost.server.user),
            &all,
        );
        vhost
    }

    fn ask(&self, method: &str, path: &str, body: &Value) -> Value {
        let answer = self.server.request(method, path, Some(body)).unwrap();
        answer.success().unwrap();
        serde_json::from_slice(&answer.body).unwrap_or_default()
    }

    /// Every message in every queue, those that are out included. The count is a few seconds old.
    fn left(&self) -> u64 {
        let queues = self.ask("GET", &format!("/api/queues/{}", self.name), &Value::Null);
        let queues = queues.as_array().unwrap().iter();
        // A queue that was not counted yet is not empty.
        queues
            .map(|queue| queue["messages"].as_u64().unwrap_or(1))
            .sum()
    }
}

impl Drop for Vhost {
    fn drop(&mut self) {
        drop(
            self.server
                .request("DELETE", &format!("/api/vhosts/{}", self.name), None),
        );
    }
}

#[test]
fn two_processes_share_a_queue_of_rabbitmq() {
    let vhost = Vhost::new();
    let (_, address) = vhost.server.url.split_once("://").unwrap();
    let url = format!("amqp://{}@{address}/{}", vhost.server.user, vhost.name);
    let place = place(&format!(
        "[storage.spool]\ntype = \"filesystem\"\nroot = \"{{}}/spool\"\n\n\
         [storage.queue]\ntype = \"rabbitmq\"\nurl = {url:?}\npassword = {{ file = \"{{}}/password\" }}\n\n\
         [storage.both]\ntype = \"fanout\"\nstores = [\"spool\", \"queue\"]\n\n\
         [source.new]\ntype = \"rabbitmq\"\nuse = \"storage.queue\"\n"
    ));
    place.write("password", &vhost.server.password);
    fill(&place, "both");
    share_and_lose_nothing(&place, 1, || vhost.left());
}
