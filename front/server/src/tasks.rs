//! Long work that the operator asks for and then looks at: one at a time, each on a thread of its own of the lowest
//! priority. It knows how far a task has come, not what it does.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sealroom_foundation::ports::Entropy;

use crate::backup::{Progress, Seen};

/// LIMIT: tasks that are remembered, the newest last.
const KEPT: usize = 32;

/// The tasks of a server, in memory: they end with it.
#[derive(Clone, Default)]
pub(crate) struct Tasks(Arc<Mutex<Vec<Arc<Task>>>>);

/// One task.
pub(crate) struct Task {
    /// 32 hex digits.
    pub(crate) id: String,
    /// What it does: `Backup`.
    pub(crate) kind: &'static str,
    state: Mutex<State>,
}

/// How far a task has come.
#[derive(Debug, Clone)]
pub(crate) struct State {
    pub(crate) seen: Seen,
    /// What came of it, when it has ended.
    pub(crate) ended: Option<Ended>,
}

/// What came of a task: numbers by name, or why it failed.
pub(crate) type Ended = Result<Vec<(&'static str, u64)>, String>;

/// Another task is running.
#[derive(Debug)]
pub(crate) struct Busy {
    /// What it does.
    pub(crate) kind: &'static str,
}

impl Tasks {
    /// Makes a task, which is then running.
    pub(crate) fn begin(&self, kind: &'static str, entropy: &dyn Entropy) -> Result<Arc<Task>, Busy> {
        let mut tasks = self.all();
        if let Some(running) = tasks.iter().find(|task| task.state().ended.is_none()) {
            return Err(Busy { kind: running.kind });
        }
        let id = entropy.id_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        let seen = Seen { step: "beginning", done: 0, total: None };
        let task = Arc::new(Task { id, kind, state: Mutex::new(State { seen, ended: None }) });
        if tasks.len() >= KEPT {
            tasks.remove(0);
        }
        tasks.push(Arc::clone(&task));
        Ok(task)
    }

    /// The task of that kind that is running.
    pub(crate) fn running(&self, kind: &str) -> Option<Arc<Task>> {
        self.all().iter().find(|task| task.kind == kind && task.state().ended.is_none()).cloned()
    }

    /// The task of that id, as long as it is remembered.
    pub(crate) fn find(&self, id: &str) -> Option<Arc<Task>> {
        self.all().iter().find(|task| task.id == id).cloned()
    }

    fn all(&self) -> MutexGuard<'_, Vec<Arc<Task>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Task {
    /// How far it has come.
    pub(crate) fn state(&self) -> State {
        self.lock().clone()
    }

    /// What it tells its progress to.
    pub(crate) fn progress(self: &Arc<Self>) -> Progress {
        let task = Arc::clone(self);
        Progress::new(move |seen| task.lock().seen = seen)
    }

    /// Runs `work` on a thread of its own, on this runtime. The task ends with what came of it, and with a failure when the
    /// thread can't be started or panics.
    pub(crate) fn run(self: &Arc<Self>, work: impl Future<Output = Ended> + Send + 'static) {
        let (task, runtime) = (Arc::clone(self), tokio::runtime::Handle::current());
        let thread = std::thread::Builder::new().name("task".to_owned());
        let spawned = thread.spawn(move || {
            let mut end = End { task, ended: Err("it panicked".to_owned()) };
            sealroom_hsm::lowest_this_thread();
            end.ended = runtime.block_on(work);
        });
        if let Err(error) = spawned {
            self.lock().ended = Some(Err(format!("the system gives no thread: {error}")));
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ends its task when dropped, however that comes about.
struct End {
    task: Arc<Task>,
    ended: Ended,
}

impl Drop for End {
    fn drop(&mut self) {
        let ended = std::mem::replace(&mut self.ended, Ok(Vec::new()));
        self.task.lock().ended = Some(ended);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Counting;
    impl Entropy for Counting {
        fn fill(&self, out: &mut [u8]) {
            out.fill(7);
        }
    }

    async fn ended(task: &Task) -> Ended {
        loop {
            if let Some(ended) = task.state().ended {
                return ended;
            }
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn one_runs_at_a_time_and_what_came_of_it_is_remembered() {
        let tasks = Tasks::default();
        let first = tasks.begin("Backup", &Counting).unwrap();
        assert_eq!(tasks.begin("Other", &Counting).err().unwrap().kind, "Backup");
        assert_eq!(tasks.running("Backup").unwrap().id, first.id);
        assert!(tasks.running("Other").is_none());
        let progress = first.progress();
        first.run(async move {
            progress.say("copying", 3, Some(4));
            Ok(vec![("Rows", 4)])
        });
        assert_eq!(ended(&first).await, Ok(vec![("Rows", 4)]));
        assert_eq!(tasks.find(&first.id).unwrap().state().seen.done, 3);
        assert!(tasks.running("Backup").is_none());
        let second = tasks.begin("Other", &Counting).unwrap();
        second.run(async { panic!("a bug") });
        assert_eq!(ended(&second).await, Err("it panicked".to_owned()));
        assert!(tasks.find("unknown").is_none());
    }
}
