//! Byte by byte.

use mysql_async::Error;
use mysql_async::prelude::Queryable;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{Server, framed, log_in_raw, login, receive, send};

#[tokio::test]
async fn init_db_field_list_and_unknown_commands_are_answered() {
    let server = Server::start().await;
    let mut raw = log_in_raw(&server).await;
    let cases: [(&[u8], u8, &str); 14] = [
        (b"\x02sales", 0x00, ""),
        (b"\x02nowhere", 0xff, "#3F000Unknown database 'nowhere'"),
        (b"\x02catalog default_catalog", 0x00, ""),
        (b"\x02catalog hive", 0xff, "#42000Unknown catalog 'hive'"),
        (b"\x02hive.sales", 0xff, "#42000Unknown catalog 'hive'"),
        (b"\x02drop sales", 0xff, "#HY000not supported command"),
        (b"\x09", 0xff, "#HY000Unsupported command(Statistics)"),
        (b"\x0b", 0xff, "#HY000Unsupported command(Connect)"),
        (b"\x16SELECT 1", 0xff, "#HY000nothing can be prepared here"),
        (
            b"\x17\x05\0\0\0\0\x01\0\0\0",
            0xff,
            "#HY000msg: Not Found prepared statement, stmtName: 5",
        ),
        (b"\x1a\x05\0\0\0", 0x00, ""),
        (b"\x1b\0\0", 0xff, "#08S01Unknown command(null)"),
        (b"\x99", 0xff, "#08S01Unknown command(null)"),
        (b"\x0e", 0x00, ""),
    ];
    for (command, first, rest) in cases {
        send(&mut raw, 0, command).await;
        let answer = receive(&mut raw).await;
        assert_eq!(answer[0], first, "{command:?}");
        assert!(
            rest.is_empty() || &answer[3..] == rest.as_bytes(),
            "{command:?}"
        );
    }
    send(&mut raw, 0, b"\x03SELECT db").await;
    let packets = [
        receive(&mut raw).await,
        receive(&mut raw).await,
        receive(&mut raw).await,
        receive(&mut raw).await,
    ];
    assert_eq!(packets[3], b"\x05sales");
}

#[tokio::test]
async fn a_client_with_another_method_is_asked_to_switch() {
    let server = Server::start().await;
    let mut raw = TcpStream::connect(("127.0.0.1", server.port))
        .await
        .unwrap();
    let greeting = receive(&mut raw).await;
    send(&mut raw, 1, &login(b"root", b"caching_sha2_password")).await;
    let switch = receive(&mut raw).await;
    assert!(switch.starts_with(b"\xfemysql_native_password\0"));
    assert!(
        greeting.windows(12).any(|part| part == &switch[31..43]),
        "the same salt again"
    );
    send(&mut raw, 3, b"").await;
    assert_eq!(receive(&mut raw).await[0], 0x00);
}

/// What is in the way afterwards is what StarRocks leaves there.
#[tokio::test]
async fn a_refused_change_of_user_is_refused_twice_and_keeps_the_connection() {
    let server = Server::start().await;
    let mut raw = log_in_raw(&server).await;
    for (change, refusal) in [
        (&b"\x11nobody\0\0\0\x21\0"[..], "Access denied"),
        (b"\x11root\0\0nowhere\0\x21\0", "Unknown database"),
        (b"\x11root\0\0", "Client does not support"),
    ] {
        send(&mut raw, 0, change).await;
        for _ in 0..2 {
            let answer = receive(&mut raw).await;
            assert!(answer.starts_with(b"\xff"), "{change:?}");
            assert!(String::from_utf8_lossy(&answer).contains(refusal));
        }
    }
    send(&mut raw, 0, b"\x0e").await;
    assert_eq!(receive(&mut raw).await[0], 0x00);
}

#[tokio::test]
async fn a_field_list_has_columns_with_defaults_and_no_number_before_them() {
    let server = Server::start().await;
    let mut raw = log_in_raw(&server).await;
    send(&mut raw, 0, b"\x04t\0%").await;
    let column = receive(&mut raw).await;
    assert!(column.starts_with(b"\x03def\x01d\x01t\x01t\x01c\x01c\x0c"));
    assert!(column.ends_with(b"\0\0\x01x"), "{column:?}");
    assert_eq!(receive(&mut raw).await, [0xfe, 0, 0, 0, 0]);
}

