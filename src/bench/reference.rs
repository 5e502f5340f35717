//! The tables of docs/exhaustion.md, printed from the definitions of the axes and columns.

use super::axis::Axis;
use super::column::RESULTS;

/// Each table of the document, by the name that its place there has.
pub fn reference() -> Vec<(&'static str, String)> {
    let axis = |axis: Axis| {
        let (name, column, about) = (axis.name(), axis.column(), axis.about());
        let default = axis.show(axis.default_value());
        let default = axis.default_text().unwrap_or(&default);
        format!("| `{name}` | `{column}` | {about} | `{default}` |\n")
    };
    let axes: String = Axis::all().map(axis).collect();
    let columns = RESULTS.iter();
    let columns: String = columns
        .map(|it| format!("| `{}` | {} |\n", it.name, it.about))
        .collect();
    vec![
        (
            "axes of the benchmark",
            format!("| axis | column | what it is | default |\n|---|---|---|---|\n{axes}"),
        ),
        (
            "columns of the benchmark",
            format!("| column | what it says |\n|---|---|\n{columns}"),
        ),
    ]
}
