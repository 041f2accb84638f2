use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use socorro_core::{Error, ErrorKind, Result};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Bytes that each step sends and reads.
const STEP: usize = 1024;
/// Steps of one operation.
const STEPS: usize = 10;

/// Connections to the echo server; as many as there were operations at once.
pub(crate) struct Connections {
    echo: SocketAddr,
    idle: Mutex<Vec<TcpStream>>,
}

impl Connections {
    pub(crate) fn new(echo: SocketAddr) -> Self {
        Self {
            echo,
            idle: Mutex::default(),
        }
    }

    /// Does the ten steps. A connection that failed is closed.
    pub(crate) async fn steps(&self) -> Result<()> {
        let idle = self.idle().pop();
        let connection = match idle {
            Some(connection) => Ok(connection),
            None => self.connect().await,
        };
        let stepped = match connection {
            Ok(connection) => steps(connection).await,
            Err(error) => Err(error),
        };
        let connection = stepped.map_err(|error| {
            Error::new(
                ErrorKind::Unavailable,
                format!("the echo server at {} fails", self.echo),
            )
            .caused_by(&error)
        })?;
        self.idle().push(connection);
        Ok(())
    }

    async fn connect(&self) -> std::io::Result<TcpStream> {
        let connection = TcpStream::connect(self.echo).await?;
        connection.set_nodelay(true)?;
        Ok(connection)
    }

    fn idle(&self) -> MutexGuard<'_, Vec<TcpStream>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn steps(mut connection: TcpStream) -> std::io::Result<TcpStream> {
    let mut room = [0; STEP];
    for _ in 0..STEPS {
        connection.write_all(&room).await?;
        connection.read_exact(&mut room).await?;
    }
    Ok(connection)
}
