//! Executors: run an operation, try again while that can help, give up when it cannot.
