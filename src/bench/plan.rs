//! The plan of a sweep: values for axes, their product in a fixed order, and the filters, sample
//! and shard that choose its rows.

use std::fmt;

use toml::Spanned as TomlSpanned;
use toml::de::{DeTable, DeValue};

use super::axis::Axis;
use super::case::Case;
use super::filter::RowFilter;
use super::value::Value;
use crate::diagnostic::{Diagnostic, Span, Spanned};
use crate::language::names::{nearest, quote};
use crate::scenario::limits::DIAGNOSTICS_MAX;

/// The rows that a product may have without being confirmed.
pub const ROWS_MOST: u64 = 10_000_000;

/// The longest plan file, in octets.
pub const PLAN_OCTETS_MOST: usize = 1 << 20;

/// A part of a sweep that one machine of several runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    /// Which part, from 1.
    pub part: u64,
    /// Of how many.
    pub parts: u64,
}

impl Shard {
    /// Reads `3/8`.
    ///
    /// # Errors
    /// What is wrong with it, as a sentence.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wanted = || format!("`{text}` is no part: write I/N, from 1/N to N/N");
        let (part, parts) = text.split_once('/').ok_or_else(wanted)?;
        let number = |text: &str| text.parse::<u64>().map_err(|_| wanted());
        let (part, parts) = (number(part)?, number(parts)?);
        if (1..=parts).contains(&part) {
            Ok(Self { part, parts })
        } else {
            Err(wanted())
        }
    }

    /// Whether a row belongs to it.
    fn has(self, id: u64) -> bool {
        id % self.parts == self.part - 1
    }
}

/// Everything that is wrong with a plan file, in its order. Never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanError(pub Vec<Diagnostic>, usize);

impl PlanError {
    fn new(text: &str, mut diagnostics: Vec<Diagnostic>) -> Self {
        diagnostics.sort_by_key(|it| it.span);
        let first = diagnostics.first().and_then(|it| it.span);
        let before = first.and_then(|it| text.get(..it.start));
        Self(diagnostics, before.unwrap_or("").matches('\n').count() + 1)
    }
}

impl fmt::Display for PlanError {
    /// The first of it, with its line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.first() {
            Some(first) if first.span.is_some() => {
                write!(f, "line {}: {}", self.1, first.sentence())
            }
            first => f.write_str(&first.map(Diagnostic::sentence).unwrap_or_default()),
        }
    }
}

impl std::error::Error for PlanError {}

/// A sweep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The values of each axis that were asked for; empty: none were.
    values: Vec<Vec<Value>>,
    filters: Vec<RowFilter>,
    sample: Option<u64>,
    shard: Option<Shard>,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            values: vec![Vec::new(); Axis::COUNT],
            filters: Vec::new(),
            sample: None,
            shard: None,
        }
    }
}

/// The sweep where nothing is said: every sender against receivers of each kind, with what decides
/// how much is pushed: the window, its warmth, SACK, and whether held data is answered.
const DEFAULT_SWEEP: &str = "\
[sweep]
sender = 'linux,windows,freebsd,macos,illumos,gvisor,netstack3,lwip,smoltcp'
receiver = 'wsprecvdisconnect,winsock,linux,freebsd,illumos'
acknowledge = 'profile,duplicate'
sack = 'profile,off'
warm-up = '0,auto'
window = '4000,16KiB,65535,128KiB'
delay = '100us,10ms'
filter = 'receiver=wsprecvdisconnect or acknowledge=profile'
";

impl Plan {
    /// The sweep where nothing is said.
    ///
    /// # Panics
    /// Never: a test reads it.
    pub fn default_sweep() -> Self {
        let mut plan = Self::default();
        plan.read(DEFAULT_SWEEP)
            .expect("the default sweep is a plan");
        plan
    }

    /// Whether no axis was named.
    pub fn is_empty(&self) -> bool {
        self.values.iter().all(Vec::is_empty)
    }

    /// Sets the values of an axis: a list of values and ranges. They replace what was set before.
    ///
    /// # Errors
    /// What is wrong with them, as a sentence.
    pub fn set(&mut self, axis: Axis, text: &str) -> Result<(), String> {
        self.values[axis as usize] = axis.values(text)?;
        Ok(())
    }

