//! Files that a stranger may have made, and files that runs leave.
//!
//! What is read is a regular file, and no more of it than a limit. What is written appears in its
//! place whole or not at all; below a folder that was named nothing is written or read through a
//! symbolic link. The checks look at each part of a path before it is used. They are for folders
//! that came as they are, from an archive or a repository, and not for somebody who changes them at
//! the same moment.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Component, Path, PathBuf};
use std::process;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// What is collected before a file is written to.
const BUFFER_OCTETS: usize = 1 << 16;
/// The end of the name of a file that is being written.
const PARTIAL: &str = ".partial";
/// Nobody is still writing a file that is so old, if its process is gone.
const STALE: Duration = Duration::from_secs(60);

/// Why a file could not be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} {}: {source}", path.display())]
pub struct FileError {
    /// What was tried: `create the directory`, `write`, `replace`.
    pub action: &'static str,
    /// What it was tried on.
    pub path: PathBuf,
    /// Why it failed.
    pub source: io::Error,
}

/// Reads a regular file, and at most so many octets of it.
///
/// # Errors
/// It cannot be opened or read, or is no regular file: a pipe would be waited for, and a device
/// never ends.
pub fn read(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    // Before it is opened: to open a pipe is to wait for its other end.
    regular(&fs::metadata(path)?)?;
    let file = File::open(path)?;
    regular(&file.metadata()?)?;
    let mut octets = Vec::new();
    file.take(most).read_to_end(&mut octets)?;
    Ok(octets)
}

/// Reads a file below a folder, as [`read`] does, and through no link.
///
/// # Errors
/// Likewise, or a link stands in the way.
pub fn read_below(folder: &Path, name: &Path, most: u64) -> io::Result<Vec<u8>> {
    read(&below(folder, name)?, most)
}

fn regular(metadata: &fs::Metadata) -> io::Result<()> {
    if metadata.is_file() {
        return Ok(());
    }
    let what = match metadata.is_dir() {
        true => "it is a folder",
        false => "it is no regular file",
    };
    Err(io::Error::new(io::ErrorKind::InvalidInput, what))
}

/// The path of a file below a folder, whether or not it is there.
///
/// # Errors
/// It would not be below the folder: a part of it is a symbolic link, or leads upwards. A relative
/// folder is looked at likewise, so that nothing that lies in the working folder leads out of it.
pub fn below(folder: &Path, name: &Path) -> io::Result<PathBuf> {
    let refused = |why: String| io::Error::new(io::ErrorKind::PermissionDenied, why);
    let mut path = PathBuf::new();
    let is_plain = |it: Component<'_>| matches!(it, Component::Normal(_) | Component::CurDir);
    if folder.is_relative() && folder.components().all(is_plain) {
        for part in folder.components() {
            path.push(part);
            if is_link(&path) {
                let shown = path.display();
                let why = format!("{shown} is a symbolic link: name the folder that it leads to");
                return Err(refused(why));
            }
        }
    }
    path = folder.to_owned();
    for part in name.components() {
        match part {
            Component::Normal(part) => path.push(part),
            Component::CurDir => continue,
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => {
                return Err(refused(format!(
                    "it does not lie below {}",
                    folder.display()
                )));
            }
        }
        if is_link(&path) {
            let shown = path.display();
            return Err(refused(format!(
                "{shown} is a symbolic link, which is not followed"
            )));
        }
    }
    Ok(path)
}

fn is_link(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|it| it.is_symlink())
}

/// Writes a file below a folder, through no link, as [`write_atomically`] does.
///
/// # Errors
/// Likewise, or something stands in its place that is no regular file.
pub fn write_below(folder: &Path, name: &Path, bytes: &[u8]) -> Result<(), FileError> {
    write_below_with(folder, name, |out| out.write_all(bytes))
}

/// As [`write_below`], of what is written piece by piece. The output has a buffer.
///
/// # Errors
/// As [`write_below`], and those of `fill`.
pub fn write_below_with(
    folder: &Path,
    name: &Path,
    fill: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), FileError> {
    let path = place_below(folder, name)?;
    replace(&path, &path, fill)
}

/// The path of a file below a folder that may be written. The directories to it are made.
fn place_below(folder: &Path, name: &Path) -> Result<PathBuf, FileError> {
    let shown = folder.join(name);
    let path = below(folder, name).map_err(failed("write", &shown))?;
    if let Ok(metadata) = path.symlink_metadata() {
        regular(&metadata).map_err(failed("write", &shown))?;
    }
    make_directories_of(&path)?;
    Ok(path)
}

/// Opens a regular file below a folder, through no link.
///
/// # Errors
/// As [`read_below`].
pub fn open_below(folder: &Path, name: &Path) -> io::Result<File> {
    let path = below(folder, name)?;
    regular(&fs::metadata(&path)?)?;
    File::open(path)
}

