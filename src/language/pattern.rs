//! Patterns of names: `linux*`, `close/*-zero`.

/// A text in which `*` stands for anything, also for nothing and for `/`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pattern(String);

impl Pattern {
    /// The pattern that a text is.
    pub(crate) fn new(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// Whether all of a text matches.
    pub(crate) fn matches(&self, text: &str) -> bool {
        let mut parts = self.0.split('*');
        let first = parts.next().unwrap_or_default();
        let Some(mut rest) = text.strip_prefix(first) else {
            return false;
        };
        let Some(last) = parts.next_back() else {
            return rest.is_empty();
        };
        for part in parts {
            match rest.split_once(part) {
                Some((_, behind)) => rest = behind,
                None => return false,
            }
        }
        rest.ends_with(last)
    }

    /// Whether a part of a text matches.
    pub(crate) fn is_in(&self, text: &str) -> bool {
        Self(format!("*{}*", self.0)).matches(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_anything() {
        for (pattern, text, matches, is_in) in [
            ("linux", "linux", true, true),
            ("linux", "linux-6", false, true),
            ("linux*", "linux-6", true, true),
            ("*", "", true, true),
            ("a*c", "a/b/c", true, true),
            ("a*c", "a/b/c/d", false, true),
            ("a*b*c", "acb", false, false),
            // The two stars have to find parts of their own.
            ("aa*aa", "aaa", false, false),
            ("?", "a", false, false),
        ] {
            assert_eq!(
                Pattern::new(pattern).matches(text),
                matches,
                "{pattern} {text}"
            );
            assert_eq!(Pattern::new(pattern).is_in(text), is_in, "{pattern} {text}");
        }
    }
}