    /// Turns a knob, `KNOB=VALUE`, of every profile of an axis.
    ///
    /// # Errors
    /// What is wrong with it, as a sentence.
    pub fn turn(&mut self, axis: Axis, knob: &str) -> Result<(), String> {
        let values = self.values(axis).into_iter();
        let turned = values.map(|value| format!("{}+{knob}", axis.show(value)));
        let turned: Vec<String> = turned.collect();
        self.set(axis, &turned.join(","))
    }

    /// Adds a filter that rows have to pass.
    ///
    /// # Errors
    /// What is wrong with it, as a sentence.
    pub fn filter(&mut self, text: &str) -> Result<(), String> {
        let filter = RowFilter::parse(text);
        self.add(filter.map_err(|it| format!("filter `{text}`: {}", it.sentence()))?);
        Ok(())
    }

    /// Adds a filter that was read.
    pub fn add(&mut self, filter: RowFilter) {
        self.filters.push(filter);
    }

    /// Takes only so many of the rows, spread over all of them.
    pub fn sample(&mut self, rows: u64) {
        self.sample = Some(rows);
    }

    /// Takes only a part of the rows.
    pub fn shard(&mut self, shard: Shard) {
        self.shard = Some(shard);
    }

    /// Reads the `[sweep]` of a plan file.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn read(&mut self, text: &str) -> Result<(), PlanError> {
        if text.len() > PLAN_OCTETS_MOST {
            let message = format!("the plan is longer than {PLAN_OCTETS_MOST} octets");
            return Err(PlanError::new(text, vec![Diagnostic::of_file(message)]));
        }
        let table = DeTable::parse(text).map_err(|error| {
            let span = error.span().map(Span::new).unwrap_or_default();
            PlanError::new(text, vec![Diagnostic::new(span, error.message())])
        })?;
        let mut faults = Vec::new();
        for (key, value) in table.get_ref() {
            let (name, span) = (quote(key.get_ref()), Span::new(key.span()));
            if let DeValue::Table(sweep) = value.get_ref() {
                if key.get_ref() == "sweep" {
                    faults.extend(self.sweep(sweep));
                } else {
                    let message = format!("[{}] is no part of a plan", key.get_ref());
                    faults.push(Diagnostic::new(span, message).help("[sweep] is"));
                }
            } else {
                let message = format!("{name} is not in a table");
                faults.push(Diagnostic::new(span, message).help("write [sweep]"));
            }
            faults.truncate(DIAGNOSTICS_MAX);
        }
        if faults.is_empty() {
            return Ok(());
        }
        Err(PlanError::new(text, faults))
    }

    /// Reads `[sweep]`, and returns what is wrong with it.
    fn sweep(&mut self, sweep: &DeTable<'_>) -> Vec<Diagnostic> {
        let entries = sweep.iter().filter_map(|(key, value)| {
            let span = Span::new(key.span());
            self.entry(key.get_ref(), span, value).err().map(|it| *it)
        });
        entries.take(DIAGNOSTICS_MAX).collect()
    }

    fn entry(
        &mut self,
        name: &str,
        span: Span,
        value: &TomlSpanned<DeValue<'_>>,
    ) -> Result<(), Box<Diagnostic>> {
        let texts = texts(name, value)?;
        if name == "filter" {
            for Spanned { value: text, span } in &texts {
                let read = self.filter(text);
                read.map_err(|fault| Diagnostic::new(*span, fault))?;
            }
            return Ok(());
        }
        let axis = Axis::named(name).ok_or_else(|| {
            let names: Vec<_> = Axis::all().map(Axis::name).collect();
            let diagnostic = Diagnostic::new(span, format!("no axis is called {}", quote(name)));
            match nearest(name, &names) {
                Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
                None => diagnostic.help(format!("there are {}, and filter", names.join(", "))),
            }
        })?;
        let all: Vec<&str> = texts.iter().map(|it| it.value.as_str()).collect();
        let set = self.set(axis, &all.join(","));
        set.map_err(|fault| {
            // The part of a list that is wrong by itself, or all of it.
            let part = texts.iter().find(|it| axis.values(&it.value).is_err());
            let span = part.map_or(Span::new(value.span()), |it| it.span);
            Box::new(Diagnostic::new(span, fault))
        })
    }

    /// The values of an axis, as they take part in the product.
    fn values(&self, axis: Axis) -> Vec<Value> {
        let values = &self.values[axis as usize];
        if values.is_empty() {
            vec![axis.default_value()]
        } else {
            values.clone()
        }
    }

    /// How many rows the whole product has; none where it has more than can be counted.
    pub fn product(&self) -> Option<u64> {
        Axis::all().try_fold(1_u64, |product, axis| {
            product.checked_mul(self.values(axis).len() as u64)
        })
    }

    /// The rows that are wanted, in the order of their numbers. A number is the place of a row in
    /// the whole product, whatever is filtered out of it.
    pub fn rows(&self) -> Rows<'_> {
        let values: Vec<_> = Axis::all().map(|axis| self.values(axis)).collect();
        let mut rows = Rows {
            plan: self,
            product: self.product().unwrap_or(u64::MAX),
            values,
            next: 0,
            sampled: None,
        };
        if let Some(count) = self.sample {
            rows.sampled = Some(rows.sample(count).into_iter());
        }
        rows
    }

    /// One row of the product, whether it is wanted or not.
    pub fn row(&self, id: u64) -> Option<Case> {
        let product = self.product()?;
        if id >= product {
            return None;
        }
        let values: Vec<_> = Axis::all().map(|axis| self.values(axis)).collect();
        Some(case(&values, id))
    }
}

