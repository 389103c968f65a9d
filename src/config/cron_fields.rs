//! The spelling of a cron expression: which fields there are, what may stand in each, and exactly where it goes wrong.
//!
//! croner is the judge of what an expression means, but it is lenient where a slip changes the meaning (`JAN` among the
//! weekdays is Monday to it, `*/90` minutes is every hour, `1SUN` is 10) and its messages name no place. So every field
//! is read here first.

use std::ops::Range;

/// Why a text is not a cron expression, and where in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{fault}")]
pub struct CronError {
    /// Bytes of the expression.
    pub span: Range<usize>,
    pub fault: CronFault,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CronFault {
    #[error("a cron expression has 5 or 6 fields, and this one has {found}")]
    FieldCount { found: usize },
    #[error("`{word}` is not a known short form")]
    Nickname { word: String },
    #[error("`{token}` is not {article} {field}", article = article(.field))]
    Token {
        field: &'static str,
        token: String,
        accepted: &'static str,
    },
    #[error("an item of the list is empty")]
    EmptyItem { accepted: &'static str },
    #[error("`*` stands in a list")]
    StarInList,
    #[error("`{token}`: the range runs backwards")]
    Backwards { token: String },
    #[error("`{token}`: a step starts from `*` or a range")]
    StepWithoutRange { token: String, last: u32 },
    #[error(
        "`{token}`: the step is larger than the field, so that only its first value would be left"
    )]
    StepTooLarge { token: String },
    #[error("no day matches this expression, ever")]
    Never,
    #[error("not understood: {message}")]
    Other { message: String },
}

fn article(field: &str) -> &'static str {
    if field.starts_with(['a', 'e', 'i', 'o', 'u', 'h']) {
        "an"
    } else {
        "a"
    }
}

impl CronFault {
    /// What would be accepted.
    pub fn help(&self) -> String {
        match self {
            CronFault::FieldCount { .. } => {
                "minute, hour, day of month, month, day of week, as in \"0 1 * * 0\"; with 6 fields the first is the second"
                    .to_owned()
            }
            CronFault::Nickname { .. } => "@hourly, @daily, @weekly, @monthly or @yearly".to_owned(),
            CronFault::Token { accepted, .. } | CronFault::EmptyItem { accepted } => (*accepted).to_owned(),
            CronFault::StarInList => "`*` alone: it means every value already".to_owned(),
            CronFault::Backwards { .. } => "write the two halves as a list, as in \"5-6,0-1\"".to_owned(),
            CronFault::StepWithoutRange { token, last } => match token.split_once('/') {
                Some((start, step)) if !start.is_empty() => format!("write \"{start}-{last}/{step}\""),
                _ => "write \"*\" before the step, as in \"*/15\"".to_owned(),
            },
            CronFault::StepTooLarge { .. } => "a smaller step, or the single value".to_owned(),
            CronFault::Never => "a day that exists in at least one of the months".to_owned(),
            CronFault::Other { .. } => {
                "an expression like \"0 1 * * 0\": minute, hour, day of month, month, day of week".to_owned()
            }
        }
    }
}

/// A field of an expression, with the values it may have.
struct Field {
    name: &'static str,
    first: u32,
    last: u32,
    names: &'static [&'static str],
    accepted: &'static str,
}

const SECOND: Field = Field {
    name: "second",
    first: 0,
    last: 59,
    names: &[],
    accepted: "0 to 59, `*`, a list, a range or a step",
};
const MINUTE: Field = Field {
    name: "minute",
    ..SECOND
};
const HOUR: Field = Field {
    name: "hour",
    first: 0,
    last: 23,
    names: &[],
    accepted: "0 to 23, `*`, a list, a range or a step",
};
const DAY: Field = Field {
    name: "day of month",
    first: 1,
    last: 31,
    names: &[],
    accepted: "1 to 31, `*`, `L` for the last day, `15W` for the weekday nearest the 15th, a list, a range or a step",
};
const MONTH: Field = Field {
    name: "month",
    first: 1,
    last: 12,
    names: &[
        "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC",
    ],
    accepted: "1 to 12 or JAN to DEC, `*`, a list, a range or a step",
};
const WEEKDAY: Field = Field {
    name: "day of week",
    first: 0,
    last: 7,
    names: &["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"],
    accepted: "0 to 7 (0 and 7 are Sunday) or SUN to SAT, `*`, `MON#1` for the first Monday, `5L` for the last Friday, \
               a list, a range or a step",
};

