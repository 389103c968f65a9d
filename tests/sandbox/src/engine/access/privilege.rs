//! Privileges and the kinds of object they are held on (`authorization/PrivilegeType.java`, `ObjectType.java`,
//! `DefaultAuthorizationProvider.java`).

/// In StarRocks' order of ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Privilege {
    Grant,
    Node,
    Operate,
    Delete,
    Drop,
    Insert,
    Select,
    Alter,
    Export,
    Update,
    Usage,
    Plugin,
    File,
    Blacklist,
    Repository,
    Refresh,
    Impersonate,
    CreateDatabase,
    CreateTable,
    CreateView,
    CreateFunction,
    CreateGlobalFunction,
    CreateMaterializedView,
    CreateResource,
    CreateResourceGroup,
    CreateExternalCatalog,
    CreateStorageVolume,
    CreatePipe,
    CreateWarehouse,
}

use Privilege as P;

const NAMES: &[(Privilege, &str)] = &[
    (P::Grant, "GRANT"),
    (P::Node, "NODE"),
    (P::Operate, "OPERATE"),
    (P::Delete, "DELETE"),
    (P::Drop, "DROP"),
    (P::Insert, "INSERT"),
    (P::Select, "SELECT"),
    (P::Alter, "ALTER"),
    (P::Export, "EXPORT"),
    (P::Update, "UPDATE"),
    (P::Usage, "USAGE"),
    (P::Plugin, "PLUGIN"),
    (P::File, "FILE"),
    (P::Blacklist, "BLACKLIST"),
    (P::Repository, "REPOSITORY"),
    (P::Refresh, "REFRESH"),
    (P::Impersonate, "IMPERSONATE"),
    (P::CreateDatabase, "CREATE DATABASE"),
    (P::CreateTable, "CREATE TABLE"),
    (P::CreateView, "CREATE VIEW"),
    (P::CreateFunction, "CREATE FUNCTION"),
    (P::CreateGlobalFunction, "CREATE GLOBAL FUNCTION"),
    (P::CreateMaterializedView, "CREATE MATERIALIZED VIEW"),
    (P::CreateResource, "CREATE RESOURCE"),
    (P::CreateResourceGroup, "CREATE RESOURCE GROUP"),
    (P::CreateExternalCatalog, "CREATE EXTERNAL CATALOG"),
    (P::CreateStorageVolume, "CREATE STORAGE VOLUME"),
    (P::CreatePipe, "CREATE PIPE"),
    (P::CreateWarehouse, "CREATE WAREHOUSE"),
];

impl Privilege {
    pub fn name(self) -> &'static str {
        NAMES[self as usize].1
    }

    pub fn named(name: &str) -> Option<Privilege> {
        let found = NAMES.iter().find(|(_, known)| *known == name);
        found.map(|(privilege, _)| *privilege)
    }
}

/// A set of privileges.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Privileges(u32);

impl Privileges {
    pub fn of(list: &[Privilege]) -> Privileges {
        Privileges(list.iter().fold(0, |bits, one| bits | 1 << *one as u32))
    }

    pub fn has(self, privilege: Privilege) -> bool {
        self.0 & (1 << privilege as u32) != 0
    }

    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub fn includes(self, other: Privileges) -> bool {
        other.without(self).is_empty()
    }

    #[must_use]
    pub fn with(self, other: Privileges) -> Privileges {
        Privileges(self.0 | other.0)
    }

    #[must_use]
    pub fn without(self, other: Privileges) -> Privileges {
        Privileges(self.0 & !other.0)
    }
}

/// In StarRocks' order of ids, which is that of SHOW GRANTS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Table,
    Database,
    System,
    User,
    Resource,
    View,
    Catalog,
    MaterializedView,
    Function,
    ResourceGroup,
    GlobalFunction,
    StorageVolume,
    Pipe,
    Warehouse,
}

impl Kind {
    pub const ALL: [Kind; 14] = [
        Kind::Table,
        Kind::Database,
        Kind::System,
        Kind::User,
        Kind::Resource,
        Kind::View,
        Kind::Catalog,
        Kind::MaterializedView,
        Kind::Function,
        Kind::ResourceGroup,
        Kind::GlobalFunction,
        Kind::StorageVolume,
        Kind::Pipe,
        Kind::Warehouse,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Kind::Table => "TABLE",
            Kind::Database => "DATABASE",
            Kind::System => "SYSTEM",
            Kind::User => "USER",
            Kind::Resource => "RESOURCE",
            Kind::View => "VIEW",
            Kind::Catalog => "CATALOG",
            Kind::MaterializedView => "MATERIALIZED VIEW",
            Kind::Function => "FUNCTION",
            Kind::ResourceGroup => "RESOURCE GROUP",
            Kind::GlobalFunction => "GLOBAL FUNCTION",
            Kind::StorageVolume => "STORAGE VOLUME",
            Kind::Pipe => "PIPE",
            Kind::Warehouse => "WAREHOUSE",
        }
    }

    pub fn named(name: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// What can be held on it, in the order in which SHOW GRANTS prints it.
    pub fn privileges(self) -> &'static [Privilege] {
        match self {
            Kind::Table => &[
                P::Delete,
                P::Drop,
                P::Insert,
                P::Select,
                P::Alter,
                P::Export,
                P::Update,
            ],
            Kind::Database => &[
                P::CreateTable,
                P::Drop,
                P::Alter,
                P::CreateView,
                P::CreateFunction,
                P::CreateMaterializedView,
                P::CreatePipe,
            ],
            Kind::System => &[
                P::Grant,
                P::Node,
                P::CreateResource,
                P::Plugin,
                P::File,
                P::Blacklist,
                P::Operate,
                P::CreateExternalCatalog,
                P::Repository,
                P::CreateResourceGroup,
                P::CreateGlobalFunction,
                P::CreateStorageVolume,
                P::CreateWarehouse,
            ],
            Kind::User => &[P::Impersonate],
            Kind::Resource => &[P::Usage, P::Alter, P::Drop],
            Kind::View => &[P::Select, P::Alter, P::Drop],
            Kind::Catalog => &[P::Usage, P::CreateDatabase, P::Drop, P::Alter],
            Kind::MaterializedView => &[P::Alter, P::Refresh, P::Drop, P::Select],
            Kind::Function | Kind::GlobalFunction => &[P::Usage, P::Drop],
            Kind::ResourceGroup => &[P::Alter, P::Drop],
            Kind::StorageVolume => &[P::Drop, P::Alter, P::Usage],
            Kind::Pipe => &[P::Alter, P::Drop, P::Usage],
            Kind::Warehouse => &[P::Usage, P::Alter, P::Drop],
        }
    }
}

#[test]
fn every_privilege_has_its_name() {
    for (index, (privilege, name)) in NAMES.iter().enumerate() {
        assert_eq!(*privilege as usize, index, "{name}");
        assert_eq!(Privilege::named(name), Some(*privilege));
    }
}
