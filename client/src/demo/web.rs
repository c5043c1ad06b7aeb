//! The public, reading the public page: a GET over plain HTTP, as any browser makes it.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use super::DemoError;

/// The body of a page or file of the public listener.
pub(super) fn get(address: SocketAddr, path: &str) -> Result<Vec<u8>, DemoError> {
    let wrong = || DemoError::Page(path.to_owned());
    let answer = fetch(address, path).map_err(|_| wrong())?;
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n").ok_or_else(wrong)?;
    let (head, body) = answer.split_at(end + 4);
    if !head.starts_with(b"HTTP/1.1 200") && !head.starts_with(b"HTTP/1.0 200") {
        return Err(wrong());
    }
    Ok(body.to_vec())
}

/// HTTP/1.0, so that the body comes in one piece and ends with the connection.
fn fetch(address: SocketAddr, path: &str) -> std::io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect_timeout(&address, LIMIT)?;
    stream.set_read_timeout(Some(LIMIT))?;
    write!(stream, "GET {path} HTTP/1.0\r\nHost: {address}\r\n\r\n")?;
    let mut answer = Vec::new();
    stream.take(ANSWER_BYTES_MAX).read_to_end(&mut answer)?;
    Ok(answer)
}

const LIMIT: Duration = Duration::from_secs(20);
const ANSWER_BYTES_MAX: u64 = 3 * 1024 * 1024 * 1024;
