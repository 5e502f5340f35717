//! Diagnostics: one type for every error of a scenario and every failed expectation, with its place
//! in the file.
//!
//! A [`Diagnostic`] knows nothing of files: it points into a text with a [`Span`]. The [`Source`]
//! has the text and its path, and turns the two into what a person reads:
//!
//! ```text
//! scenarios/close/linger.toml:31:1: expected segment never came
//!    |
//! 31 | +0    server > client: R. 1:1(0) ack 1001
//!    | ^^^^^ within 0.000 s of 0.120
//!    |
//!    = sent instead: 0.120 server > client: . 1:1(0) ack 1001 win 3000
//!    = replay: hangup run scenarios/close/linger.toml --seed 0
//! ```
//!
//! Everything that is printed may come from a hostile file, so control characters never reach the
//! terminal and a line of a megabyte is cut down to the part that matters.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

use annotate_snippets::renderer::{DEFAULT_EMPHASIS_STYLE, DEFAULT_ERROR_STYLE, Style};
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

/// A part of a text: the octets from `start` up to, not including, `end`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The offset of the first octet.
    pub start: usize,
    /// The offset after the last octet.
    pub end: usize,
}

impl Span {
    /// The span of `range`.
    pub fn new(range: Range<usize>) -> Self {
        Self {
            start: range.start,
            end: range.end,
        }
    }

    /// The empty span at `offset`, drawn as one caret.
    pub fn at(offset: usize) -> Self {
        Self {
            start: offset,
            end: offset,
        }
    }

    /// The span from the start of this one to the end of `last`.
    pub fn to(self, last: Self) -> Self {
        Self {
            start: self.start,
            end: last.end.max(self.start),
        }
    }
}

/// A value and where it stands in the text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Where it stands.
    pub span: Span,
}

impl<T> Spanned<T> {
    /// `value`, which stands at `span`.
    pub fn new(value: T, span: Span) -> Self {
        Self { value, span }
    }

    /// The same place with another value.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Spanned<U> {
        Spanned {
            value: f(self.value),
            span: self.span,
        }
    }
}

/// One thing that is wrong with a text, or that did not happen as it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// What is wrong, as a sentence without its full stop: ``unknown host `servre` ``.
    pub message: String,
    /// Where. None: the file as a whole.
    pub span: Option<Span>,
    /// What to say beside the carets.
    pub label: Option<String>,
    /// Another place that matters, with what to say there: where a bracket was opened.
    pub context: Option<(Span, String)>,
    /// The lines after the excerpt, in order.
    pub notes: Vec<Note>,
    /// By how much it was too early or too late, where nothing else is wrong.
    pub off_by: Option<Duration>,
}

/// A line after the excerpt: `= help: ...`, `= replay: ...`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// What kind of line it is: `help`, `sent instead`, `replay`.
    pub name: Cow<'static, str>,
    /// The line.
    pub text: String,
}

impl Diagnostic {
    /// Something wrong at a place.
    pub fn new(span: Span, message: impl Into<String>) -> Self {
        Self {
            span: Some(span),
            ..Self::of_file(message)
        }
    }

    /// Something wrong with a file as a whole.
    pub fn of_file(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            span: None,
            label: None,
            context: None,
            notes: Vec::new(),
            off_by: None,
        }
    }

    /// What is wrong and what to do about it, on one line.
    pub fn sentence(&self) -> String {
        let help = self.notes.iter().filter(|note| note.name == "help");
        let helps = help.map(|note| format!("; {}", note.text));
        helps.fold(self.message.clone(), |all, help| all + &help)
    }

    /// With words beside the carets.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// With a second place that matters.
    #[must_use]
    pub fn context(mut self, span: Span, label: impl Into<String>) -> Self {
        self.context = Some((span, label.into()));
        self
    }

    /// With a `= help:` line, which says what to do.
    #[must_use]
    pub fn help(self, text: impl Into<String>) -> Self {
        self.note("help", text)
    }

    /// With a line of any kind.
    #[must_use]
    pub fn note(mut self, name: impl Into<Cow<'static, str>>, text: impl Into<String>) -> Self {
        self.notes.push(Note {
            name: name.into(),
            text: text.into(),
        });
        self
    }
}

