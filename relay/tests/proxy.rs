//! What docs/relay.md says of a reverse proxy and of a service, tried out with the programs that it is for. Where one is not
//! installed its test is ignored, and says why.
#![allow(clippy::unwrap_used, reason = "what fails here fails the test that asked for it")]

mod client;

use client::{Browser, Folder, Home, frame};
use libtest_mimic::{Arguments, Completion, Failed, Trial};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::Arc;
use std::time::Duration;
use terrarium_link::room::{Refusal, RoomCode};
use terrarium_relay::{Limits, Options};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

const DOCS: &str = include_str!("../../docs/relay.md");

fn main() -> ExitCode {
    let trials = vec![
        Trial::ignorable_test(
            "page_and_websocket_come_through_nginx_as_the_docs_set_it_up",
            needing("nginx", through_nginx),
        ),
        Trial::ignorable_test("the_docs_unit_holds", needing("systemd-analyze", unit)),
        Trial::test("the_docs_unit_calls_the_program_as_it_can_be_called", || {
            flags();
            Ok(())
        }),
    ];
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

/// A test that is ignored where a program is not installed.
fn needing(
    program: &'static str,
    test: fn(PathBuf),
) -> impl FnOnce() -> Result<Completion, Failed> + Send + 'static {
    move || match find(program) {
        Some(file) => {
            test(file);
            Ok(Completion::Completed)
        }
        None => Ok(Completion::ignored_with(format!("{program} is not installed"))),
    }
}

/// A program on PATH, or where administrators' programs are.
fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(["/usr/sbin", "/usr/local/sbin"].map(PathBuf::from));
    folders.map(|folder| folder.join(program)).find(|file| file.is_file())
}

/// The first block of the docs in this language.
fn snippet(language: &str) -> &'static str {
    let (_, rest) = DOCS.split_once(&format!("```{language}\n")).unwrap();
    rest.split_once("```").unwrap().0
}

/// `text` with another value where the docs have one; each is there once.
fn set(text: &str, values: &[(&str, &str)]) -> String {
    values.iter().fold(text.to_owned(), |text, (from, to)| {
        assert_eq!(text.matches(from).count(), 1, "{from} in the docs");
        text.replace(from, to)
    })
}

/// A program that ends with this value.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

fn through_nginx(nginx: PathBuf) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let folder = Folder::new("nginx");
        let limits = Limits { tries: 2, ..Limits::default() };
        let base_path = "/terrarium".to_owned();
        let options =
            Options { bind: [127, 0, 0, 1].into(), port: 0, base_path, limits, ..Options::default() };
        let relay = client::relay(options).await;
        let (home, _nginx) = serve(&nginx, &folder, &relay.host).await;
        visit(&home).await;
    });
}

/// Starts nginx before a relay, as the docs set it up but for addresses and files; where it is reached.
async fn serve(nginx: &PathBuf, folder: &Folder, relay: &str) -> (Home, Running) {
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let (certificate, key) = (folder.file("fullchain.pem"), folder.file("privkey.pem"));
    std::fs::write(&certificate, cert.pem()).unwrap();
    std::fs::write(&key, signing_key.serialize_pem()).unwrap();
    let host = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let site = set(
        snippet("nginx"),
        &[
            ("443 ssl", &format!("{host} ssl")),
            ("127.0.0.1:8080", relay),
            ("/etc/ssl/school.example/fullchain.pem", certificate.to_str().unwrap()),
            ("/etc/ssl/school.example/privkey.pem", key.to_str().unwrap()),
        ],
    );
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|name| format!("{name}_temp_path {};\n", folder.file(name).display()))
        .concat();
    let configuration = format!(
        "daemon off;\nmaster_process off;\npid {};\nerror_log stderr;\nevents {{}}\nhttp {{\naccess_log off;\n\
         {temporary}{site}}}\n",
        folder.file("nginx.pid").display()
    );
    let file = folder.file("nginx.conf");
    std::fs::write(&file, configuration).unwrap();
    let mut command = Command::new(nginx);
    command.arg("-c").arg(&file).args(["-e", "stderr"]).stdin(Stdio::null());
    let running = Running(command.spawn().unwrap());
    let listens = async {
        while TcpStream::connect(&host).await.is_err() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), listens).await.expect("nginx starts");
    let mut roots = RootCertStore::empty();
    roots.add(cert.der().clone()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let tls = Some(TlsConnector::from(Arc::new(config)));
    (Home { host, base: "/terrarium".to_owned(), tls }, running)
}

async fn visit(home: &Home) {
    let page = home.fetch("/", &[]).await;
    assert!(page.starts_with("HTTP/1.1 200") && page.contains("<!doctype html>"), "{page}");
    assert!(
        page.contains("default-src 'none'") && page.contains("etag: "),
        "the relay's headers pass: {page}"
    );
    assert!(home.fetch("", &[]).await.starts_with("HTTP/1.1 301"), "the path without its slash leads on");
    assert_eq!(home.get("/health").await, "ok\n");
    assert_eq!(home.origin(&format!("https://{}", home.host)).await, 101);
    assert_eq!(home.origin("https://evil.example").await, 403);
    let mut teacher = Browser::create(home, "teacher").await;
    let mut student = Browser::join(home, teacher.code, "student").await;
    for number in 0..100 {
        let message = frame(teacher.pass.address, student.pass.address, number);
        teacher.post(message.clone()).await;
        assert_eq!(student.hear_frame().await, message);
    }
    let large = [frame(teacher.pass.address, student.pass.address, 0), vec![7; 200_000]].concat();
    teacher.post(large.clone()).await;
    assert_eq!(student.hear_frame().await, large);
    guess(home, teacher.code).await;
}

/// Guessing codes has its bound behind nginx too.
async fn guess(home: &Home, right: RoomCode) {
    let wrong = RoomCode::from_number(u64::from(right == RoomCode::from_number(1)) + 1);
    for outcome in [Refusal::NoRoom, Refusal::NoRoom, Refusal::TooManyTries] {
        assert_eq!(Browser::try_join(home, wrong).await.map(drop), Err(outcome));
    }
}

fn unit(analyze: PathBuf) {
    let folder = Folder::new("unit");
    let file = folder.file("terrarium-relay.service");
    let program = env!("CARGO_BIN_EXE_terrarium-relay");
    std::fs::write(&file, set(snippet("ini"), &[("/usr/local/bin/terrarium-relay", program)])).unwrap();
    let output = Command::new(analyze).arg("verify").arg("--man=no").arg(&file).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && !said.contains("terrarium-relay.service"), "{said}");
}

fn flags() {
    let help = Command::new(env!("CARGO_BIN_EXE_terrarium-relay")).arg("--help").output().unwrap();
    let help = String::from_utf8_lossy(&help.stdout).into_owned();
    let line = snippet("ini").lines().find(|line| line.starts_with("ExecStart=")).unwrap();
    let flags: Vec<&str> = line.split_whitespace().filter(|word| word.starts_with("--")).collect();
    assert_eq!(flags.len(), 3);
    assert!(flags.iter().all(|flag| help.contains(&format!("  {flag} "))), "{flags:?} in {help}");
}
