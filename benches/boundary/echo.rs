//! The other end of the small I/O steps.

use std::net::SocketAddr;

use anyhow::Result;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Starts an echo server on a thread of its own, for the life of the process.
pub(crate) fn start() -> Result<SocketAddr> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))?;
    let address = listener.local_addr()?;
    std::thread::spawn(move || {
        runtime.block_on(async {
            while let Ok((connection, _)) = listener.accept().await {
                tokio::spawn(echo(connection));
            }
        });
    });
    Ok(address)
}

async fn echo(mut connection: TcpStream) -> std::io::Result<()> {
    connection.set_nodelay(true)?;
    let mut room = [0; 16 * 1024];
    loop {
        let length = connection.read(&mut room).await?;
        match room.get(..length) {
            None | Some([]) => return Ok(()),
            Some(received) => connection.write_all(received).await?,
        }
    }
}
