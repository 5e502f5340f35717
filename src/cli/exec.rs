//! `hangup exec`

use std::process::ExitCode;

use super::args::{Exec, FirstProcess};
use super::exit::Exit;
use super::failure::Failure;

/// How the program ends: as one of its own ends, or with the exit code of the one that it ran.
pub(super) enum Ends {
    As(Exit),
    With(u8),
}

/// Elsewhere there is nothing to run a program in.
#[cfg(not(target_os = "linux"))]
pub(super) fn exec(_args: &Exec, _quiet: bool) -> Result<Ends, Failure> {
    Err(super::failure::environment(
        "a program can only be run among emulated hosts on Linux: it needs network namespaces and \
         TUN devices\n  help: everything else is here: `hangup run` plays the same hosts in \
         virtual time",
    ))
}

/// Nobody starts it elsewhere.
#[cfg(not(target_os = "linux"))]
pub(super) fn first_process(_args: &FirstProcess) -> ExitCode {
    Exit::Usage.into()
}

#[cfg(target_os = "linux")]
pub(super) use linux::{exec, first_process};

#[cfg(target_os = "linux")]
mod linux {
    use std::path::PathBuf;
    use std::time::{Duration, Instant};

    use hangup_stack::network::HostId;

    use super::{Ends, Exec, Exit, ExitCode, Failure, FirstProcess};
    use crate::capture::text;
    use crate::cli::failure::{environment, usage};
    use crate::cli::{report, traces};
    use crate::language::units::show_size;
    use crate::live::exec::{Executed, LiveError, Options, exec as execute};
    use crate::live::program::{self, Ended};
    use crate::report::{CaseKind, CaseVerdict, Problem, TestCase};
    use crate::run::Verdict;
    use crate::scenario::Scenario;

    /// How many lines of the trace a failure shows.
    const LADDER_LINES: usize = 12;

    /// The first process of the namespace, which runs the program.
    pub(in crate::cli) fn first_process(args: &FirstProcess) -> ExitCode {
        match program::first_process(args.parent, &args.command) {
            Ok(code) => code.into(),
            Err(error) => {
                report::complain(&format!("hangup: cannot start a program: {error}\n"));
                Exit::Environment.into()
            }
        }
    }

    pub(in crate::cli) fn exec(args: &Exec, quiet: bool) -> Result<Ends, Failure> {
        let found = report::select(std::slice::from_ref(&args.scenario))?;
        let [file] = &found[..] else {
            let count = found.len();
            return Err(usage(format_args!(
                "a program runs in one scenario, and {count} were selected: name one"
            )));
        };
        report::few_enough(&args.settings)?;
        let read = report::load(file, &args.settings)?;
        // Of a sweep the first combination, as for `compare`.
        let scenario = read.first().clone();
        let at = vantage(args, &scenario)?;
        let options = Options {
            command: args.command.clone(),
            timeout: args.live.timeout,
            wait: args.live.wait.into(),
            pace: args.live.pace,
            trace: usize::try_from(args.live.trace_limit).unwrap_or(usize::MAX),
            seed: args.seed.unwrap_or(scenario.seed),
        };
        let started = Instant::now();
        let executed = execute(&scenario, &options).map_err(|error| match error {
            LiveError::Scenario(message) => usage(message),
            LiveError::Refused(_) | LiveError::Port(_) | LiveError::Signals(_) => {
                environment(error)
            }
        })?;
        let name = file.of_combination(&scenario.variant.combination);
        let case = case(&scenario, &executed, at, (name, started.elapsed()));
        tell(args, quiet, &executed, &case);
        let written = write(args, &executed, &case, at);
        let failed = executed.outcome.verdict() == Verdict::Failed;
        written?;
        Ok(match executed.ended {
            _ if failed => Ends::As(Exit::Failed),
            Ended::TimedOut => Ends::As(Exit::Failed),
            Ended::By(code) => Ends::With(code),
        })
    }

