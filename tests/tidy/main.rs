//! The house rules, as tests.
//!
//! What can be checked by a machine is not left to reviewers. Each rule is a pure function from
//! text to violations; its module shows on small bad inputs that it fails when it is broken, and
//! the tests in this file hold the repository against it.

mod circles;
mod documents;
mod files;
mod manifests;
mod modules;
mod profiles;
mod rust;
mod scenarios;
mod source;
mod violation;

use files::{Repository, TextFile};
use modules::Crate;
use source::Source;
use violation::{Findings, Violation};

/// Fails with every violation at once, so that one run shows all there is to do.
#[track_caller]
fn assert_none(violations: &[Violation]) {
    let list: Vec<String> = violations.iter().map(ToString::to_string).collect();
    assert!(
        list.is_empty(),
        "{} violation(s):\n{}",
        list.len(),
        list.join("\n")
    );
}

/// Applies a rule on one text to many files, of which there must be some.
#[track_caller]
fn check<'a>(files: impl Iterator<Item = &'a TextFile>, rule: impl Fn(&TextFile) -> Findings) {
    let mut seen = 0;
    let mut violations = Vec::new();
    for file in files {
        seen += 1;
        violations.extend(rule(file).into_iter().map(|(line, message)| Violation {
            path: file.path.clone(),
            line,
            message,
        }));
    }
    assert!(
        seen > 0,
        "the rule looks at no file at all: are they still where it looks?"
    );
    assert_none(&violations);
}

#[test]
fn rust_lines_fit_100_columns() {
    let repository = Repository::read();
    check(repository.rust(), |file| rust::long_lines(&file.text));
}

#[test]
fn nothing_is_left_unfinished() {
    let repository = Repository::read();
    check(repository.rust(), |file| {
        rust::unfinished(&Source::parse(&file.text))
    });
}

#[test]
fn lints_are_expected_with_a_reason_and_never_allowed() {
    let repository = Repository::read();
    check(repository.rust(), |file| {
        rust::relaxed_lints(&Source::parse(&file.text))
    });
}

#[test]
fn files_have_one_subject() {
    let repository = Repository::read();
    check(repository.rust(), |file| {
        if file.is_test() {
            Vec::new()
        } else {
            rust::too_long(&Source::parse(&file.text))
        }
    });
}

#[test]
fn pure_crates_touch_nothing_of_the_machine() {
    let repository = Repository::read();
    let crates = ["stack/src", "winsock/src", "posix/src"];
    let pure = repository
        .rust()
        .filter(|file| crates.iter().any(|sources| file.is_under(sources)));
    check(pure.filter(|file| !file.is_test()), |file| {
        rust::machine_access(&Source::parse(&file.text).without_tests())
    });
}

#[test]
fn dependencies_point_one_way() {
    let repository = Repository::read();
    check(
        repository.rust().filter(|file| file.is_under("stack")),
        |file| {
            rust::upward_references(
                &Source::parse(&file.text),
                &["hangup", "hangup_winsock", "hangup_posix"],
                &["WSA", "WSP"],
            )
        },
    );
    for (above, beside) in [("winsock", "hangup_posix"), ("posix", "hangup_winsock")] {
        check(
            repository.rust().filter(|file| file.is_under(above)),
            |file| rust::upward_references(&Source::parse(&file.text), &["hangup", beside], &[]),
        );
    }
}

#[test]
fn mechanism_never_names_a_system() {
    let repository = Repository::read();
    let systems = repository.profile_names();
    assert!(!systems.is_empty(), "no profile is built in");
    let mechanism = repository.rust().filter(|file| {
        file.is_under("stack/src/tcp")
            && !file.is_test()
            && !file.path.ends_with("/receive_shutdown.rs")
    });
    check(mechanism, |file| {
        rust::systems_named(&Source::parse(&file.text).without_tests(), &systems)
    });
}

#[test]
fn rfcs_are_cited_in_one_form() {
    let repository = Repository::read();
    check(repository.rust(), |file| {
        documents::citations(&Source::parse(&file.text).comments())
    });
    check(repository.markdown(), |file| {
        documents::citations(&file.text)
    });
    check(repository.with_extension("toml"), |file| {
        documents::citations(&file.text)
    });
}

#[test]
fn scenarios_begin_with_their_claim() {
    let repository = Repository::read();
    check(repository.scenarios(), |file| scenarios::claim(&file.text));
    check(repository.scenarios(), |file| scenarios::name(&file.path));
}

#[test]
fn scenarios_and_captures_are_pairs() {
    let repository = Repository::read();
    let scenarios: Vec<&str> = repository
        .scenarios()
        .map(|file| file.path.as_str())
        .collect();
    assert!(!scenarios.is_empty(), "there is no scenario");
    assert_none(&scenarios::unpaired(
        &scenarios,
        &repository.paths_under("captures"),
    ));
}

#[test]
fn documents_name_what_exists() {
    let repository = Repository::read();
    check(repository.markdown(), |file| {
        documents::dead_references(&file.path, &file.text, &|path| repository.exists(path))
    });
}

#[test]
fn design_notes_have_one_form_and_are_listed() {
    let repository = Repository::read();
    let notes = || {
        repository
            .markdown()
            .filter(|file| documents::is_design_note(&file.path))
    };
    check(notes(), |file| {
        documents::design_note(&file.path, &file.text)
    });
    let paths: Vec<&str> = notes().map(|file| file.path.as_str()).collect();
    let list = repository.text("docs/design/README.md");
    assert_none(&documents::unlisted(&paths, list));
}

#[test]
fn each_dependency_has_its_sentence() {
    let repository = Repository::read();
    let names = manifests::dependencies(repository.manifests());
    assert!(!names.is_empty(), "no manifest names a dependency");
    let note = "docs/design/0009-dependencies.md";
    assert_none(&manifests::unexplained(&names, note, repository.text(note)));
}

#[test]
fn each_profile_value_has_its_source() {
    let repository = Repository::read();
    check(repository.profiles(), |file| profiles::unmarked(&file.text));
}

/// A crate as the compiler reads it, with or without what only exists in its tests.
fn read_crate(repository: &Repository, root: &str, tests: bool) -> Crate {
    Crate::read(root, &|path| {
        let file = repository.rust().find(|file| file.path == path)?;
        let source = Source::parse(&file.text);
        let source = if tests {
            source
        } else {
            source.without_tests()
        };
        Some((file.text.as_str(), source))
    })
}

#[test]
fn files_do_not_import_each_other() {
    let repository = Repository::read();
    let roots = manifests::targets(&repository);
    assert!(roots.contains("src/lib.rs"), "the library is a target");
    let circles = roots
        .iter()
        .flat_map(|root| circles::circles(&read_crate(&repository, root, false)));
    let circles: Vec<_> = circles.collect();
    assert_none(&circles::violations(&circles));
}

#[test]
fn every_file_is_declared_by_a_module() {
    let repository = Repository::read();
    let roots = manifests::targets(&repository);
    let declared = roots
        .iter()
        .flat_map(|root| read_crate(&repository, root, true).files);
    let declared = declared.collect();
    let files = repository.rust().map(|file| file.path.as_str());
    assert_none(&modules::undeclared(files, &declared));
}
