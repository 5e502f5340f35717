//! What the application reads: the stream, up to the mark of urgent data and past it.

use super::Receiver;
use crate::tcp::urgent::NoUrgent;

impl Receiver {
    /// Throws the unread queue away; returns how many octets it held.
    pub(crate) fn discard_unread(&mut self) -> usize {
        let lost = self.queue.len();
        self.queue.drop_front(lost);
        self.read += lost as i64;
        self.urgent.on_read(self.read);
        self.let_flow();
        self.buffer.on_read(self.read, self.accepted);
        lost
    }

    /// Octets that a read would give: an urgent one that is read next is none of them.
    pub(crate) fn readable(&self) -> usize {
        let unread = self.unread();
        unread - self.urgent.hidden(self.read, unread)
    }

    /// Reads octets in order, up to the mark of urgent data; those that are held cannot be read.
    pub(crate) fn read(&mut self, into: &mut [u8]) -> usize {
        self.pass_mark();
        let most = self.urgent.octets_to_mark(self.read);
        let count = into.len().min(self.unread()).min(most);
        let read = self.queue.pop(&mut into[..count]);
        self.on_read(read);
        read
    }

    /// A read begins: an urgent octet that is next is passed by, whatever else there is (Linux:
    /// tcp_recvmsg_locked).
    pub(crate) fn pass_mark(&mut self) {
        let hidden = self.urgent.hidden(self.read, self.unread());
        if hidden > 0 {
            self.queue.drop_front(hidden);
            self.on_read(hidden);
        }
    }

    fn on_read(&mut self, octets: usize) {
        self.read += octets as i64;
        self.urgent.on_read(self.read);
        self.let_flow();
        self.buffer.on_read(self.read, self.accepted);
    }

    /// Opens a window that a full second buffer has shut, once little enough of it is unread.
    fn let_flow(&mut self) {
        if self.queue.len() < self.rules.second_buffer_low {
            self.spilled = 0;
        }
    }

    /// Copies octets in order and leaves them.
    pub(crate) fn peek(&self, into: &mut [u8]) -> usize {
        let hidden = self.urgent.hidden(self.read, self.unread());
        let most = self.urgent.octets_to_mark(self.read + hidden as i64);
        let count = into.len().min(self.readable()).min(most);
        if hidden == 0 {
            return self.queue.peek(&mut into[..count]);
        }
        let mut octets = vec![0; hidden + count];
        let copied = self.queue.peek(&mut octets).saturating_sub(hidden);
        into[..copied].copy_from_slice(&octets[hidden..hidden + copied]);
        copied
    }

    /// A segment says that an octet is urgent.
    pub(crate) fn announce_urgent(&mut self, start: i64, pointer: u16) {
        let (read, accepted) = (self.read, self.accepted);
        self.urgent.announce(start, pointer, read, accepted);
    }

    /// SO_OOBINLINE
    pub(crate) fn set_urgent_inline(&mut self, inline: bool) {
        self.urgent.set_inline(inline);
    }

    /// Whether an urgent octet waits to be read.
    pub(crate) fn urgent_waits(&self) -> bool {
        self.urgent.waits()
    }

    /// Whether what is read next is urgent, or was.
    pub(crate) fn is_at_mark(&self) -> bool {
        self.urgent.is_at_mark(self.read)
    }

    /// Octets that were acknowledged and not read, up to the urgent one.
    pub(crate) fn before_mark(&self) -> usize {
        let before = self.urgent.before_mark(self.read, self.accepted);
        before.unwrap_or_else(|| self.unread())
    }

    /// Reads the urgent octet by itself.
    ///
    /// # Errors
    /// There is none, or it has not come.
    pub(crate) fn read_urgent(&mut self, leaves: bool) -> Result<u8, NoUrgent> {
        self.urgent.take(leaves)
    }
}
