use std::net::{Shutdown, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use lapin::auth::AuthProvider;
use lapin::tcp::RustlsConnector;
use lapin::types::{LongString, ShortString};
use lapin::uri::{AMQPAuthority, AMQPQueryString, AMQPScheme, AMQPUri, AMQPUserInfo};
use lapin::{AsyncTcpStream, Channel, Connection, ConnectionProperties};
use socorro_core::error::Result;

use crate::address::Address;
use crate::config::Config;
use crate::failure::{Doing, Failures};
use crate::limit::Limit;

/// How long saying farewell may take.
const FAREWELL: Duration = Duration::from_secs(2);

/// Where to connect to, and how.
pub(crate) struct Target {
    address: Address,
    password: String,
    connector: Option<RustlsConnector>,
    heartbeat: u16,
    timeout: Duration,
    /// Shown in the broker's lists.
    name: String,
    pub(crate) failures: Failures,
}

impl Target {
    /// `InvalidConfig` when the options can never work. Reads files of the local disk.
    pub(crate) fn new(config: &Config, name: String) -> Result<Self> {
        let address = config.check()?;
        let connector = if address.tls {
            Some(super::tls::connector(&config.tls)?)
        } else {
            None
        };
        let password = config
            .password
            .as_ref()
            .map_or("guest", |password| password.expose());
        Ok(Self {
            failures: Failures::new(&address),
            password: password.to_owned(),
            connector,
            heartbeat: u16::try_from(config.heartbeat.0.as_secs()).unwrap_or(u16::MAX),
            timeout: config.connect_timeout.0,
            name,
            address,
        })
    }

    fn uri(&self) -> AMQPUri {
        AMQPUri {
            scheme: if self.address.tls {
                AMQPScheme::AMQPS
            } else {
                AMQPScheme::AMQP
            },
            authority: AMQPAuthority {
                // What logs in is the provider below; the client shows this one in its own logs.
                userinfo: AMQPUserInfo {
                    username: self.address.user.clone(),
                    password: String::new(),
                },
                host: self.address.host.clone(),
                port: self.address.port,
            },
            vhost: self.address.vhost.clone(),
            query: AMQPQueryString {
                heartbeat: Some(self.heartbeat),
                ..AMQPQueryString::default()
            },
        }
    }
}

/// Logs in with user and password.
struct Plain {
    user: String,
    password: String,
}

impl AuthProvider for Plain {
    fn mechanism(&self) -> ShortString {
        "PLAIN".into()
    }

    fn auth_starter(&self) -> std::result::Result<LongString, String> {
        Ok(format!("\0{}\0{}", self.user, self.password).into())
    }
}

/// One connection. Its own thread in the client serves it; dropping the link ends both for certain, because the
/// socket is shut down whatever state the client is in.
pub(crate) struct Link {
    connection: Connection,
    /// Dropped after the connection, which may still say farewell.
    _cut: Cut,
}

impl Link {
    /// Connects and logs in.
    pub(crate) async fn open(target: &Target, limit: Limit) -> Result<Self> {
        let limit = limit.within(target.timeout);
        let socket = Socket::default();
        let cut = Cut(socket.clone());
        let connector = target.connector.clone();
        let properties = ConnectionProperties::default()
            .with_connection_name(target.name.as_str().into())
            .with_auth_provider(Plain {
                user: target.address.user.clone(),
                password: target.password.clone(),
            });
        let runtime = lapin::runtime::default_runtime()
            .map_err(|error| target.failures.of(&error, Doing::Connecting))?;
        let connecting = Connection::connector(
            target.uri(),
            runtime,
            async move |uri, runtime| {
                let place = (uri.authority.host.clone(), uri.authority.port);
                let addresses = runtime.to_socket_addrs(place);
                // Ends by itself, since whoever waits for it may be gone.
                let stream = limit
                    .run(AsyncTcpStream::connect(&runtime, addresses))
                    .await
                    .ok_or_else(too_late)??;
                if let AsyncTcpStream::Plain(plain) = &stream {
                    socket.hold(plain.get_ref().as_fd())?;
                }
                match &connector {
                    None => Ok(stream),
                    Some(connector) => Ok(limit
                        .run(stream.into_rustls(connector, &uri.authority.host))
                        .await
                        .ok_or_else(too_late)??),
                }
            },
            properties,
        );
        match limit.run(connecting).await {
            Some(Ok(connection)) => Ok(Self {
                connection,
                _cut: cut,
            }),
            Some(Err(error)) => Err(target.failures.of(&error, Doing::Connecting)),
            None => Err(target.failures.late("to connect", target.timeout)),
        }
    }

    pub(crate) fn is_alive(&self) -> bool {
        self.connection.status().connected()
    }

    /// Does the broker accept nothing for now, because it is short of memory or disk?
    pub(crate) fn is_blocked(&self) -> bool {
        self.connection.status().blocked()
    }

    pub(crate) async fn channel(&self) -> lapin::Result<Channel> {
        self.connection.create_channel().await
    }

    /// Says farewell, so that the broker logs no lost connection.
    pub(crate) async fn close(&self, limit: Limit) {
        if self.is_alive() && !self.is_blocked() {
            let farewell = self.connection.close(200, "closed by its owner".into());
            if limit.within(FAREWELL).run(farewell).await.is_none() {
                tracing::debug!("the broker did not answer the farewell");
            }
        }
    }
}

fn too_late() -> std::io::Error {
    std::io::ErrorKind::TimedOut.into()
}

/// A second handle of a connection's socket. The client keeps the first, on a thread that may wait for a broker
/// that says nothing more.
#[derive(Clone, Default)]
struct Socket(Arc<Mutex<State>>);

#[derive(Default)]
enum State {
    #[default]
    None,
    Open(TcpStream),
    Cut,
}

impl Socket {
    fn hold(&self, socket: BorrowedFd<'_>) -> std::io::Result<()> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(*state, State::Cut) {
            return Err(too_late());
        }
        *state = State::Open(socket.try_clone_to_owned()?.into());
        Ok(())
    }
}

/// Shuts the socket down when dropped, also one that is opened later.
struct Cut(Socket);

impl Drop for Cut {
    fn drop(&mut self) {
        let mut state = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let State::Open(socket) = std::mem::replace(&mut *state, State::Cut) {
            // Fails when it is closed already.
            let _ = socket.shutdown(Shutdown::Both);
        }
    }
}
