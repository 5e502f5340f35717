//! Winsock.
