//! `brctl next`.

use super::table::Table;
use super::text::count;
use super::units::time;
use crate::control::protocol::NextFires;

pub fn next(next: &NextFires, days: u32) -> String {
    if next.fires.is_empty() {
        return format!("nothing is due within {}\n", count(days as usize, "day"));
    }
    let mut table = Table::new(&["WHEN", "LOCAL", "GROUP", "KIND", "NOTE"]);
    for fire in &next.fires {
        table.row(vec![
            time(fire.at),
            fire.local.clone(),
            fire.group.to_string(),
            fire.kind.to_string(),
            fire.note.clone().unwrap_or_default(),
        ]);
    }
    table.lines("")
}
