//! The program as a source of packets for Wireshark (extcap): the scenarios of a folder are an
//! interface, and so are live runs.
//!
//! Wireshark asks with arguments of its own, which are none of ours: which interfaces there are,
//! what can be set, and for packets into a pipe. A capture is a command of ours with the same
//! meaning, whose trace goes there.

mod pace;

use std::ffi::OsString;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use hangup_stack::profile::Profile;

use super::exit::Exit;
use super::failure::{Failure, environment, usage};
use super::report;
use crate::diagnostic::clean;
use crate::scenario::discover::Found;
use crate::scenario::read_file;
use pace::Pace;

/// What the names of interfaces begin with.
const PREFIX: &str = "hangup-";
/// The folder whose scenarios need real programs.
const LIVE: &str = "live";
/// Nothing is set.
const AS_IT_SAYS: &str = "scenario";
/// The longest claim in a list of choices, in characters.
const CLAIM_MOST: usize = 90;

/// Answers Wireshark, if it is Wireshark that asks.
pub(super) fn answer() -> Option<ExitCode> {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    let first = arguments.first()?.to_str()?;
    if first != "--capture" && !first.starts_with("--extcap-") {
        return None;
    }
    let ended = Request::read(&arguments).and_then(|request| request.answer());
    Some(match ended {
        Ok(code) => code,
        Err(failure) => {
            report::complain(&failure.text);
            failure.exit.into()
        }
    })
}

/// What Wireshark asks.
#[derive(Debug, Default, PartialEq, Eq)]
struct Request {
    what: Option<Asked>,
    interface: String,
    fifo: Option<PathBuf>,
    scenario: String,
    file: String,
    seed: String,
    profile: String,
    host: String,
    settings: String,
    pace: String,
    rows: String,
    command: String,
    control: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    Interfaces,
    Settings,
    LinkTypes,
    Capture,
}

impl Request {
    /// Arguments that nobody here knows may come with any version; those that could ask for
    /// something are refused.
    fn read(arguments: &[OsString]) -> Result<Self, Failure> {
        let mut request = Self::default();
        let mut rest = arguments.iter().map(|it| it.to_string_lossy());
        while let Some(argument) = rest.next() {
            let (name, given) = match argument.split_once('=') {
                Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
                None => (argument.into_owned(), None),
            };
            let mut value = || {
                let value = given.clone();
                value
                    .or_else(|| rest.next().map(|it| it.into_owned()))
                    .ok_or_else(|| usage(format!("{name} has no value")))
            };
            match name.as_str() {
                "--extcap-interfaces" => request.what = Some(Asked::Interfaces),
                "--extcap-config" => request.what = Some(Asked::Settings),
                "--extcap-dlts" => request.what = Some(Asked::LinkTypes),
                "--capture" => request.what = Some(Asked::Capture),
                "--extcap-interface" => request.interface = value()?,
                "--fifo" => request.fifo = Some(value()?.into()),
                "--scenario" => request.scenario = value()?,
                "--file" => request.file = value()?,
                "--seed" => request.seed = value()?,
                "--profile" => request.profile = value()?,
                "--host" => request.host = value()?,
                "--set" => request.settings = value()?,
                "--pace" => request.pace = value()?,
                "--rows" => request.rows = value()?,
                "--command" => request.command = value()?,
                "--control" => request.control = value()?,
                // Its own, with a value or without one.
                _ if name.starts_with("--extcap-") => {}
                _ if !name.starts_with("--") => {}
                _ => {
                    return Err(usage(format!(
                        "Wireshark asks for {name}, which is unknown"
                    )));
                }
            }
        }
        Ok(request)
    }

    fn answer(&self) -> Result<ExitCode, Failure> {
        let text = match self.what {
            Some(Asked::Capture) => return self.capture(),
            Some(Asked::Interfaces) => interfaces()?,
            Some(Asked::Settings) => settings(self.folder()?)?,
            Some(Asked::LinkTypes) => "dlt {number=1}{name=EN10MB}{display=Ethernet}\n".to_owned(),
            // Of what a later version asks, there is nothing to say.
            None => String::new(),
        };
        report::print(&text)?;
        Ok(Exit::Held.into())
    }

