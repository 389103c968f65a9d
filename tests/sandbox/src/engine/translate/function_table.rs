//! The functions that are only renamed on their way to SQLite, with the types of their results.

use crate::answer::SqlError;
use crate::engine::error;
use crate::engine::translate::Type;
use crate::engine::translate::cast::as_text;
use crate::engine::translate::expression::modulo;

type Typed = (String, Type);

/// Functions whose arguments go over as they are: (name, fewest, most, SQLite name, type).
const PLAIN: &[(&str, usize, usize, &str, Type)] = &[
    ("ABS", 1, 1, "abs", Type::Null),
    ("ASCII", 1, 1, "unicode", Type::Integer),
    ("BITXOR", 2, 2, "sr_bitxor", Type::Integer),
    ("CEIL", 1, 1, "ceil", Type::Integer),
    ("CHAR_LENGTH", 1, 1, "sr_char_length", Type::Integer),
    ("CHARACTER_LENGTH", 1, 1, "sr_char_length", Type::Integer),
    ("CONVERT_TZ", 3, 3, "sr_convert_tz", Type::DateTime),
    ("CRC32", 1, 1, "sr_crc32", Type::Integer),
    ("CURDATE", 0, 0, "sr_curdate", Type::Date),
    ("CURRENT_DATE", 0, 0, "sr_curdate", Type::Date),
    ("CURRENT_TIME", 0, 0, "sr_curtime", Type::Text),
    ("CURRENT_TIMESTAMP", 0, 0, "sr_now", Type::DateTime),
    ("CURTIME", 0, 0, "sr_curtime", Type::Text),
    ("DATE", 1, 1, "sr_date", Type::Date),
    ("DATEDIFF", 2, 2, "sr_datediff", Type::Integer),
    ("DATE_FORMAT", 2, 2, "sr_date_format", Type::Text),
    ("DATE_TRUNC", 2, 2, "sr_date_trunc", Type::DateTime),
    ("DAYNAME", 1, 1, "sr_dayname", Type::Text),
    ("FLOOR", 1, 1, "floor", Type::Integer),
    ("FROM_UNIXTIME", 1, 2, "sr_from_unixtime", Type::Text),
    ("HEX", 1, 1, "sr_hex", Type::Text),
    ("INSTR", 2, 2, "instr", Type::Integer),
    ("LAST_DAY", 1, 1, "sr_last_day", Type::Date),
    ("LCASE", 1, 1, "sr_lower", Type::Text),
    ("LEFT", 2, 2, "sr_left", Type::Text),
    ("LENGTH", 1, 1, "sr_length", Type::Integer),
    ("LOCALTIME", 0, 0, "sr_now", Type::DateTime),
    ("LOCALTIMESTAMP", 0, 0, "sr_now", Type::DateTime),
    ("LOWER", 1, 1, "sr_lower", Type::Text),
    ("LPAD", 3, 3, "sr_lpad", Type::Text),
    ("LTRIM", 1, 1, "ltrim", Type::Text),
    ("MONTHNAME", 1, 1, "sr_monthname", Type::Text),
    ("NOW", 0, 0, "sr_now", Type::DateTime),
    ("POW", 2, 2, "pow", Type::Double),
    ("POWER", 2, 2, "pow", Type::Double),
    ("REPEAT", 2, 2, "sr_repeat", Type::Text),
    ("REPLACE", 3, 3, "replace", Type::Text),
    ("REVERSE", 1, 1, "sr_reverse", Type::Text),
    ("RIGHT", 2, 2, "sr_right", Type::Text),
    ("RPAD", 3, 3, "sr_rpad", Type::Text),
    ("RTRIM", 1, 1, "rtrim", Type::Text),
    ("SIGN", 1, 1, "sign", Type::Integer),
    ("SPLIT_PART", 3, 3, "sr_split_part", Type::Text),
    ("SQRT", 1, 1, "sqrt", Type::Double),
    ("STR_TO_DATE", 2, 2, "sr_str_to_date", Type::DateTime),
    ("SUBSTR", 2, 3, "substr", Type::Text),
    ("SUBSTRING", 2, 3, "substr", Type::Text),
    ("SUBSTRING_INDEX", 3, 3, "sr_substring_index", Type::Text),
    ("TO_DATE", 1, 1, "sr_date", Type::Date),
    ("TRIM", 1, 1, "trim", Type::Text),
    ("UCASE", 1, 1, "sr_upper", Type::Text),
    ("UNIX_TIMESTAMP", 0, 1, "sr_unix_timestamp", Type::Integer),
    ("UPPER", 1, 1, "sr_upper", Type::Text),
    ("UTC_TIMESTAMP", 0, 0, "sr_utc_timestamp", Type::DateTime),
];

/// Functions that read their arguments as text: decimals keep their scale, numbers their shortest form.
const OVER_TEXT: &[(&str, usize, &str, Type)] = &[
    ("CONCAT", 1, "sr_concat", Type::Text),
    ("CONCAT_WS", 2, "sr_concat_ws", Type::Text),
    ("MD5", 1, "sr_md5", Type::Text),
    ("MD5SUM", 1, "sr_md5sum", Type::Text),
    ("MURMUR_HASH3_32", 1, "sr_murmur_hash3_32", Type::Integer),
    ("XX_HASH3_64", 1, "sr_xx_hash3_64", Type::Integer),
];

