//! The program: arguments in, an exit code out. Everything else is in the library, but the files
//! that are shipped inside the program.

use std::path::PathBuf;
use std::process::ExitCode;

use hangup::shipped::{self, Files};
use include_dir::{Dir, include_dir};
use mimalloc::MiMalloc;

/// Runs are short, and many: a tenth of their time was the system's allocator.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

static SCENARIOS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/scenarios");
static DOCUMENTS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/docs");

fn main() -> ExitCode {
    let mut files = Files::new();
    for (root, folder) in [("scenarios", &SCENARIOS), ("docs", &DOCUMENTS)] {
        add(&mut files, root, folder);
    }
    shipped::ship(files);
    hangup::cli::main()
}

/// Adds the files of a folder and of those in it.
fn add(files: &mut Files, root: &str, folder: &'static Dir<'static>) {
    let own = folder.files();
    files.extend(own.map(|file| (PathBuf::from(root).join(file.path()), file.contents())));
    for folder in folder.dirs() {
        add(files, root, folder);
    }
}
