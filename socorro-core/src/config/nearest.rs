//! What might have been meant by a word that is not known.

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
        .map(|known| (strsim::damerau_levenshtein(word, known.as_ref()), known))
        .filter(|(distance, _)| *distance <= most)
        // The first of the nearest.
        .reduce(|best, other| if other.0 < best.0 { other } else { best })
        .map(|(_, known)| format!("did you mean {:?}?", known.as_ref()))
}
