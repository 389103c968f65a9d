//! From method, path, query and body to a [`Request`], or to a refusal that says what would have been right.

use hyper::{Method, StatusCode};
use serde::de::DeserializeOwned;

use super::answer::Rejection;
use crate::control::protocol::{GroupName, JobId, Label, NEXT_DAYS_LIMIT, Request};

/// Looked ahead when `days` is not given.
const NEXT_DAYS: u32 = 7;

/// What the daemon takes, for refusals; a test holds it against [`route`].
const ROUTES: [(&str, &str); 15] = [
    ("GET", "/v1/status"),
    ("GET", "/v1/next"),
    ("GET", "/v1/jobs"),
    ("GET", "/v1/jobs/{job}"),
    ("GET", "/v1/jobs/{job}/events"),
    ("GET, POST", "/v1/backups"),
    ("GET", "/v1/backups/{label}"),
    ("GET", "/v1/coverage"),
    ("POST", "/v1/restores"),
    ("POST", "/v1/restores/plan"),
    ("POST", "/v1/restores/points"),
    ("POST", "/v1/backups/{label}/pin"),
    ("POST", "/v1/prunes"),
    ("POST", "/v1/prunes/plan"),
    ("POST", "/v1/recoveries"),
];

/// The same, for the paths that only act.
const ACTIONS: [&str; 8] = [
    "/v1/jobs/{job}/cancel",
    "/v1/jobs/{job}/undo",
    "/v1/jobs/{job}/swap",
    "/v1/jobs/{job}/discard",
    "/v1/backups/{label}/unpin",
    "/v1/init",
    "/v1/check",
    "/v1/reload",
];

#[derive(Debug, PartialEq)]
pub(super) enum Routed {
    Ask(Request),
    /// Answered by a stream of events.
    Follow(JobId),
}

pub(super) fn route(
    method: &Method,
    path: &str,
    query: Option<&str>,
    body: &[u8],
) -> Result<Routed, Rejection> {
    let segments = path
        .split('/')
        .skip(1)
        .map(decode)
        .collect::<Result<Vec<String>, Rejection>>()?;
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    let ["v1", segments @ ..] = segments.as_slice() else {
        return Err(no_such_path(path));
    };
    let mut query = Query::parse(query)?;
    let request = match (method.as_str(), segments) {
        ("GET", ["status"]) => Request::Status,
        ("GET", ["next"]) => Request::Next {
            days: days(query.take("days"))?,
        },
        ("GET", ["jobs"]) => Request::Jobs,
        ("GET", ["jobs", job]) => Request::Job(job_id(job)?),
        ("GET", ["jobs", job, "events"]) => {
            query.finish()?;
            return Ok(Routed::Follow(job_id(job)?));
        }
        ("GET", ["backups"]) => Request::Backups {
            group: query.take("group").map(group).transpose()?,
        },
        ("GET", ["backups", label]) => Request::Backup(Label::recorded(*label).map_err(bad)?),
        ("GET", ["coverage"]) => Request::Coverage,
        ("POST", ["backups"]) => Request::StartBackup(json(body)?),
        ("POST", ["restores"]) => Request::StartRestore(Box::new(json(body)?)),
        ("POST", ["restores", "plan"]) => Request::PlanRestore(json(body)?),
        ("POST", ["restores", "points"]) => Request::ChoosePoints(json(body)?),
        ("POST", ["backups", label, "pin"]) => Request::Pin {
            label: Label::recorded(*label).map_err(bad)?,
            pin: json(body)?,
        },
        ("POST", ["prunes"]) => Request::StartPrune(json(body)?),
        ("POST", ["prunes", "plan"]) => Request::PlanPrune(json(body)?),
        ("POST", ["recoveries"]) => Request::StartRecovery(json(body)?),
        ("POST", rest) => act(rest, body)?.ok_or_else(|| unroutable(path))?,
        _ => return Err(unroutable(path)),
    };
    query.finish()?;
    Ok(Routed::Ask(request))
}

fn act(segments: &[&str], body: &[u8]) -> Result<Option<Request>, Rejection> {
    let request = match segments {
        ["jobs", job, "cancel"] => Request::Cancel(job_id(job)?),
        ["jobs", job, "undo"] => Request::Undo(job_id(job)?),
        ["jobs", job, "swap"] => Request::Swap(job_id(job)?),
        ["jobs", job, "discard"] => Request::Discard(job_id(job)?),
        ["backups", label, "unpin"] => Request::Unpin(Label::recorded(*label).map_err(bad)?),
        ["init"] => Request::Init,
        ["check"] => Request::Check,
        ["reload"] => Request::Reload,
        _ => return Ok(None),
    };
    if !matches!(body.trim_ascii(), b"" | b"{}") {
        return Err(bad("this request takes no body"));
    }
    Ok(Some(request))
}

