//! External catalogs and functions: they come, go and are listed (`server/CatalogMgr.java`, `catalog/Database.java`).

use crate::answer::{Answer, ResultSet, SqlError};
use crate::ast::OutsideStatement;
use crate::engine::catalog::ExternalCatalog;
use crate::engine::cluster::Cluster;
use crate::engine::create::done;
use crate::engine::error;
use crate::engine::function::Function;
use crate::engine::repository::is_common_name;
use crate::engine::session::Session;

/// `connector/ConnectorType.java`.
const KINDS: [&str; 10] = [
    "elasticsearch",
    "es",
    "hive",
    "hudi",
    "iceberg",
    "jdbc",
    "deltalake",
    "paimon",
    "odps",
    "kudu",
];

impl Cluster {
    pub fn outside(
        &mut self,
        session: &Session,
        statement: &OutsideStatement,
    ) -> Result<Answer, SqlError> {
        match statement {
            OutsideStatement::CreateCatalog {
                name,
                if_not_exists,
                comment,
                properties,
            } => {
                let kind = check_catalog(name, properties)?;
                if self.catalogs.contains_key(name) {
                    return if *if_not_exists {
                        Ok(done())
                    } else {
                        // ERR_CATALOG_EXISTED_ERROR
                        let text = format!("Catalog '{name}' already exists");
                        Err(SqlError::new(5700, "42000", text))
                    };
                }
                let catalog = ExternalCatalog {
                    name: name.clone(),
                    kind,
                    comment: comment.clone(),
                    properties: properties.clone(),
                };
                self.catalogs.insert(name.clone(), catalog);
                Ok(done())
            }
            OutsideStatement::DropCatalog { name, if_exists } => {
                if name == "default_catalog" {
                    return Err(error::analyzing("Can't drop the default internal catalog"));
                }
                if self.catalogs.remove(name).is_none() && !if_exists {
                    // ERR_BAD_CATALOG_ERROR
                    let text = format!("Unknown catalog '{name}'");
                    return Err(SqlError::new(5078, "42000", text));
                }
                Ok(done())
            }
            OutsideStatement::ShowCatalogs => Ok(Answer::Rows(self.show_catalogs())),
            OutsideStatement::CreateFunction {
                name,
                or_replace,
                if_not_exists,
                kind,
                arguments,
                returns,
                properties,
            } => {
                self.check_udf()?;
                let database = self.database_of(name, session)?.to_owned();
                let function = Function {
                    name: name.name.to_lowercase(),
                    kind: *kind,
                    arguments: arguments.clone(),
                    returns: returns.clone(),
                    properties: properties.clone(),
                };
                let database = self.database_mut(&database)?;
                if *or_replace {
                    database.drop_function(&function);
                }
                if database.add_function(function) || *if_not_exists {
                    Ok(done())
                } else {
                    Err(SqlError::plain("function already exists"))
                }
            }
            OutsideStatement::DropFunction {
                name,
                if_exists,
                arguments,
            } => {
                let database = self.database_of(name, session)?.to_owned();
                let lower = name.name.to_lowercase();
                let signature = format!("{database}.{lower}({})", arguments.join(", "));
                if self
                    .database_mut(&database)?
                    .drop_overload(&lower, arguments)
                    || *if_exists
                {
                    Ok(done())
                } else {
                    Err(SqlError::plain(format!(
                        "Unknown function, function={signature}"
                    )))
                }
            }
            OutsideStatement::ShowFunctions { full, database } => {
                let name = database.clone().or_else(|| session.database.clone());
                let name = name.ok_or_else(error::no_database)?;
                Ok(Answer::Rows(self.show_functions(&name, *full)?))
            }
        }
    }

    /// FE config `enable_udf` is false and can only be set in fe.conf (`sql/analyzer/CreateFunctionAnalyzer.java`).
    fn check_udf(&self) -> Result<(), SqlError> {
        match self.config.get("enable_udf").map(String::as_str) {
            Some("true") => Ok(()),
            _ => Err(error::analyzing(
                "UDF is not enabled in FE, please configure enable_udf=true in fe/conf/fe.conf",
            )),
        }
    }

    fn show_catalogs(&self) -> ResultSet {
        let mut set = ResultSet::text(&["Catalog", "Type", "Comment"]);
        let internal = [
            "default_catalog",
            "Internal",
            "An internal catalog contains this cluster's self-managed tables.",
        ];
        let mut rows = vec![internal.map(str::to_owned)];
        rows.extend(self.catalogs.values().map(|catalog| {
            [
                catalog.name.clone(),
                capitalized(&catalog.kind),
                catalog.comment.clone(),
            ]
        }));
        rows.sort();
        set.rows = rows.into_iter().map(|row| row.map(Some).to_vec()).collect();
        set
    }

    fn show_functions(&self, database: &str, full: bool) -> Result<ResultSet, SqlError> {
        let functions = self.database(database)?.functions.values().flatten();
        if !full {
            let mut set = ResultSet::text(&["Function Name"]);
            let mut names: Vec<&str> = functions.map(|function| function.name.as_str()).collect();
            names.dedup();
            set.rows = names
                .into_iter()
                .map(|name| vec![Some(name.to_owned())])
                .collect();
            return Ok(set);
        }
        let mut set = ResultSet::text(&[
            "Signature",
            "Return Type",
            "Function Type",
            "Intermediate Type",
            "Properties",
        ]);
        set.rows = functions
            .map(|function| {
                let properties: std::collections::BTreeMap<_, _> =
                    function.properties.iter().cloned().collect();
                let properties = serde_json::to_string(&properties).unwrap_or_default();
                [
                    function.signature(),
                    function.returns.clone(),
                    format!("{:?}", function.kind),
                    "NULL".to_owned(),
                    properties,
                ]
                .map(Some)
                .to_vec()
            })
            .collect();
        Ok(set)
    }
}

/// `sql/analyzer/CatalogAnalyzer.java`; the type of the catalog.
fn check_catalog(name: &str, properties: &[(String, String)]) -> Result<String, SqlError> {
    if !is_common_name(name) {
        return Err(error::analyzing_with(
            5063,
            "42000",
            format!("Incorrect catalog name '{name}'"),
        ));
    }
    if name == "default_catalog" {
        return Err(error::analyzing(
            "External catalog name can't be the same as internal catalog name 'default_catalog'",
        ));
    }
    let kind = properties
        .iter()
        .rev()
        .find(|(key, _)| key == "type")
        .map(|(_, kind)| kind.as_str())
        .filter(|kind| !kind.is_empty())
        .ok_or_else(|| error::analyzing("'type' can not be null or empty"))?;
    if KINDS.contains(&kind.to_ascii_lowercase().as_str()) {
        Ok(kind.to_ascii_lowercase())
    } else {
        Err(error::analyzing(format!(
            "[type : {kind}] is not supported"
        )))
    }
}

fn capitalized(text: &str) -> String {
    let mut letters = text.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().chain(letters).collect())
        .unwrap_or_default()
}
