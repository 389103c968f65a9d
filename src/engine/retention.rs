//! Requests about what is kept: pins, and what may go.

use chrono::{DateTime, Utc};

use super::asker::Asker;
use super::main_loop::{Engine, asked_by};
use super::requests::{Answer, aside, reply};
use super::work::{Work, keeping};
use crate::catalog::Pin;
use crate::control::protocol::{
    PinRequest, PruneRequest, PruneStart, Refusal, RefusalCode, Report, ReportLine, Request,
    Response, Verdict,
};
use crate::names::{GroupName, Label};
use crate::ops::Ops;
use crate::plan::retention::{Keeping, PrunePlan};
use crate::run::group::unknown_group;
use crate::run::{Cluster, RunError, prune};

impl Engine {
    pub(super) fn ask_retention(&self, asker: &Asker, request: Request, answer: Answer) {
        let (cluster, now) = (self.setup.cluster.clone(), self.setup.clock.now());
        match request {
            Request::Pin { label, pin } => {
                let by = asked_by(asker);
                aside(
                    answer,
                    async move { hold(&cluster, &label, pin, by, now).await },
                );
            }
            Request::Unpin(label) => {
                aside(answer, async move { let_go(&cluster, &label).await });
            }
            Request::PlanPrune(PruneRequest { group }) => {
                let groups = &self.dispatcher.schedule().groups;
                let keepings = match group {
                    Some(group) if group.is_of_ops() => vec![self.keeping_of_ops()],
                    Some(group) => vec![keeping(&group, groups.get(&group))],
                    None => {
                        let all = groups.iter();
                        all.map(|(group, rules)| keeping(group, Some(rules)))
                            .collect()
                    }
                };
                aside(answer, async move { plan(&cluster, &keepings, now).await });
            }
            Request::StartPrune(PruneStart { plan }) => match self.prove_rules(&plan) {
                Ok(()) => self.hand_in(Work::Prune(Box::new(plan)), asked_by(asker), answer),
                Err(refusal) => reply(answer, Err(refusal)),
            },
            other => unreachable!("the caller passes on no {other:?}"),
        }
    }

    /// Where none are made any more, those that there are stay.
    fn keeping_of_ops(&self) -> Keeping {
        let keeping = self.safekeeping.keeping().cloned();
        keeping.unwrap_or_else(|| Keeping::everything(GroupName::of_ops()))
    }

    /// A plan is run by the rules that are in force, not by those that it brings along.
    fn prove_rules(&self, plan: &PrunePlan) -> Result<(), Refusal> {
        let groups = &self.dispatcher.schedule().groups;
        for shown in &plan.groups {
            let Keeping { keep, zone, group } = if shown.group.is_of_ops() {
                self.keeping_of_ops()
            } else {
                keeping(&shown.group, groups.get(&shown.group))
            };
            if (keep, zone) != (shown.keep, shown.zone) {
                return Err(Refusal::new(
                    RefusalCode::Refused,
                    format!(
                        "the schedule's rules for `{group}` have changed since the plan was made"
                    ),
                    format!("look at a new plan: `brctl prune --group {group} --plan`"),
                ));
            }
        }
        Ok(())
    }
}

async fn plan(
    cluster: &Cluster,
    keepings: &[Keeping],
    now: DateTime<Utc>,
) -> Result<Response, RunError> {
    let session = cluster.session();
    let ops = Ops::open(session.clone()).await?;
    let plan = prune::plan(&session, &ops, keepings, now).await?;
    if let [only] = keepings
        && plan.databases().next().is_none()
        && !only.group.is_of_ops()
        && ops.inventory(&only.group).await?.0.is_empty()
    {
        return Err(unknown_group(&ops, &only.group).await?.into());
    }
    Ok(Response::PrunePlan(Box::new(plan)))
}

async fn hold(
    cluster: &Cluster,
    label: &Label,
    request: PinRequest,
    by: String,
    now: DateTime<Utc>,
) -> Result<Response, RunError> {
    let session = cluster.session();
    let ops = Ops::open(session.clone()).await?;
    let pin = Pin {
        until: request.until.unwrap_or(Pin::FOREVER),
        by,
    };
    let chain = prune::pin(&session, &ops, label, &pin, now).await?;
    let until = pin
        .end()
        .map(|until| format!(" until {}", until.format("%F %TZ")))
        .unwrap_or_default();
    let links: Vec<&str> = chain
        .iter()
        .filter(|link| *link != label)
        .map(Label::as_str)
        .collect();
    let with = if links.is_empty() {
        String::new()
    } else {
        format!(
            ", and with it what it was compared with: {}",
            links.join(", ")
        )
    };
    Ok(said(format!("backup {label} is pinned{until}{with}")))
}

async fn let_go(cluster: &Cluster, label: &Label) -> Result<Response, RunError> {
    let ops = Ops::open(cluster.session()).await?;
    Ok(said(if prune::unpin(&ops, label).await? {
        format!("backup {label} is not pinned any more; the keep keys of its group decide")
    } else {
        format!("backup {label} was not pinned; nothing was changed")
    }))
}

fn said(text: String) -> Response {
    Response::Report(Report {
        lines: vec![ReportLine {
            verdict: Verdict::Ok,
            text,
            help: None,
        }],
    })
}
