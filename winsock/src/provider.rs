//! The service provider interface: what Ws2_32.dll calls in a provider, and what it offers back.
//!
//! [`Provider`] has WSPStartup and the thirty functions of WSPPROC_TABLE that a provider gives to
//! Ws2_32.dll. [`Upcalls`] is WSPUPCALLTABLE, what a provider may call in return.
//! [`Winsock`](crate::Winsock) finds the provider of a new socket in the
//! [catalog](crate::catalog), and from then on routes every call by the socket's handle.
//!
//! - [`spi`]: the interface, by subject; [`call`]: what its functions take and return
//! - [`registry`]: the providers there are, by name
//! - [`tcpip`], [`itot`]: the base providers; `base` and `posted` are what they share
//! - [`layer`], [`tracing`]: layered providers
//! - [`check`]: the order in which errors are found

mod base;
pub mod call;
pub mod check;
pub mod itot;
pub mod layer;
pub mod passage;
mod posted;
pub mod registry;
pub mod spi;
pub mod tcpip;
pub mod tracing;
pub mod upcalls;

pub use call::{
    Accepted, Caller, ConditionFunction, ConnectData, Context, Decision, Received, Sets, Wait,
    WspData,
};
pub use spi::{Below, Data, Disconnect, Events, Layer, Layered, Provider, SocketOptions, Sockets};
pub use upcalls::{EventHandle, Upcalls};