/// The rows of a plan that are wanted.
#[derive(Debug)]
pub struct Rows<'a> {
    plan: &'a Plan,
    product: u64,
    values: Vec<Vec<Value>>,
    next: u64,
    sampled: Option<std::vec::IntoIter<u64>>,
}

impl Rows<'_> {
    /// The next row that passes the filters, whatever the shard.
    fn filtered(&mut self) -> Option<(u64, Case)> {
        while self.next < self.product {
            let id = self.next;
            self.next += 1;
            let case = case(&self.values, id);
            if self.plan.filters.iter().all(|filter| filter.takes(&case)) {
                return Some((id, case));
            }
        }
        None
    }

    /// So many numbers of rows that pass the filters: those that a hash puts first, in order.
    fn sample(&mut self, count: u64) -> Vec<u64> {
        let mut chosen = std::collections::BinaryHeap::new();
        while let Some((id, _)) = self.filtered() {
            chosen.push((scattered(id), id));
            if chosen.len() as u64 > count {
                chosen.pop();
            }
        }
        let mut ids: Vec<_> = chosen.into_iter().map(|(_, id)| id).collect();
        ids.sort_unstable();
        ids
    }
}

impl Iterator for Rows<'_> {
    type Item = (u64, Case);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let row = match &mut self.sampled {
                Some(sampled) => {
                    let id = sampled.next()?;
                    (id, case(&self.values, id))
                }
                None => self.filtered()?,
            };
            if self.plan.shard.is_none_or(|shard| shard.has(row.0)) {
                return Some(row);
            }
        }
    }
}

/// A row of a product: its number in the mixed radix of the axes, the last the least.
fn case(values: &[Vec<Value>], id: u64) -> Case {
    let mut rest = id;
    let mut case = Case::default();
    let axes: Vec<_> = Axis::all().collect();
    for (axis, values) in axes.into_iter().zip(values).rev() {
        let count = values.len() as u64;
        case = case.with(axis, values[(rest % count) as usize]);
        rest /= count;
    }
    case
}

