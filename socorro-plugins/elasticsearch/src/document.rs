//! The document of one crash: what is searched, and beside it the exact processed crash.
//!
//! ```text
//! { "crash_id": "0bba…", "date": "2007-10-25",
//!   "processed_crash": { "signature": "…", … },      fields that are listed, values fixed
//!   "removed_fields": ["…"],                          those the index refused, or that were over the budget
//!   "document": "{…}",                                the exact processed crash, as a text, not indexed
//!   "document_size": 3012,
//!   "document_cut": ["…"] }                           top-level fields that `document` has not, for its size
//! ```

mod cut;
mod text;

use bytes::Bytes;
use serde_json::{Map, Value};
use socorro_core::crash::{CrashId, ProcessedCrash};
use socorro_core::{Error, ErrorKind, Result};

use crate::config::{Config, Oversize};
use crate::fields::Fields;

/// How documents are made.
#[derive(Debug)]
pub(crate) struct Maker {
    fields: Fields,
    keeps: bool,
    budget: usize,
    oversize: Oversize,
}

/// A document that can still lose fields.
#[derive(Clone, Debug)]
pub(crate) struct Document {
    id: CrashId,
    searchable: Map<String, Value>,
    removed: Vec<String>,
    kept: Option<Kept>,
}

/// The exact processed crash.
#[derive(Clone, Debug)]
struct Kept {
    /// As a JSON text, quotes included.
    quoted: Bytes,
    size: usize,
    cut: Vec<String>,
}

impl Maker {
    /// `InvalidConfig` when the fields are none.
    pub(crate) fn new(config: &Config) -> Result<Self> {
        Ok(Self {
            fields: Fields::of(config)?,
            keeps: config.keep_document,
            budget: usize::try_from(config.max_document_size.0).unwrap_or(usize::MAX),
            oversize: config.oversize,
        })
    }

    pub(crate) fn fields(&self) -> &Fields {
        &self.fields
    }

    /// The document of a processed crash, within the budget. Takes time in proportion to the crash's size.
    ///
    /// `InvalidInput` when it is over the budget and `oversize = "refuse"`.
    pub(crate) fn make(&self, id: CrashId, processed: &ProcessedCrash) -> Result<Document> {
        let fields = processed.fields();
        let mut document = Document {
            id,
            searchable: self.fields.searchable(&fields),
            removed: Vec::new(),
            kept: self.keeps.then(|| Kept::whole(processed.as_bytes())),
        };
        let size = document.size();
        if size <= self.budget {
            return Ok(document);
        }
        if self.oversize == Oversize::Refuse {
            return Err(Error::new(
                ErrorKind::InvalidInput,
                format!(
                    "the document has {size} bytes, {} are allowed; raise max_document_size, or set oversize = \"cut\"",
                    self.budget
                ),
            ));
        }
        cut::cut(&mut document, processed, &fields, self.budget);
        tracing::warn!(
            crash_id = %id,
            size,
            budget = self.budget,
            "the processed crash was over the budget: its largest fields were left out"
        );
        Ok(document)
    }
}

impl Document {
    pub(crate) fn id(&self) -> &CrashId {
        &self.id
    }

    /// Leaves one searchable field out and records it; `false` when there is none of this name.
    pub(crate) fn remove(&mut self, field: &str) -> bool {
        if self.searchable.remove(field).is_none() {
            return false;
        }
        self.removed.push(field.to_owned());
        true
    }

    /// Leaves all searchable fields out and records them; `false` when there are none.
    pub(crate) fn remove_all(&mut self) -> bool {
        let fields = std::mem::take(&mut self.searchable);
        let any = !fields.is_empty();
        self.removed
            .extend(fields.into_iter().map(|(name, _)| name));
        any
    }

    /// What was left out by [`remove`](Self::remove) and for the budget.
    pub(crate) fn removed(&self) -> &[String] {
        &self.removed
    }

    /// Bytes of [`write_to`](Self::write_to).
    pub(crate) fn size(&self) -> usize {
        let kept = self.kept.as_ref().map_or(0, |kept| kept.quoted.len());
        self.envelope().len() + kept
    }

    /// Appends the document, on one line.
    pub(crate) fn write_to(&self, out: &mut Vec<u8>) {
        let envelope = self.envelope();
        let Some(kept) = &self.kept else {
            out.extend_from_slice(&envelope);
            return;
        };
        // The text goes behind the last member, so that it is copied once.
        out.extend_from_slice(envelope.strip_suffix(END).unwrap_or(&envelope));
        out.extend_from_slice(&kept.quoted);
        out.push(b'}');
    }

    /// All but the quoted document.
    fn envelope(&self) -> Vec<u8> {
        let mut out = Map::new();
        out.insert("crash_id".into(), self.id.as_str().into());
        out.insert("date".into(), self.id.date().to_string().into());
        out.insert(
            "processed_crash".into(),
            Value::Object(self.searchable.clone()),
        );
        if !self.removed.is_empty() {
            out.insert("removed_fields".into(), self.removed.clone().into());
        }
        let Some(kept) = &self.kept else {
            return Value::Object(out).to_string().into_bytes();
        };
        out.insert("document_size".into(), kept.size.into());
        if !kept.cut.is_empty() {
            out.insert("document_cut".into(), kept.cut.clone().into());
        }
        let mut text = Value::Object(out).to_string().into_bytes();
        text.pop();
        text.extend_from_slice(DOCUMENT);
        text.extend_from_slice(END);
        text
    }
}

const DOCUMENT: &[u8] = b",\"document\":";
const END: &[u8] = b"}";

impl Kept {
    fn whole(bytes: &[u8]) -> Self {
        Self {
            quoted: text::quoted(bytes).into(),
            size: bytes.len(),
            cut: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests;
