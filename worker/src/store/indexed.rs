//! A node's three databases in IndexedDB, one object store a table, keys and values as bytes.
//!
//! A commit queues all its puts without awaiting anything between them (IndexedDB commits a transaction as soon as
//! something else is awaited) and then waits for `complete` or `abort`, whose `tx.error` alone tells a full disk.

use crate::js;
use js_sys::{Array, Promise, Uint8Array};
use terrarium_core::interface::NodeId;
use terrarium_core::store::{Database, Durability, Op, Record, Store, StoreBatch, StoreError, Table, Values};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    DomException, IdbDatabase, IdbFactory, IdbObjectStore, IdbOpenDbRequest, IdbRequest, IdbTransaction,
};

/// Counts up when tables are added; records carry a schema version of their own.
const VERSION: u32 = 2;
/// The table of the lease, in every database; its one record has this key too.
const LEASE: &str = "lease";
/// An owner that has been silent for so long has lost its lease.
const LEASE_MS: f64 = 5_000.0;

/// An open set of databases. Clones share the connections.
#[derive(Clone, Debug)]
pub struct IndexedStore {
    chain: IdbDatabase,
    wallet: IdbDatabase,
    peers: IdbDatabase,
    lease: Option<Lease>,
}

/// A claim to a node's data where the browser has no Web Locks: who owns it, in which epoch. Every write transaction
/// checks it and moves its heartbeat.
#[derive(Clone, Debug)]
pub struct Lease {
    owner: String,
    /// Differs between claims, of one owner too.
    epoch: f64,
}

impl IndexedStore {
    /// Opens the databases `terrarium/<lab>/blockchain_<id>` and so on, making them where there are none.
    ///
    /// # Errors
    /// IndexedDB is missing, switched off, or refuses.
    pub async fn open(lab: &str, id: NodeId) -> Result<Self, StoreError> {
        let factory = factory()?;
        let open =
            async |database| open_database(&factory, &database_name(lab, database, id), database).await;
        Ok(Self {
            chain: open(Database::Chain).await?,
            wallet: open(Database::Wallet).await?,
            peers: open(Database::Peers).await?,
            lease: None,
        })
    }

    /// Claims the data for `owner` and guards every later write by the claim. False where another owner was heard of
    /// within the last five seconds. An owner that claims again gets a new epoch, which ends its last one.
    ///
    /// # Errors
    /// Those of a write.
    pub async fn claim(&mut self, owner: &str) -> Result<bool, StoreError> {
        let lease = Lease { owner: owner.to_owned(), epoch: js::wall_ms() + js_sys::Math::random() };
        for database in Database::ALL {
            if !lease.claim(self.connection(database)).await? {
                return Ok(false);
            }
        }
        self.lease = Some(lease);
        Ok(true)
    }

    /// Renews the claim while there is nothing to write.
    ///
    /// # Errors
    /// [`StoreError::NotOwner`] where it was lost; else those of a write.
    pub async fn renew(&self) -> Result<(), StoreError> {
        for database in Database::ALL {
            self.write(database, Durability::Relaxed, &[]).await?;
        }
        Ok(())
    }

    /// Gives the claim free for others.
    ///
    /// # Errors
    /// Those of a write.
    pub async fn release(&self) -> Result<(), StoreError> {
        for database in Database::ALL {
            let transaction = write_transaction(self.connection(database), database, Durability::Relaxed)?;
            let done = completion(&transaction);
            object_store(&transaction, LEASE)?.delete(&LEASE.into()).map_err(failed)?;
            done.await?;
        }
        Ok(())
    }

    fn connection(&self, database: Database) -> &IdbDatabase {
        match database {
            Database::Chain => &self.chain,
            Database::Wallet => &self.wallet,
            Database::Peers => &self.peers,
        }
    }

    async fn write(&self, database: Database, durability: Durability, ops: &[Op]) -> Result<(), StoreError> {
        let transaction = write_transaction(self.connection(database), database, durability)?;
        let done = completion(&transaction);
        let outcome = match &self.lease {
            Some(lease) => lease.check(&transaction).await,
            None => Ok(()),
        };
        let outcome = outcome.and_then(|()| queue(&transaction, ops));
        if let Err(error) = outcome {
            // It may have aborted by itself.
            let _ = transaction.abort();
            return Err(error);
        }
        done.await
    }
}

