//! The jobs of `hangup run`: every selected script, and every selected combination of every
//! scenario.

use std::path::{Path, PathBuf};

use rayon::prelude::*;

use crate::cli::args::Run;
use crate::cli::failure::{Failure, usage};
use crate::cli::parallel::Named;
use crate::cli::{Exit, packetdrill, report};
use crate::diagnostic::clean;
use crate::language::cells::{padded, widest};
use crate::packetdrill::Script;
use crate::report::{CaseKind, TestCase};
use crate::scenario::discover::Found;
use crate::scenario::{Facts, LoadError, ScenarioFile, Selection, Setting};

/// The files that were asked for, each kind sorted by name.
#[derive(Debug)]
pub(super) struct Files {
    scenarios: Vec<Found>,
    scripts: Vec<Found>,
}

impl Files {
    /// # Errors
    /// There are none, or what was asked for cannot be done with them.
    pub(super) fn select(args: &Run) -> Result<Self, Failure> {
        let mut scripts = packetdrill::select(&args.paths)?;
        let scenarios = match packetdrill::other_paths(&args.paths, &scripts) {
            Some(paths) => report::select(&paths)?,
            None => Vec::new(),
        };
        if !scripts.is_empty() && !args.settings.is_empty() {
            if scenarios.is_empty() {
                let message = "a packetdrill script has no keys to --set: it has options";
                return Err(usage(message));
            }
            report::complain(&format!(
                "hangup: packetdrill scripts have no keys to --set: {} left out\n",
                scripts.len()
            ));
            scripts.clear();
        }
        if args.bless {
            if scenarios.is_empty() {
                let message = "packetdrill scripts have no golden traces to --bless";
                return Err(usage(message));
            }
            scripts.clear();
        }
        if scripts.is_empty() && args.scripts.say_something() {
            return Err(usage(
                "--ip-version, --define and --leftovers are for packetdrill scripts, and none was \
                 selected",
            ));
        }
        Ok(Self { scenarios, scripts })
    }

    /// Whether nothing that is written takes the place of one of them.
    ///
    /// # Errors
    /// Which one would be overwritten.
    pub(super) fn are_no_outputs(&self, args: &Run) -> Result<(), Failure> {
        let outputs = [
            ("-w", &args.write),
            ("--report-file", &args.report_file),
            ("--export-pkt", &args.export_pkt),
        ];
        for (option, output) in outputs {
            // What is not there yet is none of them.
            let output = output.as_deref().and_then(|it| it.canonicalize().ok());
            let Some(output) = output else { continue };
            let mut inputs = self.scenarios.iter().chain(&self.scripts);
            let is_input = |it: &Found| it.path.canonicalize().is_ok_and(|it| it == output);
            if inputs.any(is_input) {
                let shown = output.display();
                let message = format!("{option} would overwrite {shown}, which is to be run");
                return Err(usage(message));
            }
        }
        Ok(())
    }

    /// Reads all of them, the scenarios first.
    ///
    /// # Errors
    /// What scripts are played with makes no sense.
    pub(super) fn read(&self, args: &Run) -> Result<Vec<Read>, Failure> {
        let settings = settings(args);
        let scenarios = self.scenarios.par_iter();
        let load = |path: &Path| match &args.scripts.options.profile {
            Some(profile) => ScenarioFile::load_as(path, &settings, profile),
            None => ScenarioFile::load(path, &settings),
        };
        let scenarios = scenarios.map(|it| Read::Scenario(load(&it.path)));
        let mut reads: Vec<Read> = scenarios.collect();
        if !self.scripts.is_empty() {
            let options = match args.kernel {
                true => packetdrill::options_on_kernel(&args.scripts.options)?,
                false => packetdrill::options(&args.scripts.options)?,
            };
            let scripts = self.scripts.par_iter();
            let scripts = scripts.map(|it| Read::Script(Script::load(&it.path, &options)));
            reads.par_extend(scripts);
        }
        Ok(reads)
    }
}

