//! Finished rows, read back from the file of an earlier sweep: a sweep that was interrupted need
//! not run them again, and the files of several machines become one.

use std::collections::BTreeMap;

use super::axis::Axis;
use super::output::{CHECK, RowFormat};
use super::plan::Plan;
use super::row::{Row, columns};

/// The longest line of such a file, in octets.
const LINE_OCTETS_MOST: usize = 16 * 1024;

/// Finished rows, by their numbers.
#[derive(Debug, Default)]
pub struct Finished {
    rows: BTreeMap<u64, Row>,
}

/// What a file had.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// How many rows.
    pub rows: u64,
    /// How many octets of the file are whole lines; what follows is the beginning of a line whose
    /// writing was interrupted.
    pub octets: u64,
    /// Whether the rows are in order.
    pub ordered: bool,
}

impl Finished {
    /// Takes the rows of a file, which a sweep of this plan wrote, in either format.
    ///
    /// # Errors
    /// The first line that is none of its rows, and what is wrong with it.
    pub fn read(&mut self, text: &str, plan: &Plan) -> Result<Taken, String> {
        let whole = text.rfind('\n').map_or(0, |end| end + 1);
        let format = if text.starts_with('{') {
            RowFormat::Json
        } else {
            RowFormat::Csv
        };
        let mut taken = Taken {
            octets: whole as u64,
            ordered: true,
            ..Taken::default()
        };
        let mut last = None;
        for (index, line) in text[..whole].lines().enumerate() {
            let at = |error: String| format!("line {}: {error}", index + 1);
            if index == 0 && format == RowFormat::Csv {
                if line.to_owned() + "\n" != format.head() {
                    let message = "it is not the head of a table of this version";
                    return Err(at(message.to_owned()));
                }
                continue;
            }
            if line.len() > LINE_OCTETS_MOST {
                return Err(at(format!("it is longer than {LINE_OCTETS_MOST} octets")));
            }
            let row = one(line, format).map_err(at)?;
            belongs(&row, plan).map_err(at)?;
            taken.ordered &= last < Some(row.id);
            taken.rows += 1;
            last = Some(row.id);
            self.rows.insert(row.id, row);
        }
        Ok(taken)
    }

    /// A row, if it is finished.
    pub fn row(&self, id: u64) -> Option<&Row> {
        self.rows.get(&id)
    }

    /// Adds the rows of another file.
    pub fn merge(&mut self, other: Self) {
        self.rows.extend(other.rows);
    }
}

/// A row from its line.
fn one(line: &str, format: RowFormat) -> Result<Row, String> {
    // The last one is the sum over the others.
    let count = columns().count() + 1;
    let mut texts: Vec<String> = match format {
        RowFormat::Csv => line.split(',').map(str::to_owned).collect(),
        RowFormat::Json => {
            let object: BTreeMap<String, serde_json::Value> =
                serde_json::from_str(line).map_err(|error| format!("it is no row: {error}"))?;
            if object.len() != count {
                return Err(format!("it has {} of {count} columns", object.len()));
            }
            let text = |name: &str| match object.get(name) {
                Some(serde_json::Value::String(text)) => Ok(text.clone()),
                Some(serde_json::Value::Number(number)) => Ok(number.to_string()),
                Some(serde_json::Value::Null) => Ok(String::new()),
                Some(
                    serde_json::Value::Bool(_)
                    | serde_json::Value::Array(_)
                    | serde_json::Value::Object(_),
                ) => Err(format!("column `{name}` has no such value")),
                None => Err(format!("it has no column `{name}`")),
            };
            let names = columns().chain([CHECK]);
            names.map(text).collect::<Result<_, _>>()?
        }
    };
    if texts.len() != count {
        return Err(format!("it has {} of {count} columns", texts.len()));
    }
    texts.pop();
    let row = Row::from_texts(&texts)?;
    // What was read is what would have been written, or it was changed by somebody.
    if format.line(&row).trim_end() == line {
        Ok(row)
    } else {
        Err(format!(
            "it is not as a sweep wrote it: `{CHECK}` does not fit to its other columns"
        ))
    }
}

/// Whether the row is one of the plan's.
fn belongs(row: &Row, plan: &Plan) -> Result<(), String> {
    let Some(case) = plan.row(row.id) else {
        return Err(format!("the sweep has no row {}", row.id));
    };
    let other = Axis::all().find(|axis| case.value(*axis) != row.case.value(*axis));
    match other {
        None => Ok(()),
        Some(axis) => Err(format!(
            "row {} is of another sweep: its {} is {}, and here it is {}",
            row.id,
            axis.name(),
            axis.show(row.case.value(axis)),
            axis.show(case.value(axis)),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::Value;
    use crate::bounds::Usual;

    fn plan() -> Plan {
        let mut plan = Plan::default();
        plan.read("[sweep]\nwindow = '1000..4000:x2'\nreceiver = 'wsprecvdisconnect,winsock'")
            .unwrap();
        plan
    }

    fn rows() -> Vec<Row> {
        let mut rows: Vec<_> = plan()
            .rows()
            .map(|(id, case)| Row::run(id, case, &Usual))
            .collect();
        // And one without a measurement.
        rows[1].result = Err(crate::bench::MeasureError::NotConnected);
        rows
    }

    fn written(format: RowFormat, rows: &[Row]) -> String {
        let lines: String = rows.iter().map(|row| format.line(row)).collect();
        format.head() + &lines
    }

    #[test]
    fn rows_read_back_as_they_were_written() {
        let rows = rows();
        for format in [RowFormat::Csv, RowFormat::Json] {
            let text = written(format, &rows);
            let cut = &text[..text.len() - 20];
            let mut finished = Finished::default();
            let taken = finished.read(cut, &plan()).unwrap();
            assert_eq!(
                (taken.rows, taken.ordered),
                (5, true),
                "a cut line is no row"
            );
            assert_eq!(taken.octets as usize, cut.rfind('\n').unwrap() + 1);
            for row in &rows[..5] {
                assert_eq!(finished.row(row.id), Some(row));
            }
            assert_eq!(finished.row(5), None);
        }
    }

    #[test]
    fn damage_has_its_line() {
        let rows = rows();
        let (csv, json) = (
            written(RowFormat::Csv, &rows),
            written(RowFormat::Json, &rows),
        );
        let mut other = rows[0].clone();
        other.case = other.case.with(Axis::Window, Value::Number(7));
        let mut beyond = rows[0].clone();
        beyond.id = 99;
        let damaged = [
            (csv.replacen("id,", "ID,", 1), "line 1: it is not the head"),
            (
                csv.replacen("1000", "1e3", 1),
                "line 2: column `window_octets`",
            ),
            (
                csv.replacen("1000", "01000", 1),
                "line 2: it is not as a sweep wrote it",
            ),
            (csv.replacen("linux,", "", 1), "line 2: it has"),
            (
                csv.replacen("reset-by-peer", "vanished", 1),
                "line 5: column `sender_ending`",
            ),
            (
                written(RowFormat::Csv, &[other]),
                "line 2: row 0 is of another sweep: its window",
            ),
            (
                written(RowFormat::Csv, &[beyond]),
                "line 2: the sweep has no row 99",
            ),
            (json.replacen('}', "", 1), "line 1: it is no row"),
            (
                json.replacen("\"id\"", "\"no\"", 1),
                "line 1: it has no column `id`",
            ),
            ("garbage\n".to_owned(), "line 1: it is not the head"),
        ];
        for (text, expected) in damaged {
            let error = Finished::default().read(&text, &plan()).unwrap_err();
            assert!(error.starts_with(expected), "{expected}: {error}");
        }
    }
}
