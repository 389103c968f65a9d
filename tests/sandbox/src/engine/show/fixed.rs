//! SHOW statements whose answer is always the same.

use crate::answer::ResultSet;
use crate::engine::show::table;

pub fn warnings() -> ResultSet {
    table(&["Level", "Code", "Message"], Vec::new())
}

pub fn status() -> ResultSet {
    table(&["Variable_name", "Value"], Vec::new())
}

pub fn engines() -> ResultSet {
    let names = [
        "Engine",
        "Support",
        "Comment",
        "Transactions",
        "XA",
        "Savepoints",
    ];
    one(
        &names,
        [
            "OLAP",
            "YES",
            "Default storage engine of StarRocks",
            "NO",
            "NO",
            "NO",
        ],
    )
}

pub fn charset() -> ResultSet {
    let names = ["Charset", "Description", "Default collation", "Maxlen"];
    one(&names, ["utf8", "UTF-8 Unicode", "utf8_general_ci", "3"])
}

pub fn collation() -> ResultSet {
    let names = [
        "Collation",
        "Charset",
        "Id",
        "Default",
        "Compiled",
        "Sortlen",
    ];
    one(&names, ["utf8_general_ci", "utf8", "33", "Yes", "Yes", "1"])
}

fn one<const N: usize>(names: &[&str], row: [&str; N]) -> ResultSet {
    table(names, vec![row.map(str::to_owned).to_vec()])
}
