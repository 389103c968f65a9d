//! Answers as packets: OK, ERR, EOF and text rows (`mysql/MysqlOkPacket.java`, `mysql/MysqlErrPacket.java`, `mysql/MysqlSerializer.java`).

use std::io;

use tokio::io::{AsyncRead, AsyncWrite};

use crate::answer::{Answer, Column, ColumnKind, Done, ResultSet, SqlError};
use crate::wire::handshake::CHARSET;
use crate::wire::packet::{Packets, put_length, put_text};
use crate::wire::prepared::binary_row;
use crate::wire::service::Field;

/// SERVER_MORE_RESULTS_EXISTS, the only status StarRocks ever sets.
const MORE_RESULTS: u16 = 0x8;

/// Whether another statement's answer follows in the same exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Position {
    Last,
    MoreFollow,
}

impl Position {
    fn status(self) -> [u8; 2] {
        if self == Position::MoreFollow {
            MORE_RESULTS.to_le_bytes()
        } else {
            [0, 0]
        }
    }
}

/// How cells are written: as text after COM_QUERY, by their type after COM_STMT_EXECUTE.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Text,
    Binary,
}

pub async fn write_answer<S>(
    packets: &mut Packets<S>,
    answer: &Answer,
    (format, position): (Format, Position),
) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    match answer {
        Answer::Done(done) => packets.write(&ok(done, position)).await,
        Answer::Rows(rows) => write_rows(packets, rows, (format, position)).await,
    }
}

async fn write_rows<S>(
    packets: &mut Packets<S>,
    set: &ResultSet,
    (format, position): (Format, Position),
) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut count = Vec::new();
    put_length(&mut count, set.columns.len() as u64);
    packets.write(&count).await?;
    for column in &set.columns {
        packets.write(&definition(column)).await?;
    }
    packets.write(&eof(position)).await?;
    let mut row = Vec::new();
    for values in &set.rows {
        if format == Format::Binary {
            packets.write(&binary_row(&set.columns, values)).await?;
            continue;
        }
        row.clear();
        for value in values {
            match value {
                Some(text) => put_text(&mut row, text.as_bytes()),
                None => row.push(0xfb),
            }
        }
        packets.write(&row).await?;
    }
    packets.write(&eof(position)).await
}

/// The last insert id is always 0; the info, when there is one, has its length before it.
pub fn ok(done: &Done, position: Position) -> Vec<u8> {
    let mut packet = vec![0];
    put_length(&mut packet, done.affected_rows);
    put_length(&mut packet, 0);
    packet.extend_from_slice(&position.status());
    packet.extend_from_slice(&done.warnings.to_le_bytes());
    if !done.info.is_empty() {
        put_text(&mut packet, done.info.as_bytes());
    }
    packet
}

pub fn err(error: &SqlError) -> Vec<u8> {
    let mut packet = vec![0xff];
    packet.extend_from_slice(&error.code.to_le_bytes());
    packet.push(b'#');
    packet.extend_from_slice(error.state.as_bytes());
    let message = if error.message.is_empty() {
        "Unknown error"
    } else {
        &error.message
    };
    packet.extend_from_slice(message.as_bytes());
    packet
}

/// Classic EOF, whatever the client offered.
pub fn eof(position: Position) -> Vec<u8> {
    let status = position.status();
    vec![0xfe, 0, 0, status[0], status[1]]
}

/// No schema, no table; the name twice.
pub fn definition(column: &Column) -> Vec<u8> {
    described(["", "", ""], column)
}

/// Of a table's column, in the answer to COM_FIELD_LIST: with schema and table, and the default behind it (`MysqlSerializer.writeField`).
pub fn field(field: &Field) -> Vec<u8> {
    let mut packet = described([&field.database, &field.table, &field.table], &field.column);
    put_text(&mut packet, field.default.as_bytes());
    packet
}

/// What COM_STMT_PREPARE answers first: the statement's number, its columns and its parameters (`StmtExecutor.sendStmtPrepareOK`).
pub fn prepared(id: u32, columns: usize, parameters: usize) -> Vec<u8> {
    let count = |number: usize| u16::try_from(number).unwrap_or(u16::MAX).to_le_bytes();
    let mut packet = vec![0];
    packet.extend_from_slice(&id.to_le_bytes());
    packet.extend_from_slice(&count(columns));
    packet.extend_from_slice(&count(parameters));
    packet.extend_from_slice(&[0, 0, 0]);
    packet
}

fn described(origin: [&str; 3], column: &Column) -> Vec<u8> {
    let (code, length, decimals) = wire_type(column.kind);
    let mut packet = Vec::with_capacity(32 + 2 * column.name.len());
    put_text(&mut packet, b"def");
    for part in origin {
        put_text(&mut packet, part.as_bytes());
    }
    put_text(&mut packet, column.name.as_bytes());
    put_text(&mut packet, column.name.as_bytes());
    packet.push(0x0c);
    let charset = if column.kind == ColumnKind::Text {
        u16::from(CHARSET)
    } else {
        BINARY_CHARSET
    };
    packet.extend_from_slice(&charset.to_le_bytes());
    packet.extend_from_slice(&length.to_le_bytes());
    packet.push(code);
    packet.extend_from_slice(&[0, 0, decimals, 0, 0]);
    packet
}

const BINARY_CHARSET: u16 = 63;

/// MySQL's type code, display length and decimals (`catalog/Type.java` getMysqlResultSetFieldLength).
fn wire_type(kind: ColumnKind) -> (u8, u32, u8) {
    match kind {
        ColumnKind::Text => (253, 65_533 * 3, 0),
        ColumnKind::Boolean => (1, 1, 0),
        ColumnKind::Integer => (8, 20, 0),
        ColumnKind::Double => (5, 22, 31),
        ColumnKind::Decimal => (246, 40, 9),
        ColumnKind::Date => (10, 10, 0),
        ColumnKind::DateTime => (12, 26, 0),
    }
}
