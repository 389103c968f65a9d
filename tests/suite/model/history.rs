//! A history as values: drawn at random, shrunk to the few steps that matter.

use std::fmt;

use brd::config::Chaining;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

#[derive(Clone)]
pub struct History {
    /// Of the tables `a`, `b` and `c`; `z` is always there and never dropped.
    pub shapes: Vec<Shape>,
    /// Of each statement of brd.
    pub latency_ms: u64,
    pub chaining: Chaining,
    pub steps: Vec<Step>,
    /// In which order the recovery points are restored in the end, and what follows each.
    pub endings: Vec<(u16, Ending)>,
}

/// A step a line, however it is asked for: proptest prints with indentation, a field a line.
impl fmt::Debug for History {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let steps: Vec<String> = self.steps.iter().map(|step| format!("{step:?}")).collect();
        let (shapes, endings) = (format!("{:?}", self.shapes), format!("{:?}", self.endings));
        write!(
            out,
            "tables {shapes}, latency {} ms, {:?}\n{}\nendings {endings}",
            self.latency_ms,
            self.chaining,
            steps.join("\n")
        )
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    pub keys: Keys,
    pub division: Division,
    pub more: More,
}

impl Shape {
    pub const PLAIN: Shape = Shape {
        keys: Keys::Duplicate,
        division: Division::None,
        more: More::Nothing,
    };
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keys {
    Duplicate,
    Unique,
    Primary,
    /// With a column that is replaced, and one that sums up one for each row that was loaded.
    Aggregate,
}

/// What divides a table into partitions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Division {
    None,
    Range,
    List,
    /// By LIST, a partition for each value that comes.
    Automatic,
    /// By month, a partition for each that comes.
    Slices,
}

impl Division {
    /// Loads make the partitions.
    pub fn is_automatic(self) -> bool {
        matches!(self, Division::Automatic | Division::Slices)
    }
}

/// What a table may have besides. What its keys do not allow is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum More {
    Nothing,
    /// DISTRIBUTED BY RANDOM: a partition may have several physical ones. DUPLICATE KEY only.
    Random,
    /// A column that computes itself.
    Generated,
}

#[derive(Debug, Clone)]
pub enum Step {
    Change(Change),
    Full(Vec<Event>),
    Incremental {
        /// Compared with the latest backup of any kind, by its name, whatever the group does.
        chained: bool,
        events: Vec<Event>,
    },
    Restore {
        point: u8,
        /// One table instead of all.
        only: Option<u8>,
        ending: Ending,
        events: Vec<Event>,
    },
    Wait {
        seconds: u16,
    },
    /// Somebody deletes a recovery point's snapshot from the repository.
    Lose {
        point: u8,
    },
    /// Somebody restores a table of a recovery point in its place, or beside nothing.
    ByHand {
        point: u8,
        table: u8,
    },
}

/// What happens while a job runs.
#[derive(Debug, Clone)]
pub struct Event {
    pub moment: Moment,
    pub what: Happening,
}

/// Before the n-th statement after an anchor.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    pub anchor: Anchor,
    pub after: u16,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Anchor {
    Start,
    /// The first statement of the look at the database.
    Look,
    /// BACKUP or RESTORE.
    Submit,
    /// The cluster has taken the cut of a BACKUP.
    Cut,
}

#[derive(Debug, Clone)]
pub enum Happening {
    Change(Change),
    /// The next statement is carried out, and its answer is lost.
    AnswerLost,
    /// The next statement never arrives.
    StatementLost,
    /// The next statement is refused, and would be refused again.
    Refused,
    /// The other frontend leads from here on, and the next statement is lost with the old leader's process.
    LeaderSwitch,
    /// kill -9 before the next statement; then brd is started again.
    CrashBefore,
    /// kill -9 after it.
    CrashAfter,
    /// The job is told to end, and to end what the cluster does for it.
    Cancel,
    /// The job is told to let go; brd is started again.
    Detach,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// What was live before is dropped.
    Discard,
    /// What was live before becomes live again.
    Undo,
}

