//! What a host knows of servers that speak Fast Open (RFC 7413 section 4.1.3).

use std::collections::BTreeMap;

use smoltcp::time::Instant;
use smoltcp::wire::IpAddress;

use crate::profile::{FastOpenRules, SynRoom, Unanswered};
use crate::tcp::cookie::{CookieField, CookieOption, FastOpen};
use crate::tcp::segment::OPTION_OCTETS;
use crate::tcp::{ClientOpening, SynAnswer};

/// A host remembers no more servers than this; the one with the lowest address goes.
const SERVERS_MOST: usize = 1024;

/// What is known of a server.
#[derive(Clone, Copy, Debug)]
struct Server {
    /// Which option it is asked by, and the cookie that it has given.
    option: CookieOption,
    field: CookieField,
    /// Whether the other option was tried, because this one had no answer.
    tried: bool,
    /// The maximum segment size that it has announced.
    mss: u16,
    /// Since when its path is taken for one on which Fast Open does not work.
    disabled_since: Option<Instant>,
}

impl Server {
    const UNKNOWN: Self = Self {
        option: CookieOption::Standard,
        field: CookieField::Request,
        tried: false,
        mss: 0,
        disabled_since: None,
    };
}

/// What a host knows of servers, and the secret of its own cookies.
#[derive(Debug, Default)]
pub(crate) struct FastOpenMemory {
    servers: BTreeMap<IpAddress, Server>,
    /// The one by chance, once there is any.
    pub(crate) key: Option<[u8; 16]>,
}

impl FastOpenMemory {
    /// Whether the next SYN to a server can bring data.
    pub(crate) fn brings_data(&self, rules: FastOpenRules, server: IpAddress) -> bool {
        let known = self.servers.get(&server);
        rules.without_cookie || known.is_some_and(|it| it.field != CookieField::Request)
    }

    /// How a SYN to a server opens, which has so many octets of other options and announces
    /// segments of `announced` octets. None: as any other.
    pub(crate) fn opening(
        &mut self,
        rules: FastOpenRules,
        server: IpAddress,
        (options, announced): (usize, u16),
        now: Instant,
    ) -> Option<ClientOpening> {
        let known = self.servers.entry(server).or_insert(Server::UNKNOWN);
        if let Some(since) = known.disabled_since {
            if now - since <= rules.disabled {
                return None;
            }
            *known = Server::UNKNOWN;
        }
        let option = FastOpen {
            option: known.option,
            field: known.field,
        };
        let brings = known.field != CookieField::Request || rules.without_cookie;
        let taken = match rules.room {
            SynRoom::BesideOptions => (options + option.length()).next_multiple_of(4),
            SynRoom::BesideMostOptions => OPTION_OCTETS,
        };
        let mss = match (known.mss, rules.room) {
            // Without anything known of it a server takes what every host does (RFC 7413 section
            // 4.1.3.1).
            (0, SynRoom::BesideOptions) => 536,
            // Linux: what the path takes.
            (0, SynRoom::BesideMostOptions) => announced,
            (mss, _) => mss,
        };
        let mss = usize::from(mss.min(announced));
        let asks = known.field != CookieField::Request || !rules.without_cookie;
        Some(ClientOpening {
            option: asks.then_some(option),
            room: if brings { mss.saturating_sub(taken) } else { 0 },
        })
    }

    /// A server has answered a SYN of Fast Open.
    pub(crate) fn learn(
        &mut self,
        rules: FastOpenRules,
        server: IpAddress,
        said: SynAnswer,
        now: Instant,
    ) {
        let known = self.servers.entry(server).or_insert(Server::UNKNOWN);
        known.mss = said.mss;
        match (said.option, rules.unanswered) {
            (Some(FastOpen { option, field }), _)
                if matches!(field, CookieField::Cookie(_)) && said.asked =>
            {
                (known.option, known.field) = (option, field);
                known.disabled_since = None;
            }
            (_, Unanswered::Disables) => {
                known.field = CookieField::Request;
                known.disabled_since = Some(now);
            }
            (_, Unanswered::TriesExperiment)
                if known.field == CookieField::Request && said.asked && !said.repeated =>
            {
                // The other option has one try (tcp_fastopen_cache_set, try_exp).
                known.option = match known.tried {
                    false => CookieOption::Experimental,
                    true => CookieOption::Standard,
                };
                known.tried = true;
            }
            (_, Unanswered::TriesExperiment) => {}
        }
        if self.servers.len() > SERVERS_MOST {
            self.servers.pop_first();
        }
    }
}
