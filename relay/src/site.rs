//! The built page: its files, how long browsers may keep them, and what scripts it may run.

use axum::body::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::Path;
use std::sync::OnceLock;

/// Files smaller than this go out as they are.
const WORTH_PACKING: usize = 1_000;
/// Where index.html says whether a relay serves it.
const UNMARKED: &str = r#"<meta name="relay" content="" />"#;
const MARKED: &str = r#"<meta name="relay" content="here" />"#;

/// One file.
#[derive(Debug)]
pub(crate) struct Asset {
    pub(crate) body: Bytes,
    /// Made when it is first asked for.
    packed: OnceLock<Option<Bytes>>,
    pub(crate) etag: String,
    pub(crate) content_type: &'static str,
    pub(crate) immutable: bool,
}

/// All files of the page.
#[derive(Debug, Default)]
pub struct Site {
    files: BTreeMap<String, Asset>,
    script_hashes: Vec<String>,
}

impl Site {
    /// The page of these files, by their paths (`index.html`).
    pub fn of(files: impl IntoIterator<Item = (String, Bytes)>) -> Self {
        let mut site = Self::default();
        for (path, mut body) in files {
            if path == "index.html" {
                let html = String::from_utf8_lossy(&body).replace(UNMARKED, MARKED);
                site.script_hashes = inline_scripts(&html).map(|script| hash(script.as_bytes())).collect();
                body = html.into();
            }
            site.files.insert(path.clone(), Asset::new(&path, body));
        }
        site
    }

    /// The page in a folder.
    ///
    /// # Errors
    /// Those of reading it.
    pub fn of_folder(folder: &Path) -> io::Result<Self> {
        let mut files = Vec::new();
        collect(folder, "", &mut files)?;
        Ok(Self::of(files))
    }

    /// Whether there is a page at all.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// The file at a path below the top, which has no slash before it; the top is index.html.
    pub(crate) fn get(&self, path: &str) -> Option<&Asset> {
        self.files.get(if path.is_empty() { "index.html" } else { path })
    }

    /// What the page may load and run: what comes from here and nothing else. Its own scripts in index.html are named by
    /// their hashes.
    pub(crate) fn policy(&self) -> String {
        let hashes: String = self.script_hashes.iter().map(|hash| format!(" 'sha256-{hash}'")).collect();
        format!(
            "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'{hashes}; worker-src 'self' blob:; connect-src 'self'; \
             style-src 'self' 'unsafe-inline'; img-src 'self' data:; base-uri 'self'; form-action 'none'; \
             frame-ancestors 'none'"
        )
    }
}

impl Asset {
    fn new(path: &str, body: Bytes) -> Self {
        let digest = Sha256::digest(&body);
        let etag =
            format!("\"{}\"", digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect::<String>());
        let (content_type, immutable) = (content_type(path), is_hashed(path));
        Self { body, packed: OnceLock::new(), etag, content_type, immutable }
    }

    /// The file packed by gzip; none where that is not worth it.
    pub(crate) fn packed(&self) -> Option<&Bytes> {
        let pack = || {
            let is_picture = self.content_type.starts_with("image/") && self.content_type != "image/svg+xml";
            if self.body.len() < WORTH_PACKING || is_picture {
                return None;
            }
            let mut encoder = GzEncoder::new(Vec::new(), Compression::new(6));
            encoder.write_all(&self.body).ok()?;
            encoder.finish().ok().map(Bytes::from)
        };
        self.packed.get_or_init(pack).as_ref()
    }
}

fn collect(folder: &Path, prefix: &str, files: &mut Vec<(String, Bytes)>) -> io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let path = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            collect(&entry.path(), &format!("{path}/"), files)?;
        } else {
            files.push((path, std::fs::read(entry.path())?.into()));
        }
    }
    Ok(())
}

/// The texts of the scripts that stand in a page itself.
fn inline_scripts(html: &str) -> impl Iterator<Item = &str> {
    html.split("<script").skip(1).filter_map(|rest| {
        let (attributes, rest) = rest.split_once('>')?;
        let (text, _) = rest.split_once("</script>")?;
        (!attributes.contains("src=")).then_some(text)
    })
}

fn hash(bytes: &[u8]) -> String {
    base64(&Sha256::digest(bytes))
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let at = |index: usize| u32::from(chunk.get(index).copied().unwrap_or(0));
        let bits = at(0) << 16 | at(1) << 8 | at(2);
        for place in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * place) & 63) as usize];
            text.push(if place <= chunk.len() { char::from(letter) } else { '=' });
        }
    }
    text
}

/// Whether Trunk put a hash into the file's name.
fn is_hashed(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    name.split(['-', '.', '_']).any(|part| part.len() == 16 && part.bytes().all(|b| b.is_ascii_hexdigit()))
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "wasm" => "application/wasm",
        "json" => "application/json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ts" | "txt" | "md" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_rfc_4648s() {
        for (bytes, text) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg==")]
        {
            assert_eq!(base64(bytes.as_bytes()), text);
        }
    }

    #[test]
    fn the_scripts_of_the_page_itself_are_allowed_by_hash_and_no_others() {
        let html = "<script>one</script><script src=\"two.js\"></script><script id=\"x\">three</script>";
        let scripts: Vec<&str> = inline_scripts(html).collect();
        assert_eq!(scripts, ["one", "three"]);
        let site = Site::of([("index.html".to_owned(), Bytes::from(html))]);
        assert!(site.policy().contains(&format!("'sha256-{}'", hash(b"three"))));
        assert!(!site.policy().contains("script-src 'self' 'unsafe-inline'"));
    }

    #[test]
    fn the_page_learns_that_a_relay_serves_it() {
        let site = Site::of([("index.html".to_owned(), Bytes::from(format!("<p>{UNMARKED}</p>")))]);
        assert_eq!(site.get("").map(|asset| &asset.body[..]), Some(format!("<p>{MARKED}</p>").as_bytes()));
        let page = include_str!("../../index.html");
        assert!(page.contains(UNMARKED), "index.html has a place for it");
    }

    #[test]
    fn only_names_with_a_hash_are_kept_without_asking() {
        let site = Site::of(
            ["terrarium-web-0123456789abcdef_bg.wasm", "terrarium-worker_bg.wasm", "index.html"]
                .map(|path| (path.to_owned(), Bytes::from_static(b"x"))),
        );
        let immutable = |path: &str| site.get(path).is_some_and(|asset| asset.immutable);
        assert!(immutable("terrarium-web-0123456789abcdef_bg.wasm"));
        assert!(!immutable("terrarium-worker_bg.wasm") && !immutable(""));
    }
}
