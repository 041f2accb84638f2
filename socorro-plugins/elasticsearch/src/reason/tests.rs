use proptest::prelude::*;

use super::{Cure, cure};
use crate::failure::Refusal;

fn said(kind: &str, reason: &str) -> Cure {
    cure(&Refusal {
        status: 400,
        kind: kind.to_owned(),
        reason: reason.to_owned(),
        retry_after: None,
    })
}

/// What Elasticsearch 8.17 and OpenSearch 2.19 said.
#[test]
fn the_field_is_found() {
    for (kind, reason, field) in [
        (
            "document_parsing_exception",
            "[1:25] failed to parse field [processed_crash.n] of type [integer] in document with id '1'. Preview of field's value: 'abc'",
            "n",
        ),
        (
            "mapper_parsing_exception",
            "failed to parse field [processed_crash.uptime] of type [long] in document with id '1'. Preview of field's value: 'x'",
            "uptime",
        ),
        (
            "illegal_argument_exception",
            "Document contains at least one immense term in field=\"processed_crash.signature\" (whose UTF8 encoding is longer than the max length 32766), all of which were skipped.",
            "signature",
        ),
        (
            "illegal_argument_exception",
            "Document contains at least one immense term in field=\"processed_crash.null_full.full\" (whose UTF8",
            "null_full",
        ),
        (
            "document_parsing_exception",
            "[1:9] object mapping for [processed_crash.version] tried to parse field [version] as object, but found a concrete value",
            "version",
        ),
        (
            "illegal_argument_exception",
            "mapper [processed_crash.build] cannot be changed from type [long] to [keyword]",
            "build",
        ),
    ] {
        assert_eq!(
            said(kind, reason),
            Cure::Remove(field.to_owned()),
            "{reason}"
        );
    }
}

#[test]
fn a_trouble_without_a_name_takes_all_fields() {
    for (kind, reason) in [
        (
            "illegal_argument_exception",
            "Limit of total fields [1000] has been exceeded while adding new fields [3]",
        ),
        (
            "document_parsing_exception",
            "[1:20] object mapping for [processed_crash] tried to parse field [processed_crash] as object, but found a concrete value",
        ),
        (
            "strict_dynamic_mapping_exception",
            "mapping set to strict, dynamic introduction of [x] within [_doc] is not allowed",
        ),
        ("illegal_argument_exception", ""),
    ] {
        assert_eq!(said(kind, reason), Cure::RemoveAll, "{reason}");
    }
}

#[test]
fn a_crash_cannot_name_a_field() {
    let reason = "failed to parse field [date] of type [date] in document with id '1'. Preview of field's value: 'failed to parse field [processed_crash.signature]'";
    assert_eq!(said("mapper_parsing_exception", reason), Cure::RemoveAll);
}

#[test]
fn other_troubles_are_no_field() {
    for (status, kind) in [
        (400, "validation_exception"),
        (400, ""),
        (429, "illegal_argument_exception"),
        (503, "unavailable_shards_exception"),
    ] {
        let refusal = Refusal {
            status,
            kind: kind.to_owned(),
            reason: "failed to parse field [processed_crash.n]".to_owned(),
            retry_after: None,
        };
        assert_eq!(cure(&refusal), Cure::None, "{status} {kind}");
    }
}

proptest! {
    #[test]
    fn any_reason_is_read(reason in ".{0,200}", name in "[^\\]]{0,20}") {
        let _ = said("illegal_argument_exception", &reason);
        let _ = said("mapper_parsing_exception", &format!("failed to parse field [{name}"));
        let _ = said("mapper_parsing_exception", &format!("{reason}failed to parse field [processed_crash.{name}]"));
    }
}
