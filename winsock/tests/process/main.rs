//! Processes that use Winsock, on hosts of the real stack.

mod disconnect;
mod errors;
mod lifetime;
mod linger;
mod pair;
mod spi;
mod stub;
mod table;
mod threads;
