//! Threads, and what interrupts a call that waits.

use crate::pair::{Pair, Who};
use hangup_stack::smoltcp::time::Duration;
use hangup_winsock::api::sockets::SOCK_STREAM;
use hangup_winsock::api::thread::{Alertable, CannotRun, Routine};
use hangup_winsock::function::Function;
use hangup_winsock::overlapped::{CompletionRoutine, Overlap, Overlapped};
use hangup_winsock::provider::Sets;
use hangup_winsock::{Pointer, Progress, Socket, ThreadId, WsaError};

/// A connection whose server waits in recv.
fn waiting(version: u16) -> (Pair, Socket) {
    let mut pair = Pair::new("winsock", version);
    let (_, s, _) = pair.connected();
    assert_eq!(recv(&mut pair, s), Progress::WAITS);
    (pair, s)
}

fn recv(pair: &mut Pair, s: Socket) -> Progress<usize> {
    pair.call(Who::Server, |process, host, now| {
        process.recv(host, now, s, &mut [0; 9], 0)
    })
}

fn sleep(pair: &mut Pair, alertable: Alertable) {
    let outcome = pair.call(Who::Server, |process, _, now| {
        process.sleep_ex(now, Some(Duration::from_secs(1)), alertable)
    });
    assert!(matches!(outcome, Progress::Blocks { until: Some(_) }));
}

/// Which routine can run on a thread depends on what it waits in and on the version.
#[test]
fn what_can_interrupt_what() {
    let (hook, apc) = (Routine::BlockingHook, Routine::Apc);
    let enter = |pair: &mut Pair, routine| pair.server.process.enter(routine);
    for (version, hook_runs) in [(0x0101, Ok(())), (0x0202, Err(CannotRun::NoHook))] {
        let mut pair = Pair::new("winsock", version);
        assert_eq!(enter(&mut pair, hook), Err(CannotRun::NotWaiting));
        assert_eq!(enter(&mut pair, apc), Err(CannotRun::NotWaiting));
        let (mut pair, s) = waiting(version);
        assert_eq!(enter(&mut pair, hook), hook_runs);
        if hook_runs.is_ok() {
            pair.server.process.leave();
        }
        assert_eq!(enter(&mut pair, apc), Ok(()));
        assert_eq!(
            enter(&mut pair, apc),
            Err(CannotRun::NotWaiting),
            "an APC runs"
        );
        pair.server.process.leave();
        assert_eq!(recv(&mut pair, s), Progress::WAITS, "the call goes on");
        pair.server.process.switch_to(ThreadId(1));
        assert_eq!(enter(&mut pair, apc), Err(CannotRun::NotWaiting));
        sleep(&mut pair, Alertable::No);
        assert_eq!(enter(&mut pair, apc), Err(CannotRun::NotAlertable));
        pair.server.process.switch_to(ThreadId(2));
        sleep(&mut pair, Alertable::Yes);
        assert_eq!(enter(&mut pair, apc), Ok(()));
    }
}

/// Every blocking call inside an APC that interrupted a blocking call is undefined: it does
/// nothing, and is reported with the page that forbids it. What does not block is carried out.
#[test]
fn blocking_calls_inside_an_apc() {
    let (mut pair, s) = waiting(0x0202);
    pair.server.process.enter(Routine::Apc).unwrap();
    let ended = pair.call(Who::Server, |process, host, now| {
        process.wsa_recv_disconnect(host, now, s, Pointer::Null)
    });
    assert_eq!(ended, Err(WsaError::SystemCallFailure));
    let undefined = pair.server.process.take_undefined();
    assert_eq!(undefined.len(), 1);
    assert_eq!(undefined[0].interrupted, Function::Recv);
    assert_eq!(undefined[0].nested, Function::RecvDisconnect);
    let text = undefined[0].to_string();
    assert!(
        text.contains("WSARecvDisconnect") && text.contains("page recv"),
        "{text}"
    );
    let sent = pair.call(Who::Server, |process, host, now| {
        process.wsa_send_disconnect(host, now, s, Pointer::Null)
    });
    assert_eq!(
        sent,
        Ok(()),
        "it does not block, and its page has no such note"
    );
    assert_eq!(pair.server.process.take_undefined(), []);
    pair.server.process.leave();
    assert_eq!(
        recv(&mut pair, s),
        Progress::WAITS,
        "nothing was shut down for receiving"
    );
    // A lingering close blocks, whatever its page says.
    let mut pair = Pair::new("winsock", 0x0202);
    let (listening, s, _) = pair.connected();
    pair.linger(Who::Server, s, 1, 5);
    let accept = pair.call(Who::Server, |process, host, now| {
        process.accept(host, now, listening)
    });
    assert_eq!(accept, Progress::WAITS);
    pair.server.process.enter(Routine::Apc).unwrap();
    let closed = pair.call(Who::Server, |process, host, now| {
        process.closesocket(host, now, s)
    });
    assert_eq!(closed, Progress::Done(Err(WsaError::SystemCallFailure)));
    assert_eq!(pair.server.process.take_undefined().len(), 1);
}