/// Parts of a moment: (name, unit of `sr_date_part`).
const PARTS: &[(&str, &str)] = &[
    ("YEAR", "YEAR"),
    ("QUARTER", "QUARTER"),
    ("MONTH", "MONTH"),
    ("WEEKOFYEAR", "WEEK"),
    ("DAY", "DAY"),
    ("DAYOFMONTH", "DAY"),
    ("DAYOFWEEK", "DAYOFWEEK"),
    ("WEEKDAY", "WEEKDAY"),
    ("DAYOFYEAR", "DAYOFYEAR"),
    ("HOUR", "HOUR"),
    ("MINUTE", "MINUTE"),
    ("SECOND", "SECOND"),
];

/// The call of a function whose arguments are translated; `None` where there is no such function.
pub(super) fn simple(name: &str, typed: &[Typed]) -> Option<Typed> {
    let texts: Vec<&str> = typed.iter().map(|(text, _)| text.as_str()).collect();
    let first = typed.first().map_or(Type::Null, |(_, kind)| *kind);
    let common = typed
        .iter()
        .fold(Type::Null, |kind, (_, other)| kind.common(*other));
    if let Some((_, _, _, target, kind)) = PLAIN
        .iter()
        .find(|row| row.0 == name && (row.1..=row.2).contains(&texts.len()))
    {
        return Some((
            format!("{target}({})", texts.join(", ")),
            if *kind == Type::Null { first } else { *kind },
        ));
    }
    if let Some((_, _, target, kind)) = OVER_TEXT
        .iter()
        .find(|row| row.0 == name && texts.len() >= row.1)
    {
        let texts: Vec<String> = typed
            .iter()
            .map(|(text, kind)| as_text(text, *kind, "sr_cast_text"))
            .collect();
        return Some((format!("{target}({})", texts.join(", ")), *kind));
    }
    if let (Some((_, unit)), [moment]) = (PARTS.iter().find(|row| row.0 == name), texts.as_slice())
    {
        return Some((format!("sr_date_part('{unit}', {moment})"), Type::Integer));
    }
    Some(match (name, texts.as_slice()) {
        ("IF", [condition, yes, no]) => (
            format!("(CASE WHEN {condition} THEN {yes} ELSE {no} END)"),
            typed[1].1.common(typed[2].1),
        ),
        ("IFNULL" | "NVL" | "COALESCE", [only]) => ((*only).to_owned(), first),
        ("IFNULL" | "NVL", [_, _]) | ("COALESCE", [_, ..]) => {
            (format!("coalesce({})", texts.join(", ")), common)
        }
        ("NULLIF", [left, right]) => (format!("nullif({left}, {right})"), first),
        ("GREATEST", [_, _, ..]) => (format!("max({})", texts.join(", ")), common),
        ("LEAST", [_, _, ..]) => (format!("min({})", texts.join(", ")), common),
        ("MOD", [left, right]) => modulo(left, first, right, typed[1].1),
        ("ROUND", [value]) => (format!("CAST(round({value}) AS INTEGER)"), Type::Integer),
        ("ROUND", [value, digits]) => {
            let kind = match (first, digits.parse()) {
                (Type::Decimal(_), Ok(scale)) => Type::Decimal(scale),
                _ => Type::Double,
            };
            (format!("round({value}, {digits})"), kind)
        }
        ("NOW" | "CURRENT_TIMESTAMP", [_]) => ("sr_now()".to_owned(), Type::DateTime),
        ("SHA2", [_, bits]) => (
            format!(
                "sr_sha2({}, {bits})",
                as_text(texts[0], first, "sr_cast_text")
            ),
            Type::Text,
        ),
        ("LOCATE", [wanted, text]) => (format!("instr({text}, {wanted})"), Type::Integer),
        ("STARTS_WITH", [text, start]) => (
            format!("(substr({text}, 1, length({start})) = {start})"),
            Type::Boolean,
        ),
        ("ENDS_WITH", [text, end]) => (
            format!("(sr_right({text}, length({end})) = {end})"),
            Type::Boolean,
        ),
        ("ISNULL", [value]) => (format!("({value} IS NULL)"), Type::Boolean),
        _ => return None,
    })
}

pub(super) fn no_function(name: &str, typed: &[Typed]) -> SqlError {
    let kinds: Vec<&str> = typed
        .iter()
        .map(|(_, kind)| match kind {
            Type::Null => "null_type",
            Type::Boolean => "boolean",
            Type::Integer => "bigint(20)",
            Type::Double => "double",
            Type::Decimal(_) => "decimal",
            Type::Date => "date",
            Type::DateTime => "datetime",
            Type::Text => "varchar",
        })
        .collect();
    error::analyzing(format!(
        "No matching function with signature: {}({})",
        name.to_lowercase(),
        kinds.join(", ")
    ))
}
