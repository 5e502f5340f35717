//! One process that uses Winsock on one host: Ws2_32.dll.
//!
//! Every function of Ws2_32.dll is a method of [`Winsock`] whose comment begins with the function's
//! own name, which is also the name of its page in Microsoft's reference, the source of what it
//! does. The methods take the host and the virtual time, and are called inside
//! [`Network::with_host`], so that whatever they make the stack send is drained before anything
//! else happens.
//!
//! A blocking socket cannot wait here, because only the network moves time. A call that would wait
//! says [`Progress::Blocks`](crate::Progress::Blocks); make the same call again after the network
//! has made a step. The process remembers how far it came: `send` goes on with the octets that are
//! left, `connect` asks for the end of its handshake, `closesocket` for the end of its linger time.
//!
//! A process has threads. [`Winsock::switch_to`] says which of them makes the next calls, and each
//! has its own last error and waits on its own.
//!
//! Left out, because nothing here has a use for them: out-of-band data, window messages
//! (WSAAsyncSelect), a second process (WSADuplicateSocket), names (getaddrinfo), quality of
//! service, multipoint sessions.
//!
//! [`Network::with_host`]: hangup_stack::network::Network::with_host

pub mod data;
pub mod disconnect;
pub mod events;
pub mod hook;
pub mod options;
pub mod protocols;
pub mod ready;
pub mod sockets;
pub mod startup;
pub mod thread;
mod threads;
mod winsock;

pub use winsock::Winsock;
