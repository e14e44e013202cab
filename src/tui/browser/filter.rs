//! Keeps the rows that have some letters, with what they hang on.

use super::row::{Body, Row};

/// The rows that have the letters of `filter`, in any case; the rows above
/// them in the tree and the sentences that explain them stay too.
pub(super) fn keep(rows: Vec<Row>, filter: &str) -> Vec<Row> {
    let wanted = filter.trim().to_lowercase();
    if wanted.is_empty() {
        return rows;
    }
    let mut kept = vec![false; rows.len()];
    let mut above: Vec<usize> = Vec::new();
    let mut is_kept = false;
    for (index, row) in rows.iter().enumerate() {
        if row.target.is_none() {
            kept[index] = is_kept && matches!(row.body, Body::Detail { .. } | Body::Usage { .. });
            continue;
        }
        above.truncate(row.depth());
        is_kept = text(row).to_lowercase().contains(&wanted);
        if is_kept {
            kept[index] = true;
            above.iter().for_each(|row| kept[*row] = true);
        }
        above.push(index);
    }
    let rows = rows.into_iter().zip(kept);
    rows.filter_map(|(row, kept)| kept.then_some(row)).collect()
}

/// Everything that is read in a row.
fn text(row: &Row) -> String {
    match &row.body {
        Body::Object(row) => format!("{} {} {}", row.name, row.state, row.facts.join(" ")),
        Body::Event(event) => format!(
            "{} {} {} {}",
            if event.warning { "Warning" } else { "Normal" },
            event.reason,
            event.object,
            event.message
        ),
        _ => String::new(),
    }
}
