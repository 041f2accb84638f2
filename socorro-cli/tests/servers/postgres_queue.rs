use postgres::{Client, NoTls};
use socorro_testkit::services::{self, Kind, Server};

use crate::several::{fill, place, share_and_lose_nothing, suffix};

/// A database, removed when dropped.
struct Database {
    server: Server,
    name: String,
}

impl Database {
    fn new() -> Self {
        let server = services::shared(Kind::Postgres).unwrap();
        let name = format!("several_{}", suffix());
        let database = Self { server, name };
        let made = database
            .maintain()
            .batch_execute(&format!("CREATE DATABASE {}", database.name));
        made.unwrap();
        database
    }

    fn url(&self) -> String {
        let (base, _) = self.server.url.rsplit_once('/').unwrap();
        format!("{base}/{}", self.name)
    }

    fn maintain(&self) -> Client {
        Client::connect(&self.server.url_with_credentials(), NoTls).unwrap()
    }

    fn connect(&self) -> Client {
        let url = self.server.url_with_credentials();
        let (base, _) = url.rsplit_once('/').unwrap();
        Client::connect(&format!("{base}/{}", self.name), NoTls).unwrap()
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let gone = format!("DROP DATABASE {} WITH (FORCE)", self.name);
        drop(self.maintain().batch_execute(&gone));
    }
}

#[test]
fn two_processes_share_a_queue_of_postgresql() {
    let database = Database::new();
    let url = database
        .url()
        .replace("://", &format!("://{}@", database.server.user));
    // The server speaks TLS with an authority of its own.
    let ca = database.server.ca_file.clone().unwrap_or_default();
    let tls = format!("tls = {{ ca_file = {ca:?} }}\n");
    let tls = if ca.as_os_str().is_empty() { "" } else { &tls };
    let place = place(&format!(
        "[storage.spool]\ntype = \"postgres\"\nurl = {url:?}\npassword = {{ file = \"{{}}/password\" }}\n\
         schema = \"socorro\"\nqueue = \"new\"\n{tls}\n\
         [source.new]\ntype = \"postgres\"\nuse = \"storage.spool\"\nlease = \"10s\"\npoll = \"100ms\"\n"
    ));
    place.write("password", &database.server.password);
    fill(&place, "spool");
    let mut client = database.connect();
    share_and_lose_nothing(&place, 2, || {
        let row = client
            .query_one("SELECT count(*) FROM socorro.new_crash", &[])
            .unwrap();
        row.get::<_, i64>(0).unsigned_abs()
    });
    let row = client.query_one("SELECT count(*) FROM socorro.raw_crash", &[]);
    assert_eq!(
        row.unwrap().get::<_, i64>(0),
        0,
        "something stayed in the spool"
    );
}
