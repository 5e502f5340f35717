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
                format!("{},{CHECK}\n", names.join(","))
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
        let check = check(&line);
        match self {
            Self::Csv => format!("{line},{check}\n"),
            Self::Json => format!("{{{line},\"{CHECK}\":\"{check}\"}}\n"),
        }
    }
}

/// The last column: a sum over the ones before.
pub(super) const CHECK: &str = "check";

/// The sum over the columns of a row, as they stand in its line. It tells a row that was changed by
/// accident or by hand, and is no defence against somebody who makes another one (FNV-1a, 32 bits,
/// draft-eastlake-fnv).
fn check(line: &str) -> String {
    const BASIS: u32 = 0x811c_9dc5;
    const PRIME: u32 = 0x0100_0193;
    let sum = |sum: u32, octet: u8| (sum ^ u32::from(octet)).wrapping_mul(PRIME);
    format!("{:08x}", line.bytes().fold(BASIS, sum))
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