/// In an APC that interrupted SleepEx everything is allowed, and SleepEx returns after it.
#[test]
fn an_apc_in_a_sleep() {
    let mut pair = Pair::new("winsock", 0x0202);
    let (_, s, _) = pair.connected();
    sleep(&mut pair, Alertable::Yes);
    pair.server.process.enter(Routine::Apc).unwrap();
    let ended = pair.call(Who::Server, |process, host, now| {
        process.wsa_recv_disconnect(host, now, s, Pointer::Null)
    });
    assert_eq!(ended, Ok(()));
    pair.server.process.leave();
    let woken = pair.call(Who::Server, |process, _, now| {
        process.sleep_ex(now, Some(Duration::from_secs(1)), Alertable::Yes)
    });
    let expected = hangup_winsock::api::events::SleepResult::IoCompletion;
    assert_eq!(woken, Progress::Done(Ok(expected)));
}

/// What an overlapped receive brought is handed out with its end, and its routine runs with the
/// right parameters, on its own thread alone.
#[test]
fn completion() {
    let mut pair = Pair::new("winsock", 0x0202);
    let (_, s, client) = pair.connected();
    let overlap = Overlap {
        overlapped: Overlapped(5),
        routine: Some(CompletionRoutine(6)),
    };
    let begun = pair.call(Who::Server, |process, host, now| {
        process.wsa_recv(
            host,
            now,
            s,
            &mut [&mut [0; 3], &mut [0; 9]],
            0,
            Some(overlap),
        )
    });
    assert_eq!(begun, Progress::Done(Err(WsaError::IoPending)));
    let sent = pair.wait(Who::Client, |process, host, now| {
        process.send(host, now, client, b"octets", 0)
    });
    assert_eq!(sent, Ok(6));
    pair.run_for(Duration::from_secs(1));
    pair.call(Who::Server, |process, host, now| process.poll(host, now));
    pair.server.process.switch_to(ThreadId(1));
    sleep(&mut pair, Alertable::Yes);
    assert_eq!(pair.server.process.take_completions(), []);
    pair.server.process.switch_to(ThreadId::MAIN);
    let woken = pair.call(Who::Server, |process, _, now| {
        process.sleep_ex(now, None, Alertable::Yes)
    });
    assert!(matches!(woken, Progress::Done(Ok(_))));
    let completions = pair.server.process.take_completions();
    let [completion] = completions[..] else {
        panic!("{completions:?}")
    };
    assert_eq!(
        (completion.routine, completion.overlapped),
        (CompletionRoutine(6), Overlapped(5))
    );
    assert_eq!((completion.error, completion.octets), (0, 6));
    let ended = pair.call(Who::Server, |process, host, now| {
        let wait = hangup_winsock::provider::Wait::No;
        process.wsa_get_overlapped_result(host, now, s, Overlapped(5), wait)
    });
    let Progress::Done(Ok(transferred)) = ended else {
        panic!("{ended:?}")
    };
    assert_eq!(transferred.data, b"octets");
}

/// What a routine calls while select waits does not begin its time anew.
#[test]
fn a_routine_does_not_prolong_a_wait() {
    let mut pair = Pair::new("winsock", 0x0202);
    let (_, s, _) = pair.connected();
    let other = pair.socket(Who::Server, SOCK_STREAM);
    let until = Some(pair.network.now() + Duration::from_secs(1));
    let select = |pair: &mut Pair| {
        let mut sets = Sets {
            read: vec![s],
            ..Sets::default()
        };
        pair.call(Who::Server, |process, host, now| {
            process.select(host, now, &mut sets, Some(Duration::from_secs(1)))
        })
    };
    assert_eq!(select(&mut pair), Progress::Blocks { until });
    pair.run_for(Duration::from_millis(500));
    pair.server.process.enter(Routine::Apc).unwrap();
    let closed = pair.call(Who::Server, |process, host, now| {
        process.closesocket(host, now, other)
    });
    assert_eq!(closed, Progress::Done(Ok(())));
    pair.server.process.leave();
    assert_eq!(select(&mut pair), Progress::Blocks { until });
    pair.run_for(Duration::from_millis(500));
    assert_eq!(select(&mut pair), Progress::Done(Ok(0)));
}

/// What arrives between WSACancelBlockingCall and the end of the call that it has cancelled is left
/// for the next receive.
#[test]
fn a_cancelled_receive_takes_nothing() {
    let mut pair = Pair::new("winsock", 0x0101);
    let (_, s, client) = pair.connected();
    assert_eq!(recv(&mut pair, s), Progress::WAITS);
    pair.server.process.enter(Routine::BlockingHook).unwrap();
    let cancelled = pair.call(Who::Server, |process, host, now| {
        process.wsa_cancel_blocking_call(host, now)
    });
    assert_eq!(cancelled, Ok(()));
    assert_eq!(pair.send(Who::Client, client, 5), Ok(5));
    pair.run_for(Duration::from_secs(1));
    pair.call(Who::Server, |process, host, now| process.poll(host, now));
    pair.server.process.leave();
    assert_eq!(
        recv(&mut pair, s),
        Progress::Done(Err(WsaError::Interrupted))
    );
    assert_eq!(recv(&mut pair, s), Progress::Done(Ok(5)));
}
