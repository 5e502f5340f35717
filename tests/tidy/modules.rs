//! The modules of a crate, as far as the rules need them: what each declares, imports and names.
//!
//! As little of a parser as [`Source`] is: macros are not expanded and methods not followed.

use std::collections::{BTreeMap, BTreeSet};

use crate::source::{Source, Token, is_word};
use crate::violation::Violation;

/// A module: a file, or an inline `mod name { ... }` of one.
#[derive(Debug, Default)]
pub(crate) struct Module {
    /// The file it stands in: an index of [`Crate::files`].
    pub(crate) file: usize,
    pub(crate) parent: Option<usize>,
    pub(crate) children: BTreeMap<String, usize>,
    pub(crate) imports: Vec<Import>,
    /// The names of the items that are defined in it.
    pub(crate) items: BTreeSet<String>,
    /// Paths of two names or more outside `use` lines.
    pub(crate) paths: Vec<(usize, Vec<String>)>,
    /// Names outside `use` lines.
    pub(crate) words: BTreeSet<String>,
}

/// One name of a `use` line.
#[derive(Debug)]
pub(crate) struct Import {
    pub(crate) line: usize,
    pub(crate) path: Vec<String>,
    /// What it is called here; none: everything (`*`).
    pub(crate) name: Option<String>,
    /// Whether others can import it from here (`pub use`).
    pub(crate) reexport: bool,
}

/// A crate, from the root file of one of Cargo's targets.
#[derive(Debug, Default)]
pub(crate) struct Crate {
    /// The paths of its files, the root first.
    pub(crate) files: Vec<String>,
    /// Its modules, the root first.
    pub(crate) modules: Vec<Module>,
}

impl Crate {
    /// Reads the files of a crate, from its root along its `mod` lines. A file that does not exist
    /// is left out: the compiler finds it.
    pub(crate) fn read<'t>(
        root: &str,
        source: &impl Fn(&str) -> Option<(&'t str, Source)>,
    ) -> Self {
        let mut all = Self::default();
        let folder = folder_of(root);
        all.read_file(root.to_owned(), folder, None, source);
        all
    }

    /// Reads one file; `folder` is where the files of its modules lie. Returns its module.
    fn read_file<'t>(
        &mut self,
        path: String,
        folder: &str,
        parent: Option<usize>,
        source: &impl Fn(&str) -> Option<(&'t str, Source)>,
    ) -> Option<usize> {
        let (text, parsed) = source(&path)?;
        let file = self.files.len();
        self.files.push(path);
        let id = self.add(file, parent);
        for file_of in Scanner::scan(self, id, &parsed.tokens()) {
            let (places, home) = self.places(file, folder, text, &file_of);
            let child = places
                .into_iter()
                .find_map(|place| self.read_file(place, &home, Some(file_of.parent), source));
            if let Some(child) = child {
                self.modules[file_of.parent]
                    .children
                    .insert(file_of.name, child);
            }
        }
        Some(id)
    }

    fn add(&mut self, file: usize, parent: Option<usize>) -> usize {
        self.modules.push(Module {
            file,
            parent,
            ..Module::default()
        });
        self.modules.len() - 1
    }

    /// Where the file of a `mod name;` may be, and the folder of the modules in it.
    fn places(
        &self,
        file: usize,
        folder: &str,
        text: &str,
        declared: &Declared,
    ) -> (Vec<String>, String) {
        let before = text.lines().nth(declared.line.wrapping_sub(2));
        let named = before.and_then(|line| line.trim().strip_prefix("#[path = \""));
        if let Some(named) = named.and_then(|rest| rest.strip_suffix("\"]")) {
            let place = join(folder_of(&self.files[file]), named);
            let home = folder_of(&place).to_owned();
            return (vec![place], home);
        }
        let mut home = folder.to_owned();
        for part in declared.inline.iter().chain([&declared.name]) {
            home = join(&home, part);
        }
        (vec![format!("{home}.rs"), format!("{home}/mod.rs")], home)
    }
}