/// What people and loads do to tables. What cannot be done at its moment is left out.
#[derive(Debug, Clone)]
pub enum Change {
    Insert {
        table: u8,
        slot: u8,
        rows: Vec<(u8, Option<u8>)>,
    },
    Update {
        table: u8,
        key: u8,
        value: u8,
    },
    Delete {
        table: u8,
        slot: u8,
        key: u8,
    },
    Truncate {
        table: u8,
        slot: Option<u8>,
    },
    Overwrite {
        table: u8,
        slot: u8,
        rows: Vec<(u8, Option<u8>)>,
    },
    /// Loaded into a temporary partition, which then takes the partition's place.
    Replace {
        table: u8,
        slot: u8,
        rows: Vec<(u8, Option<u8>)>,
    },
    /// `other_name`: the same range under another name than it has at first.
    AddPartition {
        table: u8,
        slot: u8,
        other_name: bool,
    },
    DropPartition {
        table: u8,
        slot: u8,
    },
    /// One more physical partition, of a table that is distributed at random.
    Grow {
        table: u8,
        slot: u8,
    },
    AddColumn {
        table: u8,
    },
    /// The last one that was added.
    DropColumn {
        table: u8,
    },
    /// The text column takes more: a job, which takes its time.
    Widen {
        table: u8,
    },
    DropTable {
        table: u8,
    },
    CreateTable {
        table: u8,
        shape: Shape,
    },
    /// Dropped and created again, empty.
    Recreate {
        table: u8,
    },
    Rename {
        table: u8,
        to: u8,
    },
    Swap {
        table: u8,
        with: u8,
    },
}

pub fn histories() -> impl Strategy<Value = History> {
    (
        vec(shape(), 3),
        prop_oneof![3 => 1..60_u64, 1 => 60..900_u64],
        chaining(),
        vec(step(), 2..16),
        vec((any::<u16>(), ending()), 1..12),
    )
        .prop_map(|(shapes, latency_ms, chaining, steps, endings)| History {
            shapes,
            latency_ms,
            chaining,
            steps,
            endings,
        })
}

fn chaining() -> impl Strategy<Value = Chaining> {
    prop_oneof![
        1 => Just(Chaining::Differential),
        2 => (2..6_u32).prop_map(|most_links| Chaining::Incremental { most_links }),
    ]
}

fn shape() -> impl Strategy<Value = Shape> {
    let keys = select(vec![
        Keys::Duplicate,
        Keys::Duplicate,
        Keys::Unique,
        Keys::Primary,
        Keys::Aggregate,
    ]);
    let division = prop_oneof![
        3 => Just(Division::None),
        4 => Just(Division::Range),
        2 => Just(Division::List),
        2 => Just(Division::Automatic),
        3 => Just(Division::Slices),
    ];
    let more = prop_oneof![
        2 => Just(More::Nothing),
        1 => Just(More::Random),
        1 => Just(More::Generated),
    ];
    (keys, division, more).prop_map(|(keys, division, more)| {
        let fits = match more {
            More::Nothing => true,
            More::Random => keys == Keys::Duplicate,
            More::Generated => keys != Keys::Aggregate,
        };
        let more = if fits { more } else { More::Nothing };
        Shape {
            keys,
            division,
            more,
        }
    })
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        10 => change().prop_map(Step::Change),
        3 => events().prop_map(Step::Full),
        6 => (prop::bool::weighted(0.3), events()).prop_map(|(chained, events)| Step::Incremental { chained, events }),
        2 => (0..12_u8, prop::option::weighted(0.3, TABLE), ending(), events_of_restore())
            .prop_map(|(point, only, ending, events)| Step::Restore { point, only, ending, events }),
        1 => (1..900_u16).prop_map(|seconds| Step::Wait { seconds }),
        1 => (0..12_u8).prop_map(|point| Step::Lose { point }),
        1 => (0..12_u8, TABLE).prop_map(|(point, table)| Step::ByHand { point, table }),
    ]
}

