//! `window.terrarium`: the page from scripts. A frozen plain object of closures; every argument is checked, every
//! promise settles, every failure is an `Error`. Its types are in `web/terrarium.d.ts`.

mod arguments;
mod listeners;
mod object;
mod recording;
mod room;

use crate::browser;
use crate::lab::host::PageHost;
use crate::lab::lab_file::LabFile;
use crate::lab::moving::{self, Keys, MovingError};
use crate::lab::port::{MAX_KHS, Node};
use crate::lab::{Lab, LabError};
use crate::room::Room;
use arguments::error;
use futures_channel::oneshot;
use js_sys::{Array, Reflect, Uint8Array};
use leptos::prelude::window;
use listeners::{KINDS, Listeners};
use object::{Arguments, Outcome, frozen, function, promising};
use std::cell::RefCell;
use std::future::Future;
use std::rc::Rc;
use terrarium_console::{Follow, Report, Scenario, StepReport, Terminal};
use terrarium_core::interface::{NodeId, Role};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::future_to_promise;

/// Makes `window.terrarium`; `listed` is told once the scene's nodes are listed.
pub(crate) fn publish(lab: Lab, room: Option<Room>, host: PageHost, listed: oneshot::Receiver<()>) {
    let ready = future_to_promise(async move {
        // A sender that was dropped has nothing more to list.
        let _ = listed.await;
        Ok(JsValue::UNDEFINED)
    });
    let mut fields = vec![("version", JsValue::from(env!("CARGO_PKG_VERSION"))), ("ready", ready.into())];
    fields.extend(lifecycle(lab, &host));
    fields.extend(consoles(&host));
    fields.extend(network(lab));
    fields.extend(watching(lab));
    fields.extend(files(lab));
    fields.extend(recording::fields(lab));
    fields.extend(room::fields(room));
    let _ = Reflect::set(&window(), &JsValue::from_str("terrarium"), &frozen(&fields));
}

