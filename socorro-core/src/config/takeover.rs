//! `use = "storage.spool"`: a table takes over the options of another.
//!
//! Taken over are the options of the plugin, never the host's keys (`type`, `use`, `library`, `start`,
//! `retry`, `timeout`, `max_operations`, `max_bytes`). The table's own keys win, tables merge key by key.
//! The other table may take over options itself.

use super::class::Class;
use super::error::Wrong;
use super::instance::HOST_KEYS;
use super::nearest::nearest;
use super::read::Errors;
use super::secrets;
use super::tree::{Kind, Node, Table, join};

const SECTIONS: [&str; 2] = ["storage", "source"];
const LONGEST: usize = 16;

/// `root` with every `use` followed.
pub(crate) fn resolve(root: &Table, errors: &Errors) -> Table {
    let mut resolved = root.clone();
    for section in SECTIONS {
        let Some(members) = resolved.get_mut(section).and_then(Node::as_table_mut) else {
            continue;
        };
        for (name, member) in members {
            if let Some(table) = member.as_table_mut() {
                let key = join(section, name);
                *table = follow(root, table.clone(), &mut vec![key], errors);
            }
        }
    }
    resolved
}

/// `table`, the last of `path`, with what it takes over.
fn follow(root: &Table, table: Table, path: &mut Vec<String>, errors: &Errors) -> Table {
    let Some(node) = table.get("use") else {
        return table;
    };
    match target(root, node, path) {
        Err(Unusable { wrong, told_here }) => {
            if told_here {
                let key = join(path.last().map_or("", String::as_str), "use");
                errors.about(node, &key, wrong);
            }
            table
        }
        Ok((key, other)) => {
            path.push(key);
            let mut taken = follow(root, other, path, errors);
            taken.retain(|key, _| !HOST_KEYS.contains(&key.as_str()));
            overlay(&mut taken, table);
            taken
        }
    }
}

/// Every table is followed once from itself, so that what is wrong further on is told there.
struct Unusable {
    wrong: Wrong,
    told_here: bool,
}

fn target(root: &Table, node: &Node, path: &[String]) -> Result<(String, Table), Unusable> {
    let first = path.len() == 1;
    let unusable = |class, why, told_here| Unusable {
        wrong: Wrong::new(class, why),
        told_here,
    };
    let (Kind::Text(text) | Kind::String(text)) = &node.kind else {
        let why = format!(
            "expected the name of another table, such as \"storage.spool\", found {}",
            node.show()
        );
        return Err(unusable(Class::UseNotName, why, first));
    };
    let found = text
        .split_once('.')
        .filter(|(section, _)| SECTIONS.contains(section))
        .and_then(|(section, name)| root.get(section)?.as_table()?.get(name)?.as_table());
    let Some(table) = found else {
        let why = format!(
            "there is no table {}; expected an existing one, such as \"storage.spool\"",
            node.show()
        );
        let names = SECTIONS.iter().flat_map(|section| {
            let members = root.get(*section).and_then(Node::as_table);
            members
                .into_iter()
                .flat_map(move |members| members.keys().map(move |name| join(section, name)))
        });
        let mut none = unusable(Class::UseDangling, why, first);
        none.wrong = none.wrong.meant(nearest(text, names));
        return Err(none);
    };
    if path.contains(text) {
        let why = format!(
            "the tables use each other in a circle: {} -> {text}",
            path.join(" -> ")
        );
        return Err(unusable(Class::UseCircle, why, path.first() == Some(text)));
    }
    if path.len() >= LONGEST {
        let why = format!("more than {LONGEST} tables use one another");
        return Err(unusable(Class::UseTooDeep, why, true));
    }
    Ok((text.clone(), table.clone()))
}

/// Puts `over` on `base`, by the rules of merging.
fn overlay(base: &mut Table, over: Table) {
    for (key, mut node) in over {
        if !secrets::is_reference(&node)
            && let Some(below) = base.get_mut(&key)
            && !secrets::is_reference(below)
            && let (Kind::Table(below), Kind::Table(above)) = (&mut below.kind, &mut node.kind)
        {
            overlay(below, std::mem::take(above));
            continue;
        }
        base.insert(key, node);
    }
}
