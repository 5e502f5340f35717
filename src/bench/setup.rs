//! The setup of a run: two profiles, a link, and the behaviour of the applications.

use std::sync::Arc;

use hangup_stack::link::LinkConfig;
use hangup_stack::profile::{Profile, SynOption};
use smoltcp::time::Duration;

use super::overrides;
use super::value::Value;

/// Octets that are offered at least, where nothing else is said: more than the largest window
/// without scaling.
const OFFER_LEAST: usize = 128 * 1024;

/// The window of a receiver that was asked for none: the largest without scaling.
const WINDOW_UNSCALED: usize = 65_535;

/// The largest IP packet of Ethernet, and the headers in front of a segment's payload, in octets.
const ETHERNET_MTU: usize = 1500;
const HEADERS: usize = 40;

/// What a run is made of.
#[derive(Clone, Debug)]
pub struct Setup {
    /// How the host that pushes behaves.
    pub sender: Arc<Profile>,
    /// How the host behaves whose receive direction is shut down.
    pub receiver: Arc<Profile>,
    /// Both directions of the link.
    pub link: LinkConfig,
    /// The IP datagrams that a host sends, in octets at most: enough for the segments asked for.
    pub mtu: usize,
    /// The receive buffer that the receiver asks for, in octets.
    pub receive_buffer: Option<usize>,
    /// The send buffer that the sender asks for, in octets.
    pub send_buffer: Option<usize>,
    /// What the application writes before the shutdown, in octets. None: see [`Setup::warm_up`].
    pub(super) warm_up: Option<usize>,
    /// What it writes at a time, in octets; at least one.
    pub write: usize,
    /// What it has to write after the shutdown, in octets. None: see [`Setup::offer`].
    pub(super) offer: Option<usize>,
    /// How long the run is watched after the shutdown.
    pub until: Duration,
    /// The seed of every random choice.
    pub seed: u64,
}

impl Setup {
    /// Before any axis is applied.
    pub(super) fn new() -> Self {
        let linux = overrides::known_profile("linux");
        Self {
            sender: Arc::clone(&linux),
            receiver: linux,
            link: LinkConfig::default(),
            mtu: ETHERNET_MTU,
            receive_buffer: None,
            send_buffer: None,
            warm_up: None,
            write: 1,
            offer: None,
            until: Duration::ZERO,
            seed: 0,
        }
    }

    /// What the application writes before the shutdown, in octets: twice the window where that is
    /// left to us. While nothing is lost a congestion window grows by half of what is acknowledged
    /// at least.
    pub fn warm_up(&self) -> usize {
        let window = self.receive_buffer.unwrap_or(WINDOW_UNSCALED);
        self.warm_up.unwrap_or(window.saturating_mul(2))
    }

    /// What it has to write after it, in octets: enough to fill the window twice where nothing is
    /// said.
    pub fn offer(&self) -> usize {
        let window = self.receive_buffer.unwrap_or(0);
        let auto = window.saturating_mul(2).max(OFFER_LEAST);
        self.offer.unwrap_or(auto)
    }

    /// Has both hosts offer an option in their SYN (`on`), or not (`off`).
    pub(super) fn offer_option(&mut self, option: SynOption, value: Value) {
        let offered = match value.word() {
            "on" => true,
            "off" => false,
            _ => return,
        };
        offer(Arc::make_mut(&mut self.sender), option, offered);
        offer(Arc::make_mut(&mut self.receiver), option, offered);
    }

    /// Has the receiver shift its window field so far, or not at all (`off`).
    pub(super) fn scale_window(&mut self, value: Value) {
        match value {
            Value::Word("off") => {
                offer(
                    Arc::make_mut(&mut self.receiver),
                    SynOption::WindowScale,
                    false,
                );
            }
            Value::Number(shift) => {
                let receiver = Arc::make_mut(&mut self.receiver);
                offer(receiver, SynOption::WindowScale, true);
                receiver.options.window_scale = shift as u8;
                receiver.options.scale_to_buffer = false;
            }
            Value::Word(_) => {}
        }
    }

    /// Has both hosts announce a maximum segment size.
    pub(super) fn limit_segments(&mut self, value: Value) {
        let Some(octets) = value.count() else {
            return;
        };
        let mss = Some(u16::try_from(octets).unwrap_or(u16::MAX));
        Arc::make_mut(&mut self.sender).options.mss = mss;
        Arc::make_mut(&mut self.receiver).options.mss = mss;
        self.mtu = ETHERNET_MTU.max(octets + HEADERS);
    }
}

/// Has a profile offer an option in its SYN, or not.
fn offer(profile: &mut Profile, option: SynOption, offered: bool) {
    let answer = profile.options.answer().to_vec();
    profile.options.syn_ack = answer;
    for groups in [&mut profile.options.syn, &mut profile.options.syn_ack] {
        let has = groups.iter().flatten().any(|other| *other == option);
        if offered && !has {
            groups.push(vec![option]);
        } else if !offered {
            for group in groups.iter_mut() {
                group.retain(|other| *other != option);
            }
            groups.retain(|group| !group.is_empty());
        }
    }
}