impl Store for IndexedStore {
    async fn load(&self, database: Database) -> Result<Vec<Record>, StoreError> {
        let eager: Vec<Table> =
            Table::of(database).iter().copied().filter(|table| table.is_eager()).collect();
        let transaction = read_transaction(self.connection(database), &eager)?;
        let mut requests = Vec::new();
        for table in eager {
            let store = object_store(&transaction, table.name())?;
            let keys = request(&store.get_all_keys().map_err(failed)?);
            let values = request(&store.get_all().map_err(failed)?);
            requests.push((table, keys, values));
        }
        let mut records = Vec::new();
        for (table, keys, values) in requests {
            let (keys, values) = (Array::from(&keys.await?), Array::from(&values.await?));
            for (key, value) in keys.iter().zip(values.iter()) {
                // What lies under a key of another kind is none of ours.
                if let Some(key) = js::bytes_of(&key, usize::MAX) {
                    records.push(Record { table, key, value: bytes(&value) });
                }
            }
        }
        Ok(records)
    }

    async fn commit(&self, batch: &StoreBatch) -> Result<(), StoreError> {
        batch.check()?;
        self.write(batch.database, batch.durability, &batch.ops).await
    }

    async fn get(&self, database: Database, table: Table, keys: &[Vec<u8>]) -> Result<Values, StoreError> {
        database.check(table)?;
        let transaction = read_transaction(self.connection(database), &[table])?;
        let store = object_store(&transaction, table.name())?;
        let mut requests = Vec::with_capacity(keys.len());
        for key in keys {
            requests.push(request(&store.get(&Uint8Array::from(key.as_slice())).map_err(failed)?));
        }
        let mut values = Vec::with_capacity(keys.len());
        for request in requests {
            let value = request.await?;
            values.push(if value.is_undefined() { None } else { Some(bytes(&value)) });
        }
        Ok(values)
    }
}

impl Lease {
    /// Takes a database's lease if it is free, ours, or stale.
    async fn claim(&self, connection: &IdbDatabase) -> Result<bool, StoreError> {
        let transaction =
            js::write_transaction(connection, &Array::of1(&LEASE.into()), "relaxed").map_err(failed)?;
        let done = completion(&transaction);
        let store = object_store(&transaction, LEASE)?;
        let held = Held::read(&store).await?;
        let taken = held.is_some_and(|held| {
            let age = js::wall_ms() - held.at;
            held.owner != self.owner && (0.0..LEASE_MS).contains(&age)
        });
        if !taken {
            self.write(&store)?;
        }
        done.await?;
        Ok(!taken)
    }

    /// Checks inside a write transaction that the lease is still ours, and moves its heartbeat.
    async fn check(&self, transaction: &IdbTransaction) -> Result<(), StoreError> {
        let store = object_store(transaction, LEASE)?;
        let held = Held::read(&store).await?;
        if held.is_some_and(|held| held.owner == self.owner && held.epoch.to_bits() == self.epoch.to_bits()) {
            self.write(&store)
        } else {
            Err(StoreError::NotOwner)
        }
    }

    fn write(&self, store: &IdbObjectStore) -> Result<(), StoreError> {
        let record = Array::of3(&self.owner.as_str().into(), &self.epoch.into(), &js::wall_ms().into());
        store.put_with_key(&record, &LEASE.into()).map_err(failed)?;
        Ok(())
    }
}

/// The lease as it is stored: owner, epoch, and the wall clock's milliseconds when it was last renewed.
struct Held {
    owner: String,
    epoch: f64,
    at: f64,
}

impl Held {
    /// None where there is none, or where it is not one: what cannot be read is free to take.
    async fn read(store: &IdbObjectStore) -> Result<Option<Self>, StoreError> {
        let value = request(&store.get(&LEASE.into()).map_err(failed)?).await?;
        let record = value.dyn_into::<Array>().unwrap_or_default();
        let fields = (record.get(0).as_string(), record.get(1).as_f64(), record.get(2).as_f64());
        Ok(match fields {
            (Some(owner), Some(epoch), Some(at)) => Some(Self { owner, epoch, at }),
            _ => None,
        })
    }
}

/// The seeds' names of a node's files, behind the lab's prefix.
fn database_name(lab: &str, database: Database, id: NodeId) -> String {
    let file = match database {
        Database::Chain => "blockchain",
        Database::Wallet => "wallet",
        Database::Peers => "peers",
    };
    format!("terrarium/{lab}/{file}_{id}")
}

fn factory() -> Result<IdbFactory, StoreError> {
    let missing = || StoreError::Failed("this browser has no IndexedDB here".to_owned());
    js_sys::Reflect::get(&js_sys::global(), &"indexedDB".into())
        .map_err(failed)?
        .dyn_into::<IdbFactory>()
        .map_err(|_| missing())
}

