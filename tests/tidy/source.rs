//! Rust source, taken apart into code, comments and literals.
//!
//! The rules speak of one of them only: a word in a comment is not code, and a rule's own examples
//! are literals. This is no parser: it knows just enough of Rust's lexical grammar to tell the
//! three apart.

/// What a character belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Code,
    Comment,
    Literal,
    /// Taken out of all views.
    Nothing,
}

/// A source file whose characters are sorted.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    characters: Vec<char>,
    parts: Vec<Part>,
}

/// A word, a number or a single other character of the code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    /// The line it is on, counted from 1.
    pub(crate) line: usize,
    /// What it says.
    pub(crate) text: String,
}

impl Source {
    /// Sorts the characters of a file.
    pub(crate) fn parse(text: &str) -> Self {
        let characters: Vec<char> = text.chars().collect();
        let mut parts = vec![Part::Code; characters.len()];
        let mut at = 0;
        while at < characters.len() {
            let (part, end) = part_at(&characters, at);
            parts[at..end].fill(part);
            at = end;
        }
        Self { characters, parts }
    }

    /// The same file without the items that only exist in tests (`#[cfg(test)]`).
    pub(crate) fn without_tests(mut self) -> Self {
        const MARK: &str = "#[cfg(test)]";
        let code: Vec<char> = self.code().chars().collect();
        let mut at = 0;
        while at + MARK.len() <= code.len() {
            if code[at..at + MARK.len()].iter().copied().eq(MARK.chars()) {
                let end = item_end(&code, at + MARK.len());
                self.parts[at..end].fill(Part::Nothing);
                at = end;
            } else {
                at += 1;
            }
        }
        self
    }

    /// The code, with blanks for everything else.
    pub(crate) fn code(&self) -> String {
        self.view(Part::Code)
    }

    /// The comments, with blanks for everything else.
    pub(crate) fn comments(&self) -> String {
        self.view(Part::Comment)
    }

    /// The text and character literals, with blanks for everything else.
    pub(crate) fn literals(&self) -> String {
        self.view(Part::Literal)
    }

    /// The code's words and signs, in order.
    pub(crate) fn tokens(&self) -> Vec<Token> {
        let mut tokens: Vec<Token> = Vec::new();
        for (index, line) in self.code().lines().enumerate() {
            let mut word_open = false;
            for character in line.chars() {
                let is_word = is_word(character);
                match tokens.last_mut() {
                    Some(token) if is_word && word_open => token.text.push(character),
                    _ if character.is_whitespace() => {}
                    _ => tokens.push(Token {
                        line: index + 1,
                        text: character.to_string(),
                    }),
                }
                word_open = is_word;
            }
        }
        tokens
    }

    /// Which lines hold code or literals.
    pub(crate) fn used_lines(&self) -> usize {
        let code = self.code();
        let literals = self.literals();
        let used = |line: &str| !line.trim().is_empty();
        code.lines()
            .zip(literals.lines())
            .filter(|(code, literal)| used(code) || used(literal))
            .count()
    }

    fn view(&self, wanted: Part) -> String {
        let shown = |(&character, &part): (&char, &Part)| {
            if part == wanted || character == '\n' {
                character
            } else {
                ' '
            }
        };
        self.characters.iter().zip(&self.parts).map(shown).collect()
    }
}

/// Whether a character can stand in an identifier or a number.
pub(crate) fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

/// What begins at a place, and where it ends.
fn part_at(characters: &[char], at: usize) -> (Part, usize) {
    let next = characters.get(at + 1).copied();
    match characters[at] {
        '/' if next == Some('/') => (Part::Comment, line_end(characters, at)),
        '/' if next == Some('*') => (Part::Comment, block_comment_end(characters, at)),
        '"' => (Part::Literal, text_end(characters, at + 1)),
        '\'' => match character_end(characters, at) {
            Some(end) => (Part::Literal, end),
            None => (Part::Code, at + 1),
        },
        first if is_word(first) => {
            let mut end = at;
            while end < characters.len() && is_word(characters[end]) {
                end += 1;
            }
            let word: String = characters[at..end].iter().collect();
            if ["r", "br", "cr"].contains(&word.as_str())
                && let Some(end) = raw_text_end(characters, end)
            {
                return (Part::Literal, end);
            }
            (Part::Code, end)
        }
        _ => (Part::Code, at + 1),
    }
}

