//! What must hold for any text as a file of finished rows. A fuzz target calls it too.

use hangup::bench::{Finished, Plan, RowFormat, Writer};

/// A file is refused, or each of its rows is one that a sweep would write again as it stands there.
pub(crate) fn check(octets: &[u8]) {
    let text = String::from_utf8_lossy(octets);
    let plan = Plan::default_sweep();
    let mut finished = Finished::default();
    let taken = match finished.read(&text, &plan) {
        Ok(taken) => taken,
        Err(error) => {
            assert!(!error.is_empty());
            return;
        }
    };
    let whole = &text[..taken.octets as usize];
    assert!(whole.is_empty() || whole.ends_with('\n'));
    let format = match whole.starts_with('{') {
        true => RowFormat::Json,
        false => RowFormat::Csv,
    };
    // A row that stands there twice is one row, so that rows are compared and not the whole file.
    for id in (0..plan.product().unwrap_or(0)).filter(|id| finished.row(*id).is_some()) {
        let mut out = Vec::new();
        let row = finished.row(id).cloned().into_iter().collect::<Vec<_>>();
        let mut writer = Writer::new(&mut out, format, false).expect("memory takes all");
        writer.write(&row).expect("memory takes all");
        let line = String::from_utf8(out).expect("rows are text");
        assert!(whole.lines().any(|it| it == line.trim_end()), "{line}");
    }
}
