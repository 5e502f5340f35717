//! The scale of an axis: values by their logarithms, between lanes for what is no such value.

use std::collections::BTreeSet;

use crate::bench::value::Unit;

/// How an axis is called after its name; empty where the numbers say it.
pub(super) fn suffix(unit: Unit) -> &'static str {
    match unit {
        Unit::Octets => ", octets",
        Unit::Seconds => ", s",
        Unit::Bits => ", bit/s",
        Unit::Share => ", %",
        Unit::Count => "",
    }
}

/// A number as the marks of an axis have it: octets all in binary units, others in decimal ones.
fn show(unit: Unit, value: f64) -> String {
    match unit {
        Unit::Octets => scaled(value, 1024.0, &["", " Ki", " Mi", " Gi", " Ti"]),
        Unit::Bits => scaled(value, 1000.0, &["", " k", " M", " G", " T"]),
        Unit::Share => plain(value * 100.0),
        Unit::Seconds | Unit::Count => plain(value),
    }
}

fn scaled(value: f64, step: f64, units: &[&str]) -> String {
    let (mut value, mut unit) = (value, 0);
    while value >= step && unit + 1 < units.len() {
        value /= step;
        unit += 1;
    }
    format!("{}{}", plain(value), units[unit])
}

/// A number without digits that say nothing.
fn plain(value: f64) -> String {
    let text = format!("{value:.7}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Room at both ends of the numbers, so that no sign stands on the frame.
const PAD: f64 = 12.0;

/// A scale, in the lengths of the drawing.
#[derive(Clone, Debug)]
pub(super) struct Scale {
    pub(super) unit: Unit,
    pub(super) length: f64,
    /// Lanes in front of the numbers and behind them, and how wide each is.
    pub(super) before: Vec<String>,
    pub(super) after: Vec<String>,
    lane: f64,
    /// The least number and the greatest; none where there are no numbers.
    span: Option<(f64, f64)>,
}

impl Scale {
    /// A scale on which all of the values, which are above zero, have a place.
    pub(super) fn new(
        unit: Unit,
        values: impl Iterator<Item = f64>,
        (before, after): (Vec<String>, Vec<String>),
        (length, lane): (f64, f64),
    ) -> Self {
        let mut span: Option<(f64, f64)> = None;
        for value in values {
            let (least, most) = span.unwrap_or((value, value));
            span = Some((least.min(value), most.max(value)));
        }
        Self {
            unit,
            length,
            before,
            after,
            lane,
            span: span.map(|(least, most)| widened(unit, least, most)),
        }
    }

    /// Where a number stands.
    pub(super) fn number(&self, value: f64) -> f64 {
        let (from, to) = self.range();
        let (from, to) = (from + PAD, to - PAD);
        let share = match self.span {
            Some((least, most)) => (value.max(least) / least).ln() / (most / least).ln(),
            None => 0.5,
        };
        from + (to - from) * share.clamp(0.0, 1.0)
    }

    /// Where the numbers stand, lanes aside.
    pub(super) fn range(&self) -> (f64, f64) {
        let lanes = |lanes: &[String]| lanes.len() as f64 * self.lane;
        (lanes(&self.before), self.length - lanes(&self.after))
    }

    pub(super) fn has_numbers(&self) -> bool {
        self.span.is_some()
    }

    /// The middle of a lane in front of the numbers.
    pub(super) fn before(&self, lane: usize) -> f64 {
        (lane as f64 + 0.5) * self.lane
    }

    /// The middle of a lane behind the numbers.
    pub(super) fn after(&self, lane: usize) -> f64 {
        self.range().1 + (lane as f64 + 0.5) * self.lane
    }

    /// The marks, of which not more than so many fit: their places and names.
    pub(super) fn ticks(&self, most: usize) -> Vec<(f64, String)> {
        let Some((least, greatest)) = self.span else {
            return Vec::new();
        };
        let values = match self.unit {
            Unit::Octets => powers_of_two(least, greatest, most),
            Unit::Seconds | Unit::Bits | Unit::Share | Unit::Count => {
                decimal(least, greatest, most)
            }
        };
        let tick = |value: f64| (self.number(value), show(self.unit, value));
        values.into_iter().map(tick).collect()
    }
}

/// The span of an axis: from a round number to another one, which is not the same.
fn widened(unit: Unit, least: f64, most: f64) -> (f64, f64) {
    let (from, to) = match unit {
        Unit::Octets => (least.log2().floor().exp2(), most.log2().ceil().exp2()),
        Unit::Seconds | Unit::Bits | Unit::Share | Unit::Count => {
            let below = |value: &f64| *value <= least * 1.000_001;
            let above = |value: &f64| *value >= most * 0.999_999;
            let rounds = |value: f64| {
                let power = 10_f64.powf(value.log10().floor());
                [0.5, 1.0, 2.0, 5.0, 10.0].map(|step| step * power)
            };
            let from = rounds(least).into_iter().rfind(below).unwrap_or(least);
            (from, rounds(most).into_iter().find(above).unwrap_or(most))
        }
    };
    match from < to {
        true => (from, to),
        false => (from / 2.0, to * 2.0),
    }
}

fn powers_of_two(least: f64, greatest: f64, most: usize) -> Vec<f64> {
    let (first, last) = (least.log2().ceil() as i32, greatest.log2().floor() as i32);
    let count = |step: &i32| (last.div_euclid(*step) - (first - 1).div_euclid(*step)) as usize;
    let steps = [1, 2, 4, 5, 10, 20, 40];
    let step = steps.into_iter().find(|step| count(step) <= most);
    let step = step.unwrap_or(40);
    let is_marked = |power: &i32| power.rem_euclid(step) == 0;
    let powers = (first..=last).filter(is_marked);
    powers.map(|power| f64::from(power).exp2()).collect()
}

/// One, two and five times the powers of ten, or fewer of them.
fn decimal(least: f64, greatest: f64, most: usize) -> Vec<f64> {
    let (first, last) = (least.log10().floor() as i32, greatest.log10().ceil() as i32);
    let of = |steps: &[f64], apart: i32| -> Vec<f64> {
        let powers = (first..=last).filter(|power| power.rem_euclid(apart) == 0);
        let all = powers.flat_map(|power| steps.iter().map(move |step| step * 10_f64.powi(power)));
        let is_in = |value: &f64| (least * 0.999_999..=greatest * 1.000_001).contains(value);
        all.filter(is_in).collect()
    };
    let ways = [
        of(&[1.0, 2.0, 5.0], 1),
        of(&[1.0, 3.0], 1),
        of(&[1.0], 1),
        of(&[1.0], 2),
        of(&[1.0], 3),
    ];
    let fits = |values: &Vec<f64>| values.len() <= most;
    let widest = of(&[1.0], 6);
    ways.into_iter().find(fits).unwrap_or(widest)
}

/// The numbers of an axis that stand apart, smallest first.
pub(super) fn sorted(values: impl Iterator<Item = u64>) -> Vec<u64> {
    let values: BTreeSet<u64> = values.collect();
    values.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scale(unit: Unit, values: &[f64]) -> Scale {
        let lanes = (vec!["0".to_owned()], Vec::new());
        Scale::new(unit, values.iter().copied(), lanes, (300.0, 20.0))
    }

    fn names(unit: Unit, values: &[f64], most: usize) -> Vec<String> {
        let ticks = scale(unit, values).ticks(most);
        ticks.into_iter().map(|(_, name)| name).collect()
    }

    #[test]
    fn the_marks_of_an_axis_are_of_one_kind() {
        let octets = [4000.0, 65_535.0, 16_384.0];
        assert_eq!(
            names(Unit::Octets, &octets, 6),
            ["2 Ki", "4 Ki", "8 Ki", "16 Ki", "32 Ki", "64 Ki"]
        );
        assert_eq!(names(Unit::Octets, &octets, 3), ["4 Ki", "16 Ki", "64 Ki"]);
        assert_eq!(names(Unit::Octets, &[65_535.0], 6), ["32 Ki", "64 Ki"]);
        assert_eq!(
            names(Unit::Seconds, &[0.0002, 939.0], 5),
            ["0.01", "1", "100"]
        );
        assert_eq!(
            names(Unit::Seconds, &[300.0, 939.0], 5),
            ["200", "500", "1000"]
        );
        assert_eq!(
            names(Unit::Bits, &[1e6, 1e9], 5),
            ["1 M", "10 M", "100 M", "1 G"]
        );
        assert_eq!(names(Unit::Share, &[0.01], 5), ["0.5", "1", "2"]);
    }

    #[test]
    fn every_value_has_a_place_between_the_lanes() {
        for values in [
            &[1.0][..],
            &[512.0, 1e9],
            &[3.0, 3.0],
            &[0.000_001, 86_400.0],
        ] {
            for unit in [Unit::Octets, Unit::Seconds, Unit::Count] {
                let scale = scale(unit, values);
                let mut last = scale.before(0);
                for value in values {
                    let place = scale.number(*value);
                    assert!(
                        place >= last && place < 300.0,
                        "{unit:?} {values:?} {place}"
                    );
                    last = place;
                }
            }
        }
        assert!(!scale(Unit::Octets, &[]).has_numbers());
    }
}
