//! A row of a sweep: a case, its number, and its results, as columns.

use super::axis::Axis;
use super::case::Case;
use super::column::{Cell, RESULTS};
use super::measure::{MeasureError, measure};
use super::measurement::{Agreement, Measurement};
use super::value::Value;
use crate::bounds::Bounds;

/// One row of a sweep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its number: the place in the whole product.
    pub id: u64,
    /// What was run.
    pub case: Case,
    /// What came of it.
    pub result: Result<Measurement, MeasureError>,
}

/// The first column, and the last: why there is nothing to measure.
const ID: &str = "id";
const ERROR: &str = "error";

/// The names of all columns.
pub(super) fn columns() -> impl Iterator<Item = &'static str> {
    let axes = Axis::all().map(Axis::column);
    let results = RESULTS.iter().map(|it| it.name);
    [ID].into_iter().chain(axes).chain(results).chain([ERROR])
}

impl Row {
    /// Runs a case.
    pub fn run(id: u64, case: Case, bounds: &dyn Bounds) -> Self {
        let result = measure(&case, bounds);
        Self { id, case, result }
    }

    /// How what was measured compares with what the model predicts; none where nothing was
    /// measured.
    pub fn agreement(&self) -> Option<Agreement> {
        let measurement = self.result.as_ref().ok()?;
        Some(measurement.predicted.compare(measurement))
    }

    /// A row from what stands in its columns, as texts.
    ///
    /// # Errors
    /// The column that holds no value of its own.
    pub(super) fn from_texts(texts: &[String]) -> Result<Self, String> {
        /// What a text is, unless it is no value of its column.
        fn taken<T>(name: &str, text: &str, value: Option<T>) -> Result<T, String> {
            value.ok_or_else(|| format!("column `{name}` has no value `{}`", short(text)))
        }
        let mut texts = texts.iter().map(String::as_str);
        let mut next = || texts.next().ok_or("columns are missing");
        let text = next()?;
        let id = taken(ID, text, text.parse().ok())?;
        let mut case = Case::default();
        for axis in Axis::all() {
            let text = next()?;
            let value = taken(axis.column(), text, axis.read_back(text))?;
            case = case.with(axis, value);
        }
        let results: Vec<&str> = RESULTS.iter().map(|_| next()).collect::<Result<_, _>>()?;
        let error = next()?;
        let columns = RESULTS.iter().zip(results);
        let result = if error.is_empty() {
            let mut measurement = Measurement::default();
            for (column, text) in columns {
                taken(column.name, text, column.take(&mut measurement, text))?;
            }
            Ok(measurement)
        } else {
            for (column, text) in columns {
                taken(column.name, text, text.is_empty().then_some(()))?;
            }
            let mut errors = MeasureError::ALL.into_iter();
            Err(taken(ERROR, error, errors.find(|it| it.name() == error))?)
        };
        Ok(Self { id, case, result })
    }

    /// What stands in each column.
    pub fn cells(&self) -> Vec<Cell> {
        let axes = Axis::all().map(|axis| match self.case.value(axis) {
            Value::Number(number) => Cell::Number(number),
            Value::Word(word) => Cell::Word(word),
        });
        let mut cells: Vec<_> = [Cell::Number(self.id)].into_iter().chain(axes).collect();
        let result = self.result.as_ref();
        cells.extend(RESULTS.iter().map(|column| match result {
            Ok(measurement) => column.cell(measurement),
            Err(_) => Cell::Empty,
        }));
        cells.push(result.map_or_else(|it| Cell::Word(it.name()), |_| Cell::Empty));
        cells
    }
}

/// The start of a text that may be long.
fn short(text: &str) -> String {
    text.chars().take(24).collect()
}
