//! One run as a sequence-time graph: new and retransmitted data, between the acknowledged number
//! and the right edge of the window.

use hangup_stack::network::{SegmentDirection, Sighting};
use smoltcp::time::Instant;

use super::frame::{PlotFrame, Scale, Tick, octets, powers, seconds};
use super::svg::{Anchor, INK, Stroke, Svg, colour};
use crate::bench::case::Case;
use crate::bench::measure::Log;
use crate::bench::measurement::Measurement;
use crate::bench::observer::{Observer, Seen};

const SIZE: (f64, f64) = (960.0, 560.0);

/// Times before this stand at the left edge, in seconds.
const TIME_LEAST: f64 = 0.000_01;

/// More points than this are thinned out.
const POINTS_MOST: usize = 20_000;

/// The colours of what is drawn.
const SENT: usize = 0;
const AGAIN: usize = 1;
const EDGE: usize = 2;
const ACKNOWLEDGED: usize = 3;

/// What a sender did and knew at a time.
#[derive(Default)]
struct Points {
    new: Vec<(f64, f64)>,
    again: Vec<(f64, f64)>,
    edge: Vec<(f64, f64)>,
    acknowledged: Vec<(f64, f64)>,
}

/// Draws a run, from its shutdown on. Octets count from the first that was sent behind it, time is
/// logarithmic.
pub fn sequence(case: &Case, measurement: &Measurement, log: &Log) -> String {
    let start = measurement.start.at;
    let points = points(log, start);
    let Points {
        new,
        again,
        edge,
        acknowledged,
    } = &points;
    let all = [new, again, edge, acknowledged];
    let last = all.iter().flat_map(|points| points.iter());
    let (end, top) = last.fold((1.0_f64, 1.0_f64), |(end, top), (x, y)| {
        (end.max(*x), top.max(*y))
    });
    let end = measurement
        .sender
        .at
        .map_or(end, |at| end.max(at.total_micros() as f64 / 1e6));
    let (end, top) = (end * 1.5, top * 1.08);
    let frame = PlotFrame {
        left: 84.0,
        top: 84.0,
        width: SIZE.0 - 110.0,
        height: SIZE.1 - 130.0,
        x: Scale::Logarithmic(TIME_LEAST, end),
        y: Scale::Linear(0.0, top),
    };
    let mut svg = Svg::new(SIZE.0, SIZE.1);
    svg.text((16.0, 22.0), Anchor::Start, 14.0, &case.describe());
    legend(&mut svg, (16.0, 42.0));
    let step = linear_step(top);
    let y: Vec<_> = (0..)
        .map(|count| f64::from(count) * step)
        .take_while(|value| *value <= top)
        .map(|value| Tick {
            value,
            label: octets(value),
        })
        .collect();
    let title = "octets behind the shutdown, against time since then (logarithmic)";
    let label = |value: f64| match value <= TIME_LEAST {
        true => "0".to_owned(),
        false => seconds(value),
    };
    frame.draw(&mut svg, title, &powers(10.0, TIME_LEAST, end, label), &y);
    for (line, series) in [(edge, EDGE), (acknowledged, ACKNOWLEDGED)] {
        svg.line(
            &stairs(&frame, line, end),
            colour(series),
            1.6,
            Stroke::Solid,
        );
    }
    for (x, y) in thinned(new) {
        svg.dot(frame.at(*x, *y), 3.0, colour(SENT));
    }
    for (x, y) in thinned(again) {
        svg.cross(frame.at(*x, *y), 3.6, colour(AGAIN));
    }
    if let Some(at) = measurement.sender.at {
        let (x, _) = frame.at(at.total_micros() as f64 / 1e6, 0.0);
        let bottom = frame.top + frame.height;
        svg.line(&[(x, frame.top), (x, bottom)], INK, 1.0, Stroke::Dashed);
        let label = measurement.sender.ending.name();
        svg.text((x - 4.0, frame.top + 14.0), Anchor::End, 11.0, label);
    }
    svg.finish()
}

