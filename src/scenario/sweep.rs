//! `[sweep]`: the scenario runs once for each combination of values of some of its keys.
//!
//! ```toml
//! [sweep]
//! hosts.server.receive_buffer = "1000..64KiB:x2"
//! network.delay = ["1ms", "10ms"]
//! ```
//!
//! Combinations come in the order of nested loops: the first key of the section is the outermost.

use toml::de::DeValue;

use super::limits;
use super::reader::{Entry, Reader, entries};
use super::setting::{self, Assignment};
use crate::diagnostic::{Diagnostic, Source, Span, Spanned};
use crate::language::names::quote;
use crate::language::range::Range;

/// One key of a sweep with its values.
#[derive(Clone, Debug)]
pub(super) struct SweptKey {
    /// The parts of the key.
    key: Vec<Spanned<String>>,
    /// The values as TOML writes them. Never empty.
    values: Vec<Spanned<String>>,
}

impl SweptKey {
    /// The dotted key.
    pub(super) fn name(&self) -> String {
        let parts: Vec<&str> = self.key.iter().map(|it| it.value.as_str()).collect();
        parts.join(".")
    }

    /// Its first value, as TOML writes it.
    pub(super) fn first(&self) -> Option<&str> {
        self.values.first().map(|it| it.value.as_str())
    }

    /// Leaves only the value that the command line gives.
    pub(super) fn pin(&mut self, assignment: &Assignment) {
        self.key.clone_from(&assignment.key);
        self.values = vec![assignment.value.clone()];
    }
}

/// One value for each key of a sweep.
#[derive(Clone, Debug, Default)]
pub(super) struct Combination {
    /// What a trace of it is called: `receive_buffer=4000,delay=10ms`. Empty without a sweep.
    pub(super) name: String,
    /// The values.
    pub(super) assignments: Vec<Assignment>,
}

impl Combination {
    /// What `--set` takes to get it.
    pub(super) fn settings(&self) -> impl Iterator<Item = String> {
        let written = |it: &Assignment| setting::written(&it.name(), &it.value.value);
        self.assignments.iter().map(written)
    }
}

/// Reads `[sweep]`.
pub(super) fn read(reader: &mut Reader, source: &Source, entry: Entry<'_>) -> Vec<SweptKey> {
    let mut keys = Vec::new();
    let before = reader.diagnostics.len();
    if reader.table(entry).is_some() {
        keys_of(reader, source, entry, &[], &mut keys);
    }
    if keys.is_empty() && reader.diagnostics.len() == before {
        let diagnostic = Diagnostic::new(entry.key_span, "the sweep names no key");
        reader.error(diagnostic.help("such as `hosts.server.receive_buffer = [1000, 2000]`"));
    }
    keys
}

/// Adds the keys of a table, and of the tables in it.
fn keys_of(
    reader: &mut Reader,
    source: &Source,
    entry: Entry<'_>,
    path: &[Spanned<String>],
    keys: &mut Vec<SweptKey>,
) {
    let Some(table) = entry.value.as_table() else {
        return;
    };
    for inner in entries(table) {
        // A key in quotes may have been meant as the dotted one; no key has a point in it.
        let parts = inner.key.split('.');
        let parts = parts.map(|it| Spanned::new(it.to_owned(), inner.key_span));
        let key: Vec<Spanned<String>> = path.iter().cloned().chain(parts).collect();
        if inner.value.is_table() {
            keys_of(reader, source, inner, &key, keys);
        } else if let Some(values) = values(reader, source, inner) {
            keys.push(SweptKey { key, values });
        }
    }
}

