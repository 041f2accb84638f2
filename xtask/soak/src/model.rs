use std::collections::BTreeMap;
use std::fmt::Write;

use crate::place::Place;

/// What the configuration says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Model {
    /// Written down by the witnesses behind `pair`, all of which have the same one.
    pub(crate) revision: u64,
    /// The third store of `pair`: its directory, a new one each time.
    pub(crate) extra: Option<u64>,
    pub(crate) disk: Disk,
    /// Which of the libraries of the witness the link leads to that `left` is loaded through.
    pub(crate) turned: usize,
    /// An option of the host for `memory`.
    pub(crate) patient: bool,
    /// The secret of `left`.
    pub(crate) secret: u64,
    /// Something wrong, if anything.
    pub(crate) bad: Option<Bad>,
}

/// What is behind `disk`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Disk {
    /// The filesystem plugin, of one of its libraries.
    Filesystem(usize),
    /// The witness on the same directory.
    Witness,
}

/// A file that is to be refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bad {
    Syntax,
    Key,
    Value,
    Plugin,
    Store,
    /// A storage is gone that the program holds a handle to.
    Gone,
    /// The secret of `left` cannot be read.
    Secret,
    /// A backend that is required is not there; everything new was opened by then.
    Backend,
}

impl Bad {
    pub(crate) const ALL: [Self; 8] = [
        Self::Syntax,
        Self::Key,
        Self::Value,
        Self::Plugin,
        Self::Store,
        Self::Gone,
        Self::Secret,
        Self::Backend,
    ];
}

/// How many libraries there are of the filesystem plugin, and of the witness.
pub(crate) const VERSIONS: usize = 3;

impl Model {
    pub(crate) fn new() -> Self {
        Self {
            revision: 1,
            extra: None,
            disk: Disk::Filesystem(0),
            turned: 0,
            patient: false,
            secret: 1,
            bad: None,
        }
    }

    /// The storages that a save to `pair` goes to.
    pub(crate) fn stores(&self) -> Vec<&'static str> {
        let mut stores = vec!["left", "right"];
        stores.extend(self.extra.map(|_| "extra"));
        stores
    }

    /// What a reload from `self` to `next` has to do: parts that are not kept.
    pub(crate) fn plan(&self, next: &Self) -> BTreeMap<String, &'static str> {
        let (before, after) = (self.parts(), next.parts());
        let mut plan = BTreeMap::new();
        for name in before.keys().chain(after.keys()) {
            let change = match (before.get(name), after.get(name)) {
                (None, _) => "add",
                (_, None) => "remove",
                (Some((old, _)), Some((new, _))) if old != new => "replace",
                (Some((_, old)), Some((_, new))) if old != new => "change",
                _ => continue,
            };
            plan.insert(format!("storage.{name}"), change);
        }
        plan
    }

    /// Each storage: what its instance is made from, and what the host puts in front of it.
    fn parts(&self) -> BTreeMap<&'static str, (String, bool)> {
        let revision = self.revision;
        let mut parts = BTreeMap::from([
            ("kept", (String::new(), false)),
            ("memory", (String::new(), self.patient)),
            ("disk", (format!("{:?}", self.disk), false)),
            (
                "left",
                (format!("{revision} {} {}", self.turned, self.secret), false),
            ),
            ("right", (format!("{revision}"), false)),
            ("pair", (self.stores().join(","), false)),
        ]);
        if let Some(extra) = self.extra {
            parts.insert("extra", (format!("{revision} {extra}"), false));
        }
        parts
    }

    /// The configuration file.
    pub(crate) fn text(&self, place: &Place) -> String {
        let mut text = String::new();
        // Writing to a string does not fail.
        let _ = self.write(&mut text, place);
        text
    }

    fn write(&self, to: &mut String, place: &Place) -> std::fmt::Result {
        if self.bad == Some(Bad::Syntax) {
            writeln!(to, "[storage")?;
        }
        writeln!(
            to,
            "[plugins]\npath = [{:?}]\nstage = {:?}\n[reload]\ndrain_timeout = \"2min\"",
            place.path("plugins"),
            place.path("stage"),
        )?;
        self.witness(to, place, "kept", "")?;
        let memory = match self.bad {
            Some(Bad::Gone) => "remembers",
            _ => "memory",
        };
        let timeout = if self.patient { "2min" } else { "1min" };
        writeln!(
            to,
            "[storage.{memory}]\ntype = \"memory\"\nmax_operations = {ROOM}\ntimeout = {timeout:?}"
        )?;
        match self.disk {
            Disk::Filesystem(version) => writeln!(
                to,
                "[storage.disk]\ntype = \"filesystem\"\nlibrary = {:?}\nroot = {:?}\nmax_operations = {ROOM}",
                place.library("filesystem", version),
                place.path("disk"),
            )?,
            Disk::Witness => self.witness(to, place, "disk", "")?,
        }
        let revision = format!("revision = {}\n", self.revision);
        let of_left = format!(
            "{revision}library = {:?}\npassword = {{ file = {:?} }}\n",
            place.path("turning.so"),
            match self.bad {
                Some(Bad::Secret) => place.path("no-such-secret"),
                _ => place.path("secret"),
            }
        );
        self.witness(to, place, "left", &of_left)?;
        self.witness(to, place, "right", &revision)?;
        if let Some(extra) = self.extra {
            let name = format!("extra-{extra}");
            self.rooted(to, place, "extra", &name, &revision)?;
        }
        let mut stores = self.stores();
        match self.bad {
            Some(Bad::Key) => writeln!(to, "[storage.odd]\ntype = \"memory\"\nsize = 1")?,
            Some(Bad::Value) => writeln!(to, "[storage.odd]\ntype = \"memory\"\nmax_crashes = -1")?,
            Some(Bad::Plugin) => writeln!(to, "[storage.odd]\ntype = \"nowhere\"")?,
            Some(Bad::Store) => stores.push("nobody"),
            // Only the last directory of a root is made.
            Some(Bad::Backend) => self.rooted(to, place, "odd", "no/such/directory", "")?,
            Some(Bad::Syntax | Bad::Gone | Bad::Secret) | None => {}
        }
        writeln!(to, "[storage.pair]\ntype = \"fanout\"\nstores = {stores:?}")
    }

    fn witness(&self, to: &mut String, place: &Place, name: &str, more: &str) -> std::fmt::Result {
        self.rooted(to, place, name, name, more)
    }

    fn rooted(
        &self,
        to: &mut String,
        place: &Place,
        name: &str,
        root: &str,
        more: &str,
    ) -> std::fmt::Result {
        writeln!(
            to,
            "[storage.{name}]\ntype = \"witness\"\nname = {name:?}\nroot = {:?}\nlog = {:?}\nmax_operations = {ROOM}\n{more}",
            place.path(root),
            place.path("calls"),
        )
    }
}

/// More operations than can be in flight: a load that waits for nothing must not be refused.
const ROOM: usize = 1_000_000;
