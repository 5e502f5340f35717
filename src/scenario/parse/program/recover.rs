//! Where reading goes on behind an error.
//!
//! What is wrong is a part or a step; behind it stands the end of its line, or a block. A block is
//! read all the same, for the errors in it.

use winnow::error::ErrMode;
use winnow::stream::Stream;

use super::{Reader, else_follows, or_follows};
use crate::language::input::{Fault, Input, Parse, go_to};
use crate::scenario::limits::DIAGNOSTICS_MAX;

impl Reader<'_> {
    /// Notes an error of the step or part that begins at `start`, and goes behind it.
    ///
    /// # Errors
    /// The same error, where nothing that follows can be read; another one, of a block behind it.
    pub(super) fn go_on_behind(
        &mut self,
        fault: ErrMode<Fault>,
        input: &mut Input<'_>,
        start: usize,
        depth: usize,
    ) -> Parse<()> {
        let fault = Fault::from(fault);
        if fault.ends_text || self.faults.len() >= DIAGNOSTICS_MAX {
            return Err(ErrMode::Cut(fault.ending_text()));
        }
        let diagnostic = fault.into_diagnostic();
        // What was read of it was right up to there.
        let at = diagnostic.span.map_or(start, |it| it.start);
        self.faults.push(*diagnostic);
        go_to(input, at.max(start));
        loop {
            skip_line(input);
            if !input.starts_with('{') {
                break;
            }
            self.block(input, depth + 1)?;
            if else_follows(input)? {
                self.otherwise(input, depth + 1)?;
            }
            let _or = or_follows(input)?;
        }
        Ok(())
    }
}

/// Goes to the next block or behind the next end of a step, whichever comes first; an end of the
/// block around it stays.
fn skip_line(input: &mut Input<'_>) {
    let mut in_text = false;
    let mut open = 0_u32;
    while let Some(next) = input.chars().next() {
        match next {
            '\\' if in_text => {
                input.next_slice(1);
            }
            '"' => in_text = !in_text,
            _ if in_text && next != '\n' => {}
            '/' if input.starts_with("//") => {
                let length = input.find('\n').unwrap_or(input.len());
                input.next_slice(length);
                continue;
            }
            '(' | '[' => open += 1,
            ')' | ']' => open = open.saturating_sub(1),
            '{' => return,
            '}' => return,
            '\n' if open > 0 && !in_text => {}
            '\n' | ';' => {
                input.next_slice(1);
                return;
            }
            _ => {}
        }
        let length = input.chars().next().map_or(0, char::len_utf8);
        input.next_slice(length);
    }
}