/// A spelled-out expression, split into what brd treats differently.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fields {
    pub second: String,
    pub minute: String,
    pub hour: String,
    /// Day of month, month and day of week, one space between.
    pub days: String,
    /// Both day fields are restricted, and either one is enough.
    pub either_day: bool,
}

impl Fields {
    /// The short forms spelled out, every field checked.
    pub fn read(text: &str) -> Result<Fields, CronError> {
        let Some(word) = text.trim().strip_prefix('@') else {
            return Fields::spelled_out(text);
        };
        match word.to_ascii_lowercase().as_str() {
            "hourly" => Fields::spelled_out("0 * * * *"),
            "daily" | "midnight" => Fields::spelled_out("0 0 * * *"),
            "weekly" => Fields::spelled_out("0 0 * * 0"),
            "monthly" => Fields::spelled_out("0 0 1 * *"),
            "yearly" | "annually" => Fields::spelled_out("0 0 1 1 *"),
            _ => Err(CronError {
                span: 0..text.len(),
                fault: CronFault::Nickname {
                    word: text.trim().to_owned(),
                },
            }),
        }
    }

    fn spelled_out(text: &str) -> Result<Fields, CronError> {
        let mut parts = words(text);
        match parts.len() {
            5 => parts.insert(0, (0, "0")),
            6 => {}
            found => {
                return Err(CronError {
                    span: 0..text.len(),
                    fault: CronFault::FieldCount { found },
                });
            }
        }
        for ((at, part), field) in parts
            .iter()
            .zip([&SECOND, &MINUTE, &HOUR, &DAY, &MONTH, &WEEKDAY])
        {
            field.check(*at, part)?;
        }
        let word = |index: usize| parts[index].1;
        let free = |day: &str| day == "*" || day == "?";
        Ok(Fields {
            second: word(0).to_owned(),
            minute: word(1).to_owned(),
            hour: word(2).to_owned(),
            days: format!("{} {} {}", word(3), word(4), word(5)),
            either_day: !free(word(3)) && !free(word(5)) && !word(5).starts_with('+'),
        })
    }

    /// All six fields, as croner reads them.
    pub fn spelled(&self) -> String {
        format!(
            "{} {} {} {}",
            self.second, self.minute, self.hour, self.days
        )
    }

    /// The times of day as (hour, minute, second), in order, when each of the three fields is a number or a list of
    /// numbers; `None` for an expression that steps through the hours.
    pub fn times_of_day(&self) -> Option<Vec<(u32, u32, u32)>> {
        let (hours, minutes) = (numbers(&self.hour)?, numbers(&self.minute)?);
        let seconds = numbers(&self.second)?;
        let mut times = Vec::new();
        for &hour in &hours {
            for &minute in &minutes {
                times.extend(seconds.iter().map(|&second| (hour, minute, second)));
            }
        }
        Some(times)
    }
}

fn numbers(field: &str) -> Option<Vec<u32>> {
    let mut numbers: Vec<u32> = field
        .split(',')
        .map(|item| item.parse().ok())
        .collect::<Option<_>>()?;
    numbers.sort_unstable();
    numbers.dedup();
    Some(numbers)
}

/// The words of a text with the place each starts at.
fn words(text: &str) -> Vec<(usize, &str)> {
    let place = |word: &str| word.as_ptr().addr() - text.as_ptr().addr();
    text.split_whitespace()
        .map(|word| (place(word), word))
        .collect()
}

impl Field {
    fn check(&self, at: usize, text: &str) -> Result<(), CronError> {
        let is_weekday = self.name == WEEKDAY.name;
        let (mut at, list) = match text.strip_prefix('+') {
            Some(rest) if is_weekday => (at + 1, rest),
            _ => (at, text),
        };
        // Neither is an item of a list to croner, nor would it make sense as one.
        if list == "*" || (list == "?" && (is_weekday || self.name == DAY.name)) {
            return Ok(());
        }
        for item in list.split(',') {
            let span = at..at + item.len().max(1);
            self.check_item(item)
                .map_err(|fault| CronError { span, fault })?;
            at += item.len() + 1;
        }
        Ok(())
    }

