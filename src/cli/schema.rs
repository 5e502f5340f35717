//! `hangup schema`, `hangup completions` and `hangup man`: descriptions of the program's own
//! languages for editors, shells and readers.

use clap::CommandFactory;

use super::args::{Completions, Schema};
use super::failure::{Failure, environment};
use super::{Args, Exit, report};
use crate::filter::{SupportedField, supported_fields};
use crate::scenario;

/// The name under which shells know the program.
const PROGRAM: &str = "hangup";

pub(super) fn schema(args: &Schema) -> Result<Exit, Failure> {
    let text = if args.filters {
        filters()
    } else {
        format!("{:#}\n", scenario::schema())
    };
    report::print(&text)?;
    Ok(Exit::Held)
}

/// The fields of filters, one a line.
fn filters() -> String {
    let fields: Vec<_> = supported_fields().collect();
    let width = |column: fn(&SupportedField) -> &str| {
        let widths = fields.iter().map(|it| column(it).chars().count());
        widths.max().unwrap_or(0)
    };
    let (names, kinds) = (width(|it| it.name), width(|it| &it.kind));
    let line = |it: &SupportedField| {
        let (name, kind, meaning) = (it.name, &it.kind, it.meaning);
        format!("{name:names$}  {kind:kinds$}  {meaning}\n")
    };
    fields.iter().map(line).collect()
}

pub(super) fn completions(args: &Completions) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Args::command(), PROGRAM, &mut script);
    report::print(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Held)
}

pub(super) fn man() -> Result<Exit, Failure> {
    let mut command = Args::command();
    // Gives the commands the names under which they are typed.
    command.build();
    let commands = command.get_subcommands().cloned();
    let own = commands.filter(|it| it.get_name() != "help");
    let mut page = Vec::new();
    let pages = [command.clone()].into_iter().chain(own);
    let written = pages
        .map(clap_mangen::Man::new)
        .try_for_each(|it| it.render(&mut page));
    written.map_err(|error| environment(format_args!("the manual page: {error}")))?;
    report::print(&String::from_utf8_lossy(&page))?;
    Ok(Exit::Held)
}
