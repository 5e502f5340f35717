//! `hangup verify`

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::path::Path;
use std::sync::Mutex;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use smoltcp::time::Duration as Span;

use super::args::Verify;
use super::failure::{Failure, environment, refusal, usage};
use super::kernel::{By, Subject, child, enter, patience, through, until_said};
use super::progress::ProgressLine;
use super::{Exit, interrupt, packetdrill, report};
use crate::files;
use crate::packetdrill::{Leftovers, ScriptOutcome};
use crate::run::{Outcome, Patience, Tolerance};
use crate::scenario::discover::Found;
use crate::verify::{self, Account, Case, CaseResult, Drift, Reason, Report};

/// How often a difference must be seen before it is one.
const RUNS: usize = 3;

/// How many knobs that are turned are named.
const KNOBS_NAMED: usize = 3;

/// How long the answer to the last statement is waited for.
const ANSWERED: Span = Span::from_millis(100);

/// How far from its time something may happen, as packetdrill has it.
const TOLERANCE: Tolerance = Tolerance {
    least: Span::from_millis(4),
    percent: 12.5,
};

/// What a process hands back.
#[derive(Debug, Serialize, Deserialize)]
struct Played {
    account: Option<Account>,
    /// Why there is none.
    why: String,
    late_micros: u64,
    is_too_late: bool,
}

/// The file of `--reasons`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Reasons {
    #[serde(default)]
    drift: Vec<Reason>,
}

/// A case: a file, and which one of it.
#[derive(Debug)]
struct Item {
    file: Found,
    index: usize,
    name: String,
}

/// # Errors
/// Why nothing was compared.
pub(super) fn verify(args: &Verify, quiet: bool) -> Result<Exit, Failure> {
    if let Some([index, attempt]) = args.kernel_worker.as_deref() {
        return worker(args, *index, *attempt);
    }
    interrupt::listen().map_err(environment)?;
    let reasons = reasons(args)?;
    let items = items(args)?;
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(args.jobs.into())
        .build();
    let pool = pool.map_err(|error| environment(format_args!("cannot start threads: {error}")))?;
    let told = Mutex::new(Told::new(items.len(), args.json, quiet));
    let one = |(index, item): (usize, &Item)| -> Result<Option<Case>, Failure> {
        let result = match interrupt::has_come() {
            true => None,
            false => case(args, item)?,
        };
        let case = result.map(|result| Case {
            name: item.name.clone(),
            result: reasons.explain(result, &item.name),
        });
        if let Ok(mut told) = told.lock() {
            told.tell(index, item, case.as_ref())?;
        }
        Ok(case)
    };
    let cases = pool.install(|| {
        let cases = items.par_iter().enumerate().map(one);
        cases.collect::<Result<Vec<Option<Case>>, Failure>>()
    })?;
    if interrupt::has_come() {
        return Err(Failure::new(Exit::Interrupted, "interrupted"));
    }
    let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let outcome = Report {
        kernel: release.trim().to_owned(),
        cases: cases.into_iter().flatten().collect(),
    };
    if outcome.cases.is_empty() {
        return Err(Failure::new(
            Exit::Nothing,
            "no host of what was selected is Linux",
        ));
    }
    let shown = match args.json {
        true => verify::json(&outcome).map_err(environment)?,
        false => outcome.summary(),
    };
    report::print(&shown)?;
    if let Some(path) = &args.page {
        files::write_atomically(path, verify::page(&outcome).as_bytes()).map_err(environment)?;
    }
    let [_, _, unexplained, _] = outcome.counts();
    Ok(match unexplained {
        0 => Exit::Held,
        _ => Exit::Failed,
    })
}

/// What was said so far: cases are told in their order as soon as it is their turn.
struct Told {
    progress: ProgressLine,
    early: BTreeMap<usize, String>,
    next: usize,
    is_json: bool,
    quiet: bool,
}

impl Told {
    fn new(total: usize, is_json: bool, quiet: bool) -> Self {
        Self {
            progress: ProgressLine::new(total, quiet),
            early: BTreeMap::new(),
            next: 0,
            is_json,
            quiet,
        }
    }

    fn tell(&mut self, index: usize, item: &Item, case: Option<&Case>) -> Result<(), Failure> {
        let text = match case {
            Some(case) if !self.is_json => verify::text(case, !self.quiet),
            Some(_) | None => String::new(),
        };
        self.early.insert(index, text);
        self.progress.step(&item.name);
        while let Some(text) = self.early.remove(&self.next) {
            self.next += 1;
            self.progress.aside(|| report::print(&text))?;
        }
        Ok(())
    }
}

