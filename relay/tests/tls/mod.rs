//! The relay under TLS, with a certificate of this test.
#![allow(clippy::unwrap_used, reason = "what fails here fails the test that asked for it")]

use crate::client::{self, Browser, Folder, Running, frame};
use crate::quick;
use rcgen::{CertifiedKey, KeyPair, generate_simple_self_signed};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::time::Duration;
use terrarium_relay::{Limits, Options, Relay, RelayError, Site, TlsError, TlsFiles};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// A certificate for `localhost`, in files of a folder.
struct Certificate {
    files: TlsFiles,
    der: CertificateDer<'static>,
    folder: Folder,
}

impl Certificate {
    fn new(folder: &str) -> Self {
        let folder = Folder::new(folder);
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed(["localhost".to_owned(), "*.school.example".to_owned()]).unwrap();
        let files = TlsFiles { cert: folder.file("cert.pem"), key: folder.file("key.pem") };
        std::fs::write(&files.cert, cert.pem()).unwrap();
        std::fs::write(&files.key, signing_key.serialize_pem()).unwrap();
        Self { files, der: cert.der().clone(), folder }
    }

    /// A file beside the two.
    fn file(&self, name: &str, text: &str) -> PathBuf {
        let file = self.folder.file(name);
        std::fs::write(&file, text).unwrap();
        file
    }

    /// Speaks with who has this certificate, and with nobody else.
    fn connector(&self) -> TlsConnector {
        let mut roots = RootCertStore::empty();
        roots.add(self.der.clone()).unwrap();
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        TlsConnector::from(Arc::new(config))
    }

    /// A relay with it.
    async fn relay(&self, options: Options) -> Running {
        let mut relay = client::relay(Options { tls: Some(self.files.clone()), ..options }).await;
        relay.home.tls = Some(self.connector());
        relay
    }

    /// Why no relay starts with these files.
    async fn failure(files: TlsFiles) -> TlsError {
        let relay = Relay::bind(Options { tls: Some(files), ..quick() }, Site::default()).await;
        let Err(RelayError::Tls(error)) = relay else { panic!("{relay:?}") };
        error
    }
}

#[tokio::test]
async fn page_health_numbers_and_sockets_come_over_tls_on_one_port() {
    let certificate = Certificate::new("tls");
    let relay = certificate.relay(Options { base_path: "/terrarium".to_owned(), ..quick() }).await;
    assert!(relay.fetch("/", &[]).await.starts_with("HTTP/1.1 200"));
    assert_eq!(relay.get("/health").await, "ok\n");
    let mut teacher = Browser::create(&relay, "teacher").await;
    let mut student = Browser::join(&relay, teacher.code, "student").await;
    for number in 0..100 {
        let message = frame(teacher.pass.address, student.pass.address, number);
        teacher.post(message.clone()).await;
        assert_eq!(student.hear_frame().await, message);
    }
    assert!(relay.get("/metrics").await.contains("terrarium_relay_frames_total 100"));
    assert_eq!(relay.origin(&format!("https://{}", relay.host)).await, 101);
    assert_eq!(relay.origin("https://evil.example").await, 403);
    relay.stop().await;
    assert_eq!(student.end().await, Some(terrarium_link::room::End::Shutdown));
}

#[tokio::test]
async fn the_addresses_are_the_certificates_names_first_and_say_https() {
    let certificate = Certificate::new("tls-urls");
    let relay = certificate.relay(quick()).await;
    let port = relay.host.rsplit(':').next().unwrap();
    assert_eq!(
        relay.urls,
        [format!("https://localhost:{port}/"), format!("https://127.0.0.1:{port}/")],
        "a name of many is the address of none"
    );
}

#[tokio::test]
async fn who_comes_without_tls_is_sent_to_https() {
    let certificate = Certificate::new("tls-plain");
    let relay = certificate.relay(quick()).await;
    let mut plain = TcpStream::connect(&relay.host).await.unwrap();
    let request = format!("GET /a?b=c HTTP/1.1\r\nhost: {}\r\n\r\n", relay.host);
    plain.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    plain.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 307"), "{answer}");
    assert!(answer.contains(&format!("location: https://{}/a?b=c\r\n", relay.host)), "{answer}");
}

