//! Files of a crate that import each other, directly or by way of others.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::modules::{Crate, Import};
use crate::violation::Violation;

/// The most steps from a name to what it stands for: re-exports of re-exports.
const STEPS_MAX: usize = 32;

/// What a path leads to.
#[derive(Clone, Copy, Debug)]
enum Target {
    Module(usize),
    /// Something that is defined in a module.
    Item(usize),
}

/// What one file imports of another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Edge {
    pub(crate) from: String,
    pub(crate) to: String,
    /// The first line that names something of the other file.
    pub(crate) line: usize,
    /// What is named, as it is written.
    pub(crate) paths: BTreeSet<String>,
}

/// Files of which each leads to each other one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Circle {
    pub(crate) files: BTreeSet<String>,
    pub(crate) edges: Vec<Edge>,
}

impl fmt::Display for Circle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "these files import each other; move what two of them need into a third:"
        )?;
        for edge in &self.edges {
            let paths: Vec<&str> = edge.paths.iter().map(String::as_str).collect();
            let (from, to) = (&edge.from, &edge.to);
            write!(
                f,
                "\n    {from}:{} imports {} of {to}",
                edge.line,
                paths.join(", ")
            )?;
        }
        Ok(())
    }
}

/// The circles of a crate.
///
/// A re-export is no import of the file it stands in, unless that file uses the name as well; who
/// imports it from there imports it from where it is defined. A `mod` line is no import.
pub(crate) fn circles(of: &Crate) -> Vec<Circle> {
    let edges = edges(of);
    let mut next: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for edge in &edges {
        next.entry(&edge.from).or_default().insert(&edge.to);
    }
    let reached: BTreeMap<&str, BTreeSet<&str>> = next
        .keys()
        .map(|&file| (file, reachable(file, &next)))
        .collect();
    let leads = |from: &str, to: &str| reached.get(from).is_some_and(|files| files.contains(to));
    let mut circles: Vec<Circle> = Vec::new();
    for (&file, files) in &reached {
        if !files.contains(file) || circles.iter().any(|circle| circle.files.contains(file)) {
            continue;
        }
        let files = files.iter().filter(|other| leads(other, file));
        let files: BTreeSet<String> = files.map(|&file| file.to_owned()).collect();
        let inside = |edge: &&Edge| files.contains(&edge.from) && files.contains(&edge.to);
        let edges = edges.iter().filter(inside).cloned().collect();
        circles.push(Circle { files, edges });
    }
    circles
}

/// Every file that a file leads to.
fn reachable<'a>(from: &'a str, next: &BTreeMap<&'a str, BTreeSet<&'a str>>) -> BTreeSet<&'a str> {
    let mut reached = BTreeSet::new();
    let mut open = vec![from];
    while let Some(file) = open.pop() {
        for &file in next.get(file).into_iter().flatten() {
            if reached.insert(file) {
                open.push(file);
            }
        }
    }
    reached
}

/// What each file imports of each other one.
fn edges(of: &Crate) -> Vec<Edge> {
    let mut edges: BTreeMap<(usize, usize), Edge> = BTreeMap::new();
    for (id, module) in of.modules.iter().enumerate() {
        for (target, line, path) in imported(of, id) {
            let (from, to) = (module.file, of.modules[target].file);
            if from == to {
                continue;
            }
            let edge = edges.entry((from, to)).or_insert_with(|| Edge {
                from: of.files[from].clone(),
                to: of.files[to].clone(),
                line,
                paths: BTreeSet::new(),
            });
            edge.line = edge.line.min(line);
            edge.paths.insert(path.join("::"));
        }
    }
    edges.into_values().collect()
}

