//! The form of scenario files as a JSON Schema, for editors.
//!
//! What a schema cannot say is left to `hangup check`: whether hosts, profiles and calls exist, and
//! everything inside a script. Whatever a scenario may say fits the schema; the tests hold every
//! scenario against it.

use std::collections::BTreeSet;

use hangup_stack::profile::{Profile, parse_duration};
use serde_json::{Map, Value, json};
use toml::Value as TomlValue;

use super::limits;
use super::profiles::{SCRIPTED, nested};

/// The schema, in the dialect that most editors read (draft 7).
pub fn schema() -> Value {
    let host = host();
    let profile = profile();
    json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "hangup scenario",
        "type": "object",
        "required": ["hosts", "script"],
        "additionalProperties": false,
        "properties": {
            "script": described(json!({ "type": "string" }),
                "What happens and what must be seen, one statement a line, between ''' and '''."),
            "claims": described(json!({
                "anyOf": [
                    { "type": "string" },
                    { "type": "array", "items": { "type": "string" },
                      "maxItems": limits::LIST_MAX },
                ],
            }), "Ids of the documented statements that the scenario proves."),
            "seed": described(json!({ "type": "integer", "minimum": 0 }),
                "The seed of every random choice (0)."),
            "until": described(reference("duration"),
                "When the run ends (after the script, once nothing is due)."),
            "strict": described(json!({ "type": "boolean" }),
                "Whether each packet that a stack sends must have its line in the script (false)."),
            "network": network(),
            "hosts": {
                "type": "object",
                "description": "Who takes part. The first host is the vantage point of the trace.",
                "minProperties": 1,
                "maxProperties": limits::HOSTS_MAX,
                "additionalProperties": host,
            },
            "profiles": {
                "type": "object",
                "description": "Profiles of the scenario's own.",
                "maxProperties": limits::PROFILES_MAX,
                "additionalProperties": profile,
            },
            "expect": expect(),
            "sweep": described(reference("swept"),
                "Values of other keys: the scenario runs once for each combination."),
        },
        "definitions": definitions(),
    })
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
    let link = link();
    let mut all = link.clone();
    all.insert(
        "ip".to_owned(),
        json!({
            "enum": ["v4", "v6"],
            "description": "The family of the hosts' addresses (v4).",
        }),
    );
    all.insert("arp".to_owned(), json!({
        "type": "boolean",
        "description": "Whether hosts ask for each other's Ethernet address on the wire (false).",
    }));
    json!({
        "type": "object",
        "description": "What the links between the hosts do.",
        "properties": all,
        "patternProperties": { "^.+_to_.+$": {
            "type": "object",
            "description": "One direction of one link.",
            "properties": link,
            "additionalProperties": false,
        } },
        "additionalProperties": false,
    })
}

/// The keys that a direction has too.
fn link() -> Map<String, Value> {
    let keys = [
        ("delay", "duration", "How long a frame is on its way."),
        ("rate", "rate", "How fast frames are sent (no limit)."),
        ("mtu", "size", "The largest IP packet, in octets."),
        (
            "loss",
            "probability",
            "The probability that a frame is lost.",
        ),
        (
            "duplicate",
            "probability",
            "The probability that a frame arrives twice.",
        ),
        (
            "reorder",
            "probability",
            "The probability that others overtake a frame.",
        ),
        (
            "corrupt",
            "probability",
            "The probability that one bit of a frame is flipped.",
        ),
    ];
    let mut link: Map<String, Value> = keys
        .iter()
        .map(|(key, form, text)| ((*key).to_owned(), described(reference(form), text)))
        .collect();
    link.insert(
        "queue".to_owned(),
        json!({
            "type": "integer",
            "minimum": limits::QUEUE.start(),
            "maximum": limits::QUEUE.end(),
            "description": "Frames that may wait where there is a rate (no limit).",
        }),
    );
    link
}