    fn folder(&self) -> Result<&str, Failure> {
        let folder = self.interface.strip_prefix(PREFIX);
        folder.ok_or_else(|| usage(format!("there is no interface {:?}", self.interface)))
    }

    /// Runs what is asked for, its trace into the pipe.
    fn capture(&self) -> Result<ExitCode, Failure> {
        let is_live = self.folder()? == LIVE;
        let fifo = self.fifo.as_deref();
        let fifo = fifo.ok_or_else(|| usage("--capture needs --fifo"))?;
        let mut command = self.begin(if is_live { self.live()? } else { "run" })?;
        if is_live {
            command.arg("-w").arg(fifo);
            if self.command.is_empty() {
                command.arg("--control").arg(&self.control);
            } else {
                command.args(["--", "sh", "-c", &self.command]);
            }
            return in_place_of_us(command);
        }
        if self.rows == "false" {
            command.args(["--events", "none"]);
        }
        command.args(["-w", "-"]).stdout(Stdio::piped());
        let pace = Pace::read(&self.pace).map_err(|why| usage(format!("--pace: {why}")))?;
        let out = File::options().write(true).open(fifo);
        let out = out.map_err(|it| environment(format!("{}: {it}", fifo.display())))?;
        let cannot = |it| environment(format!("cannot start a run: {it}"));
        let mut child = command.spawn().map_err(cannot)?;
        if let Some(trace) = child.stdout.take() {
            pace.copy(trace, out).map_err(environment)?;
        }
        let status = child.wait().map_err(cannot)?;
        // A scenario that failed has its trace, which says so.
        let is_shown = matches!(status.code(), Some(0 | 1));
        Ok(if is_shown {
            Exit::Held
        } else {
            Exit::Environment
        }
        .into())
    }

    /// Which command a live capture is.
    fn live(&self) -> Result<&'static str, Failure> {
        match (self.command.is_empty(), self.control.is_empty()) {
            (false, _) => Ok("exec"),
            (true, false) => Ok("serve"),
            (true, true) => Err(usage(
                "a live run needs a program (Program), or a socket of control (Control socket)",
            )),
        }
    }

    /// The scenario that is captured: where none is chosen, the first of the folder, as the
    /// settings say.
    fn scenario(&self) -> Result<String, Failure> {
        let chosen = [&self.file, &self.scenario];
        match chosen.into_iter().find(|it| !it.is_empty()) {
            Some(chosen) => Ok(chosen.clone()),
            None => {
                let scenarios = scenarios(self.folder()?)?;
                let first = scenarios.first().map(|it| it.name.display().to_string());
                first.ok_or_else(|| usage("the folder has no scenario"))
            }
        }
    }

    /// The command with what all of them take.
    fn begin(&self, name: &str) -> Result<Command, Failure> {
        let program = std::env::current_exe()
            .map_err(|error| environment(format!("where this program is: {error}")))?;
        let scenario = &self.scenario()?;
        let mut command = Command::new(program);
        command
            .arg("-q")
            .arg(name)
            .arg(scenario)
            .stdin(Stdio::null());
        if !self.seed.is_empty() {
            command.args(["--seed", &self.seed]);
        }
        if !self.host.is_empty() {
            command.args(["--at", &self.host]);
        }
        for setting in self.settings.split_whitespace() {
            command.args(["--set", setting]);
        }
        if !self.profile.is_empty() && self.profile != AS_IT_SAYS {
            let host = first_host(Path::new(scenario))?;
            let setting = format!("hosts.{host}.profile={}", self.profile);
            command.args(["--set", &setting]);
        }
        Ok(command)
    }
}

/// The name of the host that a scenario is about.
fn first_host(path: &Path) -> Result<String, Failure> {
    let found = report::select(&[path.to_owned()])?;
    let [file] = &found[..] else {
        return Err(usage("one scenario is captured, and more were chosen"));
    };
    let read = report::load(file, &[])?;
    let host = read
        .first()
        .hosts
        .first()
        .map(|host| host.name.value.clone());
    host.ok_or_else(|| usage("the scenario has no host"))
}

