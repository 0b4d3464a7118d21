//! What a Service is to the API server: one address, and behind it the replicas that are ready.
#![expect(clippy::expect_used, reason = "a harness fails the test that uses it by panicking")]

use std::io;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

/// Passes each new connection to one of its servers, in turn; a connection that is there stays.
pub struct Balancer {
    /// Where to connect.
    pub address: SocketAddr,
    servers: Arc<Mutex<Vec<SocketAddr>>>,
}

impl Balancer {
    /// One without servers: connections come to nothing.
    ///
    /// # Panics
    /// If there is no loopback port.
    #[must_use]
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a loopback port");
        let address = listener.local_addr().expect("an address");
        let servers: Arc<Mutex<Vec<SocketAddr>>> = Arc::default();
        let shared = Arc::clone(&servers);
        std::thread::spawn(move || {
            for (turn, client) in listener.incoming().flatten().enumerate() {
                let servers = shared.lock().unwrap_or_else(PoisonError::into_inner).clone();
                if let Some(server) = servers.get(turn % servers.len().max(1)) {
                    // What comes to nothing is closed at once.
                    let _ = pass(client, *server);
                }
            }
        });
        Self { address, servers }
    }

    /// Whether new connections go to this one, too.
    #[must_use]
    pub fn serves(&self, server: SocketAddr) -> bool {
        self.servers.lock().unwrap_or_else(PoisonError::into_inner).contains(&server)
    }

    /// From now on new connections go to these.
    pub fn serve(&self, servers: &[SocketAddr]) {
        *self.servers.lock().unwrap_or_else(PoisonError::into_inner) = servers.to_vec();
    }
}

fn pass(client: TcpStream, server: SocketAddr) -> io::Result<()> {
    let server = TcpStream::connect(server)?;
    for (mut from, mut to) in
        [(client.try_clone()?, server.try_clone()?), (server.try_clone()?, client.try_clone()?)]
    {
        std::thread::spawn(move || {
            let _ = io::copy(&mut from, &mut to);
            let _ = to.shutdown(Shutdown::Write);
        });
    }
    Ok(())
}
