//! A static file server for a built page, on 127.0.0.1 alone.
//!
//! Files whose names carry a hash are immutable; all others are asked for again each time and answered 304 where their ETag
//! still holds, for Trunk does not hash the worker's files.

use std::{
    fs,
    io::{self, BufRead, BufReader, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::{Component, Path, PathBuf},
    thread,
    time::Duration,
};

use crate::source_hash::Fnv;

/// A request line or header longer than this ends the connection.
const MAX_LINE: u64 = 16 * 1024;
/// More headers than this end the connection.
const MAX_HEADERS: usize = 100;
/// A connection that says nothing for so long is closed.
const IDLE: Duration = Duration::from_secs(30);
/// A server with a pace sends so many bytes at once.
const PART: usize = 16 * 1024;

/// A server that is bound to its port and does not answer yet.
#[derive(Debug)]
pub struct Site {
    listener: TcpListener,
    address: SocketAddr,
    folder: PathBuf,
    pace: Option<u32>,
}

impl Site {
    /// Binds 127.0.0.1:`port`, 0 for any free one. `folder` need not exist yet.
    ///
    /// # Errors
    /// Those of binding, e.g. a port in use.
    pub fn bind(folder: &Path, port: u16) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
        Ok(Self { address: listener.local_addr()?, listener, folder: folder.to_owned(), pace: None })
    }

    /// Sends no more than `bytes_per_second` on a connection, as a slow network does.
    #[must_use]
    pub fn paced(mut self, bytes_per_second: u32) -> Self {
        self.pace = Some(bytes_per_second);
        self
    }

    /// The address that it is bound to.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers requests, for ever.
    pub fn serve(self) {
        for stream in self.listener.incoming().flatten() {
            let folder = self.folder.clone();
            // A connection that breaks concerns nobody else.
            thread::spawn(move || drop(converse(&stream, &folder, self.pace)));
        }
    }

    /// Answers requests on a thread of its own until the process ends; returns the address.
    pub fn spawn(self) -> SocketAddr {
        let address = self.address;
        thread::spawn(move || self.serve());
        address
    }
}

struct Request {
    method: String,
    target: String,
    if_none_match: Option<String>,
    close: bool,
}

fn converse(stream: &TcpStream, folder: &Path, pace: Option<u32>) -> io::Result<()> {
    stream.set_read_timeout(Some(IDLE))?;
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream);
    while let Some(request) = read_request(&mut reader)? {
        send(stream, &respond(&request, folder), pace)?;
        if request.close {
            break;
        }
    }
    Ok(())
}

fn send(mut stream: &TcpStream, response: &[u8], pace: Option<u32>) -> io::Result<()> {
    let Some(pace) = pace else { return stream.write_all(response) };
    for part in response.chunks(PART) {
        stream.write_all(part)?;
        thread::sleep(Duration::from_secs_f64(part.len() as f64 / f64::from(pace)));
    }
    Ok(())
}

fn read_request(reader: &mut BufReader<&TcpStream>) -> io::Result<Option<Request>> {
    let first = read_line(reader)?;
    let mut words = first.split(' ');
    let (Some(method), Some(target)) = (words.next(), words.next()) else { return Ok(None) };
    let mut request =
        Request { method: method.to_owned(), target: target.to_owned(), if_none_match: None, close: false };
    for _ in 0..MAX_HEADERS {
        let line = read_line(reader)?;
        let Some((name, value)) = line.split_once(':') else { return Ok(Some(request)) };
        match name.to_ascii_lowercase().as_str() {
            "if-none-match" => request.if_none_match = Some(value.trim().to_owned()),
            "connection" => request.close = value.trim().eq_ignore_ascii_case("close"),
            _ => {}
        }
    }
    Ok(None)
}

fn read_line(reader: &mut BufReader<&TcpStream>) -> io::Result<String> {
    let mut line = String::new();
    io::Read::take(reader, MAX_LINE).read_line(&mut line)?;
    line.truncate(line.trim_end().len());
    Ok(line)
}