fn line_end(characters: &[char], at: usize) -> usize {
    let rest = characters[at..].iter();
    rest.clone()
        .position(|&character| character == '\n')
        .map_or(characters.len(), |n| at + n)
}

/// Block comments nest in Rust.
fn block_comment_end(characters: &[char], at: usize) -> usize {
    let mut depth = 0;
    let mut here = at;
    while here + 1 < characters.len() {
        match (characters[here], characters[here + 1]) {
            ('/', '*') => depth += 1,
            ('*', '/') => depth -= 1,
            _ => {
                here += 1;
                continue;
            }
        }
        here += 2;
        if depth == 0 {
            return here;
        }
    }
    characters.len()
}

/// The end of a text literal whose opening quote is just before `at`.
fn text_end(characters: &[char], at: usize) -> usize {
    let mut here = at;
    while here < characters.len() {
        match characters[here] {
            '\\' => here += 2,
            '"' => return here + 1,
            _ => here += 1,
        }
    }
    characters.len()
}

/// The end of a raw text literal whose `r` is just before `at`; none where it is something else.
fn raw_text_end(characters: &[char], at: usize) -> Option<usize> {
    let hashes = characters[at..]
        .iter()
        .take_while(|&&character| character == '#')
        .count();
    if characters.get(at + hashes) != Some(&'"') {
        return None;
    }
    let mut here = at + hashes + 1;
    while here < characters.len() {
        let closing = characters[here] == '"'
            && characters[here + 1..]
                .iter()
                .take(hashes)
                .filter(|&&c| c == '#')
                .count()
                == hashes;
        here += 1;
        if closing {
            return Some(here + hashes);
        }
    }
    Some(characters.len())
}

/// The end of a character literal; none where the quote begins a lifetime.
fn character_end(characters: &[char], at: usize) -> Option<usize> {
    if characters.get(at + 1) == Some(&'\\') {
        // The escaped character itself may be a quote.
        let close = characters
            .get(at + 3..)?
            .iter()
            .position(|&character| character == '\'')?;
        return Some(at + 3 + close + 1);
    }
    (characters.get(at + 2) == Some(&'\'')).then_some(at + 3)
}

/// Where the item ends that begins after an attribute: behind its body, or its semicolon.
fn item_end(code: &[char], at: usize) -> usize {
    let mut depth = 0;
    for (index, character) in code.iter().enumerate().skip(at) {
        match character {
            '{' | '(' | '[' => depth += 1,
            '}' | ')' | ']' => {
                depth -= 1;
                if depth == 0 && *character == '}' {
                    return index + 1;
                }
            }
            ';' if depth == 0 => return index + 1,
            _ => {}
        }
    }
    code.len()
}

#[test]
fn characters_are_sorted() {
    let text = r##"let a = "// no /* comment"; // but "this" is
let b = '"'; let c: &'static str = r#"raw " text"#; /* one /* nested */ still */ let d = '\'';
#[cfg(test)]
mod tests { fn f() { g("}") } }
#[cfg(test)]
use x;
fn last() {}
"##;
    let source = Source::parse(text);
    let squeezed = |view: String| view.split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(
        squeezed(source.comments()),
        "// but \"this\" is /* one /* nested */ still */"
    );
    assert_eq!(
        squeezed(source.literals()),
        r##""// no /* comment" '"' r#"raw " text"# '\'' "}""##
    );
    assert_eq!(
        squeezed(source.clone().without_tests().code()),
        "let a = ; let b = ; let c: &'static str = ; let d = ; fn last() {}"
    );
    assert_eq!(source.code().lines().count(), text.lines().count());
    assert_eq!(source.used_lines(), 7);
}

#[test]
fn a_file_that_stops_in_the_middle_is_taken_as_it_is() {
    for text in [
        "\"open",
        "r#\"open",
        "/* open",
        "'\\",
        "'",
        "r#",
        "#[cfg(test)] mod m {",
    ] {
        let source = Source::parse(text);
        assert_eq!(source.parts.len(), text.chars().count(), "{text}");
        source.without_tests();
    }
}
