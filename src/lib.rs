//! hangup: a wire-level emulator of how connections end.
