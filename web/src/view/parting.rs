//! Why connections ended, in the reader's language.

use super::format;
use crate::i18n::{fill, t};
use terrarium_core::interface::EndedConnection;

/// When a connection ended, and why.
pub(crate) fn in_words(ended: &EndedConnection) -> String {
    fill(t().parted_at, &[&format::clock_time(ended.time), &why(&ended.code).unwrap_or(&ended.reason)])
}

/// The reason of a code; none if this page does not know it.
pub(crate) fn why(code: &str) -> Option<&'static str> {
    let t = t();
    Some(match code {
        "closed" => t.part_closed,
        "bad-frame" => t.part_bad_frame,
        "bad-encryption" => t.part_bad_encryption,
        "receive-flood" => t.part_receive_flood,
        "locator-too-long" => t.part_locator_too_long,
        "handshake-timeout" => t.part_handshake_timeout,
        "self-connection" => t.part_self_connection,
        "obsolete-version" => t.part_obsolete_version,
        "lacks-services" => t.part_lacks_services,
        "ping-timeout" => t.part_ping_timeout,
        "headers-timeout" => t.part_headers_timeout,
        "block-stalling" => t.part_block_stalling,
        "block-download-timeout" => t.part_block_download_timeout,
        "duplicate" => t.part_duplicate,
        "inbound-full" => t.part_inbound_full,
        "evicted" => t.part_evicted,
        "tested" => t.part_tested,
        "addresses-fetched" => t.part_addresses_fetched,
        "full" => t.part_full,
        "banned" => t.part_banned,
        "discouraged" => t.part_discouraged,
        "by-hand" => t.part_by_hand,
        "delivered" => t.part_delivered,
        "stopped" => t.part_stopped,
        "opened-late" => t.part_opened_late,
        "invalid-header" => t.part_invalid_header,
        "too-many-headers" => t.part_too_many_headers,
        "non-continuous-headers" => t.part_non_continuous_headers,
        "too-much-inventory" => t.part_too_much_inventory,
        "too-many-addresses" => t.part_too_many_addresses,
        "bad-filter" => t.part_bad_filter,
        "bad-compact-block" => t.part_bad_compact_block,
        "bad-filter-request" => t.part_bad_filter_request,
        "false-filter" => t.part_false_filter,
        "filter-timeout" => t.part_filter_timeout,
        "bad-proof" => t.part_bad_proof,
        "kept-back" => t.part_kept_back,
        "invalid-block" => t.part_invalid_block,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::why;
    use std::fs;

    #[test]
    fn every_reason_of_the_node_has_its_words() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../core/src/net/reason.rs");
        let text = fs::read_to_string(file).expect("the node's reasons are beside the page");
        let codes = text.split("pub const fn code").nth(1).expect("the table of codes");
        let codes = codes.split("pub const fn discourages").next().unwrap_or_default();
        let codes: Vec<&str> = codes.split('"').skip(1).step_by(2).collect();
        assert!(codes.len() > 30, "{codes:?}");
        for code in codes {
            assert!(why(code).is_some(), "{code} has no words");
        }
    }
}