#[tokio::test]
async fn a_handshake_that_does_not_get_on_ends_and_others_are_served() {
    let certificate = Certificate::new("tls-slow");
    let limits = Limits { head: Duration::from_millis(300), ..Limits::default() };
    let relay = certificate.relay(Options { limits, ..quick() }).await;
    // One says nothing, one stops within the first record, one says what is no handshake.
    let beginnings: [&[u8]; 3] = [&[], &[22, 3, 1, 2], &[22, 9, 9, 0, 1, 0]];
    let mut streams = Vec::new();
    for beginning in beginnings {
        let mut stream = TcpStream::connect(&relay.host).await.unwrap();
        stream.write_all(beginning).await.unwrap();
        streams.push(stream);
    }
    let stranger = Certificate::new("tls-stranger").connector();
    let stream = TcpStream::connect(&relay.host).await.unwrap();
    let refused = stranger.connect("localhost".try_into().unwrap(), stream).await;
    assert!(refused.is_err(), "a browser that does not know the certificate breaks off");
    assert_eq!(relay.get("/health").await, "ok\n");
    for mut stream in streams {
        // An alert may come before the end; a reset is an end too.
        let _ = stream.read_to_end(&mut Vec::new()).await;
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_certificate_or_its_key_is_told_with_the_files_name() {
    let certificate = Certificate::new("tls-wrong");
    let TlsFiles { cert, key } = certificate.files.clone();
    let (right, missing) = (|path: &Path| path.to_owned(), certificate.folder.file("missing.pem"));
    let other = certificate.file("other.pem", &KeyPair::generate().unwrap().serialize_pem());
    let text = certificate.file("text.pem", "a shopping list\n");
    let cut = certificate.file("cut.pem", "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49\n");
    let hollow =
        certificate.file("hollow.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    let odd = certificate.file("odd.pem", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n");
    let cases = [
        (&missing, &key, &missing, "cannot be read"),
        (&cert, &missing, &missing, "cannot be read"),
        (&text, &key, &text, "has no certificate"),
        (&key, &key, &key, "has no certificate"),
        (&hollow, &key, &hollow, "does not hold"),
        (&cert, &text, &text, "has no private key"),
        (&cert, &cert, &cert, "has no private key"),
        (&cert, &cut, &cut, "is damaged"),
        (&cert, &odd, &odd, "cannot be used"),
        (&cert, &other, &other, "is not the key of the certificate"),
    ];
    for (cert, key, file, what) in cases {
        let error = Certificate::failure(TlsFiles { cert: right(cert), key: right(key) }).await.to_string();
        assert!(error.starts_with(&file.display().to_string()) && error.contains(what), "{error}");
    }
}

#[test]
fn the_command_takes_both_files_or_none_and_prints_https() {
    let certificate = Certificate::new("tls-command");
    let TlsFiles { cert, key } = &certificate.files;
    let (cert, key) = (cert.to_str().unwrap(), key.to_str().unwrap());
    let said = |output: Output| String::from_utf8_lossy(&output.stderr).into_owned();
    let run = |args: &[&str]| command(&certificate.folder).args(args).output().unwrap();
    assert!(said(run(&["--tls-cert", cert])).contains("--tls-cert needs --tls-key"));
    assert!(said(run(&["--tls-key", key])).contains("--tls-key needs --tls-cert"));
    let mixed = run(&["--tls-cert", key, "--tls-key", cert]);
    assert!(!mixed.status.success());
    assert!(said(mixed).contains(&format!("{key} has no certificate")));
    let mut relay = command(&certificate.folder);
    relay.args(["--tls-cert", cert, "--tls-key", key]).stdout(Stdio::piped());
    let mut relay = relay.spawn().unwrap();
    let lines = BufReader::new(relay.stdout.take().unwrap()).lines().map_while(Result::ok);
    let addresses: Vec<String> = lines.filter(|line| line.contains("#room=")).take(3).collect();
    relay.kill().unwrap();
    relay.wait().unwrap();
    let [teacher, first, second] = &addresses[..] else { panic!("{addresses:?}") };
    assert!(teacher.starts_with("  https://localhost:") && teacher.contains("&teacher="), "{teacher}");
    assert!(first.starts_with("  https://localhost:"), "{first}");
    assert!(second.starts_with("  https://127.0.0.1:"), "{second}");
}

/// The program, with a page of this test.
fn command(folder: &Folder) -> Command {
    let site = folder.file("site");
    std::fs::create_dir_all(&site).unwrap();
    std::fs::write(site.join("index.html"), "<!doctype html>").unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_terrarium-relay"));
    command.env("TERRARIUM_SITE", site).args(["--bind", "127.0.0.1", "--port", "0"]);
    command
}
