//! A sales database: a fact table by day, two dimensions; how it grows, and how it is damaged.

use std::fmt::Write;

use chrono::{DateTime, Days, NaiveDate, Utc};

use crate::Failure;
use crate::client::Client;

pub const DATABASE: &str = "sales";
pub const GROUP: &str = "sales";
pub const REPOSITORY: &str = "nightly";

const DAYS: u64 = 60;
const ORDERS: u64 = 100_000;
const CUSTOMERS: u64 = 2_000;
const PRODUCTS: u64 = 300;

/// Rows of one INSERT.
const BATCH: u64 = 2_000;

/// The sales of the 60 days before `today`.
pub struct Sales {
    today: NaiveDate,
}

impl Sales {
    pub fn until(now: DateTime<Utc>) -> Sales {
        Sales {
            today: now.date_naive(),
        }
    }

    /// Schema, repository, and all rows of the first 60 days; how many.
    pub async fn load(&self, client: &mut Client) -> Result<u64, Failure> {
        let (first, tomorrow) = (self.day(DAYS - 1), self.tomorrow());
        for statement in [
            "CREATE DATABASE sales".to_owned(),
            "CREATE REPOSITORY nightly WITH BROKER ON LOCATION 's3://backup-bucket/nightly' PROPERTIES ('aws.s3.region' = 'eu-central-1')".to_owned(),
            format!(
                "CREATE TABLE sales.orders (order_date DATE NOT NULL, order_id BIGINT NOT NULL, customer_id INT NOT NULL, product_id INT NOT NULL, \
                 amount DECIMAL(12, 2) NOT NULL, discount DOUBLE NULL, express BOOLEAN NOT NULL, placed_at DATETIME NOT NULL, note VARCHAR(200) NULL) \
                 DUPLICATE KEY(order_date, order_id) PARTITION BY RANGE(order_date) \
                 (START ('{first}') END ('{tomorrow}') EVERY (INTERVAL 1 DAY)) DISTRIBUTED BY HASH(order_id) BUCKETS 4"
            ),
            "CREATE TABLE sales.customers (customer_id INT NOT NULL, name VARCHAR(80) NOT NULL, city VARCHAR(40) NULL, credit DECIMAL(10, 2) NOT NULL) \
             PRIMARY KEY(customer_id) DISTRIBUTED BY HASH(customer_id) BUCKETS 2"
                .to_owned(),
            "CREATE TABLE sales.products (product_id INT NOT NULL, title VARCHAR(80) NULL, price DECIMAL(10, 2) NULL) \
             UNIQUE KEY(product_id) DISTRIBUTED BY HASH(product_id) BUCKETS 1"
                .to_owned(),
        ] {
            client.run(&statement).await?;
        }
        insert(client, "customers", 0..CUSTOMERS, customer).await?;
        insert(client, "products", 0..PRODUCTS, |id| product(id, 1)).await?;
        insert(client, "orders", 0..ORDERS, |id| self.order(id, id % DAYS)).await?;
        Ok(CUSTOMERS + PRODUCTS + ORDERS)
    }

    /// A day's business: what an incremental has to take. Told in words.
    pub async fn grow(&self, client: &mut Client) -> Result<Vec<String>, Failure> {
        let tomorrow = self.tomorrow();
        let after = tomorrow + Days::new(1);
        client
            .run(&format!(
                "ALTER TABLE sales.orders ADD PARTITION p{} VALUES [('{tomorrow}'), ('{after}'))",
                tomorrow.format("%Y%m%d")
            ))
            .await?;
        insert(client, "orders", ORDERS..ORDERS + 1_500, |id| {
            self.order_on(id, tomorrow)
        })
        .await?;
        insert(client, "orders", ORDERS + 1_500..ORDERS + 1_700, |id| {
            self.order(id, id % 3)
        })
        .await?;
        for statement in [
            format!(
                "DELETE FROM sales.orders WHERE order_date = '{}' AND customer_id < 200",
                self.day(7)
            ),
            "UPDATE sales.customers SET credit = credit + 10, city = 'Köln' WHERE customer_id < 50"
                .to_owned(),
            "DELETE FROM sales.customers WHERE customer_id >= 1990".to_owned(),
        ] {
            client.run(&statement).await?;
        }
        insert(client, "products", 290..320, |id| product(id, 2)).await?;
        Ok([
            "a new daily partition with 1,500 orders, 200 more in three old ones",
            "a DELETE in one partition of a week ago",
            "50 customers updated, 10 deleted; 30 products renewed or new",
        ]
        .map(str::to_owned)
        .to_vec())
    }

