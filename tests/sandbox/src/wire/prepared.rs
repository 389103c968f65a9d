//! Prepared statements: what a client binds, and rows in binary (`qe/ConnectProcessor.handleExecute`, `analysis/LiteralExpr.parseLiteral`,
//! `be/src/util/mysql_row_buffer.cpp`).

use chrono::{Datelike, NaiveDate, NaiveDateTime, Timelike};

use crate::answer::{Column, ColumnKind, SqlError};
use crate::wire::packet::{Fields, put_text};
use crate::wire::service::Parameter;

/// A statement a client has prepared, for as long as its connection lives.
pub struct Prepared {
    pub sql: String,
    pub parameters: usize,
    /// Of the last COM_STMT_EXECUTE that named any: later ones may leave them out.
    types: Vec<u16>,
}

impl Prepared {
    pub fn new(sql: String, parameters: usize) -> Prepared {
        Prepared {
            sql,
            parameters,
            types: vec![0; parameters],
        }
    }

    /// COM_STMT_EXECUTE behind the statement's number: flags, iterations, NULLs, types, values. `None`: cut short.
    pub fn bind(&mut self, payload: &[u8]) -> Option<Result<Vec<Parameter>, SqlError>> {
        let mut fields = Fields(payload);
        fields.bytes(5)?;
        let nulls = fields.bytes(self.parameters.div_ceil(8))?.to_vec();
        if fields.byte().unwrap_or(0) != 0 {
            for kind in &mut self.types {
                *kind = u16::from_le_bytes(fields.bytes(2)?.try_into().ok()?);
            }
        }
        let mut values = Vec::with_capacity(self.parameters);
        for (index, kind) in self.types.iter().enumerate() {
            if nulls[index / 8] & (1 << (index % 8)) != 0 {
                values.push(Parameter::Null);
                continue;
            }
            match value(*kind, &mut fields) {
                Ok(value) => values.push(value?),
                Err(unknown) => return Some(Err(unknown)),
            }
        }
        Some(Ok(values))
    }
}

/// The types StarRocks knows. An unsigned number has a flag beside its type, which makes it a type StarRocks does not know.
fn value(kind: u16, fields: &mut Fields<'_>) -> Result<Option<Parameter>, SqlError> {
    Ok(match kind {
        0 => text(fields).map(Parameter::Decimal),
        1 => integer(fields, 1),
        2 => integer(fields, 2),
        3 => integer(fields, 4),
        8 => integer(fields, 8),
        4 => fields
            .array()
            .map(|bytes| Parameter::Real(f32::from_le_bytes(bytes).into())),
        5 => fields
            .array()
            .map(|bytes| Parameter::Real(f64::from_le_bytes(bytes))),
        7 | 10 | 12 | 17 => moment(fields).map(Parameter::Text),
        15 | 253 | 254 => text(fields).map(Parameter::Text),
        _ => {
            return Err(SqlError::plain(format!(
                "AnalysisException, msg: unknown mysql type code {kind}"
            )));
        }
    })
}

fn integer(fields: &mut Fields<'_>, width: usize) -> Option<Parameter> {
    let bytes = fields.bytes(width)?;
    let negative = bytes[width - 1] & 0x80 != 0;
    let mut wide = if negative { [0xff; 8] } else { [0; 8] };
    wide[..width].copy_from_slice(bytes);
    Some(Parameter::Integer(i64::from_le_bytes(wide)))
}

fn text(fields: &mut Fields<'_>) -> Option<String> {
    let bytes = fields.long_bytes()?;
    Some(String::from_utf8_lossy(bytes).into_owned())
}

/// A length, then as many of year, month, day, hour, minute, second and microsecond as it has room for.
fn moment(fields: &mut Fields<'_>) -> Option<String> {
    let length = fields.byte()?;
    let mut fields = Fields(fields.bytes(length.into())?);
    let year = fields.array().map_or(0, u16::from_le_bytes);
    let mut part = || fields.byte().unwrap_or(0);
    let date = format!("{year:04}-{:02}-{:02}", part(), part());
    if length <= 4 {
        return Some(date);
    }
    let time = format!("{:02}:{:02}:{:02}", part(), part(), part());
    let micros = fields.array().map_or(0, u32::from_le_bytes);
    Some(if micros == 0 {
        format!("{date} {time}")
    } else {
        format!("{date} {time}.{micros:06}")
    })
}

/// A row of a prepared statement's answer: a zero, which cells are NULL, and the others by their type.
pub fn binary_row(columns: &[Column], cells: &[Option<String>]) -> Vec<u8> {
    let mut row = vec![0; 1 + (columns.len() + 9) / 8];
    for (index, (column, cell)) in columns.iter().zip(cells).enumerate() {
        match cell {
            None => row[1 + (index + 2) / 8] |= 1 << ((index + 2) % 8),
            Some(text) => put_cell(&mut row, column.kind, text),
        }
    }
    row
}

