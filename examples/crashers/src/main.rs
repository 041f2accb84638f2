//! `make-crashes --out DIR [--each N]`: real crashes, as a crash reporter would hand them in.
//!
//! Each crash is a process of its own (this program again, with a hidden subcommand) that really
//! dies of its signal; its minidump is taken while it hangs in its signal handler.

#[cfg(target_os = "linux")]
mod annotations;
#[cfg(target_os = "linux")]
mod capture;
#[cfg(target_os = "linux")]
mod channel;
#[cfg(target_os = "linux")]
mod check;
#[cfg(target_os = "linux")]
mod child;
#[cfg(target_os = "linux")]
mod cli;
#[cfg(target_os = "linux")]
mod process;
#[cfg(target_os = "linux")]
mod ways;

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    cli::main()
}

/// Other systems capture crashes in other ways; the crate only has to compile there.
#[cfg(not(target_os = "linux"))]
fn main() -> std::process::ExitCode {
    eprintln!("make-crashes: only Linux is supported; run it there and copy the directory");
    std::process::ExitCode::FAILURE
}
