//! One HTML file out of a built page: wasm and scripts inline, workers from a blob.
//!
//! It opens by double-click (`file://`), where nothing can be fetched and module workers do not start.

use std::{fs, path::Path};

use crate::{Error, verifier};

/// Says where workers come from: from what this file carries; stands where index.html has its own boot script.
const BOOT: &str = include_str!("single_file/boot.js");
/// How index.html marks the script that [`BOOT`] replaces.
const BOOT_TAG: &str = "<script id=\"boot\">";

/// The page in `site` as one HTML text.
///
/// # Errors
/// A file that cannot be read, or a page that has something which is not inlined here.
pub fn inline(site: &Path) -> Result<String, Error> {
    let files = Files(site);
    let mut html = files.text("index.html")?;
    html = replace_links(&html, &files)?;
    html = replace_boot(&html, &files)?;
    html = replace_main(&html, &files)?;
    match ["href=\"./", "src=\"./", "url(./"].iter().find(|left| html.contains(**left)) {
        None => Ok(html),
        Some(left) => Err(Error::new(format!("index.html still refers to another file: {left}…"))),
    }
}

struct Files<'a>(&'a Path);

impl Files<'_> {
    fn bytes(&self, name: &str) -> Result<Vec<u8>, Error> {
        let file = self.0.join(name.trim_start_matches("./"));
        fs::read(&file).map_err(|error| Error::io(format_args!("read {}", file.display()), &error))
    }

    fn text(&self, name: &str) -> Result<String, Error> {
        String::from_utf8(self.bytes(name)?).map_err(|_| Error::new(format!("{name} is not UTF-8")))
    }

    /// A script's text, safe inside a script element.
    fn script(&self, name: &str) -> Result<String, Error> {
        let text = self.text(name)?;
        if text.contains("snippets/") {
            return Err(Error::new(format!("{name} imports a snippet, which one file cannot hold")));
        }
        Ok(text.replace("</script", "<\\/script"))
    }
}

/// Styles go inline, the icon becomes a data URL, hints to fetch early go away. The base element goes too: it would
/// turn `#fragment` links into navigation.
fn replace_links(html: &str, files: &Files<'_>) -> Result<String, Error> {
    let html = edit_tags(html, "<base ", |_| Ok(String::new()))?;
    edit_tags(&html, "<link ", |tag| {
        let href = attribute(tag, "href").unwrap_or_default();
        match attribute(tag, "rel").unwrap_or_default() {
            "stylesheet" => Ok(format!("<style>{}</style>", files.text(href)?)),
            "icon" => {
                let data = base64(&files.bytes(href)?);
                Ok(format!("<link rel=\"icon\" href=\"data:image/svg+xml;base64,{data}\" />"))
            }
            "modulepreload" | "preload" => Ok(String::new()),
            other => Err(Error::new(format!("index.html has a link that is not inlined: rel={other}"))),
        }
    })
}

fn replace_boot(html: &str, files: &Files<'_>) -> Result<String, Error> {
    let (before, rest) = html.split_once(BOOT_TAG).ok_or_else(|| Error::new(format!("no {BOOT_TAG}")))?;
    let (_, after) = rest.split_once("</script>").ok_or_else(|| Error::new("a script without an end"))?;
    let glue = files.script("terrarium-worker.js")?;
    let boot = files.script("boot.js")?;
    let wasm = base64(&files.bytes("terrarium-worker_bg.wasm")?);
    let verifier = base64(&files.bytes(verifier::FILE)?);
    Ok(format!(
        "{before}<script type=\"text/plain\" id=\"worker-script\">{glue}\n{boot}</script>
<script type=\"text/plain\" id=\"worker-wasm\">{wasm}</script>
<script type=\"text/plain\" id=\"verifier-wasm\">{verifier}</script>
<script>{BOOT}</script>{after}"
    ))
}

/// Trunk's script imports the page's module and its wasm by address; both move into its place.
fn replace_main(html: &str, files: &Files<'_>) -> Result<String, Error> {
    let tag = "<script type=\"module\">";
    let (before, rest) = html.split_once(tag).ok_or_else(|| Error::new(format!("no {tag}")))?;
    let (script, after) =
        rest.split_once("</script>").ok_or_else(|| Error::new("a script without an end"))?;
    let glue = quoted(script, ".js").ok_or_else(|| Error::new("no script's address in Trunk's script"))?;
    let wasm = quoted(script, ".wasm").ok_or_else(|| Error::new("no wasm's address in Trunk's script"))?;
    let glue = files.script(glue)?;
    let wasm = base64(&files.bytes(wasm)?);
    Ok(format!(
        "{before}<script type=\"text/plain\" id=\"page-wasm\">{wasm}</script>
{tag}{glue}
await __wbg_init({{ module_or_path: terrariumInline(\"page-wasm\") }});</script>{after}"
    ))
}

/// Replaces each tag that begins with `start` by what `edit` makes of it.
fn edit_tags(html: &str, start: &str, edit: impl Fn(&str) -> Result<String, Error>) -> Result<String, Error> {
    let mut edited = String::with_capacity(html.len());
    let mut rest = html;
    while let Some(at) = rest.find(start) {
        let end =
            at + rest[at..].find('>').ok_or_else(|| Error::new(format!("{start}… without an end")))? + 1;
        edited.push_str(&rest[..at]);
        edited.push_str(&edit(&rest[at..end])?);
        rest = &rest[end..];
    }
    edited.push_str(rest);
    Ok(edited)
}

fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    tag.split_once(&format!(" {name}=\""))?.1.split('"').next()
}

/// The single-quoted word of `script` that ends with `suffix`.
fn quoted<'a>(script: &'a str, suffix: &str) -> Option<&'a str> {
    script.split('\'').find(|word| word.ends_with(suffix))
}

fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let group =
            chunk.iter().fold(0, |group, byte| group << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for digit in 0..4 {
            let index = (group >> (18 - 6 * digit)) as usize & 63;
            text.push(if digit <= chunk.len() { char::from(ALPHABET[index]) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_rfc_4648s() {
        let cases = [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("foobar", "Zm9vYmFy"),
        ];
        for (bytes, text) in cases {
            assert_eq!(base64(bytes.as_bytes()), text);
        }
    }

    #[test]
    fn a_page_with_an_unknown_link_is_refused() {
        let error =
            replace_links("<link rel=\"manifest\" href=\"./m\">", &Files(Path::new("."))).unwrap_err();
        assert!(error.to_string().contains("rel=manifest"));
    }
}