/// Lets a command be this process, so that a signal of Wireshark's reaches it.
#[cfg(unix)]
fn in_place_of_us(mut command: Command) -> Result<ExitCode, Failure> {
    use std::os::unix::process::CommandExt;
    let error = command.exec();
    Err(environment(format!("cannot start a live run: {error}")))
}

/// Elsewhere there are no live runs, and the command says so.
#[cfg(not(unix))]
fn in_place_of_us(mut command: Command) -> Result<ExitCode, Failure> {
    let ran = command.status();
    ran.map_err(|error| environment(format!("cannot start a live run: {error}")))?;
    Ok(Exit::Environment.into())
}

/// The scenarios by the folder that they are in.
fn folders() -> Result<Vec<(String, Vec<Found>)>, Failure> {
    let mut folders: Vec<(String, Vec<Found>)> = Vec::new();
    for found in report::select(&[])? {
        let mut parts = found.name.iter();
        let folder = parts.next().map(|it| it.to_string_lossy().into_owned());
        let Some(folder) = folder.filter(|_| parts.next().is_some()) else {
            continue;
        };
        match folders.iter_mut().find(|(name, _)| *name == folder) {
            Some((_, scenarios)) => scenarios.push(found),
            None => folders.push((folder, vec![found])),
        }
    }
    Ok(folders)
}

/// The scenarios of a folder.
fn scenarios(folder: &str) -> Result<Vec<Found>, Failure> {
    let found = folders()?.into_iter().find(|(name, _)| name == folder);
    let (_, scenarios) =
        found.ok_or_else(|| usage(format!("there is no folder {folder:?} of scenarios")))?;
    Ok(scenarios)
}

fn interfaces() -> Result<String, Failure> {
    let version = env!("CARGO_PKG_VERSION");
    let mut text = format!("extcap {{version={version}}}{{display=hangup}}\n");
    for (folder, scenarios) in folders()? {
        let what = match folder == LIVE {
            true => "real programs among emulated hosts".to_owned(),
            false => format!("{} scenarios", scenarios.len()),
        };
        let (folder, what) = (shown(&folder), shown(&what));
        text.push_str(&format!(
            "interface {{value={PREFIX}{folder}}}{{display=hangup {folder}: {what}}}\n"
        ));
    }
    Ok(text)
}

/// What can be set of an interface.
fn settings(folder: &str) -> Result<String, Failure> {
    let scenarios = scenarios(folder)?;
    let mut text = Settings::default();
    text.add("scenario", "Scenario", "{type=selector}{group=Scenario}");
    for (index, file) in scenarios.iter().enumerate() {
        let name = file.name.display().to_string();
        let short = name
            .strip_prefix(folder)
            .map_or(name.as_str(), |it| it.trim_matches('/'));
        let claim: String = claim(&file.path).chars().take(CLAIM_MOST).collect();
        text.choice(&name, &format!("{short}: {claim}"), index == 0);
    }
    text.add(
        "file",
        "Or a file",
        "{type=fileselect}{mustexist=true}{group=Scenario}\
         {tooltip=A scenario of your own, in place of the one above}",
    );
    text.add(
        "seed",
        "Seed",
        "{type=string}{group=Scenario}{tooltip=Empty: that of the scenario}",
    );
    text.add(
        "profile",
        "System of the first host",
        "{type=selector}{group=Scenario}",
    );
    text.choice(AS_IT_SAYS, "as the scenario says", true);
    for name in Profile::names() {
        text.choice(name, name, false);
    }
    text.add(
        "set",
        "Settings",
        "{type=string}{group=Scenario}{tooltip=KEY=VALUE, as for --set, with blanks between}",
    );
    text.add(
        "host",
        "Seen at host",
        "{type=string}{group=Capture}{tooltip=Empty: the first}",
    );
    if folder == LIVE {
        text.add(
            "command",
            "Program",
            "{type=string}{group=Capture}\
             {tooltip=A line for the shell, such as: curl http://$HANGUP_SERVER:4242/}",
        );
        text.add(
            "control",
            "Control socket",
            "{type=string}{group=Capture}\
             {tooltip=Without a program: hosts stay up, and lines of control come by this path}",
        );
    } else {
        text.add("pace", "Pace", "{type=selector}{group=Capture}");
        for (index, (value, name)) in pace::CHOICES.iter().enumerate() {
            text.choice(value, name, index == 0);
        }
        text.add(
            "rows",
            "Calls and facts as rows",
            "{type=boolean}{default=true}{group=Capture}",
        );
    }
    Ok(text.text)
}