    fn check_item(&self, item: &str) -> Result<(), CronFault> {
        if item.is_empty() {
            return Err(CronFault::EmptyItem {
                accepted: self.accepted,
            });
        }
        if self.is_special(item) {
            return Ok(());
        }
        let (range, step) = match item.split_once('/') {
            Some((range, step)) => (range, Some(step)),
            None => (item, None),
        };
        if item == "*" {
            return Err(CronFault::StarInList);
        }
        let is_range = range == "*" || range.contains('-');
        if step.is_some() && !is_range {
            return Err(CronFault::StepWithoutRange {
                token: item.to_owned(),
                last: self.last,
            });
        }
        if range != "*" {
            self.check_range(item, range)?;
        }
        step.map_or(Ok(()), |step| self.check_step(item, step))
    }

    fn check_range(&self, item: &str, range: &str) -> Result<(), CronFault> {
        let Some((from, to)) = range.split_once('-') else {
            return self.value(range).map(drop).ok_or_else(|| self.refuse(item));
        };
        let from = self.value(from).ok_or_else(|| self.refuse(item))?;
        let last = match self.value(to).ok_or_else(|| self.refuse(item))? {
            // At the end of a range Sunday is the seventh day.
            0 if to.eq_ignore_ascii_case("SUN") => 7,
            other => other,
        };
        if from > last {
            Err(CronFault::Backwards {
                token: item.to_owned(),
            })
        } else {
            Ok(())
        }
    }

    fn check_step(&self, item: &str, step: &str) -> Result<(), CronFault> {
        match number(step) {
            None | Some(0) => Err(self.refuse(item)),
            Some(step) if step > self.last - self.first => Err(CronFault::StepTooLarge {
                token: item.to_owned(),
            }),
            Some(_) => Ok(()),
        }
    }

    /// The forms that only the two day fields have.
    fn is_special(&self, item: &str) -> bool {
        let item = item.to_ascii_uppercase();
        if self.name == DAY.name {
            let weekday_near = item.strip_suffix('W').and_then(|day| self.value(day));
            return item == "L" || item == "LW" || weekday_near.is_some();
        }
        if self.name == WEEKDAY.name {
            let last = item
                .strip_suffix('L')
                .and_then(|day| self.value(day.trim_end_matches('#')));
            let nth = item
                .split_once('#')
                .filter(|(_, n)| ["1", "2", "3", "4", "5"].contains(n));
            return last.is_some() || nth.is_some_and(|(day, _)| self.value(day).is_some());
        }
        false
    }

    fn value(&self, text: &str) -> Option<u32> {
        let named = self
            .names
            .iter()
            .position(|name| name.eq_ignore_ascii_case(text));
        let number = match named {
            Some(index) => u32::try_from(index).ok()? + self.first,
            None => number(text)?,
        };
        (self.first..=self.last).contains(&number).then_some(number)
    }

    fn refuse(&self, token: &str) -> CronFault {
        CronFault::Token {
            field: self.name,
            token: token.to_owned(),
            accepted: self.accepted,
        }
    }
}

