//! What is said about bad programs.

use std::path::Path;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::diagnostic::Source;

/// A program with a mistake in nearly every line.
const BAD: &str = r#"listen 80 {
  read until \r\n
  sleep 5s
  clos
  wait 5
  read util "x"
  when connection = 2 {
    raed 5
  } else when connection 3 { stop }
  else { wate 2s }
  read until "a" or 5q { clos } or end { close }
  send "a text { that is never closed
  setsockopt(connection, SOL_SOCKET,
    SO_LINGER, oops oops)
  repeat { }
  repeat { wait 1ms }
  read 5 read 6
}
lisen 81 {
  sned 5
}
}
connect server:80 { send 5MB }
listen 82 {
"#;

fn faults(text: &str) -> Vec<Diagnostic> {
    let source = Source::new("", text.to_owned());
    let span = Span::new(0..text.len());
    let host = Spanned::new("server".to_owned(), Span::at(0));
    program(&source, span, &host, &Folder::of(Path::new("."))).1
}

#[test]
fn all_errors_of_a_program_are_found() {
    let shown: Vec<String> = faults(BAD)
        .iter()
        .map(|fault| {
            let at = fault.span.map_or(0, |span| span.start);
            let line = BAD[..at].matches('\n').count() + 1;
            format!("{line}: {}", fault.message)
        })
        .collect();
    insta::assert_snapshot!(shown.join("\n"));
}

proptest! {
    /// Whatever is wrong, reading goes on behind it and comes to an end.
    #[test]
    fn every_text_is_read_to_its_end(words in vec(select(WORDS.to_vec()), 0..60)) {
        faults(&words.concat());
    }
}

const WORDS: [&str; 26] = [
    "listen",
    "connect",
    " ",
    "\n",
    "80",
    "{",
    "}",
    "read",
    "until",
    "\"a\"",
    "\"",
    "or",
    "5s",
    "else",
    "when",
    "connection",
    "repeat",
    "wait",
    ";",
    "(",
    ")",
    "//",
    "/*",
    "*/",
    "=",
    "close",
];