/// The path is known and the method wrong, or the path is not known at all.
fn unroutable(path: &str) -> Rejection {
    let known = ROUTES
        .iter()
        .find(|(_, pattern)| fits(pattern, path))
        .map(|(methods, _)| *methods);
    let Some(allow) = known.or_else(|| {
        ACTIONS
            .iter()
            .any(|pattern| fits(pattern, path))
            .then_some("POST")
    }) else {
        return no_such_path(path);
    };
    let message = format!("{path} does not take this method");
    Rejection {
        allow: Some(allow),
        ..Rejection::new(
            StatusCode::METHOD_NOT_ALLOWED,
            message,
            format!("it takes {allow}"),
        )
    }
}

fn fits(pattern: &str, path: &str) -> bool {
    let (pattern, path): (Vec<&str>, Vec<&str>) =
        (pattern.split('/').collect(), path.split('/').collect());
    pattern.len() == path.len()
        && pattern
            .iter()
            .zip(&path)
            .all(|(pattern, segment)| pattern.starts_with('{') || pattern == segment)
}

fn no_such_path(path: &str) -> Rejection {
    let known = ROUTES
        .iter()
        .map(|(methods, pattern)| format!("{methods} {pattern}"));
    let acting = ACTIONS.iter().map(|pattern| format!("POST {pattern}"));
    let known: Vec<String> = known.chain(acting).collect();
    Rejection::new(
        StatusCode::NOT_FOUND,
        format!("{path} is not a path of brd"),
        format!("known are {}", known.join("; ")),
    )
}

fn bad(why: impl std::fmt::Display) -> Rejection {
    Rejection::new(
        StatusCode::BAD_REQUEST,
        why.to_string(),
        "the module documentation of control::protocol lists what each path takes",
    )
}

fn job_id(text: &str) -> Result<JobId, Rejection> {
    JobId::parse(text).map_err(bad)
}

fn group(text: String) -> Result<GroupName, Rejection> {
    GroupName::parse(text).map_err(bad)
}

fn days(text: Option<String>) -> Result<u32, Rejection> {
    let Some(text) = text else {
        return Ok(NEXT_DAYS);
    };
    let days = text
        .parse()
        .ok()
        .filter(|days| (1..=NEXT_DAYS_LIMIT).contains(days));
    days.ok_or_else(|| {
        bad(format!(
            "days={text} is not a number from 1 to {NEXT_DAYS_LIMIT}"
        ))
    })
}

fn json<T: DeserializeOwned>(body: &[u8]) -> Result<T, Rejection> {
    serde_json::from_slice(body)
        .map_err(|error| bad(format!("the body is not what this path takes: {error}")))
}

/// The parameters of a query; each is taken once, and none may be left over.
struct Query(Vec<(String, String)>);

impl Query {
    fn parse(text: Option<&str>) -> Result<Query, Rejection> {
        let pairs = text
            .unwrap_or_default()
            .split('&')
            .filter(|pair| !pair.is_empty());
        let decoded = pairs.map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Ok((decode(name)?, decode(value)?))
        });
        decoded.collect::<Result<Vec<_>, Rejection>>().map(Query)
    }

    fn take(&mut self, name: &str) -> Option<String> {
        let place = self.0.iter().position(|(known, _)| known == name)?;
        Some(self.0.swap_remove(place).1)
    }

    fn finish(self) -> Result<(), Rejection> {
        match self.0.first() {
            None => Ok(()),
            Some((name, _)) => Err(bad(format!(
                "the parameter {name:?} is not known here, or is given twice"
            ))),
        }
    }
}

