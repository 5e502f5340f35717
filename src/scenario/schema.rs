//! The form of scenario files as a JSON Schema, for editors.
//!
//! What a schema cannot say is left to `hangup check`: whether hosts, profiles and calls exist, and
//! everything inside a script. Whatever a scenario may say fits the schema; the tests hold every
//! scenario against it.

use std::collections::BTreeSet;

use hangup_stack::profile::{Profile, parse_duration};
use serde_json::{Map, Value, json};
use toml::Value as TomlValue;

use super::key::{Form, Key, NUMBER_MAX, Scripted};
use super::profiles::{KERNEL, SCRIPTED, nested};
use super::{file, hosts, limits, network, profiles};

/// The schema, in the dialect that most editors read (draft 7).
pub fn schema() -> Value {
    let mut keys = properties(file::KEYS);
    let expect = object(properties(file::EXPECT_KEYS), &required(file::EXPECT_KEYS));
    for (section, form) in [
        ("network", network()),
        (
            "hosts",
            json!({
                "minProperties": 1,
                "maxProperties": limits::HOSTS_MAX,
                "additionalProperties": with_knobs(hosts::KEYS),
            }),
        ),
        (
            "profiles",
            json!({
                "maxProperties": limits::PROFILES_MAX,
                "additionalProperties": with_knobs(profiles::KEYS),
            }),
        ),
        (
            "expect",
            json!({
                "type": "array",
                "maxItems": limits::LIST_MAX,
                "items": merged(expect, json!({ "anyOf": [
                    { "required": ["frames"] },
                    { "required": ["min"] },
                    { "required": ["max"] },
                ] })),
            }),
        ),
    ] {
        if let Some(place) = keys.get_mut(section) {
            *place = merged(place.take(), form);
        }
    }
    let about = keys["sweep"]["description"].take();
    keys["sweep"] = json!({ "description": about, "allOf": [reference("swept")] });
    merged(
        object(keys, &required(file::KEYS)),
        json!({
            "$schema": "http://json-schema.org/draft-07/schema#",
            "title": "hangup scenario",
            "definitions": definitions(),
        }),
    )
}

/// A section with these keys and no others.
fn object(properties: Map<String, Value>, required: &[&str]) -> Value {
    let mut object = json!({
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
    });
    if !required.is_empty() {
        object["required"] = json!(required);
    }
    object
}

/// The entries of one object, and those of another.
fn merged(mut object: Value, more: Value) -> Value {
    if let (Value::Object(all), Value::Object(more)) = (&mut object, more) {
        all.extend(more);
    }
    object
}

/// The keys that have to be there.
fn required<T>(keys: &[Key<T>]) -> Vec<&'static str> {
    let required = keys.iter().filter(|it| it.default.is_none());
    required.map(|it| it.name).collect()
}

/// What may stand at each key.
fn properties<T>(keys: &[Key<T>]) -> Map<String, Value> {
    let property = |key: &Key<T>| (key.name.to_owned(), property(key));
    keys.iter().map(property).collect()
}

/// What may stand at a key, with its sentence for the editor.
fn property<T>(key: &Key<T>) -> Value {
    let form = match &key.form {
        Form::Boolean(_) => json!({ "type": "boolean" }),
        Form::Number(range, _) if *range.end() == NUMBER_MAX => {
            json!({ "type": "integer", "minimum": range.start() })
        }
        Form::Number(range, _) => json!({
            "type": "integer", "minimum": range.start(), "maximum": range.end(),
        }),
        Form::Size(..) | Form::Mtu(_) => reference("size"),
        Form::Duration(..) => reference("duration"),
        Form::Rate(..) => reference("rate"),
        Form::Probability(_) => reference("probability"),
        Form::Word(words, _) => json!({ "enum": words }),
        Form::Text(..) => json!({ "type": "string" }),
        Form::Profile(scripted, _) => {
            let aliases = Profile::aliases().iter().map(|(alias, _)| *alias);
            let mut names: Vec<&str> = Profile::names().iter().copied().chain(aliases).collect();
            if *scripted == Scripted::Allowed {
                names.extend([SCRIPTED, KERNEL]);
            }
            json!({ "anyOf": [{ "enum": names }, { "type": "string" }] })
        }
        Form::Texts(max, _) => json!({ "anyOf": [
            { "type": "string" },
            { "type": "array", "items": { "type": "string" }, "maxItems": max },
        ] }),
        Form::Section(_) => json!({ "type": "object" }),
    };
    let about = match (&key.form, key.default) {
        (Form::Section(_), _) | (_, None) => format!("{}.", key.about),
        (_, Some(default)) => format!("{} ({default}).", key.about),
    };
    described(form, &about)
}

