use crate::model::{Bad, Disk, Model, VERSIONS};
use crate::random::Random;

/// A way to edit the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Edit {
    /// None; the file is written anew all the same.
    Nothing,
    /// Everything behind `pair` becomes another instance, all at once.
    Revise,
    /// A storage comes or goes.
    Store,
    /// `disk` is served by another plugin.
    Plugin,
    /// `disk` is served by another library of the same plugin.
    Library,
    /// The file that `left` is loaded from has other bytes.
    Code,
    /// An option of the host changes in place.
    Host,
    /// The reference stays, the secret is another.
    Secret,
    /// Several of these at once.
    Several,
    /// A file that is to be refused, with edits in it that would be adopted otherwise.
    Bad,
}

impl Edit {
    pub(crate) const ALL: [Self; 10] = [
        Self::Nothing,
        Self::Revise,
        Self::Store,
        Self::Plugin,
        Self::Library,
        Self::Code,
        Self::Host,
        Self::Secret,
        Self::Several,
        Self::Bad,
    ];

    /// What the configuration says after this edit.
    pub(crate) fn of(self, model: &Model, random: &mut Random, serial: u64) -> Model {
        let mut next = model.clone();
        match self {
            Self::Nothing => {}
            Self::Revise => next.revision = serial,
            Self::Store => {
                next.extra = match model.extra {
                    None => Some(serial),
                    Some(_) => None,
                }
            }
            Self::Plugin => {
                next.disk = match model.disk {
                    Disk::Witness => Disk::Filesystem(random.below(VERSIONS)),
                    Disk::Filesystem(_) => Disk::Witness,
                }
            }
            Self::Library => {
                next.disk = match model.disk {
                    Disk::Filesystem(version) => Disk::Filesystem((version + 1) % VERSIONS),
                    Disk::Witness => Disk::Filesystem(random.below(VERSIONS)),
                }
            }
            Self::Code => next.turned = (model.turned + 1 + random.below(VERSIONS - 1)) % VERSIONS,
            Self::Host => next.patient = !model.patient,
            Self::Secret => next.secret = serial,
            Self::Several => {
                for edit in [Self::Revise, Self::Store, Self::Code, Self::Host] {
                    next = edit.of(&next, random, serial);
                }
            }
            Self::Bad => {
                next = Self::Several.of(&next, random, serial);
                // Files beside the configuration stay: they would be read by the reload after it, too.
                (next.turned, next.secret) = (model.turned, model.secret);
                next.bad = Bad::ALL.get(random.below(Bad::ALL.len())).copied();
            }
        }
        next
    }
}
