//! What might have been meant by a word that is not known, and what there is.

/// `did you mean "bucket"?`, when one of `known` is near enough to be meant.
pub(crate) fn nearest<K: AsRef<str>>(
    word: &str,
    known: impl IntoIterator<Item = K>,
) -> Option<String> {
    const LONGEST: usize = 64;
    if word.len() > LONGEST {
        return None;
    }
    // Of a word of one or two letters any other could be meant.
    let most = word.chars().count() / 3;
    known
        .into_iter()
        .map(|known| {
            let distance = if word.eq_ignore_ascii_case(known.as_ref()) {
                0
            } else {
                strsim::damerau_levenshtein(word, known.as_ref())
            };
            (distance, known)
        })
        .filter(|(distance, _)| *distance <= most)
        // The first of the nearest.
        .reduce(|best, other| if other.0 < best.0 { other } else { best })
        .map(|(_, known)| format!("did you mean {:?}?", known.as_ref()))
}

/// The names for a message, not too many of them; `none` when there is none.
pub(crate) fn listed<K: AsRef<str>>(names: impl IntoIterator<Item = K>, none: &str) -> String {
    const SHOWN: usize = 20;
    let mut names = names.into_iter();
    let shown: Vec<String> = names
        .by_ref()
        .take(SHOWN)
        .map(|name| name.as_ref().to_owned())
        .collect();
    match (shown.is_empty(), names.count()) {
        (true, _) => none.to_owned(),
        (false, 0) => shown.join(", "),
        (false, more) => format!("{} and {more} more", shown.join(", ")),
    }
}
