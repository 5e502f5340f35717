//! A sweep: values for axes, their product in a fixed order, and which of its rows are wanted.

use std::fmt::Write as _;

use toml::de::{DeTable, DeValue};

use super::axis::Axis;
use super::case::Case;
use super::filter::Filter;
use super::value::Value;
use crate::language::names::nearest;

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

/// What is wrong with a plan.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct PlanError(pub String);

/// A sweep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The values of each axis that were asked for; empty: none were.
    values: Vec<Vec<Value>>,
    filters: Vec<Filter>,
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
    /// What is wrong with them.
    pub fn set(&mut self, axis: Axis, text: &str) -> Result<(), PlanError> {
        self.values[axis as usize] = axis.values(text).map_err(PlanError)?;
        Ok(())
    }

    /// Turns a knob, `KNOB=VALUE`, of every profile of an axis.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn turn(&mut self, axis: Axis, knob: &str) -> Result<(), PlanError> {
        let values = self.values(axis).into_iter();
        let turned = values.map(|value| format!("{}+{knob}", axis.show(value)));
        let turned: Vec<String> = turned.collect();
        self.set(axis, &turned.join(","))
    }

    /// Adds a filter that rows have to pass.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn filter(&mut self, text: &str) -> Result<(), PlanError> {
        let filter = Filter::parse(text);
        self.add(filter.map_err(|it| PlanError(format!("filter `{text}`: {}", it.sentence())))?);
        Ok(())
    }

    /// Adds a filter that was read.
    pub fn add(&mut self, filter: Filter) {
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
    /// The first thing that is wrong with it, with its line.
    pub fn read(&mut self, text: &str) -> Result<(), PlanError> {
        if text.len() > PLAN_OCTETS_MOST {
            let message = format!("the plan is longer than {PLAN_OCTETS_MOST} octets");
            return Err(PlanError(message));
        }
        let at = |offset: usize, message: &str| {
            let line = text[..offset.min(text.len())].matches('\n').count() + 1;
            PlanError(format!("line {line}: {message}"))
        };
        let table = DeTable::parse(text).map_err(|error| {
            let offset = error.span().map_or(0, |span| span.start);
            at(offset, error.message())
        })?;
        for (key, value) in table.get_ref() {
            let (name, offset) = (key.get_ref(), key.span().start);
            let DeValue::Table(sweep) = value.get_ref() else {
                return Err(at(
                    offset,
                    &format!("`{name}` is not in a table; write [sweep]"),
                ));
            };
            if name != "sweep" {
                return Err(at(
                    offset,
                    &format!("[{name}] is no part of a plan; [sweep] is"),
                ));
            }
            for (key, value) in sweep {
                let (name, offset) = (key.get_ref(), key.span().start);
                self.entry(name, value.get_ref())
                    .map_err(|error| at(offset, &error.0))?;
            }
        }
        Ok(())
    }

    fn entry(&mut self, name: &str, value: &DeValue<'_>) -> Result<(), PlanError> {
        if name == "filter" {
            return filters(value)?.iter().try_for_each(|it| self.filter(it));
        }
        let Some(axis) = Axis::named(name) else {
            return Err(PlanError(unknown(name)));
        };
        self.set(axis, &list(name, value)?)
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

fn unknown(name: &str) -> String {
    let names: Vec<_> = Axis::all().map(Axis::name).collect();
    let mut message = format!("no axis is called `{name}`");
    match nearest(name, &names) {
        Some(near) => message.push_str(&format!("; did you mean `{near}`?")),
        None => message.push_str(&format!("; there are {}, and filter", names.join(", "))),
    }
    message
}

/// The values of an axis as a plan has them: a text as on the command line, a number, or a list of
/// these.
fn list(name: &str, value: &DeValue<'_>) -> Result<String, PlanError> {
    let DeValue::Array(parts) = value else {
        return one(name, value);
    };
    let mut text = String::new();
    for part in parts {
        let separator = if text.is_empty() { "" } else { "," };
        let _ = write!(text, "{separator}{}", one(name, part.get_ref())?);
    }
    Ok(text)
}

fn one(name: &str, value: &DeValue<'_>) -> Result<String, PlanError> {
    match value {
        DeValue::String(text) => Ok(text.to_string()),
        DeValue::Integer(number) => Ok(number.as_str().to_owned()),
        DeValue::Float(number) => Ok(number.as_str().to_owned()),
        DeValue::Boolean(on) => Ok(if *on { "on" } else { "off" }.to_owned()),
        DeValue::Datetime(_) | DeValue::Array(_) | DeValue::Table(_) => Err(PlanError(format!(
            "`{name}` takes a text such as \"1000..64KiB:x2\", a number, or a list of these"
        ))),
    }
}

fn filters(value: &DeValue<'_>) -> Result<Vec<String>, PlanError> {
    if let DeValue::Array(parts) = value {
        let part = |part: &toml::Spanned<DeValue<'_>>| one("filter", part.get_ref());
        return parts.iter().map(part).collect();
    }
    Ok(vec![one("filter", value)?])
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