/// Whether to draw in colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Colour {
    /// Text only.
    #[default]
    Plain,
    /// With ANSI escape codes. What prints them (anstream) strips them where they are not wanted.
    Ansi,
}

/// A line and a column, both counted from 1; the column in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
}

/// A file that was read: its path and its text, and what was said about it elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    path: PathBuf,
    /// The text of the file, and each attachment on a line of its own behind it.
    text: String,
    /// The offset at which the file ends.
    file_end: usize,
    attachments: Vec<Attachment>,
    /// The offset at which each line starts.
    line_starts: Vec<usize>,
}

/// Something that belongs to a file and does not stand in it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Attachment {
    /// What is shown in place of the path.
    name: &'static str,
    /// The offset at which it starts, which is the start of a line.
    start: usize,
}

impl Source {
    /// The text of the file at `path`. The path is only shown, never opened.
    pub fn new(path: impl Into<PathBuf>, text: impl Into<String>) -> Self {
        let text = text.into();
        let line_starts = std::iter::once(0)
            .chain(text.match_indices('\n').map(|(at, _)| at + 1))
            .collect();
        Self {
            path: path.into(),
            file_end: text.len(),
            text,
            attachments: Vec::new(),
            line_starts,
        }
    }

    /// Adds a text that belongs to the file and does not stand in it, such as the value of an
    /// option; messages show `name` in place of the path. Returns the offset of its first octet,
    /// from which spans in it count.
    pub fn attach(&mut self, name: &'static str, text: &str) -> usize {
        self.text.push('\n');
        let start = self.text.len();
        self.text.push_str(text);
        self.line_starts.push(start);
        let lines = text.match_indices('\n').map(|(at, _)| start + at + 1);
        self.line_starts.extend(lines);
        self.attachments.push(Attachment { name, start });
        start
    }

    /// Where the file is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What the file says.
    pub fn text(&self) -> &str {
        &self.text[..self.file_end]
    }

    /// What it says at a span, in the file or an attachment. Empty where the span is of neither.
    pub fn slice(&self, span: Span) -> &str {
        self.text.get(span.start..span.end).unwrap_or_default()
    }

    /// The line in which an offset is, counted from 1, of the file or the attachment it is in.
    pub fn line(&self, offset: usize) -> usize {
        let before = self
            .attachment(offset)
            .map_or(0, |it| self.row(it.start) - 1);
        self.row(offset) - before
    }

    /// The line of all the text in which an offset is, counted from 1.
    fn row(&self, offset: usize) -> usize {
        self.line_starts.partition_point(|start| *start <= offset)
    }

    /// The attachment in which an offset is. None: it is in the file.
    fn attachment(&self, offset: usize) -> Option<&Attachment> {
        self.attachments.iter().rfind(|it| it.start <= offset)
    }