fn reasons(args: &Verify) -> Result<Reasons, Failure> {
    let Some(path) = &args.reasons else {
        return Ok(Reasons::default());
    };
    let shown = path.display();
    let text = std::fs::read_to_string(path);
    let text = text.map_err(|error| environment(format_args!("cannot read {shown}: {error}")))?;
    toml::from_str(&text).map_err(|error| usage(format_args!("{shown}: {error}")))
}

impl Reasons {
    /// Why a case drifts.
    fn of(&self, name: &str) -> Option<&str> {
        let is_it = |it: &&Reason| it.cases.iter().any(|it| it == name);
        self.drift.iter().find(is_it).map(|it| it.reason.as_str())
    }

    fn explain(&self, result: CaseResult, name: &str) -> CaseResult {
        match result {
            CaseResult::Drifts { drifts, .. } => CaseResult::Drifts {
                drifts,
                reason: self.of(name).map(str::to_owned),
            },
            CaseResult::Same | CaseResult::LeftOut { .. } => result,
        }
    }
}

/// What was asked for: every combination of every scenario, and every script.
fn items(args: &Verify) -> Result<Vec<Item>, Failure> {
    let scripts = packetdrill::select(&args.paths)?;
    let scenarios = match packetdrill::other_paths(&args.paths, &scripts) {
        Some(paths) => report::select(&paths)?,
        None => Vec::new(),
    };
    let mut items = Vec::new();
    for file in scenarios {
        let Ok(read) = crate::scenario::ScenarioFile::load(&file.path, &[]) else {
            let name = file.name.display().to_string();
            items.push(Item {
                file,
                index: 0,
                name,
            });
            continue;
        };
        for index in 0..read.len() {
            let combination = read.combination(index).unwrap_or_default();
            let name = file.of_combination(combination).display().to_string();
            let file = file.clone();
            items.push(Item { file, index, name });
        }
    }
    items.extend(scripts.into_iter().map(|file| {
        let name = file.name.display().to_string();
        Item {
            file,
            index: 0,
            name,
        }
    }));
    Ok(items)
}

/// Compares a case. None: no host of it is Linux.
fn case(args: &Verify, item: &Item) -> Result<Option<CaseResult>, Failure> {
    let left_out = |why: String| Ok(Some(CaseResult::LeftOut { why }));
    let load = |by| Subject::load(&item.file.path, item.index, &[], &args.scripts, by);
    let subject = match load(By::Emulation)? {
        Ok(subject) => subject,
        Err(error) => {
            return left_out(first_line(&error));
        }
    };
    let Some(host) = subject.kernel() else {
        return Ok(None);
    };
    if let Some(why) = subject.obstacle(host) {
        return left_out(why);
    }
    let turned = subject.turned(host);
    if !turned.is_empty() {
        return left_out(turned_knobs(&turned));
    }
    let scenario = subject.scenario();
    let emulated = match subject.emulate(None, Leftovers::Allowed) {
        ScriptOutcome::Passed(outcome) | ScriptOutcome::Failed(outcome) => outcome,
        ScriptOutcome::Unsupported(reasons) => {
            let why = reasons.first().map_or("", |it| it.message.as_str());
            return left_out(format!("the emulation does not play it: {why}"));
        }
    };
    if through(scenario, &emulated) > Span::from_secs(args.longest) {
        return left_out(format!("it takes more than {} s", args.longest));
    }
    let account = Account::of(scenario, &emulated, host);
    beside(args, item, &account).map(Some)
}

/// Compares what the emulation did with the kernel, in as many runs as it takes.
fn beside(args: &Verify, item: &Item, account: &Account) -> Result<CaseResult, Failure> {
    let mut runs = 0;
    let mut seen = Seen::default();
    let said = until_said(
        |attempt| play(args, item, attempt),
        |played| {
            // What is late may do anything, but for what is always the same.
            runs += if played.is_too_late { 1 } else { RUNS };
            seen.take(account, played);
            runs >= RUNS * RUNS || seen.is_decided()
        },
    );
    let interrupted = || CaseResult::LeftOut {
        why: "it was interrupted".to_owned(),
    };
    Ok(match (said.map_err(refusal)?, seen) {
        (_, Seen { never, .. }) if !never.is_empty() => CaseResult::LeftOut { why: never },
        (None, _) | (_, Seen { always: None, .. }) => interrupted(),
        (Some(_), Seen { always, .. }) => match always.unwrap_or_default() {
            drifts if drifts.is_empty() => CaseResult::Same,
            drifts => CaseResult::Drifts {
                drifts,
                reason: None,
            },
        },
    })
}