/// What a module imports or names of its crate: the module where it is defined, the line, and the
/// path.
fn imported(of: &Crate, id: usize) -> impl Iterator<Item = (usize, usize, &Vec<String>)> {
    let module = &of.modules[id];
    let is_used = |name: &Option<String>| name.as_ref().is_some_and(|it| module.words.contains(it));
    let imports = module.imports.iter();
    let imports = imports.filter(move |import| !import.reexport || is_used(&import.name));
    let imports = imports.filter_map(move |it| match resolve(of, id, &it.path, STEPS_MAX)? {
        Target::Item(target) => Some((target, it.line, &it.path)),
        Target::Module(target) => it.name.is_none().then_some((target, it.line, &it.path)),
    });
    // What is named by way of a module that is declared or imported here.
    let paths = module.paths.iter().filter_map(move |(line, path)| {
        let begin = resolve(of, id, &path[..1], STEPS_MAX)?;
        match (begin, resolve(of, id, path, STEPS_MAX)?) {
            (Target::Module(_), Target::Item(target)) => Some((target, *line, path)),
            _ => None,
        }
    });
    imports.chain(paths)
}

/// What a path means in a module. None: something of another crate, or a local name.
fn resolve(of: &Crate, at: usize, path: &[String], steps: usize) -> Option<Target> {
    let steps = steps.checked_sub(1)?;
    let (first, rest) = path.split_first()?;
    let mut target = match first.as_str() {
        "crate" => Target::Module(0),
        "self" => Target::Module(at),
        "super" => Target::Module(of.modules[at].parent?),
        name => member(of, at, name, steps)?,
    };
    for name in rest {
        target = match (target, name.as_str()) {
            (Target::Item(_), _) => target,
            (Target::Module(module), "super") => Target::Module(of.modules[module].parent?),
            (Target::Module(module), name) => {
                member(of, module, name, steps).unwrap_or(Target::Item(module))
            }
        };
    }
    Some(target)
}

/// What a name means in a module. None: it is neither declared nor imported from this crate there.
fn member(of: &Crate, at: usize, name: &str, steps: usize) -> Option<Target> {
    let module = &of.modules[at];
    if let Some(&child) = module.children.get(name) {
        return Some(Target::Module(child));
    }
    if module.items.contains(name) {
        return Some(Target::Item(at));
    }
    let named = |import: &&Import| import.name.as_deref() == Some(name);
    if let Some(import) = module.imports.iter().find(named) {
        return resolve(of, at, &import.path, steps);
    }
    let steps = steps.checked_sub(1)?;
    let all = module.imports.iter().filter(|import| import.name.is_none());
    all.filter_map(|import| match resolve(of, at, &import.path, steps)? {
        Target::Module(from) => member(of, from, name, steps),
        Target::Item(_) => None,
    })
    .next()
}

