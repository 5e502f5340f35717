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
use super::kernel::{By, Subject, child, enter, until_said};
use super::progress::ProgressLine;
use super::{Exit, interrupt, packetdrill, report};
use crate::files;
use crate::packetdrill::{Leftovers, ScriptOutcome};
use crate::run::{Outcome, Tolerance};
use crate::scenario::discover::Found;
use crate::verify::{self, Account, Case, CaseResult, Drift, Reason, Report};

/// How often a difference must be seen before it is one.
const RUNS: usize = 3;

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
    if let Some(index) = args.kernel_worker {
        return worker(args, index);
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
            result: explained(result, &item.name, &reasons),
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

fn explained(result: CaseResult, name: &str, reasons: &Reasons) -> CaseResult {
    match result {
        CaseResult::Drifts { drifts, .. } => {
            let mut known = reasons.drift.iter();
            let reason = known.find(|it| it.cases.iter().any(|it| it == name));
            CaseResult::Drifts {
                drifts,
                reason: reason.map(|it| it.reason.clone()),
            }
        }
        CaseResult::Same | CaseResult::LeftOut { .. } => result,
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
    let scenario = subject.scenario();
    let emulated = match subject.emulate(None, Leftovers::Allowed) {
        ScriptOutcome::Passed(outcome) | ScriptOutcome::Failed(outcome) => outcome,
        ScriptOutcome::Unsupported(reasons) => {
            let why = reasons.first().map_or("", |it| it.message.as_str());
            return left_out(format!("the emulation does not play it: {why}"));
        }
    };
    if emulated.ended.total_micros() > i64::try_from(args.longest).unwrap_or(0) * 1_000_000 {
        return left_out(format!("it takes more than {} s", args.longest));
    }
    let account = Account::of(scenario, &emulated, host);
    let mut runs = 0;
    let mut always: Option<Vec<Drift>> = None;
    let mut never = String::new();
    let said = until_said(
        || play(args, item),
        |played| {
            let Some(kernel) = &played.account else {
                never.clone_from(&played.why);
                return true;
            };
            let late = Span::from_micros(played.late_micros).min(TOLERANCE.least);
            let drifts = verify::drifts(&account, kernel, TOLERANCE, late);
            if drifts.is_empty() {
                always = Some(drifts);
                return true;
            }
            // What is late may do anything, but for what is always the same.
            runs += if played.is_too_late { 1 } else { RUNS };
            let now: BTreeSet<String> = drifts.iter().map(|it| it.key.clone()).collect();
            always = Some(match always.take() {
                None => drifts,
                Some(before) => before
                    .into_iter()
                    .filter(|it| now.contains(&it.key))
                    .collect(),
            });
            runs >= RUNS * RUNS || always.as_ref().is_some_and(Vec::is_empty)
        },
    );
    Ok(Some(match (said, always) {
        (Err(why), _) => return Err(refusal(why)),
        (Ok(_), None) if never.is_empty() => CaseResult::LeftOut {
            why: "it was interrupted".to_owned(),
        },
        (Ok(_), None) => CaseResult::LeftOut { why: never },
        (Ok(None), Some(_)) => CaseResult::LeftOut {
            why: "the machine is too busy".to_owned(),
        },
        (Ok(Some(_)), Some(drifts)) if drifts.is_empty() => CaseResult::Same,
        (Ok(Some(_)), Some(drifts)) => CaseResult::Drifts {
            drifts,
            reason: None,
        },
    }))
}

/// Plays a case on the kernel, in a process of its own.
///
/// # Errors
/// The process does not begin, or ends without a result.
fn play(args: &Verify, item: &Item) -> Result<Played, String> {
    let output = child(|command| {
        command.args(["verify", "--kernel-worker"]);
        command.arg(item.index.to_string());
        args.scripts.push_to(command);
        command.arg("--").arg(&item.file.path);
    })?;
    serde_json::from_slice(&output).map_err(|error| format!("the process that plays it: {error}"))
}

/// What a process does that plays one case.
///
/// # Errors
/// The machine does not let it have a namespace, or standard output is gone.
fn worker(args: &Verify, index: usize) -> Result<Exit, Failure> {
    enter()?;
    let path = args.paths.first().map_or(Path::new(""), |it| it.as_path());
    let not_played = |why: String| Played {
        account: None,
        why,
        late_micros: 0,
        is_too_late: false,
    };
    let played = match Subject::load(path, index, &[], &args.scripts, By::Kernel)? {
        Err(error) => not_played(first_line(&error)),
        Ok(subject) => {
            let (outcome, _) = subject.play(None, Leftovers::Allowed).map_err(refusal)?;
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