    /// What a message calls that in which an offset is: the path of the file, or the name of an
    /// attachment.
    pub fn name(&self, offset: usize) -> Cow<'_, str> {
        match self.attachment(offset) {
            Some(attachment) => Cow::Borrowed(attachment.name),
            None => Cow::Owned(clean(&self.path.to_string_lossy()).into_owned()),
        }
    }

    /// The line and the column of an offset.
    pub fn place(&self, offset: usize) -> Place {
        let line = self.line(offset);
        let start = self.line_starts[self.row(offset) - 1];
        let before = self
            .text
            .get(start..offset.min(self.text.len()))
            .unwrap_or_default();
        Place {
            line,
            column: before.chars().count() + 1,
        }
    }

    /// A diagnostic as a person reads it, ending in a line break.
    pub fn render(&self, diagnostic: &Diagnostic, colour: Colour) -> String {
        let (path_style, message_style) = match colour {
            Colour::Plain => (Style::new(), Style::new()),
            Colour::Ansi => (DEFAULT_EMPHASIS_STYLE, DEFAULT_ERROR_STYLE),
        };
        let start = diagnostic.span.map_or(0, |it| it.start);
        let mut at = self.name(start).into_owned();
        if let Some(span) = diagnostic.span {
            let place = self.place(span.start);
            // Writing to a string cannot fail.
            let _ = write!(at, ":{}:{}", place.line, place.column);
        }
        let message = clean(&diagnostic.message);
        let mut out =
            format!("{path_style}{at}:{path_style:#} {message_style}{message}{message_style:#}\n");
        let body = self.body(diagnostic, colour);
        if !body.is_empty() {
            out.push_str(&body);
            out.push('\n');
        }
        out
    }

    /// The excerpt with its carets, and the notes.
    fn body(&self, diagnostic: &Diagnostic, colour: Colour) -> String {
        let renderer = match colour {
            Colour::Plain => Renderer::plain(),
            Colour::Ansi => Renderer::styled(),
        };
        let mut group = Group::with_level(Level::ERROR);
        if let Some(span) = diagnostic.span {
            let context = diagnostic.context.as_ref();
            let excerpt = self.excerpt(span, context.map(|(span, _)| *span));
            let label = diagnostic.label.as_deref().map(clean);
            let primary = AnnotationKind::Primary.span(excerpt.primary).label(label);
            let secondary = excerpt
                .context
                .zip(context)
                .map(|(range, (_, label))| AnnotationKind::Context.span(range).label(clean(label)));
            let snippet = Snippet::source(excerpt.text).line_start(excerpt.line);
            group = group.element(snippet.annotation(primary).annotations(secondary));
        }
        for note in &diagnostic.notes {
            let level = Level::NOTE.with_name(note.name.as_ref());
            group = group.element(level.message(clean(&note.text)));
        }
        if group.is_empty() {
            String::new()
        } else {
            renderer.render(&[group])
        }
    }

    /// The lines to show, and where the spans are in them.
    fn excerpt(&self, span: Span, context: Option<Span>) -> Excerpt<'_> {
        let (start, end) = self.bounds(span);
        let Some(context) = context else {
            return self.cut(start, end, span, None);
        };
        let (context_start, context_end) = self.bounds(context);
        let (first, last) = (start.min(context_start), end.max(context_end));
        if last - first > EXCERPT_MAX {
            // What lies between would have to be gone through to be left out.
            return self.cut(start, end, span, None);
        }
        self.cut(first, last, span, Some(context))
    }

    /// Where the line in which a span starts begins and ends.
    fn bounds(&self, span: Span) -> (usize, usize) {
        let row = self.row(span.start);
        let end = self
            .line_starts
            .get(row)
            .map_or(self.text.len(), |next| next - 1);
        (self.line_starts[row - 1], end)
    }

    /// The text from `start` to `end`, cut around the span where it is very long.
    fn cut(&self, start: usize, end: usize, span: Span, context: Option<Span>) -> Excerpt<'_> {
        // A span can only be beyond the text when it is of another one: draw at the end.
        let at = floor(&self.text, span.start.clamp(start, end));
        let before = if context.is_some() {
            EXCERPT_MAX
        } else {
            EXCERPT_BEFORE
        };
        let cut_start = floor(&self.text, at.saturating_sub(before).max(start));
        let cut_end = floor(&self.text, (cut_start + EXCERPT_MAX).min(end));
        let text = self.text[cut_start..cut_end].trim_end_matches('\r');
        let within = |span: Span| {
            let first = floor(&self.text, span.start.clamp(cut_start, cut_end));
            let last = floor(&self.text, span.end.clamp(first, cut_end.max(first)));
            (first - cut_start).min(text.len())..(last - cut_start).min(text.len())
        };
        let line = self.line(cut_start);
        Excerpt {
            line,
            text: without_c1(text),
            primary: within(span),
            context: context.map(within),
        }
    }
}

