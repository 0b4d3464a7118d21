//! A way to a server that can be cut: connections end, and new ones come to nothing.
#![expect(clippy::expect_used, reason = "a harness fails the test that uses it by panicking")]

use std::io;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Passes bytes between whoever connects and a server.
pub struct Passage {
    /// Where to connect instead.
    pub address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    server: String,
    open: AtomicBool,
    /// Both ends of each connection.
    connections: Mutex<Vec<TcpStream>>,
}

impl Passage {
    /// A passage to a server, `127.0.0.1:PORT`.
    ///
    /// # Panics
    /// If there is no loopback port.
    #[must_use]
    pub fn to(server: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a loopback port");
        let address = listener.local_addr().expect("an address");
        let shared = Arc::new(Shared {
            server: server.to_owned(),
            open: AtomicBool::new(true),
            connections: Mutex::default(),
        });
        let passed = Arc::clone(&shared);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                // What comes to nothing is closed at once.
                let _ = passed.pass(client);
            }
        });
        Self { address, shared }
    }

    /// Ends all connections, and every new one.
    pub fn close(&self) {
        self.shared.open.store(false, Ordering::SeqCst);
        self.cut();
    }

    /// Lets connections pass again.
    pub fn open(&self) {
        self.shared.open.store(true, Ordering::SeqCst);
    }

    /// Ends all connections; new ones pass.
    pub fn cut(&self) {
        let mut connections =
            self.shared.connections.lock().unwrap_or_else(PoisonError::into_inner);
        for connection in connections.drain(..) {
            let _ = connection.shutdown(Shutdown::Both);
        }
    }
}

impl Shared {
    fn pass(&self, client: TcpStream) -> io::Result<()> {
        if !self.open.load(Ordering::SeqCst) {
            return Ok(());
        }
        let server = TcpStream::connect(&self.server)?;
        let mut connections = self.connections.lock().unwrap_or_else(PoisonError::into_inner);
        for (mut from, mut to) in
            [(client.try_clone()?, server.try_clone()?), (server.try_clone()?, client.try_clone()?)]
        {
            std::thread::spawn(move || {
                let _ = io::copy(&mut from, &mut to);
                let _ = to.shutdown(Shutdown::Both);
                let _ = from.shutdown(Shutdown::Both);
            });
        }
        connections.extend([client, server]);
        Ok(())
    }
}
