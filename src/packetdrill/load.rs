//! Loading a script: its file, its symbols, its grammar, and what it is lowered to.

use std::path::Path;

use super::script::Script;
use super::settings::PlayOptions;
use super::{conditional, lexer, limits, lower, parse};
use crate::diagnostic::{Diagnostic, Invalid, Source};
use crate::scenario::LoadError;

impl Script {
    /// Reads a script.
    ///
    /// # Errors
    /// The file cannot be read, or is no script.
    pub fn load(path: &Path, options: &PlayOptions) -> Result<Self, LoadError> {
        let bytes = crate::scenario::read_file(path)?;
        Self::parse(path, bytes, options).map_err(LoadError::Invalid)
    }

    /// Reads a script from the octets of a file. The path is only shown.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(path: &Path, bytes: Vec<u8>, options: &PlayOptions) -> Result<Self, Box<Invalid>> {
        if bytes.len() > limits::FILE_MAX {
            let message = format!("a script has at most {} KiB", limits::FILE_MAX >> 10);
            return Err(Box::new(Invalid {
                source: Source::new(path, String::new()),
                diagnostics: vec![Diagnostic::of_file(message)],
            }));
        }
        // Comments of old scripts are not always UTF-8, and nothing else may be.
        let text = match String::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
        };
        // Editors put a mark before the text, which is none of it.
        let text = match text.strip_prefix('\u{feff}') {
            Some(text) => text.to_owned(),
            None => text,
        };
        let source = Source::new(path, text);
        match read(source.text(), options) {
            Ok(lowered) => Ok(lowered.into_script(source)),
            Err(diagnostic) => Err(Box::new(Invalid {
                source,
                diagnostics: vec![*diagnostic],
            })),
        }
    }
}

fn read(text: &str, options: &PlayOptions) -> Result<lower::Lowered, Box<Diagnostic>> {
    let mut defines = options.symbols();
    let conditioned = conditional::apply(text, &defines)?;
    let tokens = lexer::lex(conditioned.as_deref().unwrap_or(text), &mut defines)?;
    lower::lower(text, parse::parse(tokens)?, options)
}