    /// A bad night. The statements, as they were run.
    pub async fn damage(&self, client: &mut Client) -> Result<Vec<String>, Failure> {
        let statements = vec![
            // Meant: WHERE customer_id = 7.
            "UPDATE sales.customers SET name = 'Jane Doe', credit = 0 WHERE customer_id >= 7"
                .to_owned(),
            format!(
                "DELETE FROM sales.orders WHERE order_date >= '{}' AND amount > 100",
                self.day(20)
            ),
            format!(
                "ALTER TABLE sales.orders DROP PARTITION p{} FORCE",
                self.day(30).format("%Y%m%d")
            ),
            "DROP TABLE sales.products FORCE".to_owned(),
            // An import that should not have been: its partition must be gone afterwards.
            format!(
                "ALTER TABLE sales.orders ADD PARTITION p_import VALUES [('{0}'), ('{1}'))",
                self.tomorrow() + Days::new(1),
                self.tomorrow() + Days::new(2)
            ),
            format!(
                "INSERT INTO sales.orders (order_date, order_id, customer_id, product_id, amount, express, placed_at) \
                 VALUES ('{0}', 900001, 1, 1, 9.99, true, '{0} 00:00:00')",
                self.tomorrow() + Days::new(1)
            ),
        ];
        for statement in &statements {
            client.run(statement).await?;
        }
        Ok(statements)
    }

    fn tomorrow(&self) -> NaiveDate {
        self.today + Days::new(1)
    }

    fn day(&self, ago: u64) -> NaiveDate {
        self.today - Days::new(ago)
    }

    fn order(&self, id: u64, ago: u64) -> String {
        self.order_on(id, self.day(ago))
    }

    fn order_on(&self, id: u64, date: NaiveDate) -> String {
        let noise = scramble(id);
        let (customer, product) = (noise % CUSTOMERS, (noise >> 8) % PRODUCTS);
        let (whole, cents) = ((noise >> 16) % 500, (noise >> 24) % 100);
        let discount = match noise % 4 {
            0 => "NULL".to_owned(),
            part => format!("0.{part}25"),
        };
        let (hour, minute, second) = ((noise >> 32) % 24, (noise >> 40) % 60, (noise >> 48) % 60);
        let note = match noise % 7 {
            0 => "''",
            1 => "'it''s \\\\ \\\"quoted\\\"'",
            2 => "'größer, 東京, 🚚'",
            3 => "'NULL'",
            _ => "NULL",
        };
        format!(
            "('{date}', {id}, {customer}, {product}, {whole}.{cents:02}, {discount}, {}, '{date} {hour:02}:{minute:02}:{second:02}', {note})",
            noise.is_multiple_of(5)
        )
    }
}

fn customer(id: u64) -> String {
    let noise = scramble(id);
    let city =
        ["'Berlin'", "'São Paulo'", "'上海'", "NULL"][usize::from(noise.to_le_bytes()[0] % 4)];
    format!("({id}, 'customer {id}', {city}, {}.50)", noise % 10_000)
}

fn product(id: u64, edition: u64) -> String {
    format!(
        "({id}, 'product {id}, edition {edition}', {}.99)",
        scramble(id + edition) % 900
    )
}

/// The same noise for the same number, on every run.
fn scramble(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9E37_79B9_7F4A_7C15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

async fn insert(
    client: &mut Client,
    table: &str,
    ids: std::ops::Range<u64>,
    row: impl Fn(u64) -> String,
) -> Result<(), Failure> {
    let mut first = ids.start;
    while first < ids.end {
        let end = (first + BATCH).min(ids.end);
        let mut statement = format!("INSERT INTO sales.{table} VALUES ");
        for id in first..end {
            let comma = if id == first { "" } else { ", " };
            write!(statement, "{comma}{}", row(id))?;
        }
        client.run(&statement).await?;
        first = end;
    }
    Ok(())
}