/// Makes the directories of a file that are missing, as for a report that a build puts among its
/// results.
///
/// # Errors
/// They cannot be made.
pub fn make_directories_of(path: &Path) -> Result<(), FileError> {
    match path.parent() {
        Some(directory) if !directory.as_os_str().is_empty() => {
            fs::create_dir_all(directory).map_err(failed("create the directory", directory))
        }
        Some(_) | None => Ok(()),
    }
}

/// Writes a file so that nobody ever finds half of it: under a temporary name in the same
/// directory, then renamed. What is no regular file (a pipe, `/dev/null`) is written straight,
/// because renaming would replace it. Its directory is there: a name that somebody has mistyped
/// makes none.
///
/// # Errors
/// What could not be done, to which path, and why. A temporary file does not stay behind.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    write_atomically_with(path, |out| out.write_all(bytes))
}

/// As [`write_atomically`], of what is written piece by piece. The output has a buffer.
///
/// # Errors
/// As [`write_atomically`], and those of `fill`.
pub fn write_atomically_with(
    path: &Path,
    fill: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), FileError> {
    // Through a symbolic link: the file behind it is replaced, not the link.
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    if fs::metadata(&target).is_ok_and(|metadata| !metadata.is_file()) {
        let file = OpenOptions::new().write(true).open(&target);
        return file
            .and_then(|file| filled(file, fill))
            .map_err(failed("write", path));
    }
    replace(path, &target, fill)
}

/// Puts a file in the place of `target`, which errors call `path`.
fn replace(
    path: &Path,
    target: &Path,
    fill: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), FileError> {
    let mut unfinished = Unfinished::of(path, target)?;
    let written = fill(&mut unfinished.out).and_then(|()| unfinished.out.flush());
    written.map_err(failed("write", &unfinished.partial.path))?;
    unfinished.finish()
}

/// A file that is written for as long as it takes, and has its place once it is whole. One that is
/// not finished does not stay behind.
pub struct Unfinished {
    out: BufWriter<File>,
    partial: Partial,
    target: PathBuf,
    /// What errors call it.
    shown: PathBuf,
}

impl fmt::Debug for Unfinished {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Unfinished").field(&self.target).finish()
    }
}

impl Unfinished {
    /// Begins a file below a folder, as [`write_below`] does.
    ///
    /// # Errors
    /// As [`write_below`].
    pub fn below(folder: &Path, name: &Path) -> Result<Self, FileError> {
        let path = place_below(folder, name)?;
        Self::of(&path, &path)
    }

    /// Begins a file, as [`write_atomically`] does.
    ///
    /// # Errors
    /// As [`write_atomically`], or something stands in its place that is no regular file.
    pub fn at(path: &Path) -> Result<Self, FileError> {
        let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        if let Ok(metadata) = fs::metadata(&target) {
            regular(&metadata).map_err(failed("write", path))?;
        }
        Self::of(path, &target)
    }

    fn of(path: &Path, target: &Path) -> Result<Self, FileError> {
        let directory = target.parent().filter(|it| !it.as_os_str().is_empty());
        if let Some(directory) = directory.filter(|it| !it.is_dir()) {
            let why = format!("there is no directory {}", directory.display());
            let error = io::Error::new(io::ErrorKind::NotFound, why);
            return Err(failed("write", path)(error));
        }
        clear(directory.unwrap_or(Path::new(".")));
        let (partial, file) = Partial::begin(target).map_err(failed("write", target))?;
        Ok(Self {
            out: BufWriter::with_capacity(BUFFER_OCTETS, file),
            partial,
            target: target.to_owned(),
            shown: path.to_owned(),
        })
    }

    /// Puts `head` in the place of its first octets. What is behind them is moved where they are
    /// fewer or more.
    ///
    /// # Errors
    /// The file cannot be read or written.
    pub fn replace_head(&mut self, octets: usize, head: &[u8]) -> io::Result<()> {
        self.out.flush()?;
        let file = self.out.get_mut();
        let (from, to) = (octets as u64, head.len() as u64);
        let end = file.seek(SeekFrom::End(0))?;
        let mut block = vec![0; BUFFER_OCTETS];
        let mut moved = 0;
        while from != to && from + moved < end {
            let length = (end - from - moved).min(BUFFER_OCTETS as u64);
            // What moves to the back is moved from its end on.
            let place = match from < to {
                true => end - from - moved - length,
                false => moved,
            };
            let block = &mut block[..usize::try_from(length).unwrap_or(BUFFER_OCTETS)];
            file.seek(SeekFrom::Start(from + place))?;
            file.read_exact(block)?;
            file.seek(SeekFrom::Start(to + place))?;
            file.write_all(block)?;
            moved += length;
        }
        file.set_len(end - from + to)?;
        file.seek(SeekFrom::Start(0))?;
        file.write_all(head)?;
        file.seek(SeekFrom::End(0))?;
        Ok(())
    }