/// How much of a line is shown before the place that matters, in octets.
const EXCERPT_BEFORE: usize = 200;
/// How much of the file is shown at all, in octets.
const EXCERPT_MAX: usize = 600;

/// A part of the file, with what is marked in it.
struct Excerpt<'a> {
    /// The number of its first line.
    line: usize,
    text: Cow<'a, str>,
    primary: Range<usize>,
    context: Option<Range<usize>>,
}

/// An excerpt without the control characters that the renderer leaves alone: those of two octets
/// (C1, U+0080 to U+009F), which some terminals obey. Each gives way to another character of two
/// octets, so that offsets stay.
fn without_c1(text: &str) -> Cow<'_, str> {
    let is_c1 = |c| ('\u{80}'..='\u{9f}').contains(&c);
    if text.contains(is_c1) {
        Cow::Owned(text.replace(is_c1, "\u{bf}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// The last character boundary at or before `offset`.
fn floor(text: &str, offset: usize) -> usize {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}

/// Text with its control characters made visible, so that a file cannot drive the terminal.
pub(crate) fn clean(text: &str) -> Cow<'_, str> {
    if !text.contains(char::is_control) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(
        text.chars()
            .fold(String::with_capacity(text.len()), |mut out, c| {
                if c.is_control() {
                    out.extend(c.escape_default());
                } else {
                    out.push(c);
                }
                out
            }),
    )
}

/// Text for a terminal, with the control characters made visible that are neither ends of lines nor
/// the colours that this program writes. What came from files was cleaned before it became part of
/// the text; this is for what nobody has thought of.
pub(crate) fn shown(text: &str) -> Cow<'_, str> {
    let is_odd = |c: char| c.is_control() && c != '\n';
    if !text.contains(is_odd) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(is_odd) {
        let (before, behind) = rest.split_at(at);
        out.push_str(before);
        let length = colour(behind);
        if length > 0 {
            out.push_str(&behind[..length]);
            rest = &behind[length..];
            continue;
        }
        let mut characters = behind.chars();
        match characters.next() {
            Some('\t') => out.push('\t'),
            Some(odd) => out.extend(odd.escape_default()),
            None => {}
        }
        rest = characters.as_str();
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// How long the sequence is with which a text begins, if it selects colours (ECMA-48 section
/// 8.3.117, SGR) and nothing else.
fn colour(text: &str) -> usize {
    let Some(parameters) = text.strip_prefix("\u{1b}[") else {
        return 0;
    };
    let end = parameters.find(|c: char| !c.is_ascii_digit() && c != ';');
    match end {
        Some(end) if parameters[end..].starts_with('m') => "\u{1b}[".len() + end + 1,
        Some(_) | None => 0,
    }
}

/// A file that cannot be used, with everything that is wrong with it.
///
/// Displayed, it is every diagnostic in plain text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invalid {
    /// The file.
    pub source: Source,
    /// What is wrong with it, in the order of the file. Never empty.
    pub diagnostics: Vec<Diagnostic>,
}

impl Invalid {
    /// Every diagnostic as a person reads it, with an empty line between two of them.
    pub fn render(&self, colour: Colour) -> String {
        let parts: Vec<String> = self
            .diagnostics
            .iter()
            .map(|it| self.source.render(it, colour))
            .collect();
        parts.join("\n")
    }
}

impl std::fmt::Display for Invalid {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.render(Colour::Plain))
    }
}

impl std::error::Error for Invalid {}

#[cfg(test)]
mod tests {
    use super::*;

    fn source() -> Source {
        Source::new(
            "scenarios/a.toml",
            "seed = 1\n\t0 s > c: R. 1:1(0)\r\nü = \"\u{1b}[31m\u{9b}31m\"\n",
        )
    }