/// The places where circles are closed.
pub(crate) fn violations(circles: &[Circle]) -> Vec<Violation> {
    let violation = |circle: &Circle| Violation {
        path: circle.edges[0].from.clone(),
        line: circle.edges[0].line,
        message: circle.to_string(),
    };
    circles.iter().map(violation).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Source;

    /// The circles of a crate of a few files, its root being the first: their files, and what is
    /// imported from one to the other.
    fn found(files: &[(&str, &str)]) -> Vec<(Vec<String>, Vec<String>)> {
        let source = |path: &str| {
            let (_, text) = files.iter().find(|(name, _)| *name == path)?;
            Some((*text, Source::parse(text).without_tests()))
        };
        let circles = circles(&Crate::read(files[0].0, &source)).into_iter();
        let shown = circles.map(|circle| {
            let edges = circle.edges.iter().map(|edge| {
                let paths: Vec<&str> = edge.paths.iter().map(String::as_str).collect();
                format!(
                    "{}:{} {} {}",
                    edge.from,
                    edge.line,
                    paths.join(" "),
                    edge.to
                )
            });
            (circle.files.iter().cloned().collect(), edges.collect())
        });
        shown.collect()
    }

    #[track_caller]
    fn assert_found(files: &[(&str, &str)], edges: &[&str]) {
        let found: Vec<String> = found(files)
            .into_iter()
            .flat_map(|(_, edges)| edges)
            .collect();
        assert_eq!(found, edges, "{files:?}");
    }

    #[test]
    fn two_files_that_import_each_other_are_found() {
        let root = ("src/lib.rs", "mod a;\nmod b;");
        let rows = [
            (
                "use crate::b::B;\npub struct A;",
                "use super::a::A;\npub struct B;",
            ),
            (
                "pub struct A;\nuse crate::{b::{B as C, self}};",
                "\nuse super::{a::A};\npub struct B;",
            ),
            (
                "pub struct A;\nfn f() { super::b::B; }",
                "fn g() { crate::a::A; }\npub struct B;",
            ),
        ];
        for (a, b) in rows {
            let files = found(&[root, ("src/a.rs", a), ("src/b.rs", b)]);
            let (files, edges) = &files[0];
            assert_eq!(files, &["src/a.rs", "src/b.rs"], "{a} {b}");
            assert_eq!(edges.len(), 2, "{a} {b}");
        }
    }

    #[test]
    fn a_longer_circle_is_found_and_one_that_only_leads_to_it_is_not_of_it() {
        let files = [
            ("src/lib.rs", "mod a;\nmod b;\nmod c;\nmod d;"),
            ("src/a.rs", "use crate::b::B;\npub struct A;"),
            ("src/b.rs", "use crate::c::C;\npub struct B;"),
            ("src/c.rs", "use crate::a::A;\npub struct C;"),
            ("src/d.rs", "use crate::a::A;"),
        ];
        let edges = [
            "src/a.rs:1 crate::b::B src/b.rs",
            "src/b.rs:1 crate::c::C src/c.rs",
            "src/c.rs:1 crate::a::A src/a.rs",
        ];
        assert_found(&files, &edges);
    }

    #[test]
    fn a_facade_is_of_a_circle_only_where_it_uses_what_it_reexports() {
        let leaf = ("src/a.rs", "use super::b::B;\npub struct A;");
        let other = ("src/b.rs", "pub struct B;");
        let facade = |text: &'static str| [("src/lib.rs", text), leaf, other];
        assert_found(&facade("mod a;\nmod b;\npub use a::A;\npub use b::B;"), &[]);
        // The leaf looks up to the facade, for something that is defined elsewhere.
        let through = ("src/a.rs", "use super::B;\npub struct A;");
        let text = "mod a;\nmod b;\npub use a::A;\npub use b::*;\n";
        assert_found(&[("src/lib.rs", text), through, other], &[]);
        let root = "mod a;\nmod b;\nuse a::A;\npub use b::B;\npub struct C(A);";
        assert_found(&[("src/lib.rs", root), through, other], &[]);
        let upward = ("src/a.rs", "use super::C;\npub struct A;");
        let edges = [
            "src/lib.rs:3 a::A src/a.rs",
            "src/a.rs:1 super::C src/lib.rs",
        ];
        assert_found(&[("src/lib.rs", root), upward, other], &edges);
        let root = "mod a;\nmod b;\npub use a::A;\npub struct C(A);";
        assert_found(&[("src/lib.rs", root), upward, other], &edges);
        let root = "mod a;\nmod b;\npub use a::A;\npub struct C;";
        assert_found(&[("src/lib.rs", root), upward, other], &[]);
        let by_module = ["src/lib.rs:3 a::A src/a.rs", edges[1]];
        let root = "mod a;\nmod b;\npub struct C(a::A);";
        assert_found(&[("src/lib.rs", root), upward, other], &by_module);
    }

    #[test]
    fn tests_comments_and_other_crates_are_no_imports() {
        let root = ("src/lib.rs", "mod a;\nmod b;\nextern crate std;");
        let a = ("src/a.rs", "use crate::b::B;\npub struct A;");
        let rows = [
            "#[cfg(test)]\nmod tests { use crate::a::A; }\npub struct B;",
            "// use crate::a::A;\nconst S: &str = \"use crate::a::A;\";\npub struct B;",
            "use a::A;\nuse ::a::C;\nuse std::{fmt, io::*};\npub struct B;",
            "pub struct B;\nfn f() -> impl Sized + use<'_> { x.a::<u8>(std::a::A) }",
        ];
        for b in rows {
            assert_found(&[root, a, ("src/b.rs", b)], &[]);
        }
    }
}
