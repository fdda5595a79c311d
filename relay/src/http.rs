//! What the one port answers: the page, the WebSocket, health, numbers, pictures of addresses.

use crate::connection;
use crate::lobby::Lobby;
use crate::log;
use crate::site::Site;
use axum::Router;
use axum::body::Body;
use axum::extract::{Extension, Query, Request, State, WebSocketUpgrade};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use fast_qr::QRBuilder;
use fast_qr::convert::{Builder, Shape, svg::SvgBuilder};
use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use tokio::sync::OwnedSemaphorePermit;

/// The longest text that is made a picture of.
const MAX_QR: usize = 300;
/// What one WebSocket reads and writes at a time.
const SOCKET_BUFFER: usize = 4 * 1024;

/// Where a reverse proxy says who asked it.
const FORWARDED_FOR: &str = "x-forwarded-for";

/// Who is at the other end of a connection.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    /// Its address.
    pub(crate) address: SocketAddr,
    /// Its place among the connections, which a WebSocket keeps when its request is over.
    pub(crate) place: Arc<OwnedSemaphorePermit>,
}

/// What every request may need.
#[derive(Debug)]
pub(crate) struct Desk {
    pub(crate) lobby: Arc<Lobby>,
    pub(crate) site: Site,
    /// `Content-Security-Policy` of the page.
    pub(crate) policy: String,
    /// What stands before every path, `` or `/terrarium`.
    pub(crate) base: String,
    /// Origins that may open a WebSocket beside the page's own.
    pub(crate) origins: Vec<String>,
    /// Under which addresses the page is reached from the network.
    pub(crate) urls: Vec<String>,
}

/// The answers of a relay.
pub(crate) fn router(desk: Arc<Desk>) -> Router {
    let base = desk.base.clone();
    Router::new()
        .route(&format!("{base}/ws"), get(websocket))
        .route(&format!("{base}/health"), get(|| async { "ok\n" }))
        .route(&format!("{base}/metrics"), get(metrics))
        .route(&format!("{base}/qr.svg"), get(qr))
        .fallback(page)
        .with_state(desk)
}

/// The answers of a relay under TLS to who came without: a person who typed the address and no scheme.
pub(crate) fn to_https() -> Router {
    Router::new().fallback(|request: Request| async move {
        let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
        match (host, request.uri().path_and_query()) {
            (Some(host), Some(path)) => {
                let home = format!("https://{host}{path}");
                ([(header::CONNECTION, "close")], Redirect::temporary(&home)).into_response()
            }
            _ => (StatusCode::BAD_REQUEST, "this relay speaks https\n").into_response(),
        }
    })
}

async fn websocket(
    State(desk): State<Arc<Desk>>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    if !is_own(&headers, &desk.origins) {
        desk.lobby.metrics.origins.add(1);
        log::info(format_args!("a page of another site was refused"));
        return (StatusCode::FORBIDDEN, "this relay serves its own page alone\n").into_response();
    }
    let from = browser_at(caller.address.ip(), &headers);
    let upgrade = upgrade
        .max_message_size(crate::limits::MAX_MESSAGE)
        .max_frame_size(crate::limits::MAX_MESSAGE)
        .read_buffer_size(SOCKET_BUFFER)
        .write_buffer_size(SOCKET_BUFFER);
    upgrade.on_upgrade(move |socket| async move {
        let Caller { place, .. } = caller;
        connection::serve(socket, Arc::clone(&desk.lobby), from, desk.urls.clone()).await;
        drop(place);
    })
}

/// Whether a request comes from the relay's own page, from one that is allowed, or from no page at all: browsers always
/// say where a script came from, programs need not.
fn is_own(headers: &HeaderMap, allowed: &[String]) -> bool {
    let text = |name: HeaderName| headers.get(name).map(HeaderValue::to_str);
    match (text(header::ORIGIN), text(header::HOST)) {
        (None, _) => true,
        (Some(Ok(origin)), Some(Ok(host))) => {
            let own = origin.split_once("://").is_some_and(|(_, origin)| origin.eq_ignore_ascii_case(host));
            own || allowed.iter().any(|allowed| allowed.eq_ignore_ascii_case(origin))
        }
        _ => false,
    }
}