    fn vantage(args: &Exec, scenario: &Scenario) -> Result<HostId, Failure> {
        let Some(name) = &args.at else {
            return Ok(HostId(0));
        };
        let known = || {
            let names = scenario.hosts.iter().map(|it| it.name.value.as_str());
            names.collect::<Vec<_>>().join(", ")
        };
        let host = scenario.host(name).map(HostId);
        host.ok_or_else(|| usage(format!("--at {name}: no such host; there is {}", known())))
    }

    /// What is said of the run.
    fn case(
        scenario: &Scenario,
        executed: &Executed,
        at: HostId,
        (name, wall): (PathBuf, Duration),
    ) -> TestCase {
        let outcome = &executed.outcome;
        let problem = |it| Problem::new(&scenario.source, it);
        let name = name.display().to_string();
        let claim = report::claim(scenario).to_owned();
        let summary = outcome.summary(&name, &claim);
        let (verdict, ladder) = match outcome.verdict() {
            Verdict::Held => (CaseVerdict::Held, Vec::new()),
            Verdict::Failed => {
                let ladder = text::last(&outcome.trace(&summary), at, LADDER_LINES);
                (CaseVerdict::Failed, ladder)
            }
        };
        TestCase {
            kind: CaseKind::Scenario,
            name,
            path: scenario.source.path().display().to_string(),
            claim,
            settings: scenario.variant.settings.clone(),
            verdict,
            seed: Some(outcome.seed),
            virtual_time: Some(Duration::from_micros(
                u64::try_from(outcome.ended.total_micros()).unwrap_or(0),
            )),
            wall,
            warnings: Vec::new(),
            problems: outcome.failures.iter().map(problem).collect(),
            ignored: Vec::new(),
            ladder,
            section: None,
            golden: None,
        }
    }

    /// Says on standard error what there is to say: standard output is the program's.
    fn tell(args: &Exec, quiet: bool, executed: &Executed, case: &TestCase) {
        if case.verdict == CaseVerdict::Failed {
            report::complain(&case.complaints());
        }
        if executed.ended == Ended::TimedOut {
            let seconds = args.live.timeout.unwrap_or_default().as_secs_f64();
            report::complain(&format!(
                "hangup: the program was stopped after {seconds} s (--timeout)\n"
            ));
        }
        if quiet {
            return;
        }
        let losses = executed.losses;
        if executed.is_cut {
            let limit = show_size(args.live.trace_limit);
            report::complain(&format!(
                "hangup: the trace ends after {limit} of frames (--trace-limit)\n"
            ));
        }
        if losses.unusable + losses.refused > 0 {
            report::complain(&format!(
                "hangup: {} packets of the kernel were unusable, {} frames were not taken by the \
                 device\n",
                losses.unusable, losses.refused
            ));
        }
        let lateness = &executed.lateness;
        tracing::info!(
            timers = lateness.timers(),
            half_below_us = lateness.below(0.5),
            p99_below_us = lateness.below(0.99),
            "emulated timers were late"
        );
        let verdict = case.verdict.name();
        let trace = match (&args.write, args.no_traces) {
            (Some(path), _) => format!(", trace in {}", path.display()),
            (None, true) => String::new(),
            (None, false) => {
                let path = traces::path(&args.traces, case.name.as_ref(), "pcapng");
                format!(", trace in {}", path.display())
            }
        };
        report::complain(&format!("hangup: {}: {verdict}{trace}\n", case.name));
    }

    fn write(args: &Exec, executed: &Executed, case: &TestCase, at: HostId) -> Result<(), Failure> {
        if args.no_traces {
            return Ok(());
        }
        let summary = executed.outcome.summary(&case.name, &case.claim);
        let trace = executed.outcome.trace(&summary);
        let written = match &args.write {
            Some(path) => traces::to_file(path, &trace, at, &traces::Form::usual()),
            None => {
                let written = traces::to_folder(
                    &args.traces,
                    case.name.as_ref(),
                    &trace,
                    at,
                    &traces::Form::usual(),
                );
                written.map_err(|error| error.to_string())
            }
        };
        written.map_err(environment)
    }
}
