//! GRANT, REVOKE and roles, as written: names are resolved by the engine.

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Access {
    Grant(PrivilegeClause),
    Revoke(PrivilegeClause),
    GrantRoles {
        roles: Vec<String>,
        to: Grantee,
    },
    RevokeRoles {
        roles: Vec<String>,
        from: Grantee,
    },
    CreateRoles {
        names: Vec<String>,
        if_not_exists: bool,
        comment: Option<String>,
    },
    CommentRoles {
        names: Vec<String>,
        if_exists: bool,
        comment: String,
    },
    DropRoles {
        names: Vec<String>,
        if_exists: bool,
    },
    SetRole(RoleChoice),
    /// Also `ALTER USER … DEFAULT ROLE …`.
    SetDefaultRole {
        user: String,
        choice: RoleChoice,
    },
}

/// `privilege, … ON … TO|FROM … [WITH GRANT OPTION]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrivilegeClause {
    /// Upper case: `CREATE TABLE`, `ALL`.
    pub privileges: Vec<String>,
    /// Upper case, singular: `TABLE`, `MATERIALIZED VIEW`.
    pub kind: String,
    pub objects: Objects,
    pub grantee: Grantee,
    pub grant_option: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Objects {
    /// ON SYSTEM
    System,
    /// Each of one part or two; a part may be `*`.
    Named(Vec<Vec<String>>),
    /// `ON ALL DATABASES`, `ON ALL USERS`
    All,
    /// `ON ALL TABLES IN ALL DATABASES`
    InAllDatabases,
    /// `ON ALL TABLES IN DATABASE d`
    InDatabase(String),
    Users(Vec<String>),
    /// `FUNCTION d.f(INT)`, as text
    Functions(Vec<String>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Grantee {
    User(String),
    Role(String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RoleChoice {
    Default,
    None,
    All { except: Vec<String> },
    Named(Vec<String>),
}
