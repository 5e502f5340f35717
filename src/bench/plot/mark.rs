//! The signs of series: those of their systems, with other shapes for variants of a system.

use crate::picture::system::{self, Shape};

/// Those of variants, which begin anew where there are more.
const VARIANTS: [Shape; 4] = [Shape::Triangle, Shape::Diamond, Shape::Wedge, Shape::Bar];

/// How a sender is drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sender {
    /// Its name: a profile, perhaps with knobs turned.
    pub(super) name: &'static str,
    /// What stands beside its lines: the name, or the system with a number where that is long.
    pub(super) short: String,
    pub(super) class: String,
    pub(super) shape: Shape,
}

/// The longest name that stands beside lines as it is.
const SHORT_MOST: usize = 18;

/// How each of some senders is drawn, whatever the others are but for variants of one system.
pub(super) fn senders(names: impl Iterator<Item = &'static str>) -> Vec<Sender> {
    let mut senders: Vec<Sender> = Vec::new();
    for name in names {
        if senders.iter().any(|sender| sender.name == name) {
            continue;
        }
        let base = name.split('+').next().unwrap_or(name);
        let variants = senders.iter().filter(|it| {
            it.name
                .strip_prefix(base)
                .is_some_and(|rest| rest.starts_with('+'))
        });
        let variant = variants.count();
        let shape = match base == name {
            true => system::shape(base),
            false => VARIANTS[variant % VARIANTS.len()],
        };
        let short = match name.chars().count() <= SHORT_MOST {
            true => name.to_owned(),
            false => format!("{base} #{}", variant + 1),
        };
        senders.push(Sender {
            name,
            short,
            class: system::class(base),
            shape,
        });
    }
    senders
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_system_looks_the_same_whatever_stands_beside_it() {
        let of = |names: &[&'static str]| senders(names.iter().copied());
        let alone = of(&["freebsd"]);
        let among = of(&["linux", "windows", "freebsd", "linux"]);
        assert_eq!(among.len(), 3);
        assert_eq!(alone[0], among[2]);
        assert_eq!(of(&["linux"])[0].class, of(&["linux-6.18"])[0].class);
    }

    #[test]
    fn variants_have_the_colour_of_their_system_and_short_names() {
        let names = [
            "linux",
            "linux+rto.min=1s+give_up.data=8",
            "linux+rto.min=2s+send.nagle=off",
        ];
        let senders = senders(names.into_iter());
        assert!(senders.iter().all(|it| it.class == senders[0].class));
        let shorts: Vec<_> = senders.iter().map(|it| it.short.as_str()).collect();
        assert_eq!(shorts, ["linux", "linux #1", "linux #2"]);
        assert!(senders[1].shape != senders[2].shape && senders[0].shape != senders[1].shape);
    }
}