/// The forms that more than one key has.
fn definitions() -> Value {
    let number = r"(\d+(\.\d*)?|\.\d+)";
    json!({
        "duration": {
            "type": "string",
            "description": "A duration: us, ms, s, min or h.",
            "pattern": format!("^{number} *(us|µs|ms|s|min|h)$"),
        },
        "size": {
            "description": "Octets: a number, or a text in KiB, MiB or GiB.",
            "anyOf": [
                { "type": "integer", "minimum": 0 },
                { "type": "string", "pattern": format!("^{number} *(KiB|MiB|GiB)?$") },
            ],
        },
        "rate": {
            "type": "string",
            "description": "Bits a second: bit, kbit, Mbit or Gbit.",
            "pattern": format!("^{number} *(bit|kbit|Mbit|Gbit)$"),
        },
        "probability": { "type": "number", "minimum": 0, "maximum": 1 },
        "swept": {
            "type": "object",
            "minProperties": 1,
            "additionalProperties": { "anyOf": [
                {
                    "type": "array",
                    "minItems": 1,
                    "maxItems": limits::COMBINATIONS_MAX,
                    "items": { "type": ["string", "number", "boolean"] },
                },
                { "type": "string", "pattern": r"\.\." },
                reference("swept"),
            ] },
        },
    })
}

/// `[network]`, with its directions.
fn network() -> Value {
    let link = properties(network::LINK_KEYS);
    let mut all = properties(network::KEYS);
    all.extend(link.clone());
    let direction = merged(
        object(link, &[]),
        json!({ "description": "One direction of one link." }),
    );
    merged(
        object(all, &[]),
        json!({ "patternProperties": { "^.+_to_.+$": direction } }),
    )
}

/// A section with these keys and the knobs of a profile.
fn with_knobs<T>(keys: &[Key<T>]) -> Value {
    let mut all = knobs();
    all.extend(properties(keys));
    object(all, &required(keys))
}

/// Every knob of the profiles, nested as their dotted names are.
fn knobs() -> Map<String, Value> {
    let known = Known::new();
    let mut groups = Map::new();
    for knob in Profile::knobs() {
        let form = known.forms(&knob).schema();
        insert(&mut groups, &knob, form);
    }
    groups
}

/// Puts a knob among the properties of its group.
fn insert(place: &mut Map<String, Value>, knob: &str, form: Value) {
    let Some((group, rest)) = knob.split_once('.') else {
        place.insert(knob.to_owned(), form);
        return;
    };
    let group = place.entry(group).or_insert_with(
        || json!({ "type": "object", "properties": {}, "additionalProperties": false }),
    );
    let properties = group.get_mut("properties").and_then(Value::as_object_mut);
    if let Some(properties) = properties {
        insert(properties, rest, form);
    }
}

/// What is known of knobs.
struct Known {
    /// The values of every built-in profile.
    values: Vec<TomlValue>,
    /// Profiles that between them have every knob, to ask which values they take.
    asked: Vec<Profile>,
}

impl Known {
    fn new() -> Self {
        let built_in = |name: &&str| Profile::built_in(name);
        let table = |it: Profile| it.to_toml().parse().map(TomlValue::Table).ok();
        let all = Profile::names().iter().filter_map(built_in);
        Self {
            values: all.filter_map(table).collect(),
            asked: ["linux", "winsock"].iter().filter_map(built_in).collect(),
        }
    }

    /// Whether a knob takes a value.
    fn takes(&self, knob: &str, value: &TomlValue) -> bool {
        let knobs = nested(knob, value.clone());
        self.asked.iter().any(|it| it.with(&knobs).is_ok())
    }

    /// Which values a knob takes: those that built-in profiles have, and those of each kind that it
    /// takes when asked.
    fn forms(&self, knob: &str) -> Forms {
        let mut forms = Forms::default();
        for values in &self.values {
            let mut parts = knob.split('.');
            let value = parts.try_fold(values, |place, part| place.get(part));
            if let Some(value) = value {
                forms.take(value);
            }
        }
        for value in [
            TomlValue::Boolean(true),
            TomlValue::Integer(1),
            TomlValue::Integer(1000),
            TomlValue::Float(0.5),
            TomlValue::String("10ms".to_owned()),
        ] {
            if self.takes(knob, &value) {
                forms.take(&value);
            }
        }
        // The answer to a word that there is not names those that there are.
        for profile in &self.asked {
            if let Err(fault) = profile.with(&nested(knob, "?".into())) {
                let words = quoted(&fault.message);
                let words = words.filter(|word| self.takes(knob, &word.as_str().into()));
                forms.words.extend(words);
            }
        }
        forms
    }
}