/// The values of a key: a list, or a range. None where there are none, which was reported.
fn values(reader: &mut Reader, source: &Source, entry: Entry<'_>) -> Option<Vec<Spanned<String>>> {
    let before = reader.diagnostics.len();
    let values = if let Some(text) = entry.value.as_str() {
        let range = Range::parse(text).and_then(|it| it.values(limits::COMBINATIONS_MAX));
        let at = |value| Spanned::new(value, entry.span);
        let values = reader.checked(entry, range)?;
        values.into_iter().map(at).collect()
    } else if let Some(array) = entry.value.as_array() {
        let mut values: Vec<Spanned<String>> = Vec::new();
        for element in array.iter().take(limits::COMBINATIONS_MAX + 1) {
            let span = Span::new(element.span());
            let value = Entry {
                value: element.get_ref(),
                span,
                ..entry
            };
            element_of(reader, source, value, &mut values);
        }
        values
    } else {
        reader.wrong_type(entry, "a list `[1, 2]` or a range \"1..10\"");
        return None;
    };
    if values.is_empty() && reader.diagnostics.len() == before {
        let message = format!("{} has no values", quote(entry.key));
        reader.error(Diagnostic::new(entry.span, message));
    }
    Some(values).filter(|it| !it.is_empty())
}

/// Adds one element of a list.
fn element_of(
    reader: &mut Reader,
    source: &Source,
    element: Entry<'_>,
    values: &mut Vec<Spanned<String>>,
) {
    match element.value {
        DeValue::Array(_) | DeValue::Table(_) | DeValue::Datetime(_) => {
            reader.wrong_type(element, "numbers, texts, true or false");
        }
        DeValue::String(_) | DeValue::Integer(_) | DeValue::Float(_) | DeValue::Boolean(_) => {
            let text = source.slice(element.span).to_owned();
            if let Some(first) = values.iter().find(|it| shown(&it.value) == shown(&text)) {
                let message = format!("{} has this value twice", quote(element.key));
                let diagnostic = Diagnostic::new(element.span, message);
                reader.error(diagnostic.context(first.span, "here already"));
            }
            values.push(Spanned::new(text, element.span));
        }
    }
}

/// Every combination of the values, in the order of nested loops; without keys, the one that
/// changes nothing.
///
/// # Errors
/// There are too many.
pub(super) fn combinations(
    keys: &[SweptKey],
    place: Span,
    octets: usize,
) -> Result<Vec<Combination>, Box<Diagnostic>> {
    let most = limits::COMBINATIONS_MAX.min(limits::SWEEP_READ_MAX / octets.max(1));
    let counts = keys.iter().map(|it| it.values.len());
    let count = counts.fold(1_usize, usize::saturating_mul);
    if !keys.is_empty() && count > most {
        let message = format!("the sweep has {count} combinations, and at most {most} can run");
        let diagnostic = Diagnostic::new(place, message);
        return Err(Box::new(
            diagnostic.help("take fewer values, or fix a key with `--set KEY=VALUE`"),
        ));
    }
    let mut combinations: Vec<Combination> = (0..count)
        .map(|index| Combination {
            name: String::new(),
            assignments: one(keys, index),
        })
        .collect();
    if !keys.is_empty() {
        name(&mut combinations, keys);
    }
    Ok(combinations)
}

/// The values of the combination of a number; the last key varies fastest.
fn one(keys: &[SweptKey], index: usize) -> Vec<Assignment> {
    let mut rest = index;
    let mut assignments: Vec<Assignment> = keys
        .iter()
        .rev()
        .map(|swept| {
            let value = swept.values[rest % swept.values.len()].clone();
            rest /= swept.values.len();
            let key = swept.key.clone();
            Assignment { key, value }
        })
        .collect();
    assignments.reverse();
    assignments
}

/// Gives each combination its name: the values behind what tells their keys apart. Names that a
/// file could not have, or that are not different, become numbers.
fn name(combinations: &mut [Combination], keys: &[SweptKey]) {
    let keys: Vec<String> = keys.iter().map(SweptKey::name).collect();
    let labels: Vec<&str> = keys.iter().map(|key| tail(key, &keys)).collect();
    let names: Vec<String> = combinations
        .iter()
        .map(|combination| {
            let values = combination.assignments.iter().zip(&labels);
            let parts = values.map(|(it, label)| format!("{label}={}", shown(&it.value.value)));
            let name = parts.collect::<Vec<_>>().join(",");
            name.replace(|c| !is_of_a_name(c), "-")
        })
        .collect();
    let mut different = names.clone();
    different.sort_unstable();
    different.dedup();
    let fits = |it: &String| it.len() <= limits::COMBINATION_NAME_MAX;
    let usable = different.len() == names.len() && names.iter().all(fits);
    for (index, (combination, name)) in combinations.iter_mut().zip(names).enumerate() {
        combination.name = if usable {
            name
        } else {
            format!("{:04}", index + 1)
        };
    }
}

