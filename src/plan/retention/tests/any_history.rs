//! Any history, any rules: nothing that stays misses a link.

use proptest::prelude::*;

use super::*;

#[derive(Debug, Clone)]
struct Drawn {
    days: i64,
    /// `None`: a full; otherwise which of the earlier ones it is compared with.
    baseline: Option<prop::sample::Index>,
    fate: u8,
    pinned: bool,
    theirs: bool,
}

fn drawn() -> impl Strategy<Value = Drawn> {
    (
        0_i64..120,
        prop::option::weighted(0.6, any::<prop::sample::Index>()),
        0_u8..12,
        prop::bool::weighted(0.1),
        prop::bool::weighted(0.15),
    )
        .prop_map(|(days, baseline, fate, pinned, theirs)| Drawn {
            days,
            baseline,
            fate,
            pinned,
            theirs,
        })
}

/// Older first, as they were made.
fn history(mut drawn: Vec<Drawn>, means: Means) -> Scene {
    drawn.sort_by_key(|one| std::cmp::Reverse(one.days));
    let mut records: Vec<BackupRecord> = Vec::new();
    let (mut gone, mut leftover) = (Vec::new(), Vec::new());
    for (number, one) in drawn.iter().enumerate() {
        let name = format!("b{number:02}");
        let baseline = one
            .baseline
            .filter(|_| !records.is_empty())
            .map(|index| index.get(&records).label.to_string());
        let baseline = baseline.as_deref();
        let mut made = match (one.fate, baseline) {
            (0, _) => failed(&name, one.days),
            (1 | 2, Some(baseline)) => unchanged(&name, one.days, baseline),
            _ => record(&name, one.days, baseline),
        };
        match one.fate {
            0 if one.days % 2 == 0 => leftover.push(made.label.clone()),
            3 => gone.push(made.label.clone()),
            _ => {}
        }
        made.pin = one.pinned.then(|| Pin {
            until: Pin::FOREVER,
            by: "uid 0".to_owned(),
        });
        if one.theirs {
            made.group = Some(group("hourly"));
        }
        records.push(made);
    }
    let mut scene = Scene::of(records);
    scene.means = means;
    for label in gone {
        scene.held.remove(&label);
    }
    for label in leftover {
        scene.held.insert(label, Held::Leftover);
    }
    scene
}

/// Can be restored: the chain is whole, and the repository has all of it.
fn restorable(scene: &Scene) -> BTreeSet<Label> {
    let find = |label: &Label| scene.records.iter().find(|record| record.label == *label);
    let whole = |record: &&BackupRecord| {
        let chain = Chain::resolve(&record.label, find);
        chain.is_ok_and(|chain| {
            chain.iter().all(|link| {
                link.expired.is_none()
                    && (link.snapshot.is_none()
                        || matches!(scene.held.get(&link.label), Some(Held::Ok { .. })))
            })
        })
    };
    let whole = scene.records.iter().filter(whole);
    whole.map(|record| record.label.clone()).collect()
}

fn own_good_fulls(scene: &Scene) -> usize {
    let whole = restorable(scene);
    let is_good = |record: &&BackupRecord| {
        record.kind == BackupKind::Full
            && record.group == Some(group("daily"))
            && whole.contains(&record.label)
    };
    scene.records.iter().filter(is_good).count()
}

proptest! {
    #[test]
    fn whatever_the_history_nothing_that_stays_misses_a_link(
        drawn in prop::collection::vec(drawn(), 0..40),
        rules in (0_u32..4, 0_u32..40, 0_u32..5, 0_u32..4, 1_u32..4),
        by_hand in any::<bool>(),
    ) {
        let means = if by_hand { Means::ByHand } else { Means::Statement };
        let keep = Keep { floor: rules.4, ..keep(rules.0, rules.1, rules.2, rules.3) };
        let mut scene = history(drawn, means);
        let before = scene.records.clone();
        let (could_before, fulls_before) = (restorable(&scene), own_good_fulls(&scene));
        let (goes, stays) = scene.plan(keep);

        // Every record of ours is in one of the two, with a reason; no other is in either.
        let named: Vec<&Label> = goes.iter().map(|going| &going.label).chain(stays.iter().map(|staying| &staying.label)).collect();
        let own: BTreeSet<&Label> = before.iter().filter(|record| record.group == Some(group("daily"))).map(|record| &record.label).collect();
        prop_assert_eq!(named.len(), own.len());
        prop_assert_eq!(named.into_iter().collect::<BTreeSet<_>>(), own);
        prop_assert!(stays.iter().all(|staying| !staying.why.is_empty()));

        // Leaves first: after every step what could be restored and is not let go can still be.
        let letting_go: BTreeSet<&Label> = goes.iter().map(|going| &going.label).collect();
        let mut step_by_step = Scene { records: before.clone(), held: scene.held.clone(), in_use: BTreeMap::new(), means, zone: Zone::UTC };
        for (number, going) in goes.iter().enumerate() {
            step_by_step.records.retain(|record| record.label != going.label);
            let can = restorable(&step_by_step);
            let not_yet: BTreeSet<&Label> = goes[number + 1..].iter().map(|going| &going.label).collect();
            for label in could_before.iter().filter(|label| !letting_go.contains(label) || not_yet.contains(label)) {
                prop_assert!(can.contains(label), "{} misses a link after {} went", label, going.label);
            }
        }

        scene.run(keep);
        let can = restorable(&scene);
        for label in could_before.iter().filter(|label| !letting_go.contains(label)) {
            prop_assert!(can.contains(label));
        }
        prop_assert!(own_good_fulls(&scene) >= fulls_before.min(rules.4 as usize));
        for record in &before {
            let is_gone = letting_go.contains(&record.label);
            if record.pin.is_some() && record.group == Some(group("daily")) {
                prop_assert!(!is_gone, "{} is pinned", record.label);
            }
            if record.is_finished() && record.moment().unwrap() >= now() - TimeDelta::days(i64::from(keep.days.unwrap_or(0))) {
                prop_assert!(!is_gone || keep.days.is_none(), "{} is younger than keep-days", record.label);
            }
        }
        let newest = before.iter().filter(|record| own_and_could(record, &could_before)).max_by_key(|record| (record.moment(), record.label.clone()));
        prop_assert!(newest.is_none_or(|newest| can.contains(&newest.label)));

        // Again: nothing new.
        let again = scene.plan(keep).0;
        prop_assert!(again.iter().all(|going| going.deed == Deed::Await), "{:?}", again);
        prop_assert!(!by_hand || again.iter().all(|going| matches!(going.why, WhyGoes::Expired(_))));
    }
}

fn own_and_could(record: &BackupRecord, could: &BTreeSet<Label>) -> bool {
    record.group == Some(group("daily")) && could.contains(&record.label)
}