/// What values a knob takes.
#[derive(Debug, Default)]
struct Forms {
    /// The words that it knows.
    words: BTreeSet<String>,
    boolean: bool,
    integer: bool,
    number: bool,
    duration: bool,
    list: bool,
}

impl Forms {
    fn take(&mut self, value: &TomlValue) {
        match value {
            TomlValue::String(text) if parse_duration(text).is_ok() => self.duration = true,
            TomlValue::String(text) => {
                self.words.insert(text.clone());
            }
            TomlValue::Integer(_) => self.integer = true,
            TomlValue::Float(_) => self.number = true,
            TomlValue::Boolean(_) => self.boolean = true,
            TomlValue::Array(_) => self.list = true,
            TomlValue::Datetime(_) | TomlValue::Table(_) => {}
        }
    }

    fn schema(&self) -> Value {
        let mut forms = Vec::new();
        if !self.words.is_empty() {
            forms.push(json!({ "enum": self.words }));
        }
        if self.duration {
            forms.push(reference("duration"));
        }
        if self.number {
            forms.push(json!({ "type": "number" }));
        } else if self.integer {
            forms.push(json!({ "type": "integer" }));
        }
        if self.boolean {
            forms.push(json!({ "type": "boolean" }));
        }
        if self.list {
            forms.push(json!({ "type": "array" }));
        }
        match forms.len() {
            1 => forms.remove(0),
            _ => json!({ "anyOf": forms }),
        }
    }
}

/// The words between backticks, of which the first is the one that was not known.
fn quoted(message: &str) -> impl Iterator<Item = String> {
    let words = message.split('`').skip(1).step_by(2).skip(1);
    words.map(str::to_owned)
}

fn reference(form: &str) -> Value {
    json!({ "$ref": format!("#/definitions/{form}") })
}

/// The form with a sentence for the editor. Beside a `$ref` draft 7 ignores everything else.
fn described(form: Value, text: &str) -> Value {
    if form.get("$ref").is_some() {
        return json!({ "description": text, "allOf": [form] });
    }
    let mut form = form;
    form["description"] = text.into();
    form
}

#[cfg(test)]
mod tests {
    use super::super::key;
    use super::*;

    /// The keys that a section of the schema has.
    fn keys<'s>(schema: &'s Value, pointer: &str) -> BTreeSet<&'s str> {
        let section = schema.pointer(pointer).and_then(Value::as_object);
        let section = section.unwrap_or_else(|| panic!("no {pointer}"));
        section.keys().map(String::as_str).collect()
    }

    /// A key is added to the reader and to the schema, or the schema calls good files bad.
    #[test]
    fn every_key_is_there_and_no_other() {
        let schema = schema();
        let set = |keys: &[&'static str]| keys.iter().copied().collect::<BTreeSet<&str>>();
        let network = "/properties/network/properties";
        assert_eq!(keys(&schema, "/properties"), set(&key::names(file::KEYS)));
        assert_eq!(
            keys(&schema, network),
            set(&[key::names(network::LINK_KEYS), key::names(network::KEYS)].concat())
        );
        let direction = "/properties/network/patternProperties/^.+_to_.+$/properties";
        assert_eq!(
            keys(&schema, direction),
            set(&key::names(network::LINK_KEYS))
        );
        let expect = "/properties/expect/items/properties";
        assert_eq!(keys(&schema, expect), set(&key::names(file::EXPECT_KEYS)));
        let mut host = keys(&schema, "/properties/hosts/additionalProperties/properties");
        for key in key::names(hosts::KEYS) {
            assert!(host.remove(key), "{key}");
        }
        let knobs = Profile::knobs();
        let groups = knobs.iter().map(|it| it.split('.').next().unwrap());
        assert_eq!(host, groups.collect());
    }

    /// Each word that the schema offers for a knob is one that it takes, and each that a built-in
    /// profile has is offered.
    #[test]
    fn knobs_take_what_is_offered() {
        let known = Known::new();
        let mut words = 0;
        for knob in Profile::knobs() {
            let forms = known.forms(&knob);
            for word in &forms.words {
                assert!(known.takes(&knob, &word.as_str().into()), "{knob} = {word}");
            }
            words += forms.words.len();
            let Forms {
                boolean,
                integer,
                number,
                duration,
                list,
                ..
            } = forms;
            let kinds = [boolean, integer, number, duration, list];
            let kinds = kinds.into_iter().filter(|it| *it).count();
            assert!(kinds + forms.words.len() > 0, "{knob} takes nothing");
        }
        assert!(words > 100, "{words}");
        let queued = known.forms("receive_shutdown.queued").words;
        assert!(queued.len() >= 3 && queued.contains("keep"), "{queued:?}");
    }
}