/// A line `mod name;`.
#[derive(Debug)]
struct Declared {
    parent: usize,
    name: String,
    line: usize,
    /// The inline modules around it in its file.
    inline: Vec<String>,
}

/// The folder of a file.
fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// A path below a folder, or beside it (`..`).
pub(crate) fn join(folder: &str, path: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// A walk over the tokens of one file.
#[derive(Debug)]
struct Scanner<'a> {
    all: &'a mut Crate,
    tokens: &'a [Token],
    /// The modules around the place, innermost last: which, its name, and the depth of braces.
    scopes: Vec<(usize, String, usize)>,
    declared: Vec<Declared>,
}

impl<'a> Scanner<'a> {
    /// Fills a module with what its file says; returns the modules that have files of their own.
    fn scan(all: &'a mut Crate, module: usize, tokens: &'a [Token]) -> Vec<Declared> {
        let mut scanner = Self {
            all,
            tokens,
            scopes: vec![(module, String::new(), 0)],
            declared: Vec::new(),
        };
        scanner.run();
        scanner.declared
    }

    fn text(&self, at: usize) -> &str {
        self.tokens.get(at).map_or("", |token| &token.text)
    }

    fn is_name(&self, at: usize) -> bool {
        self.text(at).chars().next().is_some_and(is_word)
    }

    fn is_separator(&self, at: usize) -> bool {
        self.text(at) == ":" && self.text(at + 1) == ":"
    }

    fn scope(&mut self) -> &mut Module {
        let (module, ..) = self.scopes[self.scopes.len() - 1];
        &mut self.all.modules[module]
    }

    fn run(&mut self) {
        let (mut at, mut depth) = (0, 0);
        while at < self.tokens.len() {
            let inside = self.scopes[self.scopes.len() - 1].2;
            match self.text(at) {
                "{" => depth += 1,
                "}" => {
                    depth -= 1;
                    if self.scopes.len() > 1 && depth < inside {
                        self.scopes.pop();
                    }
                }
                "mod" if self.is_name(at + 1) => self.module(at, depth),
                "use" if self.text(at + 1) != "<" => {
                    at = self.import(at);
                    continue;
                }
                "struct" | "enum" | "fn" | "trait" | "type" | "const" | "static" | "union"
                    if depth == inside && self.is_name(at + 1) =>
                {
                    let name = self.text(at + 1).to_owned();
                    self.scope().items.insert(name);
                    // The name that is defined is not a use of it.
                    at += 1;
                }
                "macro_rules" if self.text(at + 1) == "!" => {
                    let name = self.text(at + 2).to_owned();
                    self.scope().items.insert(name);
                    at += 2;
                }
                _ if self.is_name(at) => {
                    at = self.path(at);
                    continue;
                }
                _ => {}
            }
            at += 1;
        }
    }

    /// `mod name;` or `mod name {`.
    fn module(&mut self, at: usize, depth: usize) {
        let (name, line) = (self.text(at + 1).to_owned(), self.tokens[at].line);
        let (parent, ..) = self.scopes[self.scopes.len() - 1];
        if self.text(at + 2) == "{" {
            let file = self.all.modules[parent].file;
            let child = self.all.add(file, Some(parent));
            let children = &mut self.all.modules[parent].children;
            children.insert(name.clone(), child);
            self.scopes.push((child, name, depth + 1));
        } else if self.text(at + 2) == ";" {
            let inline = self.scopes[1..].iter().map(|(_, name, _)| name.clone());
            self.declared.push(Declared {
                parent,
                name,
                line,
                inline: inline.collect(),
            });
        }
    }

