//! The programs that a measurement starts: the echo answers, and a child ends with its parent, whatever ends that.

#![expect(clippy::disallowed_methods, reason = "it speaks to the echo as any client does")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

const PROGRAM: &str = env!("CARGO_BIN_EXE_sealroom-bench");

#[test]
fn the_echo_answers_a_request_with_its_body() {
    let mut echo = Command::new(PROGRAM).arg("echo").stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(echo.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let address = line.trim().strip_prefix("echo is listening on http://").unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(b"POST / HTTP/1.1\r\nhost: h\r\nconnection: close\r\ncontent-length: 4\r\n\r\nbody").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    echo.kill().unwrap();
    echo.wait().unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("\r\n\r\nbody"), "{answer}");
}

#[test]
fn a_child_ends_with_a_parent_that_is_killed() {
    // `cat` lives as long as this test holds its input open, unless the system kills it.
    let script = format!("exec 3<&0; {PROGRAM} child --parent=$$ -- cat <&3 & wait");
    let mut parent =
        Command::new("sh").args(["-c", &script]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut input = parent.stdin.take().unwrap();
    let mut output = BufReader::new(parent.stdout.take().unwrap());
    let mut line = String::new();
    input.write_all(b"here\n").unwrap();
    output.read_line(&mut line).unwrap();
    assert_eq!(line, "here\n");

    parent.kill().unwrap();
    parent.wait().unwrap();
    let (sender, ended) = channel();
    thread::spawn(move || sender.send(output.read_to_string(&mut String::new()).is_ok()));
    assert_eq!(ended.recv_timeout(Duration::from_secs(20)), Ok(true));
}

#[test]
fn a_child_whose_parent_is_another_begins_nothing() {
    let output = Command::new(PROGRAM).args(["child", "--parent=1", "--", "echo", "begun"]).output().unwrap();
    assert!(!output.status.success() && output.stdout.is_empty());
}

#[test]
fn without_a_server_nothing_is_measured() {
    for arguments in [["hot"].as_slice(), &["--server", "/nowhere"], &["--server", PROGRAM, "nothing"]] {
        let output = Command::new(PROGRAM).args(arguments).output().unwrap();
        assert!(!output.status.success() && output.stdout.is_empty(), "{arguments:?}");
    }
}
