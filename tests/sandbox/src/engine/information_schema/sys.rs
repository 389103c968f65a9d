//! Names and types of the columns of `sys` (`catalog/system/sys/GrantsTo.java`, `RoleEdges.java`), as far as it is modelled.

use crate::engine::information_schema::Table;
use crate::engine::translate::Type;

const GRANTS: &[(&str, Type)] = &[
    ("GRANTEE", Type::Text),
    ("OBJECT_CATALOG", Type::Text),
    ("OBJECT_DATABASE", Type::Text),
    ("OBJECT_NAME", Type::Text),
    ("OBJECT_TYPE", Type::Text),
    ("PRIVILEGE_TYPE", Type::Text),
    ("IS_GRANTABLE", Type::Text),
];

pub const SYS_TABLES: &[Table] = &[
    Table {
        name: "grants_to_roles",
        columns: GRANTS,
    },
    Table {
        name: "grants_to_users",
        columns: GRANTS,
    },
    Table {
        name: "role_edges",
        columns: &[
            ("FROM_ROLE", Type::Text),
            ("TO_ROLE", Type::Text),
            ("TO_USER", Type::Text),
        ],
    },
];
