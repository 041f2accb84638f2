//! Which field broke the mapping, as the server says it.
//!
//! A reason quotes the user's data ("Preview of field's value"), so that a crash could name a field for us to
//! remove. Only the first field in brackets behind one of the known phrases counts, phrases stand in front of the
//! preview, and the caller removes nothing but fields that it put into the document itself.

use crate::failure::Refusal;

/// What a refused document can be helped by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Cure {
    /// Without this field of `processed_crash` it may be taken.
    Remove(String),
    /// Its fields are the trouble, nobody says which.
    RemoveAll,
    /// Its fields are not the trouble.
    None,
}

/// What stands in front of a field's name, and what behind it.
const PHRASES: [(&str, &str); 6] = [
    ("failed to parse field [", "]"),
    ("immense term in field=\"", "\""),
    ("tried to parse field [", "]"),
    ("object mapping for [", "]"),
    ("mapper [", "]"),
    ("dynamic introduction of [", "]"),
];

/// Exceptions that are about the content of a document.
const OF_CONTENT: [&str; 6] = [
    "document_parsing_exception",
    "mapper_parsing_exception",
    "mapper_exception",
    "illegal_argument_exception",
    "strict_dynamic_mapping_exception",
    "x_content_parse_exception",
];

const OBJECT: &str = "processed_crash.";

/// How to help a document that was refused so.
pub(crate) fn cure(refusal: &Refusal) -> Cure {
    if refusal.status != 400 || !OF_CONTENT.contains(&refusal.kind.as_str()) {
        return Cure::None;
    }
    let said = before_preview(&refusal.reason);
    let first = PHRASES
        .iter()
        .filter_map(|(before, behind)| {
            let start = said.find(before)?;
            let rest = said.get(start + before.len()..)?;
            Some((start, rest.get(..rest.find(behind)?)?))
        })
        .min_by_key(|(start, _)| *start);
    match first.and_then(|(_, path)| path.strip_prefix(OBJECT)) {
        // The subfield `signature.full` is of the field `signature`.
        Some(path) => Cure::Remove(path.split('.').next().unwrap_or(path).to_owned()),
        None => Cure::RemoveAll,
    }
}

fn before_preview(reason: &str) -> &str {
    let end = reason
        .find("Preview of field's value")
        .unwrap_or(reason.len());
    reason.get(..end).unwrap_or(reason)
}

#[cfg(test)]
mod tests;
