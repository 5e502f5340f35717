//! Calls: `...0.2 connect(3, ..., ...) = 0`, `write(4, ..., 1000) = -1 EPIPE (Broken pipe)`.

use super::{Parser, WrittenCall};
use crate::diagnostic::{Diagnostic, Spanned};
use crate::packetdrill::lexer::Token;
use crate::packetdrill::limits::{ARGUMENTS_MAX, DEPTH_MAX};
use crate::scenario::script::{Argument, ExpectedResult, TimeSpec};

impl Parser<'_> {
    /// What follows the time of a call.
    pub(super) fn call(
        &mut self,
        begins: &Spanned<TimeSpec>,
    ) -> Result<WrittenCall, Box<Diagnostic>> {
        let mut returns = None;
        if self.peek() == Some(&Token::Ellipsis) {
            let start = self.span();
            self.at += 1;
            let ends = self.time()?;
            let span = self.since(start);
            let first = match begins.value {
                TimeSpec::Absolute(at) | TimeSpec::Relative(at) => at,
                TimeSpec::Any
                | TimeSpec::AbsoluteRange { .. }
                | TimeSpec::RelativeRange { .. }
                | TimeSpec::Following { .. } => ends,
            };
            if ends < first {
                return Err(Box::new(Diagnostic::new(
                    span,
                    "the call returns before it is made",
                )));
            }
            returns = Some(Spanned::new(ends, span));
        }
        let name = self.word("the name of a call")?;
        self.sign('(')?;
        let arguments = self.expressions(')', 0)?;
        self.sign('=')?;
        let result = self.result()?;
        let mut error = None;
        if let Some(Token::Word(_)) = self.peek() {
            error = Some(self.word("an error")?);
        }
        self.note()?;
        Ok(WrittenCall {
            returns,
            name,
            arguments,
            result,
            error,
        })
    }

    /// Texts for people in brackets: `(Broken pipe)`.
    fn note(&mut self) -> Result<(), Box<Diagnostic>> {
        if !self.take_sign('(') {
            return Ok(());
        }
        while !self.take_sign(')') {
            match self.peek() {
                Some(Token::Word(_) | Token::Sign('.' | '|' | '-' | ',' | '/' | '\'')) => {
                    self.at += 1;
                }
                _ => return Err(self.unexpected("`)` behind the note")),
            }
        }
        Ok(())
    }

    /// What a call returns.
    fn result(&mut self) -> Result<Spanned<ExpectedResult>, Box<Diagnostic>> {
        let start = self.span();
        let mut words = Vec::new();
        let result = if self.peek() == Some(&Token::Ellipsis) {
            self.at += 1;
            ExpectedResult::Any
        } else if let Some(number) = self.integer()? {
            ExpectedResult::Integer(number)
        } else if let Some(Token::Text(_) | Token::Sign('[' | '{')) = self.peek() {
            self.primary(0)?;
            self.refuse(
                self.since(start),
                "a result that is no number is not played",
            );
            ExpectedResult::Any
        } else {
            loop {
                words.push(self.word("what the call returns")?.value);
                if !self.take_sign('|') {
                    break;
                }
            }
            match words.as_slice() {
                [word] => ExpectedResult::Word(word.clone()),
                _ => ExpectedResult::Flags(words),
            }
        };
        Ok(Spanned::new(result, self.since(start)))
    }

    /// Expressions up to a closing sign, which is taken too.
    fn expressions(
        &mut self,
        close: char,
        depth: usize,
    ) -> Result<Vec<Spanned<Argument>>, Box<Diagnostic>> {
        let mut list = Vec::new();
        if self.take_sign(close) {
            return Ok(list);
        }
        loop {
            if list.len() == ARGUMENTS_MAX {
                let message = format!("there are at most {ARGUMENTS_MAX} arguments or entries");
                return Err(Box::new(Diagnostic::new(self.span(), message)));
            }
            let start = self.span();
            let (name, value) = self.entry(depth)?;
            let value = match name {
                // `A = B` that stands alone is a structure of one field.
                Some(_) => Argument::Struct(vec![(name, value)]),
                None => value,
            };
            list.push(Spanned::new(value, self.since(start)));
            if self.take_sign(close) {
                return Ok(list);
            }
            self.sign(',')?;
        }
    }

    /// `{...}`, behind its brace.
    fn fields(&mut self, depth: usize) -> Result<Argument, Box<Diagnostic>> {
        let mut fields = Vec::new();
        loop {
            if fields.len() == ARGUMENTS_MAX {
                let message = format!("there are at most {ARGUMENTS_MAX} arguments or entries");
                return Err(Box::new(Diagnostic::new(self.span(), message)));
            }
            fields.push(self.entry(depth)?);
            if self.take_sign('}') {
                return Ok(Argument::Struct(fields));
            }
            self.sign(',')?;
        }
    }

    /// `VALUE`, `NAME=VALUE` or `NAME(...)=VALUE`.
    fn entry(&mut self, depth: usize) -> Result<(Option<String>, Argument), Box<Diagnostic>> {
        if let Some(Token::Word(word)) = self.peek() {
            let word = word.clone().into_owned();
            if self.peek_at(1) == Some(&Token::Sign('=')) {
                self.at += 2;
                return Ok((Some(word), self.expression(depth)?));
            }
            if self.peek_at(1) == Some(&Token::Sign('(')) {
                let start = self.span();
                self.at += 2;
                let inner = self.expressions(')', self.deeper(depth)?)?;
                if self.take_sign('=') {
                    return Ok((Some(word), self.expression(depth)?));
                }
                let span = self.since(start);
                return Ok((None, self.applied(&word, inner, span)));
            }
        }
        Ok((None, self.expression(depth)?))
    }

    /// `htons(80)`, `inet_addr("192.0.2.1")`: the value itself.
    fn applied(
        &mut self,
        name: &str,
        mut inner: Vec<Spanned<Argument>>,
        span: crate::diagnostic::Span,
    ) -> Argument {
        let known = ["htons", "htonl", "inet_addr", "inet6_addr"].contains(&name);
        match inner.pop() {
            Some(only) if known && inner.is_empty() => only.value,
            Some(_) | None => {
                self.refuse(span, format!("{name}(...) as an argument is not played"));
                Argument::Ellipsis
            }
        }
    }

    fn deeper(&self, depth: usize) -> Result<usize, Box<Diagnostic>> {
        if depth < DEPTH_MAX {
            return Ok(depth + 1);
        }
        let message = format!("arguments stand at most {DEPTH_MAX} deep in each other");
        Err(Box::new(Diagnostic::new(self.span(), message)))
    }

    /// One expression, perhaps of several joined by `|`.
    fn expression(&mut self, depth: usize) -> Result<Argument, Box<Diagnostic>> {
        let first = self.primary(depth)?;
        if !self.is_sign('|') {
            return Ok(first);
        }
        let mut flags = vec![first];
        while self.take_sign('|') {
            if flags.len() == ARGUMENTS_MAX {
                let message = format!("there are at most {ARGUMENTS_MAX} flags");
                return Err(Box::new(Diagnostic::new(self.span(), message)));
            }
            flags.push(self.primary(depth)?);
        }
        Ok(Argument::Flags(flags))
    }

    fn primary(&mut self, depth: usize) -> Result<Argument, Box<Diagnostic>> {
        if let Some(number) = self.integer()? {
            return Ok(Argument::Integer(number));
        }
        let span = self.span();
        match self.peek() {
            Some(Token::Ellipsis) => {
                self.at += 1;
                Ok(Argument::Ellipsis)
            }
            Some(Token::Text(_)) => Ok(self.text()),
            Some(Token::Word(word)) => {
                let word = word.clone().into_owned();
                self.at += 1;
                if !self.take_sign('(') {
                    return Ok(Argument::Word(word));
                }
                let inner = self.expressions(')', self.deeper(depth)?)?;
                Ok(self.applied(&word, inner, self.since(span)))
            }
            Some(Token::Sign('[')) => {
                self.at += 1;
                let list = self.expressions(']', self.deeper(depth)?)?;
                Ok(Argument::List(
                    list.into_iter().map(|it| it.value).collect(),
                ))
            }
            Some(Token::Sign('{')) => {
                self.at += 1;
                self.fields(self.deeper(depth)?)
            }
            _ => Err(self.unexpected("an argument")),
        }
    }

    /// Texts one behind the other, and perhaps `...`, which says that more may follow.
    fn text(&mut self) -> Argument {
        let mut text = String::new();
        while let Some(Token::Text(part)) = self.peek() {
            text.push_str(part);
            self.at += 1;
        }
        if self.peek() == Some(&Token::Ellipsis) {
            self.at += 1;
        }
        Argument::Text(text)
    }
}