/// `%41` is `A`. A `+` stays one: names may hold it.
fn decode(text: &str) -> Result<String, Rejection> {
    let wrong = || bad(format!("{text:?} is not percent-encoded UTF-8"));
    let mut parts = text.split('%');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let (code, rest) = part.split_at_checked(2).ok_or_else(wrong)?;
        if !code.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(wrong());
        }
        bytes.push(u8::from_str_radix(code, 16).map_err(|_| wrong())?);
        bytes.extend_from_slice(rest.as_bytes());
    }
    String::from_utf8(bytes).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(method: &str, target: &str, body: &str) -> Result<Routed, Rejection> {
        let (path, query) = target
            .split_once('?')
            .map_or((target, None), |(path, query)| (path, Some(query)));
        route(&method.parse().unwrap(), path, query, body.as_bytes())
    }

    fn refused(method: &str, target: &str, body: &str) -> (u16, String) {
        let rejection = ask(method, target, body).unwrap_err();
        (rejection.status.as_u16(), rejection.refusal.message)
    }

    #[test]
    fn every_listed_path_is_routed_and_refuses_other_methods_by_name() {
        let acting = ACTIONS.iter().map(|pattern| ("POST", *pattern));
        for (methods, pattern) in ROUTES.into_iter().chain(acting) {
            let path = pattern.replace("{job}", "j1").replace("{label}", "l1");
            for method in methods.split(", ") {
                let answer = ask(method, &path, "");
                let only_the_body_is_missing = matches!(&answer, Err(rejection) if rejection.refusal.message.contains("the body"));
                assert!(
                    answer.is_ok() || only_the_body_is_missing,
                    "{method} {path}: {answer:?}"
                );
            }
            let wrong = ask("DELETE", &path, "").unwrap_err();
            assert_eq!(
                (wrong.status.as_u16(), wrong.allow),
                (405, Some(methods)),
                "{path}"
            );
        }
    }

    #[test]
    fn an_unknown_path_lists_the_known_ones() {
        for path in [
            "/",
            "",
            "/v1",
            "/v2/status",
            "/v1/status/",
            "/v1/jobs/j1/pause",
            "/v1//status",
            "/v1/restores/plan/x",
        ] {
            let rejection = ask("GET", path, "").unwrap_err();
            assert_eq!(rejection.status.as_u16(), 404, "{path}");
            let help = rejection.refusal.help.unwrap();
            assert!(
                help.starts_with("known are GET /v1/status; GET /v1/next; "),
                "{help}"
            );
            assert!(help.ends_with("; POST /v1/reload"), "{help}");
        }
    }

    #[test]
    fn names_travel_percent_encoded() {
        let group = |text: &str| {
            Ok(Routed::Ask(Request::Backups {
                group: Some(GroupName::parse(text).unwrap()),
            }))
        };
        assert_eq!(
            ask("GET", "/v1/backups?group=gr%C3%B6%C3%9Fe%2F1%26x", ""),
            group("größe/1&x")
        );
        assert_eq!(ask("GET", "/v1/backups?group=a+b", ""), group("a+b"));
        assert_eq!(
            ask("GET", "/v1/backups/a%2Fb", ""),
            Ok(Routed::Ask(Request::Backup(
                Label::recorded("a/b").unwrap()
            )))
        );
        for bad in [
            "/v1/jobs/%",
            "/v1/jobs/%4",
            "/v1/jobs/%+1",
            "/v1/jobs/%zz",
            "/v1/jobs/%ff",
            "/v1/jobs/a%",
        ] {
            assert_eq!(refused("GET", bad, "").0, 400, "{bad}");
        }
        assert_eq!(
            refused("GET", "/v1/jobs/a%60b", "").0,
            400,
            "a name that no statement can hold"
        );
    }

    #[test]
    fn days_have_a_default_and_bounds() {
        assert_eq!(
            ask("GET", "/v1/next", ""),
            Ok(Routed::Ask(Request::Next { days: 7 }))
        );
        assert_eq!(
            ask("GET", "/v1/next?days=366", ""),
            Ok(Routed::Ask(Request::Next { days: 366 }))
        );
        for days in ["0", "367", "-1", "x", "", "99999999999"] {
            let (status, message) = refused("GET", &format!("/v1/next?days={days}"), "");
            assert_eq!(
                (status, message),
                (400, format!("days={days} is not a number from 1 to 366"))
            );
        }
    }

    #[test]
    fn what_is_not_known_is_refused_rather_than_ignored() {
        assert_eq!(
            refused("GET", "/v1/backups?grupp=x", ""),
            (
                400,
                "the parameter \"grupp\" is not known here, or is given twice".to_owned()
            )
        );
        assert_eq!(refused("GET", "/v1/backups?group=a&group=b", "").0, 400);
        assert_eq!(refused("POST", "/v1/reload?force=1", "").0, 400);
        assert_eq!(
            refused("POST", "/v1/reload", "{\"force\": true}"),
            (400, "this request takes no body".to_owned())
        );
        assert_eq!(
            ask("POST", "/v1/reload", " {} "),
            Ok(Routed::Ask(Request::Reload))
        );
        let (status, message) = refused(
            "POST",
            "/v1/backups",
            r#"{"kind":"full","group":"g","foo":1}"#,
        );
        assert_eq!(status, 400);
        assert!(
            message.starts_with(
                "the body is not what this path takes: unknown field `foo`, expected one of `kind`"
            ),
            "{message}"
        );
        let (_, message) = refused("POST", "/v1/backups", "{");
        assert_eq!(
            message,
            "the body is not what this path takes: EOF while parsing an object at line 1 column 1"
        );
        let (_, message) = refused("POST", "/v1/backups", r#"{"kind":"full","group":"a`b"}"#);
        assert!(message.contains("contains a backtick"), "{message}");
    }
}