fn legend(svg: &mut Svg, (left, y): (f64, f64)) {
    svg.dot((left + 6.0, y - 4.0), 3.0, colour(SENT));
    svg.text((left + 16.0, y), Anchor::Start, 11.0, "sent");
    svg.cross((left + 66.0, y - 4.0), 3.6, colour(AGAIN));
    svg.text(
        (left + 76.0, y),
        Anchor::Start,
        11.0,
        "sent again, or a probe",
    );
    for (x, series, label) in [
        (216.0, EDGE, "right edge of the window"),
        (396.0, ACKNOWLEDGED, "acknowledged"),
    ] {
        let line = [(left + x, y - 4.0), (left + x + 20.0, y - 4.0)];
        svg.line(&line, colour(series), 1.6, Stroke::Solid);
        svg.text((left + x + 26.0, y), Anchor::Start, 11.0, label);
    }
}

/// Replays what passed the sender.
fn points(log: &Log, start: Instant) -> Points {
    let mut points = Points::default();
    let Some(sender) = log.hosts.last().map(|host| host.id) else {
        return points;
    };
    let mut watch = Observer::new(sender);
    let mut first = None;
    for sighting in &log.sightings {
        let Sighting {
            at,
            host,
            way,
            segment,
        } = sighting;
        if *at >= start && first.is_none() {
            first = Some(watch.next);
            let position = |position: i64| (0.0, (position - watch.next).max(0) as f64);
            points.edge.push(position(watch.edge));
            points
                .acknowledged
                .push(position(watch.unacknowledged.max(1)));
        }
        let mut seen = Seen::default();
        let (before, probes) = (watch.next, watch.counts.probes);
        watch.see(sighting, &mut seen);
        let (true, Some(first)) = (*host == sender, first) else {
            continue;
        };
        let time = (*at - start).total_micros() as f64 / 1e6;
        let octets = |position: i64| (time, (position - first).max(0) as f64);
        match way {
            SegmentDirection::Sent if seen.new => points.new.push(octets(watch.next)),
            SegmentDirection::Sent if segment.payload_octets > 0 => {
                let end = watch.end_of(segment, before);
                points.again.push(octets(end));
            }
            SegmentDirection::Sent if watch.counts.probes > probes => {
                points.again.push(octets(watch.unacknowledged));
            }
            SegmentDirection::Sent => {}
            SegmentDirection::Received => {
                points.edge.push(octets(watch.edge));
                points.acknowledged.push(octets(watch.unacknowledged));
            }
        }
    }
    points
}

/// A line that stays where it is until it changes.
fn stairs(frame: &PlotFrame, points: &[(f64, f64)], end: f64) -> Vec<(f64, f64)> {
    let mut line = Vec::new();
    let mut level: Option<f64> = None;
    for (x, y) in thinned(points) {
        if level == Some(*y) {
            continue;
        }
        line.extend(level.map(|level| frame.at(*x, level)));
        line.push(frame.at(*x, *y));
        level = Some(*y);
    }
    line.extend(level.map(|level| frame.at(end, level)));
    line
}

fn thinned(points: &[(f64, f64)]) -> impl Iterator<Item = &(f64, f64)> {
    points
        .iter()
        .step_by(points.len().div_ceil(POINTS_MOST).max(1))
}

/// A step of one, two or five times a power of ten, of which some six fit.
fn linear_step(top: f64) -> f64 {
    let power = 10_f64.powf((top / 6.0).log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0].map(|step| step * power);
    steps
        .into_iter()
        .find(|step| top / step <= 8.0)
        .unwrap_or(top)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::{Axis, record};
    use crate::bounds::Usual;

    #[test]
    fn each_segment_of_a_run_is_drawn() {
        let case = Case::default().with(Axis::Sack, Axis::Sack.value("off").unwrap());
        let (measurement, log) = record(&case, &Usual).unwrap();
        let svg = sequence(&case, &measurement, &log);
        // Ten segments, fifteen retransmissions, and one of each in the legend.
        assert_eq!(svg.matches("<circle").count(), 11);
        assert_eq!(svg.matches("<path").count(), 16);
        assert!(svg.contains(">timed-out<") && svg.ends_with("</svg>\n"));
    }
}