/// `[hosts.NAME]`: its own keys, and the knobs of its profile.
fn host() -> Value {
    let mut keys = knobs();
    let names: Vec<&str> = profile_names().chain([SCRIPTED]).collect();
    keys.insert("profile".to_owned(), json!({
        "description": "What runs on the host: a built-in profile, one of [profiles], or scripted.",
        "anyOf": [{ "enum": names }, { "type": "string" }],
    }));
    keys.insert(
        "address".to_owned(),
        json!({
            "description": "Its IP address, or a list of them (192.0.2.1, .2 ... by position).",
            "anyOf": [
                { "type": "string" },
                { "type": "array", "items": { "type": "string" },
                  "maxItems": limits::ADDRESSES_MAX },
            ],
        }),
    );
    for (key, text) in [
        ("mss", "The maximum segment size it announces."),
        ("mtu", "Its largest IP packet, in octets (1500)."),
        (
            "receive_buffer",
            "The size of its receive buffers, in octets.",
        ),
        ("send_buffer", "The size of its send buffers, in octets."),
    ] {
        keys.insert(key.to_owned(), described(reference("size"), text));
    }
    keys.insert(
        "receive_offload".to_owned(),
        json!({
            "type": "integer",
            "minimum": limits::RECEIVE_OFFLOAD.start(),
            "maximum": limits::RECEIVE_OFFLOAD.end(),
            "description": "Frames of one instant that it takes in before it answers (1).",
        }),
    );
    json!({
        "type": "object",
        "required": ["profile"],
        "properties": keys,
        "additionalProperties": false,
    })
}

/// `[profiles.NAME]`
fn profile() -> Value {
    let mut keys = knobs();
    let names: Vec<&str> = profile_names().collect();
    keys.insert(
        "extends".to_owned(),
        json!({
            "description": "The profile whose knobs it has where it does not say.",
            "anyOf": [{ "enum": names }, { "type": "string" }],
        }),
    );
    keys.insert("title".to_owned(), json!({ "type": "string" }));
    json!({
        "type": "object",
        "required": ["extends"],
        "properties": keys,
        "additionalProperties": false,
    })
}

fn profile_names() -> impl Iterator<Item = &'static str> {
    let aliases = Profile::aliases().iter().map(|(alias, _)| *alias);
    Profile::names().iter().copied().chain(aliases)
}

/// `[[expect]]`
fn expect() -> Value {
    let count = json!({ "type": "integer", "minimum": 0, "maximum": u32::MAX });
    json!({
        "type": "array",
        "description": "How many frames of the whole trace a display filter selects.",
        "maxItems": limits::LIST_MAX,
        "items": {
            "type": "object",
            "required": ["filter"],
            "anyOf": [
                { "required": ["frames"] },
                { "required": ["min"] },
                { "required": ["max"] },
            ],
            "properties": {
                "filter": described(json!({ "type": "string" }), "A display filter of Wireshark."),
                "frames": described(count.clone(), "Exactly so many frames."),
                "min": described(count.clone(), "At least so many."),
                "max": described(count, "At most so many."),
                "from": described(reference("duration"), "Only frames from this time on."),
                "until": described(reference("duration"), "Only frames up to this time."),
            },
            "additionalProperties": false,
        },
    })
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
        assert_eq!(keys(&schema, "/properties"), set(&super::super::file::KEYS));
        assert_eq!(keys(&schema, network), set(&super::super::network::KEYS));
        let direction = "/properties/network/patternProperties/^.+_to_.+$/properties";
        assert_eq!(
            keys(&schema, direction),
            set(&super::super::network::LINK_KEYS)
        );
        let expect = "/properties/expect/items/properties";
        assert_eq!(keys(&schema, expect), set(&super::super::file::EXPECT_KEYS));
        let mut host = keys(&schema, "/properties/hosts/additionalProperties/properties");
        for key in super::super::hosts::HOST_KEYS {
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
