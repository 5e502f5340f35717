//! The conduct of a run: the differences between scenarios and packetdrill scripts in how they are
//! played and judged, as data.

use smoltcp::time::Duration;

use super::rules::Rules;
use super::time::TAIL;
use crate::scenario::Scenario;

/// How the driver plays a program.
#[derive(Clone, Debug, PartialEq)]
pub struct Conduct {
    /// From where times count.
    pub timing: Timing,
    /// How far from its time something may happen.
    pub tolerance: Tolerance,
    /// How long a packet may take that may come at any time.
    pub patience: Duration,
    /// Which packet a line stands for.
    pub order: Order,
    /// Where a SYN of the script goes whose line says no ports.
    pub opening: Opening,
    /// What is made of a line when the packet does not come or is another.
    pub miss: Miss,
    /// What a failure does to the run.
    pub on_failure: OnFailure,
    /// When the run ends.
    pub end: End,
    /// Whether hosts may have sent packets that no line stands for.
    pub leftovers: Leftovers,
    /// What becomes of a call that returns something else than its line says.
    pub call_results: CallResults,
    /// What programs and forged segments carry where a line says only how many octets.
    pub filler: Filler,
    /// What is compared of a packet.
    pub rules: Rules,
    /// The command that plays it again.
    pub command: &'static str,
    /// What that has besides the file, its settings and the seed.
    pub replay: Vec<String>,
}

impl Conduct {
    /// That of a scenario: everything happens exactly at its time, packets are looked for, and all
    /// that does not hold is reported.
    pub fn scenario(scenario: &Scenario) -> Self {
        Self {
            timing: Timing::Planned,
            tolerance: Tolerance::default(),
            patience: TAIL,
            order: match scenario.strict {
                true => Order::Next,
                false => Order::First,
            },
            opening: Opening::New,
            miss: Miss::Missing,
            on_failure: OnFailure::GoOn,
            end: scenario.until.map_or(End::Quiet(TAIL), End::At),
            leftovers: match scenario.strict {
                true => Leftovers::Fail,
                false => Leftovers::Allowed,
            },
            call_results: CallResults::Judged,
            filler: Filler::Alphabet,
            rules: Rules::scenario(),
            command: "run",
            replay: Vec::new(),
        }
    }
}

impl Conduct {
    /// That of a scenario with real programs in it: as otherwise, but that nothing is quite on
    /// time, and that the run lasts as long as the programs do.
    ///
    /// `programs` are the words of the command that ran, if there was one.
    pub fn live(scenario: &Scenario, programs: &[String]) -> Self {
        let words = programs.iter().cloned();
        let (command, replay) = match programs {
            [] => ("serve", Vec::new()),
            _ => (
                "exec",
                std::iter::once("--".to_owned()).chain(words).collect(),
            ),
        };
        Self {
            command,
            replay,
            tolerance: LIVE_TOLERANCE,
            end: End::Programs,
            ..Self::scenario(scenario)
        }
    }
}

/// How much later than planned something may be done in real time, and how far from its time
/// something may happen at any rate: a tick of Linux's clock of timers, with 250 Hz. packetdrill
/// has the same tolerance.
pub(crate) const TICK: Duration = Duration::from_millis(4);

/// How long a packet may take in real time that may come at any time.
pub(crate) const REAL_PATIENCE: Duration = Duration::from_secs(300);

/// How long a run in real time waits for what comes at no certain time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// For a step that may come at any time.
    pub step: Duration,
    /// For what the last statement has caused.
    pub end: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            step: REAL_PATIENCE,
            end: TICK,
        }
    }
}

impl Conduct {
    /// That of a scenario in real time: as [`Conduct::scenario`], with the tolerance that
    /// packetdrill has.
    pub fn scenario_in_real_time(scenario: &Scenario, patience: Patience) -> Self {
        Self {
            timing: Timing::Stamped { late_most: TICK },
            tolerance: Tolerance {
                least: TICK,
                percent: 12.5,
            },
            patience: patience.step,
            end: scenario.until.map_or(End::After(patience.end), End::At),
            ..Self::scenario(scenario)
        }
    }
}

/// How far off something may be where a real clock says when it was: a machine with other work
/// lets a program wait for some twenty milliseconds.
const LIVE_TOLERANCE: Tolerance = Tolerance {
    least: Duration::from_millis(50),
    percent: 5.0,
};

/// From where times count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timing {
    /// From where the statement before was to be.
    Planned,
    /// From when it is as the statement's turn comes; what is to be done and comes too late by more
    /// than the tolerance fails.
    Actual,
    /// From when the statement before really happened, by the time stamps of the medium. What the
    /// driver does later than planned is the driver's fault, and moves what is expected; where it
    /// is later than this, a failure says nothing.
    Stamped {
        /// How much later than planned something may be done.
        late_most: Duration,
    },
}

/// How far from its time something may happen.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Tolerance {
    /// At any rate.
    pub least: Duration,
    /// In parts of the time since the event before, if that is more.
    pub percent: f64,
}

impl Tolerance {
    /// Of what comes so long after the event before.
    pub fn after(self, gap: Duration) -> Duration {
        // At most a day in microseconds, which a float holds exactly, and then at most 10,000 days.
        let part = gap.total_micros() as f64 * self.percent / 100.0;
        self.least.max(Duration::from_micros(part as u64))
    }
}

/// Which packet a line stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// The first between its hosts that is as the line says; others are passed over.
    First,
    /// The next between its hosts.
    Next,
}

/// Where a SYN of the script goes whose line says no ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opening {
    /// It opens a connection of its own.
    New,
    /// To the socket under test: the connection that was made last, unless the host has called
    /// `socket` since.
    UnderTest,
}

/// What is made of a line when the packet does not come or is another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Miss {
    /// The line has until the end of its time, and is missing then; what came instead is listed.
    Missing,
    /// The next packet is judged when it comes, with what differs; its time too.
    Judged,
}

/// What a failure does to the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnFailure {
    /// It goes on.
    GoOn,
    /// It ends.
    Stop,
}

/// When a run ends that got through its program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// So long after its start.
    At(Duration),
    /// When nothing is due any more, at most so long after the last statement.
    Quiet(Duration),
    /// So long after the last statement: nobody knows what is due.
    After(Duration),
    /// When the calls that wait have returned, or should have.
    Calls,
    /// When the medium says that nothing happens any more: its programs have ended.
    Programs,
}

/// Whether a host may have sent packets by the end of the script that no line stands for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Leftovers {
    /// It may, as in packetdrill.
    #[default]
    Allowed,
    /// It may not.
    Fail,
}

/// What becomes of a call that returns something else than its line says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CallResults {
    /// It fails the run.
    #[default]
    Judged,
    /// Its row tells what it has returned, and no more.
    Told,
}

/// What is sent where only its length is said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Filler {
    /// The alphabet over and over, so that a place in it can be recognised.
    #[default]
    Alphabet,
    /// Zeros.
    Zeros,
}
