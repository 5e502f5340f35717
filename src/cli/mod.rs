//! The command line.
//!
//! Results go to standard output, diagnostics and progress to standard error. A flag goes before
//! the environment, the environment before the default.

mod args;
mod bench;
mod bounds;
mod check;
mod compare;
mod contract;
mod docs;
mod exec;
mod exit;
mod extcap;
mod failure;
mod interrupt;
#[cfg(target_os = "linux")]
mod kernel;
mod list;
mod packetdrill;
mod parallel;
mod profiles;
mod progress;
mod report;
mod run;
mod schema;
mod show;
mod traces;
#[cfg(target_os = "linux")]
mod verify;
#[cfg(not(target_os = "linux"))]
#[path = "verify_elsewhere.rs"]
mod verify;
mod wireshark;

use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{CommandFactory, FromArgMatches};
use tracing_subscriber::filter::LevelFilter;

pub use args::Args;
pub use exit::Exit;

use args::Command;
use exec::{Ends, LiveCommand};

/// The whole program.
pub fn main() -> ExitCode {
    if let Some(answered) = extcap::answer() {
        return answered;
    }
    let args = match read() {
        Ok(args) => args,
        Err(error) => {
            // Help and version are no errors; clap prints each where it belongs.
            let exit = if error.use_stderr() {
                Exit::Usage
            } else {
                Exit::Held
            };
            let printed = error.print();
            let unwritten = printed.is_err() && exit == Exit::Held;
            return if unwritten { Exit::Environment } else { exit }.into();
        }
    };
    args.color.apply();
    log_to_stderr(args.verbose);
    let ended = match &args.command {
        Command::Run(run) => run::run(run, &args.limits, args.quiet),
        Command::Check(check) => check::check(check, args.quiet),
        Command::List(list) => list::list(list),
        Command::Show(show) => show::show(show, &args.limits),
        Command::Exec(exec) => return live(&LiveCommand::Exec(exec), &args),
        Command::Serve(serve) => return live(&LiveCommand::Serve(serve), &args),
        Command::Proxy(proxy) => return live(&LiveCommand::Proxy(proxy), &args),
        Command::Compare(compare) => compare::compare(compare, &args.limits, args.quiet),
        Command::Verify(verify) => verify::verify(verify, args.quiet),
        Command::Contract(contract) => contract::contract(contract, &args.limits, args.quiet),
        Command::Profiles(profiles) => profiles::profiles(profiles),
        Command::Bench(bench) => bench::bench(bench, &args.limits, args.quiet),
        Command::Docs(docs) => docs::docs(docs),
        Command::Wireshark(wireshark) => wireshark::run(wireshark),
        Command::Schema(schema) => schema::schema(schema),
        Command::Completions(completions) => schema::completions(completions),
        Command::Man => schema::man(),
        Command::FirstProcess(first) => return exec::first_process(first),
    };
    let exit = ended.unwrap_or_else(|failure| {
        report::complain(&failure.text);
        failure.exit
    });
    exit.into()
}

/// The command line.
///
/// # Errors
/// It is wrong, or asks for help.
fn read() -> Result<Args, clap::Error> {
    let mut command = Args::command();
    let matches = command.try_get_matches_from_mut(std::env::args_os())?;
    let args = Args::from_arg_matches(&matches).map_err(|error| error.format(&mut command))?;
    let is_said = |id: &&str| matches.value_source(id) == Some(ValueSource::CommandLine);
    let conflict = match ["memory", "timeout"].into_iter().find(is_said) {
        Some(limit) if !args.command.has_limits() => Some(format!(
            "--{limit} limits commands that run scenarios, and this runs none"
        )),
        Some(_) | None => {
            let (_, of_command) = matches.subcommand().unwrap_or(("", &matches));
            about_no_traces(of_command)
        }
    };
    match conflict {
        Some(message) => Err(command.error(ErrorKind::ArgumentConflict, message)),
        None => Ok(args),
    }
}

/// What is asked of traces that are not written. The environment says what holds of those that are.
fn about_no_traces(matches: &clap::ArgMatches) -> Option<String> {
    let is_said = |id: &&str| {
        let known = matches.try_contains_id(id).is_ok();
        known && matches.value_source(id) == Some(ValueSource::CommandLine)
    };
    let of_traces = [
        "traces",
        "trace_size",
        "snaplen",
        "format",
        "events",
        "distinct",
    ];
    let said = is_said(&"no_traces").then(|| of_traces.into_iter().find(is_said))??;
    let flag = said.replace('_', "-");
    Some(format!(
        "--{flag} is about traces, and --no-traces writes none"
    ))
}

/// Runs a live command, whose exit code may be that of its program.
fn live(command: &LiveCommand<'_>, args: &Args) -> ExitCode {
    match exec::live(command, &args.limits, args.quiet) {
        Ok(Ends::As(exit)) => exit.into(),
        Ok(Ends::With(code)) => code.into(),
        Err(failure) => {
            report::complain(&failure.text);
            failure.exit.into()
        }
    }
}

/// Logs are for people and go to standard error; nothing reads them.
fn log_to_stderr(verbose: u8) {
    let level = match verbose {
        0 => LevelFilter::WARN,
        1 => LevelFilter::INFO,
        2 => LevelFilter::DEBUG,
        _ => LevelFilter::TRACE,
    };
    tracing_subscriber::fmt()
        // It takes out colours that are not wanted there.
        .with_writer(anstream::stderr)
        .with_ansi(true)
        .with_max_level(level)
        .with_target(false)
        .without_time()
        .init();
}
