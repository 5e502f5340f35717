//! `hangup bench`

mod args;
mod failure;
mod outputs;
mod progress;
mod replay;
mod sweep;

pub(crate) use args::Bench;
use args::What;

use super::Exit;

pub(super) fn bench(args: &Bench, quiet: bool) -> Exit {
    match &args.what {
        What::Exhaustion(args) => sweep::exhaustion(args, quiet),
    }
}
