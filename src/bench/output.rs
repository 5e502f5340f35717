//! Rows as files: CSV and JSON lines.

use std::fmt::Write as _;
use std::io::{self, Write};

use super::column::Cell;
use super::row::{Row, columns};

/// How rows are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowFormat {
    /// A line of names, and a line a row (RFC 4180, with line feeds alone).
    Csv,
    /// An object a line.
    Json,
}

impl RowFormat {
    /// What stands before the first row.
    pub fn head(self) -> String {
        match self {
            Self::Csv => {
                let names: Vec<_> = columns().collect();
                names.join(",") + "\n"
            }
            Self::Json => String::new(),
        }
    }

    /// A row, with the end of its line.
    pub fn line(self, row: &Row) -> String {
        let mut line = String::new();
        for (index, (name, cell)) in columns().zip(row.cells()).enumerate() {
            let separator = if index == 0 { "" } else { "," };
            // Writing to a string cannot fail.
            let _ = match (self, cell) {
                (Self::Csv, Cell::Number(number)) => write!(line, "{separator}{number}"),
                (Self::Csv, Cell::Word(word)) => write!(line, "{separator}{word}"),
                (Self::Csv, Cell::Empty) => write!(line, "{separator}"),
                (Self::Json, Cell::Number(number)) => {
                    write!(line, "{separator}\"{name}\":{number}")
                }
                (Self::Json, Cell::Word(word)) => write!(line, "{separator}\"{name}\":\"{word}\""),
                (Self::Json, Cell::Empty) => write!(line, "{separator}\"{name}\":null"),
            };
        }
        match self {
            Self::Csv => line + "\n",
            Self::Json => format!("{{{line}}}\n"),
        }
    }
}

/// Writes rows as they come.
#[derive(Debug)]
pub struct Writer<W> {
    out: W,
    format: RowFormat,
}

impl<W: Write> Writer<W> {
    /// A file that begins here, or goes on behind rows that it has.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn new(mut out: W, format: RowFormat, begins: bool) -> io::Result<Self> {
        if begins {
            out.write_all(format.head().as_bytes())?;
        }
        Ok(Self { out, format })
    }

    /// Writes rows and flushes: what has been written stays, whatever happens next.
    ///
    /// # Errors
    /// They cannot be written.
    pub fn write(&mut self, rows: &[Row]) -> io::Result<()> {
        let mut text = String::new();
        for row in rows {
            text.push_str(&self.format.line(row));
        }
        self.out.write_all(text.as_bytes())?;
        self.out.flush()
    }
}
