//! What systemd is told, heard by a fake one, and the unit file.

use std::io::ErrorKind;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::process::Command;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::time::{ClockId, clock_gettime};
use nix::unistd::Pid;
use socorro_testkit::program::Program;

use crate::support::{PATIENCE, Place, Silent};

/// Where a program says how it is.
struct Manager(UnixDatagram);

/// One datagram: its lines.
type Message = Vec<String>;

impl Manager {
    /// Listens at a path; the value of the variable.
    fn at_path(place: &Place) -> (Self, String) {
        let path = place.path("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        (Self::new(socket), path.display().to_string())
    }

    /// Listens in the abstract namespace.
    fn abstractly() -> (Self, String) {
        let name = format!("socorro-test-{}", std::process::id());
        let address = SocketAddr::from_abstract_name(&name).unwrap();
        let socket = UnixDatagram::bind_addr(&address).unwrap();
        (Self::new(socket), format!("@{name}"))
    }

    fn new(socket: UnixDatagram) -> Self {
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        Self(socket)
    }

    fn hears(&self) -> Message {
        self.heard().expect("nothing was said in time")
    }

    fn heard(&self) -> Result<Message, ErrorKind> {
        loop {
            let mut bytes = [0; 4096];
            let length = self.0.recv(&mut bytes).map_err(|error| error.kind())?;
            let text = std::str::from_utf8(&bytes[..length]).unwrap();
            let message: Message = text.lines().map(str::to_owned).collect();
            // What a slow machine makes it ask for.
            if !message[0].starts_with("EXTEND_TIMEOUT_USEC=") {
                return Ok(message);
            }
        }
    }

    #[track_caller]
    fn hears_ready(&self, status: &str) {
        let message = self.hears();
        assert_eq!(message[0], "READY=1", "{message:?}");
        assert!(message[1].starts_with("STATUS="), "{message:?}");
        assert!(message[1].contains(status), "{message:?}");
        assert_eq!(message.len(), 2, "{message:?}");
    }

    /// The time that came with it.
    #[track_caller]
    fn hears_reloading(&self) -> u64 {
        reloading(&self.hears()).unwrap()
    }
}

fn reloading(message: &Message) -> Option<u64> {
    let time = message.get(1)?.strip_prefix("MONOTONIC_USEC=")?;
    (message[0] == "RELOADING=1").then(|| time.parse().unwrap())
}

fn now() -> u64 {
    let now = clock_gettime(ClockId::CLOCK_MONOTONIC).unwrap();
    u64::try_from(Duration::from(now).as_micros()).unwrap()
}

fn hang_up(program: &Program) {
    send(program, Signal::SIGHUP);
}

fn send(program: &Program, signal: Signal) {
    kill(Pid::from_raw(program.id().try_into().unwrap()), signal).unwrap();
}

fn started(place: &Place, socket: &str) -> Program {
    let mut command = place.command(&["run"]);
    Program::start(command.env("NOTIFY_SOCKET", socket)).unwrap()
}

fn dumps(count: u32) -> String {
    format!("[limits]\ndumps = {count}\n")
}

#[test]
fn systemd_hears_everything_at_a_path_and_in_the_abstract_namespace() {
    for is_path in [true, false] {
        let place = Place::new(&dumps(1));
        let (manager, name) = if is_path {
            Manager::at_path(&place)
        } else {
            Manager::abstractly()
        };
        let mut run = started(&place, &name);
        manager.hears_ready("generation 1");

        place.edit(&dumps(2));
        let before = now();
        hang_up(&run);
        let began = manager.hears_reloading();
        assert!(
            (before..=now()).contains(&began),
            "{began} is not after {before}"
        );
        manager.hears_ready("generation 2, reload applied");

        // A reload that nobody asked for by a signal, and one that is refused.
        place.edit("[limits]\ndumps = \"many\"\nREADY = \"\\n\"");
        hang_up(&run);
        assert!(manager.hears_reloading() > began);
        manager.hears_ready("generation 2, reload REFUSED, runs as before: ");

        send(&run, Signal::SIGTERM);
        assert_eq!(manager.hears()[0], "STOPPING=1");
        assert_eq!(run.wait(PATIENCE).unwrap().code(), Some(0));
        // That was all.
        manager.0.set_nonblocking(true).unwrap();
        assert_eq!(manager.heard(), Err(ErrorKind::WouldBlock));
    }
}

#[test]
fn a_reload_that_takes_too_long_ends_for_systemd_too() {
    let place = Place::new("[reload]\ntimeout = \"100ms\"\n");
    let (manager, name) = Manager::at_path(&place);
    let run = started(&place, &name);
    manager.hears_ready("generation 1");
    let silent = Silent::new();
    place.edit(&format!(
        "[reload]\ntimeout = \"100ms\"\n{}",
        silent.storage()
    ));
    hang_up(&run);
    manager.hears_reloading();
    manager.hears_ready("gave up after");
}

#[test]
fn each_reload_of_a_storm_has_its_pair() {
    let place = Place::new(&dumps(1));
    let (manager, name) = Manager::at_path(&place);
    let mut run = started(&place, &name);
    let heard = std::thread::scope(|threads| {
        let hearing = threads.spawn(|| {
            let mut heard = Vec::new();
            while heard
                .last()
                .is_none_or(|last: &Message| last[0] != "STOPPING=1")
            {
                heard.push(manager.hears());
            }
            heard
        });
        run.wait_for("started: generation 1", PATIENCE).unwrap();
        for count in 2..=200 {
            place.edit(&dumps(count));
            hang_up(&run);
        }
        run.wait_for("reload", PATIENCE).unwrap();
        send(&run, Signal::SIGTERM);
        hearing.join().unwrap()
    });
    run.wait(PATIENCE).unwrap();
    assert_eq!(heard[0][0], "READY=1", "not before the program runs");
    assert_eq!(heard.last().unwrap()[0], "STOPPING=1");
    let mut last = 0;
    for (place, message) in heard[1..heard.len() - 1].iter().enumerate() {
        match reloading(message) {
            Some(began) => {
                assert!(place % 2 == 0 && began > last, "{heard:?}");
                last = began;
            }
            None => assert!(place % 2 == 1 && message[0] == "READY=1", "{heard:?}"),
        }
    }
    assert!(last > 0, "{heard:?}");
}

#[test]
fn a_start_that_fails_is_told_and_is_not_ready() {
    let place = Place::new("[limits]\ndumps = \"many\"");
    let (manager, name) = Manager::at_path(&place);
    let mut run = started(&place, &name);
    let message = manager.hears();
    assert!(
        message[0].starts_with("STATUS=start refused: "),
        "{message:?}"
    );
    assert!(message[0].contains("limits.dumps"), "{message:?}");
    assert_eq!(message.len(), 1, "{message:?}");
    assert_eq!(run.wait(PATIENCE).unwrap().code(), Some(2));
}

/// The example, as far as this program is concerned: it is started as it says, and does what it says.
#[test]
fn the_unit_file_fits_the_program() {
    let unit = include_str!("../../../packaging/systemd/socorro.service");
    let value = |key: &str| {
        let mut values = unit
            .lines()
            .filter_map(|line| line.strip_prefix(key)?.strip_prefix('='));
        let value = values.next().unwrap_or_else(|| panic!("no {key}"));
        assert_eq!(values.next(), None, "{key} twice");
        value
    };
    assert_eq!(value("Type"), "notify-reload");
    assert_eq!(value("NotifyAccess"), "main");
    let stop: u64 = value("TimeoutStopSec").parse().unwrap();
    let shutdown = socorro_core::config::ReloadConfig::default().shutdown_timeout;
    assert!(Duration::from_secs(stop) > shutdown + Duration::from_secs(10));

    let place = Place::new(&dumps(1));
    let (manager, name) = Manager::at_path(&place);
    let start = value("ExecStart")
        .replace("/usr/bin/socorro", env!("CARGO_BIN_EXE_socorro"))
        .replace(
            "/etc/socorro/socorro.toml",
            &place.config().display().to_string(),
        );
    let mut words = start.split(' ');
    let mut command = Command::new(words.next().unwrap());
    command.args(words).env("NOTIFY_SOCKET", &name);
    let mut run = Program::start(&mut command).unwrap();
    manager.hears_ready("generation 1");
    hang_up(&run);
    manager.hears_reloading();
    manager.hears_ready("nothing changed");
    send(&run, Signal::SIGTERM);
    assert_eq!(manager.hears()[0], "STOPPING=1");
    assert_eq!(run.wait(PATIENCE).unwrap().code(), Some(0));

    place.edit("[limits");
    let mut run = Program::start(&mut command).unwrap();
    let code = run.wait(PATIENCE).unwrap().code().unwrap();
    assert_eq!(value("RestartPreventExitStatus"), code.to_string());
}