/// Where a browser is: at the other end of its connection, or, where a reverse proxy on this machine is there, at the address
/// that the proxy has put last.
fn browser_at(end: IpAddr, headers: &HeaderMap) -> IpAddr {
    let last = headers.get_all(FORWARDED_FOR).iter().next_back().and_then(|list| list.to_str().ok());
    let last = last.and_then(|list| list.rsplit(',').next()?.trim().parse().ok());
    if end.to_canonical().is_loopback() { last.unwrap_or(end) } else { end }
}

async fn metrics(State(desk): State<Arc<Desk>>) -> impl IntoResponse {
    let rooms = desk.lobby.rooms();
    let browsers = rooms.iter().map(|room| room.count()).sum();
    let text = desk.lobby.metrics.text(rooms.len(), browsers);
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4"), (header::CACHE_CONTROL, "no-store")], text)
}

/// A picture of `?text=`, as a QR code.
async fn qr(Query(query): Query<HashMap<String, String>>) -> Response {
    let text = query.get("text").filter(|text| text.len() <= MAX_QR);
    let Some(code) = text.and_then(|text| QRBuilder::new(text.as_str()).build().ok()) else {
        return (StatusCode::BAD_REQUEST, "a text of 1 to 300 bytes is needed\n").into_response();
    };
    let svg = SvgBuilder::default().shape(Shape::Square).to_str(&code);
    ([(header::CONTENT_TYPE, "image/svg+xml"), (header::CACHE_CONTROL, "no-store")], svg).into_response()
}

async fn page(State(desk): State<Arc<Desk>>, request: Request) -> Response {
    if request.method() != Method::GET && request.method() != Method::HEAD {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    }
    let Some(path) = request.uri().path().strip_prefix(desk.base.as_str()) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let Some(path) = path.strip_prefix('/') else {
        // The page's own links are relative to the slash.
        return Redirect::permanent(&format!("{}/", desk.base)).into_response();
    };
    let Some(asset) = desk.site.get(path) else { return StatusCode::NOT_FOUND.into_response() };
    let caching = if asset.immutable { "public, max-age=31536000, immutable" } else { "no-cache" };
    let mut response = Response::builder()
        .header(header::ETAG, &asset.etag)
        .header(header::CACHE_CONTROL, caching)
        .header(header::VARY, "accept-encoding")
        .header(header::X_CONTENT_TYPE_OPTIONS, "nosniff")
        .header(header::REFERRER_POLICY, "no-referrer")
        .header(header::CONTENT_SECURITY_POLICY, &desk.policy);
    let headers = request.headers();
    if headers.get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == asset.etag.as_bytes()) {
        response = response.status(StatusCode::NOT_MODIFIED);
        return response.body(Body::empty()).unwrap_or_default();
    }
    response = response.header(header::CONTENT_TYPE, asset.content_type);
    let packed = if takes_gzip(headers) { asset.packed() } else { None };
    let body = match packed {
        Some(packed) => {
            response = response.header(header::CONTENT_ENCODING, "gzip");
            packed.clone()
        }
        None => asset.body.clone(),
    };
    response.body(Body::from(body)).unwrap_or_default()
}

fn takes_gzip(headers: &HeaderMap) -> bool {
    let accepted = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok());
    accepted.is_some_and(|accepted| {
        accepted.split(',').any(|coding| {
            let mut parts = coding.split(';').map(str::trim);
            parts.next() == Some("gzip") && parts.next() != Some("q=0")
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_on_this_machine_is_believed_where_a_browser_is_and_nobody_else() {
        let at = |end: &str, lists: &[&str]| {
            let mut headers = HeaderMap::new();
            for list in lists {
                headers.append(FORWARDED_FOR, list.parse().unwrap());
            }
            browser_at(end.parse().unwrap(), &headers).to_string()
        };
        assert_eq!(at("127.0.0.1", &["10.0.0.7"]), "10.0.0.7");
        assert_eq!(at("::ffff:127.0.0.1", &["2001:db8::7"]), "2001:db8::7");
        assert_eq!(
            at("127.0.0.1", &["1.1.1.1, 10.0.0.7"]),
            "10.0.0.7",
            "what the browser itself says is not"
        );
        assert_eq!(at("127.0.0.1", &["1.1.1.1", "10.0.0.7"]), "10.0.0.7");
        assert_eq!(at("127.0.0.1", &["nonsense"]), "127.0.0.1");
        assert_eq!(at("127.0.0.1", &[]), "127.0.0.1");
        assert_eq!(at("10.0.0.5", &["10.0.0.7"]), "10.0.0.5");
    }
}
