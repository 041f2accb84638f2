//! A disk as power loss sees it: what is durable, and what is only promised.
//!
//! Harsher than real file systems: each change of a directory lasts or not by itself until that directory is
//! synced, also the two halves of a move between directories; unsynced content lasts by any length.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::path::Path;
use std::time::{Duration, SystemTime};

use super::disks::Op;

type Node = usize;
type Names = BTreeMap<String, Node>;

#[derive(Clone)]
pub(crate) struct Platter {
    nodes: Vec<Body>,
    syncs: HashMap<u64, (Node, usize)>,
}

#[derive(Clone)]
enum Body {
    File {
        now: Content,
        durable: Content,
    },
    Link(String),
    Dir {
        now: Names,
        durable: Names,
        pending: Vec<Change>,
    },
}

#[derive(Clone, Default)]
struct Content {
    bytes: Vec<u8>,
    note: Option<(String, (i64, u32))>,
}

/// Changes of one directory that last together or not at all: more than one for a rename within it.
type Change = Vec<(String, Option<Node>)>;

/// What of the unsynced lasts.
pub(crate) enum Lasts {
    /// Nothing: the worst disk.
    Nothing,
    /// Everything: the process was killed, the machine was not.
    Everything,
    /// Any part of it.
    Some(Chance),
}

/// A small generator: the same seed, the same chances.
pub(crate) struct Chance(pub(crate) u64);

impl Chance {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

impl Platter {
    pub(crate) fn new() -> Self {
        Self {
            nodes: vec![empty_dir()],
            syncs: HashMap::new(),
        }
    }

    /// What lies in a directory now, all of it durable.
    pub(crate) fn load(root: &Path) -> Self {
        let mut platter = Self::new();
        platter.load_dir(0, root);
        platter
    }

    fn load_dir(&mut self, into: Node, path: &Path) {
        for entry in std::fs::read_dir(path).unwrap() {
            let entry = entry.unwrap();
            let kind = entry.file_type().unwrap();
            let node = if kind.is_dir() {
                let node = self.add(empty_dir());
                self.load_dir(node, &entry.path());
                node
            } else if kind.is_symlink() {
                let target = std::fs::read_link(entry.path()).unwrap();
                self.add(Body::Link(target.display().to_string()))
            } else {
                let file = File::open(entry.path()).unwrap();
                let modified = crate::disk::Meta::of_file(&file).unwrap().modified;
                let content = Content {
                    bytes: std::fs::read(entry.path()).unwrap(),
                    note: crate::disk::note(&file).map(|note| (note, modified)),
                };
                self.add(Body::File {
                    now: content.clone(),
                    durable: content,
                })
            };
            let name = entry.file_name().into_string().unwrap();
            let (now, durable, _) = self.dir(into);
            now.insert(name.clone(), node);
            durable.insert(name, node);
        }
    }

    fn add(&mut self, body: Body) -> Node {
        self.nodes.push(body);
        self.nodes.len() - 1
    }

    fn dir(&mut self, node: Node) -> (&mut Names, &mut Names, &mut Vec<Change>) {
        match &mut self.nodes[node] {
            Body::Dir {
                now,
                durable,
                pending,
            } => (now, durable, pending),
            _ => panic!("not a directory"),
        }
    }

    fn find(&mut self, path: &str) -> Node {
        let parts = path.split('/').filter(|part| !part.is_empty());
        parts.fold(0, |node, part| self.dir(node).0[part])
    }

    fn split<'a>(&mut self, path: &'a str) -> (Node, &'a str) {
        let (above, name) = path.rsplit_once('/').unwrap_or(("", path));
        (self.find(above), name)
    }

    fn change(&mut self, dir: Node, change: Change) {
        let (now, _, pending) = self.dir(dir);
        apply(now, &change);
        pending.push(change);
    }

    fn put(&mut self, path: &str, body: Body) {
        let node = self.add(body);
        let (dir, name) = self.split(path);
        self.change(dir, vec![(name.to_owned(), Some(node))]);
    }

    fn file(&mut self, path: &str) -> (&mut Content, &mut Content) {
        let node = self.find(path);
        match &mut self.nodes[node] {
            Body::File { now, durable } => (now, durable),
            _ => panic!("{path} is not a file"),
        }
    }