/// The differences that were seen in every run.
#[derive(Debug, Default)]
struct Seen {
    always: Option<Vec<Drift>>,
    /// Why there is nothing to compare.
    never: String,
}

impl Seen {
    fn take(&mut self, account: &Account, played: &Played) {
        let Some(kernel) = &played.account else {
            self.never.clone_from(&played.why);
            return;
        };
        let late = Span::from_micros(played.late_micros).min(TOLERANCE.least);
        let drifts = verify::drifts(account, kernel, TOLERANCE, late);
        let now: BTreeSet<String> = drifts.iter().map(|it| it.key.clone()).collect();
        self.always = Some(match self.always.take() {
            None => drifts,
            Some(before) => {
                let before = before.into_iter();
                before.filter(|it| now.contains(&it.key)).collect()
            }
        });
    }

    /// Whether no run can change it.
    fn is_decided(&self) -> bool {
        !self.never.is_empty() || self.always.as_ref().is_some_and(Vec::is_empty)
    }
}

/// Why a host with these knobs turned is not compared.
fn turned_knobs(turned: &[String]) -> String {
    let (named, rest) = turned.split_at(turned.len().min(KNOBS_NAMED));
    let more = match rest.len() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let named = named.join(", ");
    format!("its Linux host is no kernel as it comes: {named}{more}")
}

/// Plays a case on the kernel, in a process of its own.
///
/// # Errors
/// The process does not begin, or ends without a result.
fn play(args: &Verify, item: &Item, attempt: usize) -> Result<Played, String> {
    let output = child(|command| {
        command.args(["verify", "--kernel-worker"]);
        command.args([item.index, attempt].map(|it| it.to_string()));
        args.scripts.push_to(command);
        command.arg("--").arg(&item.file.path);
    })?;
    serde_json::from_slice(&output).map_err(|error| format!("the process that plays it: {error}"))
}

/// What a process does that plays one case.
///
/// # Errors
/// The machine does not let it have a namespace, or standard output is gone.
fn worker(args: &Verify, index: usize, attempt: usize) -> Result<Exit, Failure> {
    enter()?;
    let path = args.paths.first().map_or(Path::new(""), |it| it.as_path());
    let not_played = |why: String| Played {
        account: None,
        why,
        late_micros: 0,
        is_too_late: false,
    };
    let load = |by| Subject::load(path, index, &[], &args.scripts, by);
    let emulated = load(By::Emulation)?.map(|it| it.emulate(None, Leftovers::Allowed));
    let mut waits = Patience {
        end: ANSWERED,
        ..Patience::default()
    };
    let played = match load(By::Kernel)? {
        Err(error) => not_played(first_line(&error)),
        Ok(subject) => {
            if let Ok(ScriptOutcome::Passed(emulated) | ScriptOutcome::Failed(emulated)) = emulated
            {
                let through = through(subject.scenario(), &emulated);
                waits = patience(subject.scenario(), through, ANSWERED);
            }
            let played = subject.play(None, Leftovers::Allowed, (waits, attempt));
            let (outcome, _) = played.map_err(refusal)?;
            match outcome {
                ScriptOutcome::Passed(outcome) | ScriptOutcome::Failed(outcome) => {
                    of(&subject, &outcome)
                }
                ScriptOutcome::Unsupported(reasons) => {
                    let why = reasons.first().map_or("", |it| it.message.as_str());
                    not_played(format!("it cannot be played on the kernel: {why}"))
                }
            }
        }
    };
    let text = serde_json::to_string(&played).map_err(environment)?;
    report::print(&text)?;
    Ok(Exit::Held)
}

fn of(subject: &Subject, outcome: &Outcome) -> Played {
    let host = subject.kernel().unwrap_or(hangup_stack::network::HostId(0));
    let unmade = outcome.account.unmade.first();
    Played {
        account: match unmade {
            None => Some(Account::of(subject.scenario(), outcome, host)),
            Some(_) => None,
        },
        why: unmade.map_or_else(String::new, |it| {
            format!("it cannot be played on the kernel: {}", it.message)
        }),
        late_micros: outcome.lateness.longest().total_micros(),
        is_too_late: outcome.lateness.is_too_late(),
    }
}

/// What an error says first; what follows is its place.
fn first_line(error: &impl Display) -> String {
    let text = error.to_string();
    text.lines().next().unwrap_or_default().to_owned()
}
