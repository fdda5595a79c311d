//! The accelerator of ECDSA checks: a module of its own beside this one, terrarium-verifier, where the browser has what it
//! takes.

use crate::js;
use js_sys::{Function, Object, Reflect, Uint8Array, WebAssembly};
use std::cell::RefCell;
use terrarium_core::crypto::EcdsaAccelerator;
use wasm_bindgen::{JsCast, JsValue};

/// Where boot.js puts the compiled module, if there is one.
const MODULE: &str = "terrariumVerifier";

thread_local! {
    /// Made when it is first asked for, and anew after one that failed.
    static INSTANCE: RefCell<Option<Instance>> = const { RefCell::new(None) };
}

/// The accelerator of this worker; none where there is no module, or where the engine's arithmetic is not what it needs.
pub fn find() -> Option<EcdsaAccelerator> {
    INSTANCE.with_borrow_mut(|instance| {
        if instance.is_none() {
            *instance = Instance::new().ok().flatten();
        }
        instance.is_some().then_some(accelerate as EcdsaAccelerator)
    })
}

/// One that fails, as for want of memory, says nothing, and is let go with all that it holds.
fn accelerate(checks: &[u8]) -> Vec<bool> {
    INSTANCE.with_borrow_mut(|place| {
        let Some(instance) = place.take().or_else(|| Instance::new().ok().flatten()) else {
            return Vec::new();
        };
        let Ok(verdicts) = instance.verify(checks) else { return Vec::new() };
        *place = Some(instance);
        verdicts.into_iter().map(|verdict| verdict == 1).collect()
    })
}

/// The module at work, by what it exports.
struct Instance {
    memory: WebAssembly::Memory,
    records: Function,
    verify: Function,
    verdicts: Function,
}

impl Instance {
    fn new() -> Result<Option<Self>, JsValue> {
        let module: WebAssembly::Module = Reflect::get(&js::scope(), &MODULE.into())?.dyn_into()?;
        let exports = WebAssembly::Instance::new(&module, &Object::new())?.exports();
        let function = |name: &str| Reflect::get(&exports, &name.into())?.dyn_into::<Function>();
        let is_fused = function("fused")?.call0(&JsValue::UNDEFINED)?;
        let instance = Self {
            memory: Reflect::get(&exports, &"memory".into())?.dyn_into()?,
            records: function("records")?,
            verify: function("verify")?,
            verdicts: function("verdicts")?,
        };
        Ok(is_fused.is_truthy().then_some(instance))
    }

    /// A byte for each check: 1 for a signature that is good, else 0.
    fn verify(&self, checks: &[u8]) -> Result<Vec<u8>, JsValue> {
        let len = checks.len() as u32;
        let at = self.records.call1(&JsValue::UNDEFINED, &len.into())?;
        self.bytes(&at, len).copy_from(checks);
        let count = number(&self.verify.call0(&JsValue::UNDEFINED)?);
        let at = self.verdicts.call0(&JsValue::UNDEFINED)?;
        Ok(self.bytes(&at, count).to_vec())
    }

    /// A part of its memory, as long as that does not grow.
    fn bytes(&self, at: &JsValue, len: u32) -> Uint8Array {
        Uint8Array::new_with_byte_offset_and_length(&self.memory.buffer(), number(at), len)
    }
}

/// What an export returns: JavaScript takes the upper half of all addresses for negative.
fn number(value: &JsValue) -> u32 {
    value.as_f64().unwrap_or_default() as i64 as u32
}
