//! Who may do what: privileges, the objects they are held on, roles, and what each statement needs.
//!
//! [`Grants`] are held by users and [`Roles`]; a [`Holder`] is a session's share of them. `require` says what each statement needs, `change`
//! runs GRANT and REVOKE, `role` what makes and activates roles, `list` prints.

mod change;
mod grants;
mod holder;
mod list;
mod object;
mod privilege;
mod require;
mod resolve;
mod role;
mod roles;
mod user;

pub use grants::Grants;
pub use holder::Holder;
pub use object::{INFORMATION_SCHEMA, Object, SYS};
pub use privilege::{Kind, Privilege};
pub use require::{Need, Read, is_analyzed_first};
pub use resolve::{identity, kind_of};
pub use roles::{ROOT, RoleIds, Roles};