    #[test]
    fn places_count_characters_from_one() {
        let source = source();
        let text = source.text().to_owned();
        for (needle, line, column) in [
            ("seed", 1, 1),
            ("1\n", 1, 8),
            ("0 s", 2, 2),
            ("ü", 3, 1),
            ("= \"", 3, 3),
        ] {
            let offset = text.find(needle).unwrap();
            assert_eq!(source.place(offset), Place { line, column }, "{needle}");
        }
        // The end of the text is a place too: it is where something is missing.
        assert_eq!(source.place(text.len()), Place { line: 4, column: 1 });
    }

    #[test]
    fn a_failed_expectation_shows_its_line_and_what_was_sent() {
        let source = source();
        let diagnostic = Diagnostic::new(Span::new(10..11), "expected segment never came")
            .label("within 0.000 s of 0.120")
            .note("sent instead", "0.120 s > c: . 1:1(0) ack 1001 win 3000")
            .note("replay", "hangup run scenarios/a.toml --seed 0");
        insta::assert_snapshot!(source.render(&diagnostic, Colour::Plain), @r"
        scenarios/a.toml:2:2: expected segment never came
          |
        2 |     0 s > c: R. 1:1(0)
          |     ^ within 0.000 s of 0.120
          |
          = sent instead: 0.120 s > c: . 1:1(0) ack 1001 win 3000
          = replay: hangup run scenarios/a.toml --seed 0
        ");
    }

    #[test]
    fn two_places_are_shown_in_the_order_of_the_file() {
        let source = source();
        let diagnostic = Diagnostic::new(Span::new(15..16), "unknown host `c`")
            .label("no such host")
            .context(Span::new(0..4), "because of this");
        insta::assert_snapshot!(source.render(&diagnostic, Colour::Plain), @r"
        scenarios/a.toml:2:7: unknown host `c`
          |
        1 | seed = 1
          | ---- because of this
        2 |     0 s > c: R. 1:1(0)
          |          ^ no such host
        ");
        let same_line = Diagnostic::new(Span::new(15..16), "unknown host `c`")
            .context(Span::new(12..13), "because of this");
        insta::assert_snapshot!(source.render(&same_line, Colour::Plain), @r"
        scenarios/a.toml:2:7: unknown host `c`
          |
        2 |     0 s > c: R. 1:1(0)
          |       -  ^
          |       |
          |       because of this
        ");
    }

    #[test]
    fn control_characters_do_not_reach_the_terminal() {
        let source = source();
        for (place, length) in [("\u{1b}", 1), ("\u{9b}", 2)] {
            let at = source.text().find(place).unwrap();
            let span = Span::new(at..at + length);
            let diagnostic = Diagnostic::new(span, "bad \u{1b}[31m text").help("a\u{7}b\u{9b}");
            let shown = source.render(&diagnostic.label("c\u{9b}31m"), Colour::Plain);
            assert!(
                !shown.contains(|c: char| c.is_control() && c != '\n'),
                "{shown:?}"
            );
        }
    }

    #[test]
    fn a_line_of_a_megabyte_is_cut() {
        let text = "ä".repeat(1 << 19);
        let source = Source::new("long", text);
        for start in [0, 2, 1 << 19, (1 << 20) - 2, 1 << 20] {
            let shown = source.render(&Diagnostic::new(Span::at(start), "here"), Colour::Plain);
            assert!(shown.len() < 2000, "{start}: {} octets", shown.len());
            assert!(shown.contains('^'), "{start}: no caret");
        }
    }

    #[test]
    fn any_span_can_be_drawn() {
        let source = source();
        for start in 0..source.text().len() + 3 {
            for end in 0..source.text().len() + 3 {
                let diagnostic = Diagnostic::new(Span { start, end }, "here").context(
                    Span {
                        start: end,
                        end: start,
                    },
                    "and here",
                );
                assert!(source.render(&diagnostic, Colour::Ansi).contains("here"));
            }
        }
    }
}