    /// A path, or a lone name; returns where it ends.
    fn path(&mut self, at: usize) -> usize {
        let is_member = at > 0 && self.text(at - 1) == ".";
        let line = self.tokens[at].line;
        let mut path = vec![self.text(at).to_owned()];
        let mut end = at + 1;
        while self.is_separator(end) && self.is_name(end + 2) {
            path.push(self.text(end + 2).to_owned());
            end += 3;
        }
        let goes_on = at > 1 && self.is_separator(at - 2);
        if !is_member && !goes_on {
            self.scope().words.insert(path[0].clone());
            if path.len() > 1 {
                self.scope().paths.push((line, path));
            }
        }
        end
    }

    /// A `use` line; returns where it ends.
    fn import(&mut self, at: usize) -> usize {
        let reexport = at > 0 && ["pub", ")"].contains(&self.text(at - 1));
        let end = self.tree(at + 1, &[], reexport);
        debug_assert_eq!(self.text(end), ";", "a use line ends with a semicolon");
        end + 1
    }

    /// A tree of a `use` line below a path; returns where it ends.
    fn tree(&mut self, mut at: usize, prefix: &[String], reexport: bool) -> usize {
        let line = self.tokens.get(at).map_or(0, |token| token.line);
        let mut path = prefix.to_vec();
        loop {
            match self.text(at) {
                // A path of other crates: `::name`.
                ":" => {
                    path.push(String::new());
                    at += 2;
                }
                "{" => {
                    at += 1;
                    while !["}", ""].contains(&self.text(at)) {
                        at = self.tree(at, &path, reexport);
                        at += usize::from(self.text(at) == ",");
                    }
                    return at + 1;
                }
                "*" => {
                    let name = None;
                    self.scope().imports.push(Import {
                        line,
                        path,
                        name,
                        reexport,
                    });
                    return at + 1;
                }
                word => {
                    if word != "self" || prefix.is_empty() {
                        path.push(word.to_owned());
                    }
                    at += 1;
                    if self.is_separator(at) {
                        at += 2;
                        continue;
                    }
                    let mut name = path.last().cloned();
                    if self.text(at) == "as" {
                        name = Some(self.text(at + 1).to_owned());
                        at += 2;
                    }
                    self.scope().imports.push(Import {
                        line,
                        path,
                        name,
                        reexport,
                    });
                    return at;
                }
            }
        }
    }
}

/// Files that no module declares and that are no target of Cargo: the compiler never sees them.
pub(crate) fn undeclared<'a>(
    files: impl Iterator<Item = &'a str>,
    declared: &BTreeSet<String>,
) -> Vec<Violation> {
    let mut violations = Vec::new();
    for path in files.filter(|&path| !declared.contains(path)) {
        violations.push(Violation {
            path: path.to_owned(),
            line: 0,
            message:
                "no module declares it, so that it is never compiled: declare it, or delete it"
                    .to_owned(),
        });
    }
    violations
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a crate of a few files declares, its root being the first.
    fn declared(files: &[(&str, &str)]) -> BTreeSet<String> {
        let source = |path: &str| {
            let (_, text) = files.iter().find(|(name, _)| *name == path)?;
            Some((*text, Source::parse(text)))
        };
        Crate::read(files[0].0, &source).files.into_iter().collect()
    }

    #[test]
    fn a_file_that_no_module_declares_is_found() {
        let files = [
            (
                "src/lib.rs",
                "mod a; // mod e;\nmod inline { mod b; }\nconst S: &str = \"mod e;\";",
            ),
            ("src/a/mod.rs", "mod c;\n#[cfg(test)]\nmod tests;"),
            ("src/a/c.rs", "#[path = \"../../shared/d.rs\"]\nmod d;"),
            ("src/a/tests.rs", ""),
            ("src/inline/b.rs", ""),
            ("shared/d.rs", ""),
            ("src/b.rs", ""),
            ("src/e.rs", ""),
        ];
        let paths = files.iter().map(|(path, _)| *path);
        let found = undeclared(paths, &declared(&files));
        let found: Vec<&str> = found.iter().map(|it| it.path.as_str()).collect();
        assert_eq!(found, ["src/b.rs", "src/e.rs"]);
    }
}