    pub(crate) fn play(&mut self, op: &Op) {
        match op {
            Op::Mkdir(path) => self.put(path, empty_dir()),
            Op::Create(path) => {
                let (now, durable) = Default::default();
                self.put(path, Body::File { now, durable });
            }
            Op::Write(path, bytes) => self.file(path).0.bytes.extend_from_slice(bytes),
            Op::Note(path, note, modified) => {
                self.file(path).0.note = Some((note.clone(), *modified));
            }
            Op::SyncFile(path) => {
                let (now, durable) = self.file(path);
                *durable = now.clone();
            }
            Op::Rename(old, new) => {
                let node = self.find(old);
                let (from, old) = self.split(old);
                let (to, new) = self.split(new);
                if self.dir(to).0.get(new) == Some(&node) {
                    return;
                }
                let (gone, come) = ((old.to_owned(), None), (new.to_owned(), Some(node)));
                if from == to {
                    self.change(to, vec![gone, come]);
                } else {
                    self.change(to, vec![come]);
                    self.change(from, vec![gone]);
                }
            }
            Op::Link(old, new) => {
                let node = self.find(old);
                let (dir, name) = self.split(new);
                self.change(dir, vec![(name.to_owned(), Some(node))]);
            }
            Op::Symlink(target, path) => self.put(path, Body::Link(target.clone())),
            Op::Unlink(path) | Op::Rmdir(path) => {
                let (dir, name) = self.split(path);
                self.change(dir, vec![(name.to_owned(), None)]);
            }
            Op::SyncBegins(number, path) => {
                let dir = self.find(path);
                let covered = self.dir(dir).2.len();
                self.syncs.insert(*number, (dir, covered));
            }
            Op::SyncEnds(number) => {
                let (dir, covered) = self.syncs.remove(number).unwrap();
                let (_, durable, pending) = self.dir(dir);
                let lasting: Vec<Change> = pending.drain(..covered).collect();
                lasting.iter().for_each(|change| apply(durable, change));
                // Of two syncs at once, the one that ends last has less left to do.
                for (other, left) in self.syncs.values_mut() {
                    if *other == dir {
                        *left = left.saturating_sub(covered);
                    }
                }
            }
            Op::Mark(_) => {}
        }
    }

    /// Writes what a power loss leaves into an empty directory.
    pub(crate) fn lose_power(&self, root: &Path, mut lasts: Lasts) {
        let mut written = HashMap::new();
        self.write_dir(0, root, &mut lasts, &mut written);
    }

    fn write_dir(
        &self,
        node: Node,
        path: &Path,
        lasts: &mut Lasts,
        written: &mut HashMap<Node, std::path::PathBuf>,
    ) {
        let Body::Dir {
            durable, pending, ..
        } = &self.nodes[node]
        else {
            panic!("not a directory");
        };
        let mut names = durable.clone();
        for change in pending.iter().filter(|_| lasts.keeps()) {
            apply(&mut names, change);
        }
        for (name, node) in names {
            let path = path.join(name);
            if let Some(first) = written.get(&node) {
                std::fs::hard_link(first, &path).unwrap();
                continue;
            }
            match &self.nodes[node] {
                Body::Dir { .. } => {
                    std::fs::create_dir(&path).unwrap();
                    self.write_dir(node, &path, lasts, written);
                    continue;
                }
                Body::Link(target) => std::os::unix::fs::symlink(target, &path).unwrap(),
                Body::File { now, durable } => lasts.content(now, durable).write(&path),
            }
            written.insert(node, path);
        }
    }
}

fn empty_dir() -> Body {
    Body::Dir {
        now: Names::new(),
        durable: Names::new(),
        pending: Vec::new(),
    }
}

fn apply(names: &mut Names, change: &Change) {
    for (name, node) in change {
        match node {
            Some(node) => names.insert(name.clone(), *node),
            None => names.remove(name),
        };
    }
}

impl Lasts {
    fn keeps(&mut self) -> bool {
        match self {
            Self::Nothing => false,
            Self::Everything => true,
            Self::Some(chance) => chance.next() % 2 == 0,
        }
    }

    fn content(&mut self, now: &Content, durable: &Content) -> Content {
        match self {
            Self::Nothing => durable.clone(),
            Self::Everything => now.clone(),
            Self::Some(chance) => {
                let unsynced = now.bytes.len() - durable.bytes.len();
                let length = durable.bytes.len() + chance.next() as usize % (unsynced + 1);
                let noted = if chance.next() % 2 == 0 { now } else { durable };
                Content {
                    bytes: now.bytes[..length].to_vec(),
                    note: noted.note.clone(),
                }
            }
        }
    }
}

impl Content {
    fn write(&self, path: &Path) {
        let file = File::create_new(path).unwrap();
        std::io::Write::write_all(&mut &file, &self.bytes).unwrap();
        if let Some((note, (seconds, nanos))) = &self.note {
            let since = Duration::new(seconds.unsigned_abs(), *nanos);
            file.set_modified(SystemTime::UNIX_EPOCH + since).unwrap();
            let file = crate::disk::OpenFile {
                file,
                path: String::new(),
            };
            // Where files cannot be annotated none was recorded.
            crate::disk::Disk::annotate(&crate::disk::RealDisk, &file, note).unwrap();
        }
    }
}