type Fields = Vec<(&'static str, JsValue)>;

fn lifecycle(lab: Lab, host: &PageHost) -> Fields {
    let host = host.clone();
    let spawn = promising(move |[asked, ..]| {
        let host = host.clone();
        async move {
            let arguments::Spawn { id, role, start } = arguments::spawn(&asked)?;
            bring_up(lab, &host, id, role, start).await.map_err(refused)
        }
    });
    vec![
        ("spawn", spawn),
        ("start", of_node(move |id| async move { lab.start(id, None).await })),
        ("stop", of_node(move |id| async move { lab.stop(id).await })),
        ("remove", of_node(move |id| async move { lab.remove(id).await })),
        (
            "kill",
            function(move |[id, ..]| {
                let id = arguments::node_id(&id, "id")?;
                lab.kill(id).map(|()| JsValue::UNDEFINED).map_err(refused)
            }),
        ),
    ]
}

/// A promising function whose only argument is a node's id.
fn of_node<F>(act: impl Fn(NodeId) -> F + Clone + 'static) -> JsValue
where
    F: Future<Output = Result<(), LabError>> + 'static,
{
    promising(move |[id, ..]| {
        let act = act.clone();
        async move {
            let id = arguments::node_id(&id, "id")?;
            act(id).await.map(|()| JsValue::UNDEFINED).map_err(refused)
        }
    })
}

async fn bring_up(
    lab: Lab,
    host: &PageHost,
    id: NodeId,
    role: Role,
    start: bool,
) -> Result<JsValue, LabError> {
    if lab.nodes(|nodes| nodes.contains_key(&id)) {
        lab.revive(id);
    } else {
        lab.spawn(host.make(id, role));
    }
    lab.ready(id).await?;
    // A node that another tab runs is watched here: there is nothing more to bring up.
    if start && !lab.nodes(|nodes| nodes.get(&id).is_some_and(Node::is_viewer)) {
        lab.start(id, None).await?;
    }
    Ok(JsValue::UNDEFINED)
}

fn consoles(host: &PageHost) -> Fields {
    let (of_exec, of_terminal, of_scenario) = (host.clone(), host.clone(), host.clone());
    let exec = promising(move |[id, line, _]| {
        let host = of_exec.clone();
        async move {
            let id = arguments::node_id(&id, "id")?;
            let line = arguments::text(&line, "line")?;
            if line.trim().is_empty() {
                return Err(error("line must be a command, not empty"));
            }
            run(&host, &mut Terminal::at(id), &line).await
        }
    });
    let terminal = function(move |_| Ok(terminal(&of_terminal)));
    let scenario = promising(move |[text, ..]| {
        let host = of_scenario.clone();
        async move {
            let scenario: Scenario =
                arguments::text(&text, "text")?.parse().map_err(|wrong| error(format!("{wrong}")))?;
            Ok(report(&scenario.run(&host, |_| ()).await))
        }
    });
    vec![("exec", exec), ("terminal", terminal), ("scenario", scenario)]
}

/// How a scenario went, as scripts see it.
fn report(report: &Report) -> JsValue {
    let step = |step: &StepReport| {
        let failure = step.failure.as_deref().map_or(JsValue::NULL, JsValue::from);
        let output = object::strings(&step.output);
        frozen(&[
            ("line", (step.line as f64).into()),
            ("text", step.text.as_str().into()),
            ("output", output),
            ("failure", failure),
        ])
    };
    let steps = report.steps.iter().map(step).collect::<Array>();
    frozen(&[("passed", report.passed.into()), ("steps", steps.into())])
}

/// A free terminal of a script. Lines run one after the other, as they are typed.
fn terminal(host: &PageHost) -> JsValue {
    let host = host.clone();
    let terminal = Rc::new(RefCell::new(Some(Terminal::new())));
    let run = promising(move |[line, ..]: Arguments| {
        let (host, terminal) = (host.clone(), terminal.clone());
        async move {
            let line = arguments::text(&line, "line")?;
            let taken = terminal.borrow_mut().take();
            let mut own = taken.ok_or_else(|| error("this terminal is still busy with the line before"))?;
            let outcome = run(&host, &mut own, &line).await;
            *terminal.borrow_mut() = Some(own);
            outcome
        }
    });
    frozen(&[("run", run)])
}

async fn run(host: &PageHost, terminal: &mut Terminal, line: &str) -> Outcome {
    host.learn_labels();
    let outcome = terminal.run(host, line).await;
    host.keep_files();
    let output = outcome.map_err(|failed| error(failed.to_string()))?;
    if let Some(Follow::Messages(_)) = output.follow {
        return Err(error(
            "listen prints until ^C: a script hears of messages by terrarium.on(\"message\", f)",
        ));
    }
    Ok(JsValue::from(output.lines.join("\n")))
}

fn network(lab: Lab) -> Fields {
    let mine = promising(move |[id, ..]| async move {
        let id = arguments::node_id(&id, "id")?;
        let block = lab.mine(id).await.map_err(refused)?;
        Ok(block.map_or(JsValue::NULL, |hash| hash.to_string().into()))
    });
    let set_hash_rate = function(move |[id, khs, _]| {
        let khs = arguments::amount(&khs, "kHs")?;
        if khs > MAX_KHS {
            return Err(error(format!("kHs must be at most {MAX_KHS}, not {khs}")));
        }
        let set = lab.set_hash_rate(arguments::node_id(&id, "id")?, khs);
        set.map(|()| JsValue::UNDEFINED).map_err(refused)
    });
    let connect = promising(move |[a, b, _]| async move {
        let (a, b) = (arguments::node_id(&a, "a")?, arguments::node_id(&b, "b")?);
        lab.connect(a, b).await.map(|()| JsValue::UNDEFINED).map_err(refused)
    });
    let link = function(move |[a, b, settings]| {
        let (a, b) = (arguments::node_id(&a, "a")?, arguments::node_id(&b, "b")?);
        let set = lab.set_link(a, b, arguments::link_settings(&settings)?);
        set.map(|()| JsValue::UNDEFINED).map_err(refused)
    });
    let partition = function(move |[groups, ..]| {
        let cut = lab.partition(arguments::groups(&groups)?);
        cut.map(|()| JsValue::UNDEFINED).map_err(refused)
    });
    let heal = function(move |_| {
        lab.heal();
        Ok(JsValue::UNDEFINED)
    });
    vec![
        ("mine", mine),
        ("setHashRate", set_hash_rate),
        ("connect", connect),
        ("link", link),
        ("partition", partition),
        ("heal", heal),
    ]
}

fn watching(lab: Lab) -> Fields {
    let nodes = function(move |_| {
        let described = lab.nodes(|nodes| nodes.values().map(described).collect::<Array>());
        Ok(described.into())
    });
    let listeners = Listeners::of(lab);
    let on = function(move |[kind, call, _]| {
        let asked = arguments::text(&kind, "event")?;
        let kind = KINDS.into_iter().find(|known| *known == asked);
        let kind =
            kind.ok_or_else(|| error(format!("there is no event '{asked}': {} are", KINDS.join(", "))))?;
        let added = listeners.add(kind, arguments::function(&call, "the listener")?);
        let number = added.ok_or_else(|| error("too many listeners: take some away first"))?;
        if kind == "message" {
            lab.listen_for_messages();
        }
        let listeners = listeners.clone();
        Ok(function(move |_| {
            listeners.remove(number);
            Ok(JsValue::UNDEFINED)
        }))
    });
    vec![("nodes", nodes), ("on", on)]
}

/// The lab as a file.
fn files(lab: Lab) -> Fields {
    let save = promising(move |[options, ..]| async move {
        let keys = if arguments::with_keys(&options)? { Keys::With } else { Keys::Without };
        let file = moving::save(lab, keys).await.map_err(|why| error(why.to_string()))?;
        Ok(Uint8Array::from(&*file.to_bytes()).into())
    });
    let open = promising(move |[file, ..]| async move {
        let bytes = arguments::bytes(&file, "file")?;
        let moved = async {
            let file = LabFile::from_bytes(&bytes, browser::now_ms())?;
            moving::open(lab, &file).await
        };
        moved.await.map(|()| JsValue::UNDEFINED).map_err(|why: MovingError| error(why.to_string()))
    });
    vec![("saveLab", save), ("openLab", open)]
}

/// A node as of its last snapshot.
fn described(node: &Node) -> JsValue {
    let snapshot = node.snapshot();
    let chain = snapshot.and_then(|snapshot| snapshot.chain.as_ref());
    let number = |value: Option<f64>| JsValue::from_f64(value.unwrap_or(0.0));
    let id = node.entry.config.id;
    frozen(&[
        ("id", id.to_string().into()),
        ("name", crate::lab::state::name_of(id).into()),
        ("role", node.entry.config.role.name().into()),
        ("state", node.state_word().into()),
        ("height", chain.map_or(JsValue::NULL, |chain| chain.height.0.into())),
        ("tip", chain.map_or(JsValue::NULL, |chain| chain.tip.to_string().into())),
        ("chainwork", chain.map_or(JsValue::NULL, |chain| chain.chainwork.as_str().into())),
        ("peers", number(snapshot.map(|snapshot| snapshot.peers.len() as f64))),
        ("mempool", number(snapshot.map(|snapshot| snapshot.mempool.count as f64))),
        ("hashesPerSecond", number(snapshot.map(|snapshot| snapshot.mining.hashes_per_second))),
        ("banned", number(snapshot.map(|snapshot| snapshot.banned as f64))),
        ("pendingBytes", number(snapshot.map(|snapshot| snapshot.pending_bytes as f64))),
    ])
}

fn refused(why: LabError) -> JsValue {
    error(why.to_string())
}
