//! What a privilege is held on. Internal objects are known by id, so that a grant follows a table through RENAME and SWAP and dies with it
//! (`authorization/TablePEntryObject.java`, `DbPEntryObject.java`).

/// Ids of the databases every cluster has (`catalog/system/SystemId.java`).
pub const INFORMATION_SCHEMA: u64 = 1;
pub const SYS: u64 = 100;

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Object {
    /// Of the built-in roles: all of the kind in all catalogs.
    Everything,
    /// `ALL DATABASES`, `ALL TABLES IN ALL DATABASES`, `ALL USERS`
    All,
    /// `default_catalog`, or the one SYSTEM there is
    Only,
    Database(u64),
    /// `ALL TABLES IN DATABASE d`
    AllIn(u64),
    Relation {
        database: u64,
        id: u64,
    },
    User(String),
}

impl Object {
    /// Whether a grant on `granted` speaks of this object.
    pub fn is_within(&self, granted: &Object) -> bool {
        match (self, granted) {
            (_, Object::Everything) => true,
            (Object::Everything, _) => false,
            (_, Object::All) => true,
            (Object::AllIn(one) | Object::Relation { database: one, .. }, Object::AllIn(other)) => {
                one == other
            }
            (one, other) => one == other,
        }
    }

    /// ALL of something.
    pub fn is_fuzzy(&self) -> bool {
        matches!(self, Object::Everything | Object::All | Object::AllIn(_))
    }
}
