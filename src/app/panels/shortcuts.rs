//! The list of keys (F1), drawn from the table of commands.

use eframe::egui::{Context, Grid, Id, Modal, RichText, ScrollArea, Ui};

use crate::app::command::{Command, Group};
use crate::app::theme::{Tokens, modal_frame};

/// Draws the list; returns whether it is to be closed.
pub fn shortcuts_ui(ctx: &Context) -> bool {
    let modal = Modal::new(Id::unique("shortcuts")).frame(modal_frame(ctx)).show(ctx, |ui| {
        ui.set_width((ctx.content_rect().width() - 60.0).min(640.0));
        ui.heading("Keyboard shortcuts");
        ui.add_space(8.0);
        let height = ctx.content_rect().height() - 170.0;
        ScrollArea::vertical().max_height(height).auto_shrink([false, true]).show(ui, |ui| {
            ui.columns_const(|[left, right]| {
                for (i, group) in Group::ALL.into_iter().enumerate() {
                    group_ui(if i % 2 == 1 { &mut *left } else { &mut *right }, group);
                }
            });
        });
        ui.add_space(6.0);
        ui.label(
            RichText::new("Wheel over a picture zooms, drag moves, double click fits. Ctrl+wheel zooms the timeline.")
                .color(Tokens::of(ui).weak),
        );
        ui.add_space(6.0);
        ui.button("Close").clicked()
    });
    modal.inner || modal.should_close()
}

fn group_ui(ui: &mut Ui, group: Group) {
    let with_keys: Vec<_> =
        Command::all().filter(|command| command.group() == group && !command.shortcuts().is_empty()).collect();
    if with_keys.is_empty() {
        return;
    }
    let tokens = Tokens::of(ui);
    ui.label(RichText::new(group.title()).small().color(tokens.weak));
    Grid::new(("keys", group)).num_columns(2).spacing([16.0, 2.0]).min_row_height(18.0).show(ui, |ui| {
        for command in with_keys {
            ui.label(command.text()).on_hover_text(command.tooltip());
            ui.label(RichText::new(command.shortcuts_text(ui.ctx())).color(tokens.strong));
            ui.end_row();
        }
    });
    ui.add_space(12.0);
}
