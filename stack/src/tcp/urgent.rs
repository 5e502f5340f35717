//! Urgent data (RFC 9293 section 3.8.5): a mark in the stream, and the octet before it, which
//! systems with sockets take out of the stream.
//!
//! The pointer counts to the octet behind the urgent one, as every system sends it, and RFC 6093
//! section 3.1 says. There is one mark: a newer one takes the place of an older.

/// The urgent octet of what is received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Octet {
    /// It has not come.
    Awaited,
    /// It waits to be read.
    Waits(u8),
    /// It was read.
    Taken,
}

/// The mark in what is received.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Urgent {
    /// The place of the urgent octet in the stream, and what is known of it.
    mark: Option<(i64, Octet)>,
    /// Whether it stays in the stream (SO_OOBINLINE).
    inline: bool,
}

/// Why an urgent octet cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoUrgent {
    /// There is none, it was read, or it is in the stream.
    None,
    /// It was announced and has not come.
    Awaited,
}

impl Urgent {
    /// SO_OOBINLINE.
    pub(crate) fn set_inline(&mut self, inline: bool) {
        self.inline = inline;
    }

    /// A segment that begins at `start` says that the octet before `pointer` is urgent (Linux:
    /// tcp_check_urg). What was read or has come as a stream is not urgent any more, and an older
    /// mark moves nothing.
    pub(crate) fn announce(&mut self, start: i64, pointer: u16, read: i64, accepted: i64) {
        let place = start + i64::from(pointer.max(1)) - 1;
        let is_older = self.mark.is_some_and(|(known, _)| place <= known);
        if place < read || place < accepted || is_older {
            return;
        }
        self.mark = Some((place, Octet::Awaited));
    }

    /// The payload of a segment has come, in its order or not: it may have the urgent octet.
    pub(crate) fn on_payload(&mut self, start: i64, payload: &[u8]) {
        let Some((place, octet @ Octet::Awaited)) = &mut self.mark else {
            return;
        };
        let index = usize::try_from(*place - start).ok();
        if let Some(came) = index.and_then(|index| payload.get(index)) {
            *octet = Octet::Waits(*came);
        }
    }

    /// Whether an urgent octet was announced and has not come.
    pub(crate) fn is_awaited(&self) -> bool {
        matches!(self.mark, Some((_, Octet::Awaited)))
    }

    /// Whether the urgent octet waits to be read, in the stream or beside it (POLLPRI).
    pub(crate) fn waits(&self) -> bool {
        matches!(self.mark, Some((_, Octet::Waits(_))))
    }

    /// Whether what is read next is behind the mark (SIOCATMARK).
    pub(crate) fn is_at_mark(&self, read: i64) -> bool {
        self.mark.is_some_and(|(place, _)| place == read)
    }

    /// Octets that are read next and are no part of the stream: one at the mark.
    pub(crate) fn hidden(&self, read: i64, unread: usize) -> usize {
        usize::from(!self.inline && unread > 0 && self.is_at_mark(read))
    }

    /// The octets of the stream up to the mark, where it is ahead and not in line (SIOCINQ).
    pub(crate) fn before_mark(&self, read: i64, accepted: i64) -> Option<usize> {
        let (place, _) = self.mark.filter(|_| !self.inline)?;
        let is_ahead = place >= read && place < accepted;
        is_ahead.then(|| usize::try_from(place - read).unwrap_or(0))
    }

    /// The most octets that one read takes: it does not cross the mark.
    pub(crate) fn octets_to_mark(&self, read: i64) -> usize {
        let distance = self.mark.map(|(place, _)| place - read);
        let ahead = distance.and_then(|octets| usize::try_from(octets).ok());
        ahead.filter(|octets| *octets > 0).unwrap_or(usize::MAX)
    }

    /// Octets were read up to here: a mark before them is forgotten.
    pub(crate) fn on_read(&mut self, read: i64) {
        self.mark = self.mark.filter(|(place, _)| *place >= read);
    }

    /// Reads the urgent octet by itself (MSG_OOB).
    ///
    /// # Errors
    /// See [`NoUrgent`].
    pub(crate) fn take(&mut self, leaves: bool) -> Result<u8, NoUrgent> {
        match &mut self.mark {
            Some((_, octet @ Octet::Waits(_))) if !self.inline => {
                let Octet::Waits(value) = *octet else {
                    return Err(NoUrgent::None);
                };
                if !leaves {
                    *octet = Octet::Taken;
                }
                Ok(value)
            }
            Some((_, Octet::Awaited)) if !self.inline => Err(NoUrgent::Awaited),
            Some(_) | None => Err(NoUrgent::None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What Linux 6.18 does with `abc`, `de!` of which the last octet is urgent, and `fgh`.
    #[test]
    fn a_read_stops_at_the_mark_and_passes_it_by() {
        let mut urgent = Urgent::default();
        assert_eq!(urgent.take(false), Err(NoUrgent::None));
        urgent.announce(4, 3, 1, 4);
        assert_eq!(urgent.take(false), Err(NoUrgent::Awaited));
        urgent.on_payload(4, b"de!");
        assert!(urgent.waits());
        assert_eq!(urgent.before_mark(1, 10), Some(5));
        assert_eq!(urgent.octets_to_mark(1), 5);
        urgent.on_read(6);
        assert!(urgent.is_at_mark(6));
        assert_eq!(urgent.hidden(6, 4), 1);
        assert_eq!(urgent.take(true), Ok(b'!'));
        assert_eq!(urgent.take(false), Ok(b'!'));
        assert_eq!(urgent.take(false), Err(NoUrgent::None));
        assert!(urgent.is_at_mark(6) && !urgent.waits());
        urgent.on_read(10);
        assert!(!urgent.is_at_mark(10));
    }

    #[test]
    fn a_newer_mark_replaces_an_older_one_and_an_old_one_nothing() {
        let mut urgent = Urgent::default();
        urgent.announce(1, 2, 1, 1);
        urgent.on_payload(1, b"a1");
        urgent.announce(3, 2, 1, 3);
        assert!(!urgent.waits(), "the new octet has not come");
        urgent.on_payload(3, b"b2");
        urgent.announce(1, 2, 1, 5);
        assert_eq!(urgent.take(false), Ok(b'2'));
        // What is read already is not urgent.
        let mut late = Urgent::default();
        late.announce(1, 2, 5, 5);
        assert_eq!(late.take(false), Err(NoUrgent::None));
    }

    #[test]
    fn in_line_it_is_an_octet_of_the_stream() {
        let mut urgent = Urgent::default();
        urgent.set_inline(true);
        urgent.announce(4, 1, 1, 4);
        urgent.on_payload(4, b"!");
        assert!(urgent.waits());
        assert_eq!(urgent.take(false), Err(NoUrgent::None));
        assert_eq!(urgent.before_mark(1, 5), None);
        assert_eq!(urgent.octets_to_mark(1), 3);
        assert_eq!(urgent.octets_to_mark(4), usize::MAX);
        assert_eq!(urgent.hidden(4, 4), 0);
        assert!(urgent.is_at_mark(4));
    }
}
