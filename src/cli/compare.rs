//! `hangup compare`

use hangup_stack::profile::Profile;

use super::args::{Compare, Limits};
use super::bounds::Pool;
use super::failure::{Failure, environment, usage};
use super::{Exit, interrupt, profiles, report};
use crate::bounds::Reached;
use crate::compare::{self, CompareError, SYSTEMS_MAX};
use crate::diagnostic::{Colour, Invalid};
use crate::scenario::Scenario;

pub(super) fn compare(args: &Compare, limits: &Limits, quiet: bool) -> Result<Exit, Failure> {
    let found = report::select(std::slice::from_ref(&args.path))?;
    let [file] = &found[..] else {
        let count = found.len();
        return Err(usage(format_args!(
            "one scenario is compared, and {count} were selected: name one"
        )));
    };
    report::few_enough(&args.settings)?;
    report::one_seed(args.seed, &args.settings)?;
    let read = report::load(file, &args.settings)?;
    // Of a sweep the first combination: a comparison has enough columns as it is.
    let scenario = read.first().clone();
    if scenario.hosts.iter().any(|host| host.is_kernel()) {
        return Err(usage(format_args!(
            "{}: the kernel is a host of it, and there is only one here",
            args.path.display()
        )));
    }
    let host = subject(args, &scenario)?;
    if args.profiles.len() > SYSTEMS_MAX {
        return Err(usage(format_args!(
            "at most {SYSTEMS_MAX} profiles are compared"
        )));
    }
    let replaced = format!("hosts.{}.profile", scenario.hosts[host].name.value);
    if args.settings.iter().any(|it| it.key() == replaced) {
        let help = "name it in --profiles, or another host with --host";
        return Err(usage(format_args!(
            "--set {replaced} would change nothing: --profiles says what it is\n  help: {help}"
        )));
    }
    for name in &args.profiles {
        known(&scenario, host, name)?;
    }
    interrupt::listen().map_err(environment)?;
    let bounds = Pool::new(limits, 1);
    let claim = bounds.claim(None);
    let comparison = compare::compare(&scenario, host, &args.profiles, args.seed, &claim);
    let comparison = comparison.map_err(|error| {
        let (exit, diagnostics) = match error {
            CompareError::Invalid(diagnostics) => (Exit::Usage, diagnostics),
            CompareError::Stopped(_, Some(Reached::Interrupt)) => {
                return Failure::new(Exit::Interrupted, "interrupted");
            }
            CompareError::Stopped(diagnostic, _) => (Exit::Failed, vec![*diagnostic]),
        };
        let invalid = Invalid {
            source: scenario.source.clone(),
            diagnostics,
        };
        Failure::shown(exit, invalid.render(Colour::Ansi))
    })?;
    let name = file.of_combination(&scenario.variant.combination);
    let name = name.display().to_string();
    if let Some(path) = &args.html {
        let page = compare::html(&comparison, &name, report::claim(&scenario));
        report::write(path, &page, args.open)?;
        return Ok(Exit::Held);
    }
    let why = args.why.then_some(&args.profiles[..]);
    let text = if args.json {
        compare::json(&comparison, &name, why)
    } else if quiet {
        String::new()
    } else {
        let width = args.width.unwrap_or_else(report::width);
        let mut text = compare::draw(&comparison, &name, width, args.all_rows);
        text.extend(why.map(compare::why));
        text
    };
    report::print(&text)?;
    Ok(Exit::Held)
}

/// The host that is another system in each column: the one that was named, or the first that has a
/// system.
fn subject(args: &Compare, scenario: &Scenario) -> Result<usize, Failure> {
    let path = scenario.source.path().display();
    let has_stack = |index: &usize| scenario.hosts[*index].profile().is_some();
    let index = match &args.host {
        None => (0..scenario.hosts.len()).find(has_stack),
        Some(name) => scenario.host(name).filter(has_stack),
    };
    index.ok_or_else(|| {
        let systems = (0..scenario.hosts.len()).filter(has_stack);
        let systems: Vec<&str> = systems.map(|it| &*scenario.hosts[it].name.value).collect();
        usage(match &args.host {
            None => format!("{path} has no host with a system to be replaced"),
            Some(name) => format!(
                "--host {name}: {path} has no such host with a system; it has {}",
                systems.join(", ")
            ),
        })
    })
}

/// Whether there is a profile of a name: a built-in one, or one of the scenario's own.
fn known(scenario: &Scenario, host: usize, name: &str) -> Result<(), Failure> {
    let is_system = scenario
        .stack_as(host, name)
        .is_ok_and(|it| matches!(it, crate::scenario::Stack::Profile(_)));
    if is_system || Profile::built_in(name).is_some() {
        return Ok(());
    }
    Err(usage(profiles::unknown(name)))
}
