//! TLS: the certificate and key that the command line names, and the handshake of a connection.

use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;
use tokio_rustls::{TlsAcceptor, rustls};

/// The first byte of every TLS connection, and of no HTTP request.
const HANDSHAKE: u8 = 22;

/// Where a certificate and its key are.
#[derive(Clone, Debug)]
pub struct TlsFiles {
    /// The certificate, and behind it those that lead to one that browsers know; PEM.
    pub cert: PathBuf,
    /// Its private key; PEM.
    pub key: PathBuf,
}

/// What is wrong with a certificate or its key. Nothing of a key is told.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// One of the files is not there, or not for this program to read.
    #[error("{} cannot be read: {error}", .file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// It has a section that does not end, or is not base64.
    #[error("{} is damaged: a section of it is no PEM", .0.display())]
    Pem(PathBuf),
    /// It is PEM, or some text, without a certificate.
    #[error("{} has no certificate in it", .0.display())]
    NoCertificate(PathBuf),
    /// It is PEM, or some text, without a key.
    #[error("{} has no private key in it, or one that a password protects", .0.display())]
    NoKey(PathBuf),
    /// The certificate does not hold.
    #[error("{} has a certificate that does not hold: {error}", .file.display())]
    Certificate {
        /// The file.
        file: PathBuf,
        /// Why.
        error: rustls::Error,
    },
    /// The key is damaged, or of a kind that is not known here.
    #[error("{} has a key that cannot be used: damaged, or neither RSA, ECDSA nor Ed25519", .0.display())]
    Key(PathBuf),
    /// They do not belong together.
    #[error("{} is not the key of the certificate in {}", .key.display(), .cert.display())]
    Mismatch {
        /// The certificate's file.
        cert: PathBuf,
        /// The key's.
        key: PathBuf,
    },
}

/// What makes connections of a certificate.
#[derive(Clone)]
pub(crate) struct Tls {
    acceptor: TlsAcceptor,
    names: Arc<[String]>,
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tls").field("names", &self.names).finish_non_exhaustive()
    }
}

/// How somebody came.
#[derive(Debug)]
pub(crate) enum Way {
    /// As is wanted.
    Tls(Box<TlsStream<TcpStream>>),
    /// Without TLS.
    Plain(TcpStream),
}

impl Tls {
    /// Reads both files, and looks whether they belong together.
    pub(crate) fn load(files: &TlsFiles) -> Result<Self, TlsError> {
        let TlsFiles { cert, key } = files;
        let chain = certificates(cert)?;
        let names = names(cert, &chain)?;
        let provider = Arc::new(ring::default_provider());
        let signer = provider.key_provider.load_private_key(private_key(key)?);
        let signer = signer.map_err(|_| TlsError::Key(key.clone()))?;
        let certified = CertifiedKey::new(chain, signer);
        certified.keys_match().map_err(|error| match error {
            rustls::Error::InconsistentKeys(_) => TlsError::Mismatch { cert: cert.clone(), key: key.clone() },
            error => TlsError::Certificate { file: cert.clone(), error },
        })?;
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| TlsError::Certificate { file: cert.clone(), error })?
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(SingleCertAndKey::from(certified)));
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { acceptor: TlsAcceptor::from(Arc::new(config)), names: names.into() })
    }

    /// The names that the certificate is for; those of many (`*.school.example`) left out.
    pub(crate) fn names(&self) -> &[String] {
        &self.names
    }

    /// Shakes hands, if that is what the other side wants.
    pub(crate) async fn accept(&self, stream: TcpStream) -> io::Result<Way> {
        let mut first = [0];
        if stream.peek(&mut first).await? == 1 && first != [HANDSHAKE] {
            return Ok(Way::Plain(stream));
        }
        let stream = self.acceptor.accept(stream).await?;
        Ok(Way::Tls(Box::new(stream)))
    }
}

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let text = read(file)?;
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    let chain = chain.map_err(|_| TlsError::Pem(file.to_owned()))?;
    if chain.is_empty() { Err(TlsError::NoCertificate(file.to_owned())) } else { Ok(chain) }
}

fn private_key(file: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    PrivateKeyDer::from_pem_slice(&read(file)?).map_err(|error| match error {
        pem::Error::NoItemsFound => TlsError::NoKey(file.to_owned()),
        _ => TlsError::Pem(file.to_owned()),
    })
}

fn names(file: &Path, chain: &[CertificateDer<'_>]) -> Result<Vec<String>, TlsError> {
    let damaged = || {
        let error = rustls::CertificateError::BadEncoding.into();
        TlsError::Certificate { file: file.to_owned(), error }
    };
    let own = chain.first().ok_or_else(damaged)?;
    let own = webpki::EndEntityCert::try_from(own).map_err(|_| damaged())?;
    Ok(own.valid_dns_names().filter(|name| !name.starts_with('*')).map(str::to_owned).collect())
}

fn read(file: &Path) -> Result<Vec<u8>, TlsError> {
    std::fs::read(file).map_err(|error| TlsError::Read { file: file.to_owned(), error })
}
