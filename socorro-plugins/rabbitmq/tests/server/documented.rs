//! What `docs/rabbitmq.md` tells people to type, read out of it.

use serde_json::Value;

const PAGE: &str = include_str!("../../../../docs/rabbitmq.md");

/// A user and its permissions: configure, write, read.
pub(crate) struct User {
    pub(crate) name: String,
    pub(crate) permissions: [String; 3],
}

/// The users of the `set_permissions` commands.
pub(crate) fn users() -> Vec<User> {
    let commands = PAGE
        .lines()
        .filter_map(|line| line.strip_prefix("$ rabbitmqctl set_permissions -p socorro "));
    let users: Vec<_> = commands
        .map(|command| {
            let (name, rest) = command.split_once(' ').unwrap();
            let quoted: Vec<_> = rest
                .split('\'')
                .skip(1)
                .step_by(2)
                .map(str::to_owned)
                .collect();
            User {
                name: name.to_owned(),
                permissions: quoted.try_into().unwrap(),
            }
        })
        .collect();
    assert_eq!(users.len(), 3, "the page has other users");
    users
}

/// The queues of the `declare queue` commands and their arguments.
pub(crate) fn queues() -> Vec<(String, Value)> {
    let commands = PAGE
        .lines()
        .filter_map(|line| line.strip_prefix("$ rabbitmqadmin -V socorro declare queue name="));
    let queues: Vec<_> = commands
        .map(|command| {
            let (name, rest) = command.split_once(' ').unwrap();
            let arguments = rest.split('\'').nth(1).unwrap();
            (name.to_owned(), serde_json::from_str(arguments).unwrap())
        })
        .collect();
    assert_eq!(queues.len(), 4, "the page has other queues");
    queues
}
