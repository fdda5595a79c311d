//! One owner per node. In a secure context a Web Lock says who it is, and the browser frees it when the worker dies;
//! elsewhere a lease in the node's databases does (see [`crate::store::Lease`]).

use crate::js;
use crate::page;
use crate::store::IndexedStore;
use js_sys::{Function, Promise};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use terrarium_core::interface::NodeId;
use terrarium_core::store::StoreError;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::DomException;

/// After a kill a lock takes some milliseconds to come free; so long a new worker waits for it.
const PATIENCE_MS: f64 = 1_000.0;
/// How often a claim by lease is renewed, and tried again where another holds it.
const LEASE_BEAT_MS: f64 = 1_000.0;

/// The names of the exceptions that end a wait for a lock.
const TIMED_OUT: [&str; 2] = ["TimeoutError", "AbortError"];

/// A held claim.
pub(crate) enum Ownership {
    /// Calling the function gives the Web Lock free.
    Lock(Function),
    /// The lease of this store, and whether it was given free.
    Lease(IndexedStore, Rc<Cell<bool>>),
    /// Nothing is shared that could be owned: the node lives in memory.
    Memory,
}

impl Ownership {
    /// Gives the node's id free.
    pub(crate) async fn release(self) -> Result<(), StoreError> {
        match self {
            Self::Lock(release) => release
                .call0(&JsValue::UNDEFINED)
                .map(drop)
                .map_err(|error| StoreError::Failed(js::error_text(&error))),
            Self::Lease(store, ended) => {
                ended.set(true);
                store.release().await
            }
            Self::Memory => Ok(()),
        }
    }
}

/// What became of asking for a Web Lock.
pub(crate) enum Asked {
    /// It is held now.
    Granted(Ownership),
    /// Another worker holds it.
    Taken,
    /// The browser gives this page no locks (it blocks the site's data).
    Denied,
}

/// Asks for a node's Web Lock, waiting a second, or without end if `patient`.
pub(crate) async fn lock(locks: &js::LockManager, lab: &str, id: NodeId, patient: bool) -> Asked {
    let name = format!("terrarium/{lab}/{id}");
    let patience = if patient { None } else { Some(PATIENCE_MS) };
    let release = Rc::new(RefCell::new(None));
    let granted = Promise::new(&mut |resolve, reject| {
        let release = Rc::clone(&release);
        // The lock is held for as long as the promise that this callback returns is open.
        let held = Closure::once_into_js(move |_lock: JsValue| {
            let open = Promise::new(&mut |end, _| *release.borrow_mut() = Some(end));
            // A resolve function does not throw.
            let _ = resolve.call0(&JsValue::UNDEFINED);
            JsValue::from(open)
        });
        let request = js::request_lock(locks, &name, patience, held.unchecked_ref());
        let refused = Closure::once_into_js(move |error: JsValue| {
            let _ = reject.call1(&JsValue::UNDEFINED, &error);
        });
        let _ = JsCast::unchecked_ref::<Thenable>(&request).or_else(refused.unchecked_ref());
    });
    let outcome = JsFuture::from(granted).await;
    match (outcome, release.borrow_mut().take()) {
        (Ok(_), Some(release)) => Asked::Granted(Ownership::Lock(release)),
        (Err(error), _) if is_denial(&error) => Asked::Denied,
        _ => Asked::Taken,
    }
}

/// Whether the browser refused to ask at all.
fn is_denial(error: &JsValue) -> bool {
    error.dyn_ref::<DomException>().is_some_and(|error| !TIMED_OUT.contains(&error.name().as_str()))
}

#[wasm_bindgen]
extern "C" {
    /// A promise whose handler is a plain function.
    type Thenable;

    #[wasm_bindgen(method, js_name = catch)]
    fn or_else(this: &Thenable, handler: &Function) -> Promise;
}

/// Claims a node by lease, waiting out an owner that fell silent if `patient`. None where another owner is alive.
///
/// # Errors
/// Those of a write.
pub(crate) async fn claim(
    store: &mut IndexedStore,
    owner: &str,
    patient: bool,
) -> Result<Option<Ownership>, StoreError> {
    while !store.claim(owner).await? {
        if !patient {
            return Ok(None);
        }
        sleep(LEASE_BEAT_MS).await;
    }
    let ended = Rc::new(Cell::new(false));
    spawn_local(keep(store.clone(), Rc::clone(&ended)));
    Ok(Some(Ownership::Lease(store.clone(), ended)))
}

/// Renews a lease until it is given free. A worker that loses it must not go on; one that cannot write, as on a full
/// disk, goes on and says so with its next commit.
async fn keep(store: IndexedStore, ended: Rc<Cell<bool>>) {
    loop {
        sleep(LEASE_BEAT_MS).await;
        if ended.get() {
            return;
        }
        match store.renew().await {
            Err(error @ StoreError::NotOwner) if !ended.get() => return page::fail(error.to_string()),
            _ => {}
        }
    }
}

/// Waits.
pub(crate) async fn sleep(millis: f64) {
    let timeout = Promise::new(&mut |resolve, _| {
        js::set_timeout(&resolve, millis);
    });
    // It never rejects.
    let _ = JsFuture::from(timeout).await;
}

#[cfg(all(test, target_arch = "wasm32"))]
mod tests {
    use super::*;
    use wasm_bindgen_test::wasm_bindgen_test;

    #[wasm_bindgen_test]
    async fn one_worker_owns_a_node_until_it_gives_it_free() {
        let locks = js::lock_manager().expect("a secure context");
        let lab = format!("owner-{}", js::wall_ms());
        let Asked::Granted(first) = lock(&locks, &lab, NodeId(3000), false).await else {
            panic!("nobody has it")
        };
        let other = lock(&locks, &lab, NodeId(3001), false).await;
        assert!(matches!(other, Asked::Granted(_)), "another node is another lock");
        assert!(matches!(lock(&locks, &lab, NodeId(3000), false).await, Asked::Taken), "it is held");
        assert_eq!(first.release().await, Ok(()));
        assert!(matches!(lock(&locks, &lab, NodeId(3000), false).await, Asked::Granted(_)));
    }
}