fn ending() -> impl Strategy<Value = Ending> {
    select(vec![Ending::Discard, Ending::Undo])
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let what = prop_oneof![
        8 => change().prop_map(Happening::Change),
        2 => trouble(),
    ];
    vec(event(what), 0..4)
}

/// A restore takes back what is loaded meanwhile; that somebody exchanges the tables under it is another test's matter.
fn events_of_restore() -> impl Strategy<Value = Vec<Event>> {
    let what = prop_oneof![
        1 => insert().prop_map(Happening::Change),
        1 => trouble(),
    ];
    vec(event(what), 0..3)
}

fn trouble() -> impl Strategy<Value = Happening> {
    select(vec![
        Happening::AnswerLost,
        Happening::StatementLost,
        Happening::CrashBefore,
        Happening::CrashAfter,
        Happening::Cancel,
        Happening::Detach,
    ])
}

fn event(what: impl Strategy<Value = Happening>) -> impl Strategy<Value = Event> {
    let anchor = prop_oneof![
        1 => (Just(Anchor::Start), 0..30_u16),
        3 => (Just(Anchor::Look), 0..12_u16),
        4 => (Just(Anchor::Submit), 0..5_u16),
        1 => (Just(Anchor::Submit), 5..60_u16),
        3 => (Just(Anchor::Cut), 0..40_u16),
    ];
    (anchor, what).prop_map(|((anchor, after), what)| Event {
        moment: Moment { anchor, after },
        what,
    })
}

const TABLE: std::ops::Range<u8> = 0..4;
const SLOT: std::ops::Range<u8> = 0..4;

fn rows() -> impl Strategy<Value = Vec<(u8, Option<u8>)>> {
    vec((0..6_u8, prop::option::weighted(0.9, 0..100_u8)), 1..4)
}

fn insert() -> impl Strategy<Value = Change> {
    (TABLE, SLOT, rows()).prop_map(|(table, slot, rows)| Change::Insert { table, slot, rows })
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        8 => insert(),
        3 => (TABLE, 0..6_u8, 0..100_u8).prop_map(|(table, key, value)| Change::Update { table, key, value }),
        2 => (TABLE, SLOT, 0..6_u8).prop_map(|(table, slot, key)| Change::Delete { table, slot, key }),
        2 => (TABLE, prop::option::of(SLOT)).prop_map(|(table, slot)| Change::Truncate { table, slot }),
        2 => (TABLE, SLOT, rows()).prop_map(|(table, slot, rows)| Change::Overwrite { table, slot, rows }),
        1 => (TABLE, SLOT, rows()).prop_map(|(table, slot, rows)| Change::Replace { table, slot, rows }),
        3 => (TABLE, SLOT, any::<bool>())
            .prop_map(|(table, slot, other_name)| Change::AddPartition { table, slot, other_name }),
        3 => (TABLE, SLOT).prop_map(|(table, slot)| Change::DropPartition { table, slot }),
        2 => (TABLE, SLOT).prop_map(|(table, slot)| Change::Grow { table, slot }),
        1 => TABLE.prop_map(|table| Change::AddColumn { table }),
        1 => TABLE.prop_map(|table| Change::DropColumn { table }),
        1 => TABLE.prop_map(|table| Change::Widen { table }),
        1 => TABLE.prop_map(|table| Change::DropTable { table }),
        2 => (TABLE, shape()).prop_map(|(table, shape)| Change::CreateTable { table, shape }),
        1 => TABLE.prop_map(|table| Change::Recreate { table }),
        1 => (TABLE, TABLE).prop_map(|(table, to)| Change::Rename { table, to }),
        1 => (TABLE, TABLE).prop_map(|(table, with)| Change::Swap { table, with }),
    ]
}
