//! The end of a process on the kernel: a program that has the descriptors of the script is killed,
//! so that it is the kernel that closes them.

use std::io;
use std::os::fd::OwnedFd;
use std::process::{Command, Stdio};
use std::time::Instant;

/// A program that waits, and touches nothing of what it is given.
const WAITS: [&str; 2] = ["sleep", "3600"];

/// Gives descriptors to a process and kills it: three to each, as its standard streams, in their
/// order. Says when the first one was killed; none where there was nothing to give.
///
/// # Errors
/// There is no such program, or no room for it.
pub(super) fn with(files: Vec<OwnedFd>) -> io::Result<Option<Instant>> {
    let mut files = files.into_iter();
    let mut began = None;
    while let Some(first) = files.next() {
        let stream = |file: Option<OwnedFd>| file.map_or_else(Stdio::null, Stdio::from);
        let mut command = Command::new(WAITS[0]);
        command.arg(WAITS[1]).stdin(Stdio::from(first));
        command
            .stdout(stream(files.next()))
            .stderr(stream(files.next()));
        let mut child = command.spawn()?;
        // From now on the descriptors are the child's alone.
        drop(command);
        began.get_or_insert_with(Instant::now);
        child.kill()?;
        child.wait()?;
    }
    Ok(began)
}
