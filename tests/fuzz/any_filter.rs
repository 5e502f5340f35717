//! What must hold for any text as a display filter or as an expression that selects scenarios. A
//! fuzz target calls it too.

use hangup::diagnostic::{Colour, Source};
use hangup::filter::Filter;
use hangup::scenario::{Selection, Setting};

/// A text can be read, or there is something to say about it, with a place in it.
pub(crate) fn check(octets: &[u8]) {
    let text = String::from_utf8_lossy(octets);
    if let Err(error) = Filter::parse(&text) {
        assert!(error.range.start <= error.range.end && error.range.end <= text.len());
        let source = Source::new("filter", text.as_ref());
        let said = source.render(&error.diagnostic(0), Colour::Plain);
        assert!(said.starts_with("filter:"), "{said}");
    }
    match Selection::parse(&text) {
        Ok(selection) => {
            let _ = selection.selects(&text, None);
        }
        Err(diagnostic) => assert!(!diagnostic.message.is_empty()),
    }
    if let Ok(setting) = text.parse::<Setting>() {
        assert_eq!(setting.text(), text);
    }
}
