//! `hangup bench`

mod args;
mod outputs;
mod progress;
mod replay;
mod sweep;

pub(crate) use args::Bench;
use args::MeasurementCommand;

use super::Exit;
use super::args::Limits;
use super::failure::Failure;

pub(super) fn bench(args: &Bench, limits: &Limits, quiet: bool) -> Result<Exit, Failure> {
    match &args.what {
        MeasurementCommand::Exhaustion(args) => sweep::exhaustion(args, limits, quiet),
    }
}
