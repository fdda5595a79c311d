//! The map of the class: a circle for each browser's node in the colour of its tip, and a line for each connection.

use super::circle::on_circle;
use super::format;
use super::words::{IntoViews as _, part, tr};
use crate::i18n::t;
use crate::room::overview::Row;
use crate::testid;
use leptos::prelude::*;
use terrarium_core::collections::{BTreeSet, sort_by_key};
use terrarium_core::interface::NodeId;

/// The drawing's size.
const WIDTH: f64 = 460.0;
const HEIGHT: f64 = 340.0;

/// More nodes than this stand on two rings.
const ONE_RING: usize = 18;

/// Letters of a name that fit beside a node.
const LETTERS: usize = 6;

/// Where each of `count` nodes stands: on a ring, or on two.
fn places(count: usize) -> Vec<(f64, f64)> {
    let inner = if count > ONE_RING { count / 3 } else { 0 };
    let on_ring = |at: usize, of: usize, share: f64| {
        let (cos, sin) = on_circle(at as f64 / of.max(1) as f64 - 0.25);
        (WIDTH / 2.0 + (WIDTH / 2.0 - 42.0) * share * cos, HEIGHT / 2.0 + (HEIGHT / 2.0 - 34.0) * share * sin)
    };
    let outer = (0..count - inner).map(|at| on_ring(at, count - inner, 1.0));
    outer.chain((0..inner).map(|at| on_ring(at, inner, 0.5))).collect()
}

/// The drawing.
#[component]
pub(crate) fn ClassMap(rows: Memo<Vec<Row>>) -> impl IntoView {
    let with_nodes = Memo::new(move |_| {
        let mut rows: Vec<Row> = rows.get().into_iter().filter(|row| row.node.is_some()).collect();
        // Parts of a split class stand together.
        sort_by_key(&mut rows, |row| (row.team, row.address));
        rows
    });
    let lines = move || {
        let rows = with_nodes.get();
        let places = places(rows.len());
        let at = |id: NodeId| {
            let index = rows.iter().position(|row| row.node.as_ref().is_some_and(|node| node.id == id));
            index.and_then(|index| places.get(index).copied())
        };
        let ends = |row: &Row| {
            let node = row.node.as_ref();
            let own = node.map(|node| node.id);
            let peers = node.map(|node| node.peers.clone()).unwrap_or_default();
            peers.into_iter().filter_map(move |(peer, _)| own.map(|own| (own.min(peer), own.max(peer))))
        };
        let links: BTreeSet<(NodeId, NodeId)> = rows.iter().flat_map(ends).collect();
        let line = |(a, b): (NodeId, NodeId)| {
            let ((x1, y1), (x2, y2)) = (at(a)?, at(b)?);
            Some(format!("M{x1:.1} {y1:.1}L{x2:.1} {y2:.1}"))
        };
        let path: String = links.into_iter().filter_map(line).collect();
        view! { <path class="class-links" d=path></path> }
    };
    let nodes = move || {
        let rows = with_nodes.get();
        let radius = if rows.len() > ONE_RING { 10 } else { 15 };
        let node = |(row, (x, y)): (Row, (f64, f64))| {
            let tip = row.node.as_ref().and_then(|node| node.tip).map(|tip| tip.to_string());
            let style = tip.as_deref().map(format::hue_style);
            let mut name: String = row.name.chars().take(LETTERS).collect();
            if row.name.chars().count() > LETTERS {
                name.push('…');
            }
            let below = format!("{}", f64::from(radius) + 13.0);
            let height = row.node.as_ref().map(|node| node.height.to_string()).unwrap_or_default();
            view! {
                <g
                    class="class-node"
                    class:chainless=tip.is_none()
                    class:troubled=row.trouble != crate::room::overview::Trouble::None
                    transform=format!("translate({x:.1} {y:.1})")
                    style=style
                >
                    <circle r=radius.to_string()></circle>
                    <text class="mono" y="3.5">{height}</text>
                    <text class="name" y=below>{name}</text>
                </g>
            }
        };
        let places = places(rows.len());
        rows.into_iter().zip(places).map(node).into_views()
    };
    view! {
        <svg
            class="class-map"
            viewBox=format!("0 0 {WIDTH} {HEIGHT}")
            role="img"
            aria-label=tr(|t| t.class_map)
            data-testid=testid::CLASS_MAP
        >
            {part(lines)}
            {part(nodes)}
            {part(move || with_nodes.with(Vec::is_empty).then(|| view! {
                <text class="name" x=(WIDTH / 2.0).to_string() y=(HEIGHT / 2.0).to_string()>{t().class_no_tips}</text>
            }))}
        </svg>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_of_a_class_stand_inside_and_apart() {
        for count in 0..=48 {
            let places = places(count);
            assert_eq!(places.len(), count);
            for (i, a) in places.iter().enumerate() {
                assert!((20.0..WIDTH - 20.0).contains(&a.0) && (20.0..HEIGHT - 20.0).contains(&a.1));
                assert!(places[..i].iter().all(|b| (a.0 - b.0).hypot(a.1 - b.1) > 16.0), "{count}");
            }
        }
    }
}