/// The engine's text always fits its kind; what would not goes as nothing but a zero.
fn put_cell(row: &mut Vec<u8>, kind: ColumnKind, text: &str) {
    match kind {
        ColumnKind::Boolean => row.push(u8::from(text != "0")),
        ColumnKind::Integer => {
            let number: i64 = text.parse().unwrap_or_default();
            row.extend_from_slice(&number.to_le_bytes());
        }
        ColumnKind::Double => {
            let number: f64 = text.parse().unwrap_or_default();
            row.extend_from_slice(&number.to_le_bytes());
        }
        ColumnKind::Date => put_moment(row, 4, midnight(text)),
        ColumnKind::DateTime => {
            let moment = NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f").ok();
            let fraction = moment.is_some_and(|moment| moment.nanosecond() != 0);
            put_moment(row, if fraction { 11 } else { 7 }, moment);
        }
        ColumnKind::Text | ColumnKind::Decimal => put_text(row, text.as_bytes()),
    }
}

fn midnight(text: &str) -> Option<NaiveDateTime> {
    let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
    date.and_hms_opt(0, 0, 0)
}

fn put_moment(row: &mut Vec<u8>, length: u8, moment: Option<NaiveDateTime>) {
    let Some(moment) = moment else {
        row.push(0);
        return;
    };
    let year = u16::try_from(moment.year())
        .unwrap_or_default()
        .to_le_bytes();
    let small = |part: u32| u8::try_from(part).unwrap_or_default();
    let micros = (moment.nanosecond() / 1000).to_le_bytes();
    let parts = [
        year[0],
        year[1],
        small(moment.month()),
        small(moment.day()),
        small(moment.hour()),
        small(moment.minute()),
        small(moment.second()),
        micros[0],
        micros[1],
        micros[2],
        micros[3],
    ];
    row.push(length);
    row.extend_from_slice(&parts[..length.into()]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bound_values_are_read_by_their_types_and_types_are_remembered() {
        let mut prepared = Prepared::new(String::new(), 4);
        let mut payload = vec![0, 1, 0, 0, 0, 0b0100, 1];
        payload.extend_from_slice(&[8, 0, 254, 0, 3, 0, 12, 0]);
        let mut values = (-7_i64).to_le_bytes().to_vec();
        values.extend_from_slice(b"\x03abc");
        values.extend_from_slice(&[7, 0xea, 0x07, 3, 10, 12, 0, 5]);
        payload.extend_from_slice(&values);
        let expected = vec![
            Parameter::Integer(-7),
            Parameter::Text("abc".to_owned()),
            Parameter::Null,
            Parameter::Text("2026-03-10 12:00:05".to_owned()),
        ];
        assert_eq!(prepared.bind(&payload), Some(Ok(expected.clone())));
        let mut again = vec![0, 1, 0, 0, 0, 0b0100, 0];
        again.extend_from_slice(&values);
        assert_eq!(prepared.bind(&again), Some(Ok(expected)));
        assert_eq!(prepared.bind(&again[..9]), None);
    }

    #[test]
    fn an_unsigned_number_is_of_a_type_that_is_not_known() {
        let mut prepared = Prepared::new(String::new(), 1);
        let payload = [0, 1, 0, 0, 0, 0, 1, 8, 0x80, 1, 0, 0, 0, 0, 0, 0, 0];
        let refusal = prepared.bind(&payload).unwrap().unwrap_err();
        assert_eq!(
            refusal.message,
            "AnalysisException, msg: unknown mysql type code 32776"
        );
    }

    #[test]
    fn binary_rows_mark_nulls_and_carry_moments() {
        let kinds = [
            ColumnKind::Integer,
            ColumnKind::Text,
            ColumnKind::Date,
            ColumnKind::DateTime,
        ];
        let columns = kinds.map(|kind| Column {
            name: String::new(),
            kind,
        });
        let cells = [
            Some("1".to_owned()),
            None,
            Some("2026-03-10".to_owned()),
            Some("2026-03-10 12:00:05.000001".to_owned()),
        ];
        let mut expected = vec![0, 0b1000, 1, 0, 0, 0, 0, 0, 0, 0];
        expected.extend_from_slice(&[4, 0xea, 0x07, 3, 10]);
        expected.extend_from_slice(&[11, 0xea, 0x07, 3, 10, 12, 0, 5, 1, 0, 0, 0]);
        assert_eq!(binary_row(&columns, &cells), expected);
    }
}