/// A number that looks like chance and is none (the finalizer of SplitMix64).
fn scattered(id: u64) -> u64 {
    let mut mixed = id.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// The values of a key as a plan has them: a text as on the command line, a number, or a list of
/// these.
fn texts(
    name: &str,
    value: &TomlSpanned<DeValue<'_>>,
) -> Result<Vec<Spanned<String>>, Box<Diagnostic>> {
    let one = |value: &TomlSpanned<DeValue<'_>>| {
        let span = Span::new(value.span());
        let text = match value.get_ref() {
            DeValue::String(text) => text.to_string(),
            DeValue::Integer(number) => number.as_str().to_owned(),
            DeValue::Float(number) => number.as_str().to_owned(),
            DeValue::Boolean(on) => if *on { "on" } else { "off" }.to_owned(),
            DeValue::Datetime(_) | DeValue::Array(_) | DeValue::Table(_) => {
                let message = format!(
                    "{} takes a text such as \"1000..64KiB:x2\", a number, or a list of these",
                    quote(name)
                );
                return Err(Box::new(Diagnostic::new(span, message)));
            }
        };
        Ok(Spanned::new(text, span))
    };
    if let DeValue::Array(parts) = value.get_ref() {
        return parts.iter().map(one).collect();
    }
    Ok(vec![one(value)?])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(text: &str) -> Plan {
        let mut plan = Plan::default();
        plan.read(text).unwrap();
        plan
    }

    #[test]
    fn the_product_has_a_fixed_order_and_filters_keep_the_numbers() {
        let text = "[sweep]\nsender = ['linux', 'freebsd']\nwindow = '1000..4000:x2'\n";
        let all: Vec<_> = plan(text).rows().collect();
        let shown: Vec<_> = all
            .iter()
            .map(|(id, case)| {
                let window = case.value(Axis::Window);
                format!("{id} {} {window}", case.word(Axis::Sender))
            })
            .collect();
        assert_eq!(
            shown,
            [
                "0 linux 1000",
                "1 linux 2000",
                "2 linux 4000",
                "3 freebsd 1000",
                "4 freebsd 2000",
                "5 freebsd 4000"
            ]
        );
        let mut filtered = plan(text);
        filtered.filter("window>1000").unwrap();
        let ids: Vec<_> = filtered.rows().map(|(id, _)| id).collect();
        assert_eq!(ids, [1, 2, 4, 5]);
        assert_eq!(filtered.row(4), Some(all[4].1));
        assert_eq!(filtered.row(6), None);
    }

    #[test]
    fn shards_share_the_rows_and_a_sample_is_a_part_of_them() {
        let whole: Vec<_> = Plan::default_sweep().rows().map(|(id, _)| id).collect();
        let mut parts = Vec::new();
        for part in 1..=4 {
            let mut plan = Plan::default_sweep();
            plan.shard(Shard { part, parts: 4 });
            parts.extend(plan.rows().map(|(id, _)| id));
        }
        parts.sort_unstable();
        assert_eq!(parts, whole);

        let mut plan = Plan::default_sweep();
        plan.sample(10);
        let sample: Vec<_> = plan.rows().map(|(id, _)| id).collect();
        assert_eq!(sample.len(), 10);
        assert!(sample.is_sorted() && sample.iter().all(|id| whole.contains(id)));
    }

    #[test]
    fn bad_plans_say_where_and_what() {
        let rows = [
            (
                "[sweep]\nwindw = 1",
                "line 2: no axis is called `windw`; did you mean `window`?",
            ),
            (
                "[sweep]\nwindow = '1..2:+0'",
                "line 2: window `1..2:+0`: the range never ends",
            ),
            ("window = 1", "line 1: `window` is not in a table"),
            (
                "[sweeps]\nwindow = 1",
                "line 1: [sweeps] is no part of a plan",
            ),
            (
                "[sweep]\nwindow = 1979-05-27",
                "line 2: `window` takes a text",
            ),
            ("[sweep]\nfilter = 'x'", "line 2: filter `x`"),
            ("[sweep", "line 1:"),
        ];
        for (text, expected) in rows {
            let error = Plan::default().read(text).unwrap_err().to_string();
            assert!(error.starts_with(expected), "{text}: {error}");
        }
        for text in ["", "1", "0/4", "5/4", "1/0", "a/b", "1/2/3"] {
            assert!(Shard::parse(text).is_err(), "{text}");
        }
        let mut huge = Plan::default();
        for axis in [
            Axis::Seed,
            Axis::WarmUp,
            Axis::Offer,
            Axis::Write,
            Axis::Window,
        ] {
            huge.set(axis, "1..10000:+1").unwrap();
        }
        assert_eq!(huge.product(), None);
    }
}
