//! The roles of the cluster (`authorization/AuthorizationMgr.java`, `RolePrivilegeCollectionV2.java`).

use std::collections::{BTreeMap, BTreeSet};

use crate::engine::access::grants::Grants;
use crate::engine::access::object::{INFORMATION_SCHEMA, Object};
use crate::engine::access::privilege::{Kind, Privilege, Privileges};

/// Built-in roles have negative ids (`authorization/PrivilegeBuiltinConstants.java`).
pub type RoleId = i64;
pub type RoleIds = BTreeSet<RoleId>;

pub const ROOT: RoleId = -1;
pub const DB_ADMIN: RoleId = -2;
pub const CLUSTER_ADMIN: RoleId = -3;
pub const USER_ADMIN: RoleId = -4;
pub const PUBLIC: RoleId = -5;

/// FE configuration `privilege_max_role_depth`.
const MAX_DEPTH: usize = 16;

#[derive(Debug, Clone, Default)]
pub struct Role {
    pub name: String,
    pub comment: Option<String>,
    pub grants: Grants,
    /// Whose privileges it has too.
    pub parents: RoleIds,
}

#[derive(Debug, Clone)]
pub struct Roles(BTreeMap<RoleId, Role>);

impl Roles {
    pub fn builtin() -> Roles {
        let role = |name: &str, comment: &str, grants| Role {
            name: name.to_owned(),
            comment: Some(comment.to_owned()),
            grants,
            parents: RoleIds::new(),
        };
        let mut root = Grants::default();
        for kind in Kind::ALL {
            everything(&mut root, kind);
        }
        let mut database = Grants::default();
        let system = [
            Privilege::CreateResource,
            Privilege::Plugin,
            Privilege::File,
            Privilege::Blacklist,
            Privilege::Operate,
            Privilege::CreateExternalCatalog,
            Privilege::Repository,
            Privilege::CreateResourceGroup,
            Privilege::CreateGlobalFunction,
            Privilege::CreateStorageVolume,
        ];
        database.grant(Kind::System, &Object::Only, Privileges::of(&system), false);
        for kind in Kind::ALL {
            if !matches!(kind, Kind::System | Kind::User | Kind::Warehouse) {
                everything(&mut database, kind);
            }
        }
        let mut cluster = Grants::default();
        let system = Privileges::of(&[Privilege::Node, Privilege::CreateWarehouse]);
        cluster.grant(Kind::System, &Object::Only, system, false);
        everything(&mut cluster, Kind::Warehouse);
        let mut user = Grants::default();
        let system = Privileges::of(&[Privilege::Grant]);
        user.grant(Kind::System, &Object::Only, system, false);
        everything(&mut user, Kind::User);
        let mut public = Grants::default();
        let select = Privileges::of(&[Privilege::Select]);
        public.grant(
            Kind::Table,
            &Object::AllIn(INFORMATION_SCHEMA),
            select,
            false,
        );
        Roles(BTreeMap::from([
            (
                ROOT,
                role(
                    "root",
                    "built-in root role which has all privileges on all objects",
                    root,
                ),
            ),
            (
                DB_ADMIN,
                role(
                    "db_admin",
                    "built-in database administration role",
                    database,
                ),
            ),
            (
                CLUSTER_ADMIN,
                role(
                    "cluster_admin",
                    "built-in cluster administration role",
                    cluster,
                ),
            ),
            (
                USER_ADMIN,
                role("user_admin", "built-in user administration role", user),
            ),
            (
                PUBLIC,
                role(
                    "public",
                    "built-in public role which is owned by any user",
                    public,
                ),
            ),
        ]))
    }

    /// Built-in ones first, then in the order of their making.
    pub fn iter(&self) -> impl Iterator<Item = (RoleId, &Role)> {
        let builtin = self.0.range(..0).rev();
        let made = self.0.range(0..);
        builtin.chain(made).map(|(id, role)| (*id, role))
    }

    pub fn get(&self, id: RoleId) -> Option<&Role> {
        self.0.get(&id)
    }

    pub fn get_mut(&mut self, id: RoleId) -> Option<&mut Role> {
        self.0.get_mut(&id)
    }

    pub fn id(&self, name: &str) -> Option<RoleId> {
        self.0
            .iter()
            .find(|(_, role)| role.name == name)
            .map(|(id, _)| *id)
    }

    pub fn add(&mut self, id: RoleId, name: &str, comment: Option<&str>) {
        let role = Role {
            name: name.to_owned(),
            comment: comment.map(str::to_owned),
            ..Role::default()
        };
        self.0.insert(id, role);
    }

    pub fn remove(&mut self, id: RoleId) {
        self.0.remove(&id);
        for role in self.0.values_mut() {
            role.parents.remove(&id);
        }
    }

    pub fn all_grants(&mut self) -> impl Iterator<Item = &mut Grants> {
        self.0.values_mut().map(|role| &mut role.grants)
    }

    /// Names in order; roles that are gone are left out.
    pub fn names(&self, ids: &RoleIds) -> Vec<&str> {
        self.iter()
            .filter(|(id, _)| ids.contains(id))
            .map(|(_, role)| role.name.as_str())
            .collect()
    }

    /// The roles and all whose privileges they have.
    pub fn with_parents(&self, ids: impl IntoIterator<Item = RoleId>) -> RoleIds {
        let mut found = RoleIds::new();
        let mut open: Vec<RoleId> = ids.into_iter().collect();
        while let Some(id) = open.pop() {
            if let Some(role) = self.0.get(&id)
                && found.insert(id)
            {
                open.extend(&role.parents);
            }
        }
        found
    }

    /// Whether some chain of roles from here downwards would become too long.
    pub fn too_deep(&self) -> Option<(RoleId, usize)> {
        let depth = |id| self.depth(id, 0);
        self.0
            .keys()
            .map(|id| (*id, depth(*id)))
            .find(|(_, depth)| *depth > MAX_DEPTH)
    }

    fn depth(&self, id: RoleId, above: usize) -> usize {
        if above > MAX_DEPTH {
            return above;
        }
        let children = self.0.iter().filter(|(_, role)| role.parents.contains(&id));
        children
            .map(|(child, _)| self.depth(*child, above + 1))
            .max()
            .unwrap_or(above)
    }
}

pub fn is_builtin(id: RoleId) -> bool {
    id < 0
}

/// PUBLIC alone of the built-in roles can be changed.
pub fn is_mutable(id: RoleId) -> bool {
    id >= 0 || id == PUBLIC
}

fn everything(grants: &mut Grants, kind: Kind) {
    let object = if kind == Kind::System {
        Object::Only
    } else {
        Object::Everything
    };
    grants.grant(kind, &object, Privileges::of(kind.privileges()), false);
}
