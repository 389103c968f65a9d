//! [`nearest`]: the known word somebody probably meant.

/// The known words closest to `word`, all as close as each other, at most `limit`; none when nothing is close.
///
/// Upper and lower case, and `_` for `-`, count as the same: they are what people mistype most.
pub(super) fn nearest<'k>(
    word: &str,
    known: impl IntoIterator<Item = &'k str>,
    limit: usize,
) -> Vec<&'k str> {
    let wanted = folded(word);
    // A third of the word may be wrong: more than that is another word.
    let most = (wanted.len() / 3).max(1);
    let mut found: Vec<(usize, &str)> = known
        .into_iter()
        .map(|candidate| (distance(&wanted, &folded(candidate)), candidate))
        .filter(|(distance, _)| *distance <= most)
        .collect();
    found.sort();
    let best = found.first().map(|(distance, _)| *distance);
    found.retain(|(distance, _)| Some(*distance) == best);
    let words = found.into_iter().map(|(_, candidate)| candidate);
    words.take(limit).collect()
}

fn folded(word: &str) -> Vec<char> {
    let fold = |c: char| {
        if c == '_' {
            '-'
        } else {
            c.to_ascii_lowercase()
        }
    };
    word.chars().map(fold).collect()
}

/// Insertions, deletions, replacements and swaps of neighbours that turn `a` into `b`.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, to) in b.iter().enumerate() {
            let replaced = last[j] + usize::from(from != to);
            let mut best = replaced.min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *from == b[j - 1] && a[i - 1] == *to {
                best = best.min(before[j - 1] + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_finds_the_word_and_another_word_finds_nothing() {
        let known = ["repository", "jitter", "catch-up", "catch-up-limit"];
        for (word, expected) in [
            ("repositry", vec!["repository"]),
            ("repostiory", vec!["repository"]),
            ("Repository", vec!["repository"]),
            ("catch_up", vec!["catch-up"]),
            ("catchup", vec!["catch-up"]),
            ("jiter", vec!["jitter"]),
            ("retention", vec![]),
            ("", vec![]),
        ] {
            assert_eq!(nearest(word, known, 2), expected, "{word}");
        }
    }
}