/// Whether every file system takes the character in a name.
fn is_of_a_name(character: char) -> bool {
    character.is_ascii_alphanumeric() || "._=,+-".contains(character)
}

/// The shortest end of a dotted key that no other key has.
fn tail<'k>(key: &'k str, keys: &[String]) -> &'k str {
    let starts = key.match_indices('.').map(|(at, _)| at + 1);
    let tails = starts.map(|at| &key[at..]).rev();
    let same = |tail: &str, other: &String| {
        other == tail
            || other
                .strip_suffix(tail)
                .is_some_and(|rest| rest.ends_with('.'))
    };
    tails
        .chain([key])
        .find(|tail| keys.iter().filter(|other| same(tail, other)).count() == 1)
        .unwrap_or(key)
}

/// A value as a person reads it: a text without its quotes.
fn shown(toml: &str) -> String {
    setting::text_of(toml).unwrap_or_else(|| toml.to_owned())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::{Scenario, ScenarioFile, Setting};

    const REST: &str = "
script = '+0 a: close(3) = 0'
hosts.a.profile = \"linux\"
hosts.b.profile = \"linux\"
";

    fn parse(sweep: &str, settings: &[&str]) -> Result<ScenarioFile, String> {
        let text = format!("{REST}[sweep]\n{sweep}\n");
        let settings: Vec<Setting> = settings.iter().map(|it| it.parse().unwrap()).collect();
        ScenarioFile::parse(Path::new("x.toml"), text.into(), &settings)
            .map_err(|invalid| invalid.to_string())
    }

    fn names(file: &ScenarioFile) -> Vec<String> {
        let names = file.scenarios().map(|it| it.variant.combination);
        names.collect()
    }

    #[test]
    fn the_last_key_varies_fastest() {
        let sweep = "hosts.a.mss = [1000, 500]\nnetwork.delay = \"1ms..4ms:x2\"";
        let file = parse(sweep, &[]).unwrap();
        let found: Vec<(Option<u16>, u64)> = file
            .scenarios()
            .map(|it| (it.hosts[0].mss, it.network.link(0, 1).delay.total_millis()))
            .collect();
        let both = [1000, 500].map(|mss| [1, 2, 4].map(|delay| (Some(mss), delay)));
        assert_eq!(found, both.concat());
        assert_eq!(names(&file)[1], "mss=1000,delay=2ms");
        assert_eq!(file.first().variant, file.scenario(0).unwrap().variant);
        let settings = &file.scenario(5).unwrap().variant.settings;
        assert_eq!(settings[..], ["hosts.a.mss=500", "network.delay=4ms"]);
        assert!(file.scenario(6).is_none());
    }

    #[test]
    fn names_tell_combinations_apart() {
        for (sweep, expected) in [
            ("seed = [1, 2]", "seed=1 seed=2"),
            ("\"seed\" = '1..2'", "seed=1 seed=2"),
            ("\"hosts.a.mss\" = [88]", "mss=88"),
            (
                "hosts.a.mss = [88]\nhosts.b.mss = [99]",
                "a.mss=88,b.mss=99",
            ),
            (
                "hosts.a.mtu = [1500]\nnetwork.mtu = [1400]",
                "a.mtu=1500,network.mtu=1400",
            ),
            ("network.loss = [0.5, 1]", "loss=0.5 loss=1"),
            (
                "hosts.a.profile = ['linux', 'freebsd']",
                "profile=linux profile=freebsd",
            ),
            ("network.delay = ['1 ms', '1us']", "delay=1-ms delay=1us"),
            // A dash stands for what a file's name cannot have, and these would be the same.
            ("network.delay = ['1 s', '1µs']", "0001 0002"),
        ] {
            let file = parse(sweep, &[]).unwrap_or_else(|it| panic!("{it}"));
            assert_eq!(names(&file).join(" "), expected, "{sweep}");
        }
        let keys: Vec<String> = ["loss", "duplicate", "reorder", "corrupt"]
            .iter()
            .map(|key| format!("network.{key} = [0.{}]", "1".repeat(40)))
            .collect();
        assert_eq!(names(&parse(&keys.join("\n"), &[]).unwrap()), ["0001"]);
    }

    /// The command line decides: a key of the sweep has the one value, and still its name.
    #[test]
    fn a_setting_pins_a_key() {
        let sweep = "hosts.a.mss = [1000, 500]\nseed = [1, 2]";
        let file = parse(sweep, &["hosts.a.mss=500"]).unwrap();
        assert_eq!(names(&file), ["mss=500,seed=1", "mss=500,seed=2"]);
        assert!(file.scenarios().all(|it| !it.variant.set));
        let file = parse(sweep, &["hosts.a.mss=700", "hosts.b.mss=99", "seed=2"]).unwrap();
        assert_eq!(names(&file), ["mss=700,seed=2"]);
        let Scenario {
            hosts,
            variant,
            seed,
            ..
        } = file.first();
        let mss: Vec<Option<u16>> = hosts.iter().map(|it| it.mss).collect();
        assert_eq!((mss, *seed), (vec![Some(700), Some(99)], 2));
        assert!(variant.set, "the other key is no part of the sweep");
        let settings = ["hosts.b.mss=99", "hosts.a.mss=700", "seed=2"];
        assert_eq!(variant.settings, settings);
    }

    /// What is wrong is said once, whatever the number of combinations, and where it is.
    #[test]
    fn what_is_said_about_bad_sweeps() {
        let mut shown = String::new();
        for sweep in [
            "",
            "seed = []",
            "seed = 7",
            "seed = [1, 2, 1]",
            "seed = [1, [2]]",
            "seed = \"5..1\"",
            "seed = \"0..8:x2\"",
            "seed = \"1..5000\"",
            "seed = \"1..100\"\nhosts.a.mss = \"100..200\"",
            "hosts.c.mss = [1000]",
            "hosts.a.msss = [1000, 2000]",
            "hosts.a.mss = \"60..100:+20\"",
            "hosts.a.profile = ['linux', 'linus']",
            "network.delay = [1, 2]",
            "hosts = [1]",
            "script = ['']",
            "strict.x = [1]",
            "hosts.a.receive_shutdown.window.x = [1]",
        ] {
            let message = parse(sweep, &[]).err().unwrap_or_default();
            assert_ne!(message, "", "{sweep}");
            shown.push_str(&format!("---- {sweep}\n{message}\n"));
        }
        insta::with_settings!({ prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!("bad_sweeps", shown);
        });
    }

    #[test]
    fn what_is_said_about_bad_settings() {
        let mut shown = String::new();
        for settings in [
            &["seed=-1"][..],
            &["sed=1"],
            &["hosts.sever.mss=1000"],
            &["hosts.a.mss=1", "hosts.b.mss=2"],
            &["network=1"],
            &["seed.x=1"],
            &["network.delay=\"5\"", " network . delay = 5"],
            &["hosts.a.rto.mni=\"300ms\""],
            &["hosts.a.address=['192.0.2.7', 'x']"],
            &["expect=[]"],
            &["sweep.seed=[1]"],
            &["script=x"],
        ] {
            let message = parse("seed = [1]", settings).err().unwrap_or_default();
            assert_ne!(message, "", "{settings:?}");
            shown.push_str(&format!("---- {settings:?}\n{message}\n"));
        }
        insta::with_settings!({ prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!("bad_settings", shown);
        });
    }

    /// Reading takes as long as there are combinations and a file is long.
    #[test]
    fn a_long_file_has_fewer_combinations() {
        let long = format!("seed = '1..1000'\n#{}", " ".repeat(1 << 19));
        let message = parse(&long, &[]).unwrap_err();
        assert!(
            message.contains("1000 combinations, and at most 127 can run"),
            "{message}"
        );
        assert_eq!(parse("seed = '1..1000'", &[]).unwrap().len(), 1000);
    }
}