#[tokio::test]
async fn a_password_may_come_in_clear() {
    let server = Server::start().await;
    for (password, first) in [(&b"secret"[..], 0x00), (b"wrong", 0xff)] {
        let mut raw = TcpStream::connect(("127.0.0.1", server.port))
            .await
            .unwrap();
        receive(&mut raw).await;
        let mut payload = 0x0008_8200_u32.to_le_bytes().to_vec();
        payload.extend_from_slice(&[0; 28]);
        payload.extend_from_slice(b"backup\0");
        payload.push(u8::try_from(password.len() + 1).unwrap());
        payload.extend_from_slice(password);
        payload.extend_from_slice(b"\0mysql_clear_password\0");
        send(&mut raw, 1, &payload).await;
        assert_eq!(receive(&mut raw).await[0], first);
    }
}

/// PROTOCOL_41 is missing.
#[tokio::test]
async fn an_old_client_is_told_so() {
    let server = Server::start().await;
    let mut raw = TcpStream::connect(("127.0.0.1", server.port))
        .await
        .unwrap();
    receive(&mut raw).await;
    send(&mut raw, 1, &[0; 40]).await;
    let answer = receive(&mut raw).await;
    assert!(answer.starts_with(b"\xff\xe3\x04#08004Client does not support"));
}

#[tokio::test]
async fn a_connection_ends_when_the_front_end_says_so() {
    let server = Server::start().await;
    let mut raw = log_in_raw(&server).await;
    server.fake.closing.notify_one();
    assert_eq!(raw.read(&mut [0]).await.unwrap(), 0);
}

/// Whatever a client cuts off, and however many do, the next one is served.
#[tokio::test]
async fn packets_cut_anywhere_and_connections_dropped_anywhere_do_no_harm() {
    let server = Server::start().await;
    let session: Vec<u8> = [
        framed(1, &login(b"root", b"mysql_native_password")),
        framed(0, b"\x03SELECT number"),
        framed(0, b"\x16SELECT 1"),
        framed(0, b"\x17\x01\0\0\0\0\x01\0\0\0"),
        framed(0, b"\x11nobody\0"),
        // Says it is 16 MiB long.
        b"\xff\xff\xff\0\x03SELECT".to_vec(),
    ]
    .concat();
    for cut in 0..session.len() {
        let mut raw = TcpStream::connect(("127.0.0.1", server.port))
            .await
            .unwrap();
        raw.write_all(&session[..cut]).await.unwrap();
        if cut % 2 == 0 {
            drop(raw);
            continue;
        }
        raw.shutdown().await.unwrap();
        let mut answers = Vec::new();
        // A reset is as good an end as any.
        if raw.read_to_end(&mut answers).await.is_ok() {
            assert!(answers.len() > 60, "no greeting before {cut}");
        }
    }
    for code in 0..=u8::MAX {
        for argument in [&b""[..], b"\0", b"\xff\xff\xff\xff", &[7; 200]] {
            let mut raw = log_in_raw(&server).await;
            let command = [&[code], argument].concat();
            send(&mut raw, 0, &command).await;
            send(&mut raw, 0, b"\x01").await;
            let mut answer = Vec::new();
            if raw.read_to_end(&mut answer).await.is_ok() {
                assert!(answer.len() < 2000, "{command:?}");
            }
        }
    }
    let mut conn = server.connect().await;
    let number: Option<i64> = conn.query_first("SELECT number").await.unwrap();
    assert_eq!(number, Some(42));
}

#[tokio::test]
async fn garbage_and_panics_cost_their_own_connection_only() {
    let server = Server::start().await;
    let mut conn = server.connect().await;
    for garbage in [
        &b"GET / HTTP/1.1\r\n\r\n"[..],
        &[0xff; 64],
        &[3, 0, 0, 1, 1, 2, 3],
        &[0, 0, 0, 1],
    ] {
        let mut raw = TcpStream::connect(("127.0.0.1", server.port))
            .await
            .unwrap();
        receive(&mut raw).await;
        raw.write_all(garbage).await.unwrap();
        raw.shutdown().await.unwrap();
        let mut rest = Vec::new();
        // A reset is as good an end as any.
        if raw.read_to_end(&mut rest).await.is_ok() {
            assert!(rest.is_empty(), "{garbage:?} got {rest:?}");
        }
    }
    let mut victim = server.connect().await;
    assert!(matches!(
        victim.query_drop("SELECT panic").await,
        Err(Error::Io(_))
    ));
    assert_eq!(
        conn.query_first::<i64, _>("SELECT number").await.unwrap(),
        Some(42)
    );
}
