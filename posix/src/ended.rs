//! Which calls on the description of a socket fail once its connection has ended: pure decisions
//! over a knob.

use hangup_stack::host::Host;
use hangup_stack::profile::OptionsAfterEnd;
use hangup_stack::socket::{Protocol, SocketId, Status};
use hangup_stack::tcp::State;

use crate::errno::Errno;

/// How far a connection has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ended {
    /// Nothing can be sent any more.
    send: bool,
    /// Nor received.
    both: bool,
    /// There is no connection any more.
    gone: bool,
}

impl Ended {
    const NOTHING: Self = Self {
        send: false,
        both: false,
        gone: false,
    };

    fn of(status: &Status) -> Self {
        let connected = status.protocol == Protocol::Tcp && status.remote.is_some();
        let Some(state) = status.state.filter(|_| connected) else {
            return Self::NOTHING;
        };
        let sends = matches!(
            state,
            State::SynSent | State::SynReceived | State::Established | State::CloseWait
        );
        Self {
            send: !sends,
            both: status.hung_up,
            gone: state == State::Closed,
        }
    }
}

/// Whose an option is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OptionOf {
    /// TCP's own.
    Transport,
    /// The socket's, kept with the connection.
    Connection,
    /// The socket's.
    Socket,
}

/// What is asked of a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// An option is set.
    Set(OptionOf),
    /// It is read.
    Get(OptionOf),
    /// The peer's address.
    Peer,
}

/// Why a call fails on a socket whose connection has ended, where it does.
pub(crate) fn refusal(host: &Host, socket: SocketId, asked: Asked) -> Option<Errno> {
    let rule = host.profile()?.calls.options_after_end;
    let ended = Ended::of(&host.status(socket)?);
    decide(rule, ended, asked)
}

fn decide(rule: OptionsAfterEnd, ended: Ended, asked: Asked) -> Option<Errno> {
    let changes = matches!(asked, Asked::Set(_) | Asked::Peer);
    let of = match asked {
        Asked::Set(of) | Asked::Get(of) => of,
        Asked::Peer => OptionOf::Socket,
    };
    let (fails, error) = match rule {
        OptionsAfterEnd::Allowed => return None,
        OptionsAfterEnd::InvalidWithoutBoth => (changes && ended.both, Errno::Invalid),
        // An address is looked for first.
        OptionsAfterEnd::InvalidWithoutSend if ended.gone && asked == Asked::Peer => return None,
        OptionsAfterEnd::InvalidWithoutSend => (changes && ended.send, Errno::Invalid),
        OptionsAfterEnd::ResetWhenGone => (
            ended.gone && of == OptionOf::Transport,
            Errno::ConnectionReset,
        ),
        OptionsAfterEnd::InvalidWhenGone => (ended.gone && of != OptionOf::Socket, Errno::Invalid),
    };
    fails.then_some(error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use hangup_stack::profile::Profile;

    #[test]
    fn what_fails_once_a_connection_has_ended() {
        let open = Ended::NOTHING;
        let half = Ended { send: true, ..open };
        let both = Ended { both: true, ..half };
        let gone = Ended { gone: true, ..both };
        let linger = Asked::Set(OptionOf::Socket);
        let no_delay = Asked::Set(OptionOf::Transport);
        let read = Asked::Get(OptionOf::Transport);
        let invalid = Some(Errno::Invalid);
        let reset = Some(Errno::ConnectionReset);
        let rows = [
            ("linux", linger, [None, None, None, None]),
            ("linux", Asked::Peer, [None, None, None, None]),
            ("macos", linger, [None, None, invalid, invalid]),
            ("macos", Asked::Peer, [None, None, invalid, invalid]),
            ("macos", read, [None, None, None, None]),
            ("illumos", linger, [None, invalid, invalid, invalid]),
            ("illumos", Asked::Peer, [None, invalid, invalid, None]),
            ("illumos", read, [None, None, None, None]),
            ("freebsd", linger, [None, None, None, None]),
            ("freebsd", no_delay, [None, None, None, reset]),
            ("openbsd", read, [None, None, None, reset]),
            ("lwip", no_delay, [None, None, None, invalid]),
            ("lwip", linger, [None, None, None, None]),
            ("lwip", Asked::Peer, [None, None, None, None]),
        ];
        for (profile, asked, expected) in rows {
            let rule = Profile::built_in(profile).unwrap().calls.options_after_end;
            let found = [open, half, both, gone].map(|ended| decide(rule, ended, asked));
            assert_eq!(found, expected, "{profile} {asked:?}");
        }
    }
}