/// Whether at most one scenario or script was selected, where one file is to be written of it.
///
/// # Errors
/// There are more.
pub(super) fn at_most_one(args: &Run, jobs: &[Job<'_>]) -> Result<(), Failure> {
    let option = match (&args.write, &args.export_pkt) {
        (Some(_), _) => "-w writes one trace",
        (None, Some(_)) => "--export-pkt writes one script",
        (None, None) => return Ok(()),
    };
    let count = jobs.len();
    if count != 1 {
        let scripts = jobs.iter().filter(|it| it.kind() == CaseKind::Script);
        let what = match scripts.count() {
            0 => "scenarios",
            scripts if scripts == count => "scripts",
            _ => "scenarios and scripts",
        };
        return Err(usage(format_args!(
            "{option}, and {count} {what} were selected: name one"
        )));
    }
    Ok(())
}

/// The expression of `--filter`.
///
/// # Errors
/// It is wrong.
pub(super) fn selection(args: &Run) -> Result<Option<Selection>, Failure> {
    let Some(text) = &args.filter else {
        return Ok(None);
    };
    Selection::parse(text)
        .map(Some)
        .map_err(|diagnostic| report::wrong_option("--filter", text, &diagnostic))
}

/// What the command line sets: a seed is a key like others.
fn settings(args: &Run) -> Vec<Setting> {
    let seed = args.seed.map(|seed| format!("seed={seed}").parse());
    let seed = seed.and_then(Result::ok);
    args.settings.iter().cloned().chain(seed).collect()
}

/// A file that was read, or what is wrong with it.
#[derive(Debug)]
pub(super) enum Read {
    Scenario(Result<ScenarioFile, LoadError>),
    Script(Result<Script, LoadError>),
}

impl Read {
    /// How many scenarios or scripts are in it; one that is wrong counts.
    fn len(&self) -> usize {
        match self {
            Self::Scenario(read) => read.as_ref().map_or(1, ScenarioFile::len),
            Self::Script(_) => 1,
        }
    }
}

/// One thing to run or to report: a scenario or a script, or a file that has none.
#[derive(Debug)]
pub(super) struct Job<'a> {
    pub(super) file: &'a Found,
    /// The name of its trace.
    pub(super) name: PathBuf,
    pub(super) read: &'a Read,
    /// Which combination of the file's.
    pub(super) index: usize,
}

impl Job<'_> {
    pub(super) fn kind(&self) -> CaseKind {
        match self.read {
            Read::Scenario(_) => CaseKind::Scenario,
            Read::Script(_) => CaseKind::Script,
        }
    }

    /// Whether it is selected; None where only its name is known, and does not decide.
    fn is_selected(&self, selection: &Selection) -> Option<bool> {
        let name = self.name.display().to_string();
        match self.read {
            Read::Scenario(Ok(file)) => {
                let scenario = file.scenario(self.index);
                let facts = scenario.as_ref().map(Facts::of);
                selection.selects(&name, facts.as_ref())
            }
            Read::Script(Ok(script)) => selection.selects(&name, Some(&script.facts())),
            Read::Scenario(Err(_)) | Read::Script(Err(_)) => selection.selects(&name, None),
        }
    }

    /// What it shows, in one sentence; none where there is nothing to run.
    fn claim(&self) -> Option<String> {
        match self.read {
            Read::Scenario(read) => {
                let scenario = read.as_ref().ok()?.scenario(self.index)?;
                Some(report::claim(&scenario).to_owned())
            }
            Read::Script(read) => Some(read.as_ref().ok()?.claim().to_owned()),
        }
    }
}

impl Named for Job<'_> {
    /// What is said of it before it ran.
    fn not_run(&self) -> TestCase {
        let name = self.name.display().to_string();
        TestCase::not_run(self.kind(), &name, &self.file.path)
    }
}

/// Every script, and every combination of every scenario, that is selected.
pub(super) fn jobs<'a>(
    files: &'a Files,
    reads: &'a [Read],
    selection: Option<&Selection>,
) -> Vec<Job<'a>> {
    let mut jobs = Vec::new();
    let files = files.scenarios.iter().chain(&files.scripts);
    for (file, read) in files.zip(reads) {
        jobs.extend((0..read.len()).map(|index| {
            let combination = match read {
                Read::Scenario(Ok(scenarios)) => scenarios.combination(index),
                Read::Scenario(Err(_)) | Read::Script(_) => None,
            };
            Job {
                file,
                name: file.of_combination(combination.unwrap_or_default()),
                read,
                index,
            }
        }));
    }
    if let Some(selection) = selection {
        // What is wrong with a file is said, unless its name alone leaves it out.
        jobs.retain(|job| job.is_selected(selection) != Some(false));
    }
    jobs
}

/// `--list`
pub(super) fn list(jobs: &[Job<'_>]) -> Result<Exit, Failure> {
    let names: Vec<String> = jobs
        .iter()
        .map(|job| clean(&job.name.to_string_lossy()).into_owned())
        .collect();
    let width = widest(names.iter().map(String::as_str));
    for (job, name) in jobs.iter().zip(names) {
        let claim = job.claim().unwrap_or_else(|| "invalid".to_owned());
        let line = format!("{}  {}", padded(&name, width), clean(&claim));
        report::print(&format!("{}\n", line.trim_end()))?;
    }
    Ok(Exit::Held)
}