fn respond(request: &Request, folder: &Path) -> Vec<u8> {
    let with_body = match request.method.as_str() {
        "GET" => true,
        "HEAD" => false,
        _ => return plain("405 Method Not Allowed"),
    };
    let Some(file) = locate(folder, &request.target) else { return plain("404 Not Found") };
    let Ok(body) = fs::read(&file) else { return plain("404 Not Found") };
    let mut hash = Fnv::default();
    hash.write(&body);
    let etag = format!("\"{:016x}\"", hash.0);
    let caching = if is_hashed(&file) { "public, max-age=31536000, immutable" } else { "no-cache" };
    let head = format!("ETag: {etag}\r\nCache-Control: {caching}\r\n");
    if request.if_none_match.as_deref() == Some(etag.as_str()) {
        return format!("HTTP/1.1 304 Not Modified\r\n{head}\r\n").into_bytes();
    }
    let mut response = format!(
        "HTTP/1.1 200 OK\r\n{head}Content-Type: {}\r\nContent-Length: {}\r\n\r\n",
        content_type(&file),
        body.len()
    )
    .into_bytes();
    if with_body {
        response.extend(body);
    }
    response
}

fn plain(status: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\r\n{status}",
        status.len()
    )
    .into_bytes()
}

/// The file that a request target names, never one outside `folder`.
fn locate(folder: &Path, target: &str) -> Option<PathBuf> {
    let path = target.split(['?', '#']).next()?;
    let path = PathBuf::from(decode(path.strip_prefix('/')?)?);
    if !path.components().all(|part| matches!(part, Component::Normal(_))) {
        return None;
    }
    let file = folder.join(path);
    Some(if file.is_dir() { file.join("index.html") } else { file })
}

/// Undoes percent encoding.
fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digits = [rest.next()?, rest.next()?];
            bytes.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

/// Whether Trunk put a hash into the file's name: `terrarium-web-0123456789abcdef_bg.wasm`.
fn is_hashed(file: &Path) -> bool {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    name.split(['-', '.', '_']).any(|part| part.len() == 16 && part.bytes().all(|b| b.is_ascii_hexdigit()))
}

fn content_type(file: &Path) -> &'static str {
    match file.extension().and_then(|extension| extension.to_str()).unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "wasm" => "application/wasm",
        "json" => "application/json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "ts" | "txt" | "md" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn get(address: SocketAddr, request: &str) -> String {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(format!("{request}\r\nConnection: close\r\n\r\n").as_bytes()).unwrap();
        io::read_to_string(stream).unwrap()
    }

    fn site() -> SocketAddr {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        Site::bind(&folder, 0).unwrap().spawn()
    }

    #[test]
    fn a_file_has_an_etag_and_is_not_sent_twice() {
        let address = site();
        let first = get(address, "GET /site.rs?build=1 HTTP/1.1");
        assert!(first.starts_with("HTTP/1.1 200 OK"), "{first}");
        assert!(first.contains("Cache-Control: no-cache"));
        let etag = first.lines().find_map(|line| line.strip_prefix("ETag: ")).unwrap();
        let second = get(address, &format!("GET /site.rs HTTP/1.1\r\nIf-None-Match: {etag}"));
        assert!(second.starts_with("HTTP/1.1 304"), "{second}");
    }

    #[test]
    fn nothing_outside_the_folder_is_served() {
        let address = site();
        for target in ["/../Cargo.toml", "/%2e%2e/Cargo.toml", "//etc/passwd", "/command/../../Cargo.toml"] {
            let answer = get(address, &format!("GET {target} HTTP/1.1"));
            assert!(answer.starts_with("HTTP/1.1 404"), "{target}: {answer}");
        }
    }

    #[test]
    fn only_names_with_a_hash_are_immutable() {
        assert!(is_hashed(Path::new("a/terrarium-web-0123456789abcdef_bg.wasm")));
        assert!(!is_hashed(Path::new("a/terrarium-worker_bg.wasm")));
        assert!(!is_hashed(Path::new("index.html")));
    }
}
