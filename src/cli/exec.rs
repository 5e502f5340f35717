//! `hangup exec`, `hangup serve` and `hangup proxy`

use std::process::ExitCode;

use super::args::{Exec, FirstProcess, Limits, Proxy, Serve};
use super::exit::Exit;
use super::failure::Failure;

/// How the program ends: as one of its own ends, or with the exit code of the one that it ran.
pub(super) enum Ends {
    As(Exit),
    With(u8),
}

/// A command that lets hosts meet real programs.
pub(super) enum LiveCommand<'a> {
    Exec(&'a Exec),
    Serve(&'a Serve),
    Proxy(&'a Proxy),
}

/// Elsewhere there is nothing to run a program in.
#[cfg(not(target_os = "linux"))]
pub(super) fn live(
    _command: &LiveCommand<'_>,
    _limits: &Limits,
    _quiet: bool,
) -> Result<Ends, Failure> {
    Err(super::failure::refusal(
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
pub(super) use linux::{first_process, live};

#[cfg(target_os = "linux")]
mod linux {
    use std::ffi::OsString;
    use std::fs::File;
    use std::io;
    use std::net::ToSocketAddrs;
    use std::path::{Path, PathBuf};
    use std::time::{Duration, Instant};

    use hangup_stack::network::HostId;

    use super::{Ends, Exit, ExitCode, Failure, FirstProcess, Limits, LiveCommand, Proxy};
    use crate::capture::text;
    use crate::cli::args::{Kept, Live};
    use crate::cli::bounds::Pool;
    use crate::cli::failure::{environment, refusal, usage};
    use crate::cli::{report, traces};
    use crate::language::units::show_size;
    use crate::live::device::PortError;
    use crate::live::exec::{self, ControlledBy, Executed, LiveError, Options};
    use crate::live::program::{self, Ended};
    use crate::live::stream::Stream;
    use crate::report::{CaseKind, CaseVerdict, Problem, TestCase};
    use crate::run::Verdict;
    use crate::scenario::{Scenario, Setting};

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

    /// Runs one of the live commands.
    pub(in crate::cli) fn live(
        command: &LiveCommand<'_>,
        limits: &Limits,
        quiet: bool,
    ) -> Result<Ends, Failure> {
        let (scenario, settings, socket, words, kept, live) = match command {
            LiveCommand::Exec(it) => {
                let words = it.command.as_slice();
                (
                    &it.scenario,
                    &it.settings,
                    &it.control,
                    words,
                    &it.kept,
                    &it.live,
                )
            }
            LiveCommand::Serve(it) => {
                let none = [].as_slice();
                (
                    &it.scenario,
                    &it.settings,
                    &it.control,
                    none,
                    &it.kept,
                    &it.live,
                )
            }
            LiveCommand::Proxy(args) => return proxy(args, limits, quiet),
        };
        report::one_seed(kept.seed, settings)?;
        let read = read(scenario, settings)?;
        let control = ControlledBy {
            // Standard input is the program's, where there is one.
            input: socket.is_none() && words.is_empty(),
            socket: socket.clone(),
        };
        let options = options(kept, live, &read.0, words, control);
        run(&read, &options, (kept, live), (limits, quiet))
    }

    fn proxy(args: &Proxy, limits: &Limits, quiet: bool) -> Result<Ends, Failure> {
        let upstream = args.upstream.to_socket_addrs().map_err(|error| {
            let why = format!("--upstream {}: {error}", args.upstream);
            environment(format_args!("{why}; it is HOST:PORT"))
        });
        let upstream = upstream?.next();
        let upstream = upstream.ok_or_else(|| {
            environment(format_args!(
                "--upstream {}: it has no address",
                args.upstream
            ))
        })?;
        let rules = args.rules.iter().map(|text| {
            let rule = text.parse();
            rule.map_err(|why: String| usage(format_args!("--rule {text:?}: {why}")))
        });
        let rules = rules.collect::<Result<Vec<_>, _>>()?;
        let text = format!(
            "# A proxy stands in front of a real server.\nhosts.server.profile = '{}'\n\
             hosts.client.profile = 'kernel'\nscript = '0 link loss 0'\n",
            args.profile.replace('\'', "")
        );
        let scenario = Scenario::parse(Path::new("proxy.toml"), text.into());
        let scenario = scenario
            .map_err(|invalid| usage(format_args!("--profile {}: {invalid}", args.profile)))?;
        let control = ControlledBy {
            input: args.control.is_none() && args.command.is_empty(),
            socket: args.control.clone(),
        };
        let options = options(&args.kept, &args.live, &scenario, &args.command, control);
        let options = Options {
            proxy: Some(exec::Proxy {
                port: args.listen.unwrap_or(upstream.port()),
                upstream,
                rules,
                slow_open: args.slow_open,
                slow_close: args.slow_close,
                connections: args.connections.into(),
            }),
            ..options
        };
        let read = (scenario, PathBuf::from("proxy"));
        run(&read, &options, (&args.kept, &args.live), (limits, quiet))
    }

    /// The scenario, and what its trace is called. Of a sweep the first combination, as for
    /// `compare`.
    fn read(path: &PathBuf, settings: &[Setting]) -> Result<(Scenario, PathBuf), Failure> {
        let found = report::select(std::slice::from_ref(path))?;
        let [file] = &found[..] else {
            let count = found.len();
            return Err(usage(format_args!(
                "programs run in one scenario, and {count} were selected: name one"
            )));
        };
        report::few_enough(settings)?;
        let scenario = report::load(file, settings)?.first().clone();
        let name = file.of_combination(&scenario.variant.combination);
        Ok((scenario, name))
    }

    fn options(
        kept: &Kept,
        live: &Live,
        scenario: &Scenario,
        command: &[OsString],
        control: ControlledBy,
    ) -> Options {
        Options {
            command: command.to_vec(),
            control,
            proxy: None,
            device: live.device.clone(),
            congestion: live.congestion.clone(),
            timeout: live.timeout,
            wait: live.wait.into(),
            pace: live.pace,
            trace: usize::try_from(live.trace_limit).unwrap_or(usize::MAX),
            seed: kept.seed.unwrap_or(scenario.seed),
        }
    }

    fn run(
        (scenario, name): &(Scenario, PathBuf),
        options: &Options,
        (kept, live): (&Kept, &Live),
        (limits, quiet): (&Limits, bool),
    ) -> Result<Ends, Failure> {
        let at = vantage(kept, scenario)?;
        let started = Instant::now();
        let stream = stream(kept, scenario, name, at)?;
        // The program itself is stopped where its time is over.
        let memory = Limits {
            timeout: None,
            ..limits.clone()
        };
        let pool = Pool::new(&memory, 1);
        let bounds = pool.claim(None);
        let executed = exec::exec(scenario, options, stream, &bounds);
        let mut executed = executed.map_err(|error| match error {
            LiveError::Scenario(message) => usage(message),
            LiveError::Port(PortError::Congestion { .. }) => Failure::lines(Exit::Usage, error),
            LiveError::Refused(_) | LiveError::Port(_) => refusal(error),
            LiveError::Signals(_) | LiveError::Control(_) | LiveError::Sockets(_) => {
                environment(error)
            }
        })?;
        let case = case(scenario, &executed, at, (name.clone(), started.elapsed()));
        tell((kept, live), quiet, &executed, &case);
        write(kept, &mut executed, &case, at)?;
        Ok(match executed.ended {
            _ if executed.outcome.verdict() == Verdict::Failed => Ends::As(Exit::Failed),
            Ended::TimedOut => Ends::As(Exit::Failed),
            Ended::By(code) => Ends::With(code),
        })
    }

    /// The trace as it is written while the run goes on, where it goes into a pipe. Opening one
    /// waits until somebody reads it.
    fn stream(
        kept: &Kept,
        scenario: &Scenario,
        name: &Path,
        at: HostId,
    ) -> Result<Option<Stream>, Failure> {
        let Some(path) = kept.write.as_deref().filter(|path| traces::is_pipe(path)) else {
            return Ok(None);
        };
        let out = File::options().write(true).open(path);
        let out = out.map_err(|error| {
            environment(format_args!("cannot write {}: {error}", path.display()))
        })?;
        let (name, claim) = (name.display().to_string(), report::claim(scenario));
        Ok(Some(Stream::new(&name, claim, at, Box::new(out))))
    }

    fn vantage(kept: &Kept, scenario: &Scenario) -> Result<HostId, Failure> {
        let Some(name) = &kept.at else {
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
    fn tell((kept, live): (&Kept, &Live), quiet: bool, executed: &Executed, case: &TestCase) {
        if case.verdict == CaseVerdict::Failed {
            report::complain(&case.complaints());
        }
        if executed.ended == Ended::TimedOut {
            let seconds = live.timeout.unwrap_or_default().as_secs_f64();
            report::complain(&format!(
                "hangup: the program was stopped after {seconds} s (--timeout)\n"
            ));
        }
        if quiet {
            return;
        }
        let losses = executed.losses;
        if executed.is_cut {
            let limit = show_size(live.trace_limit);
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
        if let Some(counts) = executed.forwarded {
            report::complain(&format!(
                "hangup: {} connections, {} refused, {} without a server; {} rules fired; {} \
                 octets up, {} down\n",
                counts.accepted,
                counts.refused,
                counts.unreachable,
                counts.fired,
                counts.octets[0],
                counts.octets[1]
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
        let trace = match (&kept.write, kept.no_traces) {
            (Some(path), _) => format!(", trace in {}", path.display()),
            (None, true) => String::new(),
            (None, false) => {
                let path = traces::path(&kept.traces, case.name.as_ref(), "pcapng");
                format!(", trace in {}", path.display())
            }
        };
        report::complain(&format!("hangup: {}: {verdict}{trace}\n", case.name));
    }

    fn write(
        kept: &Kept,
        executed: &mut Executed,
        case: &TestCase,
        at: HostId,
    ) -> Result<(), Failure> {
        if kept.no_traces {
            return Ok(());
        }
        let stream = executed.stream.take();
        let summary = executed.outcome.summary(&case.name, &case.claim);
        let trace = executed.outcome.trace(&summary);
        let written = match &kept.write {
            Some(_) if stream.is_some() => {
                let finished = stream.map_or(Ok(()), |it| it.finish(&trace));
                match finished.map_err(io::Error::from) {
                    // Whoever has looked at it may have gone before.
                    Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
                    finished => finished.map_err(|it| format!("cannot write the trace: {it}")),
                }
            }
            Some(path) => traces::to_file(path, &trace, at, &traces::Form::usual()),
            None => {
                let written = traces::to_folder(
                    &kept.traces,
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