async fn open_database(
    factory: &IdbFactory,
    name: &str,
    database: Database,
) -> Result<IdbDatabase, StoreError> {
    let opening = factory.open_with_u32(name, VERSION).map_err(failed)?;
    let upgrading: IdbOpenDbRequest = opening.clone();
    let upgrade = Closure::once(move || {
        // What fails here fails the open, with its reason.
        if let Some(connection) =
            upgrading.result().ok().and_then(|value| value.dyn_into::<IdbDatabase>().ok())
        {
            for name in store_names(database) {
                let _ = connection.create_object_store(name);
            }
        }
    });
    opening.set_onupgradeneeded(Some(upgrade.as_ref().unchecked_ref()));
    let connection: IdbDatabase = request(&opening).await?.unchecked_into();
    close_when_deleted(&connection);
    Ok(connection)
}

/// "New network" deletes databases from the page; a connection that stayed open would block it.
fn close_when_deleted(connection: &IdbDatabase) {
    let closing = connection.clone();
    let close = Closure::<dyn FnMut()>::new(move || closing.close());
    connection.set_onversionchange(Some(close.as_ref().unchecked_ref()));
    // As long as the connection, which is as long as the worker.
    close.forget();
}

fn store_names(database: Database) -> impl Iterator<Item = &'static str> {
    Table::of(database).iter().map(|table| table.name()).chain([LEASE])
}

fn read_transaction(connection: &IdbDatabase, tables: &[Table]) -> Result<IdbTransaction, StoreError> {
    let names: Array = tables.iter().map(|table| JsValue::from(table.name())).collect();
    connection.transaction_with_str_sequence(&names).map_err(failed)
}

fn write_transaction(
    connection: &IdbDatabase,
    database: Database,
    durability: Durability,
) -> Result<IdbTransaction, StoreError> {
    let names: Array = store_names(database).map(JsValue::from).collect();
    let durability = match durability {
        Durability::Strict => "strict",
        Durability::Relaxed => "relaxed",
    };
    js::write_transaction(connection, &names, durability).map_err(failed)
}

fn object_store(transaction: &IdbTransaction, name: &str) -> Result<IdbObjectStore, StoreError> {
    transaction.object_store(name).map_err(failed)
}

fn queue(transaction: &IdbTransaction, ops: &[Op]) -> Result<(), StoreError> {
    let mut last: Option<(Table, IdbObjectStore)> = None;
    for op in ops {
        let store = match last.take() {
            Some((table, store)) if table == op.table() => store,
            _ => object_store(transaction, op.table().name())?,
        };
        match op {
            Op::Put { key, value, .. } => {
                store.put_with_key(&Uint8Array::from(value.as_slice()), &Uint8Array::from(key.as_slice()))
            }
            Op::Delete { key, .. } => store.delete(&Uint8Array::from(key.as_slice())),
            Op::Clear { .. } => store.clear(),
        }
        .map_err(failed)?;
        last = Some((op.table(), store));
    }
    Ok(())
}

/// A request's result. The handlers are set before this returns, so that the result may be awaited late.
fn request(request: &IdbRequest) -> impl Future<Output = Result<JsValue, StoreError>> + use<> {
    let settled = Promise::new(&mut |resolve, reject| {
        request.set_onsuccess(Some(&resolve));
        request.set_onerror(Some(&reject));
    });
    let request = request.clone();
    async move {
        match JsFuture::from(settled).await {
            Ok(_) => request.result().map_err(failed),
            Err(_) => Err(request.error().ok().flatten().map_or_else(unknown, |error| exception(&error))),
        }
    }
}

/// How a transaction ends. The handlers are set before this returns.
fn completion(transaction: &IdbTransaction) -> impl Future<Output = Result<(), StoreError>> + use<> {
    let settled = Promise::new(&mut |resolve, reject| {
        transaction.set_oncomplete(Some(&resolve));
        transaction.set_onabort(Some(&reject));
    });
    // A promise that nobody awaits, because the queueing failed, must not count as an unhandled refusal.
    let settled = JsFuture::from(settled);
    let transaction = transaction.clone();
    async move {
        match settled.await {
            Ok(_) => Ok(()),
            Err(_) => Err(transaction.error().map_or_else(unknown, |error| exception(&error))),
        }
    }
}

/// A record's value. One of another kind was not written by us: it counts as empty, which no checksum fits.
fn bytes(value: &JsValue) -> Vec<u8> {
    js::bytes_of(value, usize::MAX).unwrap_or_default()
}

fn exception(error: &DomException) -> StoreError {
    if error.name() == "QuotaExceededError" {
        StoreError::Full(error.message())
    } else {
        StoreError::Failed(format!("{}: {}", error.name(), error.message()))
    }
}

fn failed(error: JsValue) -> StoreError {
    match error.dyn_ref::<DomException>() {
        Some(error) => exception(error),
        None => StoreError::Failed(js::error_text(&error)),
    }
}

fn unknown() -> StoreError {
    StoreError::Failed("the browser gave no reason".to_owned())
}
