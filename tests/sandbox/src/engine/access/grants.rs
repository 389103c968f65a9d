//! The privileges of one user or role (`authorization/PrivilegeCollectionV2.java`).

use crate::engine::access::object::Object;
use crate::engine::access::privilege::{Kind, Privilege, Privileges};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub kind: Kind,
    pub object: Object,
    pub grant_option: bool,
    pub privileges: Privileges,
}

/// Sorted by kind, then object: ALL before single ones.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Grants(Vec<Entry>);

/// REVOKE of what is granted in no form on exactly this object, while something else of its kind is.
#[derive(Debug, PartialEq, Eq)]
pub struct NoSuchGrant;

impl Grants {
    pub fn entries(&self) -> &[Entry] {
        &self.0
    }

    /// A privilege is held on an object either with or without grant option: the stronger form stays.
    pub fn grant(
        &mut self,
        kind: Kind,
        object: &Object,
        privileges: Privileges,
        grant_option: bool,
    ) {
        let mut privileges = privileges;
        if let Some(opposite) = self.find(kind, object, !grant_option) {
            if grant_option {
                self.take(opposite, privileges);
            } else {
                privileges = privileges.without(self.0[opposite].privileges);
            }
        }
        if privileges.is_empty() {
            return;
        }
        if let Some(same) = self.find(kind, object, grant_option) {
            let entry = &mut self.0[same];
            entry.privileges = entry.privileges.with(privileges);
            return;
        }
        self.0.push(Entry {
            kind,
            object: object.clone(),
            grant_option,
            privileges,
        });
        self.0
            .sort_by(|one, other| (one.kind, &one.object).cmp(&(other.kind, &other.object)));
    }

    /// Without any grant on the kind of object this does nothing and is no error.
    pub fn revoke(
        &mut self,
        kind: Kind,
        object: &Object,
        privileges: Privileges,
    ) -> Result<(), NoSuchGrant> {
        if !self.0.iter().any(|entry| entry.kind == kind) {
            return Ok(());
        }
        let mut found = false;
        for grant_option in [false, true] {
            if let Some(index) = self.find(kind, object, grant_option) {
                found = true;
                self.take(index, privileges);
            }
        }
        if found { Ok(()) } else { Err(NoSuchGrant) }
    }

    pub fn has(&self, kind: Kind, privilege: Privilege, object: &Object) -> bool {
        self.0.iter().any(|entry| {
            entry.kind == kind && entry.privileges.has(privilege) && object.is_within(&entry.object)
        })
    }

    /// Any privilege on the object, or on something within it.
    pub fn has_any(&self, kind: Kind, object: &Object) -> bool {
        self.0.iter().any(|entry| {
            entry.kind == kind
                && (object.is_within(&entry.object) || entry.object.is_within(object))
        })
    }

    /// Whether the holder may pass these on.
    pub fn may_grant(&self, kind: Kind, privileges: Privileges, objects: &[Object]) -> bool {
        let covers = |object: &Object| {
            self.0.iter().any(|entry| {
                entry.kind == kind
                    && entry.grant_option
                    && entry.privileges.includes(privileges)
                    && object.is_within(&entry.object)
            })
        };
        !objects.is_empty() && objects.iter().all(covers)
    }

    pub fn add_all(&mut self, other: &Grants) {
        for entry in &other.0 {
            self.grant(
                entry.kind,
                &entry.object,
                entry.privileges,
                entry.grant_option,
            );
        }
    }

    pub fn forget(&mut self, lost: &[Object]) {
        self.0.retain(|entry| !lost.contains(&entry.object));
    }

    fn find(&self, kind: Kind, object: &Object, grant_option: bool) -> Option<usize> {
        self.0.iter().position(|entry| {
            entry.kind == kind && entry.object == *object && entry.grant_option == grant_option
        })
    }

    fn take(&mut self, index: usize, privileges: Privileges) {
        let entry = &mut self.0[index];
        entry.privileges = entry.privileges.without(privileges);
        if entry.privileges.is_empty() {
            self.0.remove(index);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: Object = Object::Relation { database: 7, id: 8 };

    fn select() -> Privileges {
        Privileges::of(&[Privilege::Select])
    }

    #[test]
    fn all_tables_speak_of_each_table_and_each_of_its_database() {
        let mut grants = Grants::default();
        grants.grant(Kind::Table, &Object::AllIn(7), select(), false);
        assert!(grants.has(Kind::Table, Privilege::Select, &TABLE));
        assert!(!grants.has(Kind::Table, Privilege::Insert, &TABLE));
        assert!(!grants.has(Kind::View, Privilege::Select, &TABLE));
        let mut grants = Grants::default();
        grants.grant(Kind::Table, &TABLE, select(), false);
        assert!(!grants.has(Kind::Table, Privilege::Select, &Object::AllIn(7)));
        assert!(grants.has_any(Kind::Table, &Object::AllIn(7)));
        assert!(!grants.has_any(Kind::Table, &Object::AllIn(9)));
    }

    #[test]
    fn revoke_needs_the_object_of_the_grant() {
        let mut grants = Grants::default();
        assert_eq!(grants.revoke(Kind::Table, &TABLE, select()), Ok(()));
        grants.grant(Kind::Table, &Object::AllIn(7), select(), true);
        assert_eq!(
            grants.revoke(Kind::Table, &TABLE, select()),
            Err(NoSuchGrant)
        );
        assert_eq!(
            grants.revoke(Kind::Table, &Object::AllIn(7), select()),
            Ok(())
        );
        assert!(grants.entries().is_empty());
    }

    #[test]
    fn the_grant_option_stays_with_its_privileges() {
        let mut grants = Grants::default();
        let both = Privileges::of(&[Privilege::Select, Privilege::Insert]);
        grants.grant(Kind::Table, &TABLE, select(), true);
        grants.grant(Kind::Table, &TABLE, both, false);
        assert!(grants.may_grant(Kind::Table, select(), &[TABLE]));
        assert!(!grants.may_grant(Kind::Table, both, &[TABLE]));
        assert_eq!(grants.entries().len(), 2);
        grants.grant(Kind::Table, &TABLE, both, true);
        assert_eq!(grants.entries().len(), 1);
        assert!(grants.may_grant(Kind::Table, both, &[TABLE]));
    }
}
