//! Every place in which the files of one id may lie.

use socorro_core::crash::StoredId;

use super::{names, radix};

/// How files lie in a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Beside those of other crashes: Socorro's legacy layouts and today's, and what is written here.
    Beside,
    /// In a directory of their own, named like the id.
    Own,
    /// antenna's: a directory for each part.
    Antenna,
}

/// Where the files of one id may lie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) shape: Shape,
    /// The day's directory, `YYYYMMDD` or, recycled monthly, `DD`.
    pub(crate) base: String,
    /// The directory of the raw crash.
    pub(crate) dir: String,
}

impl Place {
    /// Where a crash is written; an id without a day is never written.
    pub(crate) fn writing(id: &StoredId) -> Option<Self> {
        let base = id.date()?.compact();
        let dir = below_name(&base, &radix::path(id.as_str(), radix::of(id)));
        Some(Self {
            shape: Shape::Beside,
            base,
            dir,
        })
    }

    /// Every place below the day directory `base`, the likeliest first.
    pub(crate) fn reading(id: &StoredId, base: &str) -> Vec<Self> {
        let depths = radix::reading_depths(id.digit());
        let tree = depths.iter().flat_map(|depth| {
            let dir = below_name(base, &radix::path(id.as_str(), *depth));
            let own = format!("{dir}/{id}");
            [(Shape::Beside, dir), (Shape::Own, own)]
        });
        let antenna = (Shape::Antenna, format!("{base}/raw_crash"));
        tree.chain([antenna])
            .map(|(shape, dir)| Self {
                shape,
                base: base.to_owned(),
                dir,
            })
            .collect()
    }

    /// The day directories in which an id with a day may lie.
    pub(crate) fn bases(id: &StoredId) -> Option<[String; 2]> {
        let day = id.date()?;
        Some([day.compact(), format!("{:02}", day.day())])
    }

    /// The raw crash's path.
    pub(crate) fn raw(&self, id: &str) -> String {
        format!("{}/{}", self.dir, names::raw(id))
    }

    /// The processed crash's path, where there can be one.
    pub(crate) fn processed(&self, id: &str) -> Option<String> {
        (self.shape != Shape::Antenna).then(|| format!("{}/{}", self.dir, names::processed(id)))
    }

    /// The link from the crash to its slot in the date tree: directory and name.
    pub(crate) fn name_link<'a>(&'a self, id: &'a str) -> Option<(&'a str, &'a str)> {
        match self.shape {
            Shape::Beside => Some((&self.dir, id)),
            Shape::Own => Some((&self.dir, "date_root")),
            Shape::Antenna => None,
        }
    }
}

/// Is this the name of a day's directory?
pub(crate) fn is_base(name: &str) -> bool {
    matches!(name.len(), 2 | 8) && name.bytes().all(|byte| byte.is_ascii_digit())
}

fn below_name(base: &str, radix: &str) -> String {
    if radix.is_empty() {
        format!("{base}/name")
    } else {
        format!("{base}/name/{radix}")
    }
}
