//! How the lab looks. A component is one file; its style section bears its name in `web/style`. Views read
//! `lab::state` and call the port; nothing here writes the lab's state.
#![allow(unreachable_pub, reason = "the component macro makes the structs of properties public")]

mod actions;
mod add_node;
mod answer;
mod app;
mod block_time;
mod block_view;
mod card;
mod chain;
mod circle;
mod class;
mod class_controls;
mod class_dialogs;
mod class_map;
mod class_student;
mod class_view;
mod confirm;
mod console;
mod dial;
mod dialog;
mod drawer;
mod each;
mod focus;
mod follow;
mod footer;
mod format;
mod hash;
mod header;
mod icon;
mod log;
mod map;
mod moving;
mod notices;
mod parting;
mod path;
mod peers;
mod progress;
mod refusal;
mod role;
mod send;
mod session;
mod terminals;
mod trace;
mod transaction_view;
mod tutorial;
mod ui;
mod wallet;
mod warning;
mod when;
mod words;

pub(crate) use app::App;
pub(crate) use class::NoRoom;