    /// Puts it in its place.
    ///
    /// # Errors
    /// It cannot be written to its end, or what stands in its place not be replaced.
    pub fn finish(mut self) -> Result<(), FileError> {
        let path = self.partial.path.clone();
        self.out.flush().map_err(failed("write", &path))?;
        let Self {
            partial,
            target,
            shown,
            ..
        } = self;
        partial.finish(&target).map_err(failed("replace", &shown))
    }
}

impl Write for Unfinished {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.out.write(octets)
    }

    fn write_all(&mut self, octets: &[u8]) -> io::Result<()> {
        self.out.write_all(octets)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

fn filled(file: File, fill: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(BUFFER_OCTETS, file);
    fill(&mut out)?;
    out.flush()
}

/// The files that this process has begun and not finished.
static BEGUN: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

fn begun() -> MutexGuard<'static, BTreeSet<PathBuf>> {
    // A set of names is whole whatever thread has panicked.
    BEGUN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Removes what this process is writing, and lets it begin and finish nothing more: it is about to
/// end.
pub fn abandon() {
    let begun = begun();
    for path in &*begun {
        let _ = fs::remove_file(path);
    }
    // Other threads wait for it until the process has ended.
    std::mem::forget(begun);
}

/// A file under its temporary name. It does not stay behind.
struct Partial {
    path: PathBuf,
}

impl Partial {
    fn begin(target: &Path) -> io::Result<(Self, File)> {
        let path = temporary(target);
        let mut begun = begun();
        // One with our number is left from another process that had it.
        let _ = fs::remove_file(&path);
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(true)
            .open(&path)?;
        begun.insert(path.clone());
        Ok((Self { path }, file))
    }

    /// Puts it in its place.
    fn finish(self, target: &Path) -> io::Result<()> {
        let mut begun = begun();
        fs::rename(&self.path, target)?;
        begun.remove(&self.path);
        Ok(())
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        if begun().remove(&self.path) {
            // The error that matters is the one before; there may be nothing to remove.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// A name in the same directory, so that renaming stays within one file system. The process number
/// keeps two runs apart that write the same trace.
fn temporary(target: &Path) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(target.file_name().unwrap_or_default());
    name.push(format!(".{}{PARTIAL}", process::id()));
    target.with_file_name(name)
}

/// Removes the unfinished files of processes that are gone from a directory, once a directory.
fn clear(directory: &Path) {
    static CLEARED: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());
    let mut cleared = CLEARED.lock().unwrap_or_else(PoisonError::into_inner);
    if !cleared.insert(directory.to_owned()) {
        return;
    }
    drop(cleared);
    // What cannot be looked at stays.
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let process = name.to_str().and_then(unfinished_by);
        let age = entry.metadata().ok().filter(fs::Metadata::is_file);
        let age = age.and_then(|it| it.modified().ok()?.elapsed().ok());
        if let (Some(process), Some(age)) = (process, age)
            && age > STALE
            && is_gone(process)
        {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// The process whose unfinished file has such a name.
fn unfinished_by(name: &str) -> Option<u32> {
    let (_, process) = name
        .strip_prefix('.')?
        .strip_suffix(PARTIAL)?
        .rsplit_once('.')?;
    process.parse().ok()
}

/// Whether there is no such process. Only Linux can be asked without more ado; elsewhere none is.
fn is_gone(process: u32) -> bool {
    let processes = Path::new("/proc");
    processes.join("self").exists() && !processes.join(process.to_string()).exists()
}

fn failed(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> FileError {
    move |source| FileError {
        action,
        path: path.to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A directory of its own for one test, removed at its end.
    struct Scratch(PathBuf);

    impl Scratch {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("hangup-{name}-{}", process::id()));
            fs::create_dir_all(&path).unwrap();
            Self(path)
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn files_are_made_and_replaced_and_nothing_else_stays() {
        let scratch = Scratch::new("replace");
        let name = Path::new("recv-disconnect/v6/held.txt");
        let path = scratch.0.join(name);
        let directory = scratch.0.join("recv-disconnect/v6");
        for content in ["first, and longer", "second"] {
            write_below(&scratch.0, name, content.as_bytes()).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), content);
        }
        assert_eq!(fs::read_dir(&directory).unwrap().count(), 1);
    }

    #[test]
    fn errors_name_the_path_and_leave_nothing_behind() {
        let scratch = Scratch::new("errors");
        let file = scratch.0.join("file");
        fs::write(&file, "kept").unwrap();
        let below_a_file = write_atomically(&file.join("trace.txt"), b"lost").unwrap_err();
        let message = below_a_file.to_string();
        assert!(message.contains("there is no directory "), "{message}");
        assert!(message.contains(file.to_str().unwrap()), "{message}");
        let a_directory = write_atomically(&scratch.0, b"lost")
            .unwrap_err()
            .to_string();
        assert!(a_directory.starts_with("cannot write "), "{a_directory}");
        assert_eq!(fs::read_to_string(&file).unwrap(), "kept");
        assert_eq!(fs::read_dir(&scratch.0).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn devices_and_links_stay_what_they_are() {
        use std::os::unix::fs::{FileTypeExt, symlink};

        write_atomically(Path::new("/dev/null"), b"gone").unwrap();
        assert!(
            fs::metadata("/dev/null")
                .unwrap()
                .file_type()
                .is_char_device()
        );
        let scratch = Scratch::new("links");
        let (file, link) = (scratch.0.join("file"), scratch.0.join("link"));
        fs::write(&file, "old").unwrap();
        symlink(&file, &link).unwrap();
        write_atomically(&link, b"new").unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read_to_string(&file).unwrap(), "new");
    }

    #[test]
    fn what_dead_processes_left_is_cleared_and_nothing_else() {
        let scratch = Scratch::new("cleared");
        let old = std::time::SystemTime::now() - STALE * 2;
        // No process has such a number.
        let (dead, own) = (u32::MAX, process::id());
        let names = [
            format!(".a.txt.{dead}.partial"),
            format!(".a.txt.{own}.partial"),
            format!("a.txt.{dead}.partial"),
            ".a.txt.partial".to_owned(),
            format!(".young.txt.{dead}.partial"),
        ];
        for name in &names {
            let file = File::create(scratch.0.join(name)).unwrap();
            if !name.starts_with(".young") {
                file.set_modified(old).unwrap();
            }
        }
        write_atomically(&scratch.0.join("b.txt"), b"b").unwrap();
        let is_there = |name: &String| scratch.0.join(name).exists();
        let left: Vec<bool> = names.iter().map(is_there).collect();
        let linux = cfg!(target_os = "linux");
        assert_eq!(left, [!linux, true, true, true, true]);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_leads_nothing_out_of_a_folder() {
        use std::os::unix::fs::symlink;

        let scratch = Scratch::new("outside");
        let (outside, traces) = (scratch.0.join("outside"), scratch.0.join("traces"));
        fs::create_dir_all(&outside).unwrap();
        fs::create_dir_all(&traces).unwrap();
        let victim = outside.join("victim.txt");
        fs::write(&victim, "kept").unwrap();
        symlink(&victim, traces.join("x.txt")).unwrap();
        symlink(&outside, traces.join("sub")).unwrap();
        symlink("/dev/zero", traces.join("golden.txt")).unwrap();
        for name in [
            "x.txt",
            "sub/victim.txt",
            "../outside/victim.txt",
            "/dev/null",
        ] {
            let error = write_below(&traces, Path::new(name), b"lost").unwrap_err();
            let message = error.to_string();
            assert!(message.starts_with("cannot write "), "{message}");
            let read = read_below(&traces, Path::new(name), 10);
            let kind = read.map_err(|error| error.kind());
            assert_eq!(kind, Err(io::ErrorKind::PermissionDenied), "{name}");
        }
        assert_eq!(fs::read_to_string(&victim).unwrap(), "kept");
        assert_eq!(fs::read_dir(&outside).unwrap().count(), 1);
        write_below(&traces, Path::new("deep/er/y.txt"), b"new").unwrap();
        let back = read_below(&traces, Path::new("deep/er/y.txt"), 2).unwrap();
        assert_eq!(back, b"ne", "as far as the limit");
    }

    #[test]
    fn the_head_of_a_file_may_become_shorter_or_longer() {
        let folder = Scratch::new("head");
        let path = folder.0.join("x");
        let body: Vec<u8> = (0..200_000_u32).flat_map(u32::to_le_bytes).collect();
        for head in [&b"head"[..], b"longer head", b"", &body[..100_000]] {
            let mut file = Unfinished::at(&path).unwrap();
            file.write_all(b"head").unwrap();
            file.write_all(&body).unwrap();
            file.replace_head(4, head).unwrap();
            file.write_all(b"end").unwrap();
            file.finish().unwrap();
            let expected = [head, &body, b"end"].concat();
            assert!(fs::read(&path).unwrap() == expected, "{}", head.len());
        }
    }

    #[cfg(unix)]
    #[test]
    fn what_is_no_regular_file_is_not_read() {
        for path in ["/dev/zero", "/dev/null", "/"] {
            let error = read(Path::new(path), 10).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput, "{path}");
        }
    }
}
