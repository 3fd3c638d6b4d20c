//! The door: what runs at once, what waits, what a full queue and a lost caller do.

use std::pin::pin;
use std::sync::mpsc;
use std::task::Wake;

use super::*;
use crate::algorithm::SigningAlgorithm;
use crate::command::{Message, Release};
use crate::domain::DomainKeys;
use crate::hsm::tests::TestKey;
use crate::spec::{Spec, Usage};

/// Wakes the test's thread.
struct Unpark(thread::Thread);
impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

fn wait<F: Future>(future: F) -> F::Output {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}

fn poll_once<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

fn hsm() -> Arc<Hsm> {
    Arc::new(Hsm::start(DomainKeys::generate()).unwrap())
}

fn rsa_signature(key: &TestKey) -> Command<'_> {
    let message = Message::Raw(b"message");
    Command::Sign { key: key.get(), algorithm: SigningAlgorithm::RsassaPssSha256, message }
}

/// A pool without threads: what is submitted stays in the line.
fn idle_door(hsm: &Arc<Hsm>, limit: usize) -> Door {
    let shared = Arc::new(Shared { line: Mutex::default(), arrived: Condvar::new() });
    Door { hsm: hsm.clone(), pool: Arc::new(Pool { shared, limit }) }
}

#[test]
fn cheap_commands_are_ready_at_the_first_poll() {
    let door = idle_door(&hsm(), 0);
    let ready = poll_once(pin!(door.run(Command::Random { bytes: 8, release: Release::Plain })));
    assert!(matches!(ready, Poll::Ready(Ok(Reply::Random(_)))));
}

#[test]
fn dear_commands_are_answered_by_the_pool() {
    let hsm = hsm();
    let key = TestKey::new(&hsm, Spec::Rsa2048, Usage::SignVerify);
    let door = Door::new(hsm, 2, 256);
    for _ in 0..20 {
        assert!(matches!(wait(door.run(rsa_signature(&key))), Ok(Reply::Signature(_))));
    }
    let encrypting = SigningAlgorithm::EcdsaSha256;
    let wrong = Command::Sign { key: key.get(), algorithm: encrypting, message: Message::Raw(b"message") };
    assert_eq!(wait(door.run(wrong)).err(), Some(HsmError::NotForThisSpec));
}

#[test]
fn a_full_queue_is_busy_at_its_limit_and_not_before() {
    let hsm = hsm();
    let key = TestKey::new(&hsm, Spec::Rsa2048, Usage::SignVerify);
    let door = idle_door(&hsm, 2);
    let mut waiting: Vec<_> = (0..2).map(|_| Box::pin(door.run(rsa_signature(&key)))).collect();
    for future in &mut waiting {
        assert!(poll_once(future.as_mut()).is_pending());
    }
    assert_eq!(door.waiting(), 2);
    let third = poll_once(pin!(door.run(rsa_signature(&key))));
    assert!(matches!(third, Poll::Ready(Err(HsmError::Busy))));
}

#[test]
fn a_caller_that_went_away_takes_its_command_along() {
    let hsm = hsm();
    let key = TestKey::new(&hsm, Spec::Rsa2048, Usage::SignVerify);
    let door = idle_door(&hsm, 2);
    let mut gone = Box::pin(door.run(rsa_signature(&key)));
    assert!(poll_once(gone.as_mut()).is_pending());
    drop(gone);
    let job = door.pool.shared.next().unwrap();
    assert!(!job.answer.is_awaited());
}

#[test]
fn a_promise_that_is_dropped_answers_that_it_failed() {
    let slot = Arc::new(Mutex::new(Slot::Waiting(None)));
    drop(Promise(slot.clone()));
    assert_eq!(wait(Answer(slot)).err(), Some(HsmError::Failed));
}

#[test]
fn threads_end_with_the_last_door() {
    let hsm = hsm();
    let door = Door::new(hsm.clone(), 2, 256);
    let shared = door.pool.shared.clone();
    drop(door.clone());
    assert!(!shared.line().closed);
    let (ended, end) = mpsc::channel();
    let worker = thread::spawn({
        let shared = shared.clone();
        move || {
            work(&hsm, &shared);
            ended.send(()).unwrap();
        }
    });
    drop(door);
    end.recv().unwrap();
    worker.join().unwrap();
}