/// Digits only: `u32::from_str` would take a plus sign.
fn number(text: &str) -> Option<u32> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if digits { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_refused_where_it_stands() {
        for (text, span, message) in [
            (
                "",
                0..0,
                "a cron expression has 5 or 6 fields, and this one has 0",
            ),
            (
                "0 1 * *",
                0..7,
                "a cron expression has 5 or 6 fields, and this one has 4",
            ),
            (
                "0 0 1 * * 0 2027",
                0..16,
                "a cron expression has 5 or 6 fields, and this one has 7",
            ),
            ("0 25 * * *", 2..4, "`25` is not an hour"),
            ("60 1 * * *", 0..2, "`60` is not a minute"),
            ("61 0 1 * * *", 0..2, "`61` is not a second"),
            ("0 1 32 * *", 4..6, "`32` is not a day of month"),
            ("0 1 0 * *", 4..5, "`0` is not a day of month"),
            ("0 1 * 13 *", 6..8, "`13` is not a month"),
            ("0 1 * * 8", 8..9, "`8` is not a day of week"),
            ("0 1 * * JAN", 8..11, "`JAN` is not a day of week"),
            ("0 1 * MON *", 6..9, "`MON` is not a month"),
            ("0 MON * * *", 2..5, "`MON` is not an hour"),
            ("0 1 * * 1SUN", 8..12, "`1SUN` is not a day of week"),
            ("0 1 * * MONDAY", 8..14, "`MONDAY` is not a day of week"),
            ("0 1 * * MON,,TUE", 12..13, "an item of the list is empty"),
            ("0 1 * * 1,", 10..11, "an item of the list is empty"),
            ("0 1 * * *,1", 8..9, "`*` stands in a list"),
            ("0 1 1,? * *", 6..7, "`?` is not a day of month"),
            ("0 1 * * 6-1", 8..11, "`6-1`: the range runs backwards"),
            (
                "0 1 * * FRI-MON",
                8..15,
                "`FRI-MON`: the range runs backwards",
            ),
            (
                "5/15 * * * *",
                0..4,
                "`5/15`: a step starts from `*` or a range",
            ),
            (
                "/15 * * * *",
                0..3,
                "`/15`: a step starts from `*` or a range",
            ),
            ("*/0 * * * *", 0..3, "`*/0` is not a minute"),
            (
                "*/90 * * * *",
                0..4,
                "`*/90`: the step is larger than the field, so that only its first value would be left",
            ),
            ("+5 1 * * *", 0..2, "`+5` is not a minute"),
            ("0 1 * * MON#6", 8..13, "`MON#6` is not a day of week"),
            ("? 1 * * *", 0..1, "`?` is not a minute"),
            ("@reboot", 0..7, "`@reboot` is not a known short form"),
            (
                "0 1 * * *  # nightly",
                0..20,
                "a cron expression has 5 or 6 fields, and this one has 7",
            ),
        ] {
            let error = Fields::read(text).unwrap_err();
            assert_eq!(
                (error.span.clone(), error.to_string().as_str()),
                (span, message),
                "{text}"
            );
            assert!(!error.fault.help().is_empty());
        }
    }

    #[test]
    fn the_help_of_a_step_is_the_expression_that_was_meant() {
        let help = |text: &str| Fields::read(text).unwrap_err().fault.help();
        assert_eq!(help("5/15 * * * *"), "write \"5-59/15\"");
        assert_eq!(
            help("/15 * * * *"),
            "write \"*\" before the step, as in \"*/15\""
        );
    }

    #[test]
    fn numbers_and_lists_are_times_of_day_and_anything_else_steps() {
        let times = |text: &str| Fields::read(text).unwrap().times_of_day();
        assert_eq!(times("30 2 * * *"), Some(vec![(2, 30, 0)]));
        assert_eq!(times("15 30 2 * * *"), Some(vec![(2, 30, 15)]));
        assert_eq!(
            times("0,30 14,2 * * 1-5"),
            Some(vec![(2, 0, 0), (2, 30, 0), (14, 0, 0), (14, 30, 0)])
        );
        assert_eq!(times("@weekly"), Some(vec![(0, 0, 0)]));
        for stepping in [
            "* * * * *",
            "0 * * * *",
            "0 1-5 * * *",
            "*/15 2 * * *",
            "@hourly",
            "* 0 1 * * *",
        ] {
            assert_eq!(times(stepping), None, "{stepping}");
        }
    }

    #[test]
    fn two_restricted_day_fields_are_told_apart_from_one() {
        let either = |text: &str| Fields::read(text).unwrap().either_day;
        assert!(either("0 1 1 * MON"));
        assert!(either("0 1 */2 * 1-5"));
        for single in [
            "0 1 * * MON",
            "0 1 1 * *",
            "0 1 1 * ?",
            "0 1 1-7 * +MON",
            "@monthly",
            "@weekly",
        ] {
            assert!(!either(single), "{single}");
        }
    }
}
