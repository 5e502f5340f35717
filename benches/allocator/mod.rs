//! The allocator of the program: what is measured takes its memory as the program does.

use mimalloc::MiMalloc;

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;