/// What a scenario claims: its first line. Nothing else of it is read, as Wireshark asks at each
/// start.
fn claim(path: &Path) -> String {
    let octets = read_file(path).unwrap_or_default();
    let text = String::from_utf8_lossy(&octets);
    let line = text.lines().next().unwrap_or_default();
    line.trim_start_matches('#').trim().to_owned()
}

/// The sentences that tell Wireshark what can be set.
#[derive(Default)]
struct Settings {
    text: String,
    count: usize,
}

impl Settings {
    fn add(&mut self, name: &str, display: &str, rest: &str) {
        let number = self.count;
        self.count += 1;
        self.text.push_str(&format!(
            "arg {{number={number}}}{{call=--{name}}}{{display={display}}}{rest}\n"
        ));
    }

    /// A choice of the setting that was added last.
    fn choice(&mut self, value: &str, display: &str, is_default: bool) {
        let (number, value, display) = (self.count - 1, shown(value), shown(display));
        self.text.push_str(&format!(
            "value {{arg={number}}}{{value={value}}}{{display={display}}}{{default={is_default}}}\n"
        ));
    }
}

/// A text between braces.
fn shown(text: &str) -> String {
    clean(text).replace('{', "(").replace('}', ")")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(arguments: &[&str]) -> Result<Request, Failure> {
        Request::read(&arguments.iter().map(OsString::from).collect::<Vec<_>>())
    }

    #[test]
    fn what_wireshark_asks_is_read() {
        let request = read(&["--extcap-interfaces", "--extcap-version=4.0"]).unwrap();
        assert_eq!(request.what, Some(Asked::Interfaces));
        let request = read(&[
            "--capture",
            "--extcap-interface",
            "hangup-close",
            "--fifo",
            "/tmp/pipe",
            "--extcap-capture-filter",
            "tcp",
            "--seed",
            "7",
        ]);
        let request = request.unwrap();
        assert_eq!(request.what, Some(Asked::Capture));
        assert_eq!(
            (request.folder().unwrap(), request.seed.as_str()),
            ("close", "7")
        );
        assert_eq!(request.fifo.as_deref(), Some(Path::new("/tmp/pipe")));
    }

    #[test]
    fn what_makes_no_sense_is_an_error() {
        let text = |arguments: &[&str]| match read(arguments).and_then(|it| it.answer()) {
            Ok(_) => String::new(),
            Err(failure) => failure.text,
        };
        for (arguments, says) in [
            (&["--capture", "--extcap-interface"][..], "has no value"),
            (
                &["--capture", "--delete", "all"],
                "--delete, which is unknown",
            ),
            (
                &["--extcap-config", "--extcap-interface", "eth0"],
                "no interface \"eth0\"",
            ),
            (
                &["--extcap-config", "--extcap-interface", "hangup-x"],
                "no folder \"x\"",
            ),
            (
                &["--capture", "--extcap-interface", "hangup-close"],
                "needs --fifo",
            ),
            (
                &[
                    "--capture",
                    "--extcap-interface",
                    "hangup-live",
                    "--fifo",
                    "/nowhere",
                ],
                "needs a program",
            ),
        ] {
            let text = text(arguments);
            assert!(text.contains(says), "{arguments:?}: {text}");
        }
    }

    #[test]
    fn braces_of_a_claim_do_not_end_a_sentence() {
        let mut settings = Settings::default();
        settings.add("scenario", "Scenario", "{type=selector}");
        settings.choice("a", "linger {1, 0}", true);
        let line = settings.text.lines().last().unwrap();
        assert_eq!(
            line,
            "value {arg=0}{value=a}{display=linger (1, 0)}{default=true}"
        );
    }
}
