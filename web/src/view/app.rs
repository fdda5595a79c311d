//! The page as a whole.

use super::actions::{Actions, CutSides};
use super::add_node::AddNode;
use super::card::Cards;
use super::chain::ChainView;
use super::class::{ClassDialog, ClassPanel};
use super::class_dialogs::{RenameDialog, ResetDialog, RosterDialog, ScenarioDialog};
use super::class_student::Frozen;
use super::confirm::Confirm;
use super::drawer::Drawer;
use super::focus;
use super::follow::Followed;
use super::footer::Footer;
use super::header::Header;
use super::map::NetworkMap;
use super::moving::Moving;
use super::notices::Notices;
use super::send::SendDialog;
use super::terminals::Terminals;
use super::trace::TraceDialog;
use super::tutorial::Tutorial;
use super::ui::{Dialog, Ui};
use crate::i18n::{fill, t};
use crate::lab::Lab;
use crate::lab::host::PageHost;
use crate::lab::scene::Scene;
use crate::room::Room;
use crate::testid;
use leptos::prelude::*;
use terrarium_core::interface::NodeId;
use wasm_bindgen_futures::spawn_local;

/// The whole page.
#[component]
pub(crate) fn App(lab: Lab, scene: Scene, room: Option<Room>, host: PageHost) -> impl IntoView {
    let ui = Ui::new();
    provide_context(lab);
    provide_context(room);
    provide_context(ui);
    provide_context(StoredValue::new_local(host));
    // The seeds are followed in terminals, two or three of them.
    let terminals = match scene {
        Scene::First | Scene::Empty | Scene::Regtest | Scene::Room => 0,
        Scene::RoomByHand => 1,
        Scene::Seed000 => 3,
        Scene::Seed001 => 2,
    };
    // A student's own node comes first, and the class around it.
    let own_first = room.is_some_and(|room| !room.is_teacher());
    view! {
        <div class="page">
            <Header/>
            <main>
                <Notices/>
                {room.map(|room| view! { <ClassPanel room/> })}
                {own_first.then(|| view! { <Cards/> })}
                <Tutorial scene/>
                <Actions/>
                <CutSides/>
                <Followed/>
                <div class="two"><NetworkMap/><ChainView/></div>
                {(!own_first).then(|| view! { <Cards/> })}
                <Terminals open=terminals/>
            </main>
            <Footer/>
        </div>
        <Drawer/>
        {move || ui.dialog.get().map(|dialog| dialog_view(lab, scene, room, dialog))}
        {room.filter(|room| !room.is_teacher()).map(|room| view! { <Frozen room/> })}
    }
}

fn dialog_view(lab: Lab, scene: Scene, room: Option<Room>, dialog: Dialog) -> AnyView {
    match dialog {
        Dialog::Send => view! { <SendDialog/> }.into_any(),
        Dialog::AddNode => view! { <AddNode/> }.into_any(),
        Dialog::Moving => view! { <Moving/> }.into_any(),
        Dialog::Class => view! { <ClassDialog scene/> }.into_any(),
        Dialog::Roster => room.map(|room| view! { <RosterDialog room/> }).into_any(),
        Dialog::Scenario => room.map(|room| view! { <ScenarioDialog room/> }).into_any(),
        Dialog::Rename(address) => room.map(|room| view! { <RenameDialog room address/> }).into_any(),
        Dialog::ResetClass => room.map(|room| view! { <ResetDialog room/> }).into_any(),
        Dialog::NewNetwork => new_network(lab),
        Dialog::Trace(id) => view! { <TraceDialog id/> }.into_any(),
        Dialog::Remove(id) => remove(lab, id),
    }
}

fn new_network(lab: Lab) -> AnyView {
    let empty = Callback::new(move |()| spawn_local(async move { lab.new_network().await }));
    let title = Signal::derive(|| t().new_network.to_owned());
    let text = Signal::derive(|| t().new_network_asks.to_owned());
    let yes = Signal::derive(|| t().new_network_yes.to_owned());
    view! { <Confirm title text yes on_yes=empty/> }.into_any()
}

fn remove(lab: Lab, id: NodeId) -> AnyView {
    let remove = Callback::new(move |()| {
        spawn_local(async move {
            // A node that is gone already is what was asked for.
            let _ = lab.remove(id).await;
            focus::catch(testid::ADD_NODE, None);
        });
    });
    let title = Signal::derive(move || fill(t().remove_node, &[&id]));
    let text = Signal::derive(|| t().remove_asks.to_owned());
    let yes = Signal::derive(|| t().remove.to_owned());
    view! { <Confirm title text yes on_yes=remove/> }.into_any()
}
